"""What TensorBoard, MLflow and W&B show of a run that is killed and resumed; for pytest in their own environment.

`test_real_tools.py` makes that environment and runs this there.
"""

import json
import os
import signal
import struct
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import mlflow
import pytest
import wandb
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import api_pb2, plugin_data_pb2
from wandb.proto import wandb_internal_pb2

from archwright.callbacks import CallbackFailed, FollowedRun, MLflow
from archwright.search.running.runs import RunRecord, read_run
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import Scored
from tests.callbacks.tracked_search import FAILING, NAME, TRIALS, make_callbacks, run_tracked
from tests.paths import ROOT

# What one of these packages does not like of another is not ours to change.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
TOOLS = ("tensorboard", "mlflow", "wandb")
KILLS = (9, 16)  # after how many events each process is killed


def search_and_kill(folder: Path, events: int) -> int:
    """Run the search in another process, which kills itself after some events; its exit code."""
    command = [sys.executable, "-m", "tests.callbacks.tracked_search", folder / "log.duckdb", str(events), folder]
    return subprocess.run([*command, *TOOLS], cwd=ROOT, check=False, env=os.environ).returncode


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Where a run was killed twice, and then came to its end."""
    folder = tmp_path_factory.mktemp("tracked")
    assert [search_and_kill(folder, events) for events in KILLS] == [-signal.SIGKILL] * len(KILLS)
    assert search_and_kill(folder, -1) == 0
    return folder


@pytest.fixture(scope="module")
def run(folder) -> RunRecord:
    return read_run(DuckDBLog(folder / "log.duckdb"), NAME)


def test_the_run_was_killed_in_the_middle(run):
    assert run.state.score_count == TRIALS
    assert any(trial.attempts > 1 for trial in run.state.trials.values())


def load_events(folder: Path) -> EventAccumulator:
    accumulator = EventAccumulator(str(folder), size_guidance={"scalars": 0, "tensors": 0})
    return accumulator.Reload()


def read_curve(accumulator: EventAccumulator, tag: str) -> list[tuple[int, float]]:
    return [(scalar.step, scalar.value) for scalar in accumulator.Scalars(tag)]


def test_tensorboard_has_each_point_once(folder, run):
    root = folder / "tensorboard" / NAME
    assert {path.name for path in root.iterdir() if path.is_dir()} == {f"trial-{number}" for number in range(TRIALS)}
    for number, trial in run.state.trials.items():
        events = load_events(root / f"trial-{number}")
        assert read_curve(events, "epoch/accuracy") == [(1, 0.5)]
        assert [value for _, value in read_curve(events, "seconds")] == [trial.seconds]
        if trial.score is not None:
            assert [value for _, value in read_curve(events, "score")] == [pytest.approx(trial.score)]
        hparams = events.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
        start = plugin_data_pb2.HParamsPluginData.FromString(hparams).session_start_info
        assert set(start.hparams) == {*dict(trial.path), "archwright.budget"}
        assert start.hparams["0.settings.learning_rate"].number_value == dict(trial.path)["0.settings.learning_rate"]
        ended = events.SummaryMetadata("_hparams_/session_end_info").plugin_data.content
        end = plugin_data_pb2.HParamsPluginData.FromString(ended).session_end_info
        assert end.status == (api_pb2.STATUS_FAILURE if number == FAILING else api_pb2.STATUS_SUCCESS)
        text = events.Tensors("trial")[0].tensor_proto.string_val[0].decode()
        assert f"- status: {trial.status}" in text
    curve = read_curve(load_events(root), "seconds")
    assert [step for step, _ in curve] == list(range(1, TRIALS + 1))


def test_mlflow_has_each_point_once(folder, run):
    client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{folder}/mlflow.db")
    experiment = client.get_experiment_by_name("archwright")
    runs = client.search_runs([experiment.experiment_id])
    (parent,) = (found for found in runs if "archwright.trial" not in found.data.tags)
    assert (parent.info.run_name, parent.info.status) == (NAME, "FINISHED")
    steps = [point.step for point in client.get_metric_history(parent.info.run_id, "seconds")]
    assert sorted(steps) == list(range(1, TRIALS + 1))
    children = {int(found.data.tags["archwright.trial"]): found for found in runs if found is not parent}
    assert sorted(children) == list(range(TRIALS))
    assert len(runs) == TRIALS + 1
    for number, child in children.items():
        trial = run.state.trials[number]
        assert child.data.tags["mlflow.parentRunId"] == parent.info.run_id
        assert child.data.tags["archwright.status"] == trial.status
        assert child.info.status == ("FAILED" if number == FAILING else "FINISHED")
        assert child.data.params == {name: str(value) for name, value in trial.path}
        assert child.data.metrics.get("score") == trial.score
        history = client.get_metric_history(child.info.run_id, "epoch/accuracy")
        assert [(point.step, point.value) for point in history] == [(1, 0.5)]


def open_mlflow(folder: Path) -> mlflow.MlflowClient:
    return mlflow.MlflowClient(tracking_uri=f"sqlite:///{folder}/mlflow.db")


def find_mlflow_runs(folder: Path, experiment: str = "archwright") -> list[Any]:
    """The runs of an experiment that are not deleted, the parent first."""
    client = open_mlflow(folder)
    runs = client.search_runs([client.get_experiment_by_name(experiment).experiment_id])
    return sorted(runs, key=lambda found: int(found.data.tags.get("archwright.trial", -1)))


def require_whole_in_mlflow(folder: Path, trials: int = TRIALS, experiment: str = "archwright") -> None:
    """One parent has each point of the run, and below it are all trials, each with its point."""
    client, (parent, *children) = open_mlflow(folder), find_mlflow_runs(folder, experiment)
    steps = [point.step for point in client.get_metric_history(parent.info.run_id, "seconds")]
    assert sorted(steps) == list(range(1, trials + 1))
    assert [child.data.tags["archwright.trial"] for child in children] == [str(number) for number in range(trials)]
    for child in children:
        assert child.data.tags["mlflow.parentRunId"] == parent.info.run_id
        assert child.info.status in ("FINISHED", "FAILED")
        assert child.data.tags["archwright.status"] == ("ok" if child.info.status == "FINISHED" else "out_of_memory")
        history = client.get_metric_history(child.info.run_id, "epoch/accuracy")
        assert [(point.step, point.value) for point in history] == [(1, 0.5)]


def count_calls(function, counts: Counter[str]):
    def call(*arguments, **options):
        counts[function.__name__] += 1
        return function(*arguments, **options)

    return call


def test_mlflow_is_given_old_trials_in_three_requests_each(tmp_path, monkeypatch):
    """And the curves of the run in one; when they are there, nothing of a trial is asked or written."""
    requests: Counter[str] = Counter()
    store = type(open_mlflow(tmp_path)._tracking_client.store)
    for name in ("create_run", "log_batch", "update_run_info", "get_run", "search_runs", "get_metric_history"):
        monkeypatch.setattr(store, name, count_calls(getattr(store, name), requests))
    run_tracked(tmp_path / "log.duckdb", [], TRIALS)
    run_tracked(tmp_path / "log.duckdb", make_callbacks(tmp_path, ["mlflow"]), TRIALS)
    assert {name: requests[name] for name in ("create_run", "log_batch", "update_run_info")} == {
        "create_run": 1 + TRIALS,
        "log_batch": 1 + 1 + TRIALS,
        "update_run_info": 1 + TRIALS,
    }
    assert requests["search_runs"] == 1
    require_whole_in_mlflow(tmp_path)
    requests.clear()
    run_tracked(tmp_path / "log.duckdb", make_callbacks(tmp_path, ["mlflow"]), TRIALS)
    assert (requests["create_run"], requests["log_batch"]) == (0, 0)
    assert sum(requests.values()) <= 6


def test_mlflow_prints_no_addresses_beside_the_lines_of_a_search(tmp_path, monkeypatch):
    """It asks its server for them, too. What it is told is not in the environment, which workers inherit."""
    variable, quiet = mlflow.environment_variables.MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT, []
    (callback,) = make_callbacks(tmp_path, ["mlflow"])
    client = mlflow.MlflowClient
    original = client.set_terminated

    def end(self, *arguments):
        quiet.append(variable.get() and variable.name not in os.environ)
        original(self, *arguments)

    monkeypatch.setattr(client, "set_terminated", end)
    run_tracked(tmp_path / "log.duckdb", [callback], 2)
    assert quiet == [True] * 3
    assert not variable.get()


class Meddler:
    """Somebody who does something in MLflow when so many trials are scored, one more being under way."""

    def __init__(self, folder: Path, meddle) -> None:
        self.folder, self.meddle, self.scores = folder, meddle, 0

    def __call__(self, event) -> None:
        self.scores += isinstance(event, Scored)
        if self.scores == 3:
            self.scores += 1000
            self.meddle(open_mlflow(self.folder), find_mlflow_runs(self.folder))


def finish_all(client, runs) -> None:
    for found in runs:
        client.set_terminated(found.info.run_id)


def delete_parent(client, runs) -> None:
    client.delete_run(runs[0].info.run_id)


def delete_last(client, runs) -> None:
    client.delete_run(runs[-1].info.run_id)


def delete_experiment(client, runs) -> None:
    client.delete_experiment(runs[0].info.experiment_id)


def rename_experiment(client, runs) -> None:
    client.rename_experiment(runs[0].info.experiment_id, "renamed")


@pytest.mark.parametrize("meddle", [delete_parent, delete_last, delete_experiment])
def test_what_is_deleted_in_mlflow_costs_a_warning_and_is_there_again_when_the_run_is_resumed(tmp_path, meddle):
    path = tmp_path / "log.duckdb"
    with pytest.warns(CallbackFailed, match="the callback MLflow raised .*must be in the 'active' state"):
        run_tracked(path, [*make_callbacks(tmp_path, ["mlflow"]), Meddler(tmp_path, meddle)])
    assert read_run(DuckDBLog(path), NAME).state.score_count == TRIALS
    if meddle is delete_experiment:
        says = (
            r"DeletedExperiment: the experiment archwright was deleted in MLflow; restore it with: mlflow experiments"
        )
        with pytest.warns(CallbackFailed, match=says):
            run_tracked(path, make_callbacks(tmp_path, ["mlflow"]), TRIALS + 1)
        client = open_mlflow(tmp_path)
        client.restore_experiment(client.get_experiment_by_name("archwright").experiment_id)
    run_tracked(path, make_callbacks(tmp_path, ["mlflow"]), TRIALS + 2)
    require_whole_in_mlflow(tmp_path, TRIALS + 2)


@pytest.mark.parametrize("kill", [False, True])
def test_what_is_ended_in_mlflow_goes_on(tmp_path, kill):
    """Also where the process is killed then: a trial that somebody has ended in MLflow is not whole for that."""
    path, seen = tmp_path / "log.duckdb", []

    def stop(event) -> None:
        seen.append(event)
        if kill and sum(isinstance(event, Scored) for event in seen) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) if kill else nullcontext():
        run_tracked(path, [KilledMLflow(tmp_path), Meddler(tmp_path, finish_all), stop])
    if kill:
        assert any("archwright.status" not in found.data.tags for found in find_mlflow_runs(tmp_path)[1:])
        run_tracked(path, make_callbacks(tmp_path, ["mlflow"]))
    require_whole_in_mlflow(tmp_path)


class KilledMLflow(MLflow):
    """Has no time to close what is open."""

    def __init__(self, folder: Path) -> None:
        super().__init__(tracking_uri=f"sqlite:///{folder}/mlflow.db")

    def _close(self, reason: str) -> None:
        if reason != "interrupted":
            super()._close(reason)


def test_a_renamed_experiment_is_gone_on_with_by_this_process_and_another_begins_its_own(tmp_path):
    path = tmp_path / "log.duckdb"
    run_tracked(path, [*make_callbacks(tmp_path, ["mlflow"]), Meddler(tmp_path, rename_experiment)])
    require_whole_in_mlflow(tmp_path, experiment="renamed")
    run_tracked(path, make_callbacks(tmp_path, ["mlflow"]), TRIALS + 1)
    require_whole_in_mlflow(tmp_path, TRIALS + 1)
    require_whole_in_mlflow(tmp_path, experiment="renamed")


@pytest.fixture
def own_wandb() -> Iterator[None]:
    """W&B keeps the settings of its first run in a process."""
    yield
    wandb.teardown()


@pytest.mark.usefixtures("own_wandb")
@pytest.mark.parametrize("method", ["init", "log", "define_metric"])
def test_a_wandb_that_raises_costs_a_warning(tmp_path, monkeypatch, method):
    """And what it lacks is written when the run is resumed, also by the same process."""
    path = tmp_path / "log.duckdb"
    (callback,) = make_callbacks(tmp_path, ["wandb"])

    def fail(*_, **__):
        raise ConnectionError("no server")

    with monkeypatch.context() as patch:
        patch.setattr(wandb if method == "init" else wandb.Run, method, fail)
        with pytest.warns(CallbackFailed, match="the callback WandB raised ConnectionError: no server"):
            run_tracked(path, [callback])
    assert read_run(DuckDBLog(path), NAME).state.score_count == TRIALS
    run_tracked(path, make_callbacks(tmp_path, ["wandb"]), TRIALS + 1)
    wandb.teardown()  # W&B may still be writing its files when it has finished a run
    chain = DuckDBLog(path).read(NAME)[0].chain
    for number in range(TRIALS):
        (files,) = (tmp_path / "wandb").glob(f"offline-run-*-{chain}-{number}")
        assert [row["epoch"] for row in read_wandb_rows(files)] == [1]
    (files,) = (tmp_path / "wandb").glob(f"offline-run-*-{chain}")
    assert [row["trials"] for row in read_wandb_rows(files)] == list(range(1, TRIALS + 2))


@pytest.mark.parametrize("place", ["tensorboard", "tensorboard/tracked-1", "tensorboard/tracked-1/trial-2"])
def test_a_tensorboard_folder_that_cannot_be_written_costs_a_warning(tmp_path, place):
    path = tmp_path / "log.duckdb"
    (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / place).touch()
    with pytest.warns(CallbackFailed, match=f"the callback TensorBoard raised .*{tmp_path / place}"):
        run_tracked(path, make_callbacks(tmp_path, ["tensorboard"]))
    assert read_run(DuckDBLog(path), NAME).state.score_count == TRIALS
    (tmp_path / place).unlink()
    run_tracked(path, make_callbacks(tmp_path, ["tensorboard"]))
    curve = read_curve(load_events(tmp_path / "tensorboard" / NAME), "seconds")
    assert [step for step, _ in curve] == list(range(1, TRIALS + 1))


def read_wandb_records(file: Path) -> Iterator[Any]:
    """The records of a file of W&B: a LevelDB log, in blocks of 32 KiB, after a header of 7 bytes."""
    content, position, record = file.read_bytes(), 7, b""
    while position + 7 <= len(content):
        _, length, kind = struct.unpack_from("<IHB", content, position)
        record += content[position + 7 : position + 7 + length]
        position += 7 + length
        if kind in (1, 4):  # whole, or the last part
            yield wandb_internal_pb2.Record.FromString(record)
            record = b""
        if (left := -position % 32768) < 7:
            position += left


def read_wandb_rows(folder: Path) -> list[dict[str, Any]]:
    """The rows of the history of the only run of W&B in files of this name."""
    (file,) = folder.glob("*.wandb")
    histories = [record.history for record in read_wandb_records(file) if record.HasField("history")]
    return [
        {"/".join(item.nested_key) or item.key: json.loads(item.value_json) for item in history.item}
        for history in histories
    ]


def test_wandb_offline_has_each_point_once(folder, run):
    run_id = DuckDBLog(folder / "log.duckdb").read(NAME)[0].chain
    folders = sorted((folder / "wandb").glob("offline-run-*"))
    by_id = {path.name.split("-", 3)[-1]: path for path in folders}
    assert Counter(path.name.split("-", 3)[-1] for path in folders) == Counter(by_id.keys())
    assert set(by_id) == {run_id, *(f"{run_id}-{number}" for number in range(TRIALS))}
    assert [row["trials"] for row in read_wandb_rows(by_id[run_id])] == list(range(1, TRIALS + 1))
    for number, trial in run.state.trials.items():
        (row,) = read_wandb_rows(by_id[f"{run_id}-{number}"])
        assert (row["epoch"], row["epoch/accuracy"], row["_step"]) == (1, 0.5, 0)
        (file,) = by_id[f"{run_id}-{number}"].glob("*.wandb")
        records = list(read_wandb_records(file))
        (start,) = (record.run for record in records if record.HasField("run"))
        config = {item.key: json.loads(item.value_json) for item in start.config.update}
        assert config["choices"]["0-settings-learning_rate"] == dict(trial.path)["0.settings.learning_rate"]
        assert start.run_group == NAME
        summary = {
            item.key: json.loads(item.value_json)
            for record in records if record.HasField("summary")
            for item in record.summary.update
        }  # fmt: skip
        assert (summary["status"], summary.get("score")) == (trial.status, trial.score)
        (end,) = (record.exit for record in records if record.HasField("exit"))
        assert end.exit_code == (number == FAILING)


def test_a_run_without_callbacks_is_shown_when_it_is_resumed(tmp_path):
    """And another run of its name in the same folder stays as it is."""
    for name in ("a", "b"):
        path = tmp_path / name / "log.duckdb"
        path.parent.mkdir()
        run_tracked(path, [], trials=2)
        run_tracked(path, make_callbacks(tmp_path, ["tensorboard"]), trials=2)
    folders = sorted(path.name for path in (tmp_path / "tensorboard").iterdir())
    other = DuckDBLog(tmp_path / "b" / "log.duckdb").read(NAME)[0].chain[:8]
    assert folders == [NAME, f"{NAME}.{other}"]
    for folder in folders:
        events = load_events(tmp_path / "tensorboard" / folder)
        assert [step for step, _ in read_curve(events, "seconds")] == [1, 2]


def test_wandb_that_keeps_nothing_is_told_again(tmp_path, monkeypatch):
    """What W&B was told while it was disabled, it does not have."""
    monkeypatch.setenv("WANDB_MODE", "disabled")
    (callback,) = make_callbacks(tmp_path, ["wandb"])
    callback.mode = None
    run_tracked(tmp_path / "log.duckdb", [callback], trials=2)
    assert not list((tmp_path / "wandb").glob("*.trials"))


def test_odd_names_and_long_values_are_taken(tmp_path):
    """By all tools; MLflow and W&B have rules for names."""
    from tests.callbacks.odd_run import LONG, make_odd_history

    history = make_odd_history()
    for callback in make_callbacks(tmp_path, TOOLS):
        callback.start(FollowedRun("odd", tmp_path / "log.duckdb", "f" * 32, history))
        callback.stop()
    client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{tmp_path}/mlflow.db")
    runs = client.search_runs([client.get_experiment_by_name("archwright").experiment_id])
    (child,) = (found for found in runs if "archwright.trial" in found.data.tags)
    assert len(child.data.params) == 5
    assert max(map(len, child.data.params.values())) < len(LONG)
    assert len([name for name in child.data.metrics if name.startswith("epoch/")]) == 4


def test_importing_archwright_imports_no_tool():
    code = "import archwright as aw, sys; aw.callbacks; print({'wandb', 'mlflow', 'tensorboard'} & set(sys.modules))"
    completed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert completed.stdout.strip() == "set()"
