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
from archwright.search.running.loop import NO_CALLBACKS, SearchLoop, StopRequest, TrialsKeepFailing
from archwright.search.running.process_pool import ProcessPool
from archwright.search.running.revisions import find_new_revision
from archwright.search.running.search_state import SearchState, start_search_in
from archwright.store.chain import chain_events
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.errors import LogMissing
from archwright.store.events import AttemptEnded, Event, Proposed, RunResumed, RunStarted, Scored, event_to_json
from archwright.store.fold import RunState, fold_events
from archwright.store.log import START, EventBatch, Log, LoggedEvent, Position

BATCH_SECONDS = 0.2  # in which searches that end share a transaction

EvaluatorFactory = Callable[[], Evaluator]  # is pickled, and called in the process that runs the search


class SearchDiffers(ArchwrightError, RuntimeError):
    """A search that is to be resumed, and whose logged trials come out otherwise when they are run again."""


@frozen
class ComparedSearch:
    """One search of a comparison."""

    run: str  # its name in the log
    started: RunStarted


@frozen
class SearchJob:
    """What a process needs to run a search, or the rest of one."""

    search: ComparedSearch
    logged: Sequence[LoggedEvent]  # what the log has of it; empty if it is new


def plan_comparison(
    stem: str, started: RunStarted, searchers: Mapping[str, JSON], seeds: int
) -> tuple[ComparedSearch, ...]:
    """A search for each searcher and each seed 0 .. seeds-1, seed by seed: so the first results are of all searchers.

    `searchers` are the searchers' JSON by the label that they have in the names of runs, as in STEM.LABEL.SEED.
    """
    return tuple(
        ComparedSearch(f"{stem}.{label}.{seed}", evolve(started, searcher=searcher, seed=seed))
        for seed in range(seeds)
        for label, searcher in searchers.items()
    )


def run_searches(
    log: DuckDBLog,
    searches: Sequence[ComparedSearch],
    open_evaluator: EvaluatorFactory,
    *,
    processes: int,
    get_stop_request: Callable[[], StopRequest] = NO_CALLBACKS.get_stop_request,
) -> Iterator[ComparedSearch]:
    """Each of `searches` once all of it is in the log; those that end at about the same time share a transaction.

    For searches that are quick, such as those over a table: the evaluator runs one job at a time, and gives the same
    result every time. A search that is in the log with fewer trials goes on as if it were resumed. On a graceful stop
    request, searches that have started run to their end; on an immediate one, they are given up. What has ended is
    logged in any case, also where this raises: ProcessDied, SearchDiffers, and what an evaluator raises.
    """
    logged_runs = _list_runs(log)

    def make_job(search: ComparedSearch) -> SearchJob:
        return SearchJob(search, log.read(search.run) if search.run in logged_runs else [])

    function = partial(run_search, open_evaluator, log.path)
    with ProcessPool(function, make_job, searches, min(processes, len(searches))) as pool:
        while pool.is_running and (request := get_stop_request()) < StopRequest.IMMEDIATE:
            if request > StopRequest.NONE:
                pool.cancel_waiting()
            yield from _append(log, pool.collect(BATCH_SECONDS))
            pool.raise_failure()
        yield from _append(log, pool.collect(0))


def _list_runs(log: Log) -> set[str]:
    try:
        return set(log.runs())
    except LogMissing:  # the first run makes the file
        return set()


def _append(log: Log, results: Sequence[tuple[ComparedSearch, EventBatch]]) -> Sequence[ComparedSearch]:
    log.append_all([batch for _, batch in results])
    return [search for search, _ in results]


def run_search(open_evaluator: EvaluatorFactory, log_path: Path, job: SearchJob) -> EventBatch:
    """The events of a whole search, or of the rest of one in the log, which is run here and ready to be appended.

    All events have the time at which the search ended. A search whose trials keep failing ends there, as any other.
    """
    evaluator, log = open_evaluator(), _EventList()
    try:
        if job.logged:
            loop, first_event = _prepare_resumption(log, log_path, job, evaluator)
        else:
            loop, first_event = _make_loop(log, job.search.started, evaluator), job.search.started
        with suppress(TrialsKeepFailing):  # the last event says so
            loop.run(first_event)
    finally:
        evaluator.close()
    position = job.logged[-1].position if job.logged else START
    return chain_events(job.search.run, log.events, [time.time()] * len(log.events), position)


def _make_loop(log: "_EventList", started: RunStarted, evaluator: Evaluator, **options: Any) -> SearchLoop:
    search_state = start_search_in(_read_space(json.dumps(started.space)), started)
    return SearchLoop(log, "run", START, RunState(), search_state, evaluator, **options)


def _prepare_resumption(
    log: "_EventList", log_path: Path, job: SearchJob, evaluator: Evaluator
) -> tuple[SearchLoop, RunResumed]:
    """The loop that goes on from the logged events, and its first event: as if the run were resumed alone."""
    events = [entry.event for entry in job.logged]
    state = fold_events(events)
    search_state = _repeat_search(log_path, job.search, events, state.scored, evaluator)
    revision = find_new_revision(events)  # known by now, also where the log does not name it
    started = job.search.started
    resumed = RunResumed(started.trials, started.versions, revision=revision)
    return SearchLoop(log, "run", job.logged[-1].position, state, search_state, evaluator), resumed


def _repeat_search(
    log_path: Path, search: ComparedSearch, events: Sequence[Event], scored: int, evaluator: Evaluator
) -> SearchState[Any]:
    """The state of the search after `events`, by running all of its trials again, `scored` of which have a score.

    Raises SearchDiffers where a trial is another one now, or has another score.
    """
    log, started = _EventList(), evolve(search.started, trials=scored)
    loop = _make_loop(log, started, evaluator, max_consecutive_failures=scored + 1)
    loop.run(started)
    logged = _select_decisive(events)[: 2 * scored]
    for before, now in zip_longest(logged, _select_decisive(log.events)):
        # They are compared as they are written: a metric may be NaN.
        if before is None or now is None or event_to_json(before) != event_to_json(now):
            verify = suggest_command(log_path, "replay", search.run, "--verify")
            raise SearchDiffers(
                f"{search.run} is logged with other trials than it has now, the first of them in {before!r:.200}, "
                f"where now is {now!r:.200}: the table, or archwright, has changed since; give the comparison another "
                f"--name (what its searcher would do now: {verify})"
            )
    scored_trials = {event.trial for event in events if isinstance(event, Scored)}
    open_trial_events = [
        event
        for event in events
        if isinstance(event, Proposed | AttemptEnded) and event.trial not in scored_trials  # when the run was killed
    ]
    return reduce(SearchState[Any].fold, open_trial_events, loop.search_state)


def _select_decisive(events: Sequence[Event]) -> list[Event]:
    """What the searcher proposed and the scores that it was told: all that its next proposals depend on."""
    return [event for event in events if isinstance(event, Proposed | Scored)]


@define
class _EventList:
    """A log of one run in memory, which writes no JSON before the search has ended."""

    events: list[Event] = field(factory=list[Event])

    def append(
        self, run: str, events: Sequence[Event], after: Position, times: Sequence[float] | None = None
    ) -> Position:
        del run, times
        self.events.extend(events)
        return Position(after.seq + len(events), "")


@cache
def _read_space(text: str) -> Term:
    """The term of some JSON: one object for all searches of a process, so that what it has cached serves them all."""
    return from_json(json.loads(text))
