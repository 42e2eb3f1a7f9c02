"""The source of a person's own modules: what their method `source` returns, as an operation."""

import ast
from typing import Any

from archwright.core.errors import ArchwrightError, show
from archwright.core.shape import Shape, TupleShape
from archwright.core.term import Composite, Term
from archwright.core.tracebacks import guard_user_code
from archwright.evaluate.export.operations import Operations, UserModule, to_attribute_name


class NoModuleSource(ArchwrightError, TypeError):
    """A kind of module that has no method `source`."""


class BadModuleSource(ArchwrightError, ValueError):
    """A kind of module whose method `source` fails, or returns no code that ends with an expression."""


def translate_source(term: Term, in_shape: Shape, children: tuple[Operations, ...]) -> Operations:
    """The module of a kind of a person's own, of the operations of its children, one for each run."""
    source = _call_source(term, in_shape, [f"{{{i}}}" for i in range(len(children))])
    takes_tuple = isinstance(in_shape, TupleShape)
    return (_parse_source(term, source, children, term.out_shape(in_shape), takes_tuple=takes_tuple),)


def _call_source(term: Term, in_shape: Shape, placeholders: list[str]) -> Any:
    """What the method `source` of a term returns; the placeholders are the expressions of a composite's children."""
    kind, method = type(term).__name__, getattr(term, "source", None)
    if method is None:
        raise NoModuleSource(
            f"{kind} has no source; give the class a method source(self, in_shape) that returns the Python "
            "expression of its torch module, such as 'nn.Conv2d(3, 8, 1)', after the definitions that it needs"
        )
    with guard_user_code(BadModuleSource, f"the method source of {kind} failed", passing=()):
        return method(in_shape, placeholders) if isinstance(term, Composite) else method(in_shape)


def _parse_source(
    term: Term, source: Any, children: tuple[Operations, ...], out: Shape, *, takes_tuple: bool
) -> UserModule:
    """The module of a person's source; braces that are no placeholders stay as they are."""
    try:
        if not isinstance(source, str):
            raise TypeError("it is no text")
        *statements, last = ast.parse(source).body
        if not isinstance(last, ast.Expr):
            raise TypeError("its end is no expression")
    except (SyntaxError, TypeError, ValueError) as error:
        raise BadModuleSource(
            f"the source of {type(term).__name__} is {show(source, 200)} ({error}); it must be Python that ends with "
            "an expression"
        ) from error
    preamble = "\n".join(source.splitlines()[: statements[-1].end_lineno]).strip() if statements else ""
    name = to_attribute_name(term.kind)
    return UserModule(name, ast.unparse(last.value), preamble, children, out, takes_tuple=takes_tuple)
