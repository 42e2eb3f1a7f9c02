"""Where a value was defined: the name by which other processes find it, if they do, and its source text."""

import ast
import functools
import hashlib
import importlib
import inspect
import linecache
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib.machinery import ModuleSpec
from itertools import accumulate
from pathlib import Path
from types import MethodType
from typing import Any, Literal, cast

from archwright.core.json import JSON
from archwright.store.user_code import find_loaded_file

SourceComparison = Literal["same", "other", "unknown"]


def name_class(kind: type[Any]) -> str:
    """`file.py:Class` of a class in a file that was loaded by its path; else `module:Class`, importable or not."""
    path = find_loaded_file(sys.modules.get(kind.__module__))
    return f"{kind.__module__ if path is None else path}:{kind.__qualname__}"


def is_class_findable(kind: type[Any]) -> bool:
    """Whether another process finds the class by the name that `name_class` gives it."""
    if find_loaded_file(sys.modules.get(kind.__module__)) is not None:
        return "<locals>" not in kind.__qualname__
    return is_importable(name_class(kind), kind)


def is_importable(source: str, target: Any) -> bool:
    """Whether `module:attribute` is `target` here, and a fresh process with this import path finds the same file."""
    return _has_name_here(source, target) and is_module_importable(source.rpartition(":")[0])


def _has_name_here(source: str, target: Any) -> bool:
    """Whether `module:attribute` is `target` in this process, and the module is another one than the main one."""
    module_name, _, attribute = source.rpartition(":")
    value: Any = sys.modules.get(module_name)
    if value is None or module_name == "__main__":
        return False
    for name in attribute.split("."):
        value = getattr(value, name, None)
    return value is target


def is_module_importable(name: str) -> bool:
    """Whether a fresh process with this import path imports the module from the file that it has here."""
    module = sys.modules.get(name)
    if module is None or name == "__main__":
        return False
    spec, file = _find_fresh_spec(name), getattr(module, "__file__", None)
    if spec is None or file is None or not spec.has_location:
        return spec is not None and not spec.has_location and (file is None or spec.origin == "frozen")
    return Path(spec.origin or "").resolve() == Path(file).resolve()


def list_import_path() -> Sequence[str]:
    """The folders from which this process imports, for another one that is to import what this one can."""
    return [folder or str(Path.cwd()) for folder in sys.path]  # in an interactive Python, "" is the current folder


def name_callable(target: Any) -> str:
    """`module:attribute` of a function, or of the class of an object that is called; it need not be importable."""
    inner = unwrap_callable(target)
    named = inner if hasattr(inner, "__qualname__") else cast("Any", type(inner))
    return f"{getattr(named, '__module__', None) or '__main__'}:{named.__qualname__}"


def find_function_source(target: Any) -> str | None:
    """`file.py:name` or `module:name`, by which every process finds a function; None where there is no such name."""
    source = name_callable(target)
    if not _has_name_here(source, target):
        return None
    module, _, attribute = source.rpartition(":")
    path = find_loaded_file(sys.modules[module])
    if path is not None:
        return f"{path}:{attribute}"
    return source if is_module_importable(module) else None


def unwrap_callable(target: Any) -> Any:
    """The function in a partial or in a bound method; anything else as it is."""
    while isinstance(target, functools.partial | MethodType):
        target = target.func if isinstance(target, functools.partial) else target.__func__
    return target


def read_source(target: Any) -> str | None:
    """The source text of a function, or of the class of an object that is called; None where there is none."""
    inner = unwrap_callable(target)
    for candidate in (inner, cast("Any", type(inner))):
        try:
            return inspect.getsource(candidate)
        except (OSError, TypeError):  # typed at a prompt, written in C, no function
            if isinstance(candidate, type) and (text := _read_class_of_cell(candidate)) is not None:
                return text
    return None


def _read_class_of_cell(kind: type[Any]) -> str | None:
    """The source text of a class of a notebook, by the cell that its methods are from; None where there is none."""
    for method in filter(inspect.isfunction, vars(kind).values()):
        code = method.__code__
        with suppress(SyntaxError):
            text = "".join(linecache.getlines(code.co_filename))
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.ClassDef) and node.name == kind.__name__ and _spans(node, code.co_firstlineno):
                    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
                    return "".join(text.splitlines(keepends=True)[first - 1 : node.end_lineno])
    return None


def _spans(node: ast.ClassDef, line: int) -> bool:
    return node.lineno <= line <= (node.end_lineno or node.lineno)


def hash_source(text: str | None) -> str | None:
    """The SHA-256 of a source text in UTF-8, in hexadecimal digits; None of None."""
    return None if text is None else hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def describe_code(target: Any) -> JSON:
    """What a log has of code that no other process can import: its source text and the hash of that, None without."""
    text = read_source(target)
    return {"text": text, "sha256": hash_source(text)}


def compare_code(sha256: str | None, target: Any) -> SourceComparison:
    """Whether the source text of `target` has the hash that a log has; unknown where there is no text, or no hash."""
    current = hash_source(read_source(target))
    if sha256 is None or current is None:
        return "unknown"
    return "same" if current == sha256 else "other"


def _find_fresh_spec(name: str) -> ModuleSpec | None:
    """The spec of a module as a process finds it that has imported nothing yet; None where it finds none."""
    importlib.invalidate_caches()
    spec, folders = None, None
    for module in accumulate(name.split("."), "{}.{}".format):
        spec = next(_iterate_specs(module, folders), None)
        if spec is None:
            return None
        folders = spec.submodule_search_locations
    return spec


def _iterate_specs(module: str, folders: Any) -> Iterator[ModuleSpec]:
    for finder in sys.meta_path:
        spec = finder.find_spec(module, folders) if hasattr(finder, "find_spec") else None
        if spec is not None:
            yield spec
