"""Differences between two JSON values, such as those of a space of then and of now."""

from collections.abc import Iterator, Mapping
from inspect import signature
from itertools import takewhile
from typing import cast

from archwright.core.given_name import ARGUMENT, FIELD
from archwright.core.json import JSON, OLD_KINDS, from_foreign_json, to_json

MAX_SHOWN_CHARACTERS = 100  # of a value in a line about a difference
MAX_SHOWN_BEFORE = 30  # of them that are equal, where it is cut


def rewrite_old_kinds(data: JSON) -> JSON:
    """The JSON of the same terms as this release writes it."""
    if isinstance(data, list):
        return [rewrite_old_kinds(item) for item in cast(list[JSON], data)]
    if not isinstance(data, dict):
        return data
    fields = cast(dict[str, JSON], data)
    if _is_of_old_kind(fields):
        return to_json(from_foreign_json(fields))
    return {key: rewrite_old_kinds(value) for key, value in fields.items()}


def _is_of_old_kind(fields: Mapping[str, JSON]) -> bool:
    """Whether a JSON object is a term of such a kind: evaluations may have a kind of the same name."""
    read = OLD_KINDS.get(str(fields.get("kind")))
    return read is not None and set(fields) == {"kind", *signature(read).parameters}


def find_differences(old: JSON, new: JSON, place: str = "$") -> Iterator[str]:
    """A line for each place at which two JSON values differ, outermost first."""
    if isinstance(old, dict) and isinstance(new, dict):
        old_fields, new_fields = cast(dict[str, JSON], old), cast(dict[str, JSON], new)
        different_keys = old_fields.keys() ^ new_fields.keys()
        if old_fields.get("kind") == new_fields.get("kind") and different_keys <= {ARGUMENT, FIELD}:
            for key in old_fields | new_fields:  # a module without a name has no key for it
                yield from find_differences(old_fields.get(key, ""), new_fields.get(key, ""), f"{place}.{key}")
            return
        if _is_of_old_kind(old_fields):
            yield from find_differences(rewrite_old_kinds(old), rewrite_old_kinds(new), place)
            return
    if isinstance(old, list) and isinstance(new, list):
        old_items, new_items = cast(list[JSON], old), cast(list[JSON], new)
        if len(old_items) == len(new_items) and any(isinstance(item, dict | list) for item in old_items):
            for i, (a, b) in enumerate(zip(old_items, new_items, strict=True)):
                yield from find_differences(a, b, f"{place}[{i}]")
            return
    if old != new:
        was, is_now = _cut_around_difference(str(cast(JSON, old)), str(cast(JSON, new)))
        yield f"{place} was {was}, and is {is_now}"


def restore_written_order(old: JSON, new: JSON) -> JSON:
    """`new`, but its lists of numbers are in the order of writing where they are so in `old` and otherwise equal.

    Spaces that were logged by the first release have no order by size, which the same file now gives to them. Old kinds
    of modules, too, are as in `old` where they mean the same.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        old_fields, new_fields = cast(dict[str, JSON], old), cast(dict[str, JSON], new)
        if _is_of_old_kind(old_fields) and rewrite_old_kinds(old) == new:
            return old_fields
        if new_fields.get("order") == "size" and "order" not in old_fields:
            return old_fields if {**old_fields, "order": "size"} == new_fields else new_fields
        if old_fields.keys() == new_fields.keys():
            return {key: restore_written_order(old_fields[key], new_fields[key]) for key in new_fields}
    if isinstance(old, list) and isinstance(new, list):
        old_items, new_items = cast(list[JSON], old), cast(list[JSON], new)
        if len(old_items) == len(new_items):
            return [restore_written_order(a, b) for a, b in zip(old_items, new_items, strict=True)]
    return cast(JSON, new)


def _cut_around_difference(*texts: str) -> tuple[str, ...]:
    """The texts, or where one of them is long the parts of them that begin shortly before they differ."""
    if max(map(len, texts)) <= MAX_SHOWN_CHARACTERS:
        return texts
    alike = sum(1 for _ in takewhile(lambda characters: len({*characters}) == 1, zip(*texts, strict=False)))
    start = max(0, alike - MAX_SHOWN_BEFORE)
    return tuple(_cut(text, start) for text in texts)


def _cut(text: str, start: int) -> str:
    before = "..." if start else ""
    rest = text[start:]
    space = MAX_SHOWN_CHARACTERS - len(before)
    return before + (rest if len(rest) <= space else f"{rest[: space - 3]}...")
