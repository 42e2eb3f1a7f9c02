"""Searchers that are held against each other from Python."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import pytest
from attrs import frozen
from matplotlib.figure import Figure

import archwright as aw
from archwright.evaluate.tables.table import Table
from archwright.evaluate.tables.tabular import NotInTable, TableEntry
from archwright.execution.call_options import UnknownRunOption
from archwright.execution.checks import BadArgument
from archwright.execution.naming import BadSearchers
from archwright.execution.same_search import OtherSearch
from archwright.execution.session import RunInterrupted
from archwright.search.running.attempts import derive_training_seed
from archwright.search.running.loop import NothingScored, TrialsKeepFailing
from archwright.search.searchers.mcts import Mcts
from archwright.search.searchers.random_search import RandomSearch
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import RunStarted, Scored
from archwright.store.needed import FunctionNeeded
from tests.paths import ROOT
from tests.processes import find_children, wait_until_gone

WIDTHS = tuple(range(1, 101))
SPACE = aw.affine(units=list(WIDTHS))
QUIET = {"input": aw.features(4), "progress": False}


def score_width(architecture) -> float:
    """The more units, the better."""
    return dict(architecture.hyperparameters)["units"] / WIDTHS[-1]


@frozen
class WidthTable(Table):
    """What `score_width` says, as if it had been trained beforehand."""

    benchmark: ClassVar[str] = "widths"
    budgets: ClassVar[str] = "9epochs"

    least: int = 0  # units of which it has results

    def load(self) -> None:
        """There is no file."""

    def require_architecture(self, architecture: aw.Term) -> None:
        if not isinstance(architecture, aw.Affine):
            raise NotInTable(f"{architecture.kind} is no affine")

    def look_up(self, architecture: aw.Term, budget: aw.Budget, seed: int) -> TableEntry:
        del budget, seed
        if dict(architecture.hyperparameters)["units"] < self.least:
            raise NotInTable(f"it has no results of less than {self.least} units")
        return TableEntry({"accuracy": score_width(architecture)}, 2.0)


@pytest.fixture
def log(tmp_path) -> Path:
    return tmp_path / "log.duckdb"


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    """The processes of a comparison import the tables of these tests."""
    monkeypatch.syspath_prepend(str(ROOT))


def count_scored(log: Path) -> dict[str, int]:
    """The number of trials of each run that have a score."""
    file = DuckDBLog(log)
    return {run: sum(isinstance(entry.event, Scored) for entry in file.read(run)) for run in file.runs()}


@pytest.mark.parametrize("workers", [0, pytest.param(2, marks=pytest.mark.slow)])
def test_searchers_are_held_against_each_other_over_a_function(log, workers):
    """One that no other process can import, whose description completes the log; by its name and as a value."""
    best = WIDTHS[-1]

    def score(architecture) -> dict[str, float]:
        return {"width": dict(architecture.hyperparameters)["units"] / best}

    searchers = ["random", Mcts(exploration=0.02)]
    work = {"objective": aw.maximize("width"), "log": log, "workers": workers, **QUIET}
    comparison = aw.compare(SPACE, score, searchers, seeds=2, trials=3, name="widths", **work)
    assert [(row["searcher"], row["seeds"], row["trials"]) for row in comparison] == [
        ("random", 2, 3),
        ("mcts,exploration=0.02", 2, 3),
    ]
    assert all(0 < row["best"] <= 1 for row in comparison)
    comparison.check()
    assert comparison.remarks == []
    assert "<th>better than random by</th>" in comparison._repr_html_()
    axes = Figure().subplots()
    assert comparison.plot(ax=axes) is axes
    assert len(axes.lines) == 2
    assert set(count_scored(log).values()) == {3}
    more = aw.compare(SPACE, score, ["random"], seeds=2, trials=4, name="widths", **work)
    assert [row["trials"] for row in more] == [4]
    assert count_scored(log) == {
        "widths.random.0": 4,
        "widths.random.1": 4,
        "widths.mcts-exploration-0-02.0": 3,
        "widths.mcts-exploration-0-02.1": 3,
    }
    logged = DuckDBLog(log).read("widths.random.0")[0].event
    assert isinstance(logged, RunStarted)
    assert (logged.evaluator["by_value"], logged.objective.metric) == (True, "width")


def test_a_comparison_over_a_table_gives_a_frame(log):
    """With a searcher that no other process can import, and callbacks that follow each search once it is logged."""
    pandas = pytest.importorskip("pandas")

    @frozen
    class Own(RandomSearch):
        name = "own"

    events: list = []
    work = {"log": log, "on_event": events.append, **QUIET}
    comparison = aw.compare(SPACE, WidthTable("none"), ["random", Own()], seeds=3, trials=8, optimum=1.0, **work)
    frame = comparison.frame()
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame["seeds"]) == [3, 3]
    assert frame["best"].between(0, 0.5).all()
    assert frame["better_by"][1] == 0, "the same models are drawn of the same seeds"
    logged = [entry.event for run in DuckDBLog(log).runs() for entry in DuckDBLog(log).read(run)]
    assert sorted(map(repr, events)) == sorted(map(repr, logged))
    events.clear()
    again = aw.compare(SPACE, WidthTable("none"), ["random", Own()], seeds=3, trials=9, **work)
    assert again.rows[1]["trials"] == 9
    assert sum(isinstance(event, Scored) for event in events) == 6, "of each search one more trial"


def test_what_goes_wrong_within_searches_is_told_and_loses_nothing(log):
    """Five failures in a row end a search; the others' results are there."""
    space = aw.affine(units=[1, 2])
    work = {"seeds": 2, "trials": 12, "log": log, **QUIET}
    comparison = aw.compare(space, WidthTable("none", least=3), ["random"], **work)
    assert [row["best"] for row in comparison] == [None]
    with pytest.raises(NothingScored, match=r"no trial of random has a score; .* no results of less than 3 units"):
        comparison.check()
    assert "no trial of random has a score" in repr(comparison)
    assert "no trial of random has a score" in comparison._repr_html_()

    def fails_for_seed_1(architecture, seed):
        if seed in [derive_training_seed(1, trial) for trial in range(9)]:
            raise ValueError("ill")
        return score_width(architecture)

    work |= {"workers": 0, "name": "function"}
    comparison = aw.compare(SPACE, fails_for_seed_1, ["random", "mcts"], **work)
    assert [(row["failed"], row["without_score"]) for row in comparison] == [(5, 1), (5, 1)]
    with pytest.raises(TrialsKeepFailing, match=r"2 searches stopped .*: function\.random\.1, function\.mcts\.1; of"):
        comparison.check()
    assert "1 of 2 searches have no score" in repr(comparison)
    assert "the same call in Python" in comparison._repr_html_()


def test_ctrl_c_in_the_last_search_is_told_as_well(log):
    def interrupt() -> float:
        os.kill(os.getpid(), signal.SIGINT)
        return 0.5

    work = {"seeds": 1, "trials": 1, "log": log, "workers": 0, "name": "c", "progress": False}
    with pytest.raises(RunInterrupted, match=r"the comparison c was interrupted; it has ended; read it with: the same"):
        aw.compare(SPACE, interrupt, ["random"], input=aw.features(4), **work)
    assert count_scored(log) == {"c.random.0": 1}


def test_ctrl_c_ends_a_comparison_which_the_same_call_goes_on_with(log, capsys):
    """It says so; no trial is lost."""

    def interrupt(event) -> None:
        if isinstance(event, Scored) and event.trial == 1:
            os.kill(os.getpid(), signal.SIGINT)

    work = {"seeds": 2, "trials": 4, "log": log, "workers": 0, "name": "c", "input": aw.features(4)}
    with pytest.raises(RunInterrupted, match=r"the comparison c was interrupted; go on with: the same aw\.compare"):
        aw.compare(SPACE, score_width, ["random", "mcts"], on_event=interrupt, **work)
    assert count_scored(log)["c.random.0"] in (2, 3), "the one that was under way came to its end"
    assert "finishing the running trials" in capsys.readouterr().out
    comparison = aw.compare(SPACE, score_width, ["random", "mcts"], **work)
    assert [row["trials"] for row in comparison] == [4, 4]
    assert set(count_scored(log).values()) == {4}
    printed = capsys.readouterr().out
    assert "c.mcts.1 is done (4 of 4)" in printed
    assert "c.random.0  trial 0" not in printed


def test_another_comparison_of_the_name_is_refused_and_another_text_of_a_function_is_told(log, caplog):
    work = {"seeds": 1, "trials": 2, "log": log, "workers": 0, "name": "c", **QUIET}
    aw.compare(SPACE, lambda architecture: score_width(architecture), ["random"], **work)
    with pytest.raises(OtherSearch, match=r"another search named c\.random\.0: its space.*name= in Python"):
        aw.compare(aw.affine(units=[1, 2]), lambda architecture: score_width(architecture), ["random"], **work)
    caplog.clear()
    aw.compare(SPACE, lambda architecture: 1.0 + score_width(architecture), ["random", "mcts"], **work)
    assert "is another one than c.random.0 was begun with: its text has changed" in caplog.text
    assert count_scored(log) == {"c.random.0": 2, "c.mcts.0": 2}


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"seeds": 0}, BadArgument, "seeds is 0; it must be a whole number of 1 or more"),
        ({"seeds": 2.0}, BadArgument, "seeds is 2.0"),
        ({"searchers": []}, BadSearchers, "a comparison needs searchers"),
        ({"searchers": ["mcts", Mcts()]}, BadSearchers, "mcts is the same searcher as mcts"),
        ({"searchers": ["rondom"]}, LookupError, "random"),
        ({"trials": 0}, ValueError, "trials"),
        ({"evaluation": 3}, TypeError, "3"),
        ({"worker": 2}, UnknownRunOption, "worker"),
    ],
    ids=str,
)
def test_what_is_wrong_with_the_arguments_is_raised_before_anything_is_logged(log, changes, error, message):
    arguments = {"space": SPACE, "evaluation": score_width, "searchers": ["random"], "log": log, **QUIET, **changes}
    with pytest.raises(error, match=message) as raised:
        aw.compare(**arguments)
    assert isinstance(raised.value, aw.ArchwrightError)
    assert not log.exists()


SCRIPT = """
import sys, time
from pathlib import Path
import archwright as aw

def score(architecture, seed):
    if not Path("go").exists() and Path("begun").exists():
        time.sleep(600)
    Path("begun").touch()
    return dict(architecture.hyperparameters)["units"] / 100

comparison = aw.compare(
    aw.affine(units=list(range(1, 101))), score, ["random", "mcts"], seeds=2, trials=3, input=aw.features(4), workers=2
)
print(comparison)
"""  # it asks for no name of its own, as a beginner's


def kill_within_a_trial(folder: Path) -> None:
    """Run `script.py` in a folder, and kill it once a trial has its score; no process is left behind."""
    command = [sys.executable, "script.py"]
    with subprocess.Popen(command, cwd=folder, env=make_environment(), stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        line = killed.stdout.readline()
        while "trial 0" not in line and "trial 1" not in line and line:
            line = killed.stdout.readline()
        children = find_children(killed.pid)
        killed.kill()
    assert children
    assert wait_until_gone(children, 30.0)
    assert sum(count_scored(folder / "archwright.duckdb").values()) >= 1
    (folder / "go").touch()


def make_environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def run_script(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "script.py"]
    return subprocess.run(command, cwd=folder, env=make_environment(), capture_output=True, text=True, timeout=300)


@pytest.mark.slow
def test_a_script_that_is_killed_goes_on_where_it_was(tmp_path):
    """SIGKILL within a trial: no process is left behind, and the second time no score is lost or scored twice."""
    (tmp_path / "script.py").write_text(SCRIPT)
    log = tmp_path / "archwright.duckdb"
    kill_within_a_trial(tmp_path)
    done = run_script(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "search.mcts.1 is done (4 of 4)" in done.stdout
    assert done.stdout.splitlines()[-3].startswith("searcher  seeds")
    assert count_scored(log) == {f"search.{name}.{seed}": 3 for name in ("random", "mcts") for seed in (0, 1)}


OWN_SCRIPT = """
import time
from pathlib import Path
from typing import ClassVar
from attrs import frozen
import archwright as aw

def score(seed, report):
    if not Path("go").exists() and Path("begun").exists():
        time.sleep(600)
    Path("begun").touch()
    for epoch in range(1, 2 if seed % 97 / 97 >= 0.5 else 30000):  # a hopeless one ends as it is told to
        report(epoch, accuracy=seed % 97 / 97)
        time.sleep(0.01)
    return seed % 97 / 97

@frozen
class AtLeast:
    name: ClassVar[str] = "at-least"
    least: float = 0.3

    def start(self, objective):
        return {}

    def fold(self, values, news):
        return {**values, news.trial: news.value} if isinstance(news, aw.ValueReported) else values

    def find_stop_reason(self, values, trial):
        return "less than that" if values[trial] < self.least else ""

@frozen
class Own(aw.searchers.RandomSearch):
    name: ClassVar[str] = "own"

aw.compare(
    aw.affine(units=list(range(1, 101))), score, [Own(), "mcts"], stopping=AtLeast(least=0.5), seeds=1, trials=TRIALS,
    input=aw.features(4), workers=1, log="archwright.duckdb"
)
"""


@pytest.mark.slow
def test_a_script_with_a_searcher_and_a_rule_of_its_own_is_killed_and_goes_on(tmp_path):
    """A rule whose text has changed is said to have, and the rest is run with it; its searches can be resumed alone."""
    script, log = tmp_path / "script.py", tmp_path / "archwright.duckdb"
    script.write_text(OWN_SCRIPT.replace("TRIALS", "3"))
    kill_within_a_trial(tmp_path)
    done = run_script(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert list(count_scored(log).values()) == [3, 3]
    script.write_text(OWN_SCRIPT.replace("TRIALS", "4").replace("less than that", "still less"))
    done = run_script(tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("the stopping rule __main__:AtLeast is another one than search.Own-") == 1
    assert done.stderr.count("its text has changed") == 1
    runs = [aw.Log(log)[run] for run in count_scored(log)]
    for run in runs:
        assert len(run) == 4
        assert [trial.stopped is not None for trial in run] == [trial.seed % 97 / 97 < 0.5 for trial in run]
        with pytest.raises(
            FunctionNeeded, match=r"aw\.resume\('search\..*', evaluation=score, .*stopping=AtLeast, log="
        ):
            run.resume(trials="+1", progress=False)


OWN = """
import os
from pathlib import Path

with Path("processes").open("a") as file:
    print(os.getpid(), file=file)

def score(architecture):
    return {"width": dict(architecture.hyperparameters)["units"] / 100}
"""


@pytest.mark.slow
def test_the_workers_that_say_what_a_function_is_about_are_those_that_score(tmp_path, monkeypatch):
    """One process imports it, once, though its metric is not known before."""
    monkeypatch.chdir(tmp_path)
    Path("own.py").write_text(OWN)
    comparison = aw.compare(SPACE, "own.py:score", ["random", "mcts"], seeds=2, trials=2, objective="width", **QUIET)
    assert [row["trials"] for row in comparison] == [2, 2]
    assert len(Path("processes").read_text().splitlines()) == 1


TABLE_SCRIPT = """
import archwright as aw
from attrs import frozen
from tests.studies.test_comparing import WidthTable

@aw.module
class Own(aw.Affine):
    def parameters(self, in_shape):
        return 0

@frozen
class Usual(aw.searchers.RandomSearch):
    name = "usual"

@frozen
class Widths(WidthTable):
    kind = "tests.studies.test_comparing:WidthTable"

    def look_up(self, architecture, budget, seed):
        assert type(architecture) is Own, "one class, also where it was sent to"
        return super().look_up(architecture, budget, seed)

    def require_architecture(self, architecture):
        pass

comparison = aw.compare(
    Own(units=[1, 2, 3]), Widths("none"), ["random", Usual()], seeds=2, trials=3, input=aw.features(4), progress=False
)
print(comparison[1]["searcher"], comparison[1]["better_by"])
"""


@pytest.mark.slow
def test_a_script_compares_over_a_table_with_kinds_and_searchers_of_its_own(tmp_path):
    """It runs once, though it does not ask whether it is the main program, and is sent what it defines."""
    (tmp_path / "script.py").write_text(TABLE_SCRIPT)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])}
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "script.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
        )
        assert (done.stdout.splitlines(), done.stderr, done.returncode) == (
            ["__main__:Usual,replacement=true 0.0"],
            "",
            0,
        )
