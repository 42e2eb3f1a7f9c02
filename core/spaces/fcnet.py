"""The space of the tabular regression benchmark: a small network and its training (Klein and Hutter 2019)."""

from collections.abc import Mapping
from typing import Any

from archwright.core.modules.basic import Activation, Affine, Dropout, settings
from archwright.core.modules.composite import sequential
from archwright.core.term import Term

# In the order of the columns of the benchmark's table, with the values in the order of its indices.
HYPERPARAMETERS: Mapping[str, tuple[str | int | float, ...]] = {
    "activation_fn_1": ("relu", "tanh"),
    "activation_fn_2": ("relu", "tanh"),
    "batch_size": (8, 16, 32, 64),
    "dropout_1": (0.0, 0.3, 0.6),
    "dropout_2": (0.0, 0.3, 0.6),
    "init_lr": (5e-4, 1e-3, 5e-3, 1e-2, 5e-2, 1e-1),
    "lr_schedule": ("cosine", "const"),
    "n_units_1": (16, 32, 64, 128, 256, 512),
    "n_units_2": (16, 32, 64, 128, 256, 512),
}


def fcnet(outputs: int) -> Term:
    """62,208 configurations: two hidden layers, each with activation and dropout, and the training."""
    return build_fcnet(HYPERPARAMETERS, outputs)


def build_fcnet(values: Mapping[str, Any], outputs: int) -> Term:
    """The network with a value or several values for each name of `HYPERPARAMETERS`."""
    return sequential(
        settings(batch_size=values["batch_size"], init_lr=values["init_lr"], lr_schedule=values["lr_schedule"]),
        Affine(values["n_units_1"]),
        Activation(values["activation_fn_1"]),
        Dropout(values["dropout_1"]),
        Affine(values["n_units_2"]),
        Activation(values["activation_fn_2"]),
        Dropout(values["dropout_2"]),
        Affine(outputs),
    )
