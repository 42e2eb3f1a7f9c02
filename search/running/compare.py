"""Many searches of one space, over all cores, into one log."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache, partial, reduce
from itertools import zip_longest
from pathlib import Path
from typing import Any

from attrs import define, evolve, field, frozen

from archwright.core.errors import ArchwrightError, suggest_command
from archwright.core.json import JSON, from_json
from archwright.core.protocols import Evaluator
from archwright.core.term import Term
from archwright.search.running.loop import SearchLoop, StopRequest, TrialsKeepFailing
from archwright.search.running.process_pool import Crew
from archwright.search.running.replay import SearchState, find_new_revision, start_search_in
from archwright.store.chain import chain_events
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.errors import LogMissing
from archwright.store.events import Event, Proposed, RunResumed, RunStarted, Scored, event_to_json
from archwright.store.fold import RunState, fold_events
from archwright.store.log import START, EventBatch, Log, LoggedEvent, Position

GATHER = 0.2  # seconds in which searches that get done share a transaction

Open = Callable[[], Evaluator]  # makes the evaluator in the process that runs the search; it must be picklable


class SearchDiffers(ArchwrightError, RuntimeError):
    """A search that comes out otherwise than it was logged, where it is done again to be gone on with."""


@frozen
class Entry:
    """One search of a comparison."""

    run: str  # its name in the log
    started: RunStarted


Job = tuple[Entry, Sequence[LoggedEvent]]  # a search, and what the log holds of it already


def grid(stem: str, started: RunStarted, searchers: Mapping[str, JSON], seeds: int) -> tuple[Entry, ...]:
    """A search for each searcher and each seed 0 .. seeds-1, seed by seed: all of them are seen early.

    `searchers` are the searchers' JSON by the label that they have in the names of runs, as in STEM.LABEL.SEED.
    """
    return tuple(
        Entry(f"{stem}.{label}.{seed}", evolve(started, searcher=searcher, seed=seed))
        for seed in range(seeds)
        for label, searcher in searchers.items()
    )


def run_all(
    log: DuckDBLog,
    entries: Sequence[Entry],
    open_evaluator: Open,
    *,
    processes: int,
    stop: Callable[[], StopRequest] = lambda: StopRequest.NONE,
) -> Iterator[Entry]:
    """Each entry once its search is in the log: whole, since what is done at about the same time shares a transaction.

    For searches that are quick, such as those over a table: their evaluator does one job at a time, and says the same
    every time. One that is in the log with fewer trials is gone on with as if it were resumed. Where the person wants
    to stop soon, searches that have begun come to their end; where at once, they are given up. What is done is logged
    in any case, also where this raises: ProcessDied, SearchDiffers, and what an evaluator raises.
    """
    there = _runs(log)

    def job(entry: Entry) -> Job:
        return entry, log.read(entry.run) if entry.run in there else []

    with Crew(partial(search, open_evaluator, log.path), job, entries, min(processes, len(entries))) as crew:
        while crew.at_work and (urgency := stop()) < StopRequest.IMMEDIATE:
            if urgency > StopRequest.NONE:
                crew.give_no_more()
            yield from _logged(log, crew.done(GATHER))
            crew.check()
        yield from _logged(log, crew.done(0))


def _runs(log: Log) -> set[str]:
    try:
        return set(log.runs())
    except LogMissing:  # the first run makes the file
        return set()


def _logged(log: Log, done: Sequence[tuple[Entry, EventBatch]]) -> Sequence[Entry]:
    log.append_all([rows for _, rows in done])
    return [entry for entry, _ in done]


def search(open_evaluator: Open, path: Path, job: Job) -> EventBatch:
    """A whole search, or the rest of one in the log at `path`, run here and ready to be appended.

    Its events all happen when it is done.

    A search whose trials keep failing ends there, as any other does.
    """
    entry, before = job
    evaluator, log = open_evaluator(), _Kept()
    try:
        if before:
            run, first = _gone_on_with(log, path, entry, before, evaluator)
        else:
            run, first = _run(log, entry.started, evaluator), entry.started
        with suppress(TrialsKeepFailing):  # of which the last event tells
            run.run(first)
    finally:
        evaluator.close()
    after = before[-1].position if before else START
    return chain_events(entry.run, log.events, [time.time()] * len(log.events), after)


def _run(log: "_Kept", started: RunStarted, evaluator: Evaluator, **more: Any) -> SearchLoop:
    return SearchLoop(
        log, "run", START, RunState(), start_search_in(_space(json.dumps(started.space)), started), evaluator, **more
    )


def _gone_on_with(
    log: "_Kept", path: Path, entry: Entry, before: Sequence[LoggedEvent], evaluator: Evaluator
) -> tuple[SearchLoop, RunResumed]:
    """A run that goes on from what is logged, and how it begins to: as if it had been resumed alone."""
    events = [recorded.event for recorded in before]
    state = fold_events(events)
    search_state = _repeat_search(path, entry, events, state.scored, evaluator)
    revision = find_new_revision(events)  # known by now, also where the log does not name it
    resumed = RunResumed(entry.started.trials, entry.started.versions, revision=revision)
    return SearchLoop(log, "run", before[-1].position, state, search_state, evaluator), resumed


def _repeat_search(
    path: Path, entry: Entry, events: Sequence[Event], scored: int, evaluator: Evaluator
) -> SearchState[Any]:
    """The state of the search after `events`, with so many trials scored, found by doing them all again.

    Raises SearchDiffers where a trial is another one now, or has another score.
    """
    log, started = _Kept(), evolve(entry.started, trials=scored)
    run = _run(log, started, evaluator, max_consecutive_failures=scored + 1)
    run.run(started)
    was, now = _told(events), _told(log.events)
    for logged, again in zip_longest(was[: 2 * scored], now):
        # They are compared as they are written: a metric may be NaN.
        if logged is None or again is None or event_to_json(logged) != event_to_json(again):
            raise SearchDiffers(
                f"{entry.run} is logged with other trials than it has now, the first of them in {logged!r:.200}, where "
                f"now is {again!r:.200}: the table, or archwright, has changed since; give the comparison another "
                f"--name (what its searcher would do now: {suggest_command(path, 'replay', entry.run, '--verify')})"
            )
    return reduce(SearchState[Any].fold, was[len(now) :], run.search_state)  # of a proposal that was never scored


def _told(events: Sequence[Event]) -> list[Event]:
    """What the searcher proposed, and what it was told: all that decides how it goes on."""
    return [event for event in events if isinstance(event, Proposed | Scored)]


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
