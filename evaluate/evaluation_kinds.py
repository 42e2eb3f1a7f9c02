"""The kinds of evaluations: the short names of what is built in, and the sources of a person's own classes."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from archwright.core.errors import ArchwrightError
from archwright.store.origins import is_class_findable, name_class

# The evaluations that are built in, by their kinds: where their classes are. Each is imported when it is asked for,
# since tables need numpy.
EVALUATION_CLASSES: Mapping[str, str] = {
    "training": "archwright.evaluate.training.evaluation:Training",
    "function": "archwright.evaluate.functions.evaluation:Function",
    "nasbench201": "archwright.evaluate.tables.nasbench201:Nasbench201",
    "fcnet": "archwright.evaluate.tables.fcnet:Fcnet",
    "taskset": "archwright.evaluate.tables.taskset:TaskSet",
    "lcbench": "archwright.evaluate.tables.lcbench:LCBench",
    "told": "archwright.evaluate.told:Told",
}


class UnknownEvaluation(ArchwrightError, ValueError):
    """A kind of evaluation that is neither built in nor the source of a person's own class."""


def import_builtin_class(kind: str) -> type[Any]:
    """The class of a kind in EVALUATION_CLASSES."""
    module, _, name = EVALUATION_CLASSES[kind].partition(":")
    return getattr(import_module(module), name)


def find_kind(cls: type[Any]) -> str:
    """The kind that a log has for the evaluations of a class: the one that it says, else the source of the class."""
    return _read_own_kind(cls) or name_class(cls)


def is_class_named(cls: type[Any]) -> bool:
    """Whether every process finds a class of evaluations by its kind; one of a notebook or a function it does not."""
    return bool(_read_own_kind(cls)) or is_class_findable(cls)


def _read_own_kind(cls: type[Any]) -> str:
    return vars(cls).get("kind", "")  # a subclass is another kind than its base
