"""How long processes have spent on a run: a fold of the times of its events.

The time of a process goes from the event with which it took the run up, RunStarted or RunResumed, to its last one: of a
process that was killed, the last that it logged. What passes between two processes is nobody's. Where the clock of the
machine was set back in between, nothing has passed.
"""

from collections.abc import Iterable, Sequence

from attrs import frozen

from archwright.store.events import Event, RunResumed, RunStarted, RunStopped


@frozen
class RunTime:
    """The time of a run up to its last event."""

    seconds: float = 0.0  # that processes have spent, a fork's with what its run had spent when it was forked
    latest: float | None = None  # when the process that has the run logged its last event; None while none has it

    def get_seconds(self, now: float) -> float:
        """The seconds that processes will have spent if the one that has the run logs its next event `now`."""
        return self.seconds if self.latest is None else self.seconds + max(0.0, now - self.latest)

    def fold(self, event: Event, time: float) -> "RunTime":
        """The time after an event; `time` is in seconds since 1970, UTC."""
        match event:
            case RunStarted(forked_from=None):
                return RunTime(0.0, time)
            case RunStarted(forked_from=fork):  # by no process: what follows are copies
                return RunTime(0.0 if fork is None else fork.seconds)
            case RunResumed():
                return RunTime(self.seconds, time)
            case RunStopped():
                return RunTime(self.get_seconds(time))
            case _:
                return self if self.latest is None else RunTime(self.get_seconds(time), time)


NO_TIME = RunTime()  # of a run before its first event


def fold_run_time(events: Iterable[Event], times: Sequence[float], run_time: RunTime = NO_TIME) -> RunTime:
    """The time of a run after `events`, which were at `times`."""
    for event, time in zip(events, times, strict=True):
        run_time = run_time.fold(event, time)
    return run_time
