"""archwright: neural architecture search as a persistent tree."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

# Modules and spaces.
# Nodes, samples and architectures.
from archwright.core.analysis import count, dead_ends
from archwright.core.architecture import layers, settings_of

# Searches.
from archwright.core.budget import Budget
from archwright.core.check import check

# Hyperparameters and their domains.
from archwright.core.domain import Domain, values
from archwright.core.errors import ArchwrightError
from archwright.core.expression import larger, shared, smaller

# Kinds of module that users define.
from archwright.core.hyperparameter import Hyperparameter, hyperparameter, integer, number, one_of

# Inputs of models.
from archwright.core.input import Input, features, image, signal, takes, tokens
from archwright.core.json import from_json, to_json
from archwright.core.modules.basic import (
    Affine,
    AvgPool2d,
    BatchNorm,
    Conv2d,
    Dropout,
    Flatten,
    GlobalAvgPool,
    Identity,
    MaxPool2d,
    ReluConvBn,
    Zero,
    activation,
    relu,
    settings,
)
from archwright.core.modules.choices import Repeat, either, maybe_swap, optional
from archwright.core.modules.composite import RepeatTied, Residual, branches, sequential
from archwright.core.modules.graphs import cell, topology
from archwright.core.node import Node, replay, root
from archwright.core.objective import score
from archwright.core.ranges import integers, reals
from archwright.core.shape import Misfit, Shape
from archwright.core.spaces.named import named_space
from archwright.core.term import Basic, Composite, Rewriting, Term, child, children, module
from archwright.core.traversal import enumerate_leaves, sample

if TYPE_CHECKING:
    from archwright import callbacks

# Modules are written as functions are: aw.conv2d(filters=[32, 64], size=3).
affine = Affine
avg_pool2d = AvgPool2d
batch_norm = BatchNorm
conv2d = Conv2d
dropout = Dropout
flatten = Flatten
global_avg_pool = GlobalAvgPool
identity = Identity
max_pool2d = MaxPool2d
relu_conv_bn = ReluConvBn
repeat = Repeat
repeat_tied = RepeatTied
residual = Residual
zero = Zero

_LATE_MODULES = ("callbacks",)  # imported when they are first read, with all that they need


def __getattr__(name: str) -> Any:
    if name not in _LATE_MODULES:
        raise AttributeError(f"module 'archwright' has no attribute {name!r}")
    return import_module(f"archwright.{name}")


__all__ = [
    "ArchwrightError",
    "Basic",
    "Budget",
    "Composite",
    "Domain",
    "Hyperparameter",
    "Input",
    "Misfit",
    "Node",
    "Rewriting",
    "Shape",
    "Term",
    "activation",
    "affine",
    "avg_pool2d",
    "batch_norm",
    "branches",
    "callbacks",
    "cell",
    "check",
    "child",
    "children",
    "conv2d",
    "count",
    "dead_ends",
    "dropout",
    "either",
    "enumerate_leaves",
    "features",
    "flatten",
    "from_json",
    "global_avg_pool",
    "hyperparameter",
    "identity",
    "image",
    "integer",
    "integers",
    "larger",
    "layers",
    "max_pool2d",
    "maybe_swap",
    "module",
    "named_space",
    "number",
    "one_of",
    "optional",
    "reals",
    "relu",
    "relu_conv_bn",
    "repeat",
    "repeat_tied",
    "replay",
    "residual",
    "root",
    "sample",
    "score",
    "sequential",
    "settings",
    "settings_of",
    "shared",
    "signal",
    "smaller",
    "takes",
    "to_json",
    "tokens",
    "topology",
    "values",
    "zero",
]

__version__ = "0.1.0"
