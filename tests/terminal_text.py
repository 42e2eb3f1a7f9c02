"""Text that may steer a terminal, and the characters in it that do."""

import unicodedata

from hypothesis import strategies as st

STEERING = "\x1b\x9b\x00\x07\x08\r\x7f\x85\u061c\u200e\u200f\u2028\u2029\u202e\u2066\u2069"
texts = st.text(st.one_of(st.characters(codec=None), st.sampled_from(STEERING + "\n\t")))


def find_controls(text: str) -> set[str]:
    """The characters of `text` that Unicode calls controls, that change the direction of reading, or break lines."""
    directions = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    return {
        c
        for c in text
        if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") or unicodedata.bidirectional(c) in directions
    }
