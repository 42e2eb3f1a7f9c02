"""The running of those searches of a comparison that are still to be run."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import typer
from attrs import frozen

from archwright.cli.comparisons.logged_searches import read_logged_searches
from archwright.cli.comparisons.progress import ComparisonProgress
from archwright.cli.runs.interrupts import catch_signals
from archwright.evaluate.config import Config, WorkerConfig
from archwright.evaluate.opening import open_evaluator
from archwright.evaluate.workers.machine import count_cores
from archwright.evaluate.workers.pool import WorkerPool
from archwright.search.running.compare import ComparedSearch, run_searches
from archwright.search.running.loop import RunCallbacks, StopRequest, TrialsKeepFailing
from archwright.search.running.runs import read_run, resume_run, start_run
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.fold import RunState


@frozen
class WorkerOptions:
    """What runs the searches of a comparison."""

    config: Config
    source: str  # of the space
    workers: int
    trial_timeout: float | None
    retries: int
    grace: float  # seconds that running trials have after SIGTERM


def find_unfinished(log: DuckDBLog, entries: Sequence[ComparedSearch]) -> Sequence[ComparedSearch]:
    """The searches that are still to be run, or gone on with; BadOption where a run in the log is another search."""
    there = read_logged_searches(log.path, entries)
    return [entry for entry in entries if entry.run not in there or there[entry.run].reached < entry.started.trials]


def run_comparison(log: DuckDBLog, entries: Sequence[ComparedSearch], force: WorkerOptions, again: str) -> None:
    """Run what is still to be run, saying how far it is; typer.Exit where a person stops it.

    They are told `again`, the command that goes on.
    """
    rest = find_unfinished(log, entries)
    done = len(entries) - len(rest)
    overview = ComparisonProgress(len(entries), done, isinstance(force.config, WorkerConfig))
    if done:
        overview.say(f"{done} of {len(entries)} searches are in {log.path} already")
    with catch_signals(force.grace) as interrupts:
        with overview.shown():
            for said in run_unfinished(log, rest, force, overview, lambda: overview.stop(interrupts)):
                overview.end(said)
        if interrupts.received and find_unfinished(log, entries):
            overview.say(f"go on:           {again}")
            raise typer.Exit(interrupts.exit_code)


def run_unfinished(
    log: DuckDBLog,
    entries: Sequence[ComparedSearch],
    force: WorkerOptions,
    overview: ComparisonProgress,
    stop: Callable[[], StopRequest],
) -> Iterator[str]:
    """What is to be said of each search once it is done: over a table many at once, with trainings one by one."""
    if not entries:
        return
    if isinstance(force.config, WorkerConfig):
        yield from _run_trainings(log, entries, force, overview, stop)
    else:
        factory = partial(open_evaluator, force.config)
        for entry in run_searches(log, entries, factory, processes=count_cores(), get_stop_request=stop):
            yield f"{entry.run} is done"


def _run_trainings(
    log: DuckDBLog,
    entries: Sequence[ComparedSearch],
    force: WorkerOptions,
    overview: ComparisonProgress,
    stop: Callable[[], StopRequest],
) -> Iterator[str]:
    assert isinstance(force.config, WorkerConfig)
    there = set(log.runs()) if log.path.exists() else set[str]()
    timeout, source, retries = force.trial_timeout, force.source, force.retries
    callbacks = RunCallbacks(stop, overview.watch)
    with WorkerPool(force.config, workers=force.workers, space_source=source, trial_timeout=timeout) as pool:
        pool.warm_up(stop)
        for entry in entries:
            if stop():
                return
            state = read_run(log, entry.run).state if entry.run in there else None
            overview.begin(entry.run, state or RunState(), entry.started.objective)
            try:
                if state is None:
                    stopped = start_run(log, entry.run, entry.started, pool, callbacks=callbacks, retries=retries)
                else:
                    trials = entry.started.trials
                    stopped = resume_run(log, entry.run, pool, trials=trials, callbacks=callbacks, retries=retries)
            except TrialsKeepFailing:  # of which the log tells, and which keeps no other search from running
                yield f"{entry.run} stopped, as too many trials in a row failed"
            else:
                if stopped.reason == "interrupted":
                    return
                yield f"{entry.run} is done"
