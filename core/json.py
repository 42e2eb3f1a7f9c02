"""Terms, domains and expressions as JSON, both ways, and where two such differ."""

import sys
from collections.abc import Iterator, Mapping
from typing import Any, cast

import attrs
from cattrs import Converter
from cattrs.errors import StructureHandlerNotFoundError

from archwright.core.domain import Domain, Values
from archwright.core.errors import ArchwrightError, TooDeep, suggest_names
from archwright.core.expression import OPERATORS, Computed, Expression, Shared
from archwright.core.ranges import Integers, Reals
from archwright.core.term import Term
from archwright.core.unknown_kinds import Opaque
from archwright.core.user_modules import is_user_defined
from archwright.core.value import InvalidDomain

JSON = Any  # what the json module reads and writes


class UnreadableTerm(ArchwrightError, ValueError):
    """JSON that is not that of a term; the message says where."""


def to_json(term: Term) -> JSON:
    """The JSON of a space or an architecture."""
    return _unstructure(term)


def from_json(data: JSON) -> Term:
    """The term that `data` is the JSON of; kinds of a person's own must have been imported.

    UnreadableTerm if it is of none, TooDeep if it is nested too deep.
    """
    return _read(data, kinds())


def outlined(data: JSON) -> Term:
    """As `from_json`, but what is of a kind that this process does not know is Opaque: its JSON, and no more."""
    return _read(data, _Known(kinds()))


def _read(data: JSON, known: Mapping[str, type[Term]]) -> Term:
    try:
        term = _structure(data, known, "$")
    except RecursionError as error:
        raise TooDeep(error.place if isinstance(error, TooDeep) else "$") from None
    if not isinstance(term, Term):
        raise UnreadableTerm(f"$ is {data!r}; the JSON of a term is an object with a kind")
    return term


class _Known(dict[str, type[Term]]):
    """The kinds of module that are known, where others are read as well."""


def own_kinds(data: JSON) -> frozenset[str]:
    """The kinds in the JSON of a term that are not built in, whether this process knows them or not."""
    return frozenset(_named(data)) - {kind for kind, cls in kinds().items() if not is_user_defined(cls)}


def unknown_kinds(data: JSON) -> frozenset[str]:
    """The kinds in the JSON of a term that this process does not know."""
    return frozenset(_named(data)) - kinds().keys()


def _named(data: JSON) -> Iterator[str]:
    """Every kind that is named in JSON, however deep it is nested."""
    rest: list[JSON] = [data]
    while rest:
        held = rest.pop()
        if isinstance(held, dict):
            inside = cast(dict[str, JSON], held)
            if isinstance(kind := inside.get("kind"), str):
                yield kind
            rest += inside.values()
        elif isinstance(held, list):
            rest += cast(list[JSON], held)


def kinds() -> Mapping[str, type[Term]]:
    """Every kind of module that this process knows.

    A kind defined again by the same file, which was loaded again or under another name, replaces the old one.
    """
    found: dict[str, type[Term]] = {}
    for cls in _below(Term):
        if cls is Opaque:  # which is no kind, but stands for those that are not known
            continue
        old = found.get(cls.kind)
        if old is not None and _origin(old) != _origin(cls):
            raise UnreadableTerm(
                f"the kind {cls.kind!r} is defined by {old.__module__}.{old.__qualname__} and by "
                f"{cls.__module__}.{cls.__qualname__}; set `kind` in one of them to another name"
            )
        found[cls.kind] = cls
    return found


def _origin(cls: type[Term]) -> tuple[str, str]:
    """Where a class is from: the file of its module, or the module's name where it has none; and its own name."""
    return getattr(sys.modules.get(cls.__module__), "__file__", None) or cls.__module__, cls.__qualname__


def _below(cls: type[Term]) -> Iterator[type[Term]]:
    for inside in cls.__subclasses__():
        # attrs makes a slotted class out of the one that was written; only the former is a kind.
        if "__attrs_attrs__" in inside.__dict__:
            yield inside
        yield from _below(inside)


def _unstructure(held: Any) -> JSON:
    match held:
        case Term():
            fields = {a.name: _unstructure(getattr(held, a.name)) for a in attrs.fields(type(held))}
            return {"kind": held.kind, **fields}
        case Values(options, ordered, by_size):
            return {"values": list(options), "ordered": ordered} | ({"order": "size"} if by_size else {})
        case Integers(lo, hi, log):
            return {"integers": [lo, hi], "log": log}
        case Reals(lo, hi, log, grain):
            return {"reals": [lo, hi], "log": log, "grain": grain}
        case Shared(name, domain):
            return {"shared": name, "domain": _unstructure(domain)}
        case Computed(operator, operands):
            return {"computed": operator, "operands": [_unstructure(o) for o in operands]}
        case tuple():
            return [_unstructure(item) for item in cast(tuple[Any, ...], held)]
        case _:
            return _PLAIN.unstructure(held)


_PLAIN = Converter()  # for what a field of a person's own kind of module holds beside terms and values


def _structure(data: JSON, known: Mapping[str, type[Term]], place: str) -> Any:
    match data:
        case {"kind": str(kind), **fields}:
            return _term(kind, fields, known, place)
        case {"values": list(), "ordered": bool(ordered)} if data.get("order") in (None, "size"):
            return _made(place, Values, tuple(data["values"]), ordered, "order" in data)
        case {"integers": [lo, hi], "log": bool(log)}:
            return _made(place, Integers, lo, hi, log)
        case {"reals": [lo, hi], "log": bool(log), "grain": float(grain)}:
            return _made(place, Reals, lo, hi, log, grain)
        case {"shared": str(name), "domain": domain}:
            inside = _structure(domain, known, f"{place}.domain")
            if not isinstance(inside, Domain):
                raise UnreadableTerm(f"{place}.domain is {domain!r}; it must be a domain")
            return _made(place, Shared, name, inside)
        case {"computed": str(operator), "operands": [left, right]} if operator in OPERATORS:
            operands = tuple(_structure(o, known, f"{place}.operands[{i}]") for i, o in enumerate((left, right)))
            if not all(isinstance(o, Expression | bool | int | float | str) for o in operands):
                raise UnreadableTerm(f"{place}.operands is {[left, right]!r}; operands are values or expressions")
            return _made(place, Computed, operator, operands)
        case dict():
            raise UnreadableTerm(f"{place} is {data!r}; that is no term, domain or expression")
        case list():
            items = cast(list[JSON], data)
            return tuple(_structure(item, known, f"{place}[{i}]") for i, item in enumerate(items))
        case _:
            return data


def _term(kind: str, fields: dict[str, JSON], known: Mapping[str, type[Term]], place: str) -> Term:
    if kind not in known and isinstance(known, _Known):
        held = ((name, _opaque(each, known, f"{place}.{name}")) for name, each in fields.items())
        return Opaque(kind, tuple(held))
    if kind not in known:
        remedy = f"a kind of your own is known once its file has been imported; {suggest_names(kind, known)}"
        raise UnreadableTerm(f"the kind at {place} is {kind!r}; {remedy}")
    cls = known[kind]
    wanted = {a.name for a in attrs.fields(cls)}
    if wanted != set(fields):
        raise UnreadableTerm(f"{kind} at {place} has the fields {sorted(fields)}; it must have {sorted(wanted)}")
    given: dict[str, Any] = {}
    for a in attrs.fields(cls):
        held, inside = fields[a.name], f"{place}.{a.name}"
        # A type that is a string comes from a file with `from __future__ import annotations`.
        ours = isinstance(held, dict | list) or a.metadata.get("role") is not None or isinstance(a.type, str)
        given[a.name] = _structure(held, known, inside) if ours else _plain(inside, a.type, held)
    return _made(place, cls, **given)


def _opaque(data: JSON, known: Mapping[str, type[Term]], place: str) -> Any:
    """What a field of a kind that is not known holds: modules, domains and expressions, and else whatever it is."""
    if isinstance(data, list):
        items = cast(list[JSON], data)
        return tuple(_opaque(each, known, f"{place}[{i}]") for i, each in enumerate(items))
    try:
        return _structure(data, known, place)
    except UnreadableTerm:
        return data


def _plain(place: str, wanted: Any, held: JSON) -> Any:
    try:
        return _PLAIN.structure(held, wanted)
    except (TypeError, ValueError, StructureHandlerNotFoundError) as error:
        raise UnreadableTerm(
            f"{place} is {held!r}; it must be of type {getattr(wanted, '__name__', wanted)}"
        ) from error


def _made(place: str, cls: Any, *args: Any, **fields: Any) -> Any:
    try:
        return cls(*args, **fields)
    except InvalidDomain as error:
        raise UnreadableTerm(f"{place} cannot be read: {error}") from error
    except (TypeError, ValueError) as error:
        raise UnreadableTerm(f"{place} cannot be read as {cls.__name__}: {error}") from error


def differences(old: JSON, new: JSON, place: str = "$") -> Iterator[str]:
    """A line for each place where they differ, outermost first."""
    if isinstance(old, dict) and isinstance(new, dict):
        before, after = cast(dict[str, JSON], old), cast(dict[str, JSON], new)
        if before.get("kind") == after.get("kind") and set(before) == set(after):
            for key in before:
                yield from differences(before[key], after[key], f"{place}.{key}")
            return
    if isinstance(old, list) and isinstance(new, list):
        olds, news = cast(list[JSON], old), cast(list[JSON], new)
        if len(olds) == len(news) and any(isinstance(each, dict) for each in olds):
            for i, (a, b) in enumerate(zip(olds, news, strict=True)):
                yield from differences(a, b, f"{place}[{i}]")
            return
    if old != new:
        yield f"{place} was {_brief(old)}, and is {_brief(new)}"


def in_the_order_of(old: JSON, new: JSON) -> JSON:
    """`new` with those lists of numbers in the order of writing that are so in `old`, and are the same otherwise.

    Spaces that were logged before there was an order by size hold none: the same file gives it to them now.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        before, after = cast(dict[str, JSON], old), cast(dict[str, JSON], new)
        if after.get("order") == "size" and "order" not in before:
            return before if {**before, "order": "size"} == after else after
        if before.keys() == after.keys():
            return {key: in_the_order_of(before[key], after[key]) for key in after}
    if isinstance(old, list) and isinstance(new, list):
        olds, news = cast(list[JSON], old), cast(list[JSON], new)
        if len(olds) == len(news):
            return [in_the_order_of(a, b) for a, b in zip(olds, news, strict=True)]
    return cast(JSON, new)


def _brief(value: JSON) -> str:
    text = str(value)
    return text if len(text) <= 100 else f"{text[:97]}..."
