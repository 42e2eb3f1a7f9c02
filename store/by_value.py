"""Pickles of what other processes cannot import: classes and functions of a notebook, a script or a file go by value.

What a fresh process with this process's import path finds is in a pickle by its name, as in any other.
"""

# pyright: basic
# cloudpickle has no types.

import io
import sys
import threading
from contextlib import ExitStack
from types import CodeType, FunctionType
from typing import Any

import cloudpickle

from archwright.store.origins import is_module_importable

# What is registered with cloudpickle is so for the whole process: one pickle at a time registers something.
_LOCK = threading.RLock()
_NO_FILE = "<dynamic-code>"  # which cloudpickle writes in place of the file of all code


def pickle_by_value(value: object) -> bytes:
    """A pickle that any process can load which has archwright; raises what a person's objects raise."""
    file = io.BytesIO()
    with _LOCK, ExitStack() as stack:
        _Pickler(file, stack).dump(value)
    return file.getvalue()


class _Pickler(cloudpickle.Pickler):
    """Keeps two things that cloudpickle drops: the slots of a class, and the file of a function, for tracebacks.

    Modules that a fresh process does not find are registered with cloudpickle until the `stack` is closed, but for
    those that a person has registered, which stay so.
    """

    def __init__(self, file: io.BytesIO, stack: ExitStack) -> None:
        super().__init__(file)
        self._stack = stack
        # The modules that were looked for, and those that cloudpickle sends by value in any case.
        self._seen: set[str] = {"__main__", *cloudpickle.list_registry_pickle_by_value()}

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, CodeType):
            reduction: Any = self.dispatch_table[CodeType](obj)
            make, arguments = reduction
            return make, tuple(obj.co_filename if a == _NO_FILE else a for a in arguments)
        if isinstance(obj, type | FunctionType):
            self._register_if_lost(obj.__module__)
        reduced: Any = super().reducer_override(obj)
        if isinstance(reduced, tuple) and isinstance(obj, type) and "__slots__" in vars(obj):
            make, (metaclass, name, bases, namespace, *rest), *others = reduced
            return make, (metaclass, name, bases, {**namespace, "__slots__": vars(obj)["__slots__"]}, *rest), *others
        return reduced

    def _register_if_lost(self, name: str) -> None:
        """Have cloudpickle send by value what is in a module that is here, and that a fresh process does not find."""
        if name in self._seen or name not in sys.modules:
            return
        self._seen.add(name)
        if not is_module_importable(name):
            cloudpickle.register_pickle_by_value(sys.modules[name])
            self._stack.callback(cloudpickle.unregister_pickle_by_value, sys.modules[name])
