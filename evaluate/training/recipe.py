"""The recipe of a training: its settings, their defaults, and recipes with a name."""

from collections.abc import Iterable, Mapping
from typing import Any

import attrs
from attrs import frozen

from archwright.core.errors import suggest_names
from archwright.core.expression import Shared
from archwright.core.hyperparameter import list_checked_values
from archwright.core.json import JSON
from archwright.core.modules.basic import Settings
from archwright.core.setting import (
    BadSetting,
    UnknownSetting,
    check_setting,
    choice_setting,
    flag_setting,
    number_setting,
    settings_by_name,
    whole_setting,
    with_settings,
)
from archwright.core.term import Term, iterate_terms
from archwright.core.value import Value

ALIASES = {"lr_init": "learning_rate"}  # DeepArchitect's name
OPTIMIZER_DEFAULTS: Mapping[JSON, Mapping[str, JSON]] = {  # defaults that depend on the optimizer
    "sgd": {"learning_rate": 0.05},
    "sgd_mom": {"learning_rate": 0.01, "momentum": 0.99},  # DeepArchitect's
}
OPTIMIZER_SETTINGS = (
    "learning_rate",
    "momentum",
    "nesterov",
    "weight_decay",
)  # whose good values depend on the optimizer
PAPER = "DeepArchitect, section 7 and its released code"
SETTINGS_OWNER = "the training"  # in messages: whose settings these are


@frozen
class Recipe:
    """The training of one model. Every field is a setting that a space may search over; 0 means none or never."""

    optimizer: str = choice_setting(
        "adam", "adamw", "sgd", "sgd_mom",
        meaning="sgd_mom is sgd with the paper's defaults",
        source="Kingma and Ba 2015; Loshchilov and Hutter 2019",
    )  # fmt: skip
    learning_rate: float = number_setting(0.001, meaning="its highest; by default 0.05 for sgd and 0.01 for sgd_mom")
    momentum: float = number_setting(0.9, high=1.0, meaning="of sgd and sgd_mom; by default 0.99 for sgd_mom")
    nesterov: bool = flag_setting(meaning="Nesterov's momentum, for sgd and sgd_mom", source="Sutskever et al. 2013")
    weight_decay: float = number_setting(
        0.0, meaning="added to the gradient; for adamw, apart from it and times the rate"
    )
    gradient_clip: float = number_setting(
        0.0, meaning="the norm to which a larger gradient of all parameters is cut down", source="Pascanu et al. 2013"
    )
    batch_size: int = whole_setting(
        128,
        unit="images",
        low=1,
        meaning="in a step; images at an epoch's end that fill no batch are left out, other ones in each epoch",
    )
    schedule: str = choice_setting(
        "constant", "cosine", "one_cycle", "warm_restarts",
        meaning="of the learning rate between warmup and horizon; one_cycle goes down in a straight line, and has a "
        "warmup of 0.3 by default; warm_restarts is cosine several times, each twice as long as the one before",
        source="Loshchilov and Hutter 2017; Smith and Topin 2018",
    )  # fmt: skip
    horizon: float = number_setting(
        0.0,
        meaning="the end of the schedule, in the budget's unit; 0: the end of the trial's own budget, or, where trials "
        "are continued, of the run's largest",
    )
    cycles: int = whole_setting(
        0,
        unit="cycles",
        high=30,
        meaning="of warm_restarts, which end at the horizon; 0: 1 where each trial has one budget, and of a ladder as "
        "many as it has rungs up to the trial's",
        source="Loshchilov and Hutter 2017; Zela et al. 2018",
    )
    warmup: float = number_setting(
        0.0,
        high=1.0,
        meaning="the fraction of the horizon in which the learning rate rises in a straight line, in every schedule",
        source="Goyal et al. 2017",
    )
    warmup_from: float = number_setting(
        0.04, high=1.0, meaning="where it begins to rise, as a fraction of the learning rate"
    )
    rate_end: float = number_setting(
        0.0,
        high=1.0,
        meaning="what cosine, one_cycle and warm_restarts go down to, as a fraction of the learning rate",
    )
    rate_mult: float = number_setting(
        0.1, high=1.0, meaning="what rate_patience multiplies the learning rate by", source=PAPER
    )
    rate_patience: int = whole_setting(
        0, unit="epochs", meaning="so many without a new best accuracy lower the learning rate", source=PAPER
    )
    lr_min: float = number_setting(1e-9, meaning="rate_mult takes the learning rate no lower", source=PAPER)
    stop_patience: int = whole_setting(
        0, unit="epochs", meaning="so many without a new best accuracy end it", source=PAPER
    )
    normalisation: str = choice_setting(
        "channel", "pixel",
        meaning="mean 0 and deviation 1 over the training images of each channel, or of each pixel of each channel",
        source=PAPER,
    )  # fmt: skip
    crop: int = whole_setting(
        0,
        unit="pixels",
        meaning="zeros around an image, out of which a window of its size is cut at random",
        source=PAPER,
    )
    flip: bool = flag_setting(meaning="left to right, half of the images", source=PAPER)
    cutout: int = whole_setting(
        0, unit="pixels", meaning="the side of a square that is blanked out at random", source="DeVries and Taylor 2017"
    )
    mixup: float = number_setting(
        0.0,
        meaning="alpha of the Beta distribution of the shares of two mixed images",
        source="Zhang et al. 2018",
    )
    label_smoothing: float = number_setting(
        0.0, high=1.0, meaning="the share of the label that all classes get alike", source="Szegedy et al. 2016"
    )
    ema_decay: float = number_setting(
        0.0,
        high=1.0,
        meaning="what a step leaves of the average of the weights, which is what is scored and kept; less in the first "
        "steps: no more than (1 + t) / (10 + t) after t of them",
        source="Polyak and Juditsky 1992",
    )
    initialization: str = choice_setting(
        "own", "he", "released",
        meaning="of all convolutions and affine layers: as each module says itself, or one rule for all; released is "
        "that of DeepArchitect's code, which starts convolutions far smaller",
        source="He et al. 2015; Glorot and Bengio 2010",
    )  # fmt: skip

    compile: bool = flag_setting(
        meaning="by torch.compile: a training of many steps is faster for it, a short one slower"
    )

    def __attrs_post_init__(self) -> None:
        if self.nesterov and self.momentum == 0:
            raise BadSetting("nesterov of the training is True and its momentum is 0; it must be more than 0 for that")


RECIPES: Mapping[str, Mapping[str, JSON]] = {
    "plain": {},
    # The paper searched over optimizer, learning_rate, rate_mult and rate_patience; 16 is in the middle of its range.
    "paper": {
        "batch_size": 64,
        "rate_patience": 16,
        "stop_patience": 64,
        "lr_min": 1e-9,
        "normalisation": "pixel",
        "crop": 4,
        "flip": True,
    },
    # Nothing in it depends on what the images are of: for photographs, add crop, flip and cutout.
    "modern": {
        "optimizer": "adamw",
        "learning_rate": 0.003,
        "weight_decay": 0.05,
        "schedule": "one_cycle",
        "label_smoothing": 0.1,
        "gradient_clip": 1.0,
        "ema_decay": 0.99,
    },
    # Zela et al. (2018) searched the learning rate, batch size, weight decay, momentum, mixup and cutout. What stands
    # for them here is what He et al. (2016), DeVries and Taylor (2017) and Zhang et al. (2018) have for CIFAR-10.
    "joint": {
        "optimizer": "sgd",
        "learning_rate": 0.1,
        "momentum": 0.9,
        "nesterov": True,
        "weight_decay": 1e-4,
        "batch_size": 128,
        "schedule": "warm_restarts",
        "crop": 4,
        "flip": True,
        "cutout": 16,
        "mixup": 1.0,
    },
}


def list_setting_names() -> list[str]:
    """All that a person may write, the aliases too."""
    return [*settings_by_name(Recipe), "recipe", *ALIASES]


def make_recipe(*settings: Mapping[str, JSON]) -> Recipe:
    """The recipe with these settings, where a later mapping takes precedence over an earlier one.

    A setting `recipe` names one of RECIPES, over which all other settings take precedence. If they name another
    optimizer than that recipe, the recipe's OPTIMIZER_SETTINGS are ignored. Raises UnknownSetting or BadSetting.
    """
    chosen: dict[str, Any] = _merge_settings(settings)
    base = _find_recipe(chosen.pop("recipe", "plain"))
    merged = {**base, **chosen}
    if "optimizer" in base and merged["optimizer"] != base["optimizer"]:
        merged = {**{name: value for name, value in base.items() if name not in OPTIMIZER_SETTINGS}, **chosen}
    defaults = dict(OPTIMIZER_DEFAULTS.get(str(merged.get("optimizer")), {}))
    if merged.get("schedule") == "one_cycle":
        defaults["warmup"] = 0.3
    return with_settings(Recipe(), SETTINGS_OWNER, {**defaults, **merged})


def find_effective_settings(*settings: Mapping[str, JSON]) -> dict[str, JSON]:
    """The settings that a training had: those in `settings`, with aliases resolved, and others not at their default."""
    chosen = _merge_settings(settings)
    effective, defaults = attrs.asdict(make_recipe(*settings)), attrs.asdict(Recipe())
    base = {"recipe": chosen["recipe"]} if "recipe" in chosen else {}
    return base | {name: value for name, value in effective.items() if name in chosen or value != defaults[name]}


def override_settings(settings: Mapping[str, JSON], overrides: Mapping[str, JSON]) -> dict[str, JSON]:
    """`settings` with aliases resolved, replaced by `overrides` of the same name; raises UnknownSetting."""
    return _merge_settings((settings, overrides))


def check_settings(space: Term) -> None:
    """Checks that every setting of the space is one of the training, and each of its values is legal.

    Both ends of a range are checked; computed values are not. Raises UnknownSetting or BadSetting.
    """
    for term in iterate_terms(space):
        for alias, entry in term.entries if isinstance(term, Settings) else ():
            (name,) = _resolve_aliases({alias: None})
            for value in list_checked_values(entry.domain if isinstance(entry, Shared) else entry):
                _check_value(name, value)


def _check_value(name: str, value: Value) -> None:
    if name == "recipe":
        _find_recipe(value)
    else:
        check_setting(Recipe, SETTINGS_OWNER, name, value)


def _find_recipe(name: JSON) -> Mapping[str, JSON]:
    if not isinstance(name, str) or name not in RECIPES:
        raise BadSetting(f"recipe of {SETTINGS_OWNER} is {name!r}; it may be {', '.join(RECIPES)}")
    return RECIPES[name]


def _merge_settings(settings: Iterable[Mapping[str, JSON]]) -> dict[str, JSON]:
    """One mapping, with aliases resolved, where a later mapping takes precedence over an earlier one."""
    merged: dict[str, JSON] = {}
    for mapping in settings:
        merged |= _resolve_aliases(mapping)
    return merged


def _resolve_aliases(settings: Mapping[str, JSON]) -> dict[str, JSON]:
    """The settings by the names that Recipe has for them; raises UnknownSetting or BadSetting."""
    known = [name for name in list_setting_names() if name not in ALIASES]
    resolved: dict[str, JSON] = {}
    for alias, value in settings.items():
        name = ALIASES.get(alias, alias)
        if name not in known:
            raise UnknownSetting(
                f"{SETTINGS_OWNER} has no setting {alias!r}; {suggest_names(alias, list_setting_names())}"
            )
        if name in resolved:
            raise BadSetting(f"the settings hold {name} under two names; keep one of them")
        resolved[name] = value
    return resolved
