"""The JSON of terms, domains and expressions, written and read, and the kinds of modules that it may name."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

import attrs
from attrs import frozen

from archwright.core.domain import Domain, Values
from archwright.core.errors import ArchwrightError, TooDeep, suggest_names
from archwright.core.expression import OPERATORS, Computed, Conditional, Expression, Operand, Picked, Shared
from archwright.core.given_name import ARGUMENT, FIELD, require_name
from archwright.core.hyperparameter import InvalidHyperparameter
from archwright.core.kind import require_term
from archwright.core.normal import Normal
from archwright.core.ranges import Integers, Reals
from archwright.core.term import Term, iterate_terms
from archwright.core.unknown_modules import UnknownModule
from archwright.core.user_modules import is_user_defined
from archwright.core.value import InvalidDomain
from archwright.core.wiring import Joint, Wiring

if TYPE_CHECKING:
    from cattrs import Converter

# Built-in kinds that few spaces have, by name: the modules that define them, which take time to import.
_MULTIBRANCH = "archwright.core.modules.multibranch"
LATE_KINDS: Mapping[str, str] = {
    "ask": "archwright.core.modules.asking",
    "grammar": "archwright.core.modules.grammar",
    **dict.fromkeys(("multi_branch_stage", "shake_drop", "shortcut"), _MULTIBRANCH),
}

JSON = Any  # what the json module reads and writes
UNNAMED_TERM = "<term>"  # in a log, the source of a space that was given as a value

_SCALARS: tuple[type, ...] = (bool, int, float, str)


class UnreadableTerm(ArchwrightError, ValueError):
    """JSON that is not that of a term; the message has the place."""


def read_network(cell: Term, classes: int, channels: int, cells: int) -> Term:
    """What the JSON of kind `nasbench201` means, which earlier releases wrote: the space, or one of its networks."""
    from archwright.core.spaces.nasbench201 import build_network, build_space  # here, since few logs have it

    build = build_network if cell.plan.is_specified else build_space
    return build(cell, classes, channels, cells)


# Kinds that earlier releases had, by name: each is read as the term that it is now.
OLD_KINDS: Mapping[str, Callable[..., Term]] = {"nasbench201": read_network}


def to_json(term: Term) -> JSON:
    """The JSON of a space or an architecture. NotATerm for anything else."""
    require_term(term, "what is to be written as JSON")
    return _unstructure(term)


def fields_to_json(term: Term) -> Mapping[str, JSON]:
    """The JSON of the fields of a module that hold no modules, without its name."""
    inside = term.subterm_fields
    return {name: _unstructure(content) for name, content in _iterate_contents(term) if name not in inside}


def from_json(data: JSON) -> Term:
    """The term of this JSON; user-defined kinds must have been imported.

    UnreadableTerm if it is not that of a term, TooDeep if it is nested too deep.
    """
    return _read(data, allow_unknown=False)


def from_foreign_json(data: JSON) -> Term:
    """As `from_json`, but a module of a kind that is not known here is an UnknownModule with the fields of its JSON."""
    return _read(data, allow_unknown=True)


def _read(data: JSON, *, allow_unknown: bool) -> Term:
    try:
        term = _Reader(_list_kinds(_find_kinds(data)), allow_unknown).read(data, "$")
    except RecursionError as error:
        raise TooDeep(error.place if isinstance(error, TooDeep) else "$") from None
    if not isinstance(term, Term):
        raise UnreadableTerm(f"$ is {data!r}; the JSON of a term is an object with a kind")
    return term


# --- kinds


def list_kinds() -> Mapping[str, type[Term]]:
    """Every kind of module that is known here, by name.

    A kind that the same file defines again, as when it is loaded again or under another name, replaces the old one.
    """
    return _list_kinds(LATE_KINDS)


def _list_kinds(needed: Iterable[str]) -> Mapping[str, type[Term]]:
    """The same, but of the late kinds only those that are needed, or whose names other classes have."""
    for kind in LATE_KINDS.keys() & {*needed, *(cls.kind for cls in _list_subclasses(Term) if cls.is_kind)}:
        import_module(LATE_KINDS[kind])
    kinds: dict[str, type[Term]] = {}
    for cls in _list_subclasses(Term):
        if not cls.is_kind:
            continue
        old = kinds.get(cls.kind)
        if old is not None and _locate(old) != _locate(cls):
            raise UnreadableTerm(
                f"the kind {cls.kind!r} is defined by {old.__module__}.{old.__qualname__} and by "
                f"{cls.__module__}.{cls.__qualname__}; set `kind` in one of them to another name"
            )
        kinds[cls.kind] = cls
    return kinds


def collect_user_kinds(space: Term) -> Sequence[type[Term]]:
    """The user-defined kinds of module in a space, each once."""
    return tuple(dict.fromkeys(type(term) for term in iterate_terms(space) if is_user_defined(type(term))))


def find_user_kinds(data: JSON) -> frozenset[str]:
    """The kinds in the JSON of a term that are not built in, known here or not."""
    named = frozenset(_find_kinds(data))
    built_in = {kind for kind, cls in _list_kinds(named).items() if not is_user_defined(cls)}
    return named - built_in - OLD_KINDS.keys()


def find_unknown_kinds(data: JSON) -> frozenset[str]:
    """The kinds in the JSON of a term that are not known here."""
    named = frozenset(_find_kinds(data))
    return named - _list_kinds(named).keys() - OLD_KINDS.keys()


def _find_kinds(data: JSON) -> Iterator[str]:
    """Every kind that is named in JSON, at any depth of nesting."""
    stack: list[JSON] = [data]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            fields = cast(dict[str, JSON], item)
            if isinstance(kind := fields.get("kind"), str):
                yield kind
            stack += fields.values()
        elif isinstance(item, list):
            stack += cast(list[JSON], item)


def _list_subclasses(cls: type[Term]) -> Iterator[type[Term]]:
    for subclass in cls.__subclasses__():
        # attrs makes a slotted class out of the one that was written; only the slotted one is a kind.
        if "__attrs_attrs__" in subclass.__dict__:
            yield subclass
        yield from _list_subclasses(subclass)


def _locate(cls: type[Term]) -> tuple[str, str]:
    """The file of a class, or the name of its module if that has no file; and the name of the class."""
    return getattr(sys.modules.get(cls.__module__), "__file__", None) or cls.__module__, cls.__qualname__


# --- writing and reading


def _unstructure(value: Any) -> JSON:
    match value:
        case Term():
            fields = {name: _unstructure(content) for name, content in _iterate_contents(value)}
            name = {_name_key(type(value)): value.given_name} if value.given_name else {}
            return {"kind": value.kind, **name, **fields}
        case Values(options, ordered, by_size, weights):
            order = {"order": "size"} if by_size else {}
            return (
                {"values": list(options), "ordered": ordered} | order | ({"weights": list(weights)} if weights else {})
            )
        case Integers(lo, hi, log, prior):
            return {"integers": [lo, hi], "log": log} | _unstructure_prior(prior)
        case Reals(lo, hi, log, grain, prior):
            return {"reals": [lo, hi], "log": log, "grain": grain} | _unstructure_prior(prior)
        case Shared(name, domain):
            return {"shared": name, "domain": _unstructure(domain)}
        case Computed(operator, operands):
            return {"computed": operator, "operands": [_unstructure(o) for o in operands]}
        case Picked(options, place):
            return {"picked": list(options), "place": _unstructure(place)}
        case Conditional(subject, cases, otherwise):
            return {"when": _unstructure(subject), "cases": _unstructure(cases), "otherwise": _unstructure(otherwise)}
        case Wiring(inputs, output):
            return {"inputs": [_unstructure(joint) for joint in inputs], "output": _unstructure(output)}
        case Joint(sources, merge):
            return {"joint": list(sources), "merge": merge}
        case tuple():
            return [_unstructure(item) for item in cast(tuple[Any, ...], value)]
        case _:
            return value if type(value) in _SCALARS else _build_converter().unstructure(value)


def _unstructure_prior(prior: Normal | None) -> dict[str, JSON]:
    return {} if prior is None else {"prior": [prior.center, prior.deviation]}


@frozen
class _Reader:
    """Reads JSON with the kinds that are known here."""

    kinds: Mapping[str, type[Term]]
    allow_unknown: bool  # whether a module of another kind is an UnknownModule, or UnreadableTerm

    def read(self, data: JSON, place: str) -> Any:
        """The term, domain, expression or tuple of this JSON, or the value itself. UnreadableTerm has the place."""
        match data:
            case {"kind": str(kind), **fields}:
                return self._read_term(kind, fields, place)
            case {"values": list(), "ordered": bool(ordered)} if data.get("order") in (None, "size"):
                weights = self._read_numbers(data, "weights", place)
                return _construct(place, Values, tuple(data["values"]), ordered, "order" in data, weights)
            case {"integers": [lo, hi], "log": bool(log)}:
                return _construct(place, Integers, lo, hi, log, self._read_prior(data, place))
            case {"reals": [lo, hi], "log": bool(log), "grain": float(grain)}:
                return _construct(place, Reals, lo, hi, log, grain, self._read_prior(data, place))
            case {"shared": str(name), "domain": domain_data}:
                domain = self.read(domain_data, f"{place}.domain")
                if not isinstance(domain, Domain):
                    raise UnreadableTerm(f"{place}.domain is {domain_data!r}; it must be a domain")
                return _construct(place, Shared, name, domain)
            case {"computed": str(operator), "operands": [left, right]} if operator in OPERATORS:
                operands = tuple(self.read(o, f"{place}.operands[{i}]") for i, o in enumerate((left, right)))
                if not all(isinstance(o, Expression | bool | int | float | str) for o in operands):
                    raise UnreadableTerm(f"{place}.operands is {[left, right]!r}; operands are values or expressions")
                return _construct(place, Computed, operator, operands)
            case {"picked": list(), "place": chosen}:
                return _construct(place, Picked, tuple(data["picked"]), self.read(chosen, f"{place}.place"))
            case {"when": dict(), "cases": list(), "otherwise": _}:
                return self._read_conditional(data, place)
            case {"inputs": list(), "output": output}:
                return _construct(
                    place, Wiring, self.read(data["inputs"], f"{place}.inputs"), self.read(output, f"{place}.output")
                )
            case {"joint": list(), "merge": str(merge)}:
                return _construct(place, Joint, tuple(data["joint"]), merge)
            case dict():
                raise UnreadableTerm(f"{place} is {data!r}; that is no term, domain or expression")
            case list():
                items = cast(list[JSON], data)
                return tuple(self.read(item, f"{place}[{i}]") for i, item in enumerate(items))
            case _:
                return data

    def _read_conditional(self, data: JSON, place: str) -> Conditional:
        subject, cases, otherwise = (self.read(data[key], f"{place}.{key}") for key in ("when", "cases", "otherwise"))
        pairs = all(isinstance(case, tuple) and len(cast(tuple[Any, ...], case)) == 2 for case in cases)
        operands = [operand for _, operand in cases] if pairs else []
        if not isinstance(subject, Expression) or not all(isinstance(o, Operand) for o in (*operands, otherwise)):
            raise UnreadableTerm(f"{place} is {data!r}; it is made of expressions, and operands are these or values")
        return _construct(place, Conditional, subject, cases, otherwise)

    def _read_numbers(self, data: JSON, key: str, place: str) -> tuple[float, ...]:
        """The numbers under a key, none where it is missing."""
        numbers = data.get(key, [])
        if not isinstance(numbers, list) or not all(
            type(number) in (int, float) for number in cast(list[JSON], numbers)
        ):
            raise UnreadableTerm(f"{place}.{key} is {numbers!r}; it must be a list of numbers")
        return tuple(cast(list[float], numbers))

    def _read_prior(self, data: JSON, place: str) -> Normal | None:
        if "prior" not in data:
            return None
        return _construct(f"{place}.prior", Normal, *self._read_numbers(data, "prior", place))

    def _read_term(self, kind: str, fields: dict[str, JSON], place: str) -> Term:
        cls = self.kinds.get(kind)
        if cls is None and kind in OLD_KINDS:
            contents = {name: self.read(value, f"{place}.{name}") for name, value in fields.items()}
            return _construct(place, OLD_KINDS[kind], **contents)
        key = _name_key(cls or UnknownModule)
        given_name = fields.pop(key, "")
        if cls is None and self.allow_unknown:
            contents = ((name, self._read_unknown(value, f"{place}.{name}")) for name, value in fields.items())
            return _name(UnknownModule(kind, tuple(contents)), given_name, f"{place}.{key}")
        if cls is None:
            similar = suggest_names(kind, self.kinds.keys() | LATE_KINDS.keys())
            remedy = f"a kind of your own is known once its file has been imported; {similar}"
            raise UnreadableTerm(f"the kind at {place} is {kind!r}; {remedy}")
        attributes = [a for a in _list_fields(cls) if a.name in fields or not a.metadata.get("optional")]
        names = {a.name for a in attributes}
        if names != set(fields):
            raise UnreadableTerm(f"{kind} at {place} has the fields {sorted(fields)}; it must have {sorted(names)}")
        values = {a.name: self._read_field(a, fields[a.name], f"{place}.{a.name}") for a in attributes}
        return _name(_construct(place, cls, **values), given_name, f"{place}.{key}")

    def _read_field(self, field: "attrs.Attribute[Any]", data: JSON, place: str) -> Any:
        # A type that is a string comes from a file with `from __future__ import annotations`.
        if isinstance(data, dict | list) or field.metadata.get("role") is not None or isinstance(field.type, str):
            return self.read(data, place)
        if type(data) in _SCALARS and type(data) is field.type:
            return data
        from cattrs.errors import StructureHandlerNotFoundError

        try:
            return _build_converter().structure(data, cast(Any, field.type))
        except (TypeError, ValueError, StructureHandlerNotFoundError) as error:
            expected = getattr(field.type, "__name__", field.type)
            raise UnreadableTerm(f"{place} is {data!r}; it must be of type {expected}") from error

    def _read_unknown(self, data: JSON, place: str) -> Any:
        """A field of an unknown kind: terms, domains and expressions where it has them, else the JSON itself."""
        if isinstance(data, list):
            items = cast(list[JSON], data)
            return tuple(self._read_unknown(item, f"{place}[{i}]") for i, item in enumerate(items))
        try:
            return self.read(data, place)
        except UnreadableTerm:
            return data


@cache
def _build_converter() -> "Converter":
    """The converter for fields of user-defined kinds that are neither terms nor scalars."""
    from cattrs import Converter  # here, since its import takes time and few spaces need it

    return Converter()


def _construct(place: str, cls: Any, *args: Any, **fields: Any) -> Any:
    try:
        return cls(*args, **fields)
    except InvalidDomain as error:
        raise UnreadableTerm(f"{place} cannot be read: {error}") from error
    except (TypeError, ValueError) as error:
        raise UnreadableTerm(f"{place} cannot be read as {cls.__name__}: {error}") from error


def _list_fields(cls: type[Term]) -> "list[attrs.Attribute[Any]]":
    """The fields of a kind of its own; the given name, which all kinds have, is written only where there is one."""
    return [field for field in attrs.fields(cls) if field.name != FIELD]


def _iterate_contents(term: Term) -> Iterable[tuple[str, Any]]:
    """The name and the content of each field."""
    if isinstance(term, UnknownModule):
        return term.contents
    fields = _list_fields(type(term))
    return ((field.name, getattr(term, field.name)) for field in fields if not term.leaves_out(field.name))


def _name_key(cls: type[Term]) -> str:
    """The key of the given name: kinds of a person's own may have a field `name`."""
    return FIELD if is_user_defined(cls) or cls is UnknownModule else ARGUMENT


def _name(term: Term, name: JSON, place: str) -> Term:
    """The term with the name at `place`."""
    if name == "":
        return term
    try:
        require_name(name, term.kind)
    except InvalidHyperparameter as error:
        raise UnreadableTerm(f"{place} cannot be read: {error}") from error
    return term.with_name(name)
