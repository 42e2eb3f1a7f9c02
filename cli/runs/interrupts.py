"""What Ctrl-C and SIGTERM mean to a search: first finish what runs, then stop at once, then die."""

import signal
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

from attrs import define, field

from archwright.search.run import Stop

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@define
class Interrupts:
    """The signals that have come so far. The handler only notes them: what it interrupts may hold any lock."""

    received: list[int] = field(factory=list[int])

    @property
    def urgency(self) -> Stop:
        """How urgently the person wants the run to stop."""
        return Stop(min(len(self.received), Stop.NOW))

    @property
    def exit_code(self) -> int:
        """What a shell expects of a process that a signal stopped: 130 for Ctrl-C, 143 for SIGTERM."""
        return 128 + self.received[-1]

    def note(self, number: int, _: FrameType | None) -> None:
        """Take a signal in; the third one ends the process wherever it is, say waiting for a locked file."""
        self.received.append(number)
        if len(self.received) > Stop.NOW:
            raise KeyboardInterrupt


@contextmanager
def noted() -> Generator[Interrupts]:
    """Take the signals that would have ended the process, for as long as the block lasts."""
    interrupts = Interrupts()
    before = {number: signal.signal(number, interrupts.note) for number in SIGNALS}
    try:
        yield interrupts
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
