"""What a person did that cannot be done: each error names the value, the place and the remedy."""

import difflib
import re
import shlex
from collections.abc import Iterable
from pathlib import Path

LISTED = 20  # names in a message; nobody reads more


class ArchwrightError(Exception):
    """The root of every error that a user of archwright can cause."""


def nearest(name: str, known: Iterable[str]) -> str:
    """A remedy for an unknown name: the nearest known ones, or those that there are where none is near."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    if close:
        *others, last = close
        return f"did you mean {', '.join(others)} or {last}?" if others else f"did you mean {last}?"
    more = f" and {len(names) - LISTED:,} more" if len(names) > LISTED else ""
    return f"there are: {', '.join(names[:LISTED])}{more}" if names else "there are none"


def command(log: Path | None, verb: str, *words: str) -> str:
    """A command about a log, quoted for a shell; None where the log lies where commands look by themselves."""
    return shlex.join(["archwright", verb, *words, *([] if log is None else ["--log", str(log)])])


DEEPEST = 100  # modules in each other, those that others expand to among them; and computations in each other
SHOWN = 60  # letters of a place: those at its beginning say most


class TooDeep(ArchwrightError, RecursionError):
    """Modules nested too deep, or one that expands to itself without end; the message has the place."""

    def __init__(self, place: str) -> None:
        super().__init__(place)
        self.place = place

    def __str__(self) -> str:
        place = self.place if len(self.place) <= SHOWN else f"{self.place[:SHOWN]}…"
        return (
            f"more than {DEEPEST} levels are nested in each other at {place}; "
            "a module that expands to itself must come to an end, and others go side by side, as in sequential(a, b, c)"
        )


# C0 and C1 controls, DEL, what turns the direction of reading, what breaks lines, and halves of characters.
_STEERING = "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
STEERING = re.compile(f"[{_STEERING}]")
BREAKING = re.compile(f"[\t\n{_STEERING}]")


def printable(text: str) -> str:
    """`text` with nothing in it that steers a terminal; line breaks and tabs are as they were."""
    return STEERING.sub(_shown, text)


def one_line(text: str) -> str:
    """`text` as one line with nothing in it that steers a terminal."""
    return BREAKING.sub(_shown, text)


def plain_json(text: str) -> str:
    """JSON that says the same in characters none of which steers a terminal."""
    return STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _shown(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()
