"""How a class becomes a kind of module: its fields that hold terms, and what these may be."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import wraps
from typing import Any, TypeVar, cast, dataclass_transform

import attrs
from attrs import frozen

from archwright.core.builders import name_wrong_fields
from archwright.core.errors import MAX_NESTING, ArchwrightError, TooDeep, show
from archwright.core.given_name import FIELD, free_argument, show_name
from archwright.core.hyperparameter import hyperparameter, named_hyperparameters
from archwright.core.shape import Misfit, Shape, TupleShape, format_shape
from archwright.core.term import Basic, Composite, Term
from archwright.core.user_modules import check_results, is_user_defined
from archwright.core.wired_shapes import has_wired_shapes, takes_shapes_of_wiring

Kind = TypeVar("Kind")


class NotATerm(ArchwrightError, TypeError):
    """Something else where a module belongs."""


# What builders take before their modules, which are given one by one.
_FIRST_ARGUMENTS = {"wired": "wiring, ", "topology": "edges, "}


def require_term(content: object, place: str, builder: str = "sequential") -> None:
    """NotATerm, with its place, for something else than a module; of several modules, `builder` makes one."""
    if isinstance(content, Term):
        return
    raise NotATerm(f"{place} is {show(content, 200)}; {_find_remedy(content, builder)}")


def _find_remedy(content: object, builder: str) -> str:
    """What to write in place of something else than a module."""
    if hasattr(type(content), "architecture"):  # of a node or a trial, which come after terms
        return "take its architecture, as in leaf.architecture"
    if callable(content):
        return "it must be a module, such as relu(); call what builds one"
    if isinstance(content, Mapping):
        return "it must be a module, such as relu(); aw.from_json reads the JSON of one"
    if isinstance(content, Iterable) and not isinstance(content, str | bytes):
        items = list(cast(Iterable[object], content)) if isinstance(content, Collection) else []
        if not items or any(isinstance(item, Term) for item in items):
            call = f"{builder}({_FIRST_ARGUMENTS.get(builder, '')}"
            return f"unpack it, as in {call}a, b) or {call}*[a, b])"
    return "it must be a module, such as relu()"


def _require_terms(instance: Term, attribute: "attrs.Attribute[Any]", content: object) -> None:
    several = attribute.metadata["role"] == "children"
    if several and not isinstance(content, tuple):
        raise NotATerm(f"{attribute.name} of {instance.kind} is {show(content)}; it must be a list of modules")
    for i, term in enumerate(cast(tuple[object, ...], content if several else (content,))):
        if not isinstance(term, Term):
            place = f"{attribute.name}[{i}]" if several else attribute.name
            takes_any_number = attribute.name == "children" and instance.kind in ("sequential", "branches", "wired")
            require_term(term, f"{place} of {instance.kind}", instance.kind if takes_any_number else "sequential")
        elif term.plan.depth >= MAX_NESTING:
            raise TooDeep(f"{attribute.name} of {instance.kind}")


def _as_tuple(terms: Any) -> Any:
    is_iterable = isinstance(terms, Iterable)
    return tuple(cast(Iterable[Any], terms)) if is_iterable else terms  # what is no tuple then is refused by its place


def child() -> Any:
    """A field of a module that holds a term."""
    return attrs.field(validator=_require_terms, metadata={"role": "child"})


def children() -> Any:
    """A field of a module that holds a tuple of terms."""
    return attrs.field(converter=_as_tuple, validator=_require_terms, metadata={"role": "children"})


@dataclass_transform(
    frozen_default=True, field_specifiers=(attrs.field, hyperparameter, named_hyperparameters, child, children)
)
def module(cls: type[Kind]) -> type[Kind]:
    """Make `cls` a kind of module: a frozen value whose `kind`, unless it says one, is its name in snake_case."""
    if not isinstance(cls, type):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise NotATerm(
            f"module is given {show(cls)}; it goes above a class, as in @aw.module, then class Mine(aw.Basic)"
        )
    kind: Any = frozen(cls, field_transformer=free_argument)
    if "__repr__" not in cls.__dict__:
        kind.__repr__ = show_name(kind.__repr__)
    if "kind" not in cls.__dict__:
        kind.kind = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", cls.__name__).lower()
    own_fields = [a for a in attrs.fields(kind) if a.name != FIELD]
    roles: list[tuple[str, str | None]] = [(a.name, a.metadata.get("role")) for a in own_fields]
    kind.field_roles = tuple(roles)
    kind._setters = tuple(getattr(kind, name).__set__ for name, _ in roles)
    kind._named_indices = tuple(i for i, (_, role) in enumerate(roles) if role == "named hyperparameters")
    kind.subterm_fields = tuple(name for name, role in roles if role in ("child", "children"))
    kind._has_children_alone = [role for _, role in roles] == ["children"]
    kind._has_wired_shapes = has_wired_shapes(kind)
    kind.optional_defaults = {a.name: a.default for a in attrs.fields(kind) if a.metadata.get("optional")}
    name_wrong_fields(kind)
    if is_user_defined(kind):
        check_results(kind)
    _guard_shapes(kind)
    return kind


def _guard_shapes(kind: Any) -> None:
    """Make a kind refuse several outputs side by side where it takes one, and one where it takes several."""
    if issubclass(kind, Basic):
        kind.out_shape = _require_tuple(kind.out_shape, 0) if kind.takes_tuple else _refuse_tuple(kind.out_shape)
    elif issubclass(kind, Composite) and not takes_shapes_of_wiring(kind):
        for name, place in (("child_in_shape", 1), ("merge", 0)):
            method = getattr(kind, name)
            guarded = _require_tuple(method, place) if kind.takes_tuple else _refuse_tuples_inside(method, place)
            setattr(kind, name, guarded)


def _refuse_tuple(method: Callable[..., Shape]) -> Callable[..., Shape]:
    @wraps(method)
    def call(self: Any, in_shape: Shape) -> Shape:
        if type(in_shape) is TupleShape:
            raise _explain_several(self, in_shape)
        return method(self, in_shape)

    return call


def _refuse_tuples_inside(method: Callable[..., Shape], place: int) -> Callable[..., Shape]:
    """The method of a composite, which is given its input shape in this place, and then those of its children."""

    @wraps(method)
    def call(self: Any, *args: Any) -> Shape:
        several = next((shape for shape in (args[place], *args[place + 1]) if type(shape) is TupleShape), None)
        if several is not None:
            raise _explain_several(self, several)
        return method(self, *args)

    return call


def _require_tuple(method: Callable[..., Shape], place: int) -> Callable[..., Shape]:
    """The method, which is given the input shape in this place."""

    @wraps(method)
    def call(self: Any, *args: Any) -> Shape:
        if type(args[place]) is not TupleShape:
            raise Misfit(
                f"{self.kind} takes outputs side by side, which a joint gives that merges by "
                f'"tuple"; it got {format_shape(args[place])}'
            )
        return method(self, *args)

    return call


def _explain_several(module: Any, shape: Shape) -> Misfit:
    several = format_shape(shape)
    return Misfit(f"{module.kind} takes one output, and got several side by side: {several}; select takes one")
