"""How a model is trained, as the settings of an architecture say it: their names, defaults, and what each may be."""

from collections.abc import Callable, Mapping
from typing import Any

import attrs
from attrs import field, frozen

from archwright.core.errors import ArchwrightError, nearest
from archwright.core.trial import JSON

ALIASES = {"lr_init": "learning_rate"}  # DeepArchitect's name
BY_OPTIMIZER: Mapping[JSON, Mapping[str, JSON]] = {  # defaults that depend on the optimizer
    "sgd": {"learning_rate": 0.05},
    "sgd_mom": {"learning_rate": 0.01, "momentum": 0.99},  # DeepArchitect's
}


class UnknownTrainingSetting(ArchwrightError, ValueError):
    """A setting of an architecture that the training does not know, or that is given under two names."""


class BadTrainingSetting(ArchwrightError, ValueError):
    """A setting of an architecture with a value that it cannot have."""


def _setting(default: JSON, remedy: str, holds: Callable[[Any], bool]) -> Any:
    def check(_: object, attribute: "attrs.Attribute[Any]", value: Any) -> None:
        if isinstance(value, bool) != isinstance(default, bool) or not holds(value):
            raise BadTrainingSetting(f"the setting {attribute.name} is {value!r}; it must be {remedy}")

    return field(default=default, validator=check)


def _choice(*options: str) -> Any:
    return _setting(options[0], f"one of {', '.join(options)}", options.__contains__)


def _number(default: float, high: float = float("inf")) -> Any:
    remedy = "a number of 0 or more" if high == float("inf") else f"a number from 0 to {high:g}"
    return _setting(default, remedy, lambda value: isinstance(value, int | float) and 0 <= value <= high)


def _count(default: int, of: str, low: int = 0) -> Any:
    return _setting(default, f"{low} or more {of}", lambda value: isinstance(value, int) and value >= low)


def _flag() -> Any:
    return _setting(False, "true or false", lambda _: True)


@frozen
class Recipe:
    """The training of one model. Every field is a setting that a space may search over; 0 means none or never."""

    optimizer: str = _choice("adam", "adamw", "sgd", "sgd_mom")
    learning_rate: float = _number(0.001)  # 0.05 for sgd, 0.01 for sgd_mom
    momentum: float = _number(0.9, high=1.0)  # of sgd; 0.99 for sgd_mom
    nesterov: bool = _flag()  # of sgd
    weight_decay: float = _number(0.0)
    batch_size: int = _count(128, "images", low=1)
    schedule: str = _choice("constant", "cosine")  # cosine: down to 0 at the end of the budget, whatever its unit
    label_smoothing: float = _number(0.0, high=1.0)
    rate_mult: float = _number(0.1, high=1.0)  # what the learning rate is multiplied by ...
    rate_patience: int = _count(0, "epochs")  # ... after so many without a new best accuracy
    lr_min: float = _number(1e-9)  # rate_mult takes the learning rate no lower
    stop_patience: int = _count(0, "epochs")  # training stops after so many without a new best accuracy
    crop: int = _count(0, "pixels")  # zeros around an image, of which a window of the old size is cut out at random
    flip: bool = _flag()  # left to right, half of the images
    cutout: int = _count(0, "pixels")  # the side of a square that is blanked out at random
    mixup: float = _number(0.0)  # alpha of the Beta distribution of the weights with which images are mixed


def recipe(*given: Mapping[str, JSON]) -> Recipe:
    """The recipe of some settings, where a later mapping overrules an earlier one.

    Raises UnknownTrainingSetting or BadTrainingSetting.
    """
    chosen: dict[str, Any] = {}
    for settings in given:
        chosen |= _by_our_names(settings)
    return Recipe(**{**BY_OPTIMIZER.get(str(chosen.get("optimizer")), {}), **chosen})


def _by_our_names(settings: Mapping[str, JSON]) -> dict[str, JSON]:
    known = [a.name for a in attrs.fields(Recipe)]
    named: dict[str, JSON] = {}
    for name, value in settings.items():
        ours = ALIASES.get(name, name)
        if ours not in known:
            raise UnknownTrainingSetting(f"the training has no setting {name!r}; {nearest(name, [*known, *ALIASES])}")
        if ours in named:
            raise UnknownTrainingSetting(f"the settings hold {ours} under two names; keep one of them")
        named[ours] = value
    return named
