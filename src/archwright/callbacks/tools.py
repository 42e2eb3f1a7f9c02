"""The packages of experiment trackers, and what their names and values may be."""

import json
import re
from hashlib import blake2b
from types import ModuleType

from archwright.core.errors import cut_text
from archwright.core.extra_packages import import_extra
from archwright.core.json import JSON


def import_tool(module: str, extra: str) -> ModuleType:
    """Import a module of a tool's package, which the `extra` of archwright installs; raises MissingPackage."""
    return import_extra(module, extra, "this callback")


def make_legal_name(name: str, illegal: str, max_characters: int) -> str:
    """`name` where it is legal; else with "_" for what is not, cut, and a hash that tells it from others.

    `illegal` is a regular expression of the characters that a tool's names may not have. Two names never become one.
    """
    legal = re.sub(illegal, "_", name)
    if legal == name and 0 < len(name) <= max_characters:
        return name
    end = f"-{blake2b(name.encode('utf-8', 'replace'), digest_size=4).hexdigest()}"
    return legal[: max_characters - len(end)] + end


def to_plain_value(value: JSON, max_characters: int) -> bool | int | float | str:
    """A choice's value as tools take it: a number, a truth value, or a text that is cut; anything else as JSON."""
    if isinstance(value, bool | int | float):
        return value
    return cut_text(value if isinstance(value, str) else json.dumps(value), max_characters)
