"""A training that is continued from its state is the training that was never interrupted, to the last bit."""

import random

import numpy as np
import pytest
import torch
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import archwright as aw
from archwright.core.budget import Budget
from archwright.evaluate.data.loading import load_dataset
from archwright.evaluate.data.tensors import to_device
from archwright.evaluate.network.compile import compile_architecture
from archwright.evaluate.training.checkpointing import read_checkpoint, write_checkpoint
from archwright.evaluate.training.recipe import make_recipe
from archwright.evaluate.training.train import train

pytestmark = pytest.mark.usefixtures("one_thread")

NETWORK = aw.sequential(
    aw.conv2d(filters=4, size=3, stride=2), aw.batch_norm(), aw.relu(), aw.dropout(rate=0.2), aw.affine(units=10)
)
BATCH, BATCHES = 64, 5  # of which 20 images are left over
EPOCH = BATCH * BATCHES


@pytest.fixture(scope="module")
def data():
    """Some of the digits."""
    digits = load_dataset("digits")
    few = evolve(digits, train=digits.train.take(np.arange(EPOCH + 20)), test=digits.test.take(np.arange(50)))
    return to_device(few, torch.device("cpu"))


class Training:
    """One way to train a model with some settings: to a budget at once, or with stops."""

    def __init__(self, data, seed=0, make=lambda: compile_architecture(NETWORK, (1, 8, 8), 0), keep="best", **settings):
        self.data, self.seed, self.make, self.keep = data, seed, make, keep
        self.recipe = make_recipe({"batch_size": BATCH, **settings})

    def train_to(self, budget, checkpoint=None, chaos=False):
        """The weights that count, the metrics without times, the reports by epoch, and the checkpoint."""
        torch.manual_seed(12345 if chaos else self.seed)  # what a continued training must not depend on
        np.random.seed(12345 if chaos else self.seed)
        model, curve, checkpoints = self.make(), {}, []
        report = lambda epoch, metrics: curve.update({epoch: drop_times(metrics)})  # noqa: E731
        resuming = {"checkpoint": checkpoint, "save_checkpoint": checkpoints.append}
        verdict = train(model, self.data, self.recipe, budget, self.seed, report, self.keep, **resuming)
        assert verdict.status == "ok"
        return model.state_dict(), drop_times(verdict.metrics), curve, checkpoints[0]

    def train_through(self, folder, *budgets):
        """As `train_to` the last budget, but interrupted at each one before, in what might be another process."""
        checkpoint, curve = None, {}
        for budget in budgets:
            *rest, part, checkpoint = self.train_to(budget, checkpoint, chaos=checkpoint is not None)
            write_checkpoint(folder, 0, checkpoint)
            checkpoint, curve = read_checkpoint(folder, 0), curve | part
        return *rest, curve, checkpoint


def drop_times(metrics):
    return {name: value for name, value in metrics.items() if "second" not in name}


def is_same(a, b):
    """Whether two values are the same to the last bit, tensors and all."""
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(is_same(a[key], b[key]) for key in a if key != "seconds")
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(is_same, a, b))
    return a == b


def check_exact(training, folder, *budgets):
    """The law: weights, metrics, curve and the state at the end are those of one go."""
    whole, parts = training.train_to(budgets[-1]), training.train_through(folder, *budgets)
    for expected, actual in zip(whole, parts, strict=True):
        assert is_same(expected, actual)


RECIPES = {
    "plain": {},
    "patience": {"rate_patience": 1, "rate_mult": 0.5, "stop_patience": 3, "learning_rate": 0.02},
    "cosine": {"schedule": "cosine", "horizon": 6.0, "optimizer": "sgd", "nesterov": True},
    "augmented": {"crop": 1, "flip": True, "cutout": 2, "mixup": 0.3, "optimizer": "adamw", "weight_decay": 0.01},
    "averaged": {"ema_decay": 0.9, "schedule": "one_cycle", "horizon": 6.0, "gradient_clip": 0.5},
    "paper": {"recipe": "paper", "batch_size": BATCH},
    "momentum": {"optimizer": "sgd_mom", "label_smoothing": 0.1, "batch_size": 50},
}


@pytest.mark.parametrize("settings", RECIPES.values(), ids=RECIPES)
def test_two_epochs_continued_to_five_are_five_epochs(data, tmp_path, settings):
    check_exact(Training(data, **settings), tmp_path, Budget(2, "epochs"), Budget(5, "epochs"))


@given(
    cuts=st.lists(st.integers(1, 4 * BATCHES - 1), min_size=1, max_size=3, unique=True).map(sorted),
    last=st.integers(4 * BATCHES, 5 * BATCHES),
    unit=st.sampled_from(["epochs", "examples"]),
    recipe=st.sampled_from(sorted(set(RECIPES) - {"momentum"})),
    keep=st.sampled_from(["best", "last"]),
)
@settings(max_examples=15, deadline=None)
def test_wherever_it_is_cut_also_in_the_middle_of_an_epoch(data, tmp_path_factory, cuts, last, unit, recipe, keep):
    """Once or several times, in steps of a batch; the score of a part of an epoch leaves no trace."""
    batch = BATCH if unit == "examples" else 1 / BATCHES
    horizon = {"horizon": 6.0 * EPOCH} if unit == "examples" and "horizon" in RECIPES[recipe] else {}
    budgets = [Budget(steps * batch, unit) for steps in [*cuts, last]]
    check_exact(Training(data, keep=keep, **(RECIPES[recipe] | horizon)), tmp_path_factory.mktemp("cut"), *budgets)


def test_a_cosine_without_a_horizon_ends_at_the_end_of_each_budget(data, tmp_path):
    """So a continued training is at the place of its larger budget's cosine, and not exactly the one of one go."""
    training = Training(data, schedule="cosine", optimizer="sgd", learning_rate=0.1)
    *_, whole, _ = training.train_to(Budget(4, "epochs"))
    *_, parts, _ = training.train_through(tmp_path, Budget(2, "epochs"), Budget(4, "epochs"))
    rate = lambda curve, epoch: curve[epoch]["learning_rate"]  # noqa: E731
    assert rate(parts, 2) == pytest.approx(0.1 * (1 + np.cos(np.pi * (2 - 1 / BATCHES) / 2)) / 2)
    assert [rate(parts, epoch) for epoch in (3, 4)] == [rate(whole, epoch) for epoch in (3, 4)]
    assert parts[4]["train_loss"] != whole[4]["train_loss"]


def test_after_its_horizon_a_cosine_stays_at_zero(data):
    """A horizon of two epochs: the last of five steps of the first is 0.4 of the way, those of the third beyond it."""
    *_, curve, _ = Training(data, schedule="cosine", horizon=2.0, learning_rate=0.2).train_to(Budget(3, "epochs"))
    assert curve[1]["learning_rate"] == pytest.approx(0.1 * (1 + np.cos(np.pi * 0.4)))
    assert curve[3]["learning_rate"] == 0


class Noisy(nn.Module):
    """Draws from Python's and from numpy's generator, as a person's own module might."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(64, 10)

    def forward(self, x):
        return self.linear(x.flatten(1)) * (1 + random.random() + np.random.rand() if self.training else 1.0)


def test_the_generators_of_python_and_numpy_go_on_too(data, tmp_path):
    def make():
        torch.manual_seed(0)
        return Noisy()

    random.seed(0)
    training = Training(data, make=make)
    whole = training.train_to(Budget(3, "epochs"))
    random.seed(0)
    parts = training.train_through(tmp_path, Budget(1, "epochs"), Budget(3, "epochs"))
    assert all(map(is_same, whole, parts))


def test_a_training_that_lost_patience_has_nothing_to_go_on_with(data, tmp_path):
    training = Training(data, learning_rate=0.0, stop_patience=2)
    _, metrics, curve, _ = training.train_through(tmp_path, Budget(10, "epochs"), Budget(20, "epochs"))
    assert len(curve) == metrics["best_epoch"] + 2 < 10
    check_exact(training, tmp_path, Budget(10, "epochs"), Budget(20, "epochs"))


@pytest.mark.parametrize("first", [Budget(3, "epochs"), Budget(2 * BATCH, "examples")])
def test_a_budget_that_is_spent_already_gives_the_same_result_again(data, tmp_path, first):
    """Also where it was spent within the first epoch, of which no weights were kept before."""
    training = Training(data)
    weights, metrics, curve, _ = training.train_to(first)
    resumed_weights, resumed_metrics, _, _ = training.train_through(tmp_path, first, Budget(1, "examples"))
    assert is_same(weights, resumed_weights)
    assert metrics == resumed_metrics
    assert list(curve)[-1] == metrics["epochs"]


class Slow(nn.Linear):
    """Takes a sixteenth of a second a batch by the clock."""

    def __init__(self, clock):
        super().__init__(64, 10)
        self.clock = clock

    def forward(self, x):
        self.clock.advance(1 / 16)
        return super().forward(x.flatten(1))


def test_the_seconds_that_were_spent_count(data, clock):
    """One second, then one and a half in all: the second training takes a half."""
    training = Training(data, make=lambda: Slow(clock))
    *_, first = training.train_to(Budget(1, "seconds"))
    *_, state = training.train_to(Budget(1.5, "seconds"), first)
    before, after = (checkpoint["progress"]["course"] for checkpoint in (first, state))
    assert (before["seconds"], before["examples"]) == (1.0, 16 * BATCH)
    assert (after["seconds"], after["examples"]) == (1.5, 24 * BATCH)
    assert (before["epoch"], after["epoch"]) == (4, 5)


def test_a_state_goes_on_in_another_unit(data, tmp_path):
    training = Training(data)
    parts = training.train_through(tmp_path, Budget(1.4 * EPOCH, "examples"), Budget(3, "epochs"))
    assert all(map(is_same, training.train_to(Budget(3, "epochs")), parts))
