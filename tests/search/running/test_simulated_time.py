"""The simulated clock of a run, and that a run over a table is the same wherever it was killed."""

from functools import cache, partial
from hashlib import blake2b

from attrs import evolve, frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from archwright.core.ends import RunEnds
from archwright.core.protocols import AttemptResult, Job
from archwright.evaluate.tables.tabular import TableEntry, look_up_job
from archwright.evaluate.workers.simulated import SimulatedJob, SimulatedWorkers
from archwright.search.named import SEARCHER_KIND
from archwright.search.running.callbacks import RunCallbacks, StopRequest
from archwright.search.running.compare import ComparedSearch, SearchJob, run_search
from archwright.search.running.ends import measure_seconds
from archwright.search.running.loop import SearchLoop
from archwright.search.running.revisions import find_mismatches
from archwright.search.running.runs import RunRecord, describe_simulation
from archwright.search.running.search_state import make_initial_state, replay_search
from archwright.store.events import AttemptEnded, AttemptStarted, Proposed, RunResumed, RunStopped, Scored
from archwright.store.fold import RunState, fold_events
from archwright.store.log import START
from tests.search.halving import HALVING, Halving
from tests.search.instant import make_started, score_job
from tests.search.running.test_loop import events_of
from tests.store.memory_log import MemoryLog

TRIALS = 12
USUAL_ENDS = RunEnds(trials=TRIALS)


def measure(job: Job) -> SimulatedJob:
    """The score that only the architecture decides, after 0 to 3 seconds, so that ends are often equal."""
    result = score_job(job)
    seconds = blake2b(str(result.metrics).encode(), digest_size=1).digest()[0] % 4
    return SimulatedJob(AttemptResult(job.trial, job.attempt, result.status, result.metrics, seconds))


def start(workers: int, ends: RunEnds = USUAL_ENDS, **options) -> MemoryLog:
    """The log of a new run, whose searcher looks at every outcome."""
    log, evaluator = MemoryLog(), SimulatedWorkers(measure, workers)
    started = evolve(make_started(TRIALS), searcher={"name": "mcts"}, trials=ends.trials, time_limit=ends.time_limit)
    started = evolve(started, **describe_simulation(evaluator))
    SearchLoop(log, "run", START, RunState(), make_initial_state(started), evaluator, **options).run(started)
    return log


def resume(log: MemoryLog, workers: int, trials: int = TRIALS, **options) -> None:
    recorded, evaluator = log.read("run"), SimulatedWorkers(measure, workers)
    events = [entry.event for entry in recorded]
    event = RunResumed(trials, {}, **describe_simulation(evaluator))
    state = replay_search([*events, event])
    loop = SearchLoop(log, "run", recorded[-1].position, fold_events(events), state, evaluator, **options)
    loop.run(event)


def cut(events: list, length: int) -> MemoryLog:
    """What is in the log of a run that was killed when so many events were there."""
    log = MemoryLog()
    log.append("run", events[:length], START)
    return log


def list_decisions(events: list) -> list:
    """The proposals and the scores, in their order."""
    return [event for event in events if isinstance(event, Proposed | Scored)]


@cache
def list_whole(workers: int) -> list:
    return events_of(start(workers))


@settings(max_examples=30)
@given(st.integers(1, 5), st.lists(st.integers(1, 60), min_size=1, max_size=3))
def test_a_run_is_the_same_wherever_it_was_killed(workers, kills):
    """And however often: what was under way keeps its start, so that outcomes come in the same order."""
    whole = list_whole(workers)
    log = cut(whole, kills[0])
    for kill in kills[1:]:
        resume(log, workers)
        log = cut(events_of(log), kill)
    resume(log, workers)
    events = events_of(log)
    assert list_decisions(events) == list_decisions(whole)
    assert not list(find_mismatches(events))
    ends = [event.clock for event in events if isinstance(event, AttemptEnded)]
    assert ends == sorted(ends)


def test_a_run_that_a_person_stops_goes_on_as_if_it_never_had():
    """It stops at once, and nothing of it is lost."""
    seen: list = []
    get_stop_request = lambda: StopRequest.GRACEFUL if len(seen) > 15 else StopRequest.NONE  # noqa: E731
    log = start(4, callbacks=RunCallbacks(get_stop_request, seen.append), clock=iter(range(10_000)).__next__)
    stopped = events_of(log)
    assert stopped[-1] == RunStopped("interrupted")
    assert RunRecord.of(log.read("run")).state.open_trials
    resume(log, 4)
    assert list_decisions(events_of(log)) == list_decisions(list_whole(4))


@given(st.integers(1, 6))
def test_workers_are_never_idle_and_never_too_many(workers):
    """Between its first start and the last proposal, so many trials are open at any instant."""
    events = list_whole(workers)
    starts = {event.trial: event.clock for event in events if isinstance(event, AttemptStarted)}
    ends = {event.trial: event.clock for event in events if isinstance(event, AttemptEnded)}
    for event in events:
        if isinstance(event, AttemptEnded):
            assert event.clock == starts[event.trial] + event.seconds
    last = max(starts.values())
    for instant in {*starts.values(), *ends.values()}:
        running = sum(starts[trial] <= instant < ends[trial] for trial in starts)
        assert running <= workers
        assert running == workers or instant >= last or any(ends[trial] == starts[trial] for trial in starts)


def test_the_clock_of_one_worker_is_the_sum_of_its_seconds():
    """So the end `time` is what it was; also of a log that has no clock, and of one that has none at its beginning."""
    log = start(1)
    record = RunRecord.of(log.read("run"))
    total = sum(event.seconds for event in record.events if isinstance(event, AttemptEnded))
    assert measure_seconds(record.state, record.run_time) == record.state.clock == total > 0
    old = [evolve(e, clock=None) if isinstance(e, AttemptStarted | AttemptEnded) else e for e in record.events]
    assert fold_events(old).clock == total
    half = cut(old, 30)
    resume(half, 1)
    assert list_decisions(events_of(half)) == list_decisions(record.events)
    assert RunRecord.of(half.read("run")).state.clock == total


def test_the_end_by_time_is_on_the_clock():
    """Three workers have three times the trials of one: what is under way when time is up comes to its end."""
    record = RunRecord.of(start(3, RunEnds(time_limit=4)).read("run"))
    assert record.state.stopped == RunStopped("finished", "its time of 4s is up")
    starts = [event.clock for event in record.events if isinstance(event, AttemptStarted)]
    assert max(starts) < 4 <= record.state.clock <= max(starts) + 3


def test_a_run_may_go_on_with_another_number_of_workers():
    """Its clock never goes back, though what was open has its own start."""
    log = cut(list_whole(5), 30)
    resume(log, 1)
    events = events_of(log)
    assert fold_events(events).simulated_workers == 1
    assert sum(isinstance(event, Scored) for event in events) == TRIALS
    ends = [event.clock for event in events if isinstance(event, AttemptEnded)]
    assert ends == sorted(ends)


@frozen
class Curves:
    """What a table has of trainings that take a second a unit of their budget."""

    can_continue: bool

    def look_up(self, architecture, budget, seed):
        accuracy = score_job(Job(0, 1, architecture, budget, seed)).metrics["accuracy"]
        return TableEntry({"accuracy": accuracy}, budget.amount)


def halve(events: list, workers: int, *, can_continue: bool = True) -> list:
    """The events of a run of halving four models, of which these are in the log, once it is whole."""
    log, evaluator = MemoryLog(), SimulatedWorkers(partial(look_up_job, Curves(can_continue)), workers)
    started = evolve(make_started(7), searcher=SEARCHER_KIND.to_json(HALVING), **describe_simulation(evaluator))
    first = RunResumed(7, {}, **describe_simulation(evaluator)) if events else started
    log.append("run", events, START)
    states = fold_events(events), replay_search([*(events or [started]), first], Halving())
    position = log.read("run")[-1].position if events else START
    SearchLoop(log, "run", position, *states, evaluator).run(first)
    return events_of(log)


def test_a_promotion_costs_what_its_budget_adds():
    """Where the table's budgets are points of one training; else all of it."""
    for can_continue, seconds in ((True, [1] * 6 + [2]), (False, [1] * 4 + [2, 2, 4])):
        ends = [event for event in halve([], 1, can_continue=can_continue) if isinstance(event, AttemptEnded)]
        assert [event.seconds for event in ends] == seconds
        assert ends[-1].clock == sum(seconds)


@given(st.integers(1, 3), st.integers(1, 40))
def test_a_search_that_waits_for_outcomes_is_the_same_wherever_it_was_killed(workers, length):
    """It has workers that are idle meanwhile, and begin when the outcome is there."""
    whole = halve([], workers)
    assert list_decisions(halve(whole[:length], workers)) == list_decisions(whole)


@given(st.integers(1, 70), st.integers(0, 1))
def test_a_search_of_a_comparison_goes_on_from_anywhere(length, more):
    """With several workers, too: what it has proposed and scored is worked out again in the order of the log."""
    trials = TRIALS + 4 * more
    whole = events_of(start(4, RunEnds(trials=trials)))
    log = cut(list_whole(4), length)
    events = events_of(log)
    search = ComparedSearch("run", evolve(whole[0], versions={}))
    job = SearchJob(search, log.read("run"))
    batch = run_search(lambda: SimulatedWorkers(measure, 4), "log.duckdb", job)
    log.append_all([batch])
    events = events_of(log)
    assert not list(find_mismatches(events))
    assert fold_events(events).score_count == trials
    if length < len(list_decisions(list_whole(4))) or not more:
        assert list_decisions(events)[:TRIALS] == list_decisions(whole)[:TRIALS]
    if not more:
        assert list_decisions(events) == list_decisions(whole)


def test_sums_of_floats_are_no_time():
    """Ten trials of a tenth of a second take one second."""
    log = MemoryLog()
    evaluator = SimulatedWorkers(lambda job: SimulatedJob(AttemptResult(job.trial, 1, "ok", {"accuracy": 0.5}, 0.1)))
    started = evolve(make_started(10), **describe_simulation(evaluator))
    SearchLoop(log, "run", START, RunState(), make_initial_state(started), evaluator).run(started)
    state = fold_events(events_of(log))
    assert state.clock == 1.0 != state.attempt_seconds
