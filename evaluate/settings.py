"""Settings that several evaluations have: their values, and what is wrong with others."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from attrs import field, frozen

from archwright.core.architecture import find_fixed_settings
from archwright.core.errors import BREAKS_AND_CONTROLS, ArchwrightError
from archwright.core.json import JSON
from archwright.core.objective import Objective
from archwright.core.term import Term
from archwright.store.origins import find_function_source, name_callable

# Ways of reading and splitting images. Whoever changes what images or splits come of the same files raises
# LATEST_READER, and keeps the old way for runs that were begun with it.
FIRST_READER = 1  # of runs whose JSON names none
LATEST_READER = 2  # of new runs
READERS = (FIRST_READER, LATEST_READER)


class BadEvaluationSetting(ArchwrightError, ValueError):
    """An evaluation's setting with a value that it cannot have."""


class UnusedSetting(ArchwrightError, ValueError):
    """A setting that was given and would do nothing, since nothing in the evaluation reads it."""


class WrongMetric(ArchwrightError, ValueError):
    """A metric that no search may have as its objective, or of which nothing is known when it is needed."""


def _device_exists(_: object, __: object, device: Any) -> None:
    if not isinstance(device, str) or not re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", device):
        raise BadEvaluationSetting(f"device is {device!r}; it may be auto, cpu, cuda, cuda:0, cuda:1 ... or mps")


def _leaves_both_sides(_: object, __: object, validation: float) -> None:
    if not 0 < validation < 1:
        raise BadEvaluationSetting(f"validation is {validation:g}; it is a fraction of the training images, as in 0.2")


def _as_size(size: Any) -> Any:
    return tuple(size) if isinstance(size, list) else size


def _is_size(_: object, __: object, size: Any) -> None:
    is_pair = isinstance(size, tuple) and [type(pixels) for pixels in cast("tuple[int, ...]", size)] == [int, int]
    if size is not None and not (is_pair and min(size) >= 1):
        raise BadEvaluationSetting(
            f"image_size is {size!r:.80}; it is a height and a width of 1 or more, as in (32, 32)"
        )


def _can_be_read(_: object, __: object, reader: int) -> None:
    if reader not in READERS:
        known = " or ".join(map(str, READERS))
        raise BadEvaluationSetting(
            f"reader is {reader!r}; this archwright reads images as {known} do, so upgrade archwright"
        )


def name_data(data: str | Callable[..., Any]) -> str:
    """The name of a data set: a text as it is, and of a person's function where any process finds it.

    Raises BadEvaluationSetting for a function that no other process can import, and for what is neither.
    """
    if isinstance(data, str):
        return data
    if not callable(data):
        raise BadEvaluationSetting(f"data is {data!r:.80}; it is a name, or a function that returns arrays")
    source = find_function_source(data)
    if source is None:
        raise BadEvaluationSetting(
            f"data is the function {name_callable(data)}, which no other process can import; put it into a file of its "
            "own, and import it from there or name it, as in data='file.py:load'"
        )
    return source


def device_setting() -> Any:
    """The field of a device; auto is a share of the GPUs if there are any, else the CPU."""
    return field(default="auto", validator=_device_exists)


def validation_setting() -> Any:
    """The field of the fraction of the training images that are held out to score on."""
    return field(default=0.2, validator=_leaves_both_sides)


def image_size_setting() -> Any:
    """The field of the height and width in pixels that the images of a folder get; None: they are all alike."""
    return field(default=None, converter=_as_size, validator=_is_size)


def reader_setting() -> Any:
    """The field of the way in which images are read and split, one of READERS."""
    return field(default=LATEST_READER, validator=_can_be_read)


@frozen
class DataSettings:
    """Which data set an evaluation reads, and how; see `load_dataset` for the meanings."""

    # digits, mnist, fashion_mnist, cifar10, cifar100, folder:PATH, npz:PATH, or a person's file.py:function.
    data: str
    data_dir: str | None = None  # where built-in data sets lie; None: $ARCHWRIGHT_DATA or the user's cache folder
    validation: float = validation_setting()
    split_seed: int = 0  # of the splits that are drawn
    image_size: tuple[int, int] | None = image_size_setting()
    reader: int = reader_setting()


def choose_metric(metric: str | None, usual: str, origin: str) -> str:
    """The metric of a search's objective: `metric`, or else the `usual` one, which `origin` names.

    WrongMetric if a log and its reports could not hold it, or if no search may look at it.
    """
    name, origin = (usual, origin) if metric is None else (metric, "metric")
    if not name or BREAKS_AND_CONTROLS.search(name):
        raise WrongMetric(f"{origin} is {name!r}; write a name without line breaks and control characters")
    if name.startswith("test_"):
        raise WrongMetric(f"{origin} is {name!r}; what test images say is for reports, not for a search to look at")
    return name


def make_objective(metric: str, minimize: bool | None, *, less_is_better: bool) -> Objective:
    """The objective: minimized if `minimize` says so, and if it is None, where `less_is_better`."""
    return Objective(metric, "minimize" if (less_is_better if minimize is None else minimize) else "maximize")


def find_overruled_settings(
    settings: Mapping[str, JSON], space: Term, aliases: Mapping[str, str] | None = None
) -> Iterator[str]:
    """A sentence for each of the settings that every model of the space sets itself; `aliases` are other names."""
    aliases = aliases or {}
    fixed_settings = {aliases.get(name, name): name for name in find_fixed_settings(space)}
    for name in settings:
        if (space_setting := fixed_settings.get(aliases.get(name, name))) is not None:
            yield f"{name} does nothing: the space sets {space_setting} in every model"
