"""What benchmarks print: tables in Markdown, which the pages in docs hold as they are."""

import platform
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import archwright
from archwright.evaluate.workers.machine import count_cores


class Row(NamedTuple):
    """One thing that was measured."""

    what: str  # the same whatever the size of the measurement: pages are filled in by it
    figure: str
    bar: str = ""  # on a quiet core
    beside: str = ""  # what it is to be held against, and how it was measured


HEADS = ("what", "figure", "bar", "beside it")


def show(about: str, rows: Iterable[Sequence[str]], heads: Sequence[str] = HEADS) -> None:
    """Print what was measured where, and each row once it is there."""
    print(f"\n{about}; archwright {archwright.__version__}, {machine()}\n")
    print(_line(heads), "|---" * len(heads) + "|", sep="\n", flush=True)
    for row in rows:
        print(_line(row), flush=True)


def machine() -> str:
    """What the figures are of, in a few words."""
    return f"{platform.machine()}, {count_cores()} cores, {platform.system()}, Python {platform.python_version()}"


def _line(cells: Sequence[str]) -> str:
    return "|" + "|".join(f" {cell} " if cell else " " for cell in cells) + "|"
