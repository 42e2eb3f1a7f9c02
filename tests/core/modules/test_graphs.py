"""Cells: operations on the edges of a small graph."""

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archwright as aw
from archwright.core.analysis.counting import out_shapes
from archwright.core.hyperparameter import InvalidHyperparameter
from archwright.core.membership.path_of import NotInSpace
from archwright.core.modules.basic import ReluConvBn, Zero
from archwright.core.modules.graphs import Cell, cell, is_connected, topology
from archwright.core.spaces.nasbench201 import EDGES, OPERATIONS, nasbench201
from archwright.core.wiring import MERGES
from tests.strategies import enumerate_leaves

SHAPE = (4, 8, 8)
TRIANGLE = [(0, 1), (0, 2), (1, 2)]
ZERO, SKIP = Zero(), aw.identity()


@st.composite
def graphs(draw):
    """Edges from earlier to later nodes, in the order of their targets; every node but 0 has one coming in."""
    nodes = draw(st.integers(2, 4))
    edges = []
    for target in range(1, nodes):
        sources = draw(st.sets(st.integers(0, target - 1), min_size=1))
        edges += [(source, target) for source in sorted(sources)]
    return edges


def ways(edges, inside, node) -> int:
    """How many ways without a zero lead from node 0 to a node."""
    if node == 0:
        return 1
    steps = [s for (s, t), term in zip(edges, inside, strict=True) if t == node and not isinstance(term, Zero)]
    return sum(ways(edges, inside, source) for source in steps)


@given(graphs(), st.data())
def test_connected_is_having_a_way(edges, data):
    """From the first node to the last, over edges that are not zero."""
    inside = [data.draw(st.sampled_from([ZERO, SKIP])) for _ in edges]
    assert is_connected(edges, inside) == (ways(edges, inside, edges[-1][1]) > 0)


@given(graphs())
def test_cells_are_counted(edges):
    """As many as there are operations for each edge; connected ones, as many as have a way through."""
    operations = {"none": ZERO, "skip": SKIP}
    all_of_them = list(product(operations.values(), repeat=len(edges)))
    assert aw.count(cell(edges, **operations), SHAPE) == len(all_of_them)
    through = [inside for inside in all_of_them if ways(edges, inside, edges[-1][1])]
    space = cell(edges, connected=True, **operations)
    assert aw.count(space, SHAPE) == aw.count(space) == len(through)
    assert aw.dead_ends(space, SHAPE) == ()
    found = [leaf.architecture.children for leaf in aw.enumerate_leaves(space, SHAPE)]
    assert sorted(map(repr, found)) == sorted(map(repr, through))


def test_a_node_is_the_sum_of_what_comes_in():
    """Zero-padded to a common shape; every edge from a node gets its sum."""
    space = topology(TRIANGLE, aw.conv2d(8, 1), aw.max_pool2d(2), aw.conv2d(6, 3, stride=4))
    assert space.out_shape(SHAPE) == (6, 4, 4)
    runs = [(before, after) for _, _, before, after in space.iterate_calls(SHAPE)]
    assert runs == [(SHAPE, (8, 8, 8)), (SHAPE, (4, 4, 4)), ((8, 8, 8), (6, 2, 2))]
    assert space.parameters(SHAPE) == 8 * 5 + 6 * 73


def test_what_comes_into_a_node_is_merged_as_is_said():
    """One behind the other, 4 and 6 channels; or the like of a sum, with a number learned for each of them."""

    def merged(merge: str) -> aw.Term:
        return topology(TRIANGLE, aw.conv2d(8, 1), aw.max_pool2d(2), aw.conv2d(6, 3, stride=4), merge=merge)

    convs = 8 * 5 + 6 * 73
    assert merged("add") == topology(TRIANGLE, *merged("add").children)
    for merge, channels, learned in (
        ("concatenate", 4 + 6, 0),
        ("mean", 6, 0),
        ("weighted", 6, 2),
        ("attention", 6, 3),
    ):
        assert merged(merge).out_shape(SHAPE) == (channels, 4, 4)
        assert merged(merge).parameters(SHAPE) == convs + learned
    flat = topology(TRIANGLE, aw.relu(), aw.flatten(), SKIP, merge="concatenate")
    assert flat.out_shape(SHAPE) == (2 * 4 * 8 * 8,)
    assert topology(TRIANGLE, *flat.children).out_shape(SHAPE) == (4 * 8 * 8,)


def test_a_node_is_merged_once():
    """However many edges take it: nodes 2 and 4 learn two numbers each. One edge alone is merged with nothing."""
    edges = [*TRIANGLE, (2, 3), (2, 4), (3, 4)]
    space = topology(edges, *[SKIP] * 6, merge="weighted")
    assert space.parameters(SHAPE) == 2 + 2
    assert space.wiring() == aw.Wiring(
        [0, 0, 1, aw.Joint([2, 3], "weighted"), aw.Joint([2, 3], "weighted"), 4], aw.Joint([5, 6], "weighted")
    )
    assert topology([(0, 1), (1, 2)], SKIP, SKIP, merge="mean").wiring() == aw.sequential(SKIP, SKIP).wiring()


def test_how_nodes_merge_can_be_chosen():
    """Before what is on the edges, of a cell too. JSON says it only where it is said."""
    merges = ["concatenate", "add"]
    graph = topology(TRIANGLE, aw.conv2d([2, 3], 1), SKIP, SKIP, merge=merges)
    node = aw.root(graph, SHAPE)
    assert node.choice.name == "topology.merging"
    assert [node.choose(merge).choose(2).out_shape[0] for merge in merges] == [6, 4]
    space = cell(TRIANGLE, merge=merges, skip=SKIP, conv=aw.conv2d([2, 3], 1))
    node = aw.root(space, SHAPE)
    assert (node.choice.name, node.choose("add").choice.name) == ("cell.merging", "cell.op_1_0")
    leaf = node.choose("concatenate").choose("conv").choose("skip").choose("skip").choose(3)
    assert leaf.architecture == topology(TRIANGLE, aw.conv2d(3, 1), SKIP, SKIP, merge="concatenate")
    assert aw.path_of(space, SHAPE, leaf.architecture) == leaf.path
    with pytest.raises(NotInSpace, match=r"its cell.merging would be mean, and the space has \{concatenate, add\}"):
        aw.path_of(space, SHAPE, topology(TRIANGLE, SKIP, SKIP, SKIP, merge="mean"))
    for each in (graph, space):
        assert aw.from_json(aw.to_json(each)) == each
    assert "merging" not in aw.to_json(topology(TRIANGLE, SKIP, SKIP, SKIP))
    assert "merging" not in aw.to_json(cell(TRIANGLE, merge="add", skip=SKIP))


@given(graphs(), st.data())
def test_graphs_that_merge_in_many_ways_are_counted(edges, data):
    """Of modules that change channels, axes or the rank, which a later one may not take."""
    merge = data.draw(st.sampled_from([*MERGES, MERGES]))
    convs, flat, pools = aw.conv2d([2, 3], 1), aw.flatten(), aw.max_pool2d([2, 5])
    some = st.sampled_from([SKIP, convs, flat, aw.affine([4, 5]), pools, aw.either(SKIP, convs, flat)])
    inside = [data.draw(some if i < 4 else st.just(SKIP)) for i in range(len(edges))]
    graph = topology(edges, *inside, merge=merge)
    few = data.draw(st.sampled_from([[(0, 1)], [(0, 1), (1, 2)], TRIANGLE]))
    options = {"none": ZERO, "a": data.draw(some), "b": data.draw(some)}
    for space in (graph, cell(few, data.draw(st.booleans()), merge=merge, **options)):
        leaves, stuck = enumerate_leaves(space, SHAPE)
        assert aw.count(space, SHAPE) == len(leaves)
        assert bool(aw.dead_ends(space, SHAPE)) == bool(stuck)
        assert set(out_shapes(space, SHAPE)) == {leaf.out_shape for leaf in leaves}


def test_a_merge_that_nothing_gets_through_is_not_offered():
    """Nothing on the edge past the mask: attention gives zeros, and any sum what the mask was."""
    written = ["1_0", "2_0", "2_1"]
    ops = [
        (f"op_{edge}", fixed) for edge, fixed in zip(written, [["none", "skip"], ["none", "skip"], "none"], strict=True)
    ]
    space = Cell(TRIANGLE, (ZERO, SKIP), ("none", "skip"), ops, connected=True, merging=["attention", "add", "mean"])
    node = aw.root(space, SHAPE)
    assert list(node.choice.domain) == ["add", "mean"]
    assert aw.count(space, SHAPE) == aw.count(space) == len(enumerate_leaves(space, SHAPE)[0]) == 2 * 2
    assert aw.dead_ends(space, SHAPE) == ()


def test_what_is_inside_an_operation_may_leave_nothing_for_a_later_one():
    """Operations are chosen first: after a stride of 3 on the first edge, none fits the one on the edge past it."""
    space = cell(TRIANGLE, none=ZERO, conv=aw.conv2d(2, 3, stride=[1, 3], padding="valid"))
    assert aw.count(space, (2, 5, 5)) == len(enumerate_leaves(space, (2, 5, 5))[0]) == 21
    (blocked,) = aw.dead_ends(space, (2, 5, 5))
    assert str(blocked) == (
        "at cell.topology.2_1.conv2d after cell.op_1_0 = conv, cell.op_2_0 = none, cell.op_2_1 = conv, "
        "cell.topology.1_0.conv2d.stride = 3: conv2d with size 3 and padding 'valid' does not fit an axis of 1"
    )


def test_an_operation_may_be_called_merge():
    """As any option: what it is says which is meant."""
    space = cell([(0, 1)], merge=aw.relu(), skip=SKIP)
    assert (space.labels, space.merging) == (("merge", "skip"), "add")


def test_names_say_the_edge():
    """Target first, as in the benchmark's strings."""
    node = aw.root(cell(TRIANGLE, none=ZERO, skip=SKIP, conv=aw.conv2d([2, 4], 1)), SHAPE)
    for value in ("conv", "none", "conv", 4, 2):
        node = node.choose(value)
    assert node.path == (
        ("cell.op_1_0", "conv"),
        ("cell.op_2_0", "none"),
        ("cell.op_2_1", "conv"),
        ("cell.topology.1_0.conv2d.filters", 4),
        ("cell.topology.2_1.conv2d.filters", 2),
    )
    assert node.architecture == topology(TRIANGLE, aw.conv2d(4, 1), ZERO, aw.conv2d(2, 1))


def test_operations_that_do_not_fit_are_not_offered():
    """Whether or not the cell must be connected."""
    for must_be in (False, True):
        space = cell(TRIANGLE, must_be, pool=aw.max_pool2d(5, 1), skip=SKIP, wide=aw.conv2d(8, 1))
        node = aw.root(space, (4, 5, 5))
        assert list(node.choice.domain) == ["pool", "skip", "wide"]
        # Edge 1 -> 2 gets 1 x 1 after a pool on edge 0 -> 1, which a second pool does not fit.
        node = node.choose("pool").choose("skip")
        assert list(node.choice.domain) == ["skip", "wide"]
        assert aw.dead_ends(space, (4, 5, 5)) == ()


def test_operations_that_would_cut_the_cell_are_not_offered():
    """With nothing on the edge to the middle and nothing past it, there is one operation left; then it is not asked."""
    node = aw.root(cell([(0, 1), (0, 2), (1, 2)], True, none=ZERO, skip=SKIP), SHAPE)
    leaf = node.choose("none")
    assert leaf.choice is not None
    assert leaf.choice.name == "cell.op_2_1"  # op_2_0 must be skip
    assert leaf.choose("none").architecture == topology(TRIANGLE, ZERO, SKIP, ZERO)


def test_the_benchmark_has_the_published_number_of_cells():
    """15,625, of which 15,284 are connected."""
    labels = [label != "none" for label in OPERATIONS]
    through = 0
    for present in product(labels, repeat=6):
        through += is_connected(EDGES, [SKIP if edge else ZERO for edge in present])
    assert through == 15_284
    assert aw.count(nasbench201(connected=True)) == 15_284
    assert OPERATIONS["nor_conv_3x3"] == ReluConvBn(3)


def test_a_person_may_write_the_benchmark_s_cell():
    """With the modules that `aw` has; used in many places, it is still chosen once."""
    operations = {
        "none": aw.zero(),
        "skip_connect": aw.identity(),
        "nor_conv_1x1": aw.relu_conv_bn(1),
        "nor_conv_3x3": aw.relu_conv_bn(3),
        "avg_pool_3x3": aw.avg_pool2d(3, stride=1, padding="same"),
    }
    written = aw.cell(EDGES, connected=True, **operations)
    assert nasbench201(connected=True).subterms[0] == written
    network = aw.sequential(aw.conv2d(4, 3), aw.repeat_tied(written, count=3), aw.global_avg_pool(), aw.affine(10))
    assert aw.count(network, SHAPE) == aw.count(written, SHAPE) == 15_284


def test_only_zero_itself_cuts_an_edge():
    """Not one inside another module, nor a topology of them."""
    around = {"around": aw.sequential(aw.zero()), "graph": aw.topology([(0, 1)], aw.zero())}
    assert aw.count(aw.cell(TRIANGLE, connected=True, **around), SHAPE) == 2**3
    assert aw.count(aw.cell(TRIANGLE, connected=True, none=aw.zero(), **around), SHAPE) == 3**3 - 1 * (9 - 4)


@pytest.mark.parametrize(
    ("edges", "problem"),
    [
        ([], "there is none"),
        ([(0, 2)], "nothing comes into node 1"),
        ([(1, 0)], "(1, 0) does not"),
        ([(0, 1), (0, 1)], "(0, 1) is there twice"),
        ([(0, 2), (0, 1)], "nothing comes into node 1"),
        ([(0, 0)], "(0, 0) does not"),
        ([(1, 2), (0, 2)], "nothing comes into node 1"),
        ([(0, 1), (0, 2), (0, 1)], "(0, 1) is there twice"),
        ([(0, 1), (0, 2), (1, 2), (0, 3), (1, 2)], "(1, 2) is there twice"),
        ([(0, 1), (1, 2), (1, 3), (0, 2)], "(0, 2) comes after (1, 3)"),
        ([(-1, 1)], "(-1, 1) does not"),
    ],
)
def test_edges_lead_to_later_nodes(edges, problem):
    """Each once, in the order of their targets, and one at least to every node but the first."""
    for make in (lambda: topology(edges, *[SKIP] * len(edges)), lambda: cell(edges, skip=SKIP)):
        with pytest.raises(
            InvalidHyperparameter, match=rf"the edges of (topology|cell) are .*; each must go.*; {re.escape(problem)}$"
        ):
            make()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: topology(TRIANGLE, SKIP), "topology has 3 edges and 1 modules; give it one for each edge"),
        (lambda: topology(TRIANGLE, SKIP, connected=True, merge="attention"), "topology has 3 edges and 1 modules"),
        (lambda: topology(TRIANGLE, SKIP, SKIP, SKIP, merge="sum"), "merging of topology is 'sum'; it may be one of"),
        (lambda: cell(TRIANGLE, skip=SKIP, merge=["add", "sum"]), "merging of cell is 'sum'; it may be one of 'add'"),
        (
            lambda: topology([(0, 1)], SKIP, merge=SKIP),
            "merging of topology is the module identity, where values belong",
        ),
        (lambda: cell(TRIANGLE), "cell has 3 edges and 3 choices, 0 operations and the labels"),
        (
            lambda: Cell([(0, 1)], (SKIP,), ("a", "b"), [("op", "a")]),
            "1 operations and the labels .*'a', 'b'.; it needs",
        ),
        (lambda: Cell([(0, 1)], (SKIP,), ("a",), []), "1 edges and 0 choices"),
        (lambda: Cell([(0, 1)], (SKIP,), ("a",), [("op", ["a", "z"])]), "op of cell is 'z'; it may be one of a"),
    ],
)
def test_a_cell_has_an_operation_for_each_edge(make, message):
    """And each operation a label."""
    with pytest.raises(aw.ArchwrightError, match=message):
        make()


def test_a_shared_operation():
    """One choice for several edges, where a person writes the cell's choices out."""
    op = aw.shared("op", ["none", "skip", "other"])
    space = Cell(TRIANGLE, (ZERO, SKIP), ("none", "skip"), [("a", op), ("b", op), ("c", "skip")], connected=True)
    assert aw.count(space, SHAPE) == 1
    assert aw.root(space, SHAPE).architecture == topology(TRIANGLE, SKIP, SKIP, SKIP)
    assert aw.from_json(aw.to_json(space)) == space
