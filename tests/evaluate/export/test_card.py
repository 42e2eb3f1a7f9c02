"""A card shows texts literally: they are no HTML, no link, no picture, and no control characters."""

import ast
import re
from html import unescape

from hypothesis import example, given

import archwright as aw
from archwright.core.errors import to_one_line
from archwright.evaluate.export.card import Card, write_card
from archwright.evaluate.export.model_file import Provenance, write_model_file
from tests.evaluate.export.test_folder import IMAGE, SMALL
from tests.terminal_text import find_controls, texts


def write_card_of(text: str) -> str:
    """A card with the text in every place."""
    card = Card({text: text}, {text: text}, {text: text}, text, text, (text,))
    provenance = Provenance(text, {text: text}, {text: text})
    return write_card(card, provenance, aw.image(*IMAGE), (5,), None, ("model.py",), {"model.onnx": text})


@given(texts)
@example("<script>alert(1)</script>&lt;b&gt;![x](http://example.org/x.png) `code` | a\n\n# *title* _word_ snake_case\\")
def test_texts_are_shown_literally(text):
    markdown = write_card_of(text)
    assert not find_controls(markdown) - {"\n", "\t"}
    assert len(write_card_of("a").splitlines()) == len(markdown.splitlines())  # no text adds a line
    title = next(line for line in markdown.splitlines() if line.startswith("# "))[2:]
    assert not re.search(r"[<>]|(?<!\\)[`*\[\]|~]", re.sub(r"\\\\", "", title))
    assert unescape(re.sub(r"\\([\\`*_\[\]|~])", r"\1", title)) == to_one_line(text.replace("\n", " "))


@given(texts)
@example('"""\nimport os; os.system("x")\n"""')
def test_the_provenance_of_a_model_stays_in_the_docstring_of_its_code(text):
    """Whatever it says, the file is valid Python, and the code after it is the same."""
    code = write_model_file(SMALL, IMAGE, Provenance(text, {text: text}), None)
    expected = write_model_file(SMALL, IMAGE, Provenance("A model", {"run": "digits-1"}), None)
    assert [ast.dump(node) for node in ast.parse(code).body[1:]] == [
        ast.dump(node) for node in ast.parse(expected).body[1:]
    ]
