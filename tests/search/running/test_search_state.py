"""The state of a search after the events of its log, also where a fork or a changed space goes on from them."""

from functools import reduce

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from archwright.core.ends import RunEnds
from archwright.core.json import to_json
from archwright.core.protocols import AttemptResult, Job
from archwright.search.named import SEARCHER_KIND
from archwright.search.running.revisions import find_mismatches
from archwright.search.running.runs import make_fork_event, read_run
from archwright.search.running.search_state import SearchState, replay_search
from archwright.store.events import Proposed, RunResumed, RunStarted
from archwright.store.log import START
from archwright.store.runs import fork_run
from tests.search.instant import SPACE, InstantEvaluator, make_started, score_job
from tests.search.running.test_loop import events_of, make_loop, resume_loop, start_loop
from tests.store.memory_log import MemoryLog


def one_run(slots: int = 2, trials: int = 6) -> MemoryLog:
    log = MemoryLog()
    start_loop(log, InstantEvaluator(slots), trials)
    return log


@given(st.data())
def test_the_search_state_is_a_fold(data):
    """replay(prefix + suffix) is the suffix folded over replay(prefix)."""
    events = events_of(one_run())
    cut = data.draw(st.integers(1, len(events)))
    search_state = replay_search(events[:cut])
    for event in events[cut:]:
        search_state = search_state.fold(event)
    assert search_state.searcher_state == replay_search(events).searcher_state
    assert search_state.open_trials == replay_search(events).open_trials


@given(st.integers(1, 20), st.integers(0, 3))
def test_fork_inherits_and_goes_its_own_way(at, seed):
    """What a fork inherits is taken over; what it proposes itself is its own seed's, and can be verified."""
    log = one_run()
    at = min(at, len(events_of(log)))
    parent = read_run(log, "run", at)
    fork_run(log, "run", at, "fork", make_fork_event(parent, seed=seed, ends=RunEnds(trials=9)))
    begun_events = events_of(log, "fork")
    assert replay_search(begun_events).proposal_count == parent.state.proposal_count
    later = MemoryLog()
    later.append("run", begun_events, START)
    assert resume_loop(later, InstantEvaluator(1), 9).reason == "finished"
    events = events_of(later)
    assert not list(find_mismatches(events))
    proposals = [e for e in events if isinstance(e, Proposed)]
    whole = [e for e in events_of(one_run(trials=9)) if isinstance(e, Proposed)]
    assert proposals[: parent.state.proposal_count] == whole[: parent.state.proposal_count]
    assert (proposals == whole) == (seed == 0)


def test_changed_space_counts_from_where_it_was_resumed():
    """Earlier proposals are verified in the space that they were made in, later ones in the new one."""
    log = one_run()
    bigger = evolve(SPACE, children=(SPACE.children[0], evolve(SPACE.children[1], count=[1, 2, 3]), SPACE.children[2]))
    events = events_of(log)
    event = RunResumed(12, {}, to_json(bigger))
    search_state = replay_search([*events, event])
    assert search_state.problem.space == bigger
    assert search_state.proposal_count == 6
    proposals = []
    for _ in range(6):
        proposal = search_state.propose()
        proposals.append(Proposed(proposal.trial, proposal.path, proposal.budget))
        search_state = search_state.fold(proposals[-1])
    assert not list(find_mismatches([*events, event, *proposals]))
    assert len(list(find_mismatches([*events, evolve(event, space=None), *proposals]))) > 0


def test_started_is_all_that_a_replay_needs():
    """The space in the log is the space of the run."""
    (started, *_) = events_of(one_run())
    assert isinstance(started, RunStarted)
    assert replay_search([started]).problem.space == SPACE


def interrupted_once(job: Job) -> AttemptResult:
    """Each third trial is killed in its first attempt, after a quarter of a second."""
    if job.trial % 3 == 0 and job.attempt == 1:
        return AttemptResult(job.trial, job.attempt, "crashed", {}, 0.25, "killed", transient=True)
    return score_job(job)


@given(st.integers(1, 3), st.integers(0, 20), st.data())
def test_the_cost_of_an_outcome_is_that_of_all_its_attempts(slots, seed, data):
    """Live, resumed anywhere, and replayed: 0.5 s, and 0.25 s more where an attempt was retried."""
    start = evolve(make_started(8), searcher=SEARCHER_KIND.to_json("evolution"))
    log = MemoryLog()
    loop = make_loop(log, start, InstantEvaluator(slots, interrupted_once, seed))
    loop.run(start)

    def find_costs(search_state):
        return {outcome.proposal.trial: outcome.seconds for outcome in search_state.searcher_state.population}

    events = events_of(log)
    assert find_costs(loop.search_state) == {trial: 0.5 + 0.25 * (trial % 3 == 0) for trial in range(8)}
    assert replay_search(events).searcher_state == loop.search_state.searcher_state
    cut = data.draw(st.integers(1, len(events)))
    assert (
        reduce(SearchState.fold, events[cut:], replay_search(events[:cut])).searcher_state
        == loop.search_state.searcher_state
    )
    assert not loop.search_state.attempt_seconds
