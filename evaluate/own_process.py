"""The process that runs a person's code, and children that this has forked: these must not go on as if they were it."""

import os
import sys
import traceback
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import NoReturn

from archwright.core.errors import ArchwrightError


class ReportedByChild(ArchwrightError, RuntimeError):
    """A report from a process that a person's function has forked."""


@contextmanager
def no_child_returns() -> Generator[None]:
    """A child that is forked in the block ends where it would leave the block, as a program of its own does."""
    home = os.getpid()
    try:
        yield
    except BaseException as error:
        if os.getpid() != home:
            _end(error)
        raise
    if os.getpid() != home:
        _end(None)


def require_process(home: int) -> None:
    """Nothing in the process with the id `home`; elsewhere ReportedByChild."""
    if os.getpid() != home:
        raise ReportedByChild(
            "report was called in a process that the function has forked; send what it finds to the function's own "
            "process, and report it there"
        )


def _end(error: BaseException | None) -> NoReturn:
    code = 0
    if isinstance(error, SystemExit):
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    elif error is not None:
        traceback.print_exception(error)
        code = 1
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    os._exit(code & 0xFF)
