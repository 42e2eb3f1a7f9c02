"""The state of searchers that learn a model of all trials: what was told, what is open, what was proposed."""

from collections.abc import Sequence
from typing import Generic, TypeVar, final

from attrs import evolve, frozen
from pyrsistent import PMap, PSet, PVector, pmap, pset, pvector

from archwright.core.node import Node, Path
from archwright.core.protocols import Outcome, Problem, Proposal

F = TypeVar("F")


@final
@frozen
class Told(Generic[F]):
    """A trial whose outcome is known."""

    path: Path
    features: F
    utility: float | None  # of which more is better; None if there is no score


@final
@frozen
class Observed(Generic[F]):
    """Everything that happened, with the features of each trial, worked out once."""

    problem: Problem
    root: Node
    proposals: int = 0
    told: "PVector[Told[F]]" = pvector()  # noqa: RUF009  (a value, as those below)
    open: "PMap[int, tuple[Path, F]]" = pmap()  # by trial
    seen: PSet[Path] = pset()  # whatever was proposed


def adopted(state: Observed[F], proposal: Proposal, features: F) -> Observed[F]:
    """The state in which a proposal is open."""
    return evolve(
        state,
        proposals=max(state.proposals, proposal.trial + 1),
        open=state.open.set(proposal.trial, (proposal.path, features)),
        seen=state.seen.add(proposal.path),
    )


def told(state: Observed[F], outcome: Outcome) -> Observed[F]:
    """The state in which a proposal is open no more, and its outcome known."""
    trial = outcome.proposal.trial
    path, features = state.open[trial]
    utility = None if outcome.score is None else state.problem.objective.utility(outcome.score)
    return evolve(state, told=state.told.append(Told(path, features, utility)), open=state.open.remove(trial))


def merits(trials: Sequence[Told[F]]) -> list[float]:
    """The utility of each trial; a failed one has that of the worst, 0 if all failed."""
    worst = min((trial.utility for trial in trials if trial.utility is not None), default=0.0)
    return [worst if trial.utility is None else trial.utility for trial in trials]
