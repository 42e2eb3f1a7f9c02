"""Many searches of one space, over all cores, into one log."""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from functools import cache
from itertools import islice
from multiprocessing import get_context

from attrs import define, evolve, field, frozen

from archwright.core.serial import JSON, from_json
from archwright.core.term import Term
from archwright.core.trial import Evaluator
from archwright.search.replay import begin_in
from archwright.search.run import Run, Stop
from archwright.store.chain import written
from archwright.store.events import Event, RunStarted
from archwright.store.fold import RunState
from archwright.store.log import START, Log, Position, Written

GATHER = 0.2  # seconds in which searches that get done share a transaction
AHEAD = 32  # searches that are given out for each process, so that none is idle meanwhile

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


def events_of(started: RunStarted, open_evaluator: Open) -> Sequence[Event]:
    """All events of a whole search, run here and logged nowhere."""
    log = _Kept()
    belief = begin_in(_space(json.dumps(started.space)), started)
    evaluator = open_evaluator()
    try:
        run = Run(log, "run", START, RunState(), belief, evaluator, failures_in_a_row=started.trials + 1)
        run.go_on(started)
    finally:
        evaluator.close()
    return log.events


def search(entry: Entry, open_evaluator: Open) -> Written:
    """A whole search, run here and ready to be appended: its events happen at once, when it is done."""
    events = events_of(entry.started, open_evaluator)
    return written(entry.run, events, [time.time()] * len(events), START)


@define
class _Kept:
    """A log of one run that keeps events as they are: nothing is written as JSON before the search is whole."""

    events: list[Event] = field(factory=list[Event])

    def append(
        self, run: str, events: Sequence[Event], after: Position, times: Sequence[float] | None = None
    ) -> Position:
        del run, times
        self.events.extend(events)
        return Position(after.seq + len(events), "")


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
    """Each entry once its search is in the log: whole, since what is done at about the same time shares a transaction.

    For searches that are quick, such as those over a table. `processes` are as many as there are cores, if not given.
    A search that has begun when the person wants to stop is given up: it is run again when the comparison goes on.
    """
    count = processes or os.cpu_count() or 1
    # Spawned, as forking a process that holds threads, as DuckDB's does, may leave it locked.
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
        futures: dict[Future[Written], Entry] = {}
        waiting = iter(entries)
        try:
            while stop() == Stop.NO:
                for entry in islice(waiting, AHEAD * count - len(futures)):
                    futures[pool.submit(search, entry, open_evaluator)] = entry
                if not futures:
                    break
                wait(futures, GATHER)
                done = [each for each in futures if each.done()]
                if stop() == Stop.NO:
                    log.append_all([each.result() for each in done])
                    yield from [futures.pop(each) for each in done]
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
