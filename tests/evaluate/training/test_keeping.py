"""What a training leaves when it has ended, and that nothing is lost where it cannot."""

import pytest
import torch
from attrs import evolve

import archwright as aw
from archwright.core.budget import Budget
from archwright.evaluate.config import TrainingConfig
from archwright.evaluate.data.loading import load_dataset
from archwright.evaluate.data.tensors import to_device
from archwright.evaluate.network.compile import compile_architecture
from archwright.evaluate.training.checkpointing import read_model, read_normalisation, read_state, write_state
from archwright.evaluate.training.task import prepare
from archwright.evaluate.training.trainer import score
from tests.evaluate.jobs import job

NETWORK = aw.sequential(aw.conv2d(filters=4, size=3), aw.batch_norm(), aw.relu(), aw.affine(units=10))
CONFIG = TrainingConfig(device="cpu", threads=1)


@pytest.fixture(scope="module")
def evaluate():
    threads = torch.get_num_threads()
    evaluate = prepare(CONFIG, 0, 1)
    yield lambda job: evaluate(job, lambda _, __: None)
    torch.set_num_threads(threads)


def keeping(folder, trial=0, architecture=NETWORK, **about):
    return evolve(job(trial, architecture), artifacts=str(folder), **about)


def test_the_weights_that_are_kept_score_what_the_trial_did(tmp_path, evaluate):
    """Read into a model that knows the architecture alone, on the validation and on the test images."""
    verdict = evaluate(keeping(tmp_path, 5, budget=Budget(3, "epochs")))
    weights, architecture = read_model(tmp_path, 5)
    model = compile_architecture(aw.from_json(architecture), (1, 8, 8), seed=99)
    model.load_state_dict(weights)
    data = to_device(load_dataset("digits"), torch.device("cpu"))
    assert score(model, data, data.validation).accuracy == verdict.metrics["accuracy"]
    assert score(model, data, data.test).accuracy == verdict.metrics["test_accuracy"]


@pytest.mark.parametrize("each", ["channel", "pixel"])
def test_what_the_images_were_normalised_with_is_kept_with_the_weights(tmp_path, evaluate, each):
    """As the recipe of the architecture says."""
    evaluate(keeping(tmp_path, architecture=aw.sequential(aw.settings(normalisation=each), NETWORK)))
    data = to_device(load_dataset("digits"), torch.device("cpu"))
    assert read_normalisation(tmp_path, 0) == (data.by_pixel if each == "pixel" else data).normalisation


def test_nothing_is_left_of_a_trial_that_failed_or_that_is_not_to_be_kept(tmp_path, evaluate):
    wild = aw.sequential(aw.settings(optimizer="sgd", learning_rate=1e30), aw.affine(units=32), aw.affine(units=10))
    assert evaluate(keeping(tmp_path, architecture=wild)).status == "diverged"
    assert evaluate(keeping(tmp_path, keeps=())).status == "ok"
    assert evaluate(job(0, NETWORK)).status == "ok"
    assert list(tmp_path.iterdir()) == []


def test_a_model_that_cannot_be_written_costs_no_score(tmp_path, evaluate):
    (tmp_path / "full").touch()  # a file where the folder should be
    verdict = evaluate(keeping(tmp_path / "full"))
    assert verdict.status == "ok"
    assert verdict.metrics["accuracy"] > 0
    assert verdict.error.startswith("the score counts, but ")
    assert "model.safetensors cannot be written (" in verdict.error


STATE = ("state",)
TWO, FIVE = Budget(2, "epochs"), Budget(5, "epochs")
TIMELESS = ("accuracy", "loss", "test_accuracy", "last_accuracy", "epochs", "best_epoch", "parameters")


def timeless(verdict):
    return {name: verdict.metrics[name] for name in TIMELESS}


def test_a_job_that_continues_another_is_the_training_of_both(tmp_path, evaluate):
    """Two epochs and three more: the metrics and the weights of five, with what the second job spent of them."""
    whole = evaluate(keeping(tmp_path / "whole", 0, budget=FIVE))
    first = evaluate(keeping(tmp_path, 3, budget=TWO, keeps=STATE))
    rest = evaluate(keeping(tmp_path, 8, budget=FIVE, continues=3, keeps=("model", "state")))
    assert timeless(rest) == timeless(whole)
    assert (rest.metrics["epochs"], rest.metrics["spent_epochs"], rest.error) == (5, 3, "")
    spent = first.metrics["train_seconds"] + rest.metrics["spent_seconds"]
    assert spent == pytest.approx(rest.metrics["train_seconds"])
    weights, ours = read_model(tmp_path / "whole", 0)[0], read_model(tmp_path, 8)[0]
    assert all(torch.equal(weights[name], ours[name]) for name in weights)
    assert "spent_epochs" not in whole.metrics
    last = evaluate(keeping(tmp_path, 9, budget=Budget(6, "epochs"), continues=8, keeps=()))
    assert (last.metrics["epochs"], last.metrics["spent_epochs"]) == (6, 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["trial-3", "trial-8", "whole"]


def gone(folder):
    (folder / "trial-0" / "state.pt").unlink()


def torn(folder):
    path = folder / "trial-0" / "state.pt"
    path.write_bytes(path.read_bytes()[:-100])


def of_another_format(folder):
    write_state(folder, 0, {"format": 0})


@pytest.mark.parametrize(
    ("harm", "told"),
    [(gone, "there is no "), (torn, "is no state of a training"), (of_another_format, "has the format 0, not 1")],
)
def test_where_the_state_is_not_there_all_is_trained_again_with_the_same_result(tmp_path, evaluate, harm, told):
    """The verdict says so, and what it cost."""
    evaluate(keeping(tmp_path, budget=TWO, keeps=STATE))
    harm(tmp_path)
    again = evaluate(keeping(tmp_path, 1, budget=FIVE, continues=0, keeps=()))
    assert timeless(again) == timeless(evaluate(job(0, NETWORK, FIVE)))
    assert again.metrics["spent_epochs"] == 5
    assert again.error.startswith("trained from the beginning: ")
    assert told in again.error


def test_a_run_that_keeps_nothing_trains_again(evaluate):
    again = evaluate(evolve(job(1, NETWORK, TWO), continues=0))
    assert (again.status, again.metrics["spent_epochs"]) == ("ok", 2)
    assert again.error == "trained from the beginning: nothing is kept of this run, nor of trial 0"


def test_only_the_same_training_is_continued(tmp_path, evaluate):
    evaluate(keeping(tmp_path, budget=TWO, keeps=STATE))
    other = aw.sequential(aw.settings(learning_rate=0.5), NETWORK)
    verdict = evaluate(keeping(tmp_path, 1, architecture=other, budget=FIVE, continues=0))
    assert verdict.status == "invalid"
    assert "trial 1 continues trial 0, which differs in its architecture, recipe; only" in verdict.error
    verdict = evaluate(keeping(tmp_path, 1, budget=FIVE, continues=0, seed=4))
    assert "which differs in its seed; only" in verdict.error


def test_what_an_earlier_attempt_has_left_does_not_survive_the_next_one(tmp_path, evaluate):
    """Neither its files nor what it had begun to write when it was killed."""
    evaluate(keeping(tmp_path, keeps=("model", "state")))
    (tmp_path / "trial-0" / ".state.pt.123.tmp").touch()
    evaluate(keeping(tmp_path, attempt=2))
    assert [path.name for path in (tmp_path / "trial-0").iterdir()] == ["model.safetensors"]


def test_a_state_from_before_there_were_readers_is_of_the_first(tmp_path):
    """A training that reads as that one goes on with it, any other is another training."""
    first = prepare(evolve(CONFIG, reader=1), 0, 1)
    first(keeping(tmp_path, budget=Budget(1, "epochs"), keeps=STATE), lambda _, __: None)
    state = read_state(tmp_path, 0)
    about = {name: value for name, value in state["about"].items() if name not in ("reader", "image_size")}
    write_state(tmp_path, 0, state | {"about": about})
    again = first(keeping(tmp_path, 1, budget=TWO, continues=0), lambda _, __: None)
    assert (again.status, again.metrics["spent_epochs"]) == ("ok", 1)
    other = prepare(CONFIG, 0, 1)(keeping(tmp_path, 2, budget=TWO, continues=0), lambda _, __: None)
    assert (other.status, other.error[:57]) == ("invalid", "trial 2 continues trial 0, which differs in its reader; o")
