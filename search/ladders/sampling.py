"""What a ladder's sampler knows: any searcher, to which each configuration is one trial with one outcome, its last.

A configuration that is promoted is another trial of the run, but no other one for the sampler, which numbers
configurations 0, 1, 2 ... in the order of proposing, and those that a run has inherited as the run does, below 0.
"""

from typing import Any, Protocol, Self, final, runtime_checkable

from attrs import evolve, frozen
from pyrsistent import PMap, PVector, pmap, pvector

from archwright.core.budget import Budget
from archwright.core.protocols import Outcome, Problem, Proposal
from archwright.search.randomness import UniformStream
from archwright.search.searcher import AnySearcher


@runtime_checkable
class RetellableSampler(Protocol):
    """A searcher that can be told a trial's outcome again, at a larger budget."""

    def tell_again(self, state: Any, outcome: Outcome, uniform: UniformStream) -> Any:
        """The state that knows the outcome of a trial, which it was told before, at a larger budget."""
        ...


@runtime_checkable
class RungSampler(Protocol):
    """A searcher whose proposals depend on the budget with which a configuration begins."""

    def propose_at(
        self, state: Any, trial: int, rung: int, rungs: tuple[Budget, ...], eta: float, uniform: UniformStream
    ) -> Proposal | None:
        """As `propose`, for a configuration that begins at that one of the `rungs`, counted from 0, the smallest.

        Of the trials of a rung, one in `eta` goes on.
        """
        ...


@final
@frozen
class SamplerStep:
    """What a sampler was told of a configuration: that it was proposed, or also how it went."""

    configuration: int
    is_outcome: bool


_NO_NUMBERS: PMap[int, int] = pmap()
_NO_PROPOSALS: PMap[int, Proposal] = pmap()
_NO_OUTCOMES: PMap[int, Outcome] = pmap()
_NO_STEPS: PVector[SamplerStep] = pvector()


@final
@frozen
class Sampling:
    """A sampler with its state, and the configurations that it knows."""

    sampler: AnySearcher
    problem: Problem
    state: Any
    count: int = 0  # of configurations, but for inherited ones: the number of the next one
    numbers: PMap[int, int] = _NO_NUMBERS  # of each trial's configuration, by trial
    proposals: PMap[int, Proposal] = _NO_PROPOSALS  # by configuration, as the sampler knows it
    outcomes: PMap[int, Outcome] = _NO_OUTCOMES  # the last of each configuration that has one
    steps: PVector[SamplerStep] = _NO_STEPS  # in order

    @classmethod
    def start(cls, sampler: AnySearcher, problem: Problem) -> Self:
        """Nothing proposed."""
        return cls(sampler, problem, sampler.start(problem))

    def propose(self, rung: int, rungs: tuple[Budget, ...], eta: float, uniform: UniformStream) -> Proposal | None:
        """The sampler's next configuration, which is to begin at that rung, under its number; None if it has none.

        Consumes what the sampler consumes.
        """
        if isinstance(self.sampler, RungSampler):
            return self.sampler.propose_at(self.state, self.count, rung, rungs, eta, uniform)
        return self.sampler.propose(self.state, self.count, uniform)

    def adopt(self, proposal: Proposal) -> "Sampling":
        """What is known with one more proposal of the run: a configuration, unless it promotes one that there is."""
        trial = proposal.trial
        if proposal.promotes is not None:
            return evolve(self, numbers=self.numbers.set(trial, self.numbers[proposal.promotes]))
        number = trial if trial < 0 else self.count
        configuration = proposal.change(trial=number)
        return evolve(
            self,
            state=self.sampler.adopt(self.state, configuration),
            count=self.count + (trial >= 0),
            numbers=self.numbers.set(trial, number),
            proposals=self.proposals.set(number, configuration),
            steps=self.steps.append(SamplerStep(number, is_outcome=False)),
        )

    def tell(self, outcome: Outcome, uniform: UniformStream) -> "Sampling":
        """What is known with the outcome of a trial, which is its configuration's last one.

        Consumes what the sampler consumes where it is told.
        """
        number = self.numbers[outcome.proposal.trial]
        is_first = number not in self.outcomes
        told = evolve(outcome, proposal=outcome.proposal.change(trial=number, promotes=None, continues=None))
        changed = evolve(self, outcomes=self.outcomes.set(number, told))
        if is_first:
            state = self.sampler.tell(self.state, told, uniform)
            return evolve(changed, state=state, steps=self.steps.append(SamplerStep(number, is_outcome=True)))
        if isinstance(self.sampler, RetellableSampler):
            return evolve(changed, state=self.sampler.tell_again(self.state, told, uniform))
        return evolve(changed, state=changed.fold(uniform))

    def fold(self, uniform: UniformStream) -> Any:
        """The sampler's state after all of its steps, with the last outcome of each configuration."""
        state = self.sampler.start(self.problem)
        for step in self.steps:
            if step.is_outcome:
                state = self.sampler.tell(state, self.outcomes[step.configuration], uniform)
            else:
                state = self.sampler.adopt(state, self.proposals[step.configuration])
        return state
