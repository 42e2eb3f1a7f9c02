"""Parsing the values of options."""

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from archwright.core.budget import InvalidBudget, parse_budget
from archwright.core.ends import InvalidEnd, RunEnds, choose_ends
from archwright.core.errors import BREAKS_AND_CONTROLS, ArchwrightError
from archwright.core.input import Input, parse_input
from archwright.core.words import parse_plain_value, parse_setting, parse_words


class BadOption(ArchwrightError, ValueError):
    """An option whose value cannot be read, or that does not go with another one."""


def parse_input_option(text: str | None) -> Input | None:
    """The input that a text such as `3,32,32` or `tokens:50,20` names; raises BadInput."""
    return None if text is None else parse_input(text)


def parse_image_size(text: str | None) -> tuple[int, int] | None:
    """The height and width that a text such as `32x48`, or `32` for both, names."""
    if text is None:
        return None
    sides = text.strip().lower().split("x")
    if len(sides) > 2 or not all(side.isdecimal() and int(side) > 0 for side in sides):
        raise BadOption(f"--image-size is {text!r}; write height and width in pixels, as in 32x48, or 32 for both")
    return int(sides[0]), int(sides[-1])


def parse_trial_timeout(text: str | None) -> float | None:
    """The seconds that a text such as `90s`, `10min` or `1h` names as the limit of a trial."""
    if text is None:
        return None
    if (seconds := _parse_seconds(text)) is None:
        raise BadOption(f"--trial-timeout is {text!r}; write a time of more than 0, as in 90s, 10min or 1h")
    return seconds


def parse_grace(text: str) -> float:
    """The seconds that a text such as `10s`, `2min` or `0s` names as the grace period of running trials."""
    seconds = 0.0 if re.fullmatch(r"0+(\.0*)?(s|seconds|m|min|h)?", text.strip()) else _parse_seconds(text)
    if seconds is None:
        raise BadOption(f"--grace is {text!r}; write a time, as in 10s, 2min or 0s")
    return seconds


def _parse_seconds(text: str) -> float | None:
    """The seconds of a time of more than 0; None for anything else."""
    with suppress(InvalidBudget):
        budget = parse_budget(text)
        return budget.amount if budget.unit == "seconds" else None
    return None


def require_plain_text(option: str, text: str) -> str:
    """`text`, which is going to be logged and printed; BadOption if it has a control character."""
    if match := BREAKS_AND_CONTROLS.search(text):
        raise BadOption(f"{option} is {text!r}, with the control character {match[0]!r} in it; write it without")
    return text


def parse_settings(option: str, texts: Sequence[str]) -> dict[str, Any]:
    """The settings that texts such as `batch_size=64` or `flip=true` name: JSON values, or else plain text."""
    return _collect_settings(option, [_parse_setting(option, text) for text in texts])


def _collect_settings(option: str, pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    for name, value in pairs:
        if name in settings:
            raise BadOption(f"{option} gives {name} twice, as {settings[name]!r} and as {value!r}; keep one of them")
        settings[name] = value
    return settings


def parse_searcher_text(text: str, set_options: Sequence[str] = ()) -> tuple[str, dict[str, Any]]:
    """The name and the settings of a searcher, from a text such as `mcts,exploration=0.1` and the --set options.

    Raises BadWords, and BadOption where a setting is given twice.
    """
    name, settings = parse_words(text)
    more_settings = parse_set_options(set_options)
    if duplicates := sorted(settings.keys() & more_settings.keys()):
        raise BadOption(f"--searcher {text} and --set both give {duplicates[0]}; keep one of them")
    return name, settings | more_settings


def parse_set_options(texts: Sequence[str]) -> dict[str, Any]:
    """The settings of a searcher that the --set options give, which may be searchers with settings themselves."""
    return _collect_settings("--set", [parse_setting(require_plain_text("--set", text)) for text in texts])


def _parse_setting(option: str, text: str) -> tuple[str, Any]:
    name, equals, value = require_plain_text(option, text).partition("=")
    if not equals or not name.strip():
        raise BadOption(f"{option} is {text!r}; write name=value, as in batch_size=64")
    plain_value = parse_plain_value(value)
    if isinstance(plain_value, str):
        require_plain_text(f"{option} {name.strip()}", plain_value)
    return name.strip(), plain_value


def name_option(error: InvalidEnd) -> BadOption:
    """The same error, about the option by which the end is given."""
    name, _, rest = str(error).partition(" ")
    return BadOption(f"--{name.replace('_', '-')} {rest}")


def read_new_ends(
    trials: int | None, time: str | None, until_score: float | None, no_improvement: int | None
) -> RunEnds:
    """The ends of a new run, as its options say them; BadOption."""
    try:
        return choose_ends(trials, time, until_score, no_improvement)
    except InvalidEnd as error:
        raise name_option(error) from None
