"""The space of the tabular regression benchmark: a small network and how it is trained (Klein and Hutter 2019)."""

from collections.abc import Mapping
from typing import Any

from archwright.core.modules.basic import Activation, Affine, Dropout, settings
from archwright.core.modules.composite import sequential
from archwright.core.term import Term

# The benchmark's names, in the order of its table's columns, with their values in the order of its indices.
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
    """62,208 configurations: two hidden layers, each with activation and dropout, and how they are trained."""
    return network(HYPERPARAMETERS, outputs)


def network(of: Mapping[str, Any], outputs: int) -> Term:
    """The network with one value or several for each name of `HYPERPARAMETERS`."""
    return sequential(
        settings(batch_size=of["batch_size"], init_lr=of["init_lr"], lr_schedule=of["lr_schedule"]),
        Affine(of["n_units_1"]),
        Activation(of["activation_fn_1"]),
        Dropout(of["dropout_1"]),
        Affine(of["n_units_2"]),
        Activation(of["activation_fn_2"]),
        Dropout(of["dropout_2"]),
        Affine(outputs),
    )
