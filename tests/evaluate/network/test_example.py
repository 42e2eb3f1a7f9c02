"""Examples of inputs have their shape and type, and models are tried on them."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import archwright as aw
from archwright.core.kind import module
from archwright.core.term import Basic
from archwright.evaluate.network.compile import WrongSize, compile_architecture
from archwright.evaluate.network.example import draw_example, make_example
from tests.evaluate.token_modules import Embedding

sizes = st.integers(1, 8)
inputs = (
    st.builds(aw.image, sizes, sizes, sizes)
    | st.builds(aw.features, sizes)
    | st.builds(aw.tokens, st.integers(1, 100_000), sizes)
    | st.builds(aw.signal, sizes, sizes)
    | st.lists(sizes, min_size=4, max_size=5).map(lambda shape: aw.Input("tensor", shape))
)


@given(inputs, sizes, st.integers(0, 2**63 - 1))
def test_an_example_has_the_shape_and_the_type_of_its_input(value, batch_size, seed):
    """Tokens are of the vocabulary; the seed alone decides."""
    example = make_example(value, batch_size, seed)
    assert example.shape == (batch_size, *value.shape)
    assert str(example.dtype) == f"torch.{value.element_type}"
    assert torch.equal(example, make_example(value, batch_size, seed))
    if value.vocabulary is not None:
        assert int(example.min()) >= 0
        assert int(example.max()) < value.vocabulary


def test_every_token_is_drawn():
    """As likely as any other."""
    counts = make_example(aw.tokens(10, 1000), 100, seed=0).flatten().bincount(minlength=10)
    assert int(counts.min()) > 9_000


def test_images_are_drawn_as_before_inputs_had_a_type():
    """So that lazy layers, which draw their weights after the example, get the same ones."""
    expected = torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(3))
    assert torch.equal(draw_example(aw.image(3, 4, 4), 2, torch.Generator().manual_seed(3)), expected)


@settings(deadline=None)
@given(st.integers(1, 60), st.integers(1, 9), st.integers(1, 6))
def test_a_model_of_tokens_is_compiled(vocabulary, length, width):
    """It is tried on integers of its vocabulary."""
    architecture = aw.sequential(Embedding(vocabulary, width), aw.flatten(), aw.affine(units=3))
    model = compile_architecture(architecture, aw.tokens(vocabulary, length), seed=0)
    with torch.no_grad():
        assert model(make_example(aw.tokens(vocabulary, length), 4, seed=1)).shape == (4, 3)


@pytest.mark.parametrize("value", [aw.signal(2, 16), aw.features(5), aw.image(1, 4, 4)])
def test_a_model_of_floats_is_compiled(value):
    """By the input as by its shape."""
    architecture = aw.sequential(aw.flatten(), aw.affine(units=3))
    example = make_example(value, 4, seed=1)
    with torch.no_grad():
        outputs = [compile_architecture(architecture, given, seed=2)(example) for given in (value, value.shape)]
    assert torch.equal(*outputs)


@module
class WrongEmbedding(Basic):
    """One that says that it has one parameter."""

    kind = "wrong_embedding_in_a_test"

    def out_shape(self, in_shape: aw.Shape) -> aw.Shape:
        return (*in_shape, 4)

    def parameters(self, in_shape: aw.Shape) -> int:
        return 1

    def compile(self, in_shape: aw.Shape) -> torch.nn.Module:
        return torch.nn.Embedding(9, 4)


@module
class WrongRow(Basic):
    """A layer over the last axis that says that it has one parameter, and takes floats of the shape of the tokens."""

    kind = "wrong_row_in_a_test"

    def out_shape(self, in_shape: aw.Shape) -> aw.Shape:
        return in_shape

    def parameters(self, in_shape: aw.Shape) -> int:
        return 1

    def compile(self, in_shape: aw.Shape) -> torch.nn.Module:
        return torch.nn.Linear(in_shape[-1], in_shape[-1])


def test_an_embedding_of_another_size_than_it_says_is_refused_with_both():
    """It is asked with tokens; a later module of the same input shape, with floats."""
    with pytest.raises(WrongSize, match=r"wrong_embedding_in_a_test says by parameters that it has 1 .* has 36;"):
        compile_architecture(aw.sequential(WrongEmbedding(), aw.flatten(), aw.affine(2)), aw.tokens(9, 5), seed=0)
    space = aw.sequential(Embedding(9, 4), aw.flatten(), aw.affine(5), WrongRow())
    with pytest.raises(WrongSize, match=r"wrong_row_in_a_test says by parameters that it has 1 .* has 30;"):
        compile_architecture(space, aw.tokens(9, 5), seed=0)
