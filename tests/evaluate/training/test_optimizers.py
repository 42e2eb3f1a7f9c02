"""The optimizers of trainings do what torch's do."""

import pytest
import torch
from torch import nn, optim

from archwright.evaluate.training.recipe import recipe
from archwright.evaluate.training.trainer import optimizer

TORCHS = {
    "adam": lambda weights: optim.Adam(weights, lr=0.1, weight_decay=0.01, fused=True),
    "adamw": lambda weights: optim.AdamW(weights, lr=0.1, weight_decay=0.01, fused=True),
    "sgd": lambda weights: optim.SGD(weights, lr=0.1, weight_decay=0.01, momentum=0.5, fused=True),
}


def learned(model: nn.Module, by: optim.Optimizer, steps: int) -> list[float]:
    """The weights after some steps that make the outputs for one input smaller."""
    for _ in range(steps):
        by.zero_grad()
        model(torch.ones(1, 3)).square().sum().backward()
        by.step()
    return nn.utils.parameters_to_vector(model.parameters()).tolist()


@pytest.mark.parametrize("name", TORCHS)
def test_steps_are_those_of_torch(name):
    """Also where one goes on with the state of the other."""
    ours, theirs = nn.Linear(3, 2), nn.Linear(3, 2)
    theirs.load_state_dict(ours.state_dict())
    momentum = {"momentum": 0.5} if name == "sgd" else {}
    by = optimizer(ours, recipe({"optimizer": name, "learning_rate": 0.1, "weight_decay": 0.01, **momentum}))
    torchs = TORCHS[name](theirs.parameters())
    before = learned(ours, by, 0)
    after = learned(ours, by, 3)
    assert before != after == learned(theirs, torchs, 3)
    state = by.state_dict()
    by.load_state_dict(torchs.state_dict())
    torchs.load_state_dict(state)
    assert after != learned(ours, by, 2) == learned(theirs, torchs, 2)
