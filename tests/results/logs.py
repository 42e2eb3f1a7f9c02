"""A small log of runs in a space, by the search loop and an evaluator that answers at once."""

from collections.abc import Callable
from pathlib import Path

from attrs import evolve

from archwright.core.objective import Objective
from archwright.core.protocols import AttemptResult, Job
from archwright.search.running.runs import start_run
from archwright.store.duckdb_log import DuckDBLog
from tests.search.instant import InstantEvaluator, make_started, score_job

TRIALS = 7


def fail_every_third(job: Job) -> AttemptResult:
    """As `score_job`, but trials 2, 5 ... crash."""
    if job.trial % 3 == 2:
        return AttemptResult(job.trial, job.attempt, "crashed", {}, 0.25, "it broke\n<script>alert(1)</script>")
    return score_job(job)


def log_run(
    path: Path, name: str, *, trials: int = TRIALS, verdict: Callable[[Job], AttemptResult] = fail_every_third, **rest
) -> None:
    """Append a finished run to the log at `path`."""
    started = evolve(make_started(trials), **rest)
    start_run(DuckDBLog(path), name, started, InstantEvaluator(2, verdict))


def log_runs(folder: Path) -> Path:
    """A log with two runs: one that maximizes, and one that minimizes, of which each third trial has crashed."""
    path = folder / "log.duckdb"
    log_run(path, "up-1")
    log_run(path, "down-1", objective=Objective("accuracy", "minimize"), seed=3)
    return path
