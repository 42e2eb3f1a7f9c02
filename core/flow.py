"""Shapes that flow through a wiring: what later joints need of the outputs so far is merged as they come."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from attrs import frozen

from archwright.core.shape import Misfit, Shape, TupleShape, format_shape
from archwright.core.wiring import TUPLE, Joint, Wiring

ShapeMerge = Callable[[Shape, Shape], Shape]

MAX_PLANNED_WIRINGS = 4096


def pad_shapes(a: Shape, b: Shape) -> Shape:
    """The shape of two operands after zero-padding the end of each axis to the longer; flattened if ranks differ.

    DeepArchitect's rule for residual modules, in its released code. Misfit of outputs that flow side by side.
    """
    if type(a) is TupleShape or type(b) is TupleShape:
        outputs = format_shape(a if type(a) is TupleShape else b)
        raise Misfit(f"outputs that flow side by side, {outputs}, are merged with no other ones; select takes one")
    if len(a) == len(b):
        return a if a == b else tuple(map(max, a, b))
    return (max(_volume(a), _volume(b)),)


def concatenate_shapes(a: Shape, b: Shape) -> Shape:
    """The shape of two operands one behind the other along the first axis, and else as `pad_shapes` gives it."""
    _, *others = pad_shapes(a, b)
    return (a[0] + b[0] if len(a) == len(b) else _volume(a) + _volume(b), *others)


def _begin_tuple(first: Shape, _: Shape) -> TupleShape:
    return _extend_tuple(TupleShape(), first)


def _begin_pair(first: Shape, second: Shape) -> TupleShape:
    return _extend_tuple(_begin_tuple(first, second), second)


def _extend_tuple(shapes: Shape, shape: Shape) -> TupleShape:
    """One more output side by side with others. Misfit of several, so that `select` counts the sources of a joint."""
    if type(shape) is TupleShape:
        raise Misfit(f"outputs that flow side by side, {format_shape(shape)}, are put beside no other ones")
    return TupleShape((*shapes, shape))  # pyright: ignore[reportArgumentType]  (its items are shapes)


def _volume(shape: Shape) -> int:
    volume = 1
    for axis in shape:
        volume *= axis
    return volume


INPUT = -1  # in place of an index into what is kept: the input of the composite
OUT = -2  # and the output of the child that has just been run


@frozen(eq=False)
class Kept:
    """A joint that later children or the output need, after one more child has run: two operands, merged."""

    first: int  # the index of it among what was kept before, or INPUT, or OUT
    merge: ShapeMerge | None  # of that and the output of the child; None where the child has no part in it


Update = tuple[Kept, ...] | None  # what is kept after a child; None stands for its output alone


@frozen(eq=False)
class Flow:
    """The shapes of a wiring, worked out once: where each joint lies in what is kept after each child.

    What is kept is a tuple with a shape for each joint that is begun and needed later. The less is kept, the more ways
    of choosing come to the same, which makes counting cheaper.
    """

    wiring: Wiring
    inputs: tuple[int, ...]  # of each child: the index of its input in what is kept, or INPUT
    updates: tuple[Update, ...]  # after each child
    output: int  # the index of the output of the composite, or INPUT
    parameters: int  # of all joints

    def run(self, in_shape: Shape, terms: Sequence[Any]) -> Shape:
        """The output shape of a composite that runs each of its specified children once."""
        outs: tuple[Shape, ...] = ()
        for index, update, term in zip(self.inputs, self.updates, terms, strict=True):
            out: Shape = term.out_shape(in_shape if index < 0 else outs[index])
            outs = (out,) if update is None else keep_joints(update, in_shape, outs, out)
        return in_shape if self.output < 0 else outs[self.output]


def keep_joints(update: tuple[Kept, ...], in_shape: Shape, outs: tuple[Shape, ...], out: Shape) -> tuple[Shape, ...]:
    """What is kept after a child, of what was kept before it, and its output."""
    kept: list[Shape] = []
    for joint in update:
        first = outs[joint.first] if joint.first >= 0 else in_shape if joint.first == INPUT else out
        kept.append(first if joint.merge is None else joint.merge(first, out))
    return tuple(kept)


@lru_cache(MAX_PLANNED_WIRINGS)
def plan_flow(wiring: Wiring) -> Flow:
    """The flow of a wiring."""
    needed = [*wiring.inputs, wiring.output]
    inputs, updates = list[int](), list[Update]()
    before: list[Joint] = []  # those that are kept
    for i, joint in enumerate(wiring.inputs):
        inputs.append(_find_index(joint, before))
        later = dict.fromkeys(other for other in needed[i + 1 :] if other.sources[-1] > 0 and _is_begun(other, i + 1))
        update = tuple(_plan_joint(other, i + 1, before) for other in later)
        is_last_alone = len(update) == 1 and update[0].first == OUT and update[0].merge is None
        updates.append(None if is_last_alone else update)
        before = list(later)
    parameters = sum(joint.parameters for joint in wiring.joints)
    return Flow(wiring, tuple(inputs), tuple(updates), _find_index(wiring.output, before), parameters)


def _is_begun(joint: Joint, source: int) -> bool:
    """Whether a shape of it is known once `source` has come: the input alone is at hand, and need not be kept."""
    first, *others = joint.sources
    return (others[0] if first == 0 else first) <= source


def _find_index(joint: Joint, kept: list[Joint]) -> int:
    return INPUT if joint.sources == (0,) else kept.index(joint)


def _plan_joint(joint: Joint, source: int, before: list[Joint]) -> Kept:
    """What is kept of a joint after one more source, of what was kept `before`."""
    begin, begin_pair, merge = _SHAPE_MERGES.get(joint.merge, (None, pad_shapes, pad_shapes))
    if joint in before:
        return Kept(before.index(joint), merge if source in joint.sources else None)
    if joint.sources[0] == source:
        return Kept(OUT, begin if len(joint.sources) > 1 else None)
    return Kept(INPUT, begin_pair)


# What is done with the first output of a joint, where it has several; with it and the second one; with each later one.
_SHAPE_MERGES: Mapping[str, tuple[ShapeMerge | None, ShapeMerge, ShapeMerge]] = {
    "concatenate": (None, concatenate_shapes, concatenate_shapes),
    TUPLE: (_begin_tuple, _begin_pair, _extend_tuple),
}
