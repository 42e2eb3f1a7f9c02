"""The state of a search, its searcher's state and the open trials, as it follows from the events of its run."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import reduce
from typing import Any, Generic

from attrs import evolve, field, frozen

from archwright.core.errors import show
from archwright.core.json import from_json
from archwright.core.protocols import Outcome, Problem, Proposal, Status
from archwright.core.term import Term
from archwright.core.tracebacks import guard_user_code
from archwright.search.named import SEARCHER_KIND, SEARCHERS, NotASearcher
from archwright.search.randomness import UniformStream
from archwright.search.running.enqueuing import propose_entry
from archwright.search.searcher import (
    AnySearcher,
    LadderSearcher,
    Searcher,
    State,
    find_promotable,
    open_outcome_stream,
    open_proposal_stream,
)
from archwright.store.configured import ExtensionFailed
from archwright.store.events import (
    AttemptEnded,
    AttemptStarted,
    Enqueued,
    Event,
    Inherited,
    Proposed,
    Reported,
    RunResumed,
    RunStarted,
    Scored,
)
from archwright.store.queue_state import EMPTY_QUEUE, Queue, QueueEntry

_BUILTIN_KINDS = frozenset(type(searcher) for searcher in SEARCHERS.values())
_NO_GUARD = nullcontext()


@frozen
class SearchState(Generic[State]):
    """A searcher with its state, and the open trials, which have no outcome yet: a run's events applied one by one."""

    searcher: Searcher[State]
    problem: Problem
    seed: int  # of the searcher's random numbers
    searcher_state: State
    proposal_count: int = 0  # how many trials were proposed, which is the number of the next one
    open_trials: Mapping[int, Proposal] = field(factory=dict[int, Proposal])  # by trial
    attempt_seconds: Mapping[int, float] = field(factory=dict[int, float])  # of ended attempts at open trials, by trial
    curves: Mapping[int, tuple[tuple[int, float], ...]] = field(factory=dict[int, Any])  # of open trials, by trial
    queue: Queue = EMPTY_QUEUE  # what is to be tried before the searcher is asked
    configuration_count: int = 0  # how many trials were proposed that promote no other one
    configurations: int | None = None  # how many of them there are to be; None: as many as come

    def propose(self) -> Proposal | None:
        """The first of the queue, or else the searcher's next proposal; None if it has none for now.

        Where the run has its configurations, it is a promotion or None. The state stays as it is. Raises
        ExtensionFailed where a person's own searcher does, and NotASearcher where it gives something else than a
        proposal.
        """
        uniform = open_proposal_stream(self.searcher, self.seed, self.proposal_count)
        if self.configurations is not None and self.configuration_count >= self.configurations:
            return self._propose_promotion(uniform)
        if self.queue.first is not None:
            return self._propose_entry(self.queue.first, uniform)
        return self._ask_searcher(uniform)

    def _propose_promotion(self, uniform: UniformStream) -> Proposal | None:
        """The searcher's next promotion. Any other proposal is left unused, as if nobody had asked."""
        if isinstance(self.searcher, LadderSearcher):
            with guard_searcher(self.searcher, "propose_promotion"):
                return self.searcher.propose_promotion(self.searcher_state, self.proposal_count, uniform)
        proposal = self._ask_searcher(uniform)
        return None if proposal is None or proposal.promotes is None else proposal

    def _ask_searcher(self, uniform: UniformStream) -> Proposal | None:
        with guard_searcher(self.searcher, "propose"):
            proposal: Any = self.searcher.propose(self.searcher_state, self.proposal_count, uniform)
        if proposal is not None and not isinstance(proposal, Proposal):
            raise NotASearcher(
                f"propose of the searcher {type(self.searcher).__name__} gave {show(proposal)} for trial "
                f"{self.proposal_count}; it must give a Proposal, or None where it has none for now"
            )
        return proposal

    def _propose_entry(self, entry: QueueEntry, uniform: UniformStream) -> Proposal:
        """The proposal of an entry of the queue; under a ladder it begins as any other configuration does."""
        proposal = propose_entry(self.problem, entry, self.proposal_count, uniform)
        if not isinstance(self.searcher, LadderSearcher):
            return proposal
        with guard_searcher(self.searcher, "begin"):
            return self.searcher.begin(self.searcher_state, proposal, uniform)

    @property
    def promotable(self) -> frozenset[int]:
        """The trials that the searcher may still continue."""
        with guard_searcher(self.searcher, "promotable"):
            return find_promotable(self.searcher, self.searcher_state)

    def fold(self, event: Event) -> "SearchState[State]":
        """The state with one more event applied; what is asked for, enqueued, proposed, ended and scored changes it.

        Raises ExtensionFailed where a person's own searcher does.
        """
        match event:
            case RunStarted() | RunResumed():
                return evolve(self, configurations=event.configurations)
            case Inherited():
                return self._inherit(event)
            case Enqueued():
                return evolve(self, queue=self.queue.fold(event))
            case Proposed():
                return self.adopt(self._make_proposal(event))
            case AttemptStarted(trial):
                return evolve(self, curves={**self.curves, trial: ()})
            case Reported(trial, _, epoch, metrics) if (metric := self.problem.objective.metric) in metrics:
                point = (epoch, metrics[metric])
                return evolve(self, curves={**self.curves, trial: (*self.curves.get(trial, ()), point)})
            case AttemptEnded(trial, seconds=seconds):
                seconds += self.attempt_seconds.get(trial, 0.0)
                return evolve(self, attempt_seconds={**self.attempt_seconds, trial: seconds})
            case Scored(trial, status, score, metrics):
                return self._score(trial, status, score, metrics)
            case _:
                return self

    def _score(
        self, trial: int, status: Status, score: float | None, metrics: Mapping[str, float]
    ) -> "SearchState[State]":
        """The state in which a trial has its outcome."""
        open_trials, attempt_seconds, curves = dict(self.open_trials), dict(self.attempt_seconds), dict(self.curves)
        proposal, seconds, curve = open_trials.pop(trial), attempt_seconds.pop(trial, 0.0), curves.pop(trial, ())
        told = self._tell(Outcome(proposal, status, score, metrics, seconds, curve))
        return evolve(told, open_trials=open_trials, attempt_seconds=attempt_seconds, curves=curves)

    def _make_proposal(self, event: Proposed) -> Proposal:
        return Proposal(
            event.trial,
            self.problem.root.origin,
            event.path,
            event.budget,
            event.continues,
            event.enqueued,
            event.promotes,
            event.bracket,
            event.rung,
            event.horizon,
            event.by_model,
        )

    def _tell(self, outcome: Outcome) -> "SearchState[State]":
        """The state in which the searcher knows an outcome."""
        uniform = open_outcome_stream(self.searcher, self.seed, outcome.proposal.trial)
        with guard_searcher(self.searcher, "tell"):
            return evolve(self, searcher_state=self.searcher.tell(self.searcher_state, outcome, uniform))

    def _adopt(self, proposal: Proposal) -> "SearchState[State]":
        """The state in which the searcher knows of a proposal."""
        with guard_searcher(self.searcher, "adopt"):
            return evolve(self, searcher_state=self.searcher.adopt(self.searcher_state, proposal))

    def _inherit(self, event: Inherited) -> "SearchState[State]":
        """The state in which the searcher knows a trial of another run, as if it had been proposed and scored."""
        proposal = Proposal(event.trial, self.problem.root.origin, event.path, event.budget)
        outcome = Outcome(proposal, event.status, event.score, event.metrics, event.seconds)
        return self._adopt(proposal)._tell(outcome)

    def adopt(self, proposal: Proposal) -> "SearchState[State]":
        """The state with `proposal`, this searcher's, another's or one of the queue, as an open trial."""
        open_trials = {**self.open_trials, proposal.trial: proposal}
        proposal_count = max(self.proposal_count, proposal.trial + 1)
        queue = self.queue if proposal.enqueued is None else self.queue.remove(proposal.enqueued)
        return evolve(
            self._adopt(proposal),
            proposal_count=proposal_count,
            configuration_count=self.configuration_count + (proposal.promotes is None),
            open_trials=open_trials,
            queue=queue,
        )


def make_initial_state(
    started: RunStarted, space: Term | None = None, searcher: AnySearcher | None = None
) -> SearchState[Any]:
    """The state of a search before its first proposal; `space` and `searcher` are the logged ones unless given.

    DeadEnd if something in the space fits no input of the search; NotTrusted where the logged searcher is code that
    this user does not let run.
    """
    searcher = SEARCHER_KIND.from_json(started.searcher) if searcher is None else searcher
    space = from_json(started.space) if space is None else space
    problem = started.make_problem(space)
    _ = problem.root  # raises DeadEnd here, before anything is logged
    with guard_searcher(searcher, "start"):
        searcher_state = searcher.start(problem)
    return SearchState(searcher, problem, started.seed, searcher_state)


def guard_searcher(searcher: AnySearcher, method: str) -> AbstractContextManager[None]:
    """What makes an error of a person's own searcher in one of its methods an ExtensionFailed; of ours, nothing."""
    kind = _find_user_kind(searcher)
    return _NO_GUARD if kind is None else guard_user_code(ExtensionFailed, f"the searcher {kind} failed at {method}")


def _find_user_kind(searcher: AnySearcher) -> str | None:
    """The class of a person's own searcher, or of the own one that samples for a ladder; None of ours alone."""
    sampler: AnySearcher | None = searcher
    while type(sampler) in _BUILTIN_KINDS:
        sampler = getattr(sampler, "sampler", None)
    return None if sampler is None else type(sampler).__name__


def iterate_search_states(events: Sequence[Event], searcher: AnySearcher | None = None) -> Iterator[SearchState[Any]]:
    """The state of a search before each of the `events` of its run, and after the last.

    Where the run was resumed with a changed space, the searcher starts over in it, and gets all earlier proposals and
    outcomes again.
    """
    started = events[0]
    assert isinstance(started, RunStarted)  # the log admits no other first event
    search_state = make_initial_state(started, searcher=searcher)
    for i, event in enumerate(events):
        yield search_state
        if isinstance(event, RunResumed) and event.space is not None:
            search_state = reduce(
                SearchState[Any].fold, events[:i], make_initial_state(started, from_json(event.space), searcher)
            )
        search_state = search_state.fold(event)
    yield search_state


def replay_search(events: Sequence[Event], searcher: AnySearcher | None = None) -> SearchState[Any]:
    """The state of a search after the `events` of its run; `searcher` is the logged one unless it is given."""
    return deque(iterate_search_states(events, searcher), maxlen=1).pop()


def to_proposed(proposal: Proposal) -> Proposed:
    """The event that logs a proposal."""
    return Proposed(
        proposal.trial,
        proposal.path,
        proposal.budget,
        proposal.continues,
        proposal.enqueued,
        proposal.promotes,
        proposal.bracket,
        proposal.rung,
        proposal.horizon,
        proposal.by_model,
    )
