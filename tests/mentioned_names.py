"""The names of code that pages, docstrings and comments mention, and the names that there are."""

import ast
import builtins
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

from attrs import frozen

import archwright
from tests.paths import ROOT

FOLDERS = ("core", "search", "evaluate", "store", "cli", "src", "tests", "benchmarks", "examples", "docs")
PACKAGES = (
    "core",
    "search",
    "evaluate",
    "store",
    "cli",
    "callbacks",
    "display",
    "execution",
    "plots",
    "results",
    "studies",
)
DOTTED_NAME = re.compile(rf"(?<![\w./:-])(?:archwright\.(?:{'|'.join(PACKAGES)})\b|aw\.)[\w.]*\w")
PATH = re.compile(rf"(?<![\w./-])(?:{'|'.join(FOLDERS)})/[\w/.-]*\.(?:py|md|svg)\b")
CODE_SPAN = re.compile(r"`([A-Za-z_]\w*)(?:\([^`\n]*\))?`")
CLASS_NAME = re.compile(r"(?<![\w`./-])[A-Z][a-z0-9]+(?:[A-Z][a-z0-9]*)*[A-Z][a-z0-9]+\b")  # of two words or more
OTHER_NAMES = {
    *("ImageNet16", "ResNet", "TensorFlow", "nohup"),  # names of products, networks and commands
    "PriorBand",  # a searcher of the literature
    "CamelCase",  # the word for such names
    *("CalledProcessError", "FlopCounterMode"),  # classes of the standard library and of torch
    *("SeparableConv", "test_images", "test_labels"),  # of an example in docs/language.md, and of arrays in files
}


@frozen
class Text:
    """A line of a page, a docstring or a comment."""

    path: Path  # from the root of the project
    line: int
    text: str

    def find(self, pattern: re.Pattern[str]) -> list[str]:
        """The matches of a pattern, or of its group."""
        return pattern.findall(self.text)

    @property
    def is_of_tests(self) -> bool:
        """Whether it is of a test or of what tests share."""
        return self.path.parts[0] == "tests"

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


@cache
def read_modules() -> dict[Path, tuple[str, ast.Module]]:
    """The source and syntax tree of every Python file, by its path from the root."""
    files = [file for folder in FOLDERS for file in sorted((ROOT / folder).rglob("*.py"))]
    sources = {file.relative_to(ROOT): file.read_text() for file in files if file.is_relative_to(file.resolve().parent)}
    return {path: (source, ast.parse(source)) for path, source in sources.items()}


def read_page_lines() -> Iterator[Text]:
    """Every line of the README and of docs/*.md."""
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        for number, line in enumerate(page.read_text().splitlines(), 1):
            yield Text(page.relative_to(ROOT), number, line)


def read_docstrings_and_comments() -> Iterator[Text]:
    """Those of every Python file."""
    for path, (source, tree) in read_modules().items():
        for docstring in find_docstrings(tree):
            yield Text(path, docstring.lineno, str(docstring.value))
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT:
                yield Text(path, token.start[0], token.string)


def find_docstrings(tree: ast.Module) -> Iterator[ast.Constant]:
    """The docstrings of a module, its classes and its functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            assert isinstance(node.body[0], ast.Expr)
            assert isinstance(node.body[0].value, ast.Constant)
            yield node.body[0].value


@cache
def collect_names(*, tests: bool) -> frozenset[str]:
    """All that code, with tests or without, defines, imports, uses or has in its strings; and Python's built-ins."""
    names = OTHER_NAMES.union(dir(builtins))
    for path, (_, tree) in read_modules().items():
        if path.parts[0] == "tests" and not tests:
            continue
        docstrings = set(map(id, find_docstrings(tree)))
        for node in ast.walk(tree):
            match node:
                case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.alias(name=name):
                    names.update(name.split("."))
                case ast.Name(id=name) | ast.arg(arg=name) | ast.Attribute(attr=name) | ast.keyword(arg=str(name)):
                    names.add(name)
                case ast.ImportFrom(module=str(name)):
                    names.update(name.split("."))
                case ast.Constant(value=str(text)) if id(node) not in docstrings:
                    names.update(re.findall(r"[A-Za-z_]\w*", text))
                case _:
                    pass
    return frozenset(names)


def resolves(name: str) -> bool:
    """Whether a dotted name is that of a module, or of what a module defines or imports."""
    if name.startswith("aw."):
        return _is_public(name)
    parts = name.split(".")[1:]
    for length in range(len(parts), 0, -1):
        for path in (Path(*parts[:length]), Path("src", "archwright", *parts[:length])):
            if module := read_modules().get(path.with_suffix(".py")) or read_modules().get(path / "__init__.py"):
                return length == len(parts) or parts[length] in collect_bound_names(module[1])
    return False


def _is_public(name: str) -> bool:
    """Whether `aw.` and a name is one that people may use, also of a module such as `aw.searchers`."""
    first, *further = name.split(".")[1:]
    if first not in archwright.__all__:
        return False
    value = getattr(archwright, first)
    return not (further and isinstance(value, ModuleType)) or further[0] in dir(value)


def read_strings() -> Iterator[Text]:
    """Every string in the code of the package that is no docstring, also a part of one that is formatted."""
    for path, (_, tree) in read_modules().items():
        docstrings = set(map(id, find_docstrings(tree)))
        for node in ast.walk(tree):
            match node:
                case ast.Constant(value=str(text)) if id(node) not in docstrings and path.parts[0] in (
                    *PACKAGES,
                    "src",
                ):
                    yield Text(path, node.lineno, text)
                case _:
                    pass


def collect_bound_names(tree: ast.Module) -> set[str]:
    """The names that the statements of a module bind."""
    names: set[str] = set()
    for node in tree.body:
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                names.add(name)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                names.update(alias.asname or alias.name for alias in aliases)
            case _:
                names.update(child.id for child in ast.walk(node) if isinstance(child, ast.Name))
    return names
