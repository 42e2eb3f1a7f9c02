"""A training keeps to its budget, its seed and its recipe, and leaves the weights that it reports."""

import math
import re

import numpy as np
import pytest
import torch
from torch import nn

import archwright as aw
from archwright.core.budget import Budget
from archwright.core.protocols import EarlyStop
from archwright.evaluate.data.dataset import Images
from archwright.evaluate.data.loading import Dataset, describe_dataset, load_dataset
from archwright.evaluate.data.tensors import to_device
from archwright.evaluate.network.compile import compile_architecture
from archwright.evaluate.training.evaluation import KeptEpoch
from archwright.evaluate.training.progress import ClassificationMetrics
from archwright.evaluate.training.recipe import make_recipe
from archwright.evaluate.training.train import train
from archwright.evaluate.training.trainer import BatchTooSmall, evaluate_model

pytestmark = pytest.mark.usefixtures("one_thread")

NETWORK = aw.sequential(aw.affine(units=32), aw.relu(), aw.dropout(rate=0.2), aw.affine(units=10))


@pytest.fixture(scope="module")
def digits():
    return to_device(load_dataset("digits"), torch.device("cpu"))


def run_training(data, budget, seed=0, keep: KeptEpoch = "best", model=None, **settings):
    """The model, the verdict and the reports of a training."""
    reports = []
    torch.manual_seed(seed)
    model = compile_architecture(NETWORK, (1, 8, 8), seed) if model is None else model
    verdict = train(model, data, make_recipe(settings), budget, seed, lambda _, metrics: reports.append(metrics), keep)
    return model, verdict, reports


def test_batch_normalisation_over_one_image_names_the_setting(digits):
    model = compile_architecture(aw.sequential(aw.affine(units=8), aw.batch_norm(), aw.affine(units=10)), (1, 8, 8), 0)
    with pytest.raises(BatchTooSmall, match=r"a batch has 1 example, .*; set batch_size to 2 or more"):
        run_training(digits, Budget(1, "examples"), model=model, batch_size=1)


def drop_times(metrics):
    return {name: value for name, value in metrics.items() if "second" not in name}


def test_a_small_network_learns_the_digits(digits):
    _, verdict, reports = run_training(digits, Budget(10, "epochs"), learning_rate=0.01)
    assert verdict.status == "ok"
    assert verdict.metrics["accuracy"] > 0.9
    assert verdict.metrics["test_accuracy"] > 0.9
    assert verdict.metrics["examples_per_second"] > 0
    assert [set(r) for r in reports] == [
        {"train_loss", "train_accuracy", "loss", "accuracy", "learning_rate", "seconds"}
    ] * 10


def test_the_images_are_normalised_by_the_training_images(digits):
    images = digits.normalised(digits.train.images)
    assert float(images.mean()) == pytest.approx(0, abs=1e-4)
    assert float(images.std()) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("settings", [{}, {"optimizer": "sgd", "crop": 1, "flip": True, "cutout": 2, "mixup": 0.2}])
def test_the_same_seed_gives_the_same_training(digits, settings):
    first, second, other = (run_training(digits, Budget(2, "epochs"), seed, **settings) for seed in (1, 1, 2))
    assert list(map(drop_times, first[2])) == list(map(drop_times, second[2]))
    assert drop_times(first[1].metrics) == drop_times(second[1].metrics)
    assert list(map(drop_times, first[2])) != list(map(drop_times, other[2]))


def test_a_training_leaves_the_weights_of_its_best_epoch_and_reports_their_accuracy(digits):
    """With a learning rate far too high the accuracy goes up and down, so the best epoch is not the last."""
    settings = {"optimizer": "sgd", "learning_rate": 0.3, "batch_size": 16}
    model, verdict, reports = run_training(digits, Budget(8, "epochs"), **settings)
    accuracies = [r["accuracy"] for r in reports]
    assert verdict.metrics["accuracy"] == max(accuracies) > accuracies[-1] == verdict.metrics["last_accuracy"]
    assert verdict.metrics["best_epoch"] == accuracies.index(max(accuracies)) + 1
    assert evaluate_model(model, digits, digits.validation) == ClassificationMetrics(
        max(accuracies), verdict.metrics["loss"]
    )
    assert evaluate_model(model, digits, digits.test).accuracy == verdict.metrics["test_accuracy"]

    model, verdict, last_reports = run_training(digits, Budget(8, "epochs"), keep="last", **settings)
    assert [r["accuracy"] for r in last_reports] == accuracies
    assert verdict.metrics["accuracy"] == accuracies[-1] == evaluate_model(model, digits, digits.validation).accuracy


@pytest.mark.parametrize(
    ("budget", "epochs", "examples"),
    [
        (Budget(3, "epochs"), 3, 3 * 1100),
        (Budget(0.5, "epochs"), 1, 600),
        (Budget(1.25, "epochs"), 2, 1100 + 300),
        (Budget(250, "examples"), 1, 300),
        (Budget(1300, "examples"), 2, 1300),
        (Budget(1e-9, "epochs"), 1, 100),
    ],
)
def test_a_budget_is_kept_to_the_next_batch(digits, budget, epochs, examples):
    _, verdict, reports = run_training(digits, budget, batch_size=100)  # of 1,150 images, 50 fill no batch
    assert verdict.metrics["epochs"] == len(reports) == epochs
    trained = verdict.metrics["examples_per_second"] * verdict.metrics["train_seconds"]
    assert trained == pytest.approx(examples, abs=0.5)


class Slow(nn.Module):
    """Takes a sixteenth of a second a batch by the clock."""

    def __init__(self, clock):
        super().__init__()
        self.clock, self.linear = clock, nn.Linear(64, 10)

    def forward(self, x):
        self.clock.advance(1 / 16)
        return self.linear(x.flatten(1))


def test_a_budget_of_seconds_ends_within_an_epoch_and_is_validated_still(digits, clock):
    """It ends with the step in which it is spent; what is no training takes none of it."""
    _, verdict, reports = run_training(digits, Budget(0.7, "seconds"), model=Slow(clock), batch_size=8)
    assert verdict.metrics["train_seconds"] == 12 / 16
    assert verdict.metrics["examples_per_second"] == 8 * 16
    assert clock.seconds > 12 / 16
    assert len(reports) == 1
    assert 0 <= verdict.metrics["accuracy"] <= 1


def test_a_loss_that_is_not_finite_is_a_divergence(digits):
    _, verdict, _ = run_training(digits, Budget(3, "epochs"), optimizer="sgd", learning_rate=1e30)
    assert verdict.status == "diverged"
    assert re.fullmatch(r"the training loss of epoch 1 is (nan|inf) by step [0-9]+ of 8", verdict.error)
    assert verdict.stopped == EarlyStop("divergence", 1, verdict.error)


def test_patience_lowers_the_learning_rate_and_ends_the_training(digits):
    """At a rate of almost 0 nothing is learned, so the first epoch stays the best."""
    settings = {"lr_init": 1e-12, "lr_min": 0.0, "rate_mult": 0.5, "rate_patience": 2, "stop_patience": 5}
    _, verdict, reports = run_training(digits, Budget(50, "epochs"), **settings)
    assert verdict.metrics["epochs"] == 6
    why = "no better accuracy on the validation examples than in epoch 1 (stop_patience 5)"
    assert verdict.stopped == EarlyStop("patience", 6, why)
    assert [r["learning_rate"] for r in reports] == pytest.approx([x * 1e-12 for x in (1, 1, 1, 0.5, 0.5, 0.25)])


@pytest.fixture(scope="module")
def without_validation():
    return to_device(load_dataset("digits").merge_validation(), torch.device("cpu"))


def test_without_validation_images_the_last_epoch_counts_and_only_the_test_is_scored(without_validation):
    model, verdict, reports = run_training(without_validation, Budget(3, "epochs"), keep="last", learning_rate=0.01)
    assert len(without_validation.train) == 1438
    assert [set(r) for r in reports] == [{"train_loss", "train_accuracy", "learning_rate", "seconds"}] * 3
    assert not {"accuracy", "loss", "last_accuracy", "best_epoch"} & set(verdict.metrics)
    tested = evaluate_model(model, without_validation, without_validation.test)
    assert (verdict.metrics["test_accuracy"], verdict.metrics["test_loss"]) == (tested.accuracy, tested.loss)
    assert verdict.metrics["train_accuracy"] == reports[-1]["train_accuracy"]


def test_without_validation_images_patience_watches_the_training_accuracy(without_validation):
    """At a rate of 0 the model never changes; without dropout, and in any order, its accuracy stays that of epoch 1."""
    settings = {"lr_init": 0.0, "stop_patience": 3, "batch_size": 1438}
    model = compile_architecture(aw.affine(units=10), (1, 8, 8), 0)
    _, verdict, reports = run_training(without_validation, Budget(50, "epochs"), keep="last", model=model, **settings)
    assert verdict.metrics["epochs"] == 4
    assert "no better accuracy on the training examples than in epoch 1" in verdict.stopped.why
    assert len({r["train_accuracy"] for r in reports}) == 1


def test_patience_that_runs_out_with_the_budget_has_stopped_nothing(digits):
    settings = {"lr_init": 1e-12, "lr_min": 0.0, "stop_patience": 3}
    _, verdict, _ = run_training(digits, Budget(4, "epochs"), **settings)
    assert (verdict.metrics["epochs"], verdict.stopped) == (4, None)


def test_a_halt_ends_the_training_after_the_epoch_with_the_best_weights(digits):
    """It was told so with the third of ten epochs: all that the first three came to is there, and nothing more."""
    settings = {"optimizer": "sgd", "learning_rate": 0.7, "batch_size": 16}
    report = lambda epoch, _: "worse than the others" if epoch == 3 else ""  # noqa: E731
    model = compile_architecture(NETWORK, (1, 8, 8), 0)
    torch.manual_seed(0)
    verdict = train(model, digits, make_recipe(settings), Budget(10, "epochs"), 0, report)
    assert verdict.stopped == EarlyStop("hopeless", 3, "worse than the others")
    _, whole, _ = run_training(digits, Budget(3, "epochs"), **settings)
    assert (verdict.status, drop_times(verdict.metrics)) == ("ok", drop_times(whole.metrics))
    assert evaluate_model(model, digits, digits.test).accuracy == verdict.metrics["test_accuracy"]


def test_a_halt_with_the_last_epoch_has_stopped_nothing(digits):
    model = compile_architecture(NETWORK, (1, 8, 8), 0)
    assert train(model, digits, make_recipe(), Budget(1, "epochs"), 0, lambda *_: "too late").stopped is None


def test_the_cosine_reaches_zero_at_the_end_of_the_budget(digits):
    _, _, reports = run_training(digits, Budget(4, "epochs"), schedule="cosine", learning_rate=1.0, optimizer="sgd")
    rates = [r["learning_rate"] for r in reports]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 0.01


def test_a_batch_larger_than_the_data_is_all_of_the_data(digits):
    _, verdict, _ = run_training(digits, Budget(1, "epochs"), batch_size=100_000)
    assert verdict.status == "ok"


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd", "sgd_mom"])
def test_every_optimizer_learns(digits, optimizer):
    _, _, reports = run_training(digits, Budget(3, "epochs"), optimizer=optimizer)
    assert reports[-1]["train_loss"] < reports[0]["train_loss"]


def test_each_pixel_or_channel_has_mean_0_and_deviation_1_over_the_training_images():
    """But a pixel that is always the same stays at 0."""
    images = np.random.RandomState(0).randint(0, 256, (5000, 2, 3, 4)).astype(np.uint8)
    images[:, 1] //= 2
    images[:, 0, 0, 0] = 7
    labels = np.arange(5000) % 10
    split = Images(images, labels)
    data = to_device(
        Dataset(describe_dataset("digits"), split, split.take(np.arange(10)), split.take([0])), torch.device("cpu")
    )
    pixels = data.with_pixel_normalisation.normalised(data.train.images)
    assert torch.allclose(pixels.mean(0), torch.zeros(2, 3, 4), atol=1e-5)
    expected = torch.ones(2, 3, 4)
    expected[0, 0, 0] = 0
    assert torch.allclose(pixels.std(0, correction=0), expected, atol=1e-5)
    assert data.with_pixel_normalisation is data.with_pixel_normalisation
    channels = data.normalised(data.train.images)
    assert torch.allclose(channels.mean((0, 2, 3)), torch.zeros(2), atol=1e-5)
    assert torch.allclose(channels.std((0, 2, 3), correction=0), torch.ones(2), atol=1e-5)
    assert not torch.allclose(channels, pixels, atol=0.1)


def test_a_training_by_pixel_sees_images_normalised_by_pixel(digits):
    class Seen(nn.Linear):
        def forward(self, x):
            batches.append(x.detach().flatten(1))
            return super().forward(x.flatten(1))

    batches: list[torch.Tensor] = []
    run_training(digits, Budget(1, "epochs"), model=Seen(64, 10), normalisation="pixel", batch_size=1150)
    assert torch.allclose(batches[0].mean(0), torch.zeros(64), atol=1e-4)
    assert {round(float(deviation), 3) for deviation in batches[0].std(0, correction=0)} >= {1.0}


def test_a_gradient_is_cut_down_to_its_norm(digits):
    """One step of sgd at rate 1 without momentum moves the weights by the gradient: by at most its norm."""
    moved = {}
    for clip in (0.0, 0.01):
        model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
        before = [p.detach().clone() for p in model.parameters()]
        settings = {"optimizer": "sgd", "learning_rate": 1.0, "momentum": 0, "gradient_clip": clip}
        run_training(digits, Budget(1e-9, "epochs"), model=model, keep="last", **settings)
        after = [p.detach() for p in model.parameters()]
        moved[clip] = math.sqrt(sum(float((a - b).square().sum()) for a, b in zip(before, after, strict=True)))
    assert moved[0.01] == pytest.approx(0.01, rel=1e-3)
    assert moved[0.0] > 0.1
