"""The attempts at a trial."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from attrs import evolve, field, frozen

from archwright.core.errors import to_one_line
from archwright.core.protocols import EarlyStop
from archwright.display.text import format_duration
from archwright.store.events import AttemptEnded, AttemptStarted, Event, Reported


@frozen(kw_only=True, repr=False)
class Attempt:
    """An attempt at a trial, as it stood when its run was read."""

    number: int  # 1, 2 ... of its trial
    started: datetime  # in UTC
    status: str = "interrupted"  # how it ended: ok, crashed ...; running or interrupted if it has not
    seconds: float | None = None  # that it took; None if it has not ended
    metrics: Mapping[str, float] = field(factory=dict[str, float])  # that it ended with
    error: str = ""  # what went wrong; empty if nothing did
    stopped: EarlyStop | None = None  # when and why it ended before the budget was spent, if it did
    curve: list[Mapping[str, float]] = field(factory=list[Mapping[str, float]])  # of each epoch reported, with `epoch`

    def __repr__(self) -> str:
        spent = "" if self.seconds is None else f" after {format_duration(self.seconds)}"
        reason = self.stopped.why if self.stopped is not None else self.error.strip().rpartition("\n")[2]
        status = self.status.replace("_", " ")
        return f"<Attempt {self.number}: {status}{spent}{f', {to_one_line(reason)}' if reason else ''}>"


def fold_attempts(events: Sequence[tuple[Event, float]], *, is_running: bool) -> list[Attempt]:
    """The attempts at a trial, in order, from its events and their times; `is_running` says whether the last one is."""
    attempts: list[Attempt] = []
    for event, time in events:
        match event:
            case AttemptStarted(_, number):
                attempts.append(Attempt(number=number, started=datetime.fromtimestamp(time, UTC)))
            case Reported(_, _, epoch, metrics):
                attempts[-1].curve.append({"epoch": epoch, **metrics})
            case AttemptEnded(_, _, status, seconds, metrics, error, stopped):
                end = {"status": status, "seconds": seconds, "metrics": dict(metrics), "error": error}
                attempts[-1] = evolve(attempts[-1], **end, stopped=stopped)
            case _:
                pass
    if attempts and is_running:
        attempts[-1] = evolve(attempts[-1], status="running")
    return attempts
