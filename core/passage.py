"""The passage of a traversal through the children of a module, as far as shapes decide it.

What comes after a child depends on its output shape alone: the input shape of the next child, or the output shape of
the module. It is worked out once and then looked up, with the children on the way that were specified from the
beginning.
"""

from typing import Any, final

from attrs import field, frozen

from archwright.core.connection import AT_INPUT, ZERO_REFUSED, Connection
from archwright.core.environment import Environment
from archwright.core.modules.basic import Zero
from archwright.core.modules.places import ChosenTerm
from archwright.core.names import name_segment
from archwright.core.shape import Misfit, Shape
from archwright.core.term import Compound, Term, chain_out_shape

MAX_STOPS = 1024  # of the passages of one module, for all its input shapes; more are not kept
MAX_FILLED = 64  # of one term that was chosen for places


class _ChildMisfit(Misfit):
    """A misfit of a child that was specified from the beginning, or that nothing could flow into."""

    def __init__(self, reason: str, passage: "Passage", i: int) -> None:
        super().__init__(reason)
        self.passage = passage
        self.i = i  # the index of the child


@final
@frozen(eq=False)
class Exit:
    """The end of a passage: all children are specified."""

    passed: tuple[Term, ...]  # the last children, if they were specified from the beginning
    out_shape: Shape  # of the module


@final
@frozen(eq=False)
class Waypoint:
    """A point of a passage where a child is next that is not specified."""

    passage: "Passage"
    i: int  # the index of the child
    child: Term  # as it was before the traversal
    shape: Shape  # its input shape
    outs: tuple[Shape, ...]  # what `Compound.keep_shapes` keeps of the output shapes of the children before it
    reached: int  # the nodes that the input comes to so far, where the module has a connection; see `Connection`
    refuses_zero: bool  # whether the child may not become a bare zero()
    passed: tuple[Term, ...]  # the children just before it that were specified from the beginning
    segment: str  # what the module and the child add to the names of choices in the child
    first_step: Any = field(default=None, init=False)  # a cache: the child's, where nothing else decides on it

    def keep_first_step(self, step: Any) -> None:
        """Keep the child's first step."""
        object.__setattr__(self, "first_step", step)

    def follow(self, term: Term, out_shape: Shape) -> "Stop":
        """What comes once the child is the specified `term`, of this output shape. Misfit if something does not fit."""
        passage = self.passage
        is_last = passage.copies == 1 or out_shape == self.shape  # the next copy gives what this one does
        last = out_shape if is_last else chain_out_shape(term, out_shape, passage.copies)
        key = self, last, self.reached > 0 and isinstance(term, Zero)
        return passage.stops.get(key) or passage.go_on(*key)

    def fill(self, environment: Environment) -> "tuple[tuple[Term, ...], Stop] | None":
        """The child and others after it, where all that is open in them was chosen before, and what comes then.

        This is faster than to go through them. None where it is not so, or where something does not fit.
        """
        key = self.child.plan.filled_by
        chosen: ChosenTerm | None = environment.get(key)
        if chosen is None:
            return None
        filled = chosen.filled.get(self)
        if filled is None:
            if len(chosen.filled) >= MAX_FILLED:
                chosen.filled.clear()
            try:
                filled = chosen.filled[self] = self._fill_all(key, chosen)
            except Misfit:
                return None
        return filled

    def _fill_all(self, key: Any, chosen: ChosenTerm) -> "tuple[tuple[Term, ...], Stop]":
        terms, stop = list[Term](), self
        while isinstance(stop, Waypoint) and stop.child.plan.filled_by == key:
            term, out_shape = chosen.fill(stop.child, stop.shape)
            if stop.refuses_zero and isinstance(term, Zero):
                raise Misfit(ZERO_REFUSED)
            stop = stop.follow(term, out_shape)
            terms += (term, *stop.passed)
        return tuple(terms), stop


Stop = Waypoint | Exit  # where a passage waits for a child that is not specified, or ends


@final
@frozen(eq=False)
class Passage:
    """A module whose own hyperparameters have values, and its input shape."""

    module: Compound
    in_shape: Shape
    children: tuple[Term, ...]  # as they were before the first was traversed
    copies: int
    connection: Connection | None
    stops: dict[Any, Stop]  # a cache: what comes after a waypoint, an output shape, and whether it is zero

    def find_segment(self, i: int) -> str:
        """What the module and its `i`-th child add to the names of choices in that child."""
        return name_segment(self.module, self.children, i)

    def enter(self, *, refuses_zero: bool) -> Stop:
        """What comes first; `refuses_zero` says whether what the module stands for may not become a bare zero().

        Misfit if something does not fit; `find_misfit_child` says what.
        """
        self.module.child_in_shape(0, self.in_shape, ())  # which refuses what no child could be given
        return self._pass_on(0, (), AT_INPUT if self.connection else 0, refuses_zero=refuses_zero)

    def go_on(self, waypoint: Waypoint, last: Shape, is_zero: bool) -> Stop:
        """What comes after a waypoint, which is kept; `last` is the output shape of the last copy of its child."""
        outs, reached = self._leave(waypoint.i, waypoint.outs, waypoint.reached, last, is_zero=is_zero)
        stop = self._pass_on(waypoint.i + 1, outs, reached)
        if len(self.stops) >= MAX_STOPS:
            self.stops.clear()
        self.stops[waypoint, last, is_zero] = stop
        return stop

    def _leave(
        self, i: int, outs: tuple[Shape, ...], reached: int, last: Shape, *, is_zero: bool
    ) -> tuple[tuple[Shape, ...], int]:
        """What is kept of the output shapes, and the nodes that are reached, after the `i`-th child."""
        reached = self.connection.follow(i, reached, is_zero=is_zero) if self.connection else 0
        return self.module.keep_shapes(i, self.in_shape, outs, last), reached

    def _pass_on(self, i: int, outs: tuple[Shape, ...], reached: int, *, refuses_zero: bool = False) -> Stop:
        """What comes from the `i`-th child on."""
        first, children, connection = i, self.children, self.connection
        for i in range(first, len(children)):
            child = children[i]
            try:
                shape = self.module.child_in_shape(i, self.in_shape, outs)
                if not child.plan.is_specified:
                    refuses_zero = connection.refuses_zero(i, reached) if connection else refuses_zero
                    passed, segment = children[first:i], self.find_segment(i)
                    return Waypoint(self, i, child, shape, outs, reached, refuses_zero, passed, segment)
                out_shape = child.out_shape(shape)
            except Misfit as misfit:
                raise _ChildMisfit(str(misfit), self, i) from misfit
            last = chain_out_shape(child, out_shape, self.copies)
            outs, reached = self._leave(i, outs, reached, last, is_zero=isinstance(child, Zero))
        return Exit(children[first:], self.module.merge(self.in_shape, outs))


def find_misfit_child(misfit: Misfit) -> tuple[Passage, int] | None:
    """The passage and the index of the child that did not fit; None if the module itself did not."""
    return (misfit.passage, misfit.i) if isinstance(misfit, _ChildMisfit) else None
