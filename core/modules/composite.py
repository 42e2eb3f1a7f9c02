"""Modules that run other modules (DeepArchitect, appendix B.2 and D)."""

from typing import final

from archwright.core.builders import name_wrong_arguments
from archwright.core.hyperparameter import Hyperparameter, hyperparameter, integer, one_of
from archwright.core.names import name_children, split_name
from archwright.core.shape import Shape
from archwright.core.term import Composite, Term, child, children, module


def pad_shapes(a: Shape, b: Shape) -> Shape:
    """The shape of two operands after zero-padding the end of each axis to the longer; flattened if ranks differ.

    DeepArchitect's rule for residual modules, in its released code.
    """
    if len(a) == len(b):
        return a if a == b else tuple(map(max, a, b))
    return (max(_volume(a), _volume(b)),)


def _volume(shape: Shape) -> int:
    volume = 1
    for axis in shape:
        volume *= axis
    return volume


@final
@module
class Sequential(Composite):
    """Its children one after the other."""

    children: tuple[Term, ...] = children()

    def segment(self, i: int) -> str:
        """The place of the child."""
        return str(i)

    def child_in_shape(self, i: int, in_shape: Shape, outs: tuple[Shape, ...]) -> Shape:
        """The output of the child before."""
        return outs[-1] if outs else in_shape

    def remember(self, outs: tuple[Shape, ...], out: Shape) -> tuple[Shape, ...]:
        """The last output."""
        return (out,)

    def merge(self, in_shape: Shape, outs: tuple[Shape, ...]) -> Shape:
        """The last output; of no children at all, the input."""
        return outs[-1] if outs else in_shape


@final
@module
class Residual(Composite):
    """The input added to the body's output, zero-padded to a common shape."""

    body: Term = child()

    def child_in_shape(self, i: int, in_shape: Shape, outs: tuple[Shape, ...]) -> Shape:
        """The input."""
        return in_shape

    def merge(self, in_shape: Shape, outs: tuple[Shape, ...]) -> Shape:
        """The common shape of input and output."""
        return pad_shapes(in_shape, outs[0])


@final
@module
class Branches(Composite):
    """Its children side by side on one input, merged by adding or by concatenating channels, after zero-padding."""

    children: tuple[Term, ...] = children()
    merging: Hyperparameter[str] = hyperparameter(one_of("add", "concatenate"), default="add")

    def child_in_shape(self, i: int, in_shape: Shape, outs: tuple[Shape, ...]) -> Shape:
        """The input."""
        return in_shape

    def remember(self, outs: tuple[Shape, ...], out: Shape) -> tuple[Shape, ...]:
        """The merged output so far."""
        if not outs:
            return (out,)
        a, b = outs[0], out
        common = pad_shapes(a, b)
        if self.merging == "add":
            return (common,)
        # The channels are those of both; other axes, and flattened operands of unlike rank, are as long as the longer.
        first = a[0] + b[0] if len(a) == len(b) else _volume(a) + _volume(b)
        return ((first, *common[1:]),)

    def merge(self, in_shape: Shape, outs: tuple[Shape, ...]) -> Shape:
        """The merged output; of no branches at all, the input."""
        return outs[0] if outs else in_shape


@final
@module
class RepeatTied(Composite):
    """`count` copies of the body in a chain: hyperparameters chosen once, parameters of their own."""

    body: Term = child()
    count: Hyperparameter[int] = hyperparameter(integer(1))

    @property
    def copies(self) -> int:
        """As many as `count` says."""
        return self.count

    def segment(self, i: int) -> str:
        """The copies share their names."""
        return "tied"

    def child_in_shape(self, i: int, in_shape: Shape, outs: tuple[Shape, ...]) -> Shape:
        """The input: that of the first copy."""
        return in_shape

    def merge(self, in_shape: Shape, outs: tuple[Shape, ...]) -> Shape:
        """The output of the last copy."""
        return outs[0]


@name_wrong_arguments
def sequential(*terms: Term, **named: Term | str) -> Sequential:
    """`terms` one after the other, then those with names; a text under `name` is the name of the whole."""
    name, named_terms = split_name(named)
    return Sequential((*terms, *name_children(sequential, named_terms)), name=name)


@name_wrong_arguments
def branches(*terms: Term, merge: object = "add", **named: Term | str) -> Branches:
    """`terms`, then those with names, side by side on one input; `merge` is "add", "concatenate" or a choice of both.

    A text under `name` is the name of the whole.
    """
    name, named_terms = split_name(named)
    return Branches((*terms, *name_children(branches, named_terms)), merge, name=name)  # pyright: ignore[reportArgumentType]
