"""The runs of a log by their names: those that it holds, names for new ones, and forks of a run."""

import re
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from typing import Any

from attrs import evolve

from archwright.core.errors import suggest_names
from archwright.store.errors import InvalidRunName, LogMissing, NoSuchEvent, NoSuchRun, RunExists
from archwright.store.events import ForkPoint, RunResumed, RunStarted, RunStopped
from archwright.store.log import START, EventLog, Position
from archwright.store.run_time import fold_run_time


def check_run_name(name: str) -> str:
    """`name`, if it may be a run's, and so part of a file's name; raises InvalidRunName."""
    given: Any = name
    if not isinstance(given, str) or re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", given) is None:
        raise InvalidRunName(
            f"the name of a run is {name!r}; it may hold up to 100 letters, digits, dots, dashes and underscores, "
            "and begins with a letter or digit, as in digits-1"
        )
    return name


def list_runs(log: EventLog) -> list[str]:
    """The names of the runs in `log`; none where its file does not exist yet."""
    try:
        return log.runs()
    except LogMissing:  # the first run creates the file
        return []


def find_run(log: EventLog, name: str | None = None) -> str:
    """`name`, if `log` holds such a run; without a name, the run that was started last. Raises NoSuchRun."""
    runs = log.runs()
    if not runs:
        raise NoSuchRun("the log holds no run yet; archwright search starts one (aw.search in Python)")
    return runs[-1] if name is None else require_run(name, runs)


def require_run(name: str, runs: Iterable[str]) -> str:
    """`name`, if it is one of `runs`; raises NoSuchRun."""
    runs = list(runs)
    if name not in runs:
        raise NoSuchRun(f"the log holds no run {name!r}; {suggest_names(name, runs)}")
    return name


def generate_run_names(log: EventLog, stem: str, taken: Iterable[str] = ()) -> Iterator[str]:
    """The names stem-1, stem-2 ... whose number is above that of every such run in `log` and name in `taken`.

    Characters that a name may not have are left out of `stem`, so that it can be a path or a module.
    """
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("._-")[:80] or "run"
    numbers = (re.fullmatch(re.escape(stem) + r"-([0-9]+)", run) for run in (*list_runs(log), *taken))
    first = max((int(match[1]) for match in numbers if match), default=0) + 1
    return (f"{stem}-{number}" for number in count(first))


def fork_run(
    log: EventLog, run: str, at: int, new_run: str, started: RunStarted, clock: Callable[[], float] = time.time
) -> Position:
    """Begin `new_run` with `started` and copies of the events 2 to `at` of `run`; gives its position then.

    The copies keep their times. Events of processes that left or resumed `run` are not copied; the start says how long
    these had spent on it. Raises NoSuchRun, NoSuchEvent, RunExists.
    """
    runs = log.runs()
    require_run(run, runs)
    if new_run in runs:
        raise RunExists(f"the log holds a run {new_run} already; give the fork another name")
    history = log.read(run, upto=at)
    if at < 1 or len(history) < at:
        raise NoSuchEvent(f"event {at} of {run} is not there; it has events 1 to {len(log.read(run))}")
    copies = [logged for logged in history[1:] if not isinstance(logged.event, RunStopped | RunResumed)]
    run_time = fold_run_time([logged.event for logged in history], [logged.time for logged in history])
    start = evolve(started, forked_from=ForkPoint(run, at, len(copies), run_time.seconds))
    events = [start, *(logged.event for logged in copies)]
    return log.append(new_run, events, START, [clock(), *(logged.time for logged in copies)])
