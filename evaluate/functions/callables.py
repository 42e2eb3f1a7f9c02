"""A Python function as an evaluation: named where a fresh process can import it, else sent to the workers by value.

What is sent never enters the log, which has the name, the source text and its hash: another process that goes on with
the run is given the function again.
"""

import functools
import hashlib
import importlib
import inspect
import sys
from collections.abc import Callable, Iterator
from importlib.machinery import ModuleSpec
from itertools import accumulate
from pathlib import Path
from types import MethodType
from typing import Any, Literal

from attrs import evolve

from archwright.core.errors import ArchwrightError
from archwright.evaluate.config import Function
from archwright.evaluate.functions.signature import NotCallable
from archwright.store.user_code import load_object


class FunctionNeeded(ArchwrightError, LookupError):
    """A function that was sent to its workers by value, and that this process was not given."""


SourceComparison = Literal["same", "other", "unknown"]


def wrap_callable(target: Callable[..., Any], **settings: Any) -> Function:
    """The evaluation by a Python callable of any form, with the `settings` of a Function.

    One that a fresh process with this process's import path finds by its name goes by that name. Any other one, as of
    a notebook, a script's `__main__`, a lambda, a closure or an object, travels to the workers by value.
    Raises NotCallable.
    """
    if not callable(target):
        raise NotCallable(f"the evaluation is {target!r:.80}; it must be a function of (architecture, budget)")
    source = name_callable(target)
    if is_importable(source, target):
        return Function(source, **settings, target=target)
    text = read_source(target)
    by_value = {"by_value": True, "source_text": text, "source_hash": hash_source(text)}
    return Function(source, **settings, **by_value, target=target)


def give_again(logged: Function, target: Callable[..., Any]) -> Function:
    """The function of a run in the log, which this process was given again; see also `compare_source`."""
    return evolve(logged, target=target)


def compare_source(logged: Function, target: Callable[..., Any]) -> SourceComparison:
    """Whether the source text of `target` is that of the logged function; unknown where either has none."""
    text_hash = hash_source(read_source(target))
    if logged.source_hash is None or text_hash is None:
        return "unknown"
    return "same" if text_hash == logged.source_hash else "other"


def require_function(function: Function) -> None:
    """Nothing where this process can find the function; else FunctionNeeded, which says how to give it again."""
    if function.by_value and function.target is None:
        name = function.source.rpartition(":")[2].rpartition(".")[2]
        raise FunctionNeeded(
            f"the evaluation is the function {function.source}, which no other process can import; define it again in "
            f"Python and give it: run.resume(evaluation={name if name.isidentifier() else 'function'})"
        )


def load_callable(function: Function) -> Any:
    """The object that the function stands for. Raises FunctionNeeded, and what importing it raises."""
    require_function(function)
    return load_object(function.source) if function.target is None else function.target


def is_importable(source: str, target: Any) -> bool:
    """Whether `module:attribute` is `target` here, and a fresh process with this import path finds the same file."""
    module_name, _, attribute = source.rpartition(":")
    module = sys.modules.get(module_name)
    if module is None or module_name == "__main__":
        return False
    value: Any = module
    for name in attribute.split("."):
        value = getattr(value, name, None)
    return value is target and is_module_importable(module_name)


def is_module_importable(name: str) -> bool:
    """Whether a fresh process with this import path imports the module from the file that it has here."""
    module = sys.modules.get(name)
    if module is None or name == "__main__":
        return False
    spec, file = _find_fresh_spec(name), getattr(module, "__file__", None)
    if spec is None or file is None or not spec.has_location:
        return spec is not None and file is None and not spec.has_location
    return Path(spec.origin or "").resolve() == Path(file).resolve()


def name_callable(target: Any) -> str:
    """`module:attribute` of a function, or of the class of an object that is called; it need not be importable."""
    inner = unwrap_callable(target)
    named = inner if hasattr(inner, "__qualname__") else type(inner)
    return f"{getattr(named, '__module__', None) or '__main__'}:{named.__qualname__}"


def unwrap_callable(target: Any) -> Any:
    """The function in a partial or in a bound method; anything else as it is."""
    while isinstance(target, functools.partial | MethodType):
        target = target.func if isinstance(target, functools.partial) else target.__func__
    return target


def read_source(target: Any) -> str | None:
    """The source text of a function, or of the class of an object that is called; None where there is none."""
    inner = unwrap_callable(target)
    for candidate in (inner, type(inner)):
        try:
            return inspect.getsource(candidate)
        except (OSError, TypeError):  # typed at a prompt, written in C, no function
            continue
    return None


def hash_source(text: str | None) -> str | None:
    """The SHA-256 of a source text in UTF-8, in hexadecimal digits; None of None."""
    return None if text is None else hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


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
