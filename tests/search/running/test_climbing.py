"""ASHA over real trainings, in processes that are killed: the same as one that was not, and no checkpoint too many."""

import math
import os
import signal
import subprocess
import sys

import pytest

from archwright.search.named import SEARCHER_KIND
from archwright.search.running.revisions import find_mismatches
from archwright.search.running.runs import read_run
from archwright.search.running.search_state import replay_search
from archwright.store.artifacts import find_kinds, find_trials, locate_run_folder
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import Proposed, Reported, Scored
from tests.paths import ROOT
from tests.search.promoting import open_pool, promote
from tests.search.running.test_promoting import ends

ASHA = "asha(sampler=random)"
BUDGETS = "1epochs..4epochs"


def kill_at(path, searcher, jobs=math.inf, scores=math.inf):
    """A process that goes on with the run, and kills itself there."""
    command = [sys.executable, "-m", "tests.search.promoting", str(path), str(jobs), str(scores), searcher, BUDGETS]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])}
    assert subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode == -signal.SIGKILL


@pytest.mark.slow
@pytest.mark.parametrize(
    ("searcher", "keeps"),
    # Twenty trials are four brackets of Hyperband, and then nothing can be promoted any more.
    [("asha,eta=2", True), ("hyperband,eta=2", False), ("asha,eta=2,fresh=true", False)],
)
def test_a_ladder_that_is_killed_and_resumed_is_the_one_that_was_not(tmp_path, searcher, keeps):
    """Killed as a trial begins, and just when one is scored: proposals, scores, metrics and files are the same."""
    whole, killed = tmp_path / "whole.duckdb", tmp_path / "killed.duckdb"
    kill_at(killed, searcher, jobs=3)
    kill_at(killed, searcher, scores=4)
    with open_pool() as pool:
        promote(whole, pool, searcher=searcher, budgets=BUDGETS)
        promote(killed, pool, searcher=searcher, budgets=BUDGETS)
    events, again = (read_run(DuckDBLog(path), "promoted").events for path in (whole, killed))
    proposed, proposed_again = ([e for e in run if isinstance(e, Proposed)] for run in (events, again))
    assert proposed == proposed_again
    assert any(event.promotes is not None for event in proposed)
    assert list(find_mismatches(events)) == list(find_mismatches(again)) == []
    assert sorted(e.trial for e in again if isinstance(e, Scored)) == list(range(20))
    assert ends(events) == ends(again)
    promotion = next(event for event in proposed if event.promotes is not None)
    epochs = [e.epoch for e in events if isinstance(e, Reported) and e.trial == promotion.trial]
    begun = 0 if "fresh" in searcher else proposed[promotion.promotes].budget.amount
    assert epochs == list(range(int(begun) + 1, int(promotion.budget.amount) + 1))
    promotable = replay_search(events).promotable
    for path in (whole, killed):
        folder = locate_run_folder(path, "promoted")
        kept = {trial for trial in find_trials(folder) if "state" in find_kinds(folder, trial)}
        assert kept == set(promotable)
    assert bool(promotable) == keeps


def test_the_searchers_of_these_tests_are_read_as_they_are_meant():
    """By the words of the command line."""
    assert SEARCHER_KIND.read("asha,eta=2")["eta"] == 2.0
    assert SEARCHER_KIND.read(ASHA) == SEARCHER_KIND.read("asha")
