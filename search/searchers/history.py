"""The state of searchers that fit a surrogate to all trials: what was observed, what is open, what was proposed."""

from collections.abc import Sequence
from typing import Generic, TypeVar, final

from attrs import evolve, frozen
from pyrsistent import PMap, PSet, PVector, pmap, pset, pvector

from archwright.core.protocols import Outcome, Problem, Proposal
from archwright.core.value import Path

Features = TypeVar("Features")  # of an architecture


@final
@frozen
class Observation(Generic[Features]):
    """A trial whose outcome is known."""

    path: Path
    features: Features
    utility: float | None  # the score, where more is better; None if there is none


@final
@frozen
class History(Generic[Features]):
    """Everything that happened, with the features of each trial, worked out once."""

    problem: Problem
    observations: "PVector[Observation[Features]]" = pvector()  # noqa: RUF009  (a value, as those below)
    open_trials: "PMap[int, tuple[Path, Features]]" = pmap()  # by number
    seen: PSet[Path] = pset()  # whatever was proposed
    inherited: int = 0  # how many of all these are trials of other runs


def adopt_proposal(history: History[Features], proposal: Proposal, features: Features) -> History[Features]:
    """The history in which a proposal is open."""
    open_trials = history.open_trials.set(proposal.trial, (proposal.path, features))
    inherited = history.inherited + (proposal.trial < 0)
    return evolve(history, open_trials=open_trials, seen=history.seen.add(proposal.path), inherited=inherited)


def observe(history: History[Features], outcome: Outcome) -> History[Features]:
    """The history in which a proposal is open no more, and its outcome known."""
    trial = outcome.proposal.trial
    path, features = history.open_trials[trial]
    utility = None if outcome.score is None else history.problem.objective.utility(outcome.score)
    observations = history.observations.append(Observation(path, features, utility))
    return evolve(history, observations=observations, open_trials=history.open_trials.remove(trial))


def impute_targets(observations: Sequence[Observation[Features]]) -> list[float]:
    """The utility of each observation; a failed trial has that of the worst, 0 if all failed."""
    utilities = [observation.utility for observation in observations]
    worst = min((utility for utility in utilities if utility is not None), default=0.0)
    return [worst if utility is None else utility for utility in utilities]
