"""A new run from another one's prefix."""

import time
from collections.abc import Callable

from attrs import evolve

from archwright.store.errors import NoSuchEvent, RunExists
from archwright.store.events import Fork, RunResumed, RunStarted, RunStopped
from archwright.store.log import START, Log, Position
from archwright.store.names import known_run


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
