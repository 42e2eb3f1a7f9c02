"""The optimizer of a recipe and the learning rate of each step.

Torch decorates methods of its optimizers to exclude them from compilation, and at the first call these decorators
import its compiler: 2 seconds and 100 MB in every worker. The optimizers here have the methods without decorators, as
their steps are never compiled.
"""

import math
from inspect import unwrap
from typing import Any, TypeVar

import torch
from torch import nn, optim

from archwright.evaluate.training.recipe import Recipe

DECORATED_METHODS = ("add_param_group", "load_state_dict", "state_dict", "zero_grad")  # and `step`

_Optimizer = TypeVar("_Optimizer", bound=optim.Optimizer)


def _unwrap_methods(optimizer_class: type[_Optimizer]) -> type[_Optimizer]:
    """The same optimizer without the decorators; its `step` computes no gradients, as with them."""
    methods: dict[str, Any] = {name: unwrap(getattr(optimizer_class, name)) for name in DECORATED_METHODS}
    methods["step"] = torch.no_grad()(unwrap(optimizer_class.step))
    subclass: Any = type(optimizer_class.__name__, (optimizer_class,), methods)
    return subclass


_Adam, _AdamW, _SGD = _unwrap_methods(optim.Adam), _unwrap_methods(optim.AdamW), _unwrap_methods(optim.SGD)


def make_optimizer(model: nn.Module, recipe: Recipe) -> optim.Optimizer:
    """The recipe's optimizer of the model's parameters."""
    arguments = {"lr": recipe.learning_rate, "weight_decay": recipe.weight_decay, "fused": True}
    match recipe.optimizer:
        case "adam":
            return _Adam(model.parameters(), **arguments)
        case "adamw":
            return _AdamW(model.parameters(), **arguments)
        case _:
            return _SGD(model.parameters(), momentum=recipe.momentum, nesterov=recipe.nesterov, **arguments)


def compute_learning_rate(recipe: Recipe, horizon_fraction: float, plateau_factor: float = 1.0) -> float:
    """The learning rate after this fraction of the schedule's horizon.

    `plateau_factor`, in (0, 1], is what patience multiplies the learning rate by; `lr_min` is the lowest product.
    """
    peak_rate = max(recipe.learning_rate * plateau_factor, min(recipe.lr_min, recipe.learning_rate))
    return peak_rate * _compute_schedule_factor(recipe, min(horizon_fraction, 1.0))


def _compute_schedule_factor(recipe: Recipe, horizon_fraction: float) -> float:
    """What the schedule multiplies the learning rate by, in [0, 1]: warmup, then what its name says."""
    if horizon_fraction < recipe.warmup:
        return recipe.warmup_from + (1 - recipe.warmup_from) * horizon_fraction / recipe.warmup
    if recipe.schedule == "constant" or recipe.warmup == 1:
        return 1.0
    decay_fraction = (horizon_fraction - recipe.warmup) / (1 - recipe.warmup)
    if recipe.schedule == "warm_restarts":
        decay_fraction = _find_cycle_fraction(decay_fraction, recipe.cycles or 1)
    is_linear = recipe.schedule == "one_cycle"
    factor = 1 - decay_fraction if is_linear else (1 + math.cos(math.pi * decay_fraction)) / 2
    return recipe.rate_end + (1 - recipe.rate_end) * factor


def _find_cycle_fraction(fraction: float, cycles: int) -> float:
    """The fraction of the current one of so many cycles, each twice as long as the one before, that is over.

    The first one takes 1 / (2^cycles - 1) of the whole; at its end, the next one begins (Loshchilov and Hutter 2017).
    """
    position = fraction * (2**cycles - 1)  # in lengths of the first cycle
    cycle = min(int(math.log2(position + 1)), cycles - 1)
    return min(max((position + 1) / 2**cycle - 1, 0.0), 1.0)
