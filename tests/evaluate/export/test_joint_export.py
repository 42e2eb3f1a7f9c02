"""Networks of the joint space to take home: what they are on average, in PyTorch and in ONNX."""

import random
import runpy

import numpy as np
import onnxruntime
import pytest
import torch

import archwright as aw
from archwright.core.spaces.joint import build_joint
from archwright.evaluate.export.card import Card
from archwright.evaluate.export.folder import EXPORT_FILES, ModelToExport, export_model
from archwright.evaluate.export.model_file import Provenance
from archwright.evaluate.network.compile import compile_architecture
from tests.evaluate.export.test_model_file import extract_lines, write_and_compare

SHAPE = (1, 8, 8)
CHOICES = {
    **{f"nr_residual_blocks_{i}": 2 for i in (1, 2, 3)},
    "initial_filters": 4,
    **{f"widen_factor_{i}": 1.25 for i in (1, 2, 3)},
    "res_branches_1": 3,
    "res_branches_2": 1,
    "res_branches_3": 2,
}
NETWORK = aw.root(build_joint(10, CHOICES, {}, death_rate=0.25), SHAPE).architecture


@pytest.mark.parametrize("space", ["joint-small", "joint-released"])
@pytest.mark.parametrize("seed", range(3))
def test_random_networks_are_written(space, seed):
    node, rng = aw.root(aw.named_space(space), SHAPE), random.Random(seed)
    while node.choice:  # narrow and shallow ones
        low = node.choice.name.startswith(("nr_", "initial", "widen"))
        node = node.choose(node.choice.domain.sample(rng.random() * (0.4 if low else 1)))
    write_and_compare(node.architecture, SHAPE)


def test_random_shares_are_means_and_drops_are_their_expected_value():
    """Nothing of the code draws random numbers; it says what training did."""
    text = write_and_compare(NETWORK, SHAPE)
    assert "torch.rand" not in text
    assert "3 branches side by side, averaged; in its training each had a random share." in text
    assert ") / 3" in text
    assert "0.75 * x" in text
    shortcut = extract_lines(text, "class Shortcut", "\n\n\n")
    assert [line.strip() for line in shortcut[-4:]] == [
        "x = F.relu(x)",
        "x = self.paths(x)",
        "x = self.norm(x)",
        "return x",
    ]
    assert "F.pad(x[:, :, 1:, 1:], (0, 1, 0, 1))" in text


def test_its_folder_has_a_model_that_gives_the_same_without_archwright(tmp_path):
    """By model.py with its weights, and by ONNX."""
    compiled = compile_architecture(NETWORK, SHAPE, seed=0)
    origin = Provenance("A model", {"run": "joint-1"})
    model = ModelToExport(NETWORK, aw.image(*SHAPE), 0, compiled.state_dict(), origin, None, Card())
    result = export_model(model, tmp_path)
    assert (result.missing, tuple(path.name for path in result.files)) == ({}, EXPORT_FILES)
    x = torch.randn(3, *SHAPE)
    with torch.no_grad():
        expected = compiled.eval()(x)
        torch.testing.assert_close(runpy.run_path(str(tmp_path / "model.py"))["load"]()(x), expected)
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    (outputs,) = session.run(None, {"images": x.numpy()})
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-5)
