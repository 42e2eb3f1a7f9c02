"""Names of modules: in place of positions in the names of choices, and no part of what a module computes."""

import pickle
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archwright as aw
from archwright.core.analysis.counting import dead_ends
from archwright.core.completion import complete_choices, find_all_names
from archwright.core.names import drop_names
from archwright.core.node import DeadEnd
from archwright.core.unknown_modules import specify_by_name
from tests.core.user_modules import Glued, Ladder
from tests.strategies import NAMES, leaves, name_randomly, seeds

CONV = aw.conv2d([8, 16], 3)
GRAPH = [(0, 1), (0, 2), (1, 2)]


def list_asked(space: aw.Term, shape: aw.Shape = (3, 8, 8)) -> list[str]:
    """The names of the choices on the path of the last values."""
    node = aw.root(space, shape)
    while node.choice is not None:
        node = node.choose(node.choice.domain.from_unit(1.0))
    return [name for name, _ in node.path]


@pytest.mark.parametrize(
    ("space", "names"),
    [
        (aw.sequential(aw.relu(), stem=CONV), ["stem.conv2d.filters"]),
        (aw.sequential(aw.relu(), CONV.with_name("stem")), ["stem.conv2d.filters"]),
        (aw.sequential(stem=CONV, name="net"), ["net.stem.conv2d.filters"]),
        (CONV.with_name("net"), ["net.conv2d.filters"]),
        (aw.branches(CONV, stem=CONV), ["branches.0.conv2d.filters", "branches.stem.conv2d.filters"]),
        (aw.residual(CONV.with_name("stem")), ["residual.stem.conv2d.filters"]),
        (aw.repeat_tied(CONV.with_name("stem"), 2), ["tied.stem.conv2d.filters"]),
        (
            aw.topology(GRAPH, CONV, CONV, last=CONV),
            ["topology.1_0.conv2d.filters", "topology.2_0.conv2d.filters", "topology.last.conv2d.filters"],
        ),
        (
            aw.sequential(stage=aw.repeat(CONV, [1, 2])),
            ["stage.repeat.count", "stage.repeat.0.conv2d.filters", "stage.repeat.1.conv2d.filters"],
        ),
        (
            aw.repeat(aw.residual(CONV, name="block"), 2, name="stage"),
            ["stage.repeat.0.block.residual.conv2d.filters", "stage.repeat.1.block.residual.conv2d.filters"],
        ),
        (
            aw.sequential(CONV.with_name("twice"), CONV, CONV.with_name("twice")),
            ["0.twice.conv2d.filters", "1.conv2d.filters", "2.twice.conv2d.filters"],
        ),
        (aw.either(aw.relu(), wide=CONV, name="op"), ["op.either.option", "op.either.conv2d.filters"]),
        (aw.either(aw.relu(), CONV.with_name("wide")), ["either.option", "either.wide.conv2d.filters"]),
        (aw.either(aw.relu(), name=CONV), ["either.option", "either.conv2d.filters"]),
        (aw.optional(CONV, name="maybe"), ["maybe.either.option", "maybe.either.conv2d.filters"]),
        (aw.maybe_swap(aw.relu(), aw.batch_norm(), name="order"), ["order.either.option"]),
        (aw.cell([(0, 1)], skip=aw.identity(), conv=CONV, name="normal"),
         ["normal.cell.op_1_0", "normal.cell.topology.1_0.conv2d.filters"]),
        (aw.sequential(train=aw.Settings((("name", ["a", "b"]),))), ["train.settings.name"]),
        (aw.sequential(aw.settings(name=["a", "b"])), ["0.settings.name"]),
        (aw.sequential(stem=aw.conv2d(aw.shared("width", [8, 16]), [3, 5])), ["width", "stem.conv2d.size"]),
        (Glued((CONV.with_name("left"), CONV), CONV.with_name("right")),
         ["glued.left.conv2d.filters", "glued.1.conv2d.filters", "glued.right.conv2d.filters"]),
        (Ladder(CONV.with_name("rung"), 4, 2, name="ladder"),
         ["ladder.ladder.1.residual.rung.conv2d.filters", "ladder.ladder.2.residual.rung.conv2d.filters"]),
    ],
)  # fmt: skip
def test_names_of_choices(space, names):
    """Where a position would be; after a kind that gives none; beside the position where siblings share a name."""
    assert list_asked(space) == names


@aw.module
class Sided(aw.Composite):
    """Two modules in a row: one has a position for its segment, and the other a name that the kind gives."""

    first: aw.Term = aw.child()
    second: aw.Term = aw.child()

    def segment(self, i):
        return ("0", "right")[i]

    def child_in_shape(self, i, in_shape, outs):
        return outs[-1] if outs else in_shape

    def merge(self, in_shape, outs):
        return outs[-1]


def test_a_name_that_another_segment_is():
    """A person's own kind may give segments that are names; siblings have different ones after all."""
    assert list_asked(Sided(CONV.with_name("stem"), CONV)) == ["stem.conv2d.filters", "right.conv2d.filters"]
    assert list_asked(Sided(CONV.with_name("right"), CONV)) == ["0.right.conv2d.filters", "right.conv2d.filters"]
    assert list_asked(Sided(CONV, CONV.with_name("right"))) == ["0.conv2d.filters", "right.right.conv2d.filters"]
    aw.check(Sided(CONV.with_name("right"), CONV), (3, 8, 8))


def follow(space: aw.Term, leaf: aw.Node) -> aw.Node:
    """The leaf to which the values of another leaf lead, whatever the names of the choices are."""
    node = aw.root(space, leaf.origin.input_shape)
    for _, value in leaf.path:
        node = node.choose(value)
    return node


@given(leaves, seeds)
def test_names_decide_nothing(leaf, seed):
    """The values of a path are legal under any names, and lead to the same architecture but for its names."""
    named = follow(name_randomly(leaf.origin.space, seed), leaf)
    assert named.is_leaf
    assert drop_names(named.architecture) == drop_names(leaf.architecture)
    assert named.out_shape == leaf.out_shape
    assert [layer.module.with_name("") for layer in aw.layers(named.architecture, leaf.origin.input_shape)] == [
        layer.module.with_name("") for layer in aw.layers(leaf.architecture, leaf.origin.input_shape)
    ]


@given(leaves, seeds)
def test_every_choice_has_a_name_of_its_own(leaf, seed):
    """On each path; and it is known before anything is chosen."""
    space = name_randomly(leaf.origin.space, seed)
    names = [name for name, _ in follow(space, leaf).path]
    assert len(set(names)) == len(names)
    assert set(names) <= find_all_names(space)


@given(leaves, seeds)
def test_choices_are_found_by_name_without_shapes(leaf, seed):
    """As where the code of a kind is not known: the architecture, but for what shapes alone decide."""
    named = follow(name_randomly(leaf.origin.space, seed), leaf)
    found = specify_by_name(named.origin.space, named.path)
    assert found == named.architecture or not found.plan.is_specified


@given(leaves, st.sampled_from(NAMES))
def test_a_module_in_front_of_a_named_space_keeps_every_path(leaf, name):
    """Where it asks nothing."""
    space = leaf.origin.space.with_name(name)
    old, changed = follow(space, leaf), aw.sequential(aw.identity(), space)
    new = aw.replay(changed, leaf.origin.input_shape, old.path)
    assert new.architecture == aw.sequential(aw.identity(), old.architecture)
    assert find_all_names(changed) == find_all_names(space)


@given(leaves, st.sampled_from(NAMES), seeds)
def test_a_module_that_asks_in_front_of_a_named_space_keeps_every_name(leaf, name, seed):
    """The old choices are met, and the new one is drawn."""
    space = leaf.origin.space.with_name(name)
    old, changed = follow(space, leaf), aw.sequential(aw.dropout([0.1, 0.2]), space)
    new = complete_choices(aw.root(changed, leaf.origin.input_shape), dict(old.path), random.Random(seed).random)
    assert new.path == (("0.dropout.rate", new.path[0][1]), *old.path)
    assert new.architecture.subterms[1] == old.architecture


def test_a_module_between_named_ones_keeps_every_path():
    """The positions of others may change."""
    old = aw.root(aw.sequential(stem=CONV, body=aw.repeat(CONV, [1, 2])), (3, 8, 8)).choose(8).choose(1).choose(16)
    changed = aw.sequential(CONV.with_name("stem"), aw.relu(), body=aw.repeat(CONV, [1, 2]))
    assert aw.replay(changed, (3, 8, 8), old.path).path == old.path


def test_a_name_is_a_part_of_the_value():
    """Of what is compared and shown, and not of what is traversed."""
    stem = aw.conv2d(8, 3, name="stem")
    assert stem != aw.conv2d(8, 3)
    assert stem == aw.conv2d(8, 3).with_name("stem") == aw.sequential(stem=aw.conv2d(8, 3)).subterms[0]
    assert len({stem, aw.conv2d(8, 3, name="stem"), aw.conv2d(8, 3)}) == 2
    assert repr(stem).endswith(", initialization='he', name='stem')")
    assert repr(aw.identity(name="end")) == "Identity(name='end')"
    assert repr(aw.identity()) == "Identity()"
    assert pickle.loads(pickle.dumps(stem)) == stem


def test_what_is_chosen_has_the_name_of_the_choice():
    """Unless it has one of its own; so architectures show the names of a space."""
    space = aw.sequential(
        op=aw.either(aw.relu(), aw.batch_norm(name="norm"), name="op"), stage=aw.repeat(aw.optional(CONV), 1)
    )
    first = aw.root(space, (3, 8, 8)).choose("relu").choose("conv2d").choose(8)
    assert first.architecture == aw.sequential(op=aw.relu(), stage=aw.sequential(aw.conv2d(8, 3)))
    second = aw.root(space, (3, 8, 8)).choose("batch_norm").choose("identity")
    assert second.architecture == aw.sequential(norm=aw.batch_norm(), stage=aw.sequential(aw.identity()))
    assert drop_names(second.architecture) == aw.sequential(aw.batch_norm(), aw.sequential(aw.identity()))


@aw.module
class Called(aw.Basic):
    """A kind with a field `name` of its own."""

    name: str

    def out_shape(self, in_shape: aw.Shape) -> aw.Shape:
        return in_shape


def test_a_kind_with_a_field_name():
    """Its given name is taken, shown and written as `given_name`."""
    called = Called("resnet", given_name="stem")
    assert called == aw.sequential(stem=Called("resnet")).subterms[0]
    assert repr(called) == "Called(name='resnet', given_name='stem')"
    assert aw.to_json(called) == {"kind": "called", "given_name": "stem", "name": "resnet"}
    assert aw.from_json(aw.to_json(called)) == called
    assert aw.to_json(Called("resnet")) == {"kind": "called", "name": "resnet"}


def test_dead_ends_have_the_names():
    """In the analysis as where one comes to them."""
    space = aw.sequential(stem=CONV, end=aw.flatten(), last=aw.max_pool2d(), name="net")
    (blocked,) = dead_ends(space, (3, 8, 8))
    assert (blocked.place, blocked.path) == ("net.last.max_pool2d", (("net.stem.conv2d.filters", 8),))
    with pytest.raises(DeadEnd, match=re.escape("at net.last.max_pool2d after net.stem.conv2d.filters = 16: max_pool")):
        aw.root(space, (3, 8, 8)).choose(16)
    space = aw.residual(aw.sequential(stem=aw.conv2d([8, 16], 9, padding="valid"))).with_name("net")
    assert dead_ends(space, (3, 8, 8))[0].place == "net.residual.stem.conv2d"
