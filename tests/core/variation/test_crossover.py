"""Crossover of leaves, and the mutation of whole subtrees."""

import random
from collections import Counter

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import archwright as aw
from archwright.core.builders import WrongArguments
from archwright.core.modules.graphs import is_connected
from archwright.core.node import NotALeaf
from archwright.core.variation.crossover import find_address, graft_choices
from archwright.core.variation.mutation import NothingToVary
from tests.strategies import iterate_subterms, leaves, roots, seeds

SHAPE = (3, 8, 8)
OPTIONAL = aw.optional(aw.dropout([0.1, 0.2]))  # three ways: nothing, 0.1 or 0.2
THREE = aw.sequential(OPTIONAL, OPTIONAL, OPTIONAL)
EDGES = [(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)]


def stream(seed=0):
    return random.Random(seed).random


def never():
    raise AssertionError("a number was drawn")


@st.composite
def _pairs(draw):
    """Two leaves of one space, in which everything stands in two places."""
    origin = draw(roots).origin
    root = aw.root(aw.branches(origin.space, origin.space), origin.input_shape)
    return tuple(aw.sample(root, stream(draw(seeds))) for _ in range(2))


pairs = _pairs()


def cross(a, b, seed):
    """Their crossover; None where there is none, which the law about that looks at."""
    try:
        return aw.crossover(a, b, stream(seed))
    except NothingToVary:
        return None


def walk(space, *values, shape=SHAPE):
    """The leaf of these values, in order."""
    node = aw.root(space, shape)
    for value in values:
        node = node.choose(value)
    assert node.is_leaf
    return node


def choose_three(*rates):
    """A leaf of `THREE`: a rate for each place, or 0 for nothing."""
    return walk(THREE, *(v for rate in rates for v in (("dropout", rate) if rate else ("identity",))))


def read_three(leaf):
    """The rates of a leaf of `THREE`."""
    return tuple(child.rate if isinstance(child, aw.Dropout) else 0 for child in leaf.architecture.children)


def require_as_often(counted: Counter, expected: dict, draws: int) -> None:
    """Each outcome as often as its share says, within five standard deviations, and nothing else."""
    assert set(counted) == set(expected)
    total = sum(expected.values())
    for outcome, share in expected.items():
        p = share / total
        assert abs(counted[outcome] - draws * p) < 5 * (draws * p * (1 - p)) ** 0.5


# --- laws


@given(pairs, seeds)
def test_a_crossover_is_a_leaf_of_the_first_ones_space(pair, seed):
    """Its path leads to it; both parents are as they were; the same numbers give the same leaf."""
    a, b = pair
    paths = a.path, b.path
    child = cross(a, b, seed)
    assume(child)
    assert child.is_leaf
    assert child.origin == a.origin
    assert aw.replay(a.origin.space, a.origin.input_shape, child.path) == child
    assert (a.path, b.path) == paths
    assert child == cross(a, b, seed)


@given(pairs.map(lambda pair: pair[0]), seeds)
def test_a_leaf_and_its_equal_change_places_inside_it(leaf, seed):
    """Whether it is the same object or not; what comes before the first place is as it was."""
    twin = aw.replay(leaf.origin.space, leaf.origin.input_shape, leaf.path)
    child = cross(leaf, twin, seed)
    assume(child)
    assert child == cross(leaf, leaf, seed)
    assert aw.replay(leaf.origin.space, leaf.origin.input_shape, child.path) == child


@given(leaves)
def test_grafting_what_is_there_gives_the_leaf_and_draws_nothing(leaf):
    tree = aw.derivation(leaf)
    for node in tree.nodes:
        choices = tuple((name.removeprefix(node.prefix), value) for name, value in leaf.path[node.start : node.stop])
        assert graft_choices(tree, node, {find_address(node.asked): choices}, never) == leaf


def test_modules_of_different_names_are_equal_where_all_else_is():
    """Two layers of a stem and a head, unlike in the two leaves: what was chosen goes from either to either."""
    rates = [0.1, 0.2, 0.3, 0.4]
    space = aw.sequential(stem=aw.dropout(rates), head=aw.dropout(rates), name="net")
    a, b = walk(space, 0.1, 0.2), walk(space, 0.3, 0.4)
    children = {tuple(m.rate for m in aw.crossover(a, b, stream(seed)).architecture.subterms) for seed in range(99)}
    assert children == {(0.3, 0.2), (0.4, 0.2), (0.1, 0.3), (0.1, 0.4)}


@given(pairs, seeds)
@settings(max_examples=50)
def test_there_is_no_pair_only_where_no_module_was_chosen_unlike(pair, seed):
    """Held against all pairs of modules, one by one."""
    a, b = pair
    here, there = aw.derivation(a), aw.derivation(b)

    def read(leaf, node):
        span = leaf.path[node.start : node.stop]
        return [(name.removeprefix(node.prefix), value) for name, value in span]

    def differ(x, y):
        unlike = any(dict(b.path).get(name, value) != value for name, value in read(a, x) if "." not in name)
        own, other = ([each for each in read(*of) if "." in each[0]] for of in ((a, x), (b, y)))
        return x.kind.with_name("") == y.kind.with_name("") and (unlike or own != other)

    if a == b:
        possible = [(x, y) for x in here.nodes for y in there.nodes if y.start >= x.stop and differ(x, y)]
    else:
        whole = {(0, len(a.path), 0, len(b.path))}
        possible = [
            (x, y)
            for x in here.nodes
            for y in there.nodes
            if differ(x, y) and (x.start, x.stop, y.start, y.stop) not in whole
        ]
    if possible:
        aw.crossover(a, b, stream(seed))
    else:
        with pytest.raises(NothingToVary):
            aw.crossover(a, b, stream(seed))


@given(leaves, seeds, st.booleans())
def test_a_mutated_leaf_is_another_of_the_same_space(leaf, seed, subtree):
    assume(leaf.path)
    other = aw.mutated(leaf, stream(seed), subtree=subtree)
    assert other.is_leaf
    assert other != leaf
    assert aw.replay(leaf.origin.space, leaf.origin.input_shape, other.path) == other
    assert other == aw.mutated(leaf, stream(seed), subtree=subtree)


@given(leaves, seeds)
def test_a_redrawn_module_leaves_what_comes_before_it(leaf, seed):
    """The path differs first inside the module that the first number chose."""
    assume(leaf.path)
    nodes = aw.derivation(leaf).nodes
    module = nodes[int(stream(seed)() * len(nodes))]
    path = aw.mutated(leaf, stream(seed), subtree=True).path
    differing = next(
        (i for i, (old, new) in enumerate(zip(leaf.path, path, strict=False)) if old != new),
        min(len(path), module.stop),
    )
    assert module.start <= differing <= module.stop


CELL = aw.cell(EDGES, True, none=aw.zero(), skip=aw.identity(), conv=aw.relu_conv_bn([1, 3]))
CELLS = aw.sequential(aw.conv2d(4, 1), aw.repeat(CELL, [2, 3]), CELL)


@given(seeds)
def test_cells_stay_connected(seed):
    """Whatever is exchanged or redrawn, around them or in them."""
    uniform = stream(seed)
    a, b = (aw.sample(aw.root(CELLS, SHAPE), uniform) for _ in range(2))
    for child in (
        aw.crossover(a, b, uniform),
        aw.crossover(a, a, uniform),
        aw.mutated(a, uniform, subtree=True),
        aw.mutated(a, uniform),
    ):
        topologies = [term for term in iterate_subterms(child.architecture) if isinstance(term, aw.Topology)]
        assert len(topologies) in (3, 4)
        assert all(is_connected(topology.edges, topology.children) for topology in topologies)


# --- answers worked out by hand


def test_each_pair_of_places_is_as_likely_as_another():
    """Three places each, and a dropout inside some of them: seven pairs were chosen unlike.

    a is (0, 0.1, 0.2), b is (0.2, 0, 0). Place 0 of a takes 0.2; place 1 takes 0.2, or nothing from either of two
    places; place 2 takes nothing from either of two; the dropout of place 1 takes 0.2 from the only one of b.
    """
    a, b, uniform = choose_three(0, 0.1, 0.2), choose_three(0.2, 0, 0), stream()
    counted = Counter(read_three(aw.crossover(a, b, uniform)) for _ in range(2800))
    require_as_often(counted, {(0.2, 0.1, 0.2): 1, (0, 0.2, 0.2): 2, (0, 0, 0.2): 2, (0, 0.1, 0): 2}, 2800)


def test_each_swap_is_as_likely_as_another():
    """Three pairs of places, and the pair of both dropouts, which swaps what the last two places do."""
    leaf, uniform = choose_three(0, 0.1, 0.2), stream()
    counted = Counter(read_three(aw.crossover(leaf, leaf, uniform)) for _ in range(2000))
    require_as_often(counted, {(0.1, 0, 0.2): 1, (0.2, 0.1, 0): 1, (0, 0.2, 0.1): 2}, 2000)


def test_no_place_is_drawn_more_often_for_being_first_or_last():
    """Of five places, each is taken from and put to alike."""
    space = aw.sequential(*[aw.dropout([0.1, 0.2, 0.3, 0.4, 0.5])] * 5)
    a = walk(space, 0.1, 0.2, 0.3, 0.4, 0.5)
    uniform, swaps = stream(), Counter()
    for _ in range(2000):
        child = aw.crossover(a, a, uniform)
        swaps[tuple(i for i in range(5) if a.path[i] != child.path[i])] += 1
    require_as_often(swaps, {(i, j): 1 for i in range(5) for j in range(i + 1, 5)}, 2000)


def test_each_module_is_redrawn_as_often_as_another():
    """Of (0, 0.1, 0.2), five modules asked: three optionals and two dropouts, each a fifth of the time.

    An optional that is redrawn is nothing half of the time, and each rate a quarter; what it was is drawn again. So of
    place 0 each rate has 1/2, and of place 1 nothing has 2/3 and the other rate 1/3. A dropout has the other rate.
    """
    leaf, uniform = choose_three(0, 0.1, 0.2), stream()
    counted = Counter(read_three(aw.mutated(leaf, uniform, subtree=True)) for _ in range(2400))
    expected = {
        (0.1, 0.1, 0.2): 3,
        (0.2, 0.1, 0.2): 3,
        (0, 0, 0.2): 4,
        (0, 0.2, 0.2): 2 + 6,
        (0, 0.1, 0): 4,
        (0, 0.1, 0.1): 2 + 6,
    }
    require_as_often(counted, expected, 2400)


def test_a_leaf_has_one_choice_changed_unless_a_subtree_is_asked_for():
    """As `mutate` does: one number for the choice, one for its value, one for the rate that is asked then."""
    leaf = choose_three(0, 0, 0)
    assert read_three(aw.mutated(leaf, iter([0.4, 0.9, 0.9]).__next__)) == (0, 0.2, 0)


def test_values_go_by_their_names_relative_to_the_module():
    """The second copy of a is as the first of b, wherever those are in their spaces."""
    layer = aw.sequential(aw.conv2d([4, 8], [1, 3]), aw.relu())
    space = aw.sequential(aw.optional(layer), aw.optional(layer))
    a, b = walk(space, "identity", "sequential", 4, 1), walk(space, "sequential", 8, 3, "identity")
    children = {aw.crossover(a, b, stream(seed)).path for seed in range(60)}
    assert (
        ("0.either.option", "identity"),
        ("1.either.option", "sequential"),
        ("1.either.0.conv2d.filters", 8),
        ("1.either.0.conv2d.size", 3),
    ) in children


def test_modules_with_other_names_of_their_own_are_exchanged():
    """What is chosen inside goes by names that do not have those."""
    layer = aw.repeat(aw.dropout([0.1, 0.2]), [1, 2])
    space = aw.sequential(stem=layer, tail=layer)
    a, b = walk(space, 1, 0.1, 1, 0.1), walk(space, 2, 0.2, 0.2, 1, 0.1)
    children = {tuple(value for _, value in aw.crossover(a, b, stream(seed)).path) for seed in range(60)}
    assert (1, 0.1, 2, 0.2, 0.2) in children
    alone = walk(layer.with_name("alone"), 2, 0.2, 0.1)
    assert aw.crossover(a, alone, lambda: 0.0).path == walk(space, 2, 0.2, 0.1, 1, 0.1).path
    assert {aw.crossover(alone, b, stream(seed)).path for seed in range(60)} == {
        (("alone.repeat.count", count), *((f"alone.repeat.{i}.dropout.rate", rate) for i, rate in enumerate(rates)))
        for count, rates in [(1, (0.1,)), (2, (0.2, 0.2)), (2, (0.1, 0.1)), (2, (0.2, 0.1))]
    } - {alone.path}


def read_tree(term):
    """The rates in a tree of branches and dropouts."""
    return tuple(map(read_tree, term.children)) if isinstance(term, aw.Branches) else term.rate


def grow(depth):
    """The grammar of binary trees of so many productions in each other."""
    two = aw.branches(aw.nonterminal("S"), aw.nonterminal("S"))
    return aw.grammar("S", depth=depth, S=[two, aw.dropout([0.1, 0.2])])


def test_symbols_of_a_grammar_are_exchanged_with_each_other():
    """But not with those inside them.

    In a row of (0.1, 0.2) and 0.1, three pairs were chosen unlike: both symbols, the dropouts of the first one, and its
    0.2 with the dropout of the second.
    """
    leaf = walk(grow(3), "branches", "branches", 0.1, 0.2, "dropout", 0.1)
    uniform = stream()
    counted = Counter(read_tree(aw.crossover(leaf, leaf, uniform).architecture) for _ in range(900))
    require_as_often(counted, {(0.1, (0.1, 0.2)): 1, ((0.2, 0.1), 0.1): 1, ((0.1, 0.1), 0.2): 1}, 900)


def test_symbols_of_a_grammar_are_exchanged_across_depths():
    """What goes too deep there is drawn: of two dropouts in place of one at the last level, only one fits."""
    leaf = walk(grow(4), "branches", "branches", "branches", 0.1, 0.2, "dropout", 0.1, "dropout", 0.1)
    assert read_tree(leaf.architecture) == (((0.1, 0.2), 0.1), 0.1)
    children = {read_tree(aw.crossover(leaf, leaf, stream(seed)).architecture) for seed in range(100)}
    assert {((0.1, 0.1), (0.1, 0.2)), (0.1, ((0.1, 0.2), 0.1)), ((0.1, (0.1, 0.2)), 0.1)} <= children


def test_what_does_not_fit_is_drawn_and_the_rest_kept():
    """A convolution of size 5 fits the input, and not what a pool has made of it: only its size is drawn."""
    conv = aw.conv2d([4, 8], [1, 3, 5], padding="valid")
    space = aw.sequential(conv, aw.max_pool2d(3, stride=3), conv)
    a, b = walk(space, 4, 1, 4, 1, shape=(1, 12, 12)), walk(space, 8, 5, 4, 1, shape=(1, 14, 14))
    tree = aw.derivation(a)
    assert str(tree.nodes[1].asked.choose(4).choice.domain) == "{1, 3}"
    donor = (("conv2d.filters", 8), ("conv2d.size", 5))
    grafted = graft_choices(tree, tree.nodes[1], {(2,): donor}, iter([0.9]).__next__)
    assert [value for _, value in grafted.path] == [4, 1, 8, 3]
    children = {tuple(value for _, value in aw.crossover(a, b, stream(seed)).path) for seed in range(60)}
    assert children == {(4, 1, 8, 1), (4, 1, 8, 3), (8, 5, 4)}  # behind a first one of size 5 only size 1 fits


def test_shared_hyperparameters_that_are_asked_inside_go_along():
    """The first convolution asks for both: so their widths change together; the second one's size changes alone."""
    width = aw.shared("width", [2, 4])
    space = aw.sequential(aw.conv2d(width, [1, 3]), aw.conv2d(width, [1, 3]))
    a, b = walk(space, 2, 1, 1), walk(space, 4, 3, 1)
    children = {tuple(value for _, value in aw.crossover(a, b, stream(seed)).path) for seed in range(60)}
    assert children == {(4, 3, 1), (4, 1, 1), (2, 1, 3)}


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (walk(aw.conv2d([1, 2], [1, 3]), 1, 1), walk(aw.conv2d([1, 2], [1, 3]), 2, 3)),  # the whole path alone
        (walk(aw.conv2d([1, 2], 1), 1), walk(aw.affine([1, 2]), 1)),
        (choose_three(0.1, 0.1, 0.1), choose_three(0.1, 0.1, 0.1)),
        (choose_three(0, 0, 0), choose_three(0, 0, 0)),
        (aw.root(aw.relu(), SHAPE), aw.root(aw.relu(), SHAPE)),
    ],
)
def test_leaves_with_nothing_to_exchange(a, b):
    with pytest.raises(NothingToVary, match=r"exchange|change places"):
        aw.crossover(a, b, never)


def test_leaves_of_two_spaces_exchange_what_stands_in_both():
    a, b = walk(aw.sequential(OPTIONAL, aw.relu()), "identity"), walk(aw.repeat(OPTIONAL, [1, 2]), 1, "dropout", 0.2)
    assert aw.crossover(a, b, stream()).path == (("0.either.option", "dropout"), ("0.either.dropout.rate", 0.2))


def test_a_leaf_without_choices_has_no_other():
    for subtree in (False, True):
        with pytest.raises(NothingToVary, match="has no choices"):
            aw.mutated(aw.root(aw.relu(), SHAPE), never, subtree=subtree)


def test_numbers_come_from_a_function():
    """Not from a generator of random numbers itself, whose method is one."""
    leaf, generator = walk(OPTIONAL, "identity"), random.Random(0)
    for call in (aw.mutated, aw.sample, lambda leaf, uniform: aw.crossover(leaf, leaf, uniform)):
        with pytest.raises(WrongArguments, match=r"uniform is <random.Random.*>; it must be a function that gives"):
            call(leaf, generator)


def test_nodes_that_are_no_leaves_are_refused():
    node = aw.root(OPTIONAL, SHAPE)
    for call in (lambda: aw.crossover(node, node, never), lambda: aw.mutated(node, never)):
        with pytest.raises(NotALeaf):
            call()


def test_what_a_walk_had_narrowed_may_be_drawn_again():
    """A leaf of a narrowed node has all values of the space for its mutants."""
    node = aw.root(aw.sequential(aw.dropout([0.1, 0.2, 0.3, 0.4]), aw.relu()), SHAPE)
    leaf = node.narrow(node.choice.domain.split(2)[0]).choose(0.1)
    uniform = stream()
    assert {aw.mutated(leaf, uniform, subtree=True).path[0][1] for _ in range(100)} == {0.2, 0.3, 0.4}
