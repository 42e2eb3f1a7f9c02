"""How a person is told of a run under way: in Python, unless a command says how else."""

from collections.abc import Callable, Mapping
from pathlib import Path

from attrs import field, frozen
from rich.console import Console

from archwright.core.ends import EndName
from archwright.display.console import make_console
from archwright.store.suggestions import format_comparison_call, format_resumption_call


def _ignore_name(run: str) -> None:
    del run


@frozen
class Narration:
    """Where the progress of a run is printed, and how a person goes on with it."""

    console: Console = field(factory=make_console)
    format_resumption: Callable[[Path, str, Mapping[EndName, str]], str] = format_resumption_call
    begin: Callable[[str], object] = _ignore_name  # called with the name of the run, once it is logged
    # How they go on with a comparison: with its name, if it would have another one without.
    format_comparison: Callable[[str | None], str] = format_comparison_call
