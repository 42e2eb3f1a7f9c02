"""The house stays one that people find their way in: names are defined once, modules and functions stay small."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator

import pytest

from tests.paths import ROOT, list_product_modules

MAX_MODULE_LINES = 400
MAX_FUNCTION_LINES = 40
MAX_COMMAND_STATEMENTS = 8  # in it, also of those in others, beside imports
COMMANDS = "cli/commands/"  # whose functions are long signatures: a line and more for each option
COMMAND_NAMES = (
    "best|compare|correlation|export|fork|importance|plot|replay|resume|retrain|runs|search|show|space|sql|verify"
)
FACE = ("src/archwright/studies/", "src/archwright/results/run.py")  # and whose functions take what those do
# What ends so and is a verb, or a public name, or the field's name of a quantity.
NO_PARTICIPLES = {
    "_feed",
    "_seed_generators",
    "expected_improvement",
    "mutated",
    "named_hyperparameters",
    "named_space",
    "wired",
    "normalised",
    "shared",
    "weighted",
}


MODULES = list_product_modules()


def find_public_names(tree: ast.Module) -> Iterator[str]:
    """What a module defines itself, at its top, for others."""
    for node in tree.body:
        match node:
            case ast.FunctionDef(name) | ast.ClassDef(name):
                names = [name]
            case ast.Assign(targets):
                names = [target.id for target in targets if isinstance(target, ast.Name)]
            case ast.AnnAssign(ast.Name(name)):
                names = [name]
            case _:
                names = []
        yield from (name for name in names if not name.startswith("_"))


def test_a_public_name_is_defined_in_one_module():
    """One concept, one name; one name, one concept."""
    defined = defaultdict[str, set[str]](set)
    for path in MODULES:
        if str(path).startswith(COMMANDS):  # a command is called as the function that it calls
            continue
        for name in find_public_names(ast.parse((ROOT / path).read_text())):
            defined[name].add(str(path))
    assert len(defined) > 1400
    assert {name: sorted(paths) for name, paths in defined.items() if len(paths) > 1} == {}


def find_texts(tree: ast.Module) -> Iterator[str]:
    """The texts of a module, with {} for what is put into them; no docstrings."""
    others = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    others |= {id(value) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for value in node.values}
    for node in ast.walk(tree):
        match node:
            case ast.JoinedStr(values) if id(node) not in others:
                yield "".join(str(value.value) if isinstance(value, ast.Constant) else "{}" for value in values)
            case ast.Constant(str() as text) if id(node) not in others:
                yield text
            case _:
                pass


@pytest.mark.parametrize("path", [path for path in MODULES if path.parts[0] != "cli"], ids=str)
def test_a_message_that_speaks_of_the_command_line_speaks_of_python_too(path):
    """Beneath the command line nobody knows where a person is. Texts that are but an option or a command are parts."""
    words, part = (
        re.compile(rf"--[a-z]|archwright ({COMMAND_NAMES})\b"),
        re.compile(r"--[a-z-]+|archwright [A-Za-z{} -]+"),
    )
    texts = [text for text in find_texts(ast.parse((ROOT / path).read_text())) if words.search(text)]
    assert [text for text in texts if not part.fullmatch(text) and " in Python" not in text] == []


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_modules_and_functions_are_small(path):
    text = (ROOT / path).read_text()
    assert len(text.splitlines()) <= MAX_MODULE_LINES
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
    lines = {node.name: (node.end_lineno or 0) - node.lineno + 1 for node in functions}
    if not str(path).startswith((COMMANDS, *FACE)):
        assert {name: count for name, count in lines.items() if count > MAX_FUNCTION_LINES} == {}


def test_a_command_parses_calls_and_prints():
    """What it does is the public face's: so the command line is smaller than what searches."""
    lines = dict.fromkeys(("cli", "search"), 0)
    for path in MODULES:
        if path.parts[0] in lines:
            lines[path.parts[0]] += len((ROOT / path).read_text().splitlines())
    assert lines["cli"] < lines["search"]
    functions = [
        node
        for path in MODULES if str(path).startswith(COMMANDS)
        for node in ast.parse((ROOT / path).read_text()).body if isinstance(node, ast.FunctionDef)
    ]  # fmt: skip
    statements = {
        function.name: [
            node
            for statement in function.body[1:]
            for node in ast.walk(statement)
            if isinstance(node, ast.stmt) and not isinstance(node, ast.Import | ast.ImportFrom)
        ]
        for function in functions
    }
    assert len(statements) >= 15
    assert {name: len(body) for name, body in statements.items() if len(body) > MAX_COMMAND_STATEMENTS} == {}
    assert [name for name in statements if name.startswith("_")] == []  # a helper prints, or is the face's


def find_silent_cuts(tree: ast.Module) -> Iterator[str]:
    """What is put into a text and cut there without a sign, as by {value!r:.80}, {text:.{LIMIT}} or {line[:40]!r}."""
    for node in ast.walk(tree):
        match node:
            case ast.FormattedValue(ast.Subscript(slice=ast.Slice(None, ast.expr())), 114):  # of its repr
                yield ast.unparse(node.value)
            case ast.FormattedValue(_, _, ast.JoinedStr(values)):
                parts = [str(part.value) if isinstance(part, ast.Constant) else "0" for part in values]
                if re.search(r"\.[0-9]+s?$", "".join(parts)):
                    yield ast.unparse(node.value)
            case ast.Subscript(ast.Call(ast.Name("repr")), ast.Slice()):
                yield ast.unparse(node)
            case _:
                pass


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ('f"{value!r:.80}"', ["value"]),
        ('f"{text:.{LIMIT}}, {text:<9.9s}"', ["text", "text"]),
        ('f"{line[:40]!r}", repr(line)[:40]', ["line[:40]", "repr(line)[:40]"]),
        ('f"{show(value)}, {number:.4f}, {number:.3g}, {number:,}, {lines[0]!r}, {names[:3]}"', []),
    ],
)
def test_silent_cuts_are_found(code, found):
    assert sorted(find_silent_cuts(ast.parse(code))) == sorted(found)


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_a_message_says_where_a_value_is_cut(path):
    """Else a part is taken for the whole: `show` of core/errors.py ends it with an ellipsis."""
    assert list(find_silent_cuts(ast.parse((ROOT / path).read_text()))) == []


def is_property(function: ast.FunctionDef) -> bool:
    """Whether a method is read as an attribute is: those are nouns and adjectives."""
    decorators = [ast.unparse(decorator) for decorator in function.decorator_list]
    return any(name.endswith("property") for name in decorators)


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_functions_are_verbs(path):
    """As far as letters tell: no function is called by a participle, as in padded or sorted edges."""
    tree = ast.parse((ROOT / path).read_text())
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and not is_property(node)]
    names = {function.name for function in functions} - NO_PARTICIPLES
    assert [name for name in sorted(names) if name.strip("_").split("_")[0].endswith("ed")] == []
