"""`archwright compare` and `archwright plot` as people run them."""

import json
import os
import re
import signal
import time
from contextlib import suppress
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archwright.cli.commands.compare import compare
from archwright.cli.commands.search import search
from archwright.cli.comparisons import conclude
from archwright.results.comparison import Comparison
from archwright.results.records import ConclusionRow
from archwright.search.running.attempts import derive_training_seed
from archwright.search.running.loop import NothingScored
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import RunResumed, RunStarted
from tests.cli.conftest import Command
from tests.cli.records import find_faults, read_records
from tests.cli.running import read_json, run_command, run_inline
from tests.comparison_logs import log_searches, write_full_table
from tests.processes import find_children, wait_until_gone

OWN = f"""
import time
from pathlib import Path

ILL = {[derive_training_seed(1, trial) for trial in range(30)]}  # the seeds of all trials of the searches of seed 1

def score(architecture, seed, settings, report):
    report(1, accuracy=0.5)
    return (seed % 997) / 997 * settings.get("scale", 1)

def fails_for_seed_1(architecture, seed):
    if seed in ILL and Path("ill").exists():
        raise ValueError("seed 1 is ill")
    return (seed % 997) / 997

def paced(architecture, seed):
    with Path("paced").open("a") as begun:
        begun.write(".")
    while Path("paced").stat().st_size > 2 and not Path("go").exists():
        time.sleep(0.02)
    return (seed % 997) / 997
"""

CELLS = """
import archwright as aw
from archwright.core.spaces.nasbench201 import EDGES, OPERATIONS

cells = aw.cell(EDGES, **{name: OPERATIONS[name] for name in ("none", "skip_connect", "nor_conv_3x3")})
"""  # some of NAS-Bench-201: all of it takes a second to check, each time


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "own.py").write_text(OWN)
    (tmp_path / "cells.py").write_text(CELLS)
    write_full_table(tmp_path)
    return tmp_path


def over_table(*words: str, dataset: str = "cifar10") -> list[str]:
    return ["compare", "cells.py:cells", "--evaluator", f"nasbench201:table.npz,dataset={dataset}", *words]


def whole(cli: Command) -> bool:
    """Whether every run of the log is what was appended, and proposes the same again."""
    assert cli("verify").code == 0
    return all(cli("replay", each["run"], "--verify").code == 0 for each in json.loads(cli("runs", "--json").out))


def runs(folder: Path) -> dict[str, dict[str, Any]]:
    """The facts of each run of the log."""
    return {each["run"]: each for each in read_json(folder, "runs")} if (folder / "archwright.duckdb").exists() else {}


@pytest.mark.slow
def test_a_comparison_goes_on_with_more_seeds_trials_and_searchers(folder, cli):
    """What is there is not run again; the runs are whole, and as if each had been resumed; a figure shows them."""
    words = over_table("--searcher", "mcts,exploration=0.1", "--json")
    first = run_command(folder, *words, "--seeds", "1", "--trials", "5")
    assert first.returncode == 0, first.stderr
    (row,) = json.loads(first.stdout)
    assert (row["searcher"], row["seeds"], row["trials"]) == ("mcts,exploration=0.1", 1, 5)
    assert 0.5 <= row["best"] <= 0.87
    second = run_command(folder, *words, "--seeds", "2", "--trials", "5")
    assert "1 of 2 searches are in archwright.duckdb already" in second.stderr
    third = run_command(folder, *words, "--seeds", "2", "--trials", "8", "--searcher", "mcts,exploration=1")
    assert (third.returncode, "already" in third.stderr) == (0, False)
    rows = read_records(third.stdout)
    assert [find_faults(row, ConclusionRow) for row in rows] == [[], []]
    assert [(row["seeds"], row["trials"]) for row in rows] == [(2, 8)] * 2
    there = runs(folder)
    assert sorted(there) == [f"cells.mcts-exploration-{label}.{seed}" for label in ("0-1", "1-0") for seed in (0, 1)]
    assert {(each["status"], each["scored"], each["target"]) for each in there.values()} == {("finished", 8, 8)}
    assert whole(cli)
    events = [each.event for each in DuckDBLog(folder / "archwright.duckdb").read("cells.mcts-exploration-0-1.0")]
    assert [event.trials for event in events if isinstance(event, RunStarted | RunResumed)] == [5, 8]
    figure = cli("plot", "cells.*", "--kind", "regret", "--optimum", "1")
    assert (figure.code, figure.out, figure.err) == (0, "regret.png\n", "")
    assert (folder / "regret.png").stat().st_size > 1000
    assert cli("plot", "cells.*", "--output", "figure.docx").code == 2


@pytest.mark.slow
def test_another_comparison_of_the_same_name_is_refused(folder):
    """Nothing is run and nothing is shown."""
    words = ["--name", "c10", "--searcher", "random", "--seeds", "2", "--trials", "4"]
    assert run_command(folder, *over_table(*words)).returncode == 0
    before = runs(folder)
    other = run_command(folder, *over_table(*words, dataset="cifar100"))
    assert (other.returncode, other.stdout) == (2, "")
    assert "another search named c10.random.0: its evaluator.dataset was cifar10, and is cifar100" in other.stderr
    assert "another --name" in other.stderr
    more = run_command(folder, *over_table(*words, "--trials", "9", "--budget", "12epochs"))
    assert (more.returncode, "its budget was 200epochs, and is 12epochs" in more.stderr) == (2, True)
    function = ["compare", "cells.py:cells", "--evaluator", "own.py:score", *words]
    assert "its evaluator was {'kind': 'nasbench201'" in run_command(folder, *function).stderr
    assert runs(folder) == before
    long = run_command(folder, *over_table(*words, "--name", "n" * 95))
    assert (long.returncode, "the name of a run is 'nnn" in long.stderr) == (2, True)


@pytest.mark.slow
def test_a_comparison_without_a_score_says_why(folder, cli):
    """Every trial is invalid: no means of nothing, and no empty figures."""
    with np.load(folder / "table.npz") as whole_table:
        np.savez(folder / "table.npz", **{name: whole_table[name][:5] for name in whole_table})
    done = run_command(
        folder, *over_table("--searcher", "random", "--searcher", "mcts", "--seeds", "2", "--trials", "9")
    )
    assert (done.returncode, done.stdout) == (1, "")
    said = "no trial of random and of mcts has a score; trial 0 of cells.random.0 was invalid: table.npz has no row"
    assert said in done.stderr
    assert "Warning" not in done.stderr
    assert {each["scored"] for each in runs(folder).values()} == {5}  # in a row
    for kind in ("incumbent", "time", "threshold", "regret", "histogram"):
        figure = cli("plot", "cells.*", "--kind", kind)
        assert (figure.code, figure.out) == (1, "")
        assert re.search(r"no trial of cells\.\* has a score; trial 0 of \S+ was invalid", figure.err)
        assert "Warning" not in figure.err
    assert not list(folder.glob("*.png"))


TRIALS = 36  # of each search; with a surrogate, the first 10 of them are random
LONG = over_table("--searcher", "smbo", "--searcher", "random", "--seeds", "3", "--trials", str(TRIALS))
ENDLESS = ["99" if word == "3" else word for word in LONG]  # seeds: it does not end before a test has stopped it


@pytest.mark.slow
def test_a_comparison_that_is_killed_leaves_no_process_and_goes_on(folder, start):
    """SIGKILL of the command; then of one of its processes, which costs no traceback."""
    killed = start(folder, *ENDLESS)
    killed.wait_for("is done", "stderr")
    children = find_children(killed.pid)
    assert len(children) >= 2
    killed.kill()
    killed.wait_to_end()
    assert wait_until_gone(children)
    hurt = start(folder, *ENDLESS)
    while hurt.poll() is None and not (
        searching := [pid for pid in find_children(hurt.pid) if b"run_pool_process" in command_line(pid)]
    ):
        time.sleep(0.01)
    os.kill(searching[-1], signal.SIGKILL)
    _, err = hurt.wait_to_end()
    assert hurt.returncode == 1, err
    assert "Traceback" not in err
    assert "error: one of the processes that search was killed by SIGKILL" in err
    assert "the same command goes on" in err
    assert wait_until_gone(searching)
    done = run_command(folder, *LONG)
    assert done.returncode == 0, done.stderr
    assert {each["scored"] for each in runs(folder).values()} == {TRIALS}
    assert run_inline(folder, "verify").returncode == 0


def command_line(pid: int) -> bytes:
    with suppress(OSError):  # it has just ended
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


@pytest.mark.slow
def test_ctrl_c_lets_running_searches_over_a_table_end(folder, start):
    """As a terminal sends it: to all processes. What has begun is in the log, whole."""
    stopped = start(folder, *ENDLESS, start_new_session=True)
    stopped.wait_for("is done", "stderr")
    os.killpg(stopped.pid, signal.SIGINT)
    out, err = stopped.wait_to_end()
    assert (stopped.returncode, out) == (130, "")
    assert "finishing the running searches; press Ctrl-C again to stop at once" in err
    assert "Traceback" not in err
    assert f"archwright {' '.join(ENDLESS)}" in err.splitlines()[-1]
    assert err.count("is done") == len(runs(folder)) >= 2
    assert {each["scored"] for each in runs(folder).values()} == {TRIALS}
    assert run_command(folder, *LONG).returncode == 0  # of the first seeds, which goes on with what is there


@pytest.mark.slow
def test_ctrl_c_twice_stops_searches_over_a_table_at_once(folder, start):
    words = ["200" if word == str(TRIALS) else word for word in LONG]  # trials, which take seconds
    stopped = start(folder, *words, start_new_session=True)
    stopped.wait_for("cells.random.0 is done", "stderr")
    children = find_children(stopped.pid)
    os.killpg(stopped.pid, signal.SIGINT)
    stopped.wait_for("press Ctrl-C again to stop at once", "stderr")
    os.killpg(stopped.pid, signal.SIGINT)
    began = time.monotonic()
    _, err = stopped.wait_to_end()
    assert time.monotonic() - began < 10
    assert (stopped.returncode, "stopping at once" in err) == (130, True)
    assert wait_until_gone(children)
    assert {each["scored"] for each in runs(folder).values()} == {200}


@pytest.mark.slow
def test_one_search_that_keeps_failing_does_not_end_the_others(folder):
    """All are run, the table is shown, and what stopped is named at the end; once it is well again, it goes on."""
    (folder / "ill").touch()
    words = ["compare", "figure1", "--evaluator", "own.py:fails_for_seed_1", "--name", "f", "--trials", "6"]
    words += ["--searcher", "random", "--searcher", "mcts", "--seeds", "3", "--json"]
    done = run_command(folder, *words)
    assert done.returncode == 1
    rows = json.loads(done.stdout)
    assert [(row["searcher"], row["failed"], row["without_score"], row.get("pairs", 2)) for row in rows] == [
        ("random", 5, 1, 2),
        ("mcts", 5, 1, 2),
    ]
    assert "2 searches stopped as too many trials in a row failed: f.random.1, f.mcts.1; of f.random.1" in done.stderr
    assert "ValueError: seed 1 is ill" in done.stderr
    assert "f.mcts.1 stopped, as too many trials in a row failed" in done.stderr
    assert "random: 1 of 3 searches have no score by the end; they are in no mean and no pair" in done.stderr
    assert "f.random.2  trial 5  accuracy" in done.stderr  # how far it is within a search
    assert {name: (each["status"], each["scored"]) for name, each in runs(folder).items()} == {
        f"f.{searcher}.{seed}": ("failing", 5) if seed == 1 else ("finished", 6)
        for searcher in ("random", "mcts")
        for seed in range(3)
    }
    (folder / "ill").unlink()
    again = run_command(folder, *words)
    assert again.returncode == 0, again.stderr
    assert "4 of 6 searches are in" in again.stderr
    assert {each["scored"] for each in runs(folder).values()} == {6}


@pytest.mark.slow
def test_ctrl_c_stops_a_comparison_of_trainings_within_a_search(folder, start, cli):
    words = ["compare", "figure1", "--evaluator", "own.py:paced", "--searcher", "random", "--seeds", "2"]
    words += ["--trials", "6"]
    stopped = start(folder, *words)
    stopped.wait_for("trial 1  accuracy", "stderr")
    stopped.send_signal(signal.SIGINT)
    stopped.wait_for("finishing the running trials", "stderr")
    (folder / "go").touch()  # for which the third trial waits
    _, err = stopped.wait_to_end()
    assert stopped.returncode == 130
    assert err.splitlines()[-1].endswith(f"archwright {' '.join(words)}")
    assert [each["status"] for each in runs(folder).values()] == ["interrupted"]
    assert run_command(folder, *words).returncode == 0
    assert {each["scored"] for each in runs(folder).values()} == {6}
    assert whole(cli)


SHARED = ("data", "budget", "validation", "keep", "train", "evaluator", "input", "metric", "minimize", "stopping")


@pytest.mark.parametrize("name", SHARED)
def test_what_a_trial_is_worth_is_said_as_for_a_search(name):
    """The options are the same ones."""
    ours, theirs = (signature(command).parameters[name] for command in (compare, search))
    assert ours == theirs


@pytest.mark.slow
def test_what_a_trial_is_worth_reaches_the_trials(folder):
    """Settings of a training, the split, the epoch that counts, and the shape of a function's inputs are in the log."""
    words = ["compare", "digits", "--searcher", "random", "--seeds", "1", "--trials", "1", "--budget", "64examples"]
    done = run_command(folder, *words, "--train", "batch_size=64", "--validation", "0.3", "--keep", "last")
    assert done.returncode == 0, done.stderr
    function = ["compare", "figure1", "--searcher", "random", "--seeds", "1", "--trials", "2"]
    function += ["--evaluator", "own.py:score", "--train", "scale=0", "--input-shape", "3,64,64"]
    done = run_command(folder, *function, "--stopping", "median,startup=1", "--json")
    assert json.loads(done.stdout)[0]["best"] == 0
    begun = [DuckDBLog(folder / "archwright.duckdb").read(f"{space}.random.0", upto=1)[0].event for space in SPACES]
    assert all(isinstance(event, RunStarted) for event in begun)
    trained, scored = begun
    config = {name: trained.evaluator[name] for name in ("settings", "validation", "keep")}
    assert config == {"settings": {"batch_size": 64}, "validation": 0.3, "keep": "last"}
    assert scored.input_shape == (3, 64, 64)
    assert scored.stopping == {"name": "median", "revision": 1, "warmup": 1, "startup": 1}


SPACES = ("digits", "figure1")


def test_nothing_is_shown_where_nothing_has_a_score(tmp_path, capsys):
    log = DuckDBLog(tmp_path / "log.duckdb")
    entries = log_searches(log, {"a.random.0": [None], "a.mcts.0": [None]})
    with pytest.raises(NothingScored, match="no trial of random and of mcts has a score"):
        conclude(Comparison.read(log.path, entries), False)
    assert capsys.readouterr().out == ""


def test_what_has_a_score_is_shown_before_what_has_none_is_told(tmp_path, capsys):
    log = DuckDBLog(tmp_path / "log.duckdb")
    entries = log_searches(log, {"a.random.0": [0.5], "a.mcts.0": [None]})
    with pytest.raises(NothingScored, match="no trial of mcts has a score"):
        conclude(Comparison.read(log.path, entries), True)
    assert '"best": 0.5' in capsys.readouterr().out
