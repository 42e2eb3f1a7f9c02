"""Many searches of one space, over all cores, into one log."""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from functools import cache
from multiprocessing import get_context

from attrs import evolve, frozen

from archwright.core.serial import JSON, from_json
from archwright.core.term import Term
from archwright.core.trial import Evaluator
from archwright.search.replay import begin_in
from archwright.search.run import Run, Stop
from archwright.store.events import Event, RunStarted
from archwright.store.fold import RunState
from archwright.store.log import START, Log
from archwright.store.memory import MemoryLog

Open = Callable[[], Evaluator]  # makes the evaluator in the process that runs the search; it must be picklable


@frozen
class Entry:
    """One search of a comparison."""

    run: str  # its name in the log
    started: RunStarted


def grid(stem: str, started: RunStarted, searchers: Mapping[str, JSON], seeds: int) -> tuple[Entry, ...]:
    """A search for each searcher and each seed 0 .. seeds-1, seed by seed: all of them are seen early.

    `searchers` are the searchers' JSON by the label that they have in the names of runs, as in STEM.LABEL.SEED.
    """
    return tuple(
        Entry(f"{stem}.{label}.{seed}", evolve(started, searcher=searcher, seed=seed))
        for seed in range(seeds)
        for label, searcher in searchers.items()
    )


def outstanding(log: Log, entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Those that the log does not hold: a comparison that was stopped goes on with them."""
    there = set(log.runs())
    return tuple(entry for entry in entries if entry.run not in there)


def events_of(started: RunStarted, open_evaluator: Open) -> Sequence[Event]:
    """All events of a whole search, run here and logged nowhere."""
    log = MemoryLog()
    belief = begin_in(_space(json.dumps(started.space)), started)
    evaluator = open_evaluator()
    try:
        run = Run(log, "run", START, RunState(), belief, evaluator, failures_in_a_row=started.trials + 1)
        run.go_on(started)
    finally:
        evaluator.close()
    return [recorded.event for recorded in log.read("run")]


@cache
def _space(text: str) -> Term:
    """The term of some JSON: the same object for every search of a process, with all that was worked out about it."""
    return from_json(json.loads(text))


def run_all(
    log: Log,
    entries: Sequence[Entry],
    open_evaluator: Open,
    *,
    processes: int | None = None,
    stop: Callable[[], Stop] = lambda: Stop.NO,
) -> Iterator[Entry]:
    """Each entry once its search is in the log, in one transaction: so a run is there whole or not at all.

    For searches that are quick, such as those over a table. `processes` are as many as there are cores, if not given.
    A search that has begun when the person wants to stop is given up: it is run again when the comparison goes on.
    """
    count = processes or os.cpu_count() or 1
    # Spawned, as forking a process that holds threads, as DuckDB's does, may leave it locked.
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
        futures: dict[Future[Sequence[Event]], Entry] = {}
        waiting = iter(entries)
        try:
            for entry in waiting:
                futures[pool.submit(events_of, entry.started, open_evaluator)] = entry
                if len(futures) >= 4 * count:
                    yield from _collected(log, futures, stop)
                if stop() > Stop.NO:
                    break
            while futures and stop() == Stop.NO:
                yield from _collected(log, futures, stop)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _collected(log: Log, futures: dict[Future[Sequence[Event]], Entry], stop: Callable[[], Stop]) -> Iterator[Entry]:
    """The first search that is done, and logged."""
    done = next(as_completed(futures))
    entry = futures.pop(done)
    if stop() == Stop.NO:
        log.append(entry.run, done.result(), START)
        yield entry
