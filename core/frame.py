"""Frames: the modules around the place that a traversal has come to, which say where it is and close in turn."""

from typing import final

from attrs import frozen

from archwright.core.environment import Environment
from archwright.core.modules.places import Binding, BoundPlace
from archwright.core.names import root_prefix
from archwright.core.passage import Waypoint, find_misfit_child
from archwright.core.shape import Misfit, Shape
from archwright.core.term import Compound, Term

_set_attribute = object.__setattr__  # also of a frozen object


class _PrefixCache:
    """The slot of a frame for its prefix, which is no field, as it is computed later."""

    __slots__ = ("_prefix",)


@final
@frozen(eq=False)
class Frame(_PrefixCache):
    """A module around the focus, some of whose children are specified."""

    waypoint: Waypoint  # which child is next, and at which shape
    outer: "Frame | None"  # of the module around this one; None for the whole space
    specified_children: tuple[Term, ...]  # those before the next one
    depth: int  # the number of frames from the outermost one to this one

    @property
    def term(self) -> Compound:
        """The module."""
        return self.waypoint.passage.module

    @property
    def children(self) -> tuple[Term, ...]:
        """All of its children, as they were before the first was traversed."""
        return self.waypoint.passage.children

    @property
    def prefix(self) -> str:
        """What the names of choices in its next child begin with; computed at the first access."""
        # Most frames are read once or never, and an AttributeError for each would be slow.
        prefix: str | None = getattr(self, "_prefix", None)
        if prefix is None:
            prefix = _make_prefix(self.term, self.waypoint.segment, self.outer)
            _set_attribute(self, "_prefix", prefix)
        return prefix

    def find_child_prefix(self, i: int) -> str:
        """What the names of choices in its `i`-th child begin with."""
        return _make_prefix(self.term, self.waypoint.passage.find_segment(i), self.outer)


class _LocatedMisfit(Misfit):
    """A misfit on the way out of modules, with its place in the space."""

    def __init__(self, misfit: Misfit, module: Term, frame: Frame | None) -> None:
        super().__init__(str(misfit))
        self.place = locate_misfit(misfit, module, frame)


def locate_misfit(misfit: Misfit, term: Term, frame: Frame | None) -> str:
    """The place of a misfit at a term in `frame`: that of the term, or of one of its children."""
    if isinstance(misfit, _LocatedMisfit):
        return misfit.place
    if found := find_misfit_child(misfit):
        passage, i = found
        return f"{_make_prefix(passage.module, passage.find_segment(i), frame)}{passage.children[i].word}"
    return format_place(term, frame)


def close_frames(
    frame: Frame | None, term: Term, out_shape: Shape, environment: Environment
) -> tuple[Frame | None, Term, Shape, Environment]:
    """The innermost frame with a child left to traverse, once `term`, of this output shape, is added to `frame`.

    If there is none, the term and the shape are the architecture's. The environment knows what was chosen for a let.
    """
    while frame is not None:
        waypoint, specified_children = frame.waypoint, frame.specified_children
        module = waypoint.passage.module
        try:
            stop = waypoint.follow(term, out_shape)
            specified_children = (*specified_children, term, *stop.passed)
            while type(stop) is Waypoint:
                filled = stop.fill(environment) if stop.child.plan.filled_by is not None else None
                if filled is None:
                    return Frame(stop, frame.outer, specified_children, frame.depth), term, out_shape, environment
                terms, stop = filled
                specified_children += terms
        except Misfit as misfit:
            raise _LocatedMisfit(misfit, module, frame.outer) from misfit
        if type(module) is BoundPlace:
            chosen = module.binding.choose(term, waypoint.passage.in_shape, stop.out_shape)
            environment = environment.set(module.binding, chosen)
        term, out_shape, frame = module.with_children(specified_children), stop.out_shape, frame.outer
    return None, term, out_shape, environment


def list_frames(frame: Frame | None) -> list[Frame]:
    """A frame and those around it, outermost first."""
    frames: list[Frame] = []
    while frame is not None:
        frames.append(frame)
        frame = frame.outer
    return frames[::-1]


def find_let(binding: Binding, frame: Frame | None) -> Frame:
    """The frame, among `frame` and those around it, of the let that has a binding."""
    while frame is not None and frame.term is not binding.let:
        frame = frame.outer
    assert frame is not None
    return frame


def _make_prefix(module: Term, segment: str, outer: Frame | None) -> str:
    """What the names of choices in a child of a module begin with; `outer` is of the module around it."""
    outermost = module
    if type(module) is BoundPlace:  # its names are given where the let is
        let = find_let(module.binding, outer)
        outermost, outer = let.term, let.outer
    return f"{find_prefix(outer, outermost)}{segment}."


def find_prefix(frame: Frame | None, term: Term) -> str:
    """What the names of choices in a term in `frame` begin with; without a frame, it is the whole space."""
    return root_prefix(term) if frame is None else frame.prefix


def format_place(focus: Term, frame: Frame | None) -> str:
    """The place of a term in messages and names: the segments of the modules around it, and the word for it."""
    # `find_prefix` without a call, as it is asked for each name of a path.
    return (root_prefix(focus) if frame is None else frame.prefix) + focus.word
