"""Parsing the values of options."""

from collections.abc import Sequence
from typing import Any

from archwright.core.errors import BREAKS_AND_CONTROLS, ArchwrightError
from archwright.core.words import format_words, parse_plain_value, parse_setting, parse_words

MAX_EVENT_DIGITS = 18  # of a number that any log may have


class BadOption(ArchwrightError, ValueError):
    """An option whose value cannot be read, or that does not go with another one."""


def require_one_answer(**asked: object) -> None:
    """BadOption where more than one of these options is given, each of which gives the whole answer of a command."""
    names = [f"--{name}" for name, value in asked.items() if value]
    if len(names) > 1:
        raise BadOption(f"{' and '.join(names[:2])} are two answers; give one of them, and ask again for the other")


def parse_image_size(text: str | None) -> tuple[int, int] | None:
    """The height and width that a text such as `32x48`, or `32` for both, names."""
    if text is None:
        return None
    sides = text.strip().lower().split("x")
    if len(sides) > 2 or not all(side.isdecimal() and int(side) > 0 for side in sides):
        raise BadOption(f"--image-size is {text!r}; write height and width in pixels, as in 32x48, or 32 for both")
    return int(sides[0]), int(sides[-1])


def parse_event(text: str) -> int | str:
    """The number of an event, as in `20`; else the text, which may name a trial, as `best` does."""
    return int(text) if text.isdecimal() and len(text) <= MAX_EVENT_DIGITS else text


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


def merge_searcher_words(text: str, set_options: Sequence[str] = ()) -> str:
    """The text of a searcher with the settings of the --set options, too; raises as `parse_searcher_text`."""
    return format_words(*parse_searcher_text(text, set_options)) if set_options else text


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
