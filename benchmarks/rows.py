"""What benchmarks print: tables in Markdown, which the pages in docs hold as they are."""

import platform
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import archwright
from archwright.evaluate.workers.machine import count_cores


class Row(NamedTuple):
    """One thing that was measured."""

    name: str  # the same whatever the size of the measurement: pages are filled in by it
    figure: str
    target: str = ""  # on a quiet core
    note: str = ""  # what to compare it with, and how it was measured


HEADERS = ("what", "figure", "bar", "beside it")


def print_table(title: str, rows: Iterable[Sequence[str]], headers: Sequence[str] = HEADERS) -> None:
    """Print the title, the machine, the header, and each row as soon as it is measured."""
    print(f"\n{title}; archwright {archwright.__version__}, {describe_machine()}\n")
    print(_format_line(headers), "|---" * len(headers) + "|", sep="\n", flush=True)
    for row in rows:
        print(_format_line(row), flush=True)


def describe_machine() -> str:
    """The machine and its software, in a few words."""
    return f"{platform.machine()}, {count_cores()} cores, {platform.system()}, Python {platform.python_version()}"


def _format_line(cells: Sequence[str]) -> str:
    return "|" + "|".join(f" {cell} " if cell else " " for cell in cells) + "|"
