"""The scripts of benchmarks/ as `make bench` starts them, but in the process of the test."""

import importlib
import re
import runpy
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from unittest.mock import patch

from tests.places import ROOT

FOLDER = ROOT / "benchmarks"


def of_make() -> dict[str, list[str]]:
    """The words after each script that `make bench` starts, by the script's name."""
    found = re.findall(r"^\t\.venv/bin/python benchmarks/(\w+)\.py(.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    return {name: shlex.split(words) for name, words in found}


def started(name: str, *words: str, **options: object) -> None:
    """Run a script as Python does that is given it, with the words of `make bench` and then these, which win."""
    given = [*of_make().get(name, []), *words, *(f"--{option}={value}" for option, value in options.items())]
    with _beside(), patch.object(sys, "argv", [name, *given]):
        runpy.run_path(str(FOLDER / f"{name}.py"), run_name="__main__")


def script(name: str) -> ModuleType:
    """A script as a module, of which a test needs a part."""
    with _beside():
        return importlib.import_module(name)


def tables(text: str) -> Sequence[Sequence[str]]:
    """What is named in the first cells of each table in Markdown, but for its head."""
    blocks = re.findall(r"(?:^\|.*\n?)+", text, re.MULTILINE)
    return [[line.split("|")[1].strip() for line in block.splitlines()[2:]] for block in blocks]


@contextmanager
def _beside() -> Iterator[None]:
    """A script finds the modules beside it, which nobody knows afterwards."""
    before = set(sys.modules)
    with patch.object(sys, "path", [str(FOLDER), *sys.path]):
        yield
    for name in set(sys.modules) - before:
        if name in {file.stem for file in FOLDER.glob("*.py")}:
            del sys.modules[name]
