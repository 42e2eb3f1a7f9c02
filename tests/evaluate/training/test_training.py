"""A training keeps to its budget, its seed and its recipe, and leaves the weights that it reports."""

import math
import re

import numpy as np
import pytest
import torch
from torch import nn

import archwright as aw
from archwright.core.budget import Budget
from archwright.core.protocols import Stopped
from archwright.evaluate.config import KeptEpoch
from archwright.evaluate.data.dataset import Images
from archwright.evaluate.data.loading import Dataset, describe_dataset, load_dataset
from archwright.evaluate.data.tensors import to_device
from archwright.evaluate.network.compile import compile_architecture
from archwright.evaluate.training import augment
from archwright.evaluate.training.recipe import Recipe, recipe
from archwright.evaluate.training.train import train
from archwright.evaluate.training.trainer import BatchTooSmall, Score, score

pytestmark = pytest.mark.usefixtures("one_thread")

NETWORK = aw.sequential(aw.affine(units=32), aw.relu(), aw.dropout(rate=0.2), aw.affine(units=10))


@pytest.fixture(scope="module")
def digits():
    return to_device(load_dataset("digits"), torch.device("cpu"))


def trained(data, budget, seed=0, keep: KeptEpoch = "best", model=None, **settings):
    """The model, the verdict and the reports of a training."""
    reports = []
    torch.manual_seed(seed)
    model = compile_architecture(NETWORK, (1, 8, 8), seed) if model is None else model
    verdict = train(model, data, recipe(settings), budget, seed, lambda _, metrics: reports.append(metrics), keep)
    return model, verdict, reports


def test_batch_normalisation_over_one_image_names_the_setting(digits):
    model = compile_architecture(aw.sequential(aw.affine(units=8), aw.batch_norm(), aw.affine(units=10)), (1, 8, 8), 0)
    with pytest.raises(BatchTooSmall, match=r"a batch has 1 image, .*; set batch_size to 2 or more"):
        trained(digits, Budget(1, "examples"), model=model, batch_size=1)


def without_time(metrics):
    return {name: value for name, value in metrics.items() if "second" not in name}


def test_a_small_network_learns_the_digits(digits):
    _, verdict, reports = trained(digits, Budget(10, "epochs"), learning_rate=0.01)
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
    first, again, other = (trained(digits, Budget(2, "epochs"), seed, **settings) for seed in (1, 1, 2))
    assert list(map(without_time, first[2])) == list(map(without_time, again[2]))
    assert without_time(first[1].metrics) == without_time(again[1].metrics)
    assert list(map(without_time, first[2])) != list(map(without_time, other[2]))


def test_a_training_leaves_the_weights_of_its_best_epoch_and_reports_their_accuracy(digits):
    """With a learning rate far too high the accuracy goes up and down, so the best epoch is not the last."""
    settings = {"optimizer": "sgd", "learning_rate": 0.3, "batch_size": 16}
    model, verdict, reports = trained(digits, Budget(8, "epochs"), **settings)
    accuracies = [r["accuracy"] for r in reports]
    assert verdict.metrics["accuracy"] == max(accuracies) > accuracies[-1] == verdict.metrics["last_accuracy"]
    assert verdict.metrics["best_epoch"] == accuracies.index(max(accuracies)) + 1
    assert score(model, digits, digits.validation) == Score(max(accuracies), verdict.metrics["loss"])
    assert score(model, digits, digits.test).accuracy == verdict.metrics["test_accuracy"]

    model, verdict, again = trained(digits, Budget(8, "epochs"), keep="last", **settings)
    assert [r["accuracy"] for r in again] == accuracies
    assert verdict.metrics["accuracy"] == accuracies[-1] == score(model, digits, digits.validation).accuracy


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
    _, verdict, reports = trained(digits, budget, batch_size=100)  # of 1,150 images, 50 fill no batch
    assert verdict.metrics["epochs"] == len(reports) == epochs
    seen = verdict.metrics["examples_per_second"] * verdict.metrics["train_seconds"]
    assert seen == pytest.approx(examples, abs=0.5)


class Slow(nn.Module):
    """Takes a sixteenth of a second a batch by the clock."""

    def __init__(self, clock):
        super().__init__()
        self.clock, self.linear = clock, nn.Linear(64, 10)

    def forward(self, x):
        self.clock.took(1 / 16)
        return self.linear(x.flatten(1))


def test_a_budget_of_seconds_ends_within_an_epoch_and_is_validated_still(digits, clock):
    """It ends with the step in which it is spent; what is no training takes none of it."""
    _, verdict, reports = trained(digits, Budget(0.7, "seconds"), model=Slow(clock), batch_size=8)
    assert verdict.metrics["train_seconds"] == 12 / 16
    assert verdict.metrics["examples_per_second"] == 8 * 16
    assert clock.now > 12 / 16
    assert len(reports) == 1
    assert 0 <= verdict.metrics["accuracy"] <= 1


def test_a_loss_that_is_not_finite_is_a_divergence(digits):
    _, verdict, _ = trained(digits, Budget(3, "epochs"), optimizer="sgd", learning_rate=1e30)
    assert verdict.status == "diverged"
    assert re.fullmatch(r"the training loss of epoch 1 is (nan|inf) by step [0-9]+ of 8", verdict.error)
    assert verdict.stopped == Stopped("divergence", 1, verdict.error)


def test_patience_lowers_the_learning_rate_and_ends_the_training(digits):
    """At a rate of almost 0 nothing is learned, so the first epoch stays the best."""
    settings = {"lr_init": 1e-12, "lr_min": 0.0, "rate_mult": 0.5, "rate_patience": 2, "stop_patience": 5}
    _, verdict, reports = trained(digits, Budget(50, "epochs"), **settings)
    assert verdict.metrics["epochs"] == 6
    why = "no better accuracy on the validation images than in epoch 1 (stop_patience 5)"
    assert verdict.stopped == Stopped("patience", 6, why)
    assert [r["learning_rate"] for r in reports] == pytest.approx([x * 1e-12 for x in (1, 1, 1, 0.5, 0.5, 0.25)])


@pytest.fixture(scope="module")
def joined():
    return to_device(load_dataset("digits").merge_validation(), torch.device("cpu"))


def test_without_validation_images_the_last_epoch_counts_and_only_the_test_is_scored(joined):
    model, verdict, reports = trained(joined, Budget(3, "epochs"), keep="last", learning_rate=0.01)
    assert len(joined.train) == 1438
    assert [set(r) for r in reports] == [{"train_loss", "train_accuracy", "learning_rate", "seconds"}] * 3
    assert not {"accuracy", "loss", "last_accuracy", "best_epoch"} & set(verdict.metrics)
    tested = score(model, joined, joined.test)
    assert (verdict.metrics["test_accuracy"], verdict.metrics["test_loss"]) == (tested.accuracy, tested.loss)
    assert verdict.metrics["train_accuracy"] == reports[-1]["train_accuracy"]


def test_without_validation_images_patience_watches_the_training_accuracy(joined):
    """At a rate of 0 the model never changes; without dropout, and in any order, its accuracy stays that of epoch 1."""
    settings = {"lr_init": 0.0, "stop_patience": 3, "batch_size": 1438}
    model = compile_architecture(aw.affine(units=10), (1, 8, 8), 0)
    _, verdict, reports = trained(joined, Budget(50, "epochs"), keep="last", model=model, **settings)
    assert verdict.metrics["epochs"] == 4
    assert "no better accuracy on the training images than in epoch 1" in verdict.stopped.why
    assert len({r["train_accuracy"] for r in reports}) == 1


def test_patience_that_runs_out_with_the_budget_has_stopped_nothing(digits):
    settings = {"lr_init": 1e-12, "lr_min": 0.0, "stop_patience": 3}
    _, verdict, _ = trained(digits, Budget(4, "epochs"), **settings)
    assert (verdict.metrics["epochs"], verdict.stopped) == (4, None)


def test_a_halt_ends_the_training_after_the_epoch_with_the_best_weights(digits):
    """It was told so with the third of ten epochs: all that the first three came to is there, and nothing more."""
    settings = {"optimizer": "sgd", "learning_rate": 0.7, "batch_size": 16}
    say = lambda epoch, _: "worse than the others" if epoch == 3 else ""  # noqa: E731
    model = compile_architecture(NETWORK, (1, 8, 8), 0)
    torch.manual_seed(0)
    verdict = train(model, digits, recipe(settings), Budget(10, "epochs"), 0, say)
    assert verdict.stopped == Stopped("hopeless", 3, "worse than the others")
    _, whole, _ = trained(digits, Budget(3, "epochs"), **settings)
    assert (verdict.status, without_time(verdict.metrics)) == ("ok", without_time(whole.metrics))
    assert score(model, digits, digits.test).accuracy == verdict.metrics["test_accuracy"]


def test_a_halt_with_the_last_epoch_has_stopped_nothing(digits):
    model = compile_architecture(NETWORK, (1, 8, 8), 0)
    assert train(model, digits, recipe(), Budget(1, "epochs"), 0, lambda *_: "too late").stopped is None


def test_the_cosine_reaches_zero_at_the_end_of_the_budget(digits):
    _, _, reports = trained(digits, Budget(4, "epochs"), schedule="cosine", learning_rate=1.0, optimizer="sgd")
    rates = [r["learning_rate"] for r in reports]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 0.01


def test_a_batch_larger_than_the_data_is_all_of_the_data(digits):
    _, verdict, _ = trained(digits, Budget(1, "epochs"), batch_size=100_000)
    assert verdict.status == "ok"


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd", "sgd_mom"])
def test_every_optimizer_learns(digits, optimizer):
    _, _, reports = trained(digits, Budget(3, "epochs"), optimizer=optimizer)
    assert reports[-1]["train_loss"] < reports[0]["train_loss"]


def test_each_pixel_or_channel_has_mean_0_and_deviation_1_over_the_training_images():
    """But a pixel that is always the same stays at 0."""
    images = np.random.RandomState(0).randint(0, 256, (5000, 2, 3, 4)).astype(np.uint8)
    images[:, 1] //= 2
    images[:, 0, 0, 0] = 7
    labels = np.arange(5000) % 10
    made = Images(images, labels)
    data = to_device(
        Dataset(describe_dataset("digits"), made, made.take(np.arange(10)), made.take([0])), torch.device("cpu")
    )
    pixels = data.by_pixel.normalised(data.train.images)
    assert torch.allclose(pixels.mean(0), torch.zeros(2, 3, 4), atol=1e-5)
    expected = torch.ones(2, 3, 4)
    expected[0, 0, 0] = 0
    assert torch.allclose(pixels.std(0, correction=0), expected, atol=1e-5)
    assert data.by_pixel is data.by_pixel
    channels = data.normalised(data.train.images)
    assert torch.allclose(channels.mean((0, 2, 3)), torch.zeros(2), atol=1e-5)
    assert torch.allclose(channels.std((0, 2, 3), correction=0), torch.ones(2), atol=1e-5)
    assert not torch.allclose(channels, pixels, atol=0.1)


def test_a_training_by_pixel_sees_images_normalised_by_pixel(digits):
    class Seen(nn.Linear):
        def forward(self, x):
            seen.append(x.detach().flatten(1))
            return super().forward(x.flatten(1))

    seen: list[torch.Tensor] = []
    trained(digits, Budget(1, "epochs"), model=Seen(64, 10), normalisation="pixel", batch_size=1150)
    assert torch.allclose(seen[0].mean(0), torch.zeros(64), atol=1e-4)
    assert {round(float(deviation), 3) for deviation in seen[0].std(0, correction=0)} >= {1.0}


def test_a_gradient_is_cut_down_to_its_norm(digits):
    """One step of sgd at rate 1 without momentum moves the weights by the gradient: by at most its norm."""
    moved = {}
    for clip in (0.0, 0.01):
        model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
        before = [p.detach().clone() for p in model.parameters()]
        how = {"optimizer": "sgd", "learning_rate": 1.0, "momentum": 0, "gradient_clip": clip}
        trained(digits, Budget(1e-9, "epochs"), model=model, keep="last", **how)
        now = [p.detach() for p in model.parameters()]
        moved[clip] = math.sqrt(sum(float((a - b).square().sum()) for a, b in zip(before, now, strict=True)))
    assert moved[0.01] == pytest.approx(0.01, rel=1e-3)
    assert moved[0.0] > 0.1


def test_cropping_moves_an_image_within_its_margin():
    torch.manual_seed(0)
    image = torch.zeros(200, 2, 5, 6)
    image[:, :, 2, 3] = 1
    moved = augment.cropped(image, 1)
    assert moved.shape == image.shape
    places = {(int(r), int(c)) for _, _, r, c in moved.nonzero()}
    assert places == {(r, c) for r in (1, 2, 3) for c in (2, 3, 4)}
    assert torch.equal(moved[:, 0], moved[:, 1])


def test_flipping_turns_half_of_the_images():
    torch.manual_seed(0)
    image = torch.tensor([1.0, 2.0, 3.0]).expand(400, 1, 1, 3)
    turned = augment.flipped(image)[:, 0, 0, 0] == 3
    assert 150 < int(turned.sum()) < 250
    assert torch.equal(augment.flipped(image).sort(dim=3).values, image)


def test_cutting_blanks_a_square_that_may_reach_over_the_edge():
    torch.manual_seed(0)
    blanked = (augment.cut(torch.ones(300, 3, 8, 8), 4) == 0).sum(dim=(2, 3))
    assert torch.equal(blanked[:, 0], blanked[:, 2])
    assert int(blanked.max()) == 16
    assert int(blanked.min()) >= 4


def test_mixing_gives_each_image_the_share_that_it_says():
    torch.manual_seed(0)
    images = torch.arange(4.0).reshape(4, 1, 1, 1)
    mixed, other, share = augment.mixed(images, 0.5)
    assert 0 <= share <= 1
    assert torch.allclose(mixed, share * images + (1 - share) * images[other])


@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
def test_augmentation_leaves_images_in_the_layout_that_is_fast_on_their_device(layout):
    images = torch.rand(8, 3, 12, 12).contiguous(memory_format=layout)
    changed = augment.augmented(images, recipe({"crop": 2, "flip": True, "cutout": 4}))
    assert changed.is_contiguous(memory_format=layout)
    assert augment.mixed(changed, 0.2)[0].is_contiguous(memory_format=layout)


def test_no_augmentation_is_none():
    images = torch.ones(2, 1, 3, 3)
    assert augment.augmented(images, Recipe()) is images
    assert math.isclose(Recipe().mixup, 0)
