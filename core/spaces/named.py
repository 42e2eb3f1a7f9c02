"""The built-in search spaces by name."""

from collections.abc import Callable, Mapping

from attrs import frozen

from archwright.core.errors import ArchwrightError, show, suggest_names
from archwright.core.shape import Shape
from archwright.core.spaces.deeparchitect import deeparchitect, figure1, resnet, tfref
from archwright.core.spaces.digits import digits
from archwright.core.spaces.fcnet import fcnet
from archwright.core.spaces.lcbench import lcbench
from archwright.core.spaces.nasbench201 import nasbench201
from archwright.core.spaces.taskset import taskset
from archwright.core.term import Term


class UnknownSpace(ArchwrightError, LookupError):
    """A name that no built-in space has."""


@frozen
class NamedSpace:
    """A built-in space: its builder, the input shape that it is meant for, and its source."""

    build: Callable[[int], Term]  # given the number of classes, or of outputs
    input_shape: Shape
    source: str


SPACES: Mapping[str, NamedSpace] = {
    "figure1": NamedSpace(figure1, (3, 32, 32), "DeepArchitect, figure 1"),
    "deeparchitect": NamedSpace(deeparchitect, (3, 32, 32), "DeepArchitect, appendix A: the experimental space"),
    "tfref": NamedSpace(tfref, (3, 32, 32), "DeepArchitect, released code: a small convolutional space"),
    "resnet": NamedSpace(resnet, (3, 32, 32), "DeepArchitect, released code: residual networks"),
    "nasbench201": NamedSpace(nasbench201, (3, 32, 32), "NAS-Bench-201: a cell of six edges in a fixed network"),
    "fcnet": NamedSpace(fcnet, (9,), "Klein and Hutter 2019: a small regression network and its training"),
    "lcbench": NamedSpace(
        lcbench, (1,), "LCBench (Zimmer et al. 2021): the training and the size of a funnel of layers"
    ),
    "taskset": NamedSpace(taskset, (1,), "TaskSet (Metz et al. 2020): one of 1,000 settings of an optimizer"),
    "digits": NamedSpace(digits, (1, 8, 8), "archwright: small networks for small images"),
}


def named_space(name: str, classes: int = 10) -> Term:
    """The built-in space of that name, with `classes` outputs. UnknownSpace suggests similar names."""
    named = SPACES.get(name) if isinstance(name, str) else None  # pyright: ignore[reportUnnecessaryIsInstance]
    if named is None:
        raise UnknownSpace(f"there is no built-in space {show(name)}; {suggest_names(name, SPACES)}")
    return named.build(classes)
