"""Cells: small graphs with an operation on each edge, whose nodes add what comes in (NAS-Bench-201)."""

from collections.abc import Sequence
from typing import Any, final

from attrs import field

from archwright.core.domain import Domain, values
from archwright.core.expression import Expression
from archwright.core.hyperparameter import Entry, InvalidHyperparameter, entry, probes
from archwright.core.modules.basic import Zero
from archwright.core.modules.composite import pad_shapes
from archwright.core.shape import Misfit, Shape
from archwright.core.term import Composite, Rewriting, Term, children, module
from archwright.core.value import Value

Edge = tuple[int, int]  # from a node to a later one; node 0 is the input, the last node the output


def _edges(given: Any) -> tuple[Edge, ...]:
    return tuple((int(source), int(target)) for source, target in given)


def _entries(given: Any) -> tuple[tuple[str, Entry], ...]:
    return tuple((name, entry(held)) for name, held in given)


def _sorted_edges(instance: Term, _: object, edges: tuple[Edge, ...]) -> None:
    nodes = sorted({0} | {target for _, target in edges})
    good = bool(edges) and nodes == list(range(len(nodes))) and all(source < target for source, target in edges)
    good = good and [target for _, target in edges] == sorted(target for _, target in edges)
    if not good or len(set(edges)) < len(edges):
        raise InvalidHyperparameter(
            f"the edges of {instance.kind} are {list(edges)}; each must go from a node to a later one, every node "
            "but 0 must have one coming in, and they must be in the order of their targets"
        )


@final
@module
class Topology(Composite):
    """A child on each edge; a node is the sum of what comes in, zero-padded to a common shape."""

    edges: tuple[Edge, ...] = field(converter=_edges, validator=_sorted_edges)
    children: tuple[Term, ...] = children()

    def __attrs_post_init__(self) -> None:
        if len(self.children) != len(self.edges):
            raise InvalidHyperparameter(
                f"topology has {len(self.edges)} edges and {len(self.children)} modules; give it one for each edge"
            )

    def segment(self, i: int) -> str:
        """The edge, target first, as in `topology.2_0`."""
        source, target = self.edges[i]
        return f"{self.kind}.{target}_{source}"

    def child_in_shape(self, i: int, in_shape: Shape, outs: tuple[Shape, ...]) -> Shape:
        """The sum at the node that the edge comes from."""
        return self._at(self.edges[i][0], in_shape, outs)

    def merge(self, in_shape: Shape, outs: tuple[Shape, ...]) -> Shape:
        """The sum at the last node."""
        return self._at(self.edges[-1][1], in_shape, outs)

    def _at(self, node: int, in_shape: Shape, outs: tuple[Shape, ...]) -> Shape:
        shapes = [out for (_, target), out in zip(self.edges, outs, strict=False) if target == node]
        if not shapes:
            return in_shape
        shape = shapes[0]
        for other in shapes[1:]:
            shape = pad_shapes(shape, other)
        return shape


@final
@module
class Cell(Rewriting):
    """A topology with a choice of operation on each edge, named for the edge: `cell.op_2_0`.

    Where `connected` is set, operations that would cut the output off the input are not offered.
    """

    edges: tuple[Edge, ...] = field(converter=_edges, validator=_sorted_edges)
    terms: tuple[Term, ...] = children()
    labels: tuple[str, ...] = field(converter=tuple)
    ops: tuple[tuple[str, Entry], ...] = field(converter=_entries)
    connected: bool = False

    def __attrs_post_init__(self) -> None:
        given = len(self.terms), len(self.labels), len(set(self.labels))
        if len(set(given)) > 1 or not self.terms or len(self.ops) != len(self.edges):
            raise InvalidHyperparameter(
                f"cell has {len(self.edges)} edges and {len(self.ops)} choices, {len(self.terms)} operations and the "
                f"labels {list(self.labels)}; it needs a choice for each edge and a label of its own for each operation"
            )
        for name, held in self.ops:
            for value in probes(held):
                if remedy := self.check(name, value):
                    raise InvalidHyperparameter(f"{name} of cell is {value!r}; {remedy}")

    @property
    def hyperparameters(self) -> tuple[tuple[str, Entry], ...]:
        """One for each edge."""
        return self.ops

    def specified(self, answers: tuple[Value, ...]) -> "Cell":
        """The cell with an operation on each open edge."""
        answer = iter(answers)
        ops = tuple((name, next(answer) if isinstance(e, Domain | Expression) else e) for name, e in self.ops)
        new = object.__new__(Cell)  # what was checked once need not be checked for every combination
        for name in ("edges", "terms", "labels", "connected"):
            object.__setattr__(new, name, getattr(self, name))
        object.__setattr__(new, "ops", ops)
        return new

    def check(self, name: str, value: Value) -> str | None:
        """What is wrong with an operation that was computed."""
        return None if value in self.labels else f"it may be one of {', '.join(self.labels)}"

    def expand(self) -> Topology:
        """The topology. Misfit if it must be connected and is not."""
        inside = tuple(self.terms[self.labels.index(str(label))] for _, label in self.ops)
        if self.connected and not connected(self.edges, inside):
            raise Misfit("no way leads from the input of the cell to its output")
        made = object.__new__(Topology)  # as above: the edges were checked, and there is a module for each
        object.__setattr__(made, "edges", self.edges)
        object.__setattr__(made, "children", inside)
        return made


def connected(edges: Sequence[Edge], inside: Sequence[Term]) -> bool:
    """Whether the last node can be reached from node 0 over edges that are not zero."""
    reached = {0}
    for (source, target), term in zip(edges, inside, strict=True):
        if source in reached and not isinstance(term, Zero):
            reached.add(target)
    return edges[-1][1] in reached


def topology(edges: Sequence[Edge], *terms: Term) -> Topology:
    """A module on each edge, in the order of the edges."""
    return Topology(edges, terms)  # pyright: ignore[reportArgumentType]


def cell(edges: Sequence[Edge], connected: bool = False, **options: Term) -> Cell:
    """A choice among `options` on each edge: `cell([(0, 1), (0, 2), (1, 2)], none=zero(), skip=identity())`."""
    labels = tuple(options)
    ops = tuple((f"op_{target}_{source}", values(*labels) if labels else "") for source, target in edges)
    return Cell(edges, tuple(options.values()), labels, ops, connected)  # pyright: ignore[reportArgumentType]
