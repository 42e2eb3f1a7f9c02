"""Trainings that are promoted, to be killed: `python -m tests.search.promoting LOG JOBS SCORES [SEARCHER BUDGETS]`."""

import math
import os
import signal
import sys
from pathlib import Path

from attrs import evolve

import archwright as aw
from archwright.core.budget import Budget, parse_budgets
from archwright.core.json import to_json
from archwright.evaluate.training.evaluation import Training
from archwright.evaluate.workers.pool import WorkerPool
from archwright.search.named import SEARCHER_KIND
from archwright.search.running.callbacks import RunCallbacks
from archwright.search.running.runs import resume_run, start_run
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import Scored
from tests.search.halving import HALVING, Halving
from tests.search.instant import make_started

SPACE = aw.sequential(
    aw.settings(learning_rate=aw.reals(1e-3, 1e-1, log=True), schedule="cosine", horizon=4),
    aw.affine(units=[8, 16, 32]),
    aw.relu(),
    aw.dropout(rate=[0.1, 0.2]),
    aw.affine(units=10),
)


class SelfKillingPool(WorkerPool):
    """Kills its process after `jobs` submissions."""

    jobs = math.inf

    def submit(self, job):
        super().submit(job)
        self.jobs -= 1
        if not self.jobs:
            os.kill(os.getpid(), signal.SIGKILL)


def open_pool() -> SelfKillingPool:
    """A pool of one worker that trains."""
    return SelfKillingPool(Training(device="cpu", threads=1))


def promote(
    path: Path, pool: WorkerPool, scores: float = math.inf, searcher: str = HALVING, budgets: str | None = None
) -> None:
    """Start the run, or resume it; kills the process after `scores` scores.

    Successive halving of the tests' own, or another `searcher` with several budgets, whose rungs are as it says.
    """
    log = DuckDBLog(path)
    run_exists = log.path.exists() and "promoted" in log.runs()
    own = Halving() if searcher == HALVING else None
    started = evolve(make_started(20), space=to_json(SPACE), searcher=SEARCHER_KIND.read(searcher), keep_models=1)
    if budgets is not None:
        parsed = parse_budgets(budgets)
        assert not isinstance(parsed, Budget)
        started = evolve(started, budget=parsed.largest, budgets=budgets)
    scored: list[Scored] = []

    def on_event(event) -> None:
        if isinstance(event, Scored):
            scored.append(event)
        if len(scored) == scores:
            os.kill(os.getpid(), signal.SIGKILL)

    callbacks = RunCallbacks(on_event=on_event)
    if run_exists:
        resume_run(log, "promoted", pool, callbacks=callbacks, searcher=own)
    else:
        start_run(log, "promoted", started, pool, callbacks=callbacks, searcher=own)


if __name__ == "__main__":
    with open_pool() as pool:
        pool.jobs, scores = map(float, sys.argv[2:4])
        promote(Path(sys.argv[1]), pool, scores, *sys.argv[4:])
