"""What a person did that cannot be done: each error names the value, the place and the remedy."""

import difflib
from collections.abc import Iterable

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
