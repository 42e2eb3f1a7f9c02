"""What a log is: named runs, each a chain of events that only grows at its end."""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from attrs import evolve, frozen

from archwright.core.errors import suggest_command, suggest_names
from archwright.store.errors import InvalidRunName, LogConflict, LogMissing, NoSuchEvent, NoSuchRun, RunExists
from archwright.store.events import Event, Fork, RunResumed, RunStarted, RunStopped


@frozen
class Position:
    """Where a run stands: the number of its last event, and the hash over all of them."""

    seq: int
    chain: str  # 32 hexadecimal digits; "" before the first event


START = Position(0, "")


class Row(NamedTuple):
    """One row of the table of events, its run aside: a tuple, as DuckDB takes and gives them by the ten thousand."""

    seq: int
    time: float
    kind: str
    trial: int | None
    payload: str
    chain: str

    @property
    def position(self) -> Position:
        """Where the run stands after this row."""
        return Position(self.seq, self.chain)


@frozen
class Written:
    """Events of a run as rows that go on from `after`: ready to be appended, also by another process."""

    run: str
    after: Position
    rows: Sequence[Row]

    @property
    def position(self) -> Position:
        """Where the run stands after the rows."""
        return self.rows[-1].position if self.rows else self.after

    def __reduce__(self) -> tuple[Any, ...]:
        # As columns: pickle takes them, and makes them again, thirty times as fast as rows.
        return _from_columns, (self.run, self.after, tuple(zip(*self.rows, strict=True)))


def _from_columns(run: str, after: Position, columns: tuple[tuple[Any, ...], ...]) -> Written:
    return Written(run, after, list(map(Row._make, zip(*columns, strict=True))))


@frozen
class Recorded:
    """An event as the log holds it."""

    seq: int  # 1, 2 ... within the run
    time: float  # seconds since 1970, UTC
    event: Event
    chain: str

    @property
    def position(self) -> Position:
        """Where the run stood after this event."""
        return Position(self.seq, self.chain)


class Appendable(Protocol):
    """What takes the events of a run, as it goes on."""

    def append(
        self, run: str, events: Sequence[Event], after: Position, times: Sequence[float] | None = None
    ) -> Position:
        """Where `run` stands once `events` are durable, all or none of them; `times` default to now.

        Appending the same events after the same position again changes nothing and returns the same position.
        Raises LogConflict where the run does not stand at `after`.
        """
        ...


class Log(Appendable, Protocol):
    """Runs that survive their processes.

    Any number of processes may read while one writes. A run has one writer at a time: `claim` keeps others out, and
    an append whose `after` is not the run's real end is refused, so that a second writer cannot corrupt the run.
    """

    def append_all(self, parts: Sequence[Written]) -> list[Position]:
        """Where each run stands once all `parts` are durable, all or none of them; each as `append` takes its events.

        A run comes once among the parts.
        """
        ...

    def read(self, run: str, after: int = 0, upto: int | None = None) -> list[Recorded]:
        """The events of `run` numbered after+1 to `upto`; none where the log has no such run.

        Raises LogIsDamaged where the events are not those that were appended.
        """
        ...

    def runs(self) -> list[str]:
        """The names of the runs, the one that was started last at the end."""
        ...


def conflict(run: str, after: Position, log: Path | None) -> LogConflict:
    """The error for a writer of `run` in the file `log`, if it is in one, who believes that it stands at `after`."""
    return LogConflict(
        f"{run} does not stand at event {after.seq} as this process left it: another process has written the run, "
        f"or another file is in the log's place; stop that one, then go on with: {suggest_command(log, 'resume', run)}"
    )


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
        raise NoSuchRun(f"the log holds no run {name!r}; {suggest_names(name, runs)}")
    return name


def runs_of(log: Log) -> list[str]:
    """The runs of a log, of which there are none where it is not there yet."""
    try:
        return log.runs()
    except LogMissing:  # the first run is what makes the file
        return []


def fork(
    log: Log, run: str, at: int, new_run: str, started: RunStarted, clock: Callable[[], float] = time.time
) -> Position:
    """Where `new_run` stands, begun as `started` says and with copies of the events 2 to `at` of `run`.

    The copies keep their times. Where processes left and resumed `run` is its own affair and is not copied.
    """
    runs = log.runs()
    known_run(run, runs)
    if new_run in runs:
        raise RunExists(f"the log holds a run {new_run} already; give the fork another name")
    history = log.read(run, upto=at)
    if at < 1 or len(history) < at:
        raise NoSuchEvent(f"event {at} of {run} is not there; it has events 1 to {len(log.read(run))}")
    copied = [recorded for recorded in history[1:] if not isinstance(recorded.event, RunStopped | RunResumed)]
    begun = evolve(started, forked_from=Fork(run, at, len(copied)))
    events = [begun, *(recorded.event for recorded in copied)]
    return log.append(new_run, events, START, [clock(), *(recorded.time for recorded in copied)])
