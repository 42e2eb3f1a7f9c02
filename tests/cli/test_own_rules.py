"""A stopping rule of a person's own, named on the command line: run, killed, resumed, verified, forked and refused."""

import shutil
import time
from contextlib import suppress

import pytest

from archwright.search.running.runs import read_run
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.errors import LogMissing
from archwright.store.events import AttemptEnded, AttemptStarted, Reported, Scored
from tests.cli.running import StartedCommand, run_command, run_inline
from tests.search.own_rules import write_own_rules

EPOCHS = 6
SCORE = f"""
import time

def score(architecture, budget, seed, report):
    level = seed % 97 / 97
    for epoch in range(1, {EPOCHS} + 1):
        report(epoch, accuracy=level)
        time.sleep(0.02)
    return level
"""
RULE = "mine.py:Behind,factor=1.5"
# In this process, where a trial stops at the report that makes it hopeless, and not some epochs later.
SEARCH = ("search", "digits", "--evaluator", "score.py:score", "--trials", "10", "--seed", "3", "--workers", "0")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("ARCHWRIGHT_CONFIG", str(tmp_path / "settings"))
    write_own_rules(tmp_path)
    (tmp_path / "score.py").write_text(SCORE)
    return tmp_path


def read_events(folder, run):
    return read_run(DuckDBLog(folder / "archwright.duckdb"), run).events


def read_decisions(folder, run) -> list:
    """The end of each trial: after which epoch, and why."""
    ends = {e.trial: e.stopped for e in read_events(folder, run) if isinstance(e, AttemptEnded)}
    return [(trial, stop and (stop.by, stop.epoch, stop.why)) for trial, stop in sorted(ends.items())]


def kill_when_scored(folder, run, *words, count):
    """Starts the command in a process of its own, and kills it in the middle of a trial, after so many."""
    with StartedCommand(folder, *words) as command:
        while command.poll() is None:
            with suppress(LogMissing):  # not there yet
                events = read_events(folder, run) if run in DuckDBLog(folder / "archwright.duckdb").runs() else ()
                begun = sum(isinstance(event, AttemptStarted) for event in events)
                if begun > sum(isinstance(event, Scored) for event in events) >= count:
                    break
            time.sleep(0.01)
        assert command.poll() is None, command.get_output("stderr")


@pytest.mark.slow
def test_a_rule_of_ones_own_decides_the_same_where_its_run_was_killed_and_resumed(folder):
    whole = run_command(folder, *SEARCH, "--stopping", RULE, "--name", "whole")
    assert whole.returncode == 0, whole.stderr
    kill_when_scored(folder, "killed", *SEARCH, "--stopping", RULE, "--name", "killed", count=4)
    assert len({e.trial for e in read_events(folder, "killed") if isinstance(e, Scored)}) < 10
    resumed = run_command(folder, "resume", "killed", "--workers", "0")
    assert resumed.returncode == 0, resumed.stderr

    first = read_events(folder, "killed")[0]
    assert first.stopping == {"name": "mine.py:Behind", "revision": 3, "factor": 1.5, "patience": 2}
    levels = {e.trial: e.metrics["accuracy"] for e in read_events(folder, "whole") if isinstance(e, Reported)}
    best, expected = 0.0, []
    for trial in range(10):
        is_behind = levels[trial] * 1.5 < best
        expected.append((trial, ("hopeless", 2, f"2 epochs far behind {best:.3f}") if is_behind else None))
        best = max(best, levels[trial])
    assert 2 <= sum(stop is not None for _, stop in expected[4:]) < 6
    assert read_decisions(folder, "whole") == expected
    assert read_decisions(folder, "killed") == expected
    for words in (("replay", "killed", "--verify"), ("verify",), ("fork", "killed", "--at", "30", "--name", "fork")):
        done = run_command(folder, *words)
        assert done.returncode == 0, done.stderr
    done = run_command(folder, "resume", "fork", "--workers", "0")
    assert done.returncode == 0, done.stderr
    assert read_events(folder, "fork")[0].stopping == first.stopping
    assert read_decisions(folder, "fork") == expected
    assert "stopping   mine.py:Behind, factor 1.5, patience 2" in run_inline(folder, "show", "killed").stdout


@pytest.mark.slow
def test_a_rule_of_another_person_runs_once_it_is_trusted(folder):
    done = run_command(folder, *SEARCH, "--stopping", RULE, "--name", "theirs")
    assert done.returncode == 0, done.stderr
    shutil.rmtree(folder / "settings")  # as for another person, who was sent the log
    (folder / "settings").mkdir()
    (folder / "settings" / "trusted").write_text(f"{folder / 'score.py'}\n")
    for words in (("runs",), ("show",), ("best",), ("replay",), ("replay", "--verify"), ("log",)):
        done = run_command(folder, *words)
        assert "mine.py" not in done.stderr, words
    more = ("resume", "--trials", "+1", "--workers", "0")
    done = run_command(folder, *more)
    assert (done.returncode, "archwright search SPACE --stopping" in " ".join(done.stderr.split())) == (2, True)
    assert "mine.py" in done.stderr
    done = run_command(folder, *more, "--trust")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("mien.py:Behind", "did you mean mine.py or score.py?"),
        ("mine.py:Plain", "it has no start, fold, find_stop_reason; a stopping rule is a frozen attrs class"),
        ("mine.py:Broken", "the stopping rule mine.py:Broken failed at its start"),
    ],
)
def test_what_is_no_rule_is_refused_before_anything_is_logged(folder, cli, rule, says):
    """Whichever part of archwright says so: the reading of files, of rules, or a rule itself."""
    done = cli("search", "digits", "--evaluator", "score.py:score", "--workers", "0", "--stopping", rule)
    assert done.code == 2, done.out
    assert says in " ".join(done.err.split())
    log = folder / "archwright.duckdb"
    assert not log.exists() or DuckDBLog(log).runs() == []


@pytest.mark.slow
def test_a_rule_that_fails_ends_the_process_and_a_mended_one_goes_on(folder):
    done = run_command(folder, *SEARCH, "--stopping", "mine.py:Broken,method=fold", "--name", "broken")
    assert done.returncode in (1, 2)
    assert "mine.py:Broken failed at ValueReported(trial=0, epoch=1" in " ".join(done.stderr.split())
    write_own_rules(folder, (folder / "mine.py").read_text().replace("1 / 0", "state"))
    done = run_command(folder, "resume", "broken", "--workers", "0")
    assert done.returncode == 0, done.stderr
    assert read_decisions(folder, "broken") == [(trial, None) for trial in range(10)]


@pytest.mark.slow
def test_searches_with_a_rule_of_ones_own_are_compared(folder):
    """And another process goes on with the comparison, whose runs are those of that rule alone."""
    words = (
        "compare",
        "digits",
        "--evaluator",
        "score.py:score",
        "--searcher",
        "random",
        "--seeds",
        "1",
        "--name",
        "c",
    )
    done = run_command(folder, *words, "--trials", "4", "--stopping", RULE)
    assert done.returncode == 0, done.stderr
    assert read_events(folder, "c.random.0")[0].stopping["name"] == "mine.py:Behind"
    again = run_command(folder, *words, "--trials", "5", "--stopping", RULE)
    assert again.returncode == 0, again.stderr
    assert sum(isinstance(event, Scored) for event in read_events(folder, "c.random.0")) == 5
    other = run_command(folder, *words, "--trials", "5", "--stopping", "mine.py:Behind,factor=3")
    assert (other.returncode, "its stopping.factor was 1.5, and is 3.0" in " ".join(other.stderr.split())) == (2, True)
