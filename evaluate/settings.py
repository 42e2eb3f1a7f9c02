"""Settings that several evaluations have: their values, and what is wrong with others."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, SupportsFloat, TypeVar, cast

from attrs import AttrsInstance, evolve, field

from archwright.core.architecture import find_fixed_settings
from archwright.core.errors import BREAKS_AND_CONTROLS, ArchwrightError, show
from archwright.core.json import JSON
from archwright.core.readers import ValueReader, make_validator
from archwright.core.setting import BadSetting
from archwright.core.term import Term
from archwright.core.value import as_integer

# Ways of reading and splitting images. Whoever changes what images or splits come of the same files raises
# LATEST_READER, and keeps the old way for runs that were begun with it.
FIRST_READER = 1  # of runs whose JSON names none
LATEST_READER = 2  # of new runs
READERS = (FIRST_READER, LATEST_READER)

_VALUE_READER = ValueReader(BadSetting)
Changed = TypeVar("Changed", bound=AttrsInstance)


class UnusedSetting(ArchwrightError, ValueError):
    """A setting that was given and would do nothing, since nothing in the evaluation reads it."""


class UnusedHyperparameter(UnusedSetting):
    """A setting of a function by its own name, as x of own.py:function,x=1, that nothing would read."""


class WrongMetric(ArchwrightError, ValueError):
    """A metric that no search may have as its objective, or of which nothing is known when it is needed."""


def _device_exists(_: object, __: object, device: Any) -> None:
    if not isinstance(device, str) or not re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", device):
        raise BadSetting(f"device is {device!r}; it may be auto, cpu, cuda, cuda:0, cuda:1 ... or mps")


def _leaves_both_sides(_: object, __: object, validation: Any) -> None:
    is_number = isinstance(validation, SupportsFloat) and not isinstance(validation, bool)
    if not (is_number and 0 < float(validation) < 1):
        said = f"{validation:g}" if is_number else show(validation)
        raise BadSetting(f"validation is {said}; it is a fraction of the training examples, as in 0.2")


def _as_path(folder: Any) -> Any:
    return str(folder) if isinstance(folder, Path) else folder


def _is_folder(_: object, __: object, folder: Any) -> None:
    if folder is not None and not (isinstance(folder, str) and folder):
        raise BadSetting(f"data_dir is {show(folder)}; it is the path of a folder, as in 'data'")


def _as_size(size: Any) -> Any:
    return tuple(map(as_integer, cast("list[Any]", size))) if isinstance(size, list | tuple) else size


def _is_size(_: object, __: object, size: Any) -> None:
    is_pair = isinstance(size, tuple) and [type(pixels) for pixels in cast("tuple[int, ...]", size)] == [int, int]
    if size is not None and not (is_pair and min(size) >= 1):
        raise BadSetting(f"image_size is {show(size)}; it is a height and a width of 1 or more, as in (32, 32)")


def _can_be_read(_: object, __: object, reader: int) -> None:
    if reader not in READERS:
        known = " or ".join(map(str, READERS))
        raise BadSetting(f"reader is {reader!r}; this archwright reads images as {known} do, so upgrade archwright")


def change(evaluation: Changed, **changes: Any) -> Changed:
    """The evaluation with other settings; what is None is as it was."""
    return evolve(evaluation, **{name: value for name, value in changes.items() if value is not None})


def device_setting() -> Any:
    """The field of a device; auto is a share of the GPUs if there are any, else the CPU."""
    return field(default="auto", validator=_device_exists)


def validation_setting() -> Any:
    """The field of the fraction of the training images that are held out to score on."""
    return field(default=0.2, validator=_leaves_both_sides)


def image_size_setting() -> Any:
    """The field of the height and width in pixels that the images of a folder get; None: they are all alike."""
    return field(default=None, converter=_as_size, validator=_is_size)


def data_dir_setting() -> Any:
    """The field of where built-in data sets lie; None: $ARCHWRIGHT_DATA or the user's cache folder."""
    return field(default=None, converter=_as_path, validator=_is_folder)


def split_seed_setting() -> Any:
    """The field of the seed of the splits that are drawn: train, validation and, where the data has none, test."""
    return field(default=0, converter=as_integer, validator=make_validator(_VALUE_READER.read_integer))


def threads_setting() -> Any:
    """The field of the CPU threads of one worker; 0: its share of the cores."""
    return field(default=0, converter=as_integer, validator=make_validator(_VALUE_READER.read_count))


def hyperparameters_setting() -> Any:
    """The field of hyperparameters by their names."""
    return field(factory=dict[str, JSON], validator=make_validator(_VALUE_READER.check_mapping))


def reader_setting() -> Any:
    """The field of the way in which images are read and split, one of READERS."""
    return field(default=LATEST_READER, validator=_can_be_read)


def choose_metric(metric: str | None, usual: str, origin: str) -> str:
    """The metric of a search's objective: `metric`, or else the `usual` one, which `origin` names.

    WrongMetric if a log and its reports could not hold it, or if no search may look at it.
    """
    name, origin = (usual, origin) if metric is None else (metric, "metric")
    if not name or BREAKS_AND_CONTROLS.search(name):
        raise WrongMetric(f"{origin} is {name!r}; write a name without line breaks and control characters")
    if name.startswith("test_"):
        raise WrongMetric(f"{origin} is {name!r}; what the test split says is for reports, not for a search to look at")
    return name


def find_overruled_settings(
    settings: Mapping[str, JSON], space: Term, aliases: Mapping[str, str] | None = None
) -> Iterator[str]:
    """A sentence for each of the settings that every model of the space sets itself; `aliases` are other names."""
    aliases = aliases or {}
    fixed_settings = {aliases.get(name, name): name for name in find_fixed_settings(space)}
    for name in settings:
        if (space_setting := fixed_settings.get(aliases.get(name, name))) is not None:
            yield f"{name} does nothing: the space sets {space_setting} in every model"
