"""The same model in a changed space, and what makes two architectures the same model."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archwright as aw
from archwright.core.modules.basic import Identity, Settings
from archwright.core.same_model import find_same_model, is_same_model, simplify
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
    assert isinstance(reason, str)
    assert reason.startswith("the architecture is not in the space: ")
    assert "stem.conv2d.filters is 16" in reason


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
            "no way to choose 0.dropout.rate, which it was not asked, gives its model",
        ),
        (
            aw.sequential(stem=aw.conv2d([8, 16], 5), op=aw.relu(), name="net"),
            "its choices give another model here: model.children[0].size was 3, and is 5",
        ),
        (
            aw.sequential(SLOW, BODY),
            "its choices give another model here: settings was {}, and is {'learning_rate': 0.1}",
        ),
        (
            aw.sequential(aw.repeat(aw.either(aw.relu(), aw.zero()), 12), BODY),
            "none of the first 2,000 ways to make its new choices gives its model",
        ),
    ],
)
def test_why_a_model_is_not_there(space, reason):
    assert find(space, walk(BODY, 16, "relu")) == reason


def test_settings_are_of_the_training_wherever_they_stand():
    row = [aw.conv2d(8, 3), aw.relu()]
    first, last = aw.sequential(SLOW, *row), aw.sequential(aw.sequential(*row), aw.sequential(aw.identity(), SLOW))
    assert is_same_model(first, last)
    assert not is_same_model(first, aw.sequential(FAST, *row))
    assert not is_same_model(first, aw.sequential(*row))
    assert simplify(first) == aw.sequential(*row)
    assert simplify(aw.residual(aw.sequential(SLOW))) == aw.residual(aw.identity())
    assert simplify(aw.sequential(SLOW)) == aw.identity()
