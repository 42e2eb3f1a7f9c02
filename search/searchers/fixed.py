"""No search: one fixed leaf, again and again, so that chance alone tells its trials apart."""

from collections.abc import Iterable
from typing import Any, ClassVar, final

from attrs import frozen

from archwright.core.json import JSON
from archwright.core.node import Node, NotALeaf, replay
from archwright.core.protocols import Outcome, Problem, Proposal
from archwright.core.setting import custom_setting
from archwright.search.randomness import UniformStream

PATH_DESCRIPTION = 'pairs of a name and a value, as in [["1.dropout.rate", 0.5]]'


def _is_path(path: Any) -> bool:
    """Whether something is a path, or one that went through JSON."""
    return isinstance(path, list | tuple) and all(map(_is_chosen, path))  # pyright: ignore[reportUnknownArgumentType]


def _is_chosen(step: Any) -> bool:
    return isinstance(step, list | tuple) and len(step) == 2 and isinstance(step[0], str)  # pyright: ignore[reportUnknownArgumentType]


def _as_tuples(path: Iterable[tuple[str, JSON]]) -> tuple[tuple[str, JSON], ...]:
    return tuple((name, value) for name, value in path)


def _is_trial(trial: Any) -> bool:
    return trial is None or (type(trial) is int and trial >= 0)


@final
@frozen
class FixedState:
    """The leaf that is proposed."""

    problem: Problem
    leaf: Node


@final
@frozen
class Fixed:
    """Proposes the leaf at the end of `path`, for as long as it is asked to; what retraining a trial is made of.

    Outcomes change nothing, and nor do open proposals.
    """

    name: ClassVar[str] = "given"
    revision: ClassVar[int] = 1
    path: tuple[tuple[str, JSON], ...] = custom_setting(
        (), PATH_DESCRIPTION, _is_path, converter=_as_tuples, meaning="the name and the value of each choice"
    )
    run: str = custom_setting(
        "", "a text", lambda run: type(run) is str, meaning="the run that the path is from, if it is from one"
    )
    trial: int | None = custom_setting(
        None, "the number of a trial, or null", _is_trial, meaning="the trial of that run that the path is from"
    )

    def start(self, problem: Problem) -> FixedState:
        """The leaf at the end of the path; PathMismatch or NotALeaf where it does not lead to a leaf of the space."""
        leaf = replay(problem.space, problem.input_shape, self.path)
        if leaf.choice is not None:
            raise NotALeaf(
                f"the path of the searcher given ends after {len(self.path)} choices, and the space asks "
                f'{leaf.choice.name} there; give all of them, as in path=[["{leaf.choice.name}", ...]]'
            )
        return FixedState(problem, leaf)

    def propose(self, state: FixedState, trial: int, uniform: UniformStream) -> Proposal:
        """The leaf; consumes no randomness."""
        return Proposal.of(trial, state.leaf, state.problem.budget)

    def adopt(self, state: FixedState, proposal: Proposal) -> FixedState:
        """No difference."""
        return state

    def tell(self, state: FixedState, outcome: Outcome, uniform: UniformStream) -> FixedState:
        """No difference."""
        return state
