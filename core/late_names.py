"""Names of a module that take time to import, and are imported when they are first read."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from archwright.core.errors import suggest_names


def import_when_read(namespace: dict[str, Any], names: Mapping[str, str]) -> Callable[[str], Any]:
    """The `__getattr__` of the module with that namespace, for public names by the modules that define them.

    A name that its module does not define is that module itself.
    """
    modules = {name: module for module, texts in names.items() for name in texts.split()}

    def import_name(name: str) -> Any:
        if name not in modules:
            suggestion = "" if name.startswith("_") else suggest_names(name, namespace.get("__all__", modules))
            remedy = f"; {suggestion}" if suggestion.endswith("?") else ""
            raise AttributeError(f"module {namespace['__name__']!r} has no attribute {name!r}{remedy}")
        module = import_module(modules[name])
        value = namespace[name] = getattr(module, name, module)
        return value

    return import_name
