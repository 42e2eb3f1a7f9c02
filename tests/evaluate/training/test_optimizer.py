"""The optimizers of recipes do what torch's do, and their learning rate follows the schedule."""

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn, optim

from archwright.evaluate.training.optimizer import compute_learning_rate, make_optimizer
from archwright.evaluate.training.recipe import make_recipe

OF_TORCH = {
    "adam": lambda weights: optim.Adam(weights, lr=0.1, weight_decay=0.01, fused=True),
    "adamw": lambda weights: optim.AdamW(weights, lr=0.1, weight_decay=0.01, fused=True),
    "sgd": lambda weights: optim.SGD(weights, lr=0.1, weight_decay=0.01, momentum=0.5, fused=True),
}


def train_steps(model: nn.Module, optimizer: optim.Optimizer, steps: int) -> list[float]:
    """The weights after some steps that make the outputs for one input smaller."""
    for _ in range(steps):
        optimizer.zero_grad()
        model(torch.ones(1, 3)).square().sum().backward()
        optimizer.step()
    return nn.utils.parameters_to_vector(model.parameters()).tolist()


@pytest.mark.parametrize("name", OF_TORCH)
def test_steps_are_those_of_torch(name):
    """Also where one goes on with the state of the other."""
    model, reference_model = nn.Linear(3, 2), nn.Linear(3, 2)
    reference_model.load_state_dict(model.state_dict())
    momentum = {"momentum": 0.5} if name == "sgd" else {}
    settings = {"optimizer": name, "learning_rate": 0.1, "weight_decay": 0.01, **momentum}
    optimizer = make_optimizer(model, make_recipe(settings))
    reference_optimizer = OF_TORCH[name](reference_model.parameters())
    before = train_steps(model, optimizer, 0)
    after = train_steps(model, optimizer, 3)
    assert before != after == train_steps(reference_model, reference_optimizer, 3)
    state = optimizer.state_dict()
    optimizer.load_state_dict(reference_optimizer.state_dict())
    reference_optimizer.load_state_dict(state)
    assert after != train_steps(model, optimizer, 2) == train_steps(reference_model, reference_optimizer, 2)


def test_the_cosine_ends_with_the_budget():
    recipe = make_recipe({"learning_rate": 1.0, "schedule": "cosine"})
    assert [round(compute_learning_rate(recipe, spent), 3) for spent in (0, 0.5, 1, 2)] == [1, 0.5, 0, 0]


RISE = {"learning_rate": 2.0, "warmup": 0.25, "warmup_from": 0.1, "rate_end": 0.5}


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        # The rise from 0.2: after half of it 0.2 + 1.8 / 2. Then from 2 down to 1 in the other three quarters.
        ("constant", {0: 0.2, 0.125: 1.1, 0.25: 2, 0.625: 2, 1: 2}),
        ("one_cycle", {0: 0.2, 0.125: 1.1, 0.25: 2, 0.4375: 1.75, 0.625: 1.5, 1: 1, 3: 1}),
        ("cosine", {0: 0.2, 0.125: 1.1, 0.25: 2, 0.4375: 1.5 + 0.5**1.5, 0.625: 1.5, 1: 1, 3: 1}),
    ],
)
def test_a_schedule_rises_and_then_goes_down_to_its_end(schedule, rates):
    recipe = make_recipe({**RISE, "schedule": schedule})
    assert {spent: compute_learning_rate(recipe, spent) for spent in rates} == pytest.approx(rates)


@pytest.mark.parametrize(
    ("budget", "cycles", "lengths"),
    [
        # The paper's budgets in seconds (Zela et al. 2018): T_0 = budget / (2^k - 1), and each twice the one before.
        (400, 1, [400]),
        (1200, 2, [400, 800]),
        (3600, 3, [514.2857, 1028.5714, 2057.1429]),
        (10800, 4, [720, 1440, 2880, 5760]),
    ],
)
def test_warm_restarts_are_cosines_each_twice_as_long_that_end_at_the_budget(budget, cycles, lengths):
    recipe = make_recipe({"learning_rate": 1.0, "schedule": "warm_restarts", "cycles": cycles})
    starts = [0.0, *itertools.accumulate(lengths)]
    assert starts[-1] == pytest.approx(budget, rel=1e-6)
    for start, length in zip(starts, lengths, strict=False):
        spent = {start + 1e-3 * length: 1, start + length / 4: 0.5 + 0.125**0.5, start + length / 2: 0.5}
        spent[start + 0.9999 * length] = 0
        rates = {seconds: compute_learning_rate(recipe, seconds / budget) for seconds in spent}
        assert rates == pytest.approx(spent, abs=1e-4)
    assert [compute_learning_rate(recipe, fraction) for fraction in (0, 1, 2)] == pytest.approx([1, 0, 0])
    half = make_recipe({"schedule": "warm_restarts", "cycles": cycles, "rate_end": 0.5, "learning_rate": 2.0})
    assert [compute_learning_rate(half, fraction) for fraction in (0, 1)] == pytest.approx([2, 1])


def test_one_cycle_of_restarts_is_the_cosine():
    """Without a number of cycles, too."""
    cosine = make_recipe({"schedule": "cosine", "warmup": 0.2})
    for settings in ({}, {"cycles": 1}):
        restarts = make_recipe({"schedule": "warm_restarts", "warmup": 0.2, **settings})
        rates = [[compute_learning_rate(recipe, i / 16) for i in range(18)] for recipe in (cosine, restarts)]
        assert rates[0] == pytest.approx(rates[1])


def test_one_cycle_has_a_warm_up_of_its_own_which_may_be_taken_from_it():
    recipe = make_recipe({"schedule": "one_cycle", "learning_rate": 1.0})
    assert (recipe.warmup, compute_learning_rate(recipe, 0.0), compute_learning_rate(recipe, 0.3)) == (0.3, 0.04, 1.0)
    straight = make_recipe({"schedule": "one_cycle", "learning_rate": 1.0, "warmup": 0})
    assert [compute_learning_rate(straight, spent) for spent in (0, 0.25, 1)] == [1, 0.75, 0]


@given(
    settings=st.fixed_dictionaries(
        {
            "schedule": st.sampled_from(["constant", "cosine", "one_cycle", "warm_restarts"]),
            "learning_rate": st.floats(0, 10),
            "warmup": st.floats(0, 1),
            "warmup_from": st.floats(0, 1),
            "rate_end": st.floats(0, 1),
        }
    ),
    spent=st.lists(st.floats(0, 2), min_size=2).map(sorted),
)
def test_a_learning_rate_is_between_nothing_and_what_it_is_called(settings, spent):
    """And once it is warm it never rises."""
    recipe = make_recipe(settings)
    rates = [compute_learning_rate(recipe, s) for s in spent]
    assert all(0 <= rate <= recipe.learning_rate * (1 + 1e-12) for rate in rates)
    warm = [rate for rate, s in zip(rates, spent, strict=True) if s >= recipe.warmup]
    assert all(a >= b - 1e-12 * a for a, b in itertools.pairwise(warm))
