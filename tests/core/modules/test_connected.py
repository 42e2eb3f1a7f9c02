"""Topologies whose output no choice cuts off the input: what is offered, how many there are, and that none is stuck."""

import json
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archwright as aw
from archwright.core.connection import AT_INPUT, find_connection
from archwright.core.hyperparameter import InvalidHyperparameter
from archwright.core.modules.basic import Zero
from archwright.core.modules.graphs import is_connected, topology
from archwright.core.spaces.nasbench201 import EDGES, OPERATIONS, nasbench201
from archwright.core.value import IllegalValue
from archwright.core.wiring import MERGES
from tests.core.modules.test_graphs import TRIANGLE
from tests.strategies import MERGING, OPTION, enumerate_leaves

SHAPE = (4, 6, 6)
ZERO, SKIP = aw.zero(), aw.identity()
DIAMOND = [(0, 1), (0, 2), (1, 3), (2, 3)]

edge_lists = st.sampled_from([[(0, 1)], [(0, 1), (1, 2)], TRIANGLE, DIAMOND, [(0, 1), (0, 2), (1, 2), (1, 3), (2, 3)]])
shared_zero = aw.Either((ZERO, SKIP, aw.relu()), ("a", "b", "c"), OPTION)
operations = st.sampled_from(
    [
        ZERO,
        SKIP,
        shared_zero,
        aw.optional(ZERO),
        aw.either(ZERO, aw.relu_conv_bn(1)),
        aw.either(aw.optional(ZERO), ZERO, second=ZERO),
        aw.either(aw.repeat(ZERO, [0, 1]), ZERO),
        aw.either(aw.max_pool2d(7), ZERO, aw.conv2d([2, 4], 1)),
        aw.either(aw.either(aw.either(SKIP, ZERO), aw.max_pool2d(7))),
    ]
)


@st.composite
def _connected(draw: st.DrawFn) -> aw.Term:
    edges = draw(edge_lists)
    terms = [draw(operations) for _ in edges]
    merge = draw(st.sampled_from([*MERGES, ["add", "attention"], MERGING]))
    if not is_connected(edges, terms, "attention"):
        terms = [SKIP if isinstance(term, Zero) else term for term in terms]
    return topology(edges, *terms, connected=True, merge=merge)


connected_terms = _connected()


def free(term: aw.Term) -> aw.Term:
    """The same topology without the rule."""
    return topology(term.edges, *term.children, merge=term.merging)


@given(connected_terms)
def test_what_is_left_is_what_is_connected(term):
    """The leaves are those of the topology without the rule over whose edges that are not zero a way leads."""
    leaves = [leaf.architecture for leaf in enumerate_leaves(term, SHAPE)[0]]
    ways = [leaf.architecture for leaf in enumerate_leaves(free(term), SHAPE)[0]]
    assert leaves == [each for each in ways if is_connected(each.edges, each.children, each.merging)]
    assert aw.count(term, SHAPE) == len(leaves)
    assert aw.count(aw.sequential(term, term, SKIP), SHAPE) == len(
        enumerate_leaves(aw.sequential(term, term), SHAPE)[0]
    )


@given(connected_terms)
def test_no_choice_of_its_own_leads_to_a_dead_end(term):
    """Only one that is shared with another edge, which was made before."""
    _, stuck = enumerate_leaves(term, SHAPE)
    assert bool(stuck) == bool(aw.dead_ends(term, SHAPE))
    assert not stuck or term.children.count(shared_zero) > 1


@given(connected_terms, st.randoms(use_true_random=False))
def test_the_rule_is_of_the_space_and_not_of_its_architectures(term, rng):
    """Which are those of any topology: found in the space by their modules, and written as before."""
    assert aw.from_json(json.loads(json.dumps(aw.to_json(term)))) == term
    assert term.connected == (term != free(term)) == (not term.plan.is_specified)
    if aw.dead_ends(term, SHAPE):
        return
    leaf = aw.sample(aw.root(term, SHAPE), rng.random)
    assert not leaf.architecture.connected
    found = aw.path_of(term, SHAPE, leaf.architecture)
    assert aw.replay(term, SHAPE, found).architecture == leaf.architecture


def test_only_a_topology_that_must_be_connected_says_so_in_json():
    edges = aw.optional(ZERO), aw.optional(ZERO), SKIP
    assert "connected" not in json.dumps(aw.to_json(topology(TRIANGLE, *edges)))
    assert '"connected": true' in json.dumps(aw.to_json(topology(TRIANGLE, *edges, connected=True)))


def test_the_rule_by_hand():
    """A triangle: with nothing past the middle, neither half of the other way may be zero, whatever its module is."""
    edge = aw.either(none=ZERO, skip=SKIP, deep=aw.either(none=ZERO, conv=aw.relu_conv_bn(1)))
    node = aw.root(topology(TRIANGLE, edge, edge, edge, connected=True), SHAPE)
    node = node.choose("skip").choose("none")  # edges 0 -> 1 and 0 -> 2
    assert node.choice.name == "topology.2_1.either.option"
    assert list(node.choice.domain) == ["skip", "deep"]
    leaf = node.choose("deep")  # in which none is not offered, so it is not asked
    assert leaf.architecture == topology(TRIANGLE, SKIP, ZERO, aw.relu_conv_bn(1))
    with pytest.raises(IllegalValue, match=r"may be one of \{skip, deep\}"):
        node.choose("none")


def test_a_shared_choice_that_must_be_zero_in_a_later_place():
    """The first edge may be zero, as another way is left; the last one then has to be, and is not allowed to."""
    first = topology(TRIANGLE, shared_zero, SKIP, SKIP, connected=True)
    assert aw.count(first, SHAPE) == 3
    both = aw.sequential(first, topology([(0, 1)], shared_zero, connected=True))
    assert aw.count(both, SHAPE) == 2
    (blocked,) = aw.dead_ends(both, SHAPE)
    assert (blocked.place, blocked.path) == ("1.topology.1_0.either.zero", (("option", "a"),))
    assert blocked.why == "zero() here would leave no way from the input to the output of the topology"


@given(edge_lists, st.data())
def test_an_edge_is_refused_exactly_if_no_way_is_left(edges, data):
    """Against all ways of going on: zeros so far, one more, and all later edges open."""
    is_open = tuple(data.draw(st.lists(st.booleans(), min_size=len(edges), max_size=len(edges))))
    rule = find_connection(tuple(edges), is_open)
    assert (rule is not None) == is_connected(edges, [SKIP if each else ZERO for each in is_open])
    if rule is None:
        return
    reached, chosen = AT_INPUT, []
    for i in range(len(edges)):
        rest = [SKIP if each else ZERO for each in is_open[i + 1 :]]
        must = not is_connected(edges, [*chosen, ZERO, *rest])
        assert rule.refuses_zero(i, reached) == must
        is_zero = not is_open[i] or (not must and data.draw(st.booleans()))
        chosen.append(ZERO if is_zero else SKIP)
        reached = rule.follow(i, reached, is_zero=is_zero)
    assert is_connected(edges, chosen)


def test_a_topology_without_any_way_is_refused():
    with pytest.raises(InvalidHyperparameter, match="no way leads from node 0 to the last one over edges that are not"):
        topology([(0, 1), (1, 2)], SKIP, ZERO, connected=True)
    with pytest.raises(InvalidHyperparameter, match="connected of topology is 1; it must be True or False"):
        topology([(0, 1)], SKIP, connected=1)


def test_a_mask_is_no_way():
    """Of attention, which scales what else comes into the node: there the other edge may not be zero."""
    edge = aw.either(none=ZERO, skip=SKIP)
    space = topology([(0, 1), (0, 2), (1, 2)], SKIP, edge, edge, connected=True, merge=["add", "attention"])
    node = aw.root(space, SHAPE)
    assert node.choose("add").choose("none").is_leaf
    assert not node.choose("add").choose("skip").is_leaf
    assert node.choose("attention").choose("skip").architecture == topology(
        [(0, 1), (0, 2), (1, 2)], SKIP, SKIP, SKIP, merge="attention"
    )
    assert aw.count(space, SHAPE) == aw.count(space) == 3 + 2
    assert aw.count(aw.cell([(0, 1), (0, 2), (1, 2)], True, merge="attention", none=ZERO, skip=SKIP)) == 2
    masked = [SKIP, edge, ZERO]
    with pytest.raises(InvalidHyperparameter, match="merging of topology is 'attention'; no way leads from node 0 to"):
        topology([(0, 1), (0, 2), (1, 2)], *masked, connected=True, merge=["add", "attention"])
    assert aw.count(topology([(0, 1), (0, 2), (1, 2)], *masked, connected=True)) == 1


def test_a_place_of_a_let_may_be_zero_where_any_module_may():
    """Chosen there, it is not zero where that is refused; chosen before, nothing fits there if it is zero."""
    place, choice = aw.place("op"), aw.either(ZERO, SKIP)
    alone = topology([(0, 1)], place, connected=True)
    assert aw.count(aw.let(inside=alone, op=choice), SHAPE) == 1
    again = aw.let(inside=aw.sequential(place, alone), op=choice)
    assert aw.count(again, SHAPE) == 1
    (end,) = aw.dead_ends(again, SHAPE)
    assert (end.place, end.path) == ("let.1.topology.1_0.place", (("op.either.option", "zero"),))
    inside = topology([(0, 1), (1, 2)], aw.sequential(place), aw.optional(ZERO), connected=True)
    assert aw.count(aw.let(inside=inside, op=aw.optional(ZERO)), SHAPE) == 2


places = st.sampled_from([aw.place("op"), aw.optional(aw.place("op")), aw.sequential(aw.place("op"))])
edges_with_places = places | st.sampled_from([SKIP, aw.either(ZERO, SKIP)])


@st.composite
def lets_with_graphs(draw: st.DrawFn) -> aw.Term:
    """A let with places on the edges of a graph that must be connected, and perhaps before it or after it."""
    triangle = [draw(edges_with_places) for _ in TRIANGLE]
    graph = draw(
        st.sampled_from(
            [
                topology(TRIANGLE, draw(places), *triangle[1:], connected=True),
                aw.cell(TRIANGLE, connected=True, none=ZERO, op=draw(places)),
                aw.grammar(
                    "S", S=[topology(TRIANGLE, *[aw.nonterminal("A")] * 3, connected=True)], A=[aw.place("op"), SKIP]
                ),
            ]
        )
    )
    before, after = draw(st.sampled_from([SKIP, aw.place("op")])), draw(st.sampled_from([SKIP, aw.place("op")]))
    chosen = aw.either(ZERO, draw(st.sampled_from([SKIP, aw.max_pool2d([1, 2], 1), aw.optional(ZERO)])))
    return aw.let(inside=aw.sequential(before, graph, aw.place("op"), after), op=chosen)


@given(lets_with_graphs())
@settings(max_examples=60, deadline=None)
def test_places_on_edges_are_counted_as_they_are_walked_and_never_cut_the_graph(space: aw.Term):
    """Leaves, dead ends, and a way in every graph."""
    leaves, stuck = enumerate_leaves(space, SHAPE)
    assert aw.count(space, SHAPE) == len(leaves)
    assert bool(aw.dead_ends(space, SHAPE)) == bool(stuck)
    for leaf in leaves:
        graph = leaf.architecture.subterms[1]
        assert isinstance(graph, aw.Topology)
        assert is_connected(graph.edges, graph.children)


def test_a_shared_choice_that_makes_an_operation_zero_is_a_dead_end_for_a_later_edge():
    """A cell asks for all operations before what is inside the first of them, which decides on the others."""
    space = aw.cell(TRIANGLE, connected=True, none=ZERO, op=aw.Either((SKIP, ZERO), ("a", "b"), OPTION))
    leaves, stuck = enumerate_leaves(space, SHAPE)
    assert aw.count(space, SHAPE) == len(leaves)
    assert stuck
    assert aw.dead_ends(space, SHAPE)


def test_the_cell_of_the_benchmark_as_a_topology():
    """15,284 of 15,625: with 1 to 6 edges not zero there are 1, 7, 17, 15, 6 and 1, of four operations each."""
    edge = aw.either(**OPERATIONS)
    space = topology(EDGES, *(edge for _ in EDGES), connected=True)
    ways = [0] * 7
    for kept in product([False, True], repeat=6):
        ways[sum(kept)] += is_connected(EDGES, [SKIP if each else ZERO for each in kept])
    assert ways == [0, 1, 7, 17, 15, 6, 1]
    assert aw.count(space) == aw.count(space, SHAPE) == sum(n * 4**k for k, n in enumerate(ways)) == 15_284
    assert aw.count(nasbench201(connected=True)) == 15_284
    aw.check(space, SHAPE)


def test_the_edges_of_a_grammar():
    """Nonterminals, also one that becomes another, which may become zero: on a chain, no edge may."""
    grammar = aw.grammar(
        "CELL",
        CELL=[topology([(0, 1), (1, 2)], aw.nonterminal("EDGE"), aw.nonterminal("EDGE"), connected=True)],
        EDGE=[ZERO, aw.relu(), aw.nonterminal("OPS")],
        OPS=[ZERO, SKIP, aw.relu_conv_bn([1, 3])],
    )
    assert aw.count(grammar, SHAPE) == aw.count(grammar) == 4**2  # relu, identity, and a convolution of two sizes
    node = aw.root(grammar, SHAPE)
    assert (node.choice.name, node.choice.domain.options) == ("CELL.topology.1_0.EDGE.production", ("relu", "OPS"))
    assert node.choose("OPS").choice.domain.options == ("identity", "relu_conv_bn")
    aw.check(grammar, SHAPE)


def make_hierarchical_space(connected: bool) -> aw.Term:
    """The hierarchical space over NAS-Bench-201 (Schrodi et al. 2023), with modules of no more than a shape."""

    def chain(*terms: aw.Term) -> aw.Term:
        return aw.sequential(*terms)

    def residual2(a: aw.Term, b: aw.Term, c: aw.Term) -> aw.Term:
        return topology([(0, 1), (0, 2), (1, 2)], a, b, c)

    def residual3(a: aw.Term, b: aw.Term, c: aw.Term, d: aw.Term) -> aw.Term:
        return topology([(0, 1), (1, 2), (0, 3), (2, 3)], a, b, c, d)

    block = aw.sequential(
        aw.activation(["relu", "gelu", "tanh"]),
        aw.either(one=aw.relu_conv_bn(1), three=aw.relu_conv_bn(3), five=aw.relu_conv_bn(5)),
        aw.either(batch=aw.batch_norm(), instance=aw.dropout(0.1), layer=aw.dropout(0.2)),
    )
    edge = aw.either(id=SKIP, zero=ZERO, block=aw.sequential(block), again=aw.sequential(block), pool=aw.relu())
    cell = topology(EDGES, *(edge for _ in EDGES), connected=connected)
    half = aw.max_pool2d(2)
    c = aw.either(chain(cell, cell), chain(cell, cell, cell), residual2(cell, cell, cell))
    down = aw.either(chain(cell, half), chain(cell, cell, half), residual2(cell, half, half))
    d1 = aw.either(chain(c, c, down), chain(c, c, c, down), residual3(c, c, down, down))
    d0 = aw.either(chain(c, c, cell), chain(c, c, c, cell), residual3(c, c, cell, cell))
    return aw.either(chain(d1, d1, d0), chain(d0, d1, d1), chain(d1, d1, d0, d0))


def count_by_hand(cells: int) -> int:
    """The number of derivations, with so many cells: sums and products over the productions."""
    c = cells**2 + 2 * cells**3
    down = 2 * cells + cells**2
    d1 = c**2 * down + c**3 * down + c**2 * down**2
    d0 = c**2 * cells + c**3 * cells + c**2 * cells**2
    return 2 * d1**2 * d0 + d1**2 * d0**2


def test_the_hierarchical_space():
    """27 blocks, twice: 57 operations on an edge, of which one is zero. With the rule, some cells are missing."""
    assert aw.count(make_hierarchical_space(connected=False)) == count_by_hand(57**6)
    connected = sum(n * 56**k for k, n in enumerate([0, 1, 7, 17, 15, 6, 1]))
    space = make_hierarchical_space(connected=True)
    assert aw.count(space, (4, 32, 32)) == aw.count(space) == count_by_hand(connected)
    aw.check(space, (4, 32, 32))
