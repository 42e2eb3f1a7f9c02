"""Where two JSON values differ, for people."""

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


def _brief(value: JSON) -> str:
    text = str(value)
    return text if len(text) <= 100 else f"{text[:97]}..."
