"""`archwright.search` is a folder of modules and the function that begins a search: each as people and tools use it."""

import ast
import copy
import importlib
import inspect
import pickle
import pydoc
import subprocess
import sys
from unittest.mock import patch

import cloudpickle
import pytest
from IPython.core import oinspect

import archwright as aw
import archwright.search
import archwright.search.running.loop as loop_module
from archwright import search
from archwright.search.searchers.mcts import Mcts
from archwright.studies.searching import search as search_function
from tests.paths import ROOT


def test_the_function_and_the_package_are_one():
    assert aw.search is search is archwright.search is sys.modules["archwright.search"]
    assert callable(aw.search)
    assert inspect.signature(aw.search) == inspect.signature(search_function)
    assert aw.search.__doc__.endswith(f"\n\n{search_function.__doc__}")
    assert importlib.import_module("archwright.search") is aw.search
    assert importlib.reload(aw.search) is aw.search
    with pytest.raises(aw.ArchwrightError, match="the space is None; a space is"):
        search(None)  # type: ignore[arg-type]


def test_help_shows_the_function_before_the_package():
    shown = pydoc.plain(pydoc.render_doc(aw.search))
    texts = [
        "    search(\n        space: Term | Callable[..., Term] | str,\n        evaluation: Evaluation | ",
        "        *,\n        searcher: ",
        "        workers: int | None = None,\n",
        ") -> Run",
        "Search a space for good models",
        "        trial_timeout: kills an attempt",
        "PACKAGE CONTENTS",
    ]
    places = [shown.index(text) for text in texts]
    assert places == sorted(places)
    assert "progress: bool = True" in shown  # a command's own way of telling is no affair of people's


def test_a_notebook_shows_its_signature_and_its_docstring():
    """As `aw.search?` does."""
    shown = oinspect.Inspector(theme_name="nocolor").info(aw.search)
    assert "space: " in shown["call_def"] or "space: " in shown["definition"]
    assert "Search a space for good models" in shown["docstring"]


def test_modules_of_the_package_are_found_by_every_way():
    assert aw.search.running.loop is loop_module is importlib.import_module("archwright.search.running.loop")
    assert aw.search.__path__
    assert aw.search.__spec__.name == aw.search.__name__ == "archwright.search"


def test_its_classes_are_pickled():
    for module in (pickle, cloudpickle):
        assert pickle.loads(module.dumps(Mcts(exploration=0.5))) == Mcts(exploration=0.5)
    assert pickle.loads(pickle.dumps(loop_module.NothingScored)) is loop_module.NothingScored
    assert copy.deepcopy(Mcts()) == Mcts()


def test_its_names_are_patched(monkeypatch):
    with patch("archwright.search.running.loop.NothingScored", "patched"):
        assert loop_module.NothingScored == "patched"
    monkeypatch.setattr("archwright.search.running.loop.NothingScored", "again")
    assert loop_module.NothingScored == "again"
    with patch("archwright.search") as patched:
        assert aw.search is patched
    assert aw.search is archwright.search is sys.modules["archwright.search"]


HEAVY = ("torch", "duckdb", "numpy", "matplotlib", "rich", "typer", "pandas", "polars")

IMPORT = f"""
import sys
import archwright
print(*[name for name in {HEAVY} if name in sys.modules])
"""


def test_importing_the_package_imports_nothing_heavy():
    done = subprocess.run([sys.executable, "-c", IMPORT], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("archwright.Log", ("core.analysis.counting", "core.drawing.svg", "core.membership", "execution.resuming")),
        ("archwright.Run", ("core.analysis.counting", "core.drawing.svg", "core.membership", "execution.retraining")),
        ("archwright.study", ("core.membership", "core.modules.grammar")),
        ("archwright.studies.searching", ("core.membership", "core.modules.grammar")),
        ("archwright.describe_space", ("core.membership", "core.modules.grammar", "core.node", "core.variation")),
    ],
)
def test_what_few_ask_for_is_loaded_when_they_do(name, parts):
    """To look at a run takes nothing that trains, and to begin one nothing that finds models in other spaces."""
    code = (
        f"import sys, archwright; from pydoc import locate; assert locate({name!r})\n"
        f"print(*[part for part in {parts} if f'archwright.{{part}}' in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_every_public_name_is_there_and_its_own():
    for name in aw.__all__:
        assert getattr(aw, name) is not None, name
    assert list(aw.__all__) == sorted(aw.__all__, key=lambda name: name)
    assert set(aw.__all__) <= set(dir(aw))
    with pytest.raises(AttributeError, match="no attribute 'serch'"):
        aw.serch  # noqa: B018


def test_types_are_told_of_every_name_that_is_imported_late_by_its_module():
    tree = ast.parse((ROOT / "src" / "archwright" / "__init__.py").read_text())
    imports = [node for block in tree.body if isinstance(block, ast.If) for node in block.body]
    typed = {
        alias.name: f"archwright.{alias.name}" if node.module == "archwright" else node.module
        for node in imports if isinstance(node, ast.ImportFrom) for alias in node.names
    }  # fmt: skip
    assert typed.pop("search") == "archwright.studies.searching"  # which the folder of searchers hides
    assert typed == {name: module for module, names in aw._NAMES.items() for name in names.split()}
    assert set(typed) < set(aw.__all__)
