"""What all ladders of budgets have in common: rungs, a sampler of configurations, and promotions."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, final

from attrs import evolve, frozen
from pyrsistent import PMap, PVector, pmap, pvector

from archwright.core.budget import Budget, Budgets
from archwright.core.errors import ArchwrightError
from archwright.core.protocols import Outcome, Problem, Proposal
from archwright.core.setting import flag_setting, number_setting
from archwright.search.ladders.rungs import Bracket, RungPlace
from archwright.search.ladders.sampling import Sampling
from archwright.search.randomness import UniformStream
from archwright.search.searcher import AnySearcher, get_streams, searcher_setting
from archwright.search.searchers.random_search import RandomSearch

HYPERBAND = "Li et al. 2018 (Hyperband)"


class NoRungs(ArchwrightError, ValueError):
    """A search whose budgets are too few for a ladder of them."""


@final
@frozen
class Promotion:
    """What is to be tried next: the configuration of a trial again, on the next rung of its bracket."""

    trial: int


@final
@frozen
class Beginning:
    """What is to be tried next: a configuration of the sampler's, or of the queue, on the first rung of a bracket."""

    bracket: int


_NO_BRACKETS: PVector[Bracket] = pvector()
_NO_PLACES: PMap[int, RungPlace] = pmap()
_NO_PROPOSALS: PMap[int, Proposal] = pmap()
_NO_CURVES: PMap[int, Mapping[float, float]] = pmap()


@final
@frozen
class LadderState:
    """The brackets of a ladder with their trials, and what its sampler knows."""

    problem: Problem
    rungs: tuple[Budget, ...]  # ascending
    sampling: Sampling
    brackets: PVector[Bracket] = _NO_BRACKETS  # in the order of beginning
    places: PMap[int, RungPlace] = _NO_PLACES  # by trial; of one with a budget of no rung there is none
    proposals: PMap[int, Proposal] = _NO_PROPOSALS  # by trial
    curves: PMap[int, Mapping[float, float]] = _NO_CURVES  # by trial, where a ladder goes by them
    first_open: int = 0  # the number of the first bracket in which there may be something left to do
    open_rungs: int = 0  # how many rungs, from the smallest, trials may be promoted to

    def update(self, number: int, bracket: Bracket) -> "LadderState":
        """The state with another bracket of that number."""
        return evolve(self, brackets=self.brackets.set(number, bracket))


class Ladder(Protocol):
    """A searcher of several budgets: what differs between ladders are the jobs that they find, and their brackets."""

    name: ClassVar[str]
    revision: ClassVar[int]
    eta: float
    sampler: AnySearcher
    fresh: bool

    @abstractmethod
    def find_job(self, state: LadderState, uniform: UniformStream) -> Promotion | Beginning | None:
        """What is to be tried next; says what it consumes of `uniform`."""

    @abstractmethod
    def find_last_job(self, state: LadderState) -> Promotion | None:
        """What is to be tried where no more configurations begin: the sampler has none, or the run has all of its."""

    @abstractmethod
    def find_bracket(self, state: LadderState, rung: int) -> tuple[LadderState, int | None]:
        """The bracket that a configuration belongs to which begins at that rung; None if it belongs to none.

        The state is that with the bracket, which may begin with it.
        """

    @abstractmethod
    def has_ended(self, state: LadderState, bracket: Bracket) -> bool:
        """Whether nothing can be begun or promoted in a bracket any more, whatever comes."""

    @abstractmethod
    def list_promotable(self, state: LadderState, bracket: Bracket, rung: int) -> list[int]:
        """The trials of a rung below the last that may still be promoted, open ones too."""

    @property
    def streams(self) -> int:
        """How many streams of random numbers each trial has: as many as for the sampler."""
        return get_streams(self.sampler)

    def list_rungs(self, budgets: Budget | Budgets) -> tuple[Budget, ...]:
        """The budgets of the rungs, ascending; raises NoRungs where there are not two."""
        if isinstance(budgets, Budget):
            raise NoRungs(
                f"the budget is {budgets}, and a ladder such as {self.name} needs two or more to climb; write a range "
                "of budgets, as in 1epochs..27epochs, or a list, as in 12epochs,200epochs"
            )
        rungs = budgets.list_rungs(self.eta)
        if len(rungs) < 2:
            raise NoRungs(
                f"the budgets {budgets} have one rung with eta={self.eta:g}, which is {budgets.largest}, and a ladder "
                "needs two or more to climb; give a wider range, or a smaller eta"
            )
        return rungs

    def start(self, problem: Problem) -> LadderState:
        """No brackets; raises NoRungs where there are not two rungs."""
        rungs = self.list_rungs(problem.budgets or problem.budget)
        state = LadderState(problem, rungs, Sampling.start(self.sampler, problem), open_rungs=len(rungs))
        return self.prepare(state)

    def prepare(self, state: LadderState) -> LadderState:
        """The state before the first proposal, from one without brackets."""
        return state

    def propose(self, state: LadderState, trial: int, uniform: UniformStream) -> Proposal | None:
        """A promotion, or a configuration of the sampler's; None if there is neither for now.

        Consumes what finding the job consumes, and then what the sampler consumes.
        """
        job = self.find_job(state, uniform)
        if isinstance(job, Beginning):
            rung = self.find_start(state, job.bracket)
            configuration = state.sampling.propose(rung, state.rungs, self.eta, uniform)
            if configuration is not None:
                return self._place(state, configuration.change(trial=trial), job.bracket, rung)
            job = self.find_last_job(state)
        return None if job is None else self._promote(state, trial, job.trial)

    def propose_promotion(self, state: LadderState, trial: int, uniform: UniformStream) -> Proposal | None:
        """As `propose`, where no more configurations may begin. Consumes what finding the job consumes."""
        job = self.find_job(state, uniform)
        promotion = self.find_last_job(state) if isinstance(job, Beginning) else job
        return None if promotion is None else self._promote(state, trial, promotion.trial)

    def begin(self, state: LadderState, proposal: Proposal, uniform: UniformStream) -> Proposal:
        """A configuration that a person named, as a proposal that begins where the sampler's next one would.

        Consumes what finding a job consumes.
        """
        bracket = self.find_beginning(state, uniform).bracket
        return self._place(state, proposal, bracket, self.find_start(state, bracket))

    @abstractmethod
    def find_beginning(self, state: LadderState, uniform: UniformStream) -> Beginning:
        """Where the next configuration begins; says what it consumes."""

    @abstractmethod
    def find_start(self, state: LadderState, bracket: int) -> int:
        """The rung at which a bracket of that number begins, which there need not be as yet."""

    def adopt(self, state: LadderState, proposal: Proposal) -> LadderState:
        """The state with one more trial, on the rung of its budget if it has one."""
        state = evolve(
            state,
            sampling=state.sampling.adopt(proposal),
            proposals=state.proposals.set(proposal.trial, proposal),
        )
        if proposal.trial < 0:  # of another run, which is no part of this one's brackets
            return state
        return self._adopt_promotion(state, proposal) if proposal.promotes is not None else self._begin(state, proposal)

    def tell(self, state: LadderState, outcome: Outcome, uniform: UniformStream) -> LadderState:
        """The state that knows an outcome; consumes what the sampler consumes."""
        trial = outcome.proposal.trial
        state = evolve(state, sampling=state.sampling.tell(outcome, uniform))
        if trial not in state.places:
            return state
        number, rung = state.places[trial]
        bracket = state.brackets[number]
        utility = state.problem.compute_utility(outcome)
        state = state.update(number, bracket.set_rung(rung, bracket.get_rung(rung).end(trial, utility)))
        return evolve(state, first_open=self._find_first_open(state))

    def _find_first_open(self, state: LadderState) -> int:
        """The number of the first bracket that has not ended; those before it need not be looked at again."""
        numbers = range(state.first_open, len(state.brackets))
        going_on = (number for number in numbers if not self.has_ended(state, state.brackets[number]))
        return next(going_on, len(state.brackets))

    def promotable(self, state: LadderState) -> frozenset[int]:
        """The trials whose training a promotion may still go on with; none where each is trained from the beginning."""
        if not self._continues(state.problem):
            return frozenset()
        return frozenset(
            trial
            for bracket in state.brackets[state.first_open :]
            for rung in range(bracket.start, bracket.top)
            for trial in self.list_promotable(state, bracket, rung)
        )

    def _continues(self, problem: Problem) -> bool:
        """Whether a promotion goes on from a checkpoint."""
        return problem.can_continue and not self.fresh

    def _place(self, state: LadderState, proposal: Proposal, bracket: int, rung: int) -> Proposal:
        """A configuration's proposal, to begin at a rung of a bracket."""
        budget = state.rungs[rung]
        return proposal.change(
            budget=budget,
            bracket=bracket,
            rung=rung,
            horizon=self._choose_horizon(state, budget),
        )

    def _promote(self, state: LadderState, trial: int, promoted: int) -> Proposal:
        """The proposal that tries the configuration of a trial again, on the next rung."""
        (bracket, rung), earlier = state.places[promoted], state.proposals[promoted]
        budget = state.rungs[rung + 1]
        return earlier.change(
            trial=trial,
            budget=budget,
            continues=promoted if self._continues(state.problem) else None,
            enqueued=None,
            promotes=promoted,
            bracket=bracket,
            rung=rung + 1,
            horizon=self._choose_horizon(state, budget),
        )

    def _choose_horizon(self, state: LadderState, budget: Budget) -> Budget | None:
        """The largest budget, for a training that may go on to it; None: the trial's own."""
        largest = state.rungs[-1]
        return largest if self._continues(state.problem) and budget != largest else None

    def _adopt_promotion(self, state: LadderState, proposal: Proposal) -> LadderState:
        """The state with a promotion, on the rung of its budget in the bracket that the promoted trial is in.

        A promotion that a ladder with other rungs made may be to a budget of none, or past one. The promoted trial is
        promoted all the same, and is not again.
        """
        assert proposal.promotes is not None
        if proposal.promotes not in state.places:
            return state
        number, rung = state.places[proposal.promotes]
        bracket = state.brackets[number]
        if rung == bracket.top:
            return state
        state = state.update(number, bracket.set_rung(rung, bracket.get_rung(rung).promote(proposal.promotes)))
        if proposal.budget not in state.rungs[rung + 1 :]:
            return state
        return self._put(state, proposal.trial, number, state.rungs.index(proposal.budget))

    def _begin(self, state: LadderState, proposal: Proposal) -> LadderState:
        """The state with a configuration in a bracket, if its budget is that of a rung at which one begins."""
        if proposal.budget not in state.rungs:
            return state
        rung = state.rungs.index(proposal.budget)
        changed, number = self.find_bracket(state, rung)
        return state if number is None else self._put(changed, proposal.trial, number, rung)

    def _put(self, state: LadderState, trial: int, number: int, rung: int) -> LadderState:
        bracket = state.brackets[number]
        state = state.update(number, bracket.set_rung(rung, bracket.get_rung(rung).add(trial)))
        return evolve(state, places=state.places.set(trial, (number, rung)))


def eta_setting() -> Any:
    """The factor between the budgets of two rungs."""
    meaning = "the factor between two budgets; of a rung's trials, one in so many goes on"
    return number_setting(3.0, low=1.0, above=True, meaning=meaning, source=HYPERBAND)


def sampler_setting() -> Any:
    """What proposes the configurations.

    No other ladder: what that says of budgets and promotions would be about configurations that this one numbers.
    """
    meaning = "what proposes configurations: any searcher but a ladder"
    return searcher_setting(RandomSearch(), meaning=meaning, may_promote=False)


def fresh_setting() -> Any:
    """Whether promotions are trained from the beginning."""
    return flag_setting(
        meaning="whether a promotion is trained from the beginning, and not from its checkpoint",
        source="Falkner et al. 2018; Zela et al. 2018",
    )
