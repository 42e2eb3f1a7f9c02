"""Models of other inputs than images, from the search to the exported file, which another runtime reads."""

import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from archwright.core.input import parse_input
from archwright.evaluate.network.example import make_example
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.runs import find_run
from tests.cli.running import run_command

OWN = '''
import archwright as aw


@aw.module
class Embedding(aw.Basic):
    """A vector of `width` numbers for each token: (length,) to (length, width)."""

    vocabulary: int
    width: aw.Hyperparameter[int] = aw.hyperparameter(aw.integer(1))

    def out_shape(self, in_shape):
        return (*in_shape, self.width)

    def parameters(self, in_shape):
        return self.vocabulary * self.width

    def compile(self, in_shape):
        from torch import nn

        return nn.Embedding(self.vocabulary, self.width)

    def source(self, in_shape):
        return f"nn.Embedding({self.vocabulary}, {self.width})"


@aw.takes(aw.tokens(vocabulary=20, length=6))
def space(input, classes):
    assert input.kind == "tokens"
    return aw.sequential(Embedding(input.vocabulary, [4, 8]), aw.flatten(), aw.affine([8, 16]), aw.relu(), aw.affine(2))


rows = aw.sequential(aw.flatten(), aw.affine([4, 8]), aw.relu(), aw.affine(2))
'''
TRAIN = '''
import torch


def train(model, seed, input_shape, device):
    """Whether the first token is of the upper half of the vocabulary: learned from 512 drawn sequences."""
    tokens = torch.randint(20, (512, *input_shape), device=device)
    labels = (tokens[:, 0] >= 10).long()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.03)
    for _ in range(40):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(tokens), labels).backward()
        optimizer.step()
    with torch.no_grad():
        return (model(tokens).argmax(1) == labels).float().mean()


def grade(model):
    return sum(weights.numel() for weights in model.parameters()) % 97
'''


@pytest.fixture
def own(tmp_path) -> Path:
    """A folder with a space and functions of a person's own."""
    (tmp_path / "own.py").write_text(OWN)
    (tmp_path / "own_train.py").write_text(TRAIN)
    return tmp_path


def run(folder: Path, *words: str) -> str:
    """What a command prints that must succeed."""
    done = run_command(folder, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def read_started(folder: Path):
    """The start of the last run."""
    log = DuckDBLog(folder / "archwright.duckdb")
    return log.read(find_run(log))[0].event


def export_and_compare(folder: Path, trial: str, text: str) -> onnxruntime.InferenceSession:
    """The session of the exported ONNX file, whose outputs are those of the exported code."""
    run(folder, "export", "own-1", trial, "model")
    session = onnxruntime.InferenceSession(folder / "model" / "model.onnx")
    example = make_example(parse_input(text), 5, seed=0)
    (described,) = session.get_inputs()
    namespace: dict = {"__name__": "model", "__file__": str(folder / "model" / "model.py")}
    exec((folder / "model" / "model.py").read_text(), namespace)
    with torch.no_grad():
        expected = namespace["load"]()(example)
    (outputs,) = session.run(None, {described.name: example.numpy()})
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-5)
    assert json.loads((folder / "model" / "architecture.json").read_text())["input"] == text
    return session


@pytest.mark.slow
def test_a_model_of_tokens_is_searched_resumed_and_exported(own):
    """By what its space takes; the log tells it to every later process."""
    words = ("--evaluator", "own_train.py:train", "--workers", "2", "--trials", "3", "--metric", "accuracy")
    run(own, "search", "own.py:space", *words)
    started = read_started(own)
    assert (started.input_shape, started.input) == ((6,), "tokens:20,6")
    assert "inputs of tokens 20x6" in run(own, "show", "own-1")
    run(own, "resume", "--trials", "+1")
    details = json.loads(run(own, "show", "own-1", "--json"))
    assert [trial["status"] for trial in details["trials"]] == ["ok"] * 4
    best = details["best"]
    assert best["score"] > 0.9, "it learns"
    metrics = json.loads(run(own, "show", "own-1", str(best["trial"]), "--json"))["metrics"]
    assert metrics["flops"] > 0
    assert metrics["latency_seconds"] > 0
    session = export_and_compare(own, str(best["trial"]), "tokens:20,6")
    (described,) = session.get_inputs()
    assert (described.name, described.type, described.shape[1:]) == ("tokens", "tensor(int64)", [6])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("option", "text", "name"), [("2,16", "signal:2,16", "signal"), ("features:12", "features:12", "features")]
)
def test_models_of_signals_and_features_are_searched_and_exported(own, option, text, name):
    """A shape alone says as much, and the log has no more."""
    run(own, "search", "own.py:rows", "--evaluator", "own_train.py:grade", "--input", option, "--trials", "1")
    assert read_started(own).input is None
    (described,) = export_and_compare(own, "0", text).get_inputs()
    assert (described.name, described.type) == (name, "tensor(float)")


DATA = """
import numpy as np
import torch  # which the coordinator does not


def load():
    import archwright as aw

    tokens = torch.from_numpy(np.random.RandomState(0).randint(20, size=(200, 6)))
    labels = ["low" if first < 10 else "high" for first in tokens[:, 0].tolist()]
    return {"inputs": tokens, "labels": labels, "input": aw.tokens(20, 6)}
"""


@pytest.mark.slow
def test_data_of_ones_own_is_trained_on_resumed_and_exported(own):
    """Its tokens are neither normalised nor augmented, and its classes are named in the exported model."""
    (own / "data.py").write_text(DATA)
    settings = ("--train", "learning_rate=0.03", "--train", "batch_size=16", "--budget", "6epochs", "--trials", "1")
    out = run(own, "search", "own.py:space", "--data", "data.py:load", *settings)
    assert "data.py:load: tokens 20x6, 2 classes (high, low): train 128" in out
    started = read_started(own)
    assert (started.input, started.evaluator["data"]) == ("tokens:20,6", "data.py:load")
    run(own, "resume", "--trials", "+1")
    details = json.loads(run(own, "show", "own-1", "--json"))
    assert details["best"]["score"] > 0.8, "it learns"
    session = export_and_compare(own, str(details["best"]["trial"]), "tokens:20,6")
    assert session.get_inputs()[0].type == "tensor(int64)"
    assert json.loads(session.get_modelmeta().custom_metadata_map["classes"]) == ["high", "low"]
    cropped = run_command(own, "search", "own.py:space", "--data", "data.py:load", *settings, "--train", "crop=2")
    assert cropped.returncode == 1
    assert "crop of the training is 2, and the inputs of data.py:load are tokens; leave crop out" in cropped.stderr


def test_a_space_is_shown_for_the_input_that_it_takes(own):
    """Or for the one that the person says."""
    assert "for inputs of tokens 20x6 and 10 classes" in run(own, "space", "own.py:space")
    assert json.loads(run(own, "space", "own.py:space", "--json"))["input"] == "tokens:20,6"
    shown = run(own, "space", "own.py:space", "--input", "tokens:9,5")
    assert "for inputs of tokens 9x5" in shown


@pytest.mark.parametrize("option", ["--input", "--input-shape"])
def test_an_input_of_an_unknown_kind_is_refused(own, option):
    """With the nearest ones."""
    done = run_command(own, "space", "own.py:rows", option, "token:50,20")
    assert done.returncode == 2
    assert "there is no input of kind 'token'; did you mean tokens" in done.stderr
