"""The average of weights is what is worked out by hand, leaves the training alone, and is what is scored and kept."""

import pytest
import torch
from torch import nn

import archwright as aw
from archwright.core.budget import Budget
from archwright.evaluate.data.loading import load_dataset
from archwright.evaluate.data.tensors import to_device
from archwright.evaluate.network.compile import compile_architecture
from archwright.evaluate.training.ema import ExponentialMovingAverage
from archwright.evaluate.training.recipe import make_recipe
from archwright.evaluate.training.train import train
from archwright.evaluate.training.trainer import evaluate_model

pytestmark = pytest.mark.usefixtures("one_thread")


class Number(nn.Module):
    """A parameter, a buffer as of a batch norm, and a count, which all have the same value."""

    def __init__(self):
        super().__init__()
        self.parameter = nn.Parameter(torch.zeros(1))
        self.register_buffer("running", torch.zeros(()))
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))

    def fill(self, value):
        with torch.no_grad():
            for tensor in self.state_dict().values():
                tensor.fill_(value)

    @property
    def values(self):
        return [float(tensor) for tensor in self.state_dict().values()]


def update_to(decay, *values):
    model = Number()
    average = ExponentialMovingAverage(model, decay)
    for value in values:
        model.fill(value)
        average.update()
    return model, average


def test_the_average_is_that_which_is_worked_out_by_hand():
    """Of 0, 10, 20, 30 with decay 0.15. The first steps leave at most 1/10, 2/11 and 3/12 of what was before.

    0.1 * 0 + 0.9 * 10 = 9; 0.15 * 9 + 0.85 * 20 = 18.35; 0.15 * 18.35 + 0.85 * 30 = 28.2525.
    """
    model, average = update_to(0.15, 10, 20, 30)
    with average.swap_in():
        assert model.values == pytest.approx([28.2525, 28.2525, 30])  # a count is no average
    assert model.values == [30, 30, 30]


def test_the_first_steps_forget_the_start_whatever_the_decay():
    """With decay 0.999: 0.9 * 10 = 9; 2/11 * 9 + 9/11 * 20 = 18."""
    model, average = update_to(0.999, 10, 20)
    with average.swap_in():
        assert model.values[:2] == pytest.approx([18, 18])


def test_an_average_goes_on_from_its_state():
    _, whole = update_to(0.9, 1, 2, 3)
    _, part = update_to(0.9, 1, 2)
    _, other = update_to(0.9)
    state = part.state_dict()
    part.update()  # a state does not change with the average that it was taken of
    other.load_state_dict(state)
    other._weights = whole._weights  # whose model has the value of the third step
    other.update()
    assert other.state_dict()["steps"] == 3
    assert all(map(torch.equal, other.state_dict()["average"], whole.state_dict()["average"]))


def test_the_training_is_the_same_and_the_average_is_scored_and_kept():
    """Of a constant learning rate, weights jump about their mean: here at a rate that is far too high."""
    data = to_device(load_dataset("digits"), torch.device("cpu"))
    network = aw.sequential(aw.conv2d(filters=4, size=3, stride=2), aw.batch_norm(), aw.relu(), aw.affine(units=10))
    curves = {}
    for decay in (0.0, 0.95):
        torch.manual_seed(0)
        curves[decay] = curve = []
        model = compile_architecture(network, (1, 8, 8), 0)
        recipe = make_recipe({"ema_decay": decay, "learning_rate": 0.3, "optimizer": "sgd", "batch_size": 32})
        verdict = train(
            model, data, recipe, Budget(3, "epochs"), 0, lambda _, metrics, curve=curve: curve.append(metrics), "last"
        )
        assert (
            verdict.metrics["accuracy"]
            == curve[-1]["accuracy"]
            == evaluate_model(model, data, data.validation).accuracy
        )
    plain, averaged = curves.values()
    assert [epoch["train_loss"] for epoch in plain] == [epoch["train_loss"] for epoch in averaged]
    assert averaged[-1]["loss"] < plain[-1]["loss"]
