"""What people write for options, and what it stands for."""

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from archwright.core.budget import InvalidBudget, parse_budget
from archwright.core.errors import BREAKS_AND_CONTROLS, ArchwrightError
from archwright.core.shape import Shape

DECIMAL_PATTERN = (
    r"[+-]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"  # .1 and 1. are numbers to people, though not in JSON
)


class BadOption(ArchwrightError, ValueError):
    """An option whose value cannot be read, or that does not go with another one."""


def parse_shape(text: str | None) -> Shape | None:
    """The shape that a text such as `3,32,32` names."""
    if text is None:
        return None
    axes = text.replace("x", ",").strip("() ").split(",")
    if not all(axis.strip().isdecimal() and int(axis) > 0 for axis in axes):
        raise BadOption(f"--input-shape is {text!r}; write positive integers without a batch, as in 3,32,32")
    return tuple(int(axis) for axis in axes)


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
    if (found := _parse_seconds(text)) is None:
        raise BadOption(f"--trial-timeout is {text!r}; write a time of more than 0, as in 90s, 10min or 1h")
    return found


def parse_grace(text: str) -> float:
    """The seconds that a text such as `10s`, `2min` or `0s` names as the grace of running trials."""
    found = 0.0 if re.fullmatch(r"0+(\.0*)?(s|seconds|m|min|h)?", text.strip()) else _parse_seconds(text)
    if found is None:
        raise BadOption(f"--grace is {text!r}; write a time, as in 10s, 2min or 0s")
    return found


def _parse_seconds(text: str) -> float | None:
    """The seconds of a time of more than 0; None for anything else."""
    with suppress(InvalidBudget):
        budget = parse_budget(text)
        return budget.amount if budget.unit == "seconds" else None
    return None


def require_plain_text(option: str, text: str) -> str:
    """`text`, which becomes part of what is logged and printed; BadOption if it holds a character that steers."""
    if found := BREAKS_AND_CONTROLS.search(text):
        raise BadOption(f"{option} is {text!r}, with the control character {found[0]!r} in it; write it without")
    return text


def parse_settings(option: str, texts: Sequence[str]) -> dict[str, Any]:
    """The settings that texts such as `batch_size=64` or `flip=true` name: JSON values, or else plain text."""
    found: dict[str, Any] = {}
    for name, value in (_parse_setting(option, text) for text in texts):
        if name in found:
            raise BadOption(f"{option} gives {name} twice, as {found[name]!r} and as {value!r}; keep one of them")
        found[name] = value
    return found


def parse_searcher_text(text: str, more: Sequence[str] = ()) -> tuple[str, dict[str, Any]]:
    """The name and the settings that a text such as `mcts,exploration=0.1` gives, and those that --set gives beside."""
    name, *settings = text.split(",")
    given, set_ = parse_settings("--searcher", settings), parse_settings("--set", more)
    if twice := sorted(given.keys() & set_.keys()):
        raise BadOption(f"--searcher {text} and --set both give {twice[0]}; keep one of them")
    return name, given | set_


def _parse_setting(option: str, text: str) -> tuple[str, Any]:
    name, equals, value = require_plain_text(option, text).partition("=")
    if not equals or not name.strip():
        raise BadOption(f"{option} is {text!r}; write name=value, as in batch_size=64")
    try:
        read = json.loads(value)
    except ValueError:  # it is no JSON, or a whole number of thousands of digits
        bare = value.strip()
        return name.strip(), float(bare) if re.fullmatch(DECIMAL_PATTERN, bare) else bare
    return name.strip(), require_plain_text(f"{option} {name.strip()}", read) if isinstance(read, str) else read


def parse_trials(text: str | None, now: int) -> int | None:
    """The number of trials in all that `64`, or `+32` beyond the `now` that were asked for, names."""
    if text is None:
        return None
    digits = text.strip().removeprefix("+")
    if not digits.isdecimal() or int(digits) == 0:
        raise BadOption(f"--trials is {text!r}; write how many in all, as in 64, or how many more, as in +32")
    return now + int(digits) if text.strip().startswith("+") else int(digits)
