"""What a cell offers is what can be completed, as if each combination of its operations were tried."""

import random
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import product
from typing import Any

import pytest
from attrs import frozen
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import archwright as aw
from archwright.core import step
from archwright.core.modules.graphs import Cell, is_connected, topology
from archwright.core.node import DeadEnd, Node
from archwright.core.value import Value
from archwright.core.wiring import MERGES
from tests.core.analysis.test_edge_choices import DIAMOND, spaces_with_cells, write_again
from tests.strategies import GRAPHS, MERGING, enumerate_leaves, seeds, shapes

MAX_GRAPHS = 4000  # that one test makes of one cell
WIDTH = aw.shared("width", [2, 3])
WHICH = aw.shared("which", ["a", "b"])
ZERO, RELU, WIDE_POOL = aw.zero(), aw.relu(), aw.max_pool2d(7)
PLACES = {"first": aw.conv2d([2, 3], 3, padding="valid"), "second": aw.either(ZERO, RELU)}


@frozen
class Version:
    """What an operation may become, and what then has to be chosen for other modules, too."""

    term: aw.Term
    shared: Mapping[str, Any] = {}


def conv(filters: Any, size: Any) -> aw.Term:
    return aw.conv2d(filters, size, padding="valid")


def shared_either(first: aw.Term, second: aw.Term) -> aw.Term:
    return aw.Either((first, second), ("a", "b"), WHICH)


OPERATIONS: Sequence[tuple[aw.Term, Sequence[Version]]] = (
    (ZERO, [Version(ZERO)]),
    (RELU, [Version(RELU)]),
    (aw.max_pool2d(4), [Version(aw.max_pool2d(4))]),
    (aw.affine(2), [Version(aw.affine(2))]),
    (conv([2, 3], 5), [Version(conv(n, 5)) for n in (2, 3)]),
    (conv(2, [1, 7]), [Version(conv(2, n)) for n in (1, 7)]),
    (aw.conv2d(6, 1, groups=WIDTH), [Version(aw.conv2d(6, 1, groups=n), {"width": n}) for n in (2, 3)]),
    (aw.either(ZERO, aw.max_pool2d(5)), [Version(ZERO), Version(aw.max_pool2d(5))]),
    (shared_either(ZERO, RELU), [Version(ZERO, {"which": "a"}), Version(RELU, {"which": "b"})]),
    (shared_either(RELU, WIDE_POOL), [Version(RELU, {"which": "a"}), Version(WIDE_POOL, {"which": "b"})]),
    (shared_either(WIDE_POOL, RELU), [Version(WIDE_POOL, {"which": "a"}), Version(RELU, {"which": "b"})]),
    (aw.place("first"), [Version(conv(n, 3), {"first": conv(n, 3)}) for n in (2, 3)]),
    (aw.place("second"), [Version(term, {"second": term}) for term in (ZERO, RELU)]),
)
VERSIONS = dict(OPERATIONS)


@st.composite
def _cells(draw: st.DrawFn) -> Cell:
    edges = draw(st.sampled_from([*GRAPHS, DIAMOND, [(0, 1), (0, 2), (1, 2), (1, 3), (2, 3)]]))
    terms = draw(st.lists(st.sampled_from([term for term, _ in OPERATIONS]), min_size=1, max_size=3, unique=True))
    merge = draw(st.sampled_from([*MERGES, ["add", "attention"], ["concatenate", "mean"], MERGING]))
    assume(sum(len(VERSIONS[term]) for term in terms) ** len(edges) <= MAX_GRAPHS)
    options = {f"op{i}": term for i, term in enumerate(terms)}
    return aw.cell(edges, draw(st.booleans()), merge=merge, **options)


def put_into_space(before: aw.Term, cell: Cell) -> aw.Term:
    """A space of a module and a cell after it, within the let that they need."""
    inside = aw.sequential(before, cell)
    names = {term.term_name for term in (before, *cell.terms) if isinstance(term, aw.Place)}
    return aw.let(inside=inside, **{name: PLACES[name] for name in sorted(names)}) if names else inside


def list_complete(cell: Cell, shape: aw.Shape, known: Mapping[str, Any]) -> list[tuple[Value, ...]]:
    """How a cell can be completed: the values of its own hyperparameters for each graph that fits and may be.

    Nothing of the traversal or the analysis is used: every graph is made, and asked for its output shape.
    """
    merges = cell.merging if isinstance(cell.merging, aw.Domain) else [cell.merging]
    if cell.merging is MERGING:
        merges = [known["merging"]] if "merging" in known else MERGING.domain
    versions = [
        (label, version) for label, term in zip(cell.labels, cell.terms, strict=True) for version in VERSIONS[term]
    ]
    complete = dict[tuple[Value, ...], None]()
    for merge, chosen in product(merges, product(versions, repeat=len(cell.edges))):
        shared = [*known.items(), *(item for _, version in chosen for item in version.shared.items())]
        terms = [version.term for _, version in chosen]
        if len(dict(shared)) < len(set(shared)) or (cell.connected and not is_connected(cell.edges, terms, merge)):
            continue
        with suppress(aw.Misfit):
            topology(cell.edges, *terms, merge=merge).out_shape(shape)
            asked = [merge] if cell.plan.names[0] == "merging" else []
            complete[(*asked, *(label for label, _ in chosen))] = None
    return list(complete)


MODULES_BEFORE = [
    RELU,
    conv([2, 3], 3),
    conv(WIDTH, 1),
    shared_either(ZERO, RELU),
    aw.place("first"),
    aw.place("second"),
]


def find_cell(node: Node, rng: random.Random) -> Node | None:
    """The first node of a random walk that asks for something of a cell; None where nothing is asked of it."""
    while node.domain is not None and not isinstance(node.focus, Cell):
        try:
            node = node.choose(rng.choice(list(node.domain)))
        except DeadEnd:
            return None
    return None if node.is_leaf else node


@given(st.sampled_from(MODULES_BEFORE), _cells(), shapes, seeds)
@settings(max_examples=100, deadline=None)
def test_a_cell_offers_what_is_left_in_graphs_that_fit(before: aw.Term, cell: Cell, shape: aw.Shape, seed: int):
    """At each of its steps, whatever was chosen before it, by making each graph that it may become."""
    rng = random.Random(seed)
    try:
        root = aw.root(put_into_space(before, cell), shape)
    except DeadEnd:
        assert before is not RELU or not list_complete(cell, shape, {})
        return
    node = find_cell(root, rng)
    if node is None:
        return
    known = {
        getattr(key, "name", key): getattr(value, "term", value)
        for key, value in node.environment.items()
        if value is not None  # what a let has not chosen yet
    }
    complete, chosen = list_complete(cell, node.shape, known), ()
    while len(chosen) < len(cell.plan.names):
        legal = {values[len(chosen)] for values in complete if values[: len(chosen)] == chosen}
        if len(legal) == 1:  # which is not asked
            chosen = (*chosen, *legal)
            continue
        assert isinstance(node.focus, Cell)
        assert node.request is not None
        slot = cell.plan.slots[len(chosen)]
        options = MERGING.domain if slot is MERGING else slot
        assert node.request.values == chosen
        assert list(node.request.domain) == [value for value in options if value in legal]
        value = rng.choice(sorted(legal))
        chosen = (*chosen, value)
        with suppress(DeadEnd):  # inside of what is chosen last
            node = node.choose(value)


def describe_tree(node: Node) -> Any:
    """All names and legal values below a node, and its dead ends."""
    if node.choice is None:
        return node.architecture
    below = []
    for value in node.choice.domain:
        try:
            below.append(describe_tree(node.choose(value)))
        except DeadEnd as error:
            below.append(str(error))
    return node.choice, below


def describe_space(space: aw.Term, shape: aw.Shape) -> Any:
    """As `describe_tree`, and the message where nothing fits."""
    try:
        return describe_tree(aw.root(space, shape))
    except DeadEnd as error:
        return str(error)


@given(spaces_with_cells, shapes)
@settings(max_examples=100, deadline=None)
def test_edge_by_edge_is_as_by_combinations(space: aw.Term, shape: aw.Shape):
    """Every choice of a space, its legal values, and the message of every dead end."""
    edge_by_edge = describe_space(write_again(space), shape)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(step, "is_completable_by_edges", lambda *_: None)
        assert describe_space(write_again(space), shape) == edge_by_edge


def test_what_edges_share_is_chosen_once():
    """Each of two operations fits with one value of what both depend on, so they do not stand in one cell."""
    for before in (RELU, shared_either(RELU, RELU)):
        space = aw.sequential(
            before, aw.cell(DIAMOND, a=shared_either(RELU, WIDE_POOL), b=shared_either(WIDE_POOL, RELU))
        )
        leaves, dead_ends = enumerate_leaves(space, (2, 6, 6))
        assert [len(set(dict(leaf.path).values())) for leaf in leaves] == [1, 1]
        assert not dead_ends


def test_a_cell_of_many_combinations_is_sampled_at_once():
    """45 edges of three operations are 3 ** 45 cells; most of them are cut off, or too small at the output."""
    edges = [(source, target) for target in range(1, 10) for source in range(target)]
    operations = {"none": ZERO, "conv": conv([2, 3], 5), "pool": aw.max_pool2d(2)}
    space = aw.cell(edges, connected=True, **operations)
    leaf = aw.sample(aw.root(space, (2, 12, 12)), random.Random(0).random)
    assert is_connected(leaf.architecture.edges, leaf.architecture.children)
