"""A file that a training leaves is all there or not at all, and says what is wrong with it."""

import json
import os

import pytest
import torch
from safetensors.torch import save
from torch import nn

from archwright.evaluate.data.tensors import Normalisation
from archwright.evaluate.training.checkpointing import (
    BadArtifact,
    NoArtifact,
    NotNoted,
    read_model,
    read_normalisation,
    read_state,
    write_model,
    write_state,
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
    read, architecture = read_model(tmp_path, 7)
    assert architecture == ARCHITECTURE
    assert read.keys() == weights.keys()
    assert all(torch.equal(read[name], weights[name]) for name in weights)


@pytest.mark.parametrize("shape", [(3, 1, 1), (3, 4, 5)])
def test_what_normalises_images_is_read_as_it_was_written(tmp_path, shape):
    """To the last bit of its floats; a model that was trained on none says so; the weights are the same file's."""
    images = torch.rand(2, *shape, generator=torch.Generator().manual_seed(0)) * 255 + 1 / 3
    mean, deviation = images.flatten(1).tolist()
    write_model(tmp_path, 1, {"weight": torch.ones(2)}, ARCHITECTURE, Normalisation(shape, mean, deviation))
    read = read_normalisation(tmp_path, 1)
    assert read.shape == shape
    assert torch.equal(torch.tensor([read.mean, read.deviation]), images.flatten(1))
    assert read_model(tmp_path, 1)[0].keys() == {"weight"}
    write_model(tmp_path, 1, {"weight": torch.ones(2)}, ARCHITECTURE)
    assert read_normalisation(tmp_path, 1) is None


def test_a_model_of_an_earlier_release_does_not_say_what_normalises_images(tmp_path):
    """Its weights can be read all the same."""
    content = save({"weight": torch.ones(2)}, {"trial": "1", "architecture": json.dumps(ARCHITECTURE)})
    write_artifact(tmp_path / "trial-1" / "model.safetensors", content)
    assert read_model(tmp_path, 1)[1] == ARCHITECTURE
    with pytest.raises(NotNoted, match=r"the model of trial 1 in .* was kept without what its images were normalised"):
        read_normalisation(tmp_path, 1)


def test_a_state_is_read_as_it_was_written(tmp_path):
    state = {"epoch": 3, "sums": torch.arange(2.0), "nested": {"random": (3, [1, 2**32], None), "bytes": b"\x00"}}
    assert write_state(tmp_path, 0, state) == tmp_path / "trial-0" / "state.pt"
    read = read_state(tmp_path, 0)
    assert torch.equal(read.pop("sums"), state.pop("sums"))
    assert read == state


def test_what_was_not_kept_is_told_with_its_place_and_what_keeps_it(tmp_path):
    with pytest.raises(
        NoArtifact, match=r"there is no .*trial-4/model.safetensors: the model of trial 4 .*--keep-models"
    ):
        read_model(tmp_path, 4)
    with pytest.raises(NoArtifact, match=r"trial-4/state.pt"):
        read_state(tmp_path, 4)


@pytest.mark.parametrize("content", [b"", b"no weights", b"\x08\x00\x00\x00\x00\x00\x00\x00{}      "])
def test_a_file_that_is_something_else_is_told_with_its_place(tmp_path, content):
    """Torn, foreign, or without what we write beside the weights."""
    write_artifact(tmp_path / "trial-1" / "model.safetensors", content)
    write_artifact(tmp_path / "trial-1" / "state.pt", content)
    for read in (read_model, read_normalisation):
        with pytest.raises(BadArtifact, match=r"trial-1/model.safetensors holds no weights .* delete it"):
            read(tmp_path, 1)
    with pytest.raises(BadArtifact, match=r"trial-1/state.pt is no state .* delete it"):
        read_state(tmp_path, 1)


class Evil:
    """Runs code where it is unpickled."""

    def __reduce__(self):
        return os.mkdir, ("evil",)


def test_a_state_runs_no_code(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "trial-0").mkdir()
    torch.save({"epoch": Evil()}, tmp_path / "trial-0" / "state.pt")
    with pytest.raises(BadArtifact):
        read_state(tmp_path, 0)
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize("shape", [["3); print('run') #", 1, 1], ["3", 1, 1], [3.0, 1, 1], [0, 1, 1], [True, 1, 1]])
def test_a_shape_that_is_none_is_no_part_of_the_code_of_a_model(tmp_path, shape):
    """A normalisation stands in the code that an export runs, and its file may be anybody's."""
    about = {"normalisation": json.dumps({"shape": shape, "mean": [0.5] * 20, "deviation": [0.5] * 20})}
    write_artifact(tmp_path / "trial-0" / "model.safetensors", save({"a": torch.zeros(1)}, about))
    with pytest.raises(BadArtifact, match="shape of a normalisation"):
        read_normalisation(tmp_path, 0)
