"""Errors that a user can cause: each message names the value, its place and the remedy."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

MAX_NESTING = 100  # levels of modules in each other, also of those that others expand to; and of computations
MAX_NAMES = 20  # in a message
MAX_PLACE_CHARACTERS = 60  # of a place in a message: its beginning says most
MAX_VALUE_CHARACTERS = 80  # of a value in a message
MAX_SHOWN_BITS = 1000  # of an integer in a message: Python may refuse to write thousands of digits

# Other libraries' names, in small letters, for what has another one here.
NAMES_ELSEWHERE: Mapping[str, str] = {
    "lr": "learning_rate",
    "wd": "weight_decay",
    "bs": "batch_size",
    "out_features": "units",
    "out_channels": "filters",
    "kernel_size": "size",
    "kernel": "size",
    "p": "rate",
    "dense": "affine",
    "linear": "affine",
    "conv": "conv2d",
    "convolution": "conv2d",
    "convolution2d": "conv2d",
    "choice": "either",
    "categorical": "values",
    "uniform": "reals",
    "loguniform": "reals",
}

# C0 and C1 controls, DEL, what changes the direction of reading, line separators, and surrogates.
_CONTROLS = "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
CONTROLS = re.compile(f"[{_CONTROLS}]")
BREAKS_AND_CONTROLS = re.compile(f"[\t\n{_CONTROLS}]")


class ArchwrightError(Exception):
    """The root of every error that a user of archwright can cause."""


class TooDeep(ArchwrightError, RecursionError):
    """Modules nested too deep, or a module that expands to itself without end; the message has the place."""

    def __init__(self, place: str) -> None:
        super().__init__(place)
        self.place = place

    def __str__(self) -> str:
        place = cut_text(self.place, MAX_PLACE_CHARACTERS)
        return (
            f"more than {MAX_NESTING} levels are nested in each other at {place}; "
            "a module that expands to itself must come to an end, and others go side by side, as in sequential(a, b, c)"
        )


def cut_text(text: str, max_characters: int) -> str:
    """`text`; a longer one is cut, and ends in "…"."""
    return text if len(text) <= max_characters else f"{text[: max_characters - 1]}…"


def show(value: Any, max_characters: int = MAX_VALUE_CHARACTERS) -> str:
    """A value as a message has it: its `repr`, cut where it is long; if that raises, what it is and what it raises."""
    if isinstance(value, int) and value.bit_length() > MAX_SHOWN_BITS:
        return f"an integer of {value.bit_length()} bits"
    try:
        text = repr(value)
    except Exception as error:  # noqa: BLE001  (the code of a person's class may raise anything)
        return f"<{type(value).__name__} whose repr raises {type(error).__name__}>"
    return cut_text(text, max_characters)


def require_depth(place: str, depth: int) -> int:
    """How many modules are in each other at a place. TooDeep if they are too many."""
    if depth > MAX_NESTING:
        raise TooDeep(place)
    return depth


def suggest_names(name: object, known: Iterable[str]) -> str:
    """The remedy for an unknown name: up to three similar known names, or the known names if none is similar.

    That of another library has one here; else similar ones are near it, or begin with it.
    """
    from difflib import get_close_matches  # here, since most calls make no mistake

    names, text = sorted(known), str(name)
    elsewhere = NAMES_ELSEWHERE.get(text.lower(), text.lower())
    similar = [elsewhere] if elsewhere in names else get_close_matches(text, names, n=3, cutoff=0.5)
    if not similar and len(text) > 1:
        similar = [known for known in names if known.startswith(text)][:3]
    if similar:
        *others, last = similar
        return f"did you mean {', '.join(others)} or {last}?" if others else f"did you mean {last}?"
    more = f" and {len(names) - MAX_NAMES:,} more" if len(names) > MAX_NAMES else ""
    return f"there are: {', '.join(names[:MAX_NAMES])}{more}" if names else "there are none"


def escape_controls(text: str) -> str:
    """`text` with its control characters escaped, so that it cannot steer a terminal; line breaks and tabs stay."""
    return CONTROLS.sub(_escape, text)


def to_encodable(text: str) -> str:
    """`text` with question marks for what UTF-8 cannot write, so that a log can hold it; for texts for people alone."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def to_one_line(text: str) -> str:
    """`text` as one line: control characters, line breaks and tabs are escaped."""
    return BREAKS_AND_CONTROLS.sub(_escape, text)


def escape_json(text: str) -> str:
    """Equivalent JSON whose control characters are escaped, so that it cannot steer a terminal."""
    return CONTROLS.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode()
