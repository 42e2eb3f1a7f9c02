"""Trials as models to take home."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest
import torch
from attrs import evolve
from safetensors import safe_open
from safetensors.torch import load_file, save

import archwright as aw
from archwright.core.budget import Budget
from archwright.core.objective import Objective
from archwright.evaluate.data.tensors import Normalisation
from archwright.evaluate.export.folder import EXPORT_FILES
from archwright.evaluate.functions.evaluation import Function
from archwright.evaluate.logged_evaluations import evaluation_to_json
from archwright.evaluate.network.compile import compile_architecture, count_trainable_parameters
from archwright.evaluate.tables.nasbench201 import Nasbench201
from archwright.evaluate.training.evaluation import Training
from archwright.evaluate.training.trained_model import read_model, write_model
from archwright.results.exporting import NoWeights
from archwright.results.run import Run
from archwright.search.running.attempts import derive_training_seed
from archwright.search.running.run_view import rebuild_leaf, view_run
from archwright.store.artifacts import discard_artifacts, locate_run_folder
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import Proposed, RunStarted, Scored
from archwright.store.log import START


@pytest.fixture(autouse=True)
def _without_onnx(monkeypatch) -> None:
    """ONNX takes seconds, and has tests of its own."""
    monkeypatch.setattr("archwright.evaluate.export.folder.to_onnx", lambda *_: b"onnx")


def count_tensors(weights: dict[str, torch.Tensor]) -> Counter[bytes]:
    """The tensors by whatever names."""
    return Counter(value.numpy().tobytes() for value in weights.values())


def test_the_model_of_a_trial_is_a_torch_module(digits_log):
    """With the weights that were kept; of the best trial alone, as the search was asked to."""
    run = Run.read(digits_log)
    best, other = run.best(), next(trial for trial in run if trial != run.best())
    model = best.model()
    assert not model.training
    kept, _ = read_model(locate_run_folder(digits_log, "digits-1"), best.number)
    assert all(torch.equal(value, kept[name]) for name, value in model.state_dict().items())
    assert model(torch.zeros(2, *run.input.shape)).shape == (2, 10)
    assert count_trainable_parameters(model) == best.parameters
    assert list(best.curves["accuracy"]) == [best.score]
    with pytest.raises(NoWeights, match=rf"trial {other.number} of digits-1 are not in .*archwright retrain"):
        other.model()
    with pytest.raises(NoWeights):
        other.export(digits_log.with_name("model"))


def test_the_best_trial_is_exported_without_its_number(cli, digits_log):
    assert cli("export", "digits-1", "best", "best").code == 0
    result = Run.read(digits_log).best().export("again")
    assert [path.name for path in result.files] == list(EXPORT_FILES)
    assert Path("best/architecture.json").read_text() == Path("again/architecture.json").read_text()


def test_a_trained_trial_is_exported_with_its_weights_and_scores(cli, digits_log):
    """With the choices and the normalisation of its data."""
    view = view_run(digits_log, "digits-1")
    (kept,) = (t for t in range(3) if (locate_run_folder(digits_log, "digits-1") / f"trial-{t}").is_dir())
    node = rebuild_leaf(view, view.get_trial(1))
    model = compile_architecture(node.architecture, (1, 8, 8), seed=99)
    with safe_open(locate_run_folder(digits_log, "digits-1") / f"trial-{kept}" / "model.safetensors", "pt") as file:
        assert json.loads(file.metadata()["classes"]) == list("0123456789")
    images = Normalisation((1, 1, 1), [77.5], [90.5])
    write_model(locate_run_folder(digits_log, "digits-1"), 1, model.state_dict(), None, images)
    done = cli("export", "digits-1", "1", "model", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out) == {
        "version": 1,
        "files": [f"model/{name}" for name in EXPORT_FILES],
        "missing": {},
        "notes": [],
    }
    assert count_tensors(load_file("model/model.safetensors")) == count_tensors(model.state_dict())
    card, code = Path("model/README.md").read_text(), Path("model/model.py").read_text()
    metrics = view.get_trial(1).last_end.metrics
    assert "CLASSES = (  # of the logits, in their order\n    '0', '1', '2', '3', '4'," in code
    assert "## Classes\n\n| | |\n|---|---|\n| 0 | 0 |\n| 1 | 1 |\n" in card
    with safe_open("model/model.safetensors", "pt") as file:
        assert json.loads(file.metadata()["classes"]) == list("0123456789")
    for text in (card, code):
        assert "The model of trial 1 of digits-1" in text
        for said in ("accuracy on the validation images", "accuracy on the test images", "made by"):
            assert text.count(said) == 1
        assert re.search(rf"accuracy on the test images[ |]+{metrics['test_accuracy']:.4f}", text)
    for name, _ in view.get_trial(1).path:
        assert f"| {name} |" in card
    assert "of each channel the mean 77.5 is subtracted, and the rest divided by the deviation 90.5." in card
    assert f"{derive_training_seed(0, 1)}" in code


AFFINE = aw.affine(10)


@pytest.fixture
def searched(tmp_path):
    """Logs a search with one trial, by this evaluator, in this space; the file with the model of the trial."""

    def searched(evaluator, space=AFFINE, images=None):
        leaf = aw.sample(aw.root(space, (1, 8, 8)), lambda: 0.5)
        begun = RunStarted(
            space=aw.to_json(space),
            space_source="own",
            input_shape=(1, 8, 8),
            searcher={"name": "random"},
            evaluator=evaluation_to_json(evaluator),
            objective=Objective(),
            budget=Budget(1, "epochs"),
            seed=0,
            trials=1,
            versions={},
        )
        path = tmp_path / "archwright.duckdb"
        DuckDBLog(path).append("own", [begun, Proposed(0, leaf.path, begun.budget), Scored(0, "ok", 0.5)], START)
        weights = compile_architecture(leaf.architecture, (1, 8, 8), seed=1).state_dict()
        return write_model(locate_run_folder(path, "own"), 0, weights, None, images)

    return searched


def remove_normalisation(path: Path) -> None:
    """Without what normalises images."""
    path.write_bytes(save(load_file(path), {"trial": "0", "architecture": "null"}))


def read_training_settings(card: str) -> dict[str, str]:
    """The table of a card under that title."""
    rows = card.split("## Training\n")[1].split("##")[0].strip().splitlines()[2:]
    return dict(re.fullmatch(r"\| (\S+) \| (.*) \|", row).groups() for row in rows)


def test_images_are_normalised_as_when_the_model_was_trained(cli, searched):
    """Whatever the data is now, and whether it is there."""
    searched(Training("npz:gone.npz"), images=Normalisation((1, 1, 1), [12.5], [3.0]))
    assert cli("export", "own", "0", "model").code == 0
    assert (
        "the mean 12.5 is subtracted, and the rest divided by the deviation 3." in Path("model/README.md").read_text()
    )
    assert 'register_buffer("mean", torch.tensor([12.5]).reshape(1, 1, 1)' in Path("model/model.py").read_text()


def test_what_an_earlier_release_kept_is_normalised_as_the_data_says(cli, searched):
    remove_normalisation(searched(Training("digits", reader=1)))
    assert cli("export", "own", "0", "model").code == 0
    assert "of each channel the mean 77.9" in Path("model/README.md").read_text()


def test_where_nobody_knows_what_normalises_images_the_model_is_exported_without(cli, searched):
    """The card and the command say so."""
    remove_normalisation(searched(Training("npz:gone.npz")))
    for words, title in ((["model"], "own"), (["begun", "--untrained"], "own, untrained")):
        done = cli("export", "own", "0", *words)
        assert (done.code, done.err) == (0, "")
        card = Path(words[0], "README.md").read_text()
        assert f"# The model of trial 0 of {title}\n" in card
        for text in (card, done.out):
            assert (
                "was not kept with the model, and the data is not there to say it; so there is no preprocess." in text
            )
        assert "there is nothing at" in done.out
        assert "there is nothing at" not in card  # what else is in a person's folders
        assert "preprocess" not in Path(words[0], "model.py").read_text()
    assert len(json.loads(cli("export", "own", "0", "again", "--json").out)["notes"]) == 1


def test_the_card_has_the_training_that_was(cli, searched):
    """The space overrules what was set, a retraining both; under the names of the training, and with what follows."""
    space = aw.sequential(aw.settings(lr_init=0.25, optimizer="sgd"), aw.affine(10))
    settings = {"learning_rate": 0.5, "momentum": 0.5, "recipe": "paper"}
    searched(Training(settings=settings, overrides={"batch_size": 16}), space)
    assert cli("export", "own", "0", "model").code == 0
    shown = read_training_settings(Path("model/README.md").read_text())
    assert shown == {
        "budget": "1 epoch",
        "images": "1x8x8",
        "recipe": "paper",
        "optimizer": "sgd",
        "learning_rate": "0.25",
        "momentum": "0.5",
        "batch_size": "16",
        "rate_patience": "16",
        "stop_patience": "64",
        "normalisation": "pixel",
        "crop": "4",
        "flip": "true",
    }


def test_the_card_of_a_training_of_ones_own_has_what_it_was_given(cli, searched):
    """The space overrules what was set; the names are the person's."""
    space = aw.sequential(aw.settings(lr_init=0.25), aw.affine(10))
    searched(Function("own.py:train", settings={"lr_init": 0.5, "depth": 3}), space)
    assert cli("export", "own", "0", "model").code == 0
    shown = read_training_settings(Path("model/README.md").read_text())
    assert shown == {
        "budget": "1 epoch",
        "images": "1x8x8",
        "evaluator": "own.py:train",
        "lr_init": "0.25",
        "depth": "3",
    }


@pytest.mark.parametrize(
    ("evaluator", "remedy"),
    [
        (Training("mnist"), "train it again with archwright retrain own 0"),
        (Function("own.py:train", data="mnist"), "train it with archwright retrain own 0 --data mnist"),
        (Function("own.py:score"), "train it with archwright retrain own 0 --data DATA"),
        (Nasbench201("nb.npz", "cifar100"), "train it with archwright retrain own 0 --data cifar100"),
        (Nasbench201("nb.npz", "imagenet16_120"), "train it with archwright retrain own 0 --data DATA"),
    ],
)
def test_what_is_named_to_train_a_model_does_so(cli, searched, evaluator, remedy):
    """A training that was not ours needs to be told its data."""
    searched(evaluator).unlink()
    done = cli("export", "own", "0", "model")
    assert done.code == 2
    assert f"{remedy} (aw.retrain('own', 0" in done.err
    assert "in Python) and export a trial of that run" in done.err


def test_weights_that_were_not_kept_are_told_with_what_helps(cli, digits_log):
    """Training it again, or the weights that it began with."""
    discard_artifacts(locate_run_folder(digits_log, "digits-1"), 0)
    done = cli("export", "digits-1", "0", "model")
    assert (done.code, done.out) == (2, "")
    assert "the weights of trial 0 of digits-1 are not in" in done.err
    assert "train it again with archwright retrain digits-1 0 (aw.retrain('digits-1', 0) in Python)" in done.err
    assert "--untrained" in done.err
    assert not Path("model").exists()


def test_an_untrained_model_has_the_weights_that_its_training_began_with(cli, digits_log):
    """And no scores."""
    done = cli("export", "digits-1", "0", "model", "--untrained")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[:5] == [f"model/{name}" for name in EXPORT_FILES]
    view = view_run(digits_log, "digits-1")
    architecture = rebuild_leaf(view, view.get_trial(0)).architecture
    first = compile_architecture(architecture, (1, 8, 8), derive_training_seed(0, 0)).state_dict()
    assert count_tensors(load_file("model/model.safetensors")) == count_tensors(first)
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


@pytest.mark.parametrize("data", [{"classes": list(range(10))}, {"classes": "0123456789"}, {"train": 1}, ["0", "1"], 7])
def test_a_stranger_s_names_of_classes_that_are_none_are_told(cli, digits_log, data):
    """In a sentence, before anything is written."""
    log = DuckDBLog(digits_log)
    started, *rest = [each.event for each in log.read("digits-1")]
    log.append("theirs-1", [evolve(started, data=data), *rest], START)
    done = cli("export", "theirs-1", "0", "model", "--untrained")
    assert done.code == 2
    assert done.err.startswith(
        f"error: what theirs-1 has for its images is {data!r}, and not the names of their classes"
    )
    assert not Path("model").exists()


@pytest.mark.usefixtures("digits_log")
def test_what_could_not_be_written_is_an_error_after_the_rest(cli, monkeypatch):
    """All of it, each with the reason."""

    def fails(*_: object) -> bytes:
        raise RuntimeError("no such operator\nmore of it")

    monkeypatch.setattr("archwright.evaluate.export.folder.to_onnx", fails)
    done = cli("export", "digits-1", "0", "model", "--untrained", "--json")
    assert done.code == 2
    assert list(json.loads(done.out)["missing"]) == ["model.onnx"]
    assert done.err == (
        "error: model/model.onnx was not written: torch cannot export the model to ONNX: RuntimeError: no such "
        "operator\nthe other 4 files were\n"
    )
    monkeypatch.setattr("archwright.evaluate.export.folder._is_close", lambda *_: False)
    done = cli("export", "digits-1", "0", "model", "--untrained", "--force")
    assert "model/model.py was not written: compile and source of archwright itself" in done.err
    assert "model/model.onnx was not written: " in done.err
    assert done.err.endswith("the other 3 files were\n")
