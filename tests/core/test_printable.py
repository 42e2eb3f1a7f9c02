"""Text of others, shown so that it steers no terminal."""

import json
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from archwright.core.errors import one_line, plain_json, printable

STEERS = "\x1b\x9b\x00\x07\x08\r\x7f\x85\u061c\u200e\u200f\u2028\u2029\u202e\u2066\u2069"
texts = st.text(st.one_of(st.characters(codec=None), st.sampled_from(STEERS + "\n\t")))


def steering(text: str) -> set[str]:
    """The characters of `text` that are controls, turn the direction of reading, or break lines, as Unicode has it."""
    turns = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    return {
        c for c in text if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") or unicodedata.bidirectional(c) in turns
    }


@given(texts)
def test_nothing_that_steers_a_terminal_is_left(text):
    assert steering(printable(text)) <= set("\n\t")
    assert not steering(one_line(text))


@given(texts)
def test_what_is_shown_is_shown_once_and_text_that_steers_nothing_is_as_it_was(text):
    shown = one_line(text)
    assert one_line(shown) == shown
    assert (shown == text) == (not steering(text) and not set(text) & set("\u061c\u200e\u200f"))


@given(st.recursive(texts, lambda inside: st.lists(inside) | st.dictionaries(texts, inside)))
def test_json_says_the_same(data):
    text = plain_json(json.dumps(data, ensure_ascii=False))
    assert json.loads(text) == data
    assert not steering(text)


def test_it_is_written_as_python_writes_it():
    assert printable("a\x1b[2J\n\tb\u202e\x9b") == r"a\x1b[2J" + "\n\tb" + r"\u202e\x9b"
    assert one_line("a\nb\tc") == r"a\nb\tc"
