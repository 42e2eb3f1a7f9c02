"""What a log is: named runs, each a chain of events that only grows at its end."""

import re
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import count

from attrs import evolve

from archwright.core.errors import suggest_names
from archwright.store.errors import InvalidRunName, LogMissing, NoSuchEvent, NoSuchRun, RunExists
from archwright.store.events import ForkPoint, RunResumed, RunStarted, RunStopped
from archwright.store.log import START, Log, Position


def check_run_name(name: str) -> str:
    """`name`, if it may name a run, and so a part of a file's name."""
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", name) is None:
        raise InvalidRunName(
            f"the name of a run is {name!r}; it may hold up to 100 letters, digits, dots, dashes and underscores, "
            "and begins with a letter or digit, as in digits-1"
        )
    return name


def list_runs(log: Log) -> list[str]:
    """The runs of a log, of which there are none where it is not there yet."""
    try:
        return log.runs()
    except LogMissing:  # the first run is what makes the file
        return []


def find_run(log: Log, name: str | None = None) -> str:
    """`name`, if `log` holds such a run; without a name, the run that was started last."""
    runs = log.runs()
    if not runs:
        raise NoSuchRun("the log holds no run yet; archwright search starts one")
    return runs[-1] if name is None else require_run(name, runs)


def require_run(name: str, runs: Iterable[str]) -> str:
    """`name`, if it is one of `runs`."""
    runs = list(runs)
    if name not in runs:
        raise NoSuchRun(f"the log holds no run {name!r}; {suggest_names(name, runs)}")
    return name


def suggest_run_name(log: Log, stem: str, taken: Iterable[str] = ()) -> str:
    """The first of `generate_run_names`."""
    return next(generate_run_names(log, stem, taken))


def generate_run_names(log: Log, stem: str, taken: Iterable[str] = ()) -> Iterator[str]:
    """Those of stem-1, stem-2 ... that are later than every such run of `log`, and every such name in `taken`.

    What may not stand in a name is left out of `stem`, so that a path or a module can be one.
    """
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("._-")[:80] or "run"
    numbers = (re.fullmatch(re.escape(stem) + r"-([0-9]+)", run) for run in (*list_runs(log), *taken))
    first = max((int(match[1]) for match in numbers if match), default=0) + 1
    return (f"{stem}-{number}" for number in count(first))


def fork_run(
    log: Log, run: str, at: int, new_run: str, started: RunStarted, clock: Callable[[], float] = time.time
) -> Position:
    """Where `new_run` stands, begun as `started` says and with copies of the events 2 to `at` of `run`.

    The copies keep their times. Where processes left and resumed `run` is its own affair and is not copied.
    """
    runs = log.runs()
    require_run(run, runs)
    if new_run in runs:
        raise RunExists(f"the log holds a run {new_run} already; give the fork another name")
    history = log.read(run, upto=at)
    if at < 1 or len(history) < at:
        raise NoSuchEvent(f"event {at} of {run} is not there; it has events 1 to {len(log.read(run))}")
    copied = [recorded for recorded in history[1:] if not isinstance(recorded.event, RunStopped | RunResumed)]
    begun = evolve(started, forked_from=ForkPoint(run, at, len(copied)))
    events = [begun, *(recorded.event for recorded in copied)]
    return log.append(new_run, events, START, [clock(), *(recorded.time for recorded in copied)])
