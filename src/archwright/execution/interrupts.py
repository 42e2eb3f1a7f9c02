"""What signals mean to a search: the first lets running trials end, the second stops at once, the third kills.

A trial that runs in this process is stopped by the second one, too, wherever it is.

Ctrl-C comes from a user, who can press it again. SIGTERM and SIGHUP come from a system, which soon kills what does not
end: after them, running trials have a grace period.
"""

import signal
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType

from attrs import define, field

from archwright.core.protocols import ReportsWithin
from archwright.display.text import format_duration
from archwright.search.running.callbacks import StopRequest

SYSTEM_SIGNALS = (signal.SIGTERM, signal.SIGHUP)
SIGNALS = (signal.SIGINT, *SYSTEM_SIGNALS)


def _run_nothing_here() -> None:
    pass


@define
class Interrupts:
    """The signals received so far. The handler only records them: the code that it interrupts may hold any lock.

    Where it interrupts the code of a trial, the second signal gives that trial up.
    """

    grace: float  # seconds for which running trials may go on after SIGTERM or SIGHUP
    clock: Callable[[], float] = time.monotonic
    received: list[int] = field(factory=list[int])  # signal numbers, in the order of their coming
    give_up_job: Callable[[], object] = _run_nothing_here  # raises in the code of a trial, and nowhere else
    grace_start: float | None = None  # when the first SIGTERM or SIGHUP came, on the clock

    @property
    def urgency(self) -> StopRequest:
        """How urgently the run is to stop."""
        if self.grace_start is not None and self.clock() - self.grace_start >= self.grace:
            return StopRequest.IMMEDIATE
        return StopRequest(min(len(self.received), StopRequest.IMMEDIATE))

    @property
    def exit_code(self) -> int:
        """What a shell expects of a process that a signal stopped: 130 for Ctrl-C, 143 for SIGTERM, 129 for SIGHUP."""
        return 128 + self.received[-1]

    def describe(self, noun: str, condition: str) -> str:
        """What the user is told: that the running `noun` may end, or are stopped and run again when `condition`."""
        if self.urgency == StopRequest.IMMEDIATE:
            return f"stopping at once; the running {noun} run again when {condition}"
        if self.grace_start is None:
            return f"finishing the running {noun}; press Ctrl-C again to stop at once"
        name = signal.Signals(self.received[-1]).name
        return f"{name}: the running {noun} have {format_duration(self.grace)} to end; a second signal stops at once"

    def handle(self, number: int, _: FrameType | None) -> None:
        """Record a signal; the third one ends the process wherever it is, say waiting for a locked file."""
        self.received.append(number)
        if number in SYSTEM_SIGNALS and self.grace_start is None:
            self.grace_start = self.clock()
        if len(self.received) > StopRequest.IMMEDIATE:
            raise KeyboardInterrupt
        if len(self.received) == StopRequest.IMMEDIATE:
            self.give_up_job()


@contextmanager
def catch_signals(grace: float, evaluator: object = None) -> Generator[Interrupts]:
    """Catch the signals that would have ended the process, for as long as the block lasts.

    One that the process was started to ignore stays ignored: a hang-up under `nohup`, Ctrl-C in the background of a
    script. Signals come to the main thread alone: in any other one, none is caught. A second one gives up the job that
    the `evaluator` runs in this process.
    """
    interrupts = Interrupts(grace)
    if isinstance(evaluator, ReportsWithin):
        interrupts.give_up_job = evaluator.give_up_job
    is_main = threading.current_thread() is threading.main_thread()
    previous = {number: signal.getsignal(number) for number in SIGNALS if is_main}
    handled = [number for number, handler in previous.items() if handler != signal.SIG_IGN]
    for number in handled:
        signal.signal(number, interrupts.handle)
    try:
        yield interrupts
    finally:
        for number in handled:
            signal.signal(number, previous[number] or signal.SIG_DFL)
