"""Topologies and cells: small graphs with a module, or a choice of one, on each edge, as in NAS-Bench-201."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, final

from attrs import Attribute, field

from archwright.core.builders import name_wrong_arguments
from archwright.core.connection import Connection, find_connection
from archwright.core.domain import Domain, values
from archwright.core.errors import show
from archwright.core.expression import Expression
from archwright.core.hyperparameter import (
    Hyperparameter,
    InvalidHyperparameter,
    Slot,
    hyperparameter,
    named_hyperparameters,
    one_of,
)
from archwright.core.kind import children, module
from archwright.core.modules.basic import Zero
from archwright.core.modules.choices import Either, check_label
from archwright.core.named_modules import name_children, split_name
from archwright.core.shape import Misfit
from archwright.core.term import Composite, Rewriting, Term, make_unchecked_term
from archwright.core.value import Value, as_integer
from archwright.core.wiring import MAX_CACHED_WIRINGS, MERGES, Joint, Wiring

Edge = tuple[int, int]  # from a node to a later one; node 0 is the input, the last node the output


def _as_edges(written: Any) -> tuple[Edge, ...]:
    """The edges as pairs of Python's integers; InvalidHyperparameter of anything but pairs of whole numbers."""
    with suppress(TypeError, ValueError):
        edges = tuple((as_integer(source), as_integer(target)) for source, target in written)
        if all(type(number) is int for edge in edges for number in edge):
            return edges
    raise InvalidHyperparameter(
        f"the edges are {show(written, 200)}; they must be pairs of numbers of nodes, as in [(0, 1), (0, 2), (1, 2)]"
    )


def _require_sorted(instance: Term, _: object, edges: tuple[Edge, ...]) -> None:
    """InvalidHyperparameter unless the edges are those of a graph in which each node is reached, in their order."""
    if problem := _find_wrong_edge(edges):
        raise InvalidHyperparameter(
            f"the edges of {instance.kind} are {list(edges)}; each must go from a node to a later one, every node "
            "but 0 must have one coming in, and they must be in the order of their targets, each once; "
            f"{problem}"
        )


def _find_wrong_edge(edges: tuple[Edge, ...]) -> str:
    """What the first edge is that does not fit, or the first node; empty if all do."""
    if not edges:
        return "there is none"
    reached = 0
    for i, (source, target) in enumerate(edges):
        if not 0 <= source < target:
            return f"{(source, target)} does not"
        if (source, target) in edges[:i]:
            return f"{(source, target)} is there twice"
        if target < reached:
            return f"{(source, target)} comes after {edges[i - 1]}"
        if target > reached + 1:
            return f"nothing comes into node {reached + 1}"
        reached = target
    return ""


def _require_bool(instance: Term, attribute: "Attribute[Any]", content: object) -> None:
    if not isinstance(content, bool):
        raise InvalidHyperparameter(f"{attribute.name} of {instance.kind} is {show(content)}; it must be True or False")


@final
@module
class Topology(Composite):
    """A child on each edge; what comes into a node is merged after zero-padding, in the order of the edges.

    Where `connected` is set, no edge can become `zero()` that would cut the output off the input: a rule of a space,
    which an architecture has kept, and has no more. A mask of attention, the first edge into a node, is no way to it.
    """

    edges: tuple[Edge, ...] = field(converter=_as_edges, validator=_require_sorted)
    children: tuple[Term, ...] = children()
    connected: bool = field(default=False, validator=_require_bool, metadata={"role": "rule", "optional": True})
    merging: Hyperparameter[str] = hyperparameter(one_of(*MERGES), default="add", is_optional=True)

    def __attrs_post_init__(self) -> None:
        if len(self.children) != len(self.edges):
            raise InvalidHyperparameter(
                f"topology has {len(self.edges)} edges and {len(self.children)} modules; give it one for each edge"
            )
        if self.connected and self.connection is None:
            raise InvalidHyperparameter(
                f"the topology of edges {list(self.edges)} must be connected, and no way leads from node 0 to the last "
                "one over edges that are not zero(); give one of them another module"
            )
        if self.connected and all(term.plan.is_specified for term in self.children):
            object.__setattr__(self, "connected", False)  # nothing is left that the rule could keep out

    def check(self, name: str, value: Value) -> str | None:
        """What is wrong with a value: of attention, that nothing but masks would lead to the output."""
        is_whole = len(self.children) == len(self.edges)  # else refused once all values are checked
        if self.connected and value == "attention" and is_whole and not is_connected(self.edges, self.children, value):
            return "no way leads from node 0 to the last one beside its masks, the first edges into nodes"
        return super().check(name, value)

    @property
    def connection(self) -> Connection | None:
        """The rule for zeros, if it must be connected."""
        return _find_ways(self.edges, self.children, self.merging) if self.connected else None

    def with_children(self, children: tuple[Term, ...]) -> "Topology":
        """The same edges with these children; the rule stays as long as one of them is open."""
        connected = self.connected and not all(child.plan.is_specified for child in children)
        fields = (self.edges, children, connected, self.merging)
        return make_unchecked_term(Topology, fields, self.open_names, self.given_name)

    def segment(self, i: int) -> str:
        """The edge, target first, as in `topology.2_0`."""
        source, target = self.edges[i]
        return f"{self.kind}.{target}_{source}"

    def wiring(self) -> Wiring:
        """Each edge takes what is merged at the node that it comes from; the output is the last node."""
        return _connect(self.edges, self.merging)


@lru_cache(MAX_CACHED_WIRINGS)
def _connect(edges: tuple[Edge, ...], merging: str) -> Wiring:
    sources = {node: [i + 1 for i, (_, target) in enumerate(edges) if target == node] for _, node in edges}
    joints = {node: Joint(into, merging if len(into) > 1 else "add") for node, into in sources.items()}
    return Wiring([joints.get(source, 0) for source, _ in edges], joints[edges[-1][1]])


def _find_ways(edges: tuple[Edge, ...], inside: Sequence[Term], merging: Value) -> Connection | None:
    """The rule for zeros in a topology that must be connected; None if no way leads through it.

    What a mask of attention scales is zero where nothing else comes into its node.
    """
    targets = [target for _, target in edges]
    masks = {targets.index(node) for node in targets if targets.count(node) > 1} if merging == "attention" else ()
    return find_connection(edges, tuple(i not in masks and not isinstance(term, Zero) for i, term in enumerate(inside)))


def _require_one_each(instance: "Cell", _: object, labels: tuple[str, ...]) -> None:
    """InvalidHyperparameter unless there is a choice for each edge, and a label of its own for each operation."""
    counts = {len(instance.terms), len(labels), len(set(labels))}
    if len(counts) > 1 or not instance.terms or len(instance.ops) != len(instance.edges):
        raise InvalidHyperparameter(
            f"cell has {len(instance.edges)} edges and {len(instance.ops)} choices, {len(instance.terms)} operations "
            f"and the labels {list(labels)}; it needs a choice for each edge and a label of its own for each operation"
        )


@final
@module
class Cell(Rewriting):
    """A topology with a choice of operation on each edge, named for the edge: `cell.op_2_0`.

    Where `connected` is set, operations that would cut the output off the input are not offered. How its nodes merge
    is chosen before the operations.
    """

    edges: tuple[Edge, ...] = field(converter=_as_edges, validator=_require_sorted)
    terms: tuple[Term, ...] = children()
    labels: tuple[str, ...] = field(converter=tuple, validator=_require_one_each)
    ops: tuple[tuple[str, Slot], ...] = named_hyperparameters()
    connected: bool = False
    merging: Hyperparameter[str] = hyperparameter(one_of(*MERGES), default="add", is_optional=True)

    @property
    def hyperparameters(self) -> tuple[tuple[str, Slot], ...]:
        """How its nodes merge, and the operations."""
        return (("merging", self.merging), *self.ops)

    def check(self, name: str, value: Value) -> str | None:
        """What is wrong with an operation, or with a merge."""
        if name == "merging":
            return super().check(name, value)
        return check_label(value, self.labels)

    def expand(self) -> Topology:
        """The topology. Misfit if it must be connected and is not."""
        return self._connect([self.find_operation(label) for _, label in self.ops], self.merging)

    def _connect(self, operations: Sequence[Term], merging: Value) -> Topology:
        """The topology, with the rule of connectivity as long as something is open that may become zero()."""
        if self.connected and not is_connected(self.edges, operations, merging):
            raise Misfit("no way leads from the input of the cell to its output")
        has_rule = self.connected and not all(term.plan.is_specified for term in operations)
        return make_unchecked_term(Topology, (self.edges, tuple(operations), has_rule, merging))

    def leave_open(self, values: Sequence[Value]) -> Topology | None:
        """The topology that this becomes, with a choice on each edge after the first ones, which have these operations.

        None where it is not chosen how nodes merge, and where the choice on one edge may decide on another one. Misfit
        as above.
        """
        chosen = dict(zip(self.plan.names, values, strict=False))
        merging, *slots = (chosen.get(name, slot) for name, slot in self.hyperparameters)
        is_known = not isinstance(merging, Domain | Expression)
        if not is_known or any(isinstance(slot, Expression) for slot in slots):
            return None
        return self._connect([self._leave_open(slot) for slot in slots], merging)

    def _leave_open(self, slot: Slot) -> Term:
        is_open = isinstance(slot, Domain)
        return make_unchecked_term(Either, (self.terms, self.labels, slot)) if is_open else self.find_operation(slot)

    def list_operations(self, name: str) -> Sequence[Term]:
        """Those that the edge of this name may have: one, once it is chosen."""
        slot = dict(self.ops)[name]
        return [self.find_operation(label) for label in (slot if isinstance(slot, Domain) else [slot])]

    def find_operation(self, label: object) -> Term:
        """The operation of a label."""
        return self.terms[self.labels.index(str(label))]

    def candidates(self, name: str, target: Term, may_be: Callable[[Term, Term], bool]) -> Sequence[Value]:
        """The operations that may be what a topology of the same edges has on that edge; or how that merges."""
        if not isinstance(target, Topology) or target.edges != self.edges:
            return []
        if name == "merging":
            return [target.merging]
        operation = target.children[[each for each, _ in self.ops].index(name)]
        return [label for label, term in zip(self.labels, self.terms, strict=True) if may_be(term, operation)]


def is_connected(edges: Sequence[Edge], operations: Sequence[Term], merging: Value = "add") -> bool:
    """Whether the last node can be reached from node 0 over edges that are not zero, nor masks of attention."""
    return _find_ways(tuple(edges), operations, merging) is not None


@name_wrong_arguments
def topology(
    edges: Sequence[Edge], *terms: Term, connected: bool = False, merge: object = "add", **named: Term | str
) -> Topology:
    """A module on each edge, in the order of the edges: `terms`, then those with names.

    With `connected`, choices that would cut the output off the input are not offered. `merge` is one of MERGES, by
    which all that comes into a node flows together, or a choice of them. A text under `name` is the name of the whole.
    InvalidHyperparameter of edges in another order, of another merge, and where no way can be left; NotATerm of what is
    no module.
    """
    name, named_terms = split_name(named)
    children = (*terms, *name_children(topology, named_terms))
    return Topology(edges, children, connected, merge, name=name)  # pyright: ignore[reportArgumentType]


@name_wrong_arguments
def cell(edges: Sequence[Edge], connected: bool = False, *, merge: object = "add", **options: Term | str) -> Cell:
    """A choice among `options` on each edge: `cell([(0, 1), (0, 2), (1, 2)], none=zero(), skip=identity())`.

    `merge` is one of MERGES, by which all that comes into a node flows together, or a choice of them. A text under
    `name` is no option, but the name of the cell. A module of these keywords is an option like any other. Raises what
    `topology` does.
    """
    if isinstance(merge, Term):
        options, merge = {"merge": merge, **options}, "add"
    name, terms = split_name(options)
    labels = tuple(terms)
    pairs = _as_edges(edges)
    ops = tuple((f"op_{target}_{source}", values(*labels) if labels else "") for source, target in pairs)
    return Cell(pairs, tuple(terms.values()), labels, ops, connected, merge, name=name)  # pyright: ignore[reportArgumentType]
