"""`aw.compile`: a torch module for each kind of input, or what is wrong with what is given."""

import pytest
import torch

import archwright as aw
from archwright.core.architecture import NotSpecified
from archwright.core.input import BadInput
from archwright.core.taken_input import NotASpace
from archwright.evaluate.network.compile import VocabularyTooLarge, WrongElements
from archwright.evaluate.network.example import make_example
from archwright.execution.checks import BadArgument
from tests.evaluate.token_modules import Embedding

WORDS = aw.sequential(Embedding(50, 4), aw.flatten(), aw.affine(3))
ROWS = aw.sequential(aw.flatten(), aw.affine(8), aw.relu(), aw.affine(3))
IMAGES = aw.sequential(aw.conv2d(4, 3), aw.global_avg_pool(), aw.affine(3))


@pytest.mark.parametrize(
    ("given", "model_input", "architecture"),
    [
        (aw.tokens(50, 20), aw.tokens(50, 20), WORDS),
        ("tokens:50,20", aw.tokens(50, 20), WORDS),
        (aw.tokens(7, 5), aw.tokens(7, 5), WORDS),
        (aw.signal(2, 16), aw.signal(2, 16), ROWS),
        ((2, 16), aw.signal(2, 16), ROWS),
        (aw.features(12), aw.features(12), aw.affine(3)),
        (aw.image(1, 8, 8), aw.image(1, 8, 8), IMAGES),
        (aw.Input("tensor", (2, 3, 4, 5)), aw.Input("tensor", (2, 3, 4, 5)), ROWS),
    ],
)
def test_a_compiled_model_takes_its_input_and_repeats_by_its_seed(given, model_input, architecture):
    example = make_example(model_input, 6, seed=1)
    state = torch.get_rng_state()
    models = [aw.compile(architecture, given, seed=seed) for seed in (4, 4, 5)]
    assert torch.equal(state, torch.get_rng_state())
    assert not any(model.training for model in models)
    with torch.no_grad():
        first, again, other = (model(example) for model in models)
    assert first.shape == (6, 3)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize(
    ("architecture", "model_input", "error", "says"),
    [
        (aw.affine(3), aw.tokens(50, 20), WrongElements, "affine takes floats, and the input tokens:50,20 has"),
        (ROWS, aw.tokens(50, 20), WrongElements, "let it begin with an embedding"),
        (WORDS, aw.features(20), WrongElements, r"the input features:20 has floats; .* aw\.tokens\(50, 20\)"),
        (WORDS, aw.tokens(51, 20), VocabularyTooLarge, "fewer different tokens than the vocabulary of 51 of the input"),
        (WORDS, aw.signal(2, 16), aw.Misfit, r"an embedding takes tokens, and not \(2, 16\)"),
        (IMAGES, aw.features(12), aw.Misfit, r"conv2d needs an input of shape .*; it got \(12,\)"),
        (ROWS, "token:50,20", BadInput, "did you mean tokens"),
        (ROWS, "tokens:50", BadInput, "it must have 2: vocabulary, length"),
        (ROWS, None, aw.Misfit, "the input shape is"),
        (ROWS, 3, aw.Misfit, "the input shape is 3"),
        (aw.affine([3, 4]), aw.features(12), NotSpecified, "affine has choices left; take the architecture of a leaf"),
        (aw.sequential(aw.optional(aw.relu())), aw.features(12), NotSpecified, "choices left"),
        ("digits", aw.features(12), NotASpace, "the architecture is 'digits'; it must be a module"),
        (aw.takes((12,))(aw.affine(3)), aw.features(12), NotASpace, "it must be a module"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_named(architecture, model_input, error, says):
    with pytest.raises(error, match=says) as caught:
        aw.compile(architecture, model_input)
    assert isinstance(caught.value, aw.ArchwrightError)


@pytest.mark.parametrize("seed", ["a", None, 1.5, True, 2**64, -(2**63) - 1])
def test_what_is_no_seed_is_refused(seed):
    with pytest.raises(BadArgument, match="seed is"):
        aw.compile(aw.affine(3), (12,), seed=seed)
    aw.compile(aw.affine(3), (12,), seed=2**64 - 1)
    aw.compile(aw.affine(3), (12,), seed=-1)


@aw.module
class Fails(aw.Basic):
    """One whose torch module raises, whatever it gets."""

    kind = "fails_in_a_test_of_models"

    def out_shape(self, in_shape: aw.Shape) -> aw.Shape:
        return in_shape

    def compile(self, in_shape: aw.Shape) -> torch.nn.Module:
        del in_shape

        class Failing(torch.nn.Module):
            def forward(self, inputs: torch.Tensor) -> torch.Tensor:
                raise RuntimeError("mine")

        return Failing()


@pytest.mark.parametrize("model_input", [aw.tokens(50, 20), aw.features(20)])
def test_an_error_of_a_module_of_ones_own_is_told_as_it_is(model_input):
    with pytest.raises(RuntimeError, match=r"^mine$"):
        aw.compile(Fails(), model_input)
