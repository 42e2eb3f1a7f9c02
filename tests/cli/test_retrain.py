"""A trial trained anew is a run of its own: reported, killed, resumed and verified as any other."""

import json
import signal
import statistics

import pytest
from attrs import evolve

from archwright.cli.reports.repeats import format_conclusion
from archwright.cli.values import parse_settings
from archwright.core.budget import Budget
from archwright.core.json import to_json
from archwright.core.node import root
from archwright.core.objective import Objective
from archwright.core.spaces.named import SPACES
from archwright.core.traversal import sample
from archwright.evaluate.evaluation import evaluation_to_json as to_json_config
from archwright.evaluate.functions.evaluation import Function
from archwright.evaluate.settings import LATEST_READER
from archwright.evaluate.training.evaluation import Training
from archwright.execution import retraining
from archwright.execution.options import RunOptions
from archwright.results.repeats import describe_repeats
from archwright.search.running.attempts import derive_training_seed
from archwright.search.running.run_view import rebuild_leaf, view_run
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import Proposed, RunStarted, Scored
from archwright.store.log import START
from archwright.store.permission import NotTrusted
from tests.cli.running import MAIN, SCORE, TORCH_REPORTING_MAIN, read_json, run_command, run_inline, run_started

DEADLY = f"""
import os, signal
from archwright.evaluate.workers.pool import WorkerPool

def submit(pool, job, submit=WorkerPool.submit):
    submit(pool, job)
    if job.trial == 1:
        os.kill(os.getpid(), signal.SIGKILL)

WorkerPool.submit = submit
{MAIN}
"""  # the command, whose process is killed when it has begun the second training
RETRAIN = ("retrain", "digits-1", "0", "--seeds", "2", "--budget", "600examples")


@pytest.mark.slow
def test_retraining_that_was_killed_and_resumed_equals_one_that_was_not(digits_log):
    folder = digits_log.parent
    whole = run_started(folder, *RETRAIN, program=TORCH_REPORTING_MAIN)
    assert (whole.returncode, whole.stderr.strip()) == (0, "torch imported: False")
    assert run_started(folder, *RETRAIN, "--name", "killed", program=DEADLY).returncode == -signal.SIGKILL
    facts = read_json(folder, "show", "killed")
    assert (facts["status"], facts["repeats"]["scores"], facts["repeats"]["deviation"]) == ("died", 1, None)
    assert run_command(folder, "resume", "killed", "--trials", "+1").returncode == 0

    facts, again = (read_json(folder, "show", name) for name in ("digits-1.retrain-0", "killed"))
    scores = [trial["score"] for trial in facts["trials"]]
    assert scores == [trial["score"] for trial in again["trials"]][:2]
    assert [t["metrics"]["test_accuracy"] for t in facts["trials"]] == scores
    assert not any("accuracy" in t["metrics"] for t in facts["trials"])
    repeats = facts["repeats"]
    assert (repeats["mean"], repeats["deviation"]) == (statistics.fmean(scores), statistics.stdev(scores))
    assert (repeats["run"], repeats["trial"], repeats["scores"], repeats["trainings"]) == ("digits-1", 0, 2, 2)
    told = f"test_accuracy {repeats['mean']:.4f} ± {repeats['deviation']:.4f}   mean and standard deviation of 2"
    assert told in whole.stdout
    assert told in run_inline(folder, "show", "digits-1.retrain-0").stdout
    seeds = [derive_training_seed(derive_training_seed(0, 0), trial) for trial in (0, 1)]
    assert [t["seed"] for t in facts["trials"]] == seeds
    assert all(str(seed) in whole.stdout for seed in seeds)
    models = folder / "archwright.duckdb.artifacts" / "killed"
    assert run_inline(folder, "replay", "killed", "--verify").returncode == run_inline(folder, "verify").returncode == 0
    assert sorted(path.parent.name for path in models.glob("*/model.safetensors")) == ["trial-0", "trial-1", "trial-2"]


@pytest.mark.slow
def test_what_a_function_scored_is_trained_where_data_is_named(log):
    """With --json, only JSON goes to stdout."""
    folder = log.parent
    words = ("--data", "digits", "--budget", "64examples", "--seeds", "1", "--train", "batch_size=32")
    done = run_command(folder, "retrain", "run-1", "2", *words, "--json")
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts["evaluator"]["overrides"] == {"batch_size": 32}
    assert facts["repeats"]["mean"] == facts["trials"][0]["metrics"]["test_accuracy"]
    assert "trial 0  test_accuracy" in done.stderr
    original = read_json(folder, "show", "run-1", "2")
    assert facts["trials"][0]["choices"] == original["choices"]
    assert facts["trials"][0]["metrics"]["parameters"] == original["parameters"]


@pytest.mark.slow
def test_a_function_is_called_again_with_a_larger_budget_and_other_seeds(log):
    """For the metric that it was searched by; the run can be resumed, verified and shown as any."""
    folder = log.parent
    (folder / "score.py").write_text(SCORE)
    words = ("retrain", "run-1", "2", "--budget", "20epochs", "--seeds", "2")
    assert "the log names code in" in run_command(folder, *words).stderr
    done = run_command(folder, *words, "--trust")
    assert done.returncode == 0, done.stderr
    facts, original = read_json(folder, "show", "run-1.retrain-2"), read_json(folder, "show", "run-1", "2")
    assert [trial["budget"] for trial in facts["trials"]] == ["20epochs"] * 2
    assert facts["objective"] == read_json(folder, "show", "run-1")["objective"]
    assert facts["evaluator"] == read_json(folder, "show", "run-1")["evaluator"]
    seeds = {original["seed"], *(trial["seed"] for trial in facts["trials"])}
    assert len(seeds) == 3
    assert "mean and standard deviation of 2 trainings" in done.stdout
    assert run_inline(folder, "replay", "run-1.retrain-2", "--verify").returncode == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("run-2", "0"), "did you mean run-1"),
        (("run-1", "8"), "run-1 has no trial 8; it has trials 0 to 7"),
        (
            ("run-1", "0", "--device", "cpu", "--trust"),
            "device does nothing: score.py:score has no parameter model or device or",
        ),
        (
            ("run-1", "0", "--train", "crop=1", "--trust"),
            "--train does nothing: score.py:score has no parameter settings",
        ),
        (
            ("run-1", "0", "--image-size", "8", "--trust"),
            "image_size is for the images of a folder, and there is no data",
        ),
        (("run-1", "0", "--data", "cifar"), "did you mean cifar10"),
        (("run-1", "0", "--data", "mnist"), "takes inputs of 1x8x8 and gives 10 outputs, and mnist has images of 1x28"),
        (("run-1", "0", "--data", "digits", "--train", "batchsize=3"), "did you mean batch_size"),
        (("run-1", "0", "--data", "digits", "--budget", "20"), "5epochs, 30s or 50000examples"),
        (("run-1", "0", "--data", "digits", "--device", "gpu"), "auto, cpu, cuda"),
        (("run-1", "0", "--data", "digits", "--trial-timeout", "soon"), "--trial-timeout is 'soon'; write a time of"),
        (("run-1", "0", "--data", "digits", "--trial-timeout", "0s"), "--trial-timeout is '0s'; write a time of more"),
        (("run-1", "0", "--data", "digits", "--train", "crop=1", "--train", "crop=2"), "--train gives crop twice"),
        (("run-1", "0", "--data", "digits", "--seeds", "0"), "seeds"),
        (("run-1", "0", "--data", "digits", "--name", "half-1"), "half-1 already"),
    ],
)
def test_mistakes_are_said_before_anything_is_logged(reader, tmp_path, words, says):
    done = reader("retrain", *words)
    assert (done.code, done.out) == (2, "")
    assert says in done.err
    assert DuckDBLog(tmp_path / "archwright.duckdb").runs() == ["run-1", "half-1"]


def log_search(folder, evaluator, space="nasbench201", shape=(3, 32, 32)):
    """A search with one trial in a log."""
    term = SPACES[space].build(10)
    leaf = sample(root(term, shape), lambda: 0.5)
    begun = RunStarted(
        space=to_json(term),
        space_source=space,
        input_shape=shape,
        searcher={"name": "random"},
        evaluator=evaluator,
        objective=Objective(),
        budget=Budget(200, "epochs"),
        seed=0,
        trials=1,
        versions={},
    )
    log = folder / "log.duckdb"
    events = [begun, Proposed(0, leaf.path, begun.budget), Scored(0, "crashed", None)]
    DuckDBLog(log).append("cells", events, START)
    return view_run(log, "cells")


def configure(view, trial, train, data, data_dir, device, image_size=None):
    settings = parse_settings("--train", train)
    asked = retraining.Retraining(data=data, data_dir=data_dir, device=device, image_size=image_size, settings=settings)
    leaf = rebuild_leaf(view, view.get_trial(trial))
    return retraining.configure_retraining(view, leaf.architecture, asked, RunOptions(trusted=view.trusted))


def check_data(view, evaluation):
    data = evaluation.describe_data()
    evaluation.check_space(rebuild_leaf(view, view.get_trial(0)).architecture, view.model_input, data)
    return data


def test_a_cell_that_was_looked_up_is_trained_where_data_is_named(tmp_path):
    """The space of the benchmark compiles to its real network."""
    view = log_search(tmp_path, {"kind": "nasbench201", "table": "nb201.npz"})
    with pytest.raises(ValueError, match=r"evaluated by the table nb201.npz.*--data cifar10"):
        configure(view, 0, [], None, None, None)
    with pytest.raises(ValueError, match=r"cifar100 has images of 3x32x32 in 100 classes"):
        check_data(view, configure(view, 0, [], "cifar100", None, None))
    assert configure(view, 0, ["flip=true"], "cifar10", "there", "cpu") == Training(
        "cifar10", "there", "cpu", keep="last", overrides={"flip": True}, train_on="train+validation"
    )
    assert check_data(view, configure(view, 0, [], "cifar10", None, None)).class_names[0] == "airplane"


def test_a_setting_takes_the_place_of_its_namesake_of_an_earlier_retraining(tmp_path):
    """Under the other of its names, too."""
    config = Training("digits", keep="last", overrides={"learning_rate": 0.5}, train_on="train+validation")
    view = log_search(tmp_path, to_json_config(config), "digits", (1, 8, 8))
    assert configure(view, 0, ["lr_init=0.25"], None, None, None).overrides == {"learning_rate": 0.25}


def test_the_data_of_a_function_lies_where_it_lay_and_is_split_as_it_was(tmp_path, monkeypatch):
    """If it is named; other data is as usual. Where none is named, the function is called again."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text("def train(architecture, data, settings): ...\n")
    config = Function("own.py:train", data="digits", data_dir="there", validation=0.5, split_seed=3, reader=1)
    view = log_search(tmp_path, to_json_config(config), "digits", (1, 8, 8))
    with pytest.raises(NotTrusted, match=r"own.py, which no command of yours has named"):
        configure(view, 0, ["depth=3"], None, None, None)
    again = configure(evolve(view, trusted=True), 0, ["depth=3"], None, None, "cpu")
    assert again == evolve(config, settings={"depth": 3}, device="cpu")
    with pytest.raises(ValueError, match=r"learning_rate does nothing: the architecture sets it itself"):
        configure(evolve(view, trusted=True), 0, ["learning_rate=3"], None, None, "cpu")
    found = configure(view, 0, [], "digits", None, None)
    assert (found.data_dir, found.validation, found.split_seed, found.reader) == ("there", 0.5, 3, 1)
    assert configure(view, 0, [], "mnist", None, None).reader == LATEST_READER


def test_a_retraining_splits_the_images_as_the_search_did_unless_it_has_others(tmp_path):
    """So that no test image was searched by."""
    config = Training("folder:there", image_size=(8, 8), reader=1)
    view = log_search(tmp_path, to_json_config(config), "digits", (1, 8, 8))
    found = configure(view, 0, [], None, None, None)
    assert (found.image_size, found.reader) == ((8, 8), 1)
    other = configure(view, 0, [], "folder:elsewhere", None, None, (4, 6))
    assert (other.image_size, other.reader) == ((4, 6), LATEST_READER)


@pytest.mark.parametrize(
    ("scores", "told"),
    [
        ([0.5, 0.75], "test_accuracy 0.6250 ± 0.1768   mean and standard deviation of 2 trainings"),
        ([0.5], "test_accuracy 0.5000   of 1 training"),
        ([0.5, None], "test_accuracy 0.5000   of 1 of 2 trainings"),
        ([None], "no test_accuracy yet   of 0 of 1 training"),
    ],
)
def test_what_trainings_come_to_is_said_of_as_many_as_there_are(tmp_path, scores, told):
    """A deviation only where there is one."""
    started = log_search(tmp_path, {"kind": "training"}).run.started
    given = {"name": "given", "path": [], "run": "a", "trial": 0}
    started = evolve(started, searcher=given, objective=Objective("test_accuracy"))
    assert format_conclusion(describe_repeats(started, [{"score": score} for score in scores])) == told
