"""Where the JSON of two spaces differs, for people."""

from collections.abc import Iterator
from typing import cast

from archwright.core.serial import JSON


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
