"""A search that is killed again and again loses nothing and stays the same search."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest

from archwright.search.running.revisions import find_mismatches
from archwright.search.running.runs import read_run
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import AttemptStarted, Proposed, Scored
from archwright.store.journal import locate_journal
from archwright.store.verify import verify_log
from tests.paths import ROOT
from tests.search.instant import InstantEvaluator
from tests.search.running.test_loop import events_of, start_loop
from tests.store.memory_log import MemoryLog

KILLS = 50
ENDLESS = 1_000_000


@pytest.fixture
def start_or_resume():
    """What begins or resumes the run in another process: its id, and what waits for its exit code."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.search.killable_search"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 1}
    with subprocess.Popen(command, cwd=ROOT, env=environment, **pipes) as parent:
        running: list[int] = []

        def number() -> int:
            return int(parent.stdout.readline())

        def exit_code() -> int:
            running.clear()
            return number()

        def run(log: DuckDBLog, trials: int, slots: int):
            parent.stdin.write(f"{slots} {trials} {log.path}\n")
            running.append(number())
            return running[0], exit_code

        yield run
        for process in running:  # of a test that has failed
            os.kill(process, signal.SIGKILL)


def read_scores(log: DuckDBLog) -> dict[int, float]:
    """What is logged by now, trial by trial."""
    if not (log.path.exists() and log.runs()):
        return {}
    return {e.trial: e.score for e in read_run(log, "killed").events if isinstance(e, Scored)}


def count_journal_scores(log: DuckDBLog) -> int:
    """How many scores are in its journal, which can be looked at often: that takes no time."""
    journal = locate_journal(log.path)
    return journal.read_bytes().count(b'"Scored"') if journal.exists() else 0


@pytest.mark.slow
def test_fifty_kills_at_random_instants(tmp_path, start_or_resume):
    """No scored trial is lost or scored twice, every proposal is the one of a run that was never killed."""
    log, chance = DuckDBLog(tmp_path / "log.duckdb"), random.Random(0)
    before: dict[int, float] = {}
    for kill in range(KILLS):
        known = count_journal_scores(log)
        process, exit_code = start_or_resume(log, ENDLESS, slots=1 + kill % 3)
        if kill % 2:  # in a search, wherever that is; the others are killed anywhere, also before they have begun it
            until = time.monotonic() + 60
            while count_journal_scores(log) == known:
                assert time.monotonic() < until
                time.sleep(0.01)
        time.sleep(chance.uniform(0.0, 0.05 if kill % 2 else 0.2))
        os.kill(process, signal.SIGKILL)
        assert exit_code() == -signal.SIGKILL
        now = read_scores(log)
        assert before.items() <= now.items()
        before = now
    trials = read_run(log, "killed").state.proposal_count + 10
    _, exit_code = start_or_resume(log, trials, slots=2)
    assert exit_code() == 0

    assert all(verdict.broken is None for verdict in verify_log(log.path))
    events = read_run(log, "killed").events
    proposed = [e for e in events if isinstance(e, Proposed)]
    assert [e.trial for e in proposed] == list(range(trials))
    assert sorted(e.trial for e in events if isinstance(e, Scored)) == list(range(trials))
    assert any(e.attempt > 1 for e in events if isinstance(e, AttemptStarted))
    assert not list(find_mismatches(events))

    whole = MemoryLog()
    start_loop(whole, InstantEvaluator(), trials)
    assert [e.path for e in proposed] == [e.path for e in events_of(whole) if isinstance(e, Proposed)]
    never_killed = {e.trial: e.score for e in events_of(whole) if isinstance(e, Scored)}
    assert read_scores(log) == never_killed
