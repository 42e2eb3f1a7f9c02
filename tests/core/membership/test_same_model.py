"""The same model in a changed space, and what makes two architectures the same model."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archwright as aw
from archwright.core.hyperparameter import hyperparameter, integer, named_hyperparameters
from archwright.core.membership.same_model import find_same_model, simplify
from archwright.core.modules.basic import Identity, Settings
from tests.same_models import is_same_model
from tests.strategies import iterate_subterms, leaves, name_randomly, seeds

SHAPE = (3, 8, 8)
CONV = aw.conv2d([8, 16, 32], 3)


def walk(space: aw.Term, *values: object) -> aw.Node:
    node = aw.root(space, SHAPE)
    for value in values:
        node = node.choose(value)
    assert node.is_leaf
    return node


def find(space: aw.Term, old: aw.Node) -> aw.Node | str:
    return find_same_model(aw.root(space, old.origin.input_shape), old)


@given(leaves, seeds)
def test_a_simplified_model_is_the_same(leaf, seed):
    """Shapes and parameters; simple once, simple for ever; names make no difference."""
    architecture, shape = leaf.architecture, leaf.origin.input_shape
    simple = simplify(architecture)
    assert simple.out_shape(shape) == leaf.out_shape
    assert simple.parameters(shape) == architecture.parameters(shape)
    assert simplify(simple) == simple == simplify(name_randomly(architecture, seed))
    assert not any(isinstance(term, Settings) for term in iterate_subterms(simple))
    for term in iterate_subterms(simple):
        if isinstance(term, aw.Sequential):
            assert not any(isinstance(child, Identity | aw.Sequential) for child in term.children)


@given(leaves)
def test_every_model_is_in_its_own_space(leaf):
    """By its own path."""
    found = find(leaf.origin.space, leaf)
    assert isinstance(found, aw.Node)
    assert found.path == leaf.path


@given(leaves, st.sampled_from(["net", "stem"]))
def test_every_model_of_a_named_space_is_there_with_an_optional_module_in_front(leaf, name):
    """The choice in front is the one that leaves the model as it was."""
    space, old = leaf.origin.space.with_name(name), aw.root(leaf.origin.space.with_name(name), leaf.origin.input_shape)
    for _, value in leaf.path:
        old = old.choose(value)
    found = find(aw.sequential(aw.optional(aw.dropout([0.1, 0.2])), space), old)
    assert isinstance(found, aw.Node)
    assert found.path == (("0.either.option", "identity"), *old.path)
    assert is_same_model(found.architecture, leaf.architecture)


BODY = aw.sequential(stem=CONV, op=aw.either(aw.relu(), aw.batch_norm()), name="net")
NARROW = aw.sequential(stem=aw.conv2d([8, 16], 3), op=aw.either(aw.relu(), aw.batch_norm()), name="net")
WIDE = aw.sequential(stem=aw.conv2d(aw.integers(1, 64), 3), op=aw.either(aw.relu(), aw.batch_norm()), name="net")
MORE = aw.sequential(stem=CONV, op=aw.either(aw.relu(), aw.batch_norm(), aw.dropout(0.5)), name="net")


@pytest.mark.parametrize(
    ("space", "path"),
    [
        (BODY, (("net.stem.conv2d.filters", 16), ("net.op.either.option", "relu"))),
        (NARROW, (("net.stem.conv2d.filters", 16), ("net.op.either.option", "relu"))),
        (WIDE, (("net.stem.conv2d.filters", 16), ("net.op.either.option", "relu"))),
        (MORE, (("net.stem.conv2d.filters", 16), ("net.op.either.option", "relu"))),
        (aw.sequential(aw.identity(), BODY), (("net.stem.conv2d.filters", 16), ("net.op.either.option", "relu"))),
        (
            aw.sequential(aw.sequential(stem=aw.conv2d([16, 32], 3), op=aw.relu(), name="net")),
            (("net.stem.conv2d.filters", 16),),
        ),
        (
            aw.sequential(stem=CONV, tail=aw.repeat(aw.relu(), [0, 1, 2]), name="net"),
            (("net.stem.conv2d.filters", 16), ("net.tail.repeat.count", 1)),
        ),
    ],
)
def test_a_model_is_found_in_changed_spaces(space, path):
    """With what it was asked before; what else is asked follows from the model."""
    found = find(space, walk(BODY, 16, "relu"))
    assert isinstance(found, aw.Node)
    assert found.path == path


def test_choices_of_other_names_are_found_by_the_architecture():
    """Where the new space asks nothing under the old names."""
    old = walk(aw.sequential(CONV, aw.relu()), 16)
    found = find(aw.sequential(stem=aw.conv2d([16, 32], 3), end=aw.activation(["relu", "tanh"])), old)
    assert isinstance(found, aw.Node)
    assert found.path == (("stem.conv2d.filters", 16), ("end.activation.function", "relu"))
    reason = find(aw.sequential(stem=aw.conv2d([8, 32], 3), end=aw.relu()), old)
    assert reason == "stem.conv2d.filters is 16, and may be one of {8, 32} here"


SLOW, FAST = aw.settings(learning_rate=0.1), aw.settings(learning_rate=0.2)


@pytest.mark.parametrize(
    ("space", "reason"),
    [
        (
            aw.sequential(stem=aw.conv2d([8, 32], 3), op=aw.relu(), name="net"),
            "net.stem.conv2d.filters is 16, and may be one of {8, 32} here",
        ),
        (
            aw.sequential(aw.dropout([0.1, 0.2]), BODY),
            "its model has conv2d where the space has 0.dropout",
        ),
        (
            aw.sequential(stem=aw.conv2d([8, 16], 5), op=aw.relu(), name="net"),
            "net.stem.conv2d.size is 3, and is 5 here",
        ),
        (
            aw.sequential(SLOW, BODY),
            "the setting learning_rate is not set, and is 0.1 here",
        ),
        (
            aw.sequential(aw.settings(learning_rate=[0.1, 0.2]), BODY),
            "the setting learning_rate is not set, and is asked for here",
        ),
        (
            aw.sequential(aw.repeat(aw.either(aw.relu(), aw.zero()), 12), BODY),
            "its model has conv2d where the space has 0.repeat.0.activation",
        ),
        (
            aw.sequential(aw.repeat(aw.either(a=aw.identity(), b=aw.identity()), 12), NARROW, aw.relu()),
            "none of the first 2,000 ways to choose gives it: its model ends where the space has 2.activation",
        ),
        (
            aw.sequential(stem=CONV, op=aw.either(aw.batch_norm(), aw.dropout(0.5)), name="net"),
            "net.op.either.option is relu, and may be one of {batch_norm, dropout} here",
        ),
        (aw.sequential(stem=CONV, name="net"), "its model goes on with activation where the space ends"),
        (aw.sequential(BODY, aw.flatten()), "its model ends where the space has 1.flatten"),
        (aw.residual(BODY), "its model has conv2d where the space has residual"),
    ],
)
def test_why_a_model_is_not_there(space, reason):
    assert find(space, walk(BODY, 16, "relu")) == reason


SMALL = aw.sequential(
    aw.conv2d([4, 8], 3), aw.residual(aw.optional(aw.relu())), aw.repeat(aw.either(aw.relu(), aw.batch_norm()), [1, 2])
)
WIDTH = aw.shared("width", [2, 4, 8])
CHANGED = {
    "in front": aw.sequential(aw.optional(aw.dropout([0.1, 0.2])), *SMALL.children),
    "nested in front": aw.sequential(aw.sequential(aw.optional(aw.batch_norm()), aw.identity()), SMALL),
    "fixed in front": aw.sequential(aw.batch_norm(), *SMALL.children),
    "option added": SMALL.with_subterms(
        (*SMALL.children[:2], aw.repeat(aw.either(aw.relu(), aw.zero(), n=aw.batch_norm()), 2))
    ),
    "option removed": SMALL.with_subterms((aw.conv2d([8, 16], 3), *SMALL.children[1:])),
    "range widened": SMALL.with_subterms((aw.conv2d(aw.integers(5, 10), 3), *SMALL.children[1:])),
    "computed": SMALL.with_subterms((aw.conv2d(WIDTH * 2, 3), *SMALL.children[1:])),
    "options": aw.sequential(
        aw.conv2d([8, 4], 3),
        aw.either(aw.residual(aw.relu()), aw.residual(aw.identity())),
        aw.repeat(aw.optional(aw.relu()), 2),
    ),
    "let": aw.let(
        inside=aw.sequential(aw.conv2d([4, 8], 3), aw.residual(aw.place("op")), aw.place("op"), aw.optional(aw.relu())),
        op=aw.optional(aw.relu()),
    ),
    "grammar": aw.sequential(
        aw.conv2d([4, 8], 3),
        aw.residual(aw.identity()),
        aw.grammar("S", S=[aw.relu(), aw.sequential(aw.batch_norm(), aw.nonterminal("S"))], depth=3),
    ),
}


@pytest.mark.parametrize("change", CHANGED)
def test_a_model_is_found_if_any_leaf_is_it(change):
    """By brute force, without a name that the two spaces share."""
    space = CHANGED[change]
    here = [leaf.architecture for leaf in aw.enumerate_leaves(space, SHAPE)]
    for old in aw.enumerate_leaves(SMALL, SHAPE):
        found = find(space, old)
        is_there = any(is_same_model(old.architecture, architecture) for architecture in here)
        assert isinstance(found, aw.Node) == is_there, found
        assert not isinstance(found, aw.Node) or is_same_model(found.architecture, old.architecture)
    assert any(isinstance(find(space, old), aw.Node) for old in aw.enumerate_leaves(SMALL, SHAPE)) == (
        change != "fixed in front"
    )


SURROUNDINGS = {
    "in front and behind": (
        lambda space: space,
        lambda space: aw.sequential(
            aw.optional(aw.batch_norm()), space, aw.repeat(aw.optional(aw.dropout(0.5)), [0, 1])
        ),
    ),
    "inside": (
        aw.residual,
        lambda space: aw.either(aw.residual(aw.sequential(aw.optional(aw.dropout(0.5)), space)), aw.relu()),
    ),
    "beside": (
        lambda space: aw.branches(aw.relu(), space),
        lambda space: aw.branches(aw.activation(["tanh", "relu"]), aw.sequential(aw.identity(), space)),
    ),
    "chosen once": (
        lambda space: space,
        lambda space: aw.let(inside=aw.sequential(aw.optional(aw.relu()), aw.place("x")), x=space),
    ),
    "derived": (
        lambda space: space,
        lambda space: aw.grammar("S", S=[aw.relu(), aw.sequential(aw.nonterminal("T"))], T=[aw.batch_norm(), space]),
    ),
}


@pytest.mark.parametrize("change", SURROUNDINGS)
@given(leaf=leaves)
def test_every_model_of_an_unnamed_space_is_there_with_more_around_it(leaf, change):
    """Whatever is inside, also where that makes its names others, and many of its choices were not asked by them."""
    (before, after), (space, shape) = SURROUNDINGS[change], (leaf.origin.space, leaf.origin.input_shape)
    old = aw.root(before(space), shape)
    for _, value in leaf.path:
        old = old.choose(value)
    found = find(after(space), old)
    assert isinstance(found, aw.Node)
    assert is_same_model(found.architecture, old.architecture)


@aw.module
class Scaled(aw.Basic):
    """A kind with hyperparameters under names of one's own, and one that its JSON leaves out where it is usual."""

    factors: object = named_hyperparameters()
    shift: int = hyperparameter(integer(0), default=0, is_optional=True)

    def check(self, name, value):
        return None

    def out_shape(self, in_shape):
        return in_shape


def test_fields_of_all_forms_are_read_of_a_model():
    """What is named by a person, and what is left out where it has its default."""
    old = aw.root(aw.sequential(Scaled(factors=(("low", [1, 2]), ("high", 3)))), SHAPE).choose(2)
    wide = aw.sequential(aw.optional(aw.relu()), Scaled((("low", [2, 4]), ("high", [3, 5])), [1, 0]))
    found = find(wide, old)
    assert isinstance(found, aw.Node)
    assert [value for _, value in found.path] == ["identity", 2, 3, 0]
    assert (
        find(aw.sequential(Scaled((("low", [2, 4]),), 0)), old)
        == "0.scaled.factors is [['low', 2], ['high', 3]], and is [['low', 2]] here"
    )
    assert find(aw.sequential(Scaled((("mid", [2, 4]),), 0)), old) == "its 0.scaled has no mid"
    assert (
        find(aw.sequential(Scaled((("low", [2, 4]), ("high", 3)), [1, 2])), old)
        == "0.scaled.shift is 0, and may be one of {1, 2} here"
    )


def test_a_large_space_without_names_keeps_its_models():
    """What is specified already decides which values are worth a try, so that there are few."""
    block = aw.sequential(
        aw.conv2d([8, 16, 32, 64], [1, 3, 5]), aw.either(aw.relu(), aw.batch_norm(), aw.dropout([0.1, 0.5]))
    )
    old = aw.sequential(aw.settings(rate=aw.reals(0.001, 1.0)), aw.repeat(block, [4, 8, 12]), aw.affine(10))
    new = aw.sequential(
        aw.optional(aw.batch_norm()),
        *old.with_subterms((old.children[0], aw.repeat(block, aw.integers(1, 16)), old.children[2])).children,
    )
    for seed in range(5):
        leaf = aw.sample(aw.root(old, SHAPE), random.Random(seed).random)
        found = find(new, leaf)
        assert isinstance(found, aw.Node), found
        assert is_same_model(found.architecture, leaf.architecture)


EDGES = [(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)]
OPERATIONS = {"none": aw.zero(), "skip": aw.identity(), "norm": aw.batch_norm(), "relu": aw.relu(), "conv": CONV}


@pytest.mark.parametrize("connected", [False, True])
def test_a_cell_under_another_name_keeps_its_models(connected):
    """Though the operations of all edges are chosen before it is known what they make."""
    old = aw.sequential(
        CONV, aw.let(inside=aw.sequential(aw.place("cell"), aw.place("cell")), cell=aw.cell(EDGES, **OPERATIONS))
    )
    inner = aw.cell(EDGES, connected, **dict(reversed([*OPERATIONS.items(), ("elu", aw.activation("elu"))])))
    tied = aw.let(
        inside=aw.sequential(aw.optional(aw.dropout(0.5)), CONV, aw.place("graph"), aw.place("graph")), graph=inner
    )
    leaf = aw.sample(aw.root(old, SHAPE), random.Random(1).random)
    found = find(tied, leaf)
    assert isinstance(found, aw.Node), found
    assert is_same_model(found.architecture, leaf.architecture)
    other = aw.sequential(CONV, aw.cell([(0, 1), (0, 2), (1, 2)], connected, **OPERATIONS))
    assert find(other, leaf) == (
        "1.cell.topology.edges is [[0, 1], [0, 2], [1, 2], [0, 3], [1, 3], [2, 3]], "
        "and is [[0, 1], [0, 2], [1, 2]] here"
    )


def test_settings_are_of_the_training_wherever_they_stand():
    row = [aw.conv2d(8, 3), aw.relu()]
    first, last = aw.sequential(SLOW, *row), aw.sequential(aw.sequential(*row), aw.sequential(aw.identity(), SLOW))
    assert is_same_model(first, last)
    assert not is_same_model(first, aw.sequential(FAST, *row))
    assert not is_same_model(first, aw.sequential(*row))
    assert simplify(first) == aw.sequential(*row)
    assert simplify(aw.residual(aw.sequential(SLOW))) == aw.residual(aw.identity())
    assert simplify(aw.sequential(SLOW)) == aw.identity()
