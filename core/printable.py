r"""Text of others as it may be printed: characters that steer a terminal, or the order of reading, are shown, not sent.

They are written as Python writes them: an escape is `\x1b`. Where a text may have several lines, its line breaks and
tabs stay; a name or a cell of a table is one line, and has none.
"""

import re

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
