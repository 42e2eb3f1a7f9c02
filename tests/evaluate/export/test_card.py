"""A card shows what others wrote as they wrote it: it is no HTML, no link, no picture, and steers nothing."""

import ast
import re
from html import unescape

from hypothesis import example, given

from archwright.core.errors import to_one_line
from archwright.evaluate.export.card import Card, write_card
from archwright.evaluate.export.model_file import Provenance, write_model_file
from tests.evaluate.export.test_folder import IMAGE, SMALL
from tests.terminal_text import find_controls, texts


def made(text: str) -> str:
    about = Card({text: text}, {text: text}, {text: text}, text, text, (text,))
    return write_card(
        about, Provenance(text, {text: text}, {text: text}), (IMAGE, (5,)), None, ("model.py",), {"model.onnx": text}
    )


@given(texts)
@example("<script>alert(1)</script>&lt;b&gt;![x](http://example.org/x.png) `code` | a\n\n# *title* _word_ snake_case\\")
def test_what_others_wrote_is_text(text):
    shown = made(text)
    assert not find_controls(shown) - {"\n", "\t"}
    assert len(made("a").splitlines()) == len(shown.splitlines())  # it makes no line of its own
    titles = [line for line in shown.splitlines() if line.startswith("# ")]
    inside = titles[0][2:]
    assert not re.search(r"[<>]|(?<!\\)[`*\[\]|~]", re.sub(r"\\\\", "", inside))
    assert unescape(re.sub(r"\\([\\`*_\[\]|~])", r"\1", inside)) == to_one_line(text.replace("\n", " "))


@given(texts)
@example('"""\nimport os; os.system("x")\n"""')
def test_the_origin_of_a_model_stays_in_the_documentation_of_its_code(text):
    """Whatever it says, the code after it is the same, and the file is one that Python reads."""
    written = write_model_file(SMALL, IMAGE, Provenance(text, {text: text}), None)
    usual = write_model_file(SMALL, IMAGE, Provenance("A model", {"run": "digits-1"}), None)
    assert [ast.dump(node) for node in ast.parse(written).body[1:]] == [ast.dump(n) for n in ast.parse(usual).body[1:]]
