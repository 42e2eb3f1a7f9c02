"""What a signal means to a search: first let end what runs, then stop at once, then die.

Ctrl-C is a person's, who can press it again. SIGTERM and SIGHUP are a system's, which soon kills what does not end:
after them what runs has a grace.
"""

import signal
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType

from attrs import define, field

from archwright.cli.output import format_duration
from archwright.search.running.loop import StopRequest

ASKING = (signal.SIGTERM, signal.SIGHUP)
SIGNALS = (signal.SIGINT, *ASKING)


@define
class Interrupts:
    """The signals that have come so far. The handler only notes them: what it interrupts may hold any lock."""

    grace: float  # seconds that what runs may go on after a system has asked for an end
    clock: Callable[[], float] = time.monotonic
    received: list[int] = field(factory=list[int])
    asked: float | None = None  # when a system first did, on the clock

    @property
    def urgency(self) -> StopRequest:
        """How urgently the run is to stop."""
        if self.asked is not None and self.clock() - self.asked >= self.grace:
            return StopRequest.IMMEDIATE
        return StopRequest(min(len(self.received), StopRequest.IMMEDIATE))

    @property
    def exit_code(self) -> int:
        """What a shell expects of a process that a signal stopped: 130 for Ctrl-C, 143 for SIGTERM, 129 for SIGHUP."""
        return 128 + self.received[-1]

    def said(self, what: str, later: str) -> str:
        """What a person is told: that `what` runs may end, or that it is stopped and runs again `later`."""
        if self.urgency == StopRequest.IMMEDIATE:
            return f"stopping at once; the running {what} run again when {later}"
        if self.asked is None:
            return f"finishing the running {what}; press Ctrl-C again to stop at once"
        name = signal.Signals(self.received[-1]).name
        return f"{name}: the running {what} have {format_duration(self.grace)} to end; a second signal stops at once"

    def note(self, number: int, _: FrameType | None) -> None:
        """Take a signal in; the third one ends the process wherever it is, say waiting for a locked file."""
        self.received.append(number)
        if number in ASKING and self.asked is None:
            self.asked = self.clock()
        if len(self.received) > StopRequest.IMMEDIATE:
            raise KeyboardInterrupt


@contextmanager
def noted(grace: float) -> Generator[Interrupts]:
    """Take the signals that would have ended the process, for as long as the block lasts.

    One that the process was started to ignore stays so: a hang-up under `nohup`, Ctrl-C in the background of a script.
    """
    interrupts = Interrupts(grace)
    before = {number: signal.getsignal(number) for number in SIGNALS}
    taken = [number for number, handler in before.items() if handler != signal.SIG_IGN]
    for number in taken:
        signal.signal(number, interrupts.note)
    try:
        yield interrupts
    finally:
        for number in taken:
            signal.signal(number, before[number] or signal.SIG_DFL)
