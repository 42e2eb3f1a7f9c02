"""Many searches of one space, over all cores, into one log."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import Any

from attrs import define, evolve, field, frozen

from archwright.core.errors import ArchwrightError, show
from archwright.core.json import from_json
from archwright.core.protocols import AttemptResult, Evaluator
from archwright.core.term import Term
from archwright.search.named import SEARCHER_KIND
from archwright.search.running.attempts import as_floats, to_attempt_ended, to_scored
from archwright.search.running.callbacks import NO_CALLBACKS, StopRequest
from archwright.search.running.loop import COLLECT_TIMEOUT_SECONDS, SearchLoop, TrialsKeepFailing
from archwright.search.running.process_pool import ProcessPool
from archwright.search.running.revisions import find_new_revision
from archwright.search.running.run_writer import RunWriter
from archwright.search.running.runs import describe_simulation
from archwright.search.running.search_state import SearchState, make_initial_state, to_proposed
from archwright.search.searcher import AnySearcher
from archwright.store.chain import chain_events
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.errors import LogMissing
from archwright.store.events import Event, Proposed, RunResumed, RunStarted, Scored, event_to_json
from archwright.store.fold import RunState, fold_events
from archwright.store.log import START, EventBatch, EventLog, LoggedEvent, Position
from archwright.store.suggestions import suggest_replay

BATCH_SECONDS = 0.2  # searches that end within so long are appended in one transaction

EvaluatorFactory = Callable[[], Evaluator]  # is sent to the process that runs the search, and called there


class SearchDiffers(ArchwrightError, RuntimeError):
    """A search that is to be resumed, but whose trials are not the logged ones when they are run again."""


@frozen
class ComparedSearch:
    """One search of a comparison."""

    run: str  # its name in the log
    started: RunStarted
    # Its searcher, where that is a value whose class no other process can import; None: the log names it.
    given_searcher: AnySearcher | None = None

    def load_searcher(self) -> AnySearcher:
        """Its searcher, which the person who compares has given or named: its code may run."""
        return self.given_searcher or SEARCHER_KIND.from_json(self.started.searcher, trusted=True)


@frozen
class SearchJob:
    """What a process needs to run a search, or the rest of one."""

    search: ComparedSearch
    logged_events: Sequence[LoggedEvent]  # of the search so far; empty if it is new


def plan_comparison(
    stem: str,
    starts: Mapping[str, RunStarted],
    seeds: int,
    given_searchers: Mapping[str, AnySearcher] | None = None,
) -> tuple[ComparedSearch, ...]:
    """A search for each searcher and each seed 0 .. seeds-1, seed by seed: so the first results are of all searchers.

    `starts` say what each searcher's searches are, but for the seed, by the label that it has in the names of runs, as
    in STEM.LABEL.SEED; `given_searchers` are those of them that no other process can import.
    """
    given = given_searchers or {}
    return tuple(
        ComparedSearch(f"{stem}.{label}.{seed}", evolve(started, seed=seed), given.get(label))
        for seed in range(seeds)
        for label, started in starts.items()
    )


def run_searches(
    log: DuckDBLog,
    searches: Sequence[ComparedSearch],
    open_evaluator: EvaluatorFactory,
    *,
    processes: int,
    get_stop_request: Callable[[], StopRequest] = NO_CALLBACKS.get_stop_request,
) -> Iterator[ComparedSearch]:
    """Run `searches` in parallel, and yield each once all of it is in the log.

    For quick searches, such as those over a table: the evaluator gives the same result every time, also where it stands
    for several workers. Searches that end at about the same time share a transaction. One that is in the log with fewer
    trials is resumed. On a graceful stop request, searches that have started run to their end; on an immediate one,
    they are killed. Those that have ended are logged in any case, also where this raises: ProcessDied,
    SearchDiffers, and what an evaluator raises.
    """
    logged_runs = _list_runs(log)

    def make_job(search: ComparedSearch) -> SearchJob:
        plain_search = evolve(search, given_searcher=None)  # which each process has been given once
        return SearchJob(plain_search, log.read(search.run) if search.run in logged_runs else [])

    given_searchers = {search.run: search.given_searcher for search in searches if search.given_searcher is not None}
    run_job = partial(run_search, open_evaluator, log.path, given_searchers=given_searchers)
    with ProcessPool(run_job, make_job, searches, min(processes, len(searches))) as pool:
        while pool.is_running and (request := get_stop_request()) < StopRequest.IMMEDIATE:
            if request > StopRequest.NONE:
                pool.cancel_waiting()
            yield from _append_results(log, pool.collect(BATCH_SECONDS))
            pool.raise_failure()
        yield from _append_results(log, pool.collect(0))


def _list_runs(log: EventLog) -> set[str]:
    try:
        return set(log.runs())
    except LogMissing:  # the first run makes the file
        return set()


def _append_results(log: EventLog, results: Sequence[tuple[ComparedSearch, EventBatch]]) -> Sequence[ComparedSearch]:
    log.append_all([batch for _, batch in results])
    return [search for search, _ in results]


def run_search(
    open_evaluator: EvaluatorFactory,
    log_path: Path,
    job: SearchJob,
    *,
    given_searchers: Mapping[str, AnySearcher] | None = None,
) -> EventBatch:
    """Run a search, or the rest of one that the log has in part; its new events, ready to be appended.

    `given_searchers` has its searcher by its run, where that is one that this process cannot import. All events have
    the time at which the search ended. A search whose trials keep failing ends there, as any other.
    """
    evaluator, log = open_evaluator(), _MemoryLog()
    job = evolve(job, search=evolve(job.search, given_searcher=(given_searchers or {}).get(job.search.run)))
    try:
        if job.logged_events:
            loop, first_event = _make_resumed_loop(log, log_path, job, evaluator)
        else:
            first_event = evolve(job.search.started, **describe_simulation(evaluator))
            search_state = _make_initial_state(job.search)
            loop = SearchLoop(log, "run", START, RunState(), search_state, evaluator)
        with suppress(TrialsKeepFailing):  # the last event says so
            loop.run(first_event)
    finally:
        evaluator.close()
    position = job.logged_events[-1].position if job.logged_events else START
    return chain_events(job.search.run, log.events, [time.time()] * len(log.events), position)


def _make_initial_state(search: ComparedSearch) -> SearchState[Any]:
    started = search.started
    return make_initial_state(started, _read_space(json.dumps(started.space)), search.load_searcher())


def _make_resumed_loop(
    log: "_MemoryLog", log_path: Path, job: SearchJob, evaluator: Evaluator
) -> tuple[SearchLoop, RunResumed]:
    """The loop that goes on after the logged events, and its first event, as `resume_run` would make them."""
    events = [entry.event for entry in job.logged_events]
    run_state = fold_events(events)
    search_state = _rerun_search(log_path, job.search, events, evaluator)
    started = job.search.started
    resumption = RunResumed(
        versions=started.versions,
        revision=find_new_revision(events, search_state.searcher),
        **describe_simulation(evaluator),
        **started.ends.by_name,
    )
    return SearchLoop(log, "run", job.logged_events[-1].position, run_state, search_state, evaluator), resumption


def _rerun_search(
    log_path: Path, search: ComparedSearch, events: Sequence[Event], evaluator: Evaluator
) -> SearchState[Any]:
    """The state of the search after `events`, each of whose proposals is made again, and each of its scores.

    That is done in the order of the log, whatever ends and how many workers each of its processes had. Raises
    SearchDiffers if one is not the logged one.
    """
    writer = RunWriter(_MemoryLog(), "run", START, RunState(), _make_initial_state(search))
    for event in events:
        match event:
            case Proposed():
                proposal = writer.search_state.propose()
                _require_same(log_path, search, event, None if proposal is None else to_proposed(proposal))
            case Scored(trial):
                _require_same(log_path, search, event, _score_again(writer, trial, evaluator))
            case _:
                pass
        writer.record(event)
    return writer.search_state


def _score_again(writer: RunWriter, trial: int, evaluator: Evaluator) -> Scored:
    """What the searcher would be told of an open trial now."""
    objective, last_value = writer.search_state.problem.objective, None
    job = writer.make_job(trial, writer.run_state.trials[trial].attempts, writer.run_state.clock)
    evaluator.submit(job)
    while True:
        for message in evaluator.collect(COLLECT_TIMEOUT_SECONDS):
            if isinstance(message, AttemptResult):
                return to_scored(to_attempt_ended(message, objective, last_value), objective)
            last_value = as_floats(message.metrics).get(objective.metric, last_value)


def _require_same(log_path: Path, search: ComparedSearch, logged: Event, rerun: Event | None) -> None:
    # As JSON, in which NaN equals NaN.
    if rerun is None or event_to_json(logged) != event_to_json(rerun):
        verify = suggest_replay(log_path, search.run)
        raise SearchDiffers(
            f"{search.run} is logged with other trials than it has now, the first of them in {show(logged, 200)}, "
            f"where now is {show(rerun, 200)}: the table, or archwright, has changed since; give the comparison "
            f"another --name (name= in Python), and see what its searcher would do now: {verify}"
        )


@define
class _MemoryLog:
    """A log of one run in memory, without JSON and hashes: those are made once the search has ended."""

    events: list[Event] = field(factory=list[Event])

    def append(
        self, run: str, events: Sequence[Event], after: Position, times: Sequence[float] | None = None
    ) -> Position:
        del run, times
        self.events.extend(events)
        return Position(after.seq + len(events), "")

    def read(self, run: str, after: int = 0, upto: int | None = None) -> list[LoggedEvent]:
        del run, after, upto
        raise AssertionError("no append to it fails, after which it would be read")


@cache
def _read_space(text: str) -> Term:
    """The space of this JSON: one object for all searches of a process, so that they share what is cached on it."""
    return from_json(json.loads(text))
