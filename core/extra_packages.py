"""Packages that archwright can do without, each of which one of its extras installs."""

import importlib
from types import ModuleType

from archwright.core.errors import ArchwrightError


class MissingPackage(ArchwrightError, ImportError):
    """A package that an extra of archwright installs, and that is not there."""


def import_extra(module: str, extra: str, what: str) -> ModuleType:
    """Import a module that `what` needs, of a package that the `extra` of archwright installs.

    Raises MissingPackage.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        # The package may be there and lack what it needs itself: the cause says so.
        raise MissingPackage(
            f"{what} needs a package that cannot be imported ({error}); "
            f"install it with: pip install 'archwright[{extra}]'"
        ) from error
