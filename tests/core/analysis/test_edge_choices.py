"""A cell is analyzed edge by edge, and comes to the same as each combination of its operations by itself."""

from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archwright as aw
from archwright.core import json
from archwright.core.analysis import completions as analysis
from archwright.core.analysis.counting import dead_ends, out_shapes
from archwright.core.analysis.demand import NO_DEMAND
from archwright.core.analysis.edge_choices import find_edge_choices
from archwright.core.analysis.examples import write_path
from archwright.core.environment import EMPTY_ENVIRONMENT
from archwright.core.modules.graphs import Cell
from archwright.core.node import DeadEnd
from tests.strategies import GRAPHS, enumerate_leaves, shapes

DIAMOND = [(0, 1), (0, 2), (1, 2)]
width = aw.shared("width", [2, 3])
operations = st.sampled_from(
    [
        aw.zero(),
        aw.relu(),
        aw.conv2d([2, 3], 3, name="conv"),
        aw.conv2d(width, 3),
        aw.either(aw.zero(), aw.relu()),
        aw.either(aw.max_pool2d(2), aw.relu(), name="conv"),
        aw.max_pool2d(3),
        aw.affine(2),
    ]
)
cells = st.builds(
    lambda edges, connected, terms, name: aw.cell(
        edges, connected, name=name, **{f"op{i}": term for i, term in enumerate(terms)}
    ),
    st.sampled_from([*GRAPHS, DIAMOND]),
    st.booleans(),
    st.lists(operations, min_size=1, max_size=3),
    st.sampled_from(["", "inner"]),
)
tails = st.sampled_from([aw.identity(), aw.max_pool2d(2), aw.conv2d(width, 3, padding="valid"), aw.affine([2, 3])])
spaces_with_cells = st.builds(lambda cell, tail: aw.sequential(cell, tail), cells, tails)


def write_again(space: aw.Term) -> aw.Term:
    """The same space, about which nothing is remembered."""
    return json.from_json(json.to_json(space))


@given(spaces_with_cells, shapes)
@settings(max_examples=60, deadline=None)
def test_edge_by_edge_is_as_by_combinations(space: aw.Term, shape: aw.Shape):
    """Counts, output shapes and dead ends."""

    def look(each: aw.Term) -> tuple[object, ...]:
        return aw.count(each, shape), set(out_shapes(each, shape)), {end.place for end in dead_ends(each, shape)}

    edge_by_edge = look(write_again(space))
    analyze_edges, analysis.analyze_edges = analysis.analyze_edges, lambda *_: None
    try:
        assert look(write_again(space)) == edge_by_edge
    finally:
        analysis.analyze_edges = analyze_edges


@given(cells, shapes)
@settings(max_examples=60, deadline=None)
def test_examples_have_the_names_of_the_cell(cell: Cell, shape: aw.Shape):
    """What each example chooses is asked, in its order, on the way to a leaf of that output shape."""
    found = analysis.analyze(cell, (shape,), EMPTY_ENVIRONMENT, (), NO_DEMAND)
    prefix = f"{cell.given_name}." if cell.given_name else ""
    for (outs, _), completions in found.completions.items():
        path = [(prefix + name if "." in name else name, v) for name, v in write_path(completions.example, {})]
        node = aw.root(cell, shape)
        while not node.is_leaf:
            while node.choice.name != path[0][0]:
                path.pop(0)  # where only one value fits, nothing is asked
            node = node.choose(path.pop(0)[1])
        assert node.out_shape == outs[0]


@given(cells, shapes)
@settings(max_examples=60, deadline=None)
def test_a_connected_cell_is_connected_whatever_is_on_its_edges(cell: Cell, shape: aw.Shape):
    """Also where an operation may become zero() once it is chosen."""
    leaves, _ = enumerate_leaves(cell, shape)
    for leaf in leaves[:50] if cell.connected else []:
        zeros = [isinstance(child, type(aw.zero())) for child in leaf.architecture.children]
        reached = {0}
        for (source, target), is_zero in zip(cell.edges, zeros, strict=True):
            reached |= {target} if source in reached and not is_zero else set()
        assert cell.edges[-1][1] in reached


def test_a_cell_of_many_combinations_is_counted_at_once():
    """Ten edges of nine operations are 3,486,784,401 cells."""
    edges = [(source, target) for target in range(1, 5) for source in range(target)]
    operations = {f"conv{size}": aw.conv2d(4, size) for size in range(1, 10)}
    assert aw.count(aw.cell(edges, **operations), (4, 8, 8)) == 9**10


def test_what_does_not_fit_in_a_cell_of_many_edges_is_not_counted():
    """A chain of 40 in which one operation makes an image of 200 shorter by 4, and another one, up to 9 times, by 8."""
    edges = [(node, node + 1) for node in range(40)]
    operations = {f"conv{size}": aw.conv2d(2, size, padding="valid") for size in (5, 9)}
    space = aw.cell(edges, **operations)
    assert aw.count(space, (2, 200, 200)) == sum(comb(40, n) for n in range(10))
    assert aw.dead_ends(space, (2, 200, 200)) == ()
    with pytest.raises(DeadEnd, match="at cell after no choice at all: conv2d with size 5"):
        aw.root(space, (2, 160, 160))
    assert aw.count(space, (2, 160, 160)) == 0


def test_a_merge_that_cells_in_a_cell_share_is_chosen_once():
    """Two merges, with one of two operations on each of three edges."""
    merge = aw.shared("merge", ["add", "concatenate"])
    inner = aw.cell([(0, 1)], merge=merge, relu=aw.relu())
    for tail in (aw.identity(), aw.branches(aw.relu(), aw.relu(), merge=merge)):
        space = aw.sequential(aw.cell(DIAMOND, merge=merge, inner=inner, zero=aw.zero()), tail)
        assert aw.count(space, (3, 8, 8)) == aw.count(space) == len(list(aw.enumerate_leaves(space, (3, 8, 8)))) == 16


def test_shared_choices_of_operations_are_left_to_the_cell():
    """What is on one edge decides on the others."""
    op = aw.shared("op", ["a", "b"])
    cell = Cell(DIAMOND, (aw.relu(), aw.zero()), ("a", "b"), tuple((f"op_{t}_{s}", op) for s, t in DIAMOND), True)
    assert find_edge_choices(cell, ()) is None
    assert aw.count(cell, (3, 8, 8)) == aw.count(cell) == 1
