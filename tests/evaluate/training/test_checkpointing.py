"""The files of a trial are written whole or not at all, and a training is resumed from its checkpoint."""

import os

import pytest
import torch
from attrs import evolve

import archwright as aw
from archwright.core.budget import Budget
from archwright.evaluate.data.loading import load_dataset
from archwright.evaluate.data.tensors import to_device
from archwright.evaluate.network.compile import compile_architecture
from archwright.evaluate.training.checkpointing import read_checkpoint, write_checkpoint
from archwright.evaluate.training.evaluation import Training
from archwright.evaluate.training.task import prepare_training
from archwright.evaluate.training.trained_model import (
    BadArtifact,
    NoArtifact,
    read_model,
    read_normalisation,
)
from archwright.evaluate.training.trainer import evaluate_model
from archwright.store.artifacts import write_artifact
from tests.evaluate.jobs import make_job

ARCHITECTURE = {"kind": "affine", "units": 10}


def test_a_state_is_read_as_it_was_written(tmp_path):
    state = {"epoch": 3, "sums": torch.arange(2.0), "nested": {"random": (3, [1, 2**32], None), "bytes": b"\x00"}}
    assert write_checkpoint(tmp_path, 0, state) == tmp_path / "trial-0" / "state.pt"
    checkpoint = read_checkpoint(tmp_path, 0)
    assert torch.equal(checkpoint.pop("sums"), state.pop("sums"))
    assert checkpoint == state


def test_what_was_not_kept_is_told_with_its_place_and_what_keeps_it(tmp_path):
    with pytest.raises(
        NoArtifact, match=r"there is no .*trial-4/model.safetensors: the model of trial 4 .*--keep-models"
    ):
        read_model(tmp_path, 4)
    with pytest.raises(NoArtifact, match=r"trial-4/state.pt"):
        read_checkpoint(tmp_path, 4)


@pytest.mark.parametrize("content", [b"", b"no weights", b"\x08\x00\x00\x00\x00\x00\x00\x00{}      "])
def test_a_file_that_is_something_else_is_told_with_its_place(tmp_path, content):
    """Torn, foreign, or without what we write beside the weights."""
    write_artifact(tmp_path / "trial-1" / "model.safetensors", content)
    write_artifact(tmp_path / "trial-1" / "state.pt", content)
    for read_file in (read_model, read_normalisation):
        with pytest.raises(BadArtifact, match=r"trial-1/model.safetensors holds no weights .* delete it"):
            read_file(tmp_path, 1)
    with pytest.raises(BadArtifact, match=r"trial-1/state.pt is no state .* delete it"):
        read_checkpoint(tmp_path, 1)


class Evil:
    """Runs code where it is unpickled."""

    def __reduce__(self):
        return os.mkdir, ("evil",)


def test_a_state_runs_no_code(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "trial-0").mkdir()
    torch.save({"epoch": Evil()}, tmp_path / "trial-0" / "state.pt")
    with pytest.raises(BadArtifact):
        read_checkpoint(tmp_path, 0)
    assert not (tmp_path / "evil").exists()


NETWORK = aw.sequential(aw.conv2d(filters=4, size=3), aw.batch_norm(), aw.relu(), aw.affine(units=10))
CONFIG = Training(device="cpu", threads=1)


@pytest.fixture(scope="module")
def evaluate():
    threads = torch.get_num_threads()
    evaluate = prepare_training(CONFIG, 0, 1)
    yield lambda job: evaluate(job, lambda _, __: None)
    torch.set_num_threads(threads)


def make_artifact_job(folder, trial=0, architecture=NETWORK, **fields):
    """A job whose files go to `folder`."""
    return evolve(make_job(trial, architecture), artifact_folder=str(folder), **fields)


def test_the_weights_that_are_kept_score_what_the_trial_did(tmp_path, evaluate):
    """Read into a model that knows the architecture alone, on the validation and on the test images."""
    verdict = evaluate(make_artifact_job(tmp_path, 5, budget=Budget(3, "epochs")))
    weights, architecture = read_model(tmp_path, 5)
    model = compile_architecture(aw.from_json(architecture), (1, 8, 8), seed=99)
    model.load_state_dict(weights)
    data = to_device(load_dataset("digits"), torch.device("cpu"))
    assert evaluate_model(model, data, data.validation).accuracy == verdict.metrics["accuracy"]
    assert evaluate_model(model, data, data.test).accuracy == verdict.metrics["test_accuracy"]


@pytest.mark.parametrize("normalisation", ["channel", "pixel"])
def test_what_the_images_were_normalised_with_is_kept_with_the_weights(tmp_path, evaluate, normalisation):
    """As the recipe of the architecture says."""
    evaluate(make_artifact_job(tmp_path, architecture=aw.sequential(aw.settings(normalisation=normalisation), NETWORK)))
    data = to_device(load_dataset("digits"), torch.device("cpu"))
    assert (
        read_normalisation(tmp_path, 0)
        == (data.with_pixel_normalisation if normalisation == "pixel" else data).normalisation
    )


def test_nothing_is_left_of_a_trial_that_failed_or_that_is_not_to_be_kept(tmp_path, evaluate):
    wild = aw.sequential(aw.settings(optimizer="sgd", learning_rate=1e30), aw.affine(units=32), aw.affine(units=10))
    assert evaluate(make_artifact_job(tmp_path, architecture=wild)).status == "diverged"
    assert evaluate(make_artifact_job(tmp_path, artifacts_to_keep=())).status == "ok"
    assert evaluate(make_job(0, NETWORK)).status == "ok"
    assert list(tmp_path.iterdir()) == []


def test_a_model_that_cannot_be_written_costs_no_score(tmp_path, evaluate):
    (tmp_path / "full").touch()  # a file where the folder should be
    verdict = evaluate(make_artifact_job(tmp_path / "full"))
    assert verdict.status == "ok"
    assert verdict.metrics["accuracy"] > 0
    assert verdict.error.startswith("the score counts, but ")
    assert "model.safetensors cannot be written (" in verdict.error


STATE = ("state",)
TWO, FIVE = Budget(2, "epochs"), Budget(5, "epochs")
TIMELESS = ("accuracy", "loss", "test_accuracy", "last_accuracy", "epochs", "best_epoch", "parameters")


def drop_times(verdict):
    return {name: verdict.metrics[name] for name in TIMELESS}


def test_a_job_that_continues_another_is_the_training_of_both(tmp_path, evaluate):
    """Two epochs and three more: the metrics and the weights of five, with what the second job spent of them."""
    whole = evaluate(make_artifact_job(tmp_path / "whole", 0, budget=FIVE))
    first = evaluate(make_artifact_job(tmp_path, 3, budget=TWO, artifacts_to_keep=STATE))
    rest = evaluate(make_artifact_job(tmp_path, 8, budget=FIVE, continues=3, artifacts_to_keep=("model", "state")))
    assert drop_times(rest) == drop_times(whole)
    assert (rest.metrics["epochs"], rest.metrics["spent_epochs"], rest.error) == (5, 3, "")
    spent = first.metrics["train_seconds"] + rest.metrics["spent_seconds"]
    assert spent == pytest.approx(rest.metrics["train_seconds"])
    weights, resumed = read_model(tmp_path / "whole", 0)[0], read_model(tmp_path, 8)[0]
    assert all(torch.equal(weights[name], resumed[name]) for name in weights)
    assert "spent_epochs" not in whole.metrics
    last = evaluate(make_artifact_job(tmp_path, 9, budget=Budget(6, "epochs"), continues=8, artifacts_to_keep=()))
    assert (last.metrics["epochs"], last.metrics["spent_epochs"]) == (6, 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["trial-3", "trial-8", "whole"]


def remove_checkpoint(folder):
    (folder / "trial-0" / "state.pt").unlink()


def truncate_checkpoint(folder):
    path = folder / "trial-0" / "state.pt"
    path.write_bytes(path.read_bytes()[:-100])


def change_format(folder):
    write_checkpoint(folder, 0, {"format": 0})


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (remove_checkpoint, "there is no "),
        (truncate_checkpoint, "is no state of a training"),
        (change_format, "has the format 0, not 1"),
    ],
)
def test_where_the_state_is_not_there_all_is_trained_again_with_the_same_result(tmp_path, evaluate, harm, message):
    """The verdict says so, and what it cost."""
    evaluate(make_artifact_job(tmp_path, budget=TWO, artifacts_to_keep=STATE))
    harm(tmp_path)
    restarted = evaluate(make_artifact_job(tmp_path, 1, budget=FIVE, continues=0, artifacts_to_keep=()))
    assert drop_times(restarted) == drop_times(evaluate(make_job(0, NETWORK, FIVE)))
    assert restarted.metrics["spent_epochs"] == 5
    assert restarted.error.startswith("trained from the beginning: ")
    assert message in restarted.error


def test_a_run_that_keeps_nothing_trains_again(evaluate):
    restarted = evaluate(evolve(make_job(1, NETWORK, TWO), continues=0))
    assert (restarted.status, restarted.metrics["spent_epochs"]) == ("ok", 2)
    assert restarted.error == "trained from the beginning: nothing is kept of this run, nor of trial 0"


def test_only_the_same_training_is_continued(tmp_path, evaluate):
    evaluate(make_artifact_job(tmp_path, budget=TWO, artifacts_to_keep=STATE))
    other = aw.sequential(aw.settings(learning_rate=0.5), NETWORK)
    verdict = evaluate(make_artifact_job(tmp_path, 1, architecture=other, budget=FIVE, continues=0))
    assert verdict.status == "invalid"
    assert "trial 1 continues trial 0, which differs in its architecture, recipe; only" in verdict.error
    verdict = evaluate(make_artifact_job(tmp_path, 1, budget=FIVE, continues=0, seed=4))
    assert "which differs in its seed; only" in verdict.error


def test_what_an_earlier_attempt_has_left_does_not_survive_the_next_one(tmp_path, evaluate):
    """Neither its files nor what it had begun to write when it was killed."""
    evaluate(make_artifact_job(tmp_path, artifacts_to_keep=("model", "state")))
    (tmp_path / "trial-0" / ".state.pt.123.tmp").touch()
    evaluate(make_artifact_job(tmp_path, attempt=2))
    assert [path.name for path in (tmp_path / "trial-0").iterdir()] == ["model.safetensors"]


def test_a_state_from_before_there_were_readers_is_of_the_first(tmp_path):
    """A training that reads as that one goes on with it, any other is another training."""
    first = prepare_training(evolve(CONFIG, reader=1), 0, 1)
    first(make_artifact_job(tmp_path, budget=Budget(1, "epochs"), artifacts_to_keep=STATE), lambda _, __: None)
    state = read_checkpoint(tmp_path, 0)
    about = {name: value for name, value in state["about"].items() if name not in ("reader", "image_size")}
    write_checkpoint(tmp_path, 0, state | {"about": about})
    restarted = first(make_artifact_job(tmp_path, 1, budget=TWO, continues=0), lambda _, __: None)
    assert (restarted.status, restarted.metrics["spent_epochs"]) == ("ok", 1)
    other = prepare_training(CONFIG, 0, 1)(make_artifact_job(tmp_path, 2, budget=TWO, continues=0), lambda _, __: None)
    assert (other.status, other.error[:57]) == ("invalid", "trial 2 continues trial 0, which differs in its reader; o")
