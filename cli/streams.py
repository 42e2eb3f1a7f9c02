"""The standard streams of a command, made safe: each is open and takes every character, however it was started."""

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

STANDARD_DESCRIPTORS = 3  # 0, 1 and 2
READER_GONE_EXIT_CODE = 128 + signal.SIGPIPE  # as of any program whose output nobody reads any more


class OutputLost(ArchwrightError, OSError):
    """The output of a command that cannot be written, as on a full disk."""


class ReaderGone(OutputLost):
    """The pipe that a command writes to was closed by its reader, as `head` does after its last line."""


@define
class GuardedStream:
    """A stream that raises once if it cannot be written and is needed; from then on, its output is dropped."""

    file: Any
    needed: bool

    def write(self, text: Any) -> int:
        """Write a text, and return its length; raises OutputLost where the stream is needed."""
        try:
            return self.file.write(text)
        except OSError as error:
            self._handle_loss(error)
            return len(text)

    def flush(self) -> None:
        """Flush the buffer; raises OutputLost where the stream is needed."""
        try:
            self.file.flush()
        except OSError as error:
            self._handle_loss(error)

    @property
    def buffer(self) -> "GuardedStream":
        """The guarded stream of bytes below."""
        return GuardedStream(self.file.buffer, self.needed)

    def _handle_loss(self, error: OSError) -> None:
        with suppress(OSError, ValueError, AttributeError):  # it has no file descriptor
            devnull = os.open(os.devnull, os.O_WRONLY)
            os.dup2(devnull, self.file.fileno())
            os.close(devnull)
        if self.needed:
            error_class = ReaderGone if error.errno == errno.EPIPE else OutputLost
            raise error_class(f"stdout cannot be written: {error.strerror or error}; write somewhere else") from error

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)


@contextmanager
def guard_standard_streams() -> Generator[None]:
    """Guard stdout and stderr for as long as the block lasts; where stdout cannot be written, OutputLost is raised.

    A stream that is missing becomes the null device, a character that a stream's encoding lacks is written as its
    number, and a $COLUMNS of 0 is ignored.
    """
    _open_missing()
    if set(os.environ.get("COLUMNS", "")) == {"0"}:
        del os.environ["COLUMNS"]
    streams = sys.stdout, sys.stderr
    for stream in streams:
        if isinstance(stream, TextIOWrapper):
            with suppress(OSError):  # its descriptor has become another file's since it was opened, as of a pipe
                stream.reconfigure(errors="backslashreplace")
    sys.stdout = cast(IO[str], GuardedStream(streams[0], needed=True))
    sys.stderr = cast(IO[str], GuardedStream(streams[1], needed=False))
    try:
        yield
    finally:
        with suppress(OutputLost):
            sys.stdout.flush()
        sys.stdout, sys.stderr = streams


def ignore_lost_stdout() -> None:
    """From here on, a lost stdout does not end the command: the log has what is printed there, too."""
    if isinstance(stdout := cast(Any, sys.stdout), GuardedStream):
        stdout.needed = False


def _open_missing() -> None:
    """Open closed standard descriptors; else the next file, say a log, would get one, and be printed into."""
    while (devnull := os.open(os.devnull, os.O_RDWR)) < STANDARD_DESCRIPTORS:
        os.set_inheritable(devnull, True)
    os.close(devnull)
    for name, mode in {"stdin": "r", "stdout": "w", "stderr": "w"}.items():
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115  (as long as the process)
