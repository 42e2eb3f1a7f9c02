"""A searcher of a person's own, named on the command line: run, killed, resumed, replayed, verified and forked."""

import json
import shutil
import time
from contextlib import suppress

import pytest

from archwright.search.running.runs import read_run
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.errors import LogMissing, NoSuchRun
from archwright.store.events import Proposed, Scored
from tests.cli.own_searchers import write_own_searchers
from tests.cli.running import StartedCommand, run_command

SCORE = """
import time

def score(architecture, budget, seed):
    time.sleep(0.02)
    return seed % 97 / 97
"""
SEARCH = ("search", "digits", "--evaluator", "score.py:score", "--name", "own", "--trials", "9")
SEARCHER = "mine.py:Patient,sampler=mcts(exploration=0.1),every=4"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("ARCHWRIGHT_CONFIG", str(tmp_path / "settings"))
    write_own_searchers(tmp_path)
    (tmp_path / "score.py").write_text(SCORE)
    return tmp_path


def read_events(folder, run="own"):
    return read_run(DuckDBLog(folder / "archwright.duckdb"), run).events


def kill_when_scored(folder, *words, count=3):
    """Starts the command in a process of its own, and kills it once so many trials are scored."""
    with StartedCommand(folder, *words) as command:
        while command.poll() is None:
            with suppress(LogMissing, NoSuchRun):  # not there yet
                if sum(isinstance(event, Scored) for event in read_events(folder)) >= count:
                    break
            time.sleep(0.05)
        assert command.poll() is None, command.get_output("stderr")


@pytest.mark.slow
def test_a_searcher_of_ones_own_is_killed_resumed_verified_and_forked(folder):
    kill_when_scored(folder, *SEARCH, "--searcher", SEARCHER)
    started = read_events(folder)[0].searcher
    assert started["name"] == "mine.py:Patient"
    assert (started["revision"], started["every"], started["sampler"]["exploration"]) == (1, 4, 0.1)
    for words in (("resume",), ("replay", "--verify"), ("replay", "--at", "20"), ("fork", "own", "--at", "9")):
        done = run_command(folder, *words)
        assert done.returncode == 0, done.stderr
    proposals = [event for event in read_events(folder) if isinstance(event, Proposed)]
    assert len(proposals) == 9
    scores = {event.trial: event.score for event in read_events(folder) if isinstance(event, Scored)}
    assert proposals[3].path == proposals[max(range(3), key=lambda trial: scores[trial])].path
    done = run_command(folder, "resume", "own-fork-1")
    assert done.returncode == 0, done.stderr
    assert run_command(folder, "replay", "own-fork-1", "--verify").returncode == 0


@pytest.mark.slow
def test_what_only_reads_a_log_runs_no_searcher_and_what_would_asks(folder):
    done = run_command(folder, *SEARCH, "--searcher", SEARCHER)
    assert done.returncode == 0, done.stderr
    shutil.rmtree(folder / "settings")  # as for another person, who was sent the log
    for words in (("runs",), ("show",), ("best",), ("replay",), ("show", "--trial", "0"), ("log",)):
        done = run_command(folder, *words)
        assert "mine.py, which no command of yours has named" not in done.stderr, words
    shown = json.loads(run_command(folder, "replay", "--json").stdout)
    assert shown["next"] is None
    assert shown["revision"] == {"logged": 1, "now": None}
    assert "let it run with --trust" in shown["left_out"]
    more = ("resume", "--trials", "+1")
    for words in (
        more,
        ("replay", "--verify"),
        ("replay", "--at", "9"),
        ("fork", "own", "--at", "9", "--set", "every=2"),
    ):
        done = run_command(folder, *words)
        assert done.returncode == 2
        assert "--trust" in done.stderr
        done = run_command(folder, *words, "--trust")
        assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_searchers_of_ones_own_are_compared(folder):
    """Their runs are called after them, and another process goes on with the comparison."""
    words = ("compare", "digits", "--evaluator", "score.py:score", "--seeds", "1", "--trials", "4", "--name", "c")
    searchers = ("--searcher", "mine.py:Patient", "--searcher", "mine.py:slow,sampler=mcts", "--searcher", "random")
    done = run_command(folder, *words, *searchers)
    assert done.returncode == 0, done.stderr
    assert "mine.py:Patient" in done.stdout
    runs = DuckDBLog(folder / "archwright.duckdb").runs()
    assert [run.split("-")[0] for run in runs] == ["c.Patient", "c.slow", "c.random.0"]
    again = run_command(folder, *words, *searchers)
    assert "3 of 3 searches are in" in again.stdout + again.stderr


@pytest.mark.parametrize(
    ("searcher", "says"),
    [
        ("mine.py:Patietn", "mine.py has no 'Patietn'; did you mean Patient?"),
        ("mine.py", "mine.py is a file; name the searcher in it too, as in mine.py:searcher"),
        ("mien.py:Patient", "did you mean mine.py or score.py?"),
        ("mine.py:nothing", "mine.py:nothing is 3, and it has no start, propose, adopt, tell; a searcher is"),
        ("mine.py:Patient,evry=2", "the searcher mine.py:Patient has no setting 'evry'; did you mean every?"),
        (
            "mine.py:Patient,every=1",
            "every of the searcher mine.py:Patient is 1; it may be a whole number of 2",
        ),
        ("mine.py:Patient,sampler=mtcs", "there is no built-in searcher 'mtcs'; did you mean mcts?"),
        ("mine.py:Patient,sampler=3", "sampler of the searcher mine.py:Patient is 3; it may be a searcher"),
        ("mine.py:Patient,sampler=smbo(initial=-1)", "initial of the searcher smbo is -1; it may be"),
        ("mine.py:Patient,sampler=smbo(initial=1", "cannot be read at its end: ) is missing here"),
        ("Patient", "(one of your own is file.py:attribute or module:attribute)"),
    ],
)
def test_what_is_no_searcher_is_refused_before_anything_is_logged(folder, cli, searcher, says):
    assert cli
    done = cli("search", "digits", "--searcher", searcher)
    assert done.code == 2
    assert says in " ".join(done.err.split())
    assert not (folder / "archwright.duckdb").exists()
