"""The streams of a command: they are there and take every character, whatever the command was started with."""

import errno
import os
import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Any, cast

from attrs import define

from archwright.core.errors import ArchwrightError

STANDARD_DESCRIPTORS = 3  # file descriptors 0, 1 and 2
READER_GONE_EXIT_CODE = 128 + signal.SIGPIPE  # exit code, as of any program whose output nobody reads any more


class OutputLost(ArchwrightError, OSError):
    """What a command says cannot be written, as on a full disk."""


class ReaderGone(OutputLost):
    """The pipe that a command writes to has ended, as where `head` has seen enough."""


@define
class GuardedStream:
    """A stream that says once that it is lost, if it is needed; from then on, what is written goes nowhere."""

    file: Any
    needed: bool

    def write(self, text: Any) -> int:
        """Write, and return how much; raises OutputLost where the stream is needed."""
        try:
            return self.file.write(text)
        except OSError as error:
            self._lose(error)
            return len(text)

    def flush(self) -> None:
        """Write what waits; raises OutputLost where the stream is needed."""
        try:
            self.file.flush()
        except OSError as error:
            self._lose(error)

    @property
    def buffer(self) -> "GuardedStream":
        """The same for bytes."""
        return GuardedStream(self.file.buffer, self.needed)

    def _lose(self, error: OSError) -> None:
        with suppress(OSError, ValueError, AttributeError):  # it is no file of the system
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.file.fileno())
            os.close(nowhere)
        if self.needed:
            kind = ReaderGone if error.errno == errno.EPIPE else OutputLost
            raise kind(f"stdout cannot be written: {error.strerror or error}; write somewhere else") from error

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)


@contextmanager
def guard_standard_streams() -> Generator[None]:
    """Streams that a command can write to for as long as the block lasts; what stdout cannot take raises OutputLost.

    A stream that is missing leads nowhere, a character that its encoding does not have is written as its number, and
    where $COLUMNS has no room for one it says nothing.
    """
    _open_missing()
    if set(os.environ.get("COLUMNS", "")) == {"0"}:
        del os.environ["COLUMNS"]
    before = sys.stdout, sys.stderr
    for stream in before:
        if isinstance(stream, TextIOWrapper):
            with suppress(OSError):  # its descriptor has become another file's since it was opened, as of a pipe
                stream.reconfigure(errors="backslashreplace")
    sys.stdout, sys.stderr = (
        cast(IO[str], GuardedStream(before[0], True)),
        cast(IO[str], GuardedStream(before[1], False)),
    )
    try:
        yield
    finally:
        with suppress(OutputLost):
            sys.stdout.flush()
        sys.stdout, sys.stderr = before


def ignore_lost_stdout() -> None:
    """From here on, stdout that is lost ends nothing: what is said there is known from the log, too."""
    if isinstance(out := cast(Any, sys.stdout), GuardedStream):
        out.needed = False


def _open_missing() -> None:
    """A standard descriptor that is closed would else be the next file's: a log's, into which people then print."""
    while (nowhere := os.open(os.devnull, os.O_RDWR)) < STANDARD_DESCRIPTORS:
        os.set_inheritable(nowhere, True)
    os.close(nowhere)
    for name, mode in {"stdin": "r", "stdout": "w", "stderr": "w"}.items():
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115  (as long as the process)
