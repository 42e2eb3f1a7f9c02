"""Trials that are continued, from the proposal to the log and the disk, in processes that are killed."""

import math
import os
import signal
import subprocess
import sys

import pytest

from archwright.evaluate.training.trained_model import read_model
from archwright.search.running.revisions import find_mismatches
from archwright.search.running.runs import read_run
from archwright.store.artifacts import find_kinds, find_trials, locate_run_folder
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import AttemptEnded, Proposed, Reported, Scored
from tests.paths import ROOT
from tests.search.halving import Halving
from tests.search.promoting import open_pool, promote

TIMES = ("seconds", "second", "memory")


def ends(events):
    """The metrics of each trial, without those that a clock or the memory decides."""
    ok = [event for event in events if isinstance(event, AttemptEnded) and event.status == "ok"]
    return {e.trial: {k: v for k, v in e.metrics.items() if not any(t in k for t in TIMES)} for e in ok}


def killed_at(path, jobs=math.inf, scores=math.inf):
    """A process that goes on with the run, and kills itself there: nobody else is sure to come at that instant."""
    command = [sys.executable, "-m", "tests.search.promoting", str(path), str(jobs), str(scores)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])}
    assert subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode == -signal.SIGKILL


@pytest.mark.slow
def test_a_halving_that_is_killed_and_resumed_continues_as_the_one_that_was_not(tmp_path):
    """The same proposals, scores and metrics, the same weights kept, and nothing else left beside the log.

    Killed as the third trial begins, and just when the first trial that continues another is scored.
    """
    whole, killed = tmp_path / "whole.duckdb", tmp_path / "killed.duckdb"
    killed_at(killed, jobs=3)
    killed_at(killed, scores=3)
    with open_pool() as pool:
        promote(whole, pool)
        promote(killed, pool)

    events, again = (read_run(DuckDBLog(path), "promoted").events for path in (whole, killed))
    continues = {e.trial: e.continues for e in events if isinstance(e, Proposed)}
    assert [parent is not None for parent in continues.values()] == [False] * 4 + [True] * 3
    assert continues == {e.trial: e.continues for e in again if isinstance(e, Proposed)}
    assert not list(find_mismatches(events, Halving()))
    assert not list(find_mismatches(again, Halving()))
    assert sorted(e.trial for e in again if isinstance(e, Scored)) == list(range(7))
    assert ends(events) == ends(again)

    metrics = ends(again)
    assert [(metrics[n]["epochs"], metrics[n]["spent_epochs"]) for n in (4, 5, 6)] == [(2, 1), (2, 1), (4, 2)]
    assert [e.epoch for e in events if isinstance(e, Reported) and e.trial == 6] == [3, 4]

    folders = [locate_run_folder(path, "promoted") for path in (whole, killed)]
    (best,) = find_trials(folders[0])
    assert find_trials(folders[1]) == {best}
    assert [find_kinds(folder, best) for folder in folders] == [{"model"}, {"model"}]
    ours, theirs = (read_model(folder, best)[0] for folder in folders)
    assert all(bool((ours[name] == theirs[name]).all()) for name in ours)
