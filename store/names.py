"""The names of runs: a stem and a number, as in digits-1."""

import re
from collections.abc import Iterable, Iterator
from itertools import count

from archwright.core.errors import nearest
from archwright.store.errors import InvalidRunName, LogMissing, NoSuchRun
from archwright.store.log import Log


def check_run_name(name: str) -> str:
    """`name`, if it may name a run, and so a part of a file's name."""
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", name) is None:
        raise InvalidRunName(
            f"the name of a run is {name!r}; it may hold up to 100 letters, digits, dots, dashes and underscores, "
            "and begins with a letter or digit, as in digits-1"
        )
    return name


def new_run_name(log: Log, stem: str, taken: Iterable[str] = ()) -> str:
    """The first of `new_run_names`."""
    return next(new_run_names(log, stem, taken))


def new_run_names(log: Log, stem: str, taken: Iterable[str] = ()) -> Iterator[str]:
    """Those of stem-1, stem-2 ... that are later than every such run of `log`, and every such name in `taken`.

    What may not stand in a name is left out of `stem`, so that a path or a module can be one.
    """
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("._-")[:80] or "run"
    numbers = (re.fullmatch(re.escape(stem) + r"-([0-9]+)", run) for run in (*runs_of(log), *taken))
    first = max((int(match[1]) for match in numbers if match), default=0) + 1
    return (f"{stem}-{number}" for number in count(first))


def find_run(log: Log, name: str | None = None) -> str:
    """`name`, if `log` holds such a run; without a name, the run that was started last."""
    runs = log.runs()
    if not runs:
        raise NoSuchRun("the log holds no run yet; archwright search starts one")
    return runs[-1] if name is None else known_run(name, runs)


def known_run(name: str, runs: Iterable[str]) -> str:
    """`name`, if it is one of `runs`."""
    runs = list(runs)
    if name not in runs:
        raise NoSuchRun(f"the log holds no run {name!r}; {nearest(name, runs)}")
    return name


def runs_of(log: Log) -> list[str]:
    """The runs of a log, of which there are none where it is not there yet."""
    try:
        return log.runs()
    except LogMissing:  # the first run is what makes the file
        return []
