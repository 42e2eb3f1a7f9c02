"""The events of a run by their numbers, at which it is read and forked."""

from collections.abc import Sequence
from datetime import UTC, datetime

from attrs import frozen

from archwright.search.running.run_view import RunView
from archwright.store.errors import NoSuchEvent
from archwright.store.events import Event, Scored


@frozen(repr=False)
class NumberedEvent:
    """An event of a run."""

    number: int  # 1, 2 ... in the run
    time: datetime  # when it was logged, in UTC
    event: Event

    def __repr__(self) -> str:
        trial = getattr(self.event, "trial", None)
        return f"<Event {self.number}: {type(self.event).__name__}{'' if trial is None else f' of trial {trial}'}>"


def number_events(view: RunView) -> Sequence[NumberedEvent]:
    """The events of the run, in order."""
    logged = zip(view.run.events, view.run.times, strict=True)
    return [
        NumberedEvent(number, datetime.fromtimestamp(time, UTC), event)
        for number, (event, time) in enumerate(logged, start=1)
    ]


def find_scoring(view: RunView, trial: int) -> int:
    """The number of the event in which the searcher was told of a trial; NoSuchEvent where it was not as yet."""
    for number, event in enumerate(view.run.events, start=1):
        if isinstance(event, Scored) and event.trial == trial:
            return number
    raise NoSuchEvent(f"trial {trial} of {view.name} has not ended as yet; name an event of it by its number")
