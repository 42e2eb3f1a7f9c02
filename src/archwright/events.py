"""The events of a run, of which its log is made: what `on_event` is called with, and `run.events` has."""

from archwright.store.events import (
    AttemptEnded,
    AttemptStarted,
    Enqueued,
    Event,
    Inherited,
    Proposed,
    Reported,
    RunResumed,
    RunStarted,
    RunStopped,
    Scored,
)

__all__ = [
    "AttemptEnded",
    "AttemptStarted",
    "Enqueued",
    "Event",
    "Inherited",
    "Proposed",
    "Reported",
    "RunResumed",
    "RunStarted",
    "RunStopped",
    "Scored",
]
