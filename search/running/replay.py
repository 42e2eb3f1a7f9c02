"""The state of a search after the events of its log, and whether its searcher would propose the same again.

Searchers change, and each change of what one proposes raises its revision. What another revision proposed is taken over
as it is logged: it can be gone on from, but nobody can propose it again.
"""

import math
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from typing import Any, Generic

from attrs import evolve, field, frozen

from archwright.core.json import JSON, from_json
from archwright.core.protocols import Outcome, Problem, Proposal
from archwright.core.term import Term
from archwright.core.value import Value
from archwright.search.searcher import (
    Searcher,
    State,
    find_promotable,
    get_revision,
    open_outcome_stream,
    open_proposal_stream,
)
from archwright.search.searchers.named import logged_searcher, searcher_from_json
from archwright.store.events import AttemptEnded, Event, Proposed, RunResumed, RunStarted, Scored


@frozen
class SearchState(Generic[State]):
    """A searcher with its state, and the trials whose outcome it waits for: the fold of a run's events."""

    searcher: Searcher[State]
    problem: Problem
    seed: int  # of everything random in the searcher
    state: State
    proposed: int = 0  # how many trials were proposed, which is the number that the next one gets
    open_trials: Mapping[int, Proposal] = field(factory=dict[int, Proposal])
    seconds: Mapping[int, float] = field(factory=dict[int, float])  # of the ended attempts at open trials

    def propose(self) -> Proposal | None:
        """What the searcher would have evaluated next."""
        uniform = open_proposal_stream(self.searcher, self.seed, self.proposed)
        return self.searcher.propose(self.state, self.proposed, uniform)

    @property
    def promotable(self) -> frozenset[int]:
        """The trials that the searcher may still continue."""
        return find_promotable(self.searcher, self.state)

    def fold(self, event: Event) -> "SearchState[State]":
        """The state after one more event; only proposals, ends of attempts and scores change it."""
        match event:
            case Proposed(trial, path, budget, continues):
                return self.adopt(Proposal(trial, self.problem.root.origin, path, budget, continues))
            case AttemptEnded(trial, seconds=seconds):
                return evolve(self, seconds={**self.seconds, trial: self.seconds.get(trial, 0.0) + seconds})
            case Scored(trial, status, score, metrics):
                open_trials, seconds = dict(self.open_trials), dict(self.seconds)
                outcome = Outcome(open_trials.pop(trial), status, score, metrics, seconds.pop(trial, 0.0))
                uniform = open_outcome_stream(self.searcher, self.seed, trial)
                state = self.searcher.tell(self.state, outcome, uniform)
                return evolve(self, state=state, open_trials=open_trials, seconds=seconds)
            case _:
                return self

    def adopt(self, proposal: Proposal) -> "SearchState[State]":
        """The state once `proposal`, this searcher's or another's, is under way."""
        state = self.searcher.adopt(self.state, proposal)
        open_trials = {**self.open_trials, proposal.trial: proposal}
        return evolve(self, state=state, proposed=max(self.proposed, proposal.trial + 1), open_trials=open_trials)


@frozen
class Mismatch:
    """A logged proposal that the searcher does not make again."""

    seq: int
    trial: int
    logged: Proposed
    recomputed: Proposed | None
    revision: int | None  # of the searcher that made it; None where the log does not say, so that it may be another one


def start_search(started: RunStarted, space: JSON = None) -> SearchState[Any]:
    """The state of a search before its first proposal; `space` stands for the logged one if it is given."""
    return start_search_in(from_json(started.space if space is None else space), started)


def start_search_in(space: Term, started: RunStarted) -> SearchState[Any]:
    """The state of a search like `started` before its first proposal in `space`, whatever space it names itself.

    DeadEnd if something in the space fits no input of the search.
    """
    searcher = searcher_from_json(started.searcher)
    problem = Problem(space, started.input_shape, started.budget, started.objective)
    _ = problem.root  # which raises here, before anything is logged
    return SearchState(searcher, problem, started.seed, searcher.start(problem))


def trace_search(events: Sequence[Event]) -> Iterator[SearchState[Any]]:
    """The state of a search before each of the `events` of its run, and after the last.

    Where the run was resumed with a changed space, the searcher starts over in it and is told all that happened before.
    """
    started = events[0]
    assert isinstance(started, RunStarted)  # the log admits no other first event
    search_state = start_search(started)
    for i, event in enumerate(events):
        yield search_state
        if isinstance(event, RunResumed) and event.space is not None:
            search_state = reduce(SearchState[Any].fold, events[:i], start_search(started, event.space))
        search_state = search_state.fold(event)
    yield search_state


def replay_search(events: Sequence[Event]) -> SearchState[Any]:
    """The state of a search after the `events` of its run."""
    return deque(trace_search(events), maxlen=1).pop()


def to_event(proposal: Proposal) -> Proposed:
    """The event that logs a proposal."""
    return Proposed(proposal.trial, proposal.path, proposal.budget, proposal.continues)


def get_current_revision(started: RunStarted) -> int:
    """The revision that a run's searcher has by now."""
    return get_revision(searcher_from_json(started.searcher))


def trace_revisions(events: Sequence[Event]) -> Iterator[int | None]:
    """The revision of the run's searcher at each of `events`; None where the log does not say which of several it is.

    Logs did not always name it: there it is the first, if there never was another one.
    """
    started = events[0]
    assert isinstance(started, RunStarted)
    _, revision, _ = logged_searcher(started.searcher)
    if revision is None and get_current_revision(started) == 1:
        revision = 1
    for event in events:
        if isinstance(event, RunResumed) and event.revision is not None:
            revision = event.revision
        yield revision


def find_new_revision(events: Sequence[Event]) -> int | None:
    """The revision in which the searcher of a run goes on; None if it is the one that the log has already."""
    started, now = events[0], deque(trace_revisions(events), maxlen=1).pop()
    assert isinstance(started, RunStarted)
    return None if now == get_current_revision(started) else get_current_revision(started)


def find_own_proposals(events: Sequence[Event]) -> Iterator[tuple[int, Proposed, int | None]]:
    """The number of the event, the proposal, and the revision that made it: each that a fork has not inherited."""
    started = events[0]
    assert isinstance(started, RunStarted)
    inherited = 1 + (started.forked_from.inherited if started.forked_from else 0)
    for seq, (event, revision) in enumerate(zip(events, trace_revisions(events), strict=True), start=1):
        if isinstance(event, Proposed) and seq > inherited:
            yield seq, event, revision


def find_mismatches(events: Sequence[Event]) -> Iterator[Mismatch]:
    """Each logged proposal of `events` that is not what the searcher proposes at that point, up to rounding.

    Proposals that a fork has inherited are its parent's, and those of another revision are another searcher's: they are
    taken over, not compared.
    """
    started = events[0]
    assert isinstance(started, RunStarted)
    now = get_current_revision(started)
    comparable = {seq: revision for seq, _, revision in find_own_proposals(events) if revision in (None, now)}
    if not comparable:
        return
    for seq, (search_state, event) in enumerate(zip(trace_search(events), events, strict=False), start=1):
        if isinstance(event, Proposed) and seq in comparable:
            again = search_state.propose()
            recomputed = None if again is None else to_event(again)
            if not _is_again(recomputed, event):
                yield Mismatch(seq, event.trial, event, recomputed, comparable[seq])


# Relative: by so much a number may differ that another processor or another C library has worked out.
ROUNDING = 1e-12


def _is_again(recomputed: Proposed | None, logged: Proposed) -> bool:
    """Whether it is the same proposal, but for what rounding makes of a number."""
    if recomputed is None or recomputed == logged:
        return recomputed is not None
    if [name for name, _ in recomputed.path] != [name for name, _ in logged.path]:
        return False
    values = zip((value for _, value in recomputed.path), (value for _, value in logged.path), strict=True)
    return all(is_close(*both) for both in values) and evolve(recomputed, path=logged.path) == logged


def is_close(value: Value, other: Value) -> bool:
    """Whether it is the same value, but for what rounding makes of a number."""
    if isinstance(value, float) and isinstance(other, float):
        return math.isclose(value, other, rel_tol=ROUNDING)
    return value == other
