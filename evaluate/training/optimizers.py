"""The optimizers of trainings: torch's own, which import torch's compiler only where something is compiled.

Torch keeps their methods from being compiled with decorators that import the compiler at the first call: two seconds
and 100 MB of every worker. Their steps are never compiled here, so these have the methods that were decorated.
"""

from inspect import unwrap
from typing import Any, TypeVar

import torch
from torch import nn, optim

from archwright.evaluate.training.recipe import Recipe

Kind = TypeVar("Kind", bound=optim.Optimizer)
METHODS = ("add_param_group", "load_state_dict", "state_dict", "zero_grad")


def optimizer(model: nn.Module, how: Recipe) -> optim.Optimizer:
    """The recipe's optimizer of the model's parameters."""
    common = {"lr": how.learning_rate, "weight_decay": how.weight_decay, "fused": True}
    match how.optimizer:
        case "adam":
            return ADAM(model.parameters(), **common)
        case "adamw":
            return ADAMW(model.parameters(), **common)
        case _:
            return SGD(model.parameters(), momentum=how.momentum, nesterov=how.nesterov, **common)


def _undecorated(kind: type[Kind]) -> type[Kind]:
    """The same optimizer; its step computes no gradients, as the decorated one does not."""
    methods: dict[str, Any] = {name: unwrap(getattr(kind, name)) for name in METHODS}
    made: Any = type(kind.__name__, (kind,), methods | {"step": torch.no_grad()(unwrap(kind.step))})
    return made


ADAM, ADAMW, SGD = _undecorated(optim.Adam), _undecorated(optim.AdamW), _undecorated(optim.SGD)
