"""Names of a module that take time to import, and are imported when they are first read."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from archwright.core.errors import suggest_names


def _find_nothing(name: str) -> str:
    del name
    return ""


def import_when_read(
    namespace: dict[str, Any], names: Mapping[str, str], find_elsewhere: Callable[[str], str] = _find_nothing
) -> Callable[[str], Any]:
    """The `__getattr__` of the module with that namespace, for public names by the modules that define them.

    A name that its module does not define is that module itself. `find_elsewhere` says what is called by a name that
    the module does not have, and how it is written; empty for nothing.
    """
    modules = {name: module for module, texts in names.items() for name in texts.split()}

    def suggest(name: str) -> str:
        if name.startswith("_"):
            return ""
        if elsewhere := find_elsewhere(name):
            return f"; {elsewhere}"
        suggestion = suggest_names(name, namespace.get("__all__", modules))
        return f"; {suggestion}" if suggestion.endswith("?") else ""

    def import_name(name: str) -> Any:
        if name not in modules:
            module_name = namespace["__name__"]
            # Python adds a suggestion of its own to an error that has the name, and an error without it is given the
            # name unless it has the object.
            message = f"module {module_name!r} has no attribute {name!r}{suggest(name)}"
            raise AttributeError(message, obj=sys.modules[module_name])
        module = import_module(modules[name])
        value = namespace[name] = getattr(module, name, module)
        return value

    return import_name
