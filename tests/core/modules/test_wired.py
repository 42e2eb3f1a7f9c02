"""Modules that are connected by a wiring that is given, and outputs that flow side by side."""

import random

import numpy as np
import pytest
from hypothesis import given, settings

import archwright as aw
from archwright.core.modules.selection import list_selected, narrow_wiring
from archwright.core.node import DeadEnd
from archwright.core.wiring import InvalidWiring
from tests.core.user_modules import Glued
from tests.darts import CELLS, make_cell, make_darts
from tests.strategies import seeds

SHAPE = (3, 8, 8)
CONV, POOL = aw.conv2d(4, 3), aw.max_pool2d()
PAIR = aw.Joint([1, 2], "tuple")


def select_of(*following: aw.Term) -> aw.Term:
    """A convolution and a pool, side by side on the input of modules in a row."""
    return aw.wired(aw.Wiring([0, 0, PAIR], 3), CONV, POOL, aw.sequential(*following))


# --- a wiring that is given


def test_wired_is_connected_as_its_wiring_says():
    """Shapes and parameters as those of the composites that have the same wiring."""
    a, b = aw.conv2d([4, 8], 3), aw.conv2d(6, 3)
    for wired, composite in (
        (aw.wired(aw.Wiring([0, 1], 2), a, b), aw.sequential(a, b)),
        (aw.wired(aw.Wiring([0], [0, 1]), a), aw.residual(a)),
        (aw.wired(aw.Wiring([0, 0], aw.Joint([1, 2], "weighted")), a, b), aw.branches(a, b, merge="weighted")),
    ):
        pairs = list(zip(aw.enumerate_leaves(wired, SHAPE), aw.enumerate_leaves(composite, SHAPE), strict=True))
        assert len(pairs) == aw.count(wired, SHAPE) == 2
        for leaf, other in pairs:
            assert leaf.out_shape == other.out_shape
            assert leaf.architecture.parameters(SHAPE) == other.architecture.parameters(SHAPE)


def test_names_of_choices():
    """By position or by name, as in a sequential."""
    space = aw.wired(aw.Wiring([0, 1], [1, 2]), aw.conv2d([4, 8], 3), last=aw.conv2d(4, [1, 3]), name="net")
    assert [name for name, _ in aw.sample(aw.root(space, SHAPE), random.Random(0).random).path] == [
        "net.0.conv2d.filters",
        "net.last.conv2d.size",
    ]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: aw.wired([0, 1], CONV, POOL), r"the wiring of wired is \[0, 1\]; write what flows into each child"),
        (lambda: aw.wired(aw.Wiring([0], 1), CONV, POOL), "wired has 2 modules, and its wiring has 1 inputs; give one"),
        (lambda: aw.wired(aw.Wiring([0, 1], 2)), "wired has 0 modules, and its wiring has 2 inputs"),
        (
            lambda: aw.wired(aw.Wiring([0, 1], 2), [CONV, POOL]),
            r"children\[0\] of wired is .* as in wired\(wiring, a, b\) or wired\(wiring, \*\[a, b\]\)",
        ),
        (lambda: aw.Wiring([0, 1]), r"Wiring needs output; it is called as Wiring\(inputs, output\)"),
        (lambda: aw.Joint([0, 1], merging="tuple"), "Joint has no argument 'merging'.*; did you mean merge"),
    ],
)
def test_a_wiring_of_other_modules_is_refused(make, message):
    with pytest.raises((InvalidWiring, aw.errors.NotATerm, aw.errors.WrongArguments), match=message):
        make()


def test_json_of_a_wiring():
    """A joint is an object with its sources and its merge."""
    space = aw.wired(aw.Wiring([0, aw.Joint([0, 1], "mean")], 2), CONV, aw.select(0))
    data = aw.to_json(space)
    assert data["joints"] == {
        "inputs": [{"joint": [0], "merge": "add"}, {"joint": [0, 1], "merge": "mean"}],
        "output": {"joint": [2], "merge": "add"},
    }
    assert aw.from_json(data) == space
    data["joints"]["inputs"][1]["joint"] = [1, 0]
    with pytest.raises(aw.errors.UnreadableTerm, match=r"\$\.joints\.inputs\[1\] cannot be read as Joint: the sources"):
        aw.from_json(data)


# --- outputs side by side


def test_select_takes_one_output():
    """Each with its own shape; a choice of them is a choice like any other."""
    assert select_of(aw.select(0)).out_shape(SHAPE) == (4, 8, 8)
    assert select_of(aw.select(1)).out_shape(SHAPE) == (3, 4, 4)
    space = select_of(aw.select([0, 1]), aw.relu())
    assert [leaf.out_shape for leaf in aw.enumerate_leaves(space, SHAPE)] == [(4, 8, 8), (3, 4, 4)]
    assert aw.count(space, SHAPE) == 2
    assert select_of(aw.select(1), aw.conv2d(5, 1)).parameters(SHAPE) == 4 * 28 + 5 * 4


def test_the_input_may_be_one_of_them_and_tuples_pass_through_composites():
    """The input is source 0; residual paths and branches select by themselves."""
    joint = aw.Joint([0, 1], "tuple")
    space = aw.wired(aw.Wiring([0, joint], 2), CONV, aw.branches(aw.select(0), aw.sequential(aw.select(1), aw.relu())))
    assert space.out_shape(SHAPE) == (4, 8, 8)
    passing = aw.wired(aw.Wiring([0, joint, 2, 3], 4), CONV, aw.sequential(), aw.sequential(), aw.select(1))
    assert passing.out_shape(SHAPE) == (4, 8, 8)


@pytest.mark.parametrize(
    ("following", "message"),
    [
        (aw.select(2), r"select\(2\) of 2 outputs side by side; 0 is the first of them"),
        (aw.relu(), "activation takes one output, and got several side by side: 4x8x8 and 3x4x4; select takes one"),
        (aw.residual(aw.select(0)), "outputs that flow side by side, 4x8x8 and 3x4x4, are merged with no other ones"),
        (aw.sequential(aw.select(0), aw.select(0)), 'which a joint gives that merges by "tuple"; it got 4x8x8'),
        (
            aw.wired(aw.Wiring([aw.Joint([0]), aw.Joint([0, 1], "tuple")], 2), aw.select(0), aw.select(0)),
            "outputs that flow side by side, 4x8x8 and 3x4x4, are put beside no other ones",
        ),
    ],
)
def test_what_does_not_take_several_is_never_offered(following, message):
    """It does not fit, as a shape does not."""
    with pytest.raises(DeadEnd, match=message):
        aw.check(select_of(following), SHAPE)
    space = select_of(aw.either(aw.select(0), following, aw.select(1)))
    assert [leaf.out_shape for leaf in aw.enumerate_leaves(space, SHAPE)] == [(4, 8, 8), (3, 4, 4)]
    assert aw.count(space, SHAPE) == 2


@aw.module
class Product(aw.Basic):
    """Of two outputs side by side, of one shape."""

    takes_tuple = True

    def out_shape(self, in_shape: aw.Shape) -> aw.Shape:
        first, second = in_shape
        if first != second:
            raise aw.Misfit(f"product of {first} and {second}")
        return first


def test_a_module_of_ones_own_may_take_several():
    """Its input shape is a tuple of shapes, whose items are those of the outputs; where there is one, it is no option.

    A choice of its own is made as any other.
    """
    size = aw.conv2d(4, 3, stride=aw.shared("stride", [1, 2]))
    space = aw.wired(aw.Wiring([0, 0, PAIR], 3), size, size, Product())
    assert [leaf.out_shape for leaf in aw.enumerate_leaves(space, SHAPE)] == [(4, 8, 8), (4, 4, 4)]
    assert aw.count(space, SHAPE) == 2
    assert aw.count(aw.either(Product(), CONV), SHAPE) == 1
    with pytest.raises(DeadEnd, match=r"product takes outputs side by side, which a joint gives .*; it got 3x8x8"):
        aw.check(Product(), SHAPE)


@aw.module
class Halves(aw.Basic):
    """Its input, twice over, in shapes as a person may write them."""

    def out_shape(self, in_shape: aw.Shape) -> aw.Shape:
        return aw.TupleShape([in_shape, [np.int64(axis) for axis in in_shape]])


@aw.module
class FirstOf(aw.Composite):
    """Its body on the first of several outputs, by shapes of its own."""

    takes_tuple = True
    body: aw.Term = aw.child()

    def child_in_shape(self, i: int, in_shape: aw.Shape, outs: tuple[aw.Shape, ...]) -> aw.Shape:
        return in_shape[0]

    def merge(self, in_shape: aw.Shape, outs: tuple[aw.Shape, ...]) -> aw.Shape:
        return outs[0]


def test_modules_of_ones_own_may_give_several_and_composites_take_them():
    """Their shapes are those of Python; a composite with shapes of its own says whether it takes several."""
    assert aw.sequential(Halves(), FirstOf(aw.relu())).out_shape(SHAPE) == SHAPE
    assert all(type(axis) is int for axis in aw.sequential(Halves(), aw.select(1)).out_shape(SHAPE))
    assert aw.count(aw.either(aw.sequential(Halves(), aw.select([0, 1])), FirstOf(aw.select(0))), SHAPE) == 2


def test_a_composite_that_takes_one_refuses_several_from_its_children():
    """So it is an option where its children give one."""
    two = aw.either(Halves(), aw.relu())
    assert aw.count(Glued((two, aw.relu()), CONV), SHAPE) == 1
    with pytest.raises(DeadEnd, match="glued takes one output, and got several side by side: 3x8x8 and 3x8x8"):
        aw.check(Glued((Halves(), Halves()), CONV), SHAPE)


def test_a_term_in_places_for_one_output_and_for_several():
    """The places tell apart what may be chosen, whichever comes first."""
    term, place = aw.either(aw.select([0, 1]), aw.relu()), aw.place("chosen")
    one, several = aw.either(aw.max_pool2d(), place), select_of(aw.either(place, aw.select(0)))
    for inside in (aw.sequential(one, several), aw.sequential(several, one)):
        space = aw.let(inside=inside, chosen=term)
        aw.check(space, SHAPE)
        leaves = list(aw.enumerate_leaves(space, SHAPE))
        assert len({leaf.path for leaf in leaves}) == len(leaves) == aw.count(space, SHAPE) == 4
    with pytest.raises(DeadEnd, match="what was chosen at the first place of chosen does not fit here"):
        aw.check(aw.let(inside=aw.sequential(one, select_of(place)), chosen=term), SHAPE)


def test_what_is_selected_of_a_tuple():
    """By the selects that a module begins with, as far as they are chosen."""
    assert list_selected(aw.sequential(aw.select(1), aw.relu())) == {1}
    assert list_selected(aw.branches(aw.select(2), aw.sequential(aw.select(0), aw.select(5)))) == {0, 2}
    assert list_selected(aw.select([0, 1])) is list_selected(aw.relu()) is list_selected(aw.sequential()) is None
    assert list_selected(aw.residual(aw.select(0))) is None
    wiring = aw.Wiring([0, 0, PAIR, aw.Joint([1, 2, 3], "tuple")], 4)
    children = CONV, POOL, aw.select(1), aw.branches(aw.select(2), aw.select(0))
    assert narrow_wiring(wiring, children).inputs == (
        aw.Joint(0),
        aw.Joint(0),
        aw.Joint(2, "tuple"),
        aw.Joint([1, 3], "tuple"),
    )
    assert narrow_wiring(wiring, (CONV, POOL, aw.select(2), aw.select(5))) == wiring  # none of them is there


# --- DARTS


def test_darts_by_hand():
    """8.30e10 cells of each sort; a cell gives four nodes, at full size or at half of it."""
    beside = aw.Wiring([0, 0, PAIR], 3)
    for stride, out_shape in ((1, (12, 8, 8)), (2, (12, 4, 4))):
        cell = aw.wired(beside, aw.identity(), aw.identity(), make_cell(stride))
        assert aw.count(cell, SHAPE) == CELLS == 83_013_134_400
        assert aw.sample(aw.root(cell, SHAPE), random.Random(0).random).out_shape == out_shape
    assert aw.count(make_darts(), (3, 32, 32)) == CELLS**2
    aw.check(make_darts(), (3, 32, 32))


@settings(max_examples=20)
@given(seeds)
def test_leaves_of_darts(seed):
    """JSON both ways, the path of an architecture, and variants that are in the space again."""
    space, shape, uniform = make_darts(), (3, 16, 16), random.Random(seed).random
    leaf, other = (aw.sample(aw.root(space, shape), uniform) for _ in range(2))
    assert leaf.out_shape == (10,)
    assert aw.from_json(aw.to_json(leaf.architecture)) == leaf.architecture
    assert aw.path_of(space, shape, leaf.architecture) == leaf.path
    for variant in (aw.mutated(leaf, uniform), aw.crossover(leaf, other, uniform)):
        assert aw.replay(space, shape, variant.path) == variant
