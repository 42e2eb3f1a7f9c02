"""A file that a training leaves is all there or not at all, and says what is wrong with it."""

import os

import pytest
import torch
from torch import nn

from archwright.evaluate.artifacts import (
    BadArtifact,
    NoArtifact,
    read_model,
    read_state,
    write_model,
    write_state,
)
from archwright.store.artifacts import write

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
    write(tmp_path / "trial-1" / "model.safetensors", content)
    write(tmp_path / "trial-1" / "state.pt", content)
    with pytest.raises(BadArtifact, match=r"trial-1/model.safetensors holds no weights .* delete it"):
        read_model(tmp_path, 1)
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
