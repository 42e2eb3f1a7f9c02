"""Trials as models to take home."""

import json
from collections import Counter
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from archwright.cli.facts import leaf
from archwright.cli.reading import read
from archwright.evaluate.artifacts import write_model
from archwright.evaluate.compile import compiled
from archwright.evaluate.export.folder import FILES
from archwright.search.run import training_seed
from archwright.store.artifacts import discard, run_folder


@pytest.fixture(autouse=True)
def _without_onnx(monkeypatch) -> None:
    """ONNX takes seconds, and has tests of its own."""
    monkeypatch.setattr("archwright.evaluate.export.folder.onnx_of", lambda *_: b"onnx")


def held(weights: dict[str, torch.Tensor]) -> Counter[bytes]:
    """The tensors by whatever names."""
    return Counter(value.numpy().tobytes() for value in weights.values())


def test_a_trained_trial_is_exported_with_its_weights_and_scores(cli, digits_log):
    """With the choices and the normalisation of its data."""
    reading = read(digits_log, "digits-1")
    node = leaf(reading, reading.trial(1))
    model = compiled(node.architecture, (1, 8, 8), seed=99)
    write_model(run_folder(digits_log, "digits-1"), 1, model.state_dict(), None)
    done = cli("export", "digits-1", "1", "model", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out) == {"files": [f"model/{name}" for name in FILES], "missing": {}}
    assert held(load_file("model/model.safetensors")) == held(model.state_dict())
    card, code = Path("model/README.md").read_text(), Path("model/model.py").read_text()
    metrics = reading.trial(1).ended.metrics
    for text in (card, code):
        assert "The model of trial 1 of digits-1" in text
        assert f"{metrics['test_accuracy']:.4f}" in text
    for name, _ in reading.trial(1).path:
        assert f"| {name} |" in card
    assert "of each channel the mean " in card
    assert f"{training_seed(0, 1)}" in code


def test_weights_that_were_not_kept_are_told_with_what_helps(cli, digits_log):
    """Training it again, or the weights that it began with."""
    discard(run_folder(digits_log, "digits-1"), 0)
    done = cli("export", "digits-1", "0", "model")
    assert (done.code, done.out) == (2, "")
    assert "the weights of trial 0 of digits-1 are not in" in done.err
    assert "`archwright retrain digits-1 0`" in done.err
    assert "--untrained" in done.err
    assert not Path("model").exists()


def test_an_untrained_model_has_the_weights_that_its_training_began_with(cli, digits_log):
    """And no scores."""
    done = cli("export", "digits-1", "0", "model", "--untrained")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[:5] == [f"model/{name}" for name in FILES]
    reading = read(digits_log, "digits-1")
    architecture = leaf(reading, reading.trial(0)).architecture
    first = compiled(architecture, (1, 8, 8), training_seed(0, 0)).state_dict()
    assert held(load_file("model/model.safetensors")) == held(first)
    assert "accuracy" not in Path("model/README.md").read_text()
    again = cli("export", "digits-1", "0", "model", "--untrained")
    assert again.code == 2
    assert "model/model.safetensors is there already" in again.err
    assert cli("export", "digits-1", "0", "model", "--untrained", "--force").code == 0


def test_what_was_scored_by_a_function_is_exported_as_an_architecture(reader):
    """Its images are not known."""
    assert reader("export", "run-1", "2", "model", "--untrained").code == 0
    assert "preprocess" not in Path("model/model.py").read_text()
    assert "Inputs are as the evaluator of the search had them." in Path("model/README.md").read_text()


@pytest.mark.usefixtures("digits_log")
def test_what_could_not_be_written_is_an_error_after_the_rest(cli, monkeypatch):
    def fails(*_: object) -> bytes:
        raise RuntimeError("no such operator")

    monkeypatch.setattr("archwright.evaluate.export.folder.onnx_of", fails)
    done = cli("export", "digits-1", "0", "model", "--untrained", "--json")
    assert done.code == 2
    assert list(json.loads(done.out)["missing"]) == ["model.onnx"]
    assert "model/model.onnx was not written, the other files were: torch cannot export" in done.err
    assert "no such operator" in done.err
