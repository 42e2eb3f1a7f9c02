"""archwright: neural architecture search as a persistent tree.

What `__all__` lists is public; every other name, and every module, may change with any release.

Names in lower case build: `conv2d(...)` a module, `search(...)` a run. Names in CamelCase are the classes of what is
built: for `isinstance(term, Conv2d)`, and to derive one's own from. Every kind of module has both.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from archwright.core.analysis import count, dead_ends
from archwright.core.architecture import layers, settings_of
from archwright.core.budget import Budget
from archwright.core.check import check
from archwright.core.domain import Domain, values
from archwright.core.errors import ArchwrightError
from archwright.core.expression import larger, shared, smaller
from archwright.core.hyperparameter import Hyperparameter, hyperparameter, integer, number, one_of
from archwright.core.input import Input, features, image, signal, takes, tokens
from archwright.core.json import from_json, to_json
from archwright.core.modules.basic import (
    Activation,
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
    Settings,
    Zero,
    activation,
    relu,
    settings,
)
from archwright.core.modules.choices import Either, Repeat, either, maybe_swap, optional
from archwright.core.modules.composite import Branches, RepeatTied, Residual, Sequential, branches, sequential
from archwright.core.modules.graphs import Cell, Topology, cell, topology
from archwright.core.node import Node, replay, root
from archwright.core.objective import Objective, maximize, minimize, score
from archwright.core.ranges import integers, reals
from archwright.core.shape import Misfit, Shape
from archwright.core.spaces.named import named_space
from archwright.core.term import Basic, Composite, Rewriting, Term, child, children, module
from archwright.core.traversal import enumerate_leaves, sample

if TYPE_CHECKING:
    from archwright import callbacks
    from archwright.results import Comparison, Log, Rows, Run, Trial

# Modules whose builders take what their classes take.
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

__version__ = "0.1.0"

# What takes time to import, and is imported when it is first read: public names by the modules that hold them.
_LATE_NAMES: Mapping[str, str] = {
    "Comparison": "archwright.results.comparison",
    "Log": "archwright.results.log",
    "Rows": "archwright.results.rows",
    "Run": "archwright.results.run",
    "Trial": "archwright.results.trial",
    "callbacks": "archwright.callbacks",
}


def __getattr__(name: str) -> Any:
    if name not in _LATE_NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(_LATE_NAMES[name])
    value = globals()[name] = getattr(module, name, module)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


__all__ = [
    "Activation",
    "Affine",
    "ArchwrightError",
    "AvgPool2d",
    "Basic",
    "BatchNorm",
    "Branches",
    "Budget",
    "Cell",
    "Comparison",
    "Composite",
    "Conv2d",
    "Domain",
    "Dropout",
    "Either",
    "Flatten",
    "GlobalAvgPool",
    "Hyperparameter",
    "Identity",
    "Input",
    "Log",
    "MaxPool2d",
    "Misfit",
    "Node",
    "Objective",
    "ReluConvBn",
    "Repeat",
    "RepeatTied",
    "Residual",
    "Rewriting",
    "Rows",
    "Run",
    "Sequential",
    "Settings",
    "Shape",
    "Term",
    "Topology",
    "Trial",
    "Zero",
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
    "maximize",
    "maybe_swap",
    "minimize",
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
