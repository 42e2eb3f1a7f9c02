"""A Python function as an evaluation: named where a fresh process can import it, else sent to the workers by value.

What is sent never enters the log, which has the name, the source text and its hash: another process that goes on with
the run is given the function again, or has it in its `__main__`, as it is, see store/main_module.py.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from archwright.core.errors import show
from archwright.core.objective import describe_table
from archwright.evaluate.functions.evaluation import Function
from archwright.evaluate.functions.signature import NotCallable, require_callable
from archwright.store.main_module import is_in_main
from archwright.store.origins import (
    describe_code,
    find_function_source,
    name_callable,
)
from archwright.store.parts import describe_needed_function
from archwright.store.user_code import load_object


def wrap_callable(target: Callable[..., Any], **settings: Any) -> Function:
    """The evaluation by a Python callable of any form, with the `settings` of a Function.

    A function that a fresh process with this process's import path can import goes by its name, and one of a file that
    was loaded by its path goes as `file.py:name`. Any other one travels to the workers by value: a function of a
    notebook or of a script's `__main__`, a lambda, a closure or an object. Raises NotCallable.
    """
    require_callable("the evaluation", target)
    settings = {**describe_table(target), **settings}
    source = find_function_source(target)
    if source is not None:
        return Function(source, **settings, target=target)
    name, code = name_callable(target), describe_code(target)
    by_value = {"by_value": True, "source_text": code["text"], "source_hash": code["sha256"]}
    return Function(name, **settings, **by_value, in_main=is_in_main(name, target), target=target)


def wrap_table(function: Callable[..., Any], *, can_continue: bool = False, **settings: Any) -> Function:
    """The evaluation by a function that is cheap and says the same every time; see `Function.is_table`.

    Raises NotCallable.
    """
    if isinstance(function, str | Path):
        raise NotCallable(
            f"Table is given {show(function)}, and takes a function that is looked up as a table is; a table in a file "
            "is a class of one's own that inherits from it"
        )
    return wrap_callable(function, **settings, is_table=True, can_continue=can_continue)


def require_function(function: Function) -> None:
    """Nothing where this process can find the function; else FunctionNeeded, which says how to give it again."""
    if function.by_value and function.target is None:
        raise describe_needed_function(function.source).make_error()


def load_callable(function: Function) -> Any:
    """The object that the function stands for. Raises FunctionNeeded, and what importing it raises."""
    require_function(function)
    return load_object(function.source) if function.target is None else function.target
