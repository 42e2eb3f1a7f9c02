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

from tests.paths import ROOT

FOLDER = ROOT / "benchmarks"


def read_make_arguments() -> dict[str, list[str]]:
    """The arguments of each script that `make bench` starts, by the script's name."""
    matches = re.findall(
        r"^\t\.venv/bin/python benchmarks/(\w+)\.py(.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE
    )
    return {name: shlex.split(arguments) for name, arguments in matches}


def run_script(name: str, *arguments: str, **options: object) -> None:
    """Run a script as `__main__`, with the arguments of `make bench` and then these, which take precedence."""
    flags = (f"--{option}={value}" for option, value in options.items())
    argv = [name, *read_make_arguments().get(name, []), *arguments, *flags]
    with _importable_scripts(), patch.object(sys, "argv", argv):
        runpy.run_path(str(FOLDER / f"{name}.py"), run_name="__main__")


def import_script(name: str) -> ModuleType:
    """Import a script as a module."""
    with _importable_scripts():
        return importlib.import_module(name)


def read_tables(text: str) -> Sequence[Sequence[str]]:
    """The first cells of the rows of each table in a Markdown text, without the header."""
    blocks = re.findall(r"(?:^\|.*\n?)+", text, re.MULTILINE)
    return [[line.split("|")[1].strip() for line in block.splitlines()[2:]] for block in blocks]


@contextmanager
def _importable_scripts() -> Iterator[None]:
    """Scripts can import the modules beside them, which are forgotten afterwards."""
    modules = set(sys.modules)
    with patch.object(sys, "path", [str(FOLDER), *sys.path]):
        yield
    for name in set(sys.modules) - modules:
        if name in {file.stem for file in FOLDER.glob("*.py")}:
            del sys.modules[name]
