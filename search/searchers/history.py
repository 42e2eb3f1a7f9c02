"""The state of searchers that fit a surrogate to all trials: what was observed, what is open, what was proposed."""

from collections.abc import Sequence
from typing import Generic, TypeVar, final

from attrs import evolve, frozen
from pyrsistent import PMap, PSet, PVector, pmap, pset, pvector

from archwright.core.budget import Budget
from archwright.core.protocols import Outcome, Problem, Proposal
from archwright.core.value import Path

Features = TypeVar("Features")  # of an architecture


@final
@frozen
class Observation(Generic[Features]):
    """A trial whose outcome is known."""

    trial: int
    path: Path
    features: Features
    utility: float | None  # the score, where more is better; None if there is none
    budget: Budget  # at which it was had


@final
@frozen
class History(Generic[Features]):
    """Everything that happened, with the features of each trial, worked out once."""

    problem: Problem
    observations: "PVector[Observation[Features]]" = pvector()  # noqa: RUF009  (a value, as those below)
    open_trials: "PMap[int, tuple[Path, Features]]" = pmap()  # by number
    seen: PSet[Path] = pset()  # whatever was proposed
    inherited: int = 0  # how many of all these are trials of other runs


BudgetRank = tuple[bool, float]


def rank_budget(problem: Problem, budget: Budget) -> BudgetRank:
    """What is larger for a larger budget; one of another unit than the problem's, of an inherited trial, is less."""
    return budget.unit == problem.budget.unit, budget.amount


def adopt_proposal(history: History[Features], proposal: Proposal, features: Features) -> History[Features]:
    """The history in which a proposal is open."""
    open_trials = history.open_trials.set(proposal.trial, (proposal.path, features))
    inherited = history.inherited + (proposal.trial < 0)
    return evolve(history, open_trials=open_trials, seen=history.seen.add(proposal.path), inherited=inherited)


def observe(history: History[Features], outcome: Outcome) -> History[Features]:
    """The history in which a proposal is open no more, and its outcome known."""
    trial = outcome.proposal.trial
    path, features = history.open_trials[trial]
    utility = history.problem.compute_utility(outcome)
    observation = Observation(trial, path, features, utility, outcome.proposal.budget)
    observations = history.observations.append(observation)
    return evolve(history, observations=observations, open_trials=history.open_trials.remove(trial))


def observe_again(history: History[Features], outcome: Outcome) -> History[Features]:
    """The history in which the outcome of a trial is this one, at a larger budget than that which was known."""
    trial, observations = outcome.proposal.trial, history.observations
    i = next(i for i in reversed(range(len(observations))) if observations[i].trial == trial)
    utility = history.problem.compute_utility(outcome)
    observation = evolve(observations[i], utility=utility, budget=outcome.proposal.budget)
    return evolve(history, observations=observations.set(i, observation))


def impute_targets(observations: Sequence[Observation[Features]]) -> list[float]:
    """The utility of each observation; a failed trial has that of the worst, 0 if all failed."""
    utilities = [observation.utility for observation in observations]
    worst = min((utility for utility in utilities if utility is not None), default=0.0)
    return [worst if utility is None else utility for utility in utilities]
