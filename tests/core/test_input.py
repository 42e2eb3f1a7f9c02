"""Inputs of models: their texts, and what a shape alone says."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archwright as aw
from archwright.core.input import (
    INPUT_KINDS,
    BadInput,
    as_input,
    format_input,
    input_from_text,
    input_to_text,
    parse_input,
)

sizes = st.integers(1, 10**6)
inputs = (
    st.builds(aw.image, sizes, sizes, sizes)
    | st.builds(aw.features, sizes)
    | st.builds(aw.tokens, sizes, sizes)
    | st.builds(aw.signal, sizes, sizes)
    | st.lists(sizes, min_size=1, max_size=6).map(lambda shape: aw.Input("tensor", shape))
)


@given(inputs)
def test_an_input_is_parsed_from_its_text(value):
    """Of every kind."""
    assert parse_input(format_input(value)) == value
    assert parse_input(str(value)) == value


@given(inputs)
def test_a_log_tells_an_input(value):
    """By its shape, and by a text where the shape alone says less."""
    assert input_from_text(input_to_text(value), value.shape) == value


@given(st.lists(sizes, min_size=1, max_size=6))
def test_what_a_shape_alone_says_is_not_logged(shape):
    """As in logs from before inputs had a type."""
    assert input_to_text(as_input(shape)) is None
    assert as_input(shape).shape == tuple(shape)


@given(inputs)
def test_an_input_goes_wherever_a_shape_goes(value):
    """It is a value that iterates over its axes; as an input it stays itself."""
    assert tuple(value) == value.shape
    assert as_input(value) is value
    assert pickle.loads(pickle.dumps(value)) == value


def test_the_kinds_are_known_by_their_axes():
    """Three are an image, one is features, two are a signal, and more are a tensor."""
    assert as_input((3, 32, 32)) == aw.image(3, 32, 32)
    assert as_input([12]) == aw.features(12)
    assert as_input((2, 128)) == aw.signal(2, 128)
    assert as_input((4, 8, 8, 8)) == aw.Input("tensor", (4, 8, 8, 8))


def test_each_kind_says_the_name_and_the_type_of_its_tensor():
    """Tokens are integers, all others floats."""
    tokens = aw.tokens(vocabulary=50, length=20)
    assert (tokens.shape, tokens.tensor_name, tokens.element_type) == ((20,), "tokens", "int64")
    for value, name in ((aw.image(3, 8, 8), "images"), (aw.features(4), "features"), (aw.signal(2, 8), "signal")):
        assert (value.tensor_name, value.element_type) == (name, "float32")


@pytest.mark.parametrize("text", ["3,32,32", "3x32x32", " (3, 32, 32) ", "image:3,32,32", "image:3x32x32"])
def test_a_shape_may_be_written_in_several_ways(text):
    """As it could before inputs had a type."""
    assert parse_input(text) == aw.image(3, 32, 32)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the input is ''; write positive integers without a batch, as in 3,32,32 or tokens:50,20"),
        ("tokens:", "the input is 'tokens:'; write positive integers without a batch, as in tokens:50,20"),
        ("tokens:50", "tokens has the numbers 50; it must have 2: vocabulary, length, as in tokens:50,20"),
        ("tokens:50,20,3", "tokens has the numbers 50, 20, 3; it must have 2: vocabulary, length"),
        ("image:3,32", "image has the numbers 3, 32; it must have 3: channels, height, width, as in image:3,32,32"),
        ("token:50,20", "there is no input of kind 'token'; did you mean tokens or tensor?"),
        ("features:0", "the input is 'features:0'; write positive integers"),
        ("features:-3", "the input is 'features:-3'; write positive integers"),
        (":3,32,32", "the input is ':3,32,32'; write positive integers"),
    ],
)
def test_what_is_no_input_is_refused(text, message):
    """With the remedy."""
    with pytest.raises(BadInput) as error:
        parse_input(text)
    assert message in str(error.value)


def test_a_vocabulary_belongs_to_tokens():
    """And to nothing else."""
    with pytest.raises(BadInput, match="tokens alone have one"):
        aw.Input("features", (3,), vocabulary=5)
    with pytest.raises(BadInput, match="it must have 2: vocabulary, length"):
        aw.Input("tokens", (20,))
    with pytest.raises(aw.Misfit, match="must be positive integers"):
        aw.tokens(0, 20)


def test_an_input_is_walked_with():
    """As with its shape."""
    space = aw.sequential(aw.affine(units=[2, 4]), aw.affine(units=2))
    assert aw.root(space, aw.features(3)) == aw.root(space, (3,))


def test_examples_of_the_kinds_can_be_read():
    """They are in messages."""
    for kind, known in INPUT_KINDS.items():
        assert parse_input(known.example).kind == kind


@pytest.mark.parametrize(
    "architecture",
    [
        aw.conv2d(4, 3),
        aw.residual(aw.relu()),
        aw.sequential(aw.conv2d(4, 3), aw.batch_norm(), aw.global_avg_pool(), aw.affine(3)),
        aw.branches(aw.identity(), aw.conv2d(3, 3), merge="add"),
        aw.branches(aw.identity(), aw.conv2d(3, 3), merge="concatenate"),
        aw.topology([(0, 1), (1, 2), (0, 2)], aw.identity(), aw.relu_conv_bn(3), aw.identity()),
        aw.repeat_tied(aw.conv2d(3, 3), 2),
        aw.repeat_tied(aw.identity(), 2),
    ],
)
def test_modules_are_asked_with_an_input_as_with_its_shape(architecture):
    """Whatever looks at the axes, and at how many there are."""
    value = aw.image(3, 8, 8)
    assert (len(value), tuple(value), value[0], value[1:]) == (3, (3, 8, 8), 3, (8, 8))
    assert tuple(architecture.out_shape(value)) == architecture.out_shape(value.shape)
    assert architecture.parameters(value) == architecture.parameters(value.shape)
