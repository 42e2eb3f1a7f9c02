"""The built-in search spaces by name."""

from collections.abc import Callable, Mapping
from functools import partial

from attrs import frozen

from archwright.core.errors import ArchwrightError, show, suggest_names
from archwright.core.shape import Shape
from archwright.core.spaces.deeparchitect import deeparchitect, figure1, resnet, tfref
from archwright.core.spaces.digits import digits
from archwright.core.spaces.fcnet import fcnet
from archwright.core.spaces.joint import joint, joint_released, joint_small, shake26
from archwright.core.spaces.lcbench import lcbench
from archwright.core.spaces.nasbench201 import nasbench201
from archwright.core.spaces.resnet18 import resnet18
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


_JOINT, _SHAKE = "Zela et al. 2018", "an architecture of joint, Gastaldi 2017"

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
    "joint": NamedSpace(joint, (3, 32, 32), f"{_JOINT}: a multi-branch residual network and its training"),
    "joint-small": NamedSpace(joint_small, (1, 8, 8), f"{_JOINT}, in small: for small images, on a CPU"),
    "joint-released": NamedSpace(joint_released, (3, 32, 32), f"{_JOINT}, as the released code has it"),
    **{
        f"shake26-2x{width}d": NamedSpace(partial(shake26, width=width), (3, 32, 32), f"{_JOINT}, a baseline: {_SHAKE}")
        for width in (32, 64, 96)
    },
    "resnet18": NamedSpace(resnet18, (3, 32, 32), f"{_JOINT}, a baseline: He et al. 2016"),
    "digits": NamedSpace(digits, (1, 8, 8), "archwright: small networks for small images"),
}


def named_space(name: str, classes: int = 10) -> Term:
    """The built-in space of that name, with `classes` outputs. UnknownSpace suggests similar names."""
    named = SPACES.get(name) if isinstance(name, str) else None  # pyright: ignore[reportUnnecessaryIsInstance]
    if named is None:
        raise UnknownSpace(f"there is no built-in space {show(name)}; {suggest_names(name, SPACES)}")
    return named.build(classes)
