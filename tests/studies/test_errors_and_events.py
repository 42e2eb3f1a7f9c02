"""What a caller may catch, and what a callback is called with, is found in `aw.errors` and `aw.events`."""

import ast
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import get_args

import pytest

import archwright as aw
from archwright.store.events import Event
from tests.mentioned_names import read_page_lines
from tests.paths import ROOT, list_product_modules

# Of the workers and of what runs them: caught before they reach anybody.
INTERNAL = {"MalformedMessage", "NoFreeSlot", "NothingToKill", "ReportedByChild"}
MODULES = [str(path.with_suffix("")).removeprefix("src/archwright/") for path in list_product_modules()]


def find_error_classes() -> Iterator[type[aw.ArchwrightError]]:
    """Every class of an error that is defined below the command line, by the names that modules give them."""
    for path in MODULES:
        if not path.startswith("cli/"):
            module = import_module(f"archwright.{path.removesuffix('/__init__').replace('/', '.')}")
            for name, value in vars(module).items():
                is_error = isinstance(value, type) and issubclass(value, aw.ArchwrightError)
                if is_error and value.__module__ == module.__name__ and not name.startswith("_"):
                    yield value


ERRORS = {cls.__name__: cls for cls in find_error_classes()}


def test_every_error_is_there_by_its_name():
    """A new class of errors goes into src/archwright/errors.py: for what reads types, and for what runs."""
    assert len(ERRORS) > 140
    named = set(ERRORS) - INTERNAL
    assert set(dir(aw.errors)) - named == {"RunInterrupted"}
    assert named - set(dir(aw.errors)) == set()
    for name in named:
        assert getattr(aw.errors, name) is ERRORS[name]
    assert issubclass(aw.errors.RunInterrupted, KeyboardInterrupt)
    with pytest.raises(AttributeError, match="no attribute 'RunExist'"):
        aw.errors.RunExist  # noqa: B018


def test_types_are_told_of_every_error_that_is_there():
    tree = ast.parse((ROOT / "src" / "archwright" / "errors.py").read_text())
    imports = [node for block in tree.body if isinstance(block, ast.If) for node in block.body]
    typed = {alias.asname: node.module for node in imports if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert typed == {name: getattr(aw.errors, name).__module__ for name in dir(aw.errors)}


def test_errors_that_pages_and_docstrings_of_the_face_name_are_there():
    faces = [getattr(aw, name) for name in aw.__all__]
    members = [member for face in faces if isinstance(face, type) for _, member in inspect.getmembers(face, callable)]
    docstrings = [inspect.getdoc(face) or "" for face in (*faces, *members)]
    texts = [*docstrings, *(line.text for line in read_page_lines())]
    mentioned = {name for text in texts for name in re.findall(r"\b[A-Z]\w+\b", text)} & set(ERRORS)
    assert {"RunExists", "FunctionNeeded", "NothingScored", "NoWeights", "RunIsBusy"} <= mentioned
    assert mentioned - set(dir(aw.errors)) == set()


def test_events_are_those_of_a_log():
    assert set(aw.events.__all__) == {"Event", *(kind.__name__ for kind in get_args(Event))}
    assert all(getattr(aw.events, kind.__name__) is kind for kind in get_args(Event))


def test_an_error_is_named_before_anything_heavy_is_imported():
    light = "import sys, archwright as aw; aw.errors.RunExists, aw.events.Scored; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", light], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
