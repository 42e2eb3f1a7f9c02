"""The house stays one that people find their way in: names are defined once, modules and functions stay small."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.paths import ROOT

PARTS = ("core", "search", "evaluate", "store", "cli")
MAX_MODULE_LINES = 400
MAX_FUNCTION_LINES = 40
COMMANDS = "cli/commands/"  # whose functions are long signatures: a line and more for each option
# Their names and those of other parts are settled once the commands call the public face of the library.
NOT_YET_UNIQUE = "cli/"


def list_modules() -> list[Path]:
    """Every module of the product, by its path from the root."""
    return [path.relative_to(ROOT) for part in PARTS for path in sorted((ROOT / part).rglob("*.py"))]


MODULES = list_modules()


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
        if not str(path).startswith(NOT_YET_UNIQUE):
            for name in find_public_names(ast.parse((ROOT / path).read_text())):
                defined[name].add(str(path))
    assert len(defined) > 900
    assert {name: sorted(paths) for name, paths in defined.items() if len(paths) > 1} == {}


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_modules_and_functions_are_small(path):
    text = (ROOT / path).read_text()
    assert len(text.splitlines()) <= MAX_MODULE_LINES
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
    lines = {node.name: (node.end_lineno or 0) - node.lineno + 1 for node in functions}
    if not str(path).startswith(COMMANDS):
        assert {name: count for name, count in lines.items() if count > MAX_FUNCTION_LINES} == {}
