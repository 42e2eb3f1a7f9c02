"""What a log holds, as values: logs, runs, trials and comparisons.

A value is what the log held when it was read: reading again gives a new one. Nothing here runs code that a log names,
unless the person who reads it says `trust=True`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from archwright.results.comparison import Comparison
    from archwright.results.log import Log
    from archwright.results.rows import Rows
    from archwright.results.run import Run
    from archwright.results.trial import Trial

# Imported when they are first read: the database takes time.
_MODULES = {"Comparison": "comparison", "Log": "log", "Rows": "rows", "Run": "run", "Trial": "trial"}

__all__ = ["Comparison", "Log", "Rows", "Run", "Trial"]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
