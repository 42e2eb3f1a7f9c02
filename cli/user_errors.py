"""Telling what a person's own code does from what ours does: its errors, and its ways to leave."""

import os
import sys
import traceback
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from archwright.core.errors import ArchwrightError

PACKAGE_FOLDER = str(Path(__file__).parent.parent)
INSTALLED_FOLDERS = tuple(
    {sys.prefix, sys.base_prefix, *(str(Path(p).resolve()) for p in (sys.prefix, sys.base_prefix))}
)


def format_user_traceback(error: BaseException) -> str | None:
    """The traceback of `error` from where our code called a person's own, say a method of their kind of module.

    None where it was raised by our code, or by what our code calls besides.
    """
    trace, called = error.__traceback__, None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename.startswith(PACKAGE_FOLDER):
            called = trace.tb_next
        trace = trace.tb_next
    if called is None or called.tb_frame.f_code.co_filename.startswith((*INSTALLED_FOLDERS, "<")):
        return None
    return "".join(traceback.TracebackException(type(error), error, called).format()).rstrip()


class UserCodeExited(ArchwrightError, RuntimeError):
    """A person's code that would have ended the command by os._exit, which nothing can catch."""


@contextmanager
def forbid_exit() -> Generator[None]:
    """In the block and in this process, os._exit raises UserCodeExited, with the place that called it."""
    home, leave, within = os.getpid(), os._exit, True

    def exit_(status: int) -> None:
        if not within or os.getpid() != home:  # a child that somebody has forked is to end so
            leave(status)
        caller = sys._getframe(1)
        raise UserCodeExited(
            f"{caller.f_code.co_filename}, line {caller.f_lineno}, called os._exit({status}), which would have ended "
            "archwright without a word; let it raise an error, or come to its end"
        )

    os._exit = exit_
    try:
        yield
    finally:
        within = False  # also for who has kept the name
        os._exit = leave
