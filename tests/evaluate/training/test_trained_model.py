"""The file of a trained model holds its weights, its architecture and the normalisation of its images."""

import json

import pytest
import torch
from safetensors.torch import save
from torch import nn

import archwright as aw
from archwright.evaluate.data.tensors import Normalisation
from archwright.evaluate.training.trained_model import (
    BadArtifact,
    UnknownNormalisation,
    WrongWeights,
    read_model,
    read_normalisation,
    restore_model,
    write_model,
)
from archwright.store.artifacts import write_artifact

ARCHITECTURE = {"kind": "affine", "units": 10}


def test_weights_are_read_as_they_were_written(tmp_path):
    """Also those that two names share, and those that do not lie in memory as they count."""
    model = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3)).to(memory_format=torch.channels_last)
    weights = model.state_dict()
    weights["tied"] = weights["0.bias"]
    path = write_model(tmp_path, 7, weights, ARCHITECTURE)
    assert path == tmp_path / "trial-7" / "model.safetensors"
    weights_read, architecture = read_model(tmp_path, 7)
    assert architecture == ARCHITECTURE
    assert weights_read.keys() == weights.keys()
    assert all(torch.equal(weights_read[name], weights[name]) for name in weights)


@pytest.mark.parametrize("shape", [(3, 1, 1), (3, 4, 5)])
def test_what_normalises_images_is_read_as_it_was_written(tmp_path, shape):
    """To the last bit of its floats; a model that was trained on none says so; the weights are the same file's."""
    images = torch.rand(2, *shape, generator=torch.Generator().manual_seed(0)) * 255 + 1 / 3
    mean, deviation = images.flatten(1).tolist()
    write_model(tmp_path, 1, {"weight": torch.ones(2)}, ARCHITECTURE, Normalisation(shape, mean, deviation))
    normalisation = read_normalisation(tmp_path, 1)
    assert normalisation.shape == shape
    assert torch.equal(torch.tensor([normalisation.mean, normalisation.deviation]), images.flatten(1))
    assert read_model(tmp_path, 1)[0].keys() == {"weight"}
    write_model(tmp_path, 1, {"weight": torch.ones(2)}, ARCHITECTURE)
    assert read_normalisation(tmp_path, 1) is None


def test_a_model_of_an_earlier_release_does_not_say_what_normalises_images(tmp_path):
    """Its weights can be read all the same."""
    content = save({"weight": torch.ones(2)}, {"trial": "1", "architecture": json.dumps(ARCHITECTURE)})
    write_artifact(tmp_path / "trial-1" / "model.safetensors", content)
    assert read_model(tmp_path, 1)[1] == ARCHITECTURE
    with pytest.raises(
        UnknownNormalisation, match=r"the model of trial 1 in .* was kept without what its images were normalised"
    ):
        read_normalisation(tmp_path, 1)


@pytest.mark.parametrize("shape", [["3); print('run') #", 1, 1], ["3", 1, 1], [3.0, 1, 1], [0, 1, 1], [True, 1, 1]])
def test_a_shape_that_is_none_is_no_part_of_the_code_of_a_model(tmp_path, shape):
    """A normalisation stands in the code that an export runs, and its file may be anybody's."""
    metadata = {"normalisation": json.dumps({"shape": shape, "mean": [0.5] * 20, "deviation": [0.5] * 20})}
    write_artifact(tmp_path / "trial-0" / "model.safetensors", save({"a": torch.zeros(1)}, metadata))
    with pytest.raises(BadArtifact, match="shape of a normalisation"):
        read_normalisation(tmp_path, 0)


def test_weights_of_another_architecture_are_told_in_a_line():
    """The first few of each sort, however many there are."""
    deep = aw.sequential(*[aw.affine(4)] * 50, aw.affine(2))
    weights = {"0.weight": torch.zeros(4, 9), **{f"head.{i}": torch.zeros(1) for i in range(3)}}
    with pytest.raises(WrongWeights) as raised:
        restore_model(deep, (8,), weights, seed=0)
    assert str(raised.value) == (
        "the weights are not those of the architecture (missing: 0.bias, 1.weight, 1.bias and 98 more; "
        "unexpected: head.0, head.1, head.2; size mismatch: 0.weight is (4, 9) in place of (4, 8)); "
        "train the trial again"
    )
    right = restore_model(deep, (8,), None, seed=1).state_dict()
    restored = restore_model(deep, (8,), right, seed=0).state_dict()
    assert all(torch.equal(restored[name], right[name]) for name in right)
