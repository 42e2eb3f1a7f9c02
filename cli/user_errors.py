"""Telling a user's code from ours: in the traceback of an error, and where it tries to exit the process."""

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
    """The traceback of `error` from where our code called a user's, say a method of their kind of module.

    None where it was raised by our code, or by an installed package that our code calls.
    """
    entry, user_entry = error.__traceback__, None
    while entry is not None:
        if entry.tb_frame.f_code.co_filename.startswith(PACKAGE_FOLDER):
            user_entry = entry.tb_next
        entry = entry.tb_next
    if user_entry is None or user_entry.tb_frame.f_code.co_filename.startswith((*INSTALLED_FOLDERS, "<")):
        return None
    return "".join(traceback.TracebackException(type(error), error, user_entry).format()).rstrip()


class UserCodeExited(ArchwrightError, RuntimeError):
    """A user's code that would have ended the command by os._exit, which nothing can catch."""


@contextmanager
def forbid_exit() -> Generator[None]:
    """In the block and in this process, os._exit raises UserCodeExited, with the place that called it."""
    process_id, original_exit, is_forbidden = os.getpid(), os._exit, True

    def exit_(status: int) -> None:
        if not is_forbidden or os.getpid() != process_id:  # a forked child may end this way
            original_exit(status)
        caller = sys._getframe(1)
        raise UserCodeExited(
            f"{caller.f_code.co_filename}, line {caller.f_lineno}, called os._exit({status}), which would have ended "
            "archwright without a word; let it raise an error, or come to its end"
        )

    os._exit = exit_
    try:
        yield
    finally:
        is_forbidden = False  # also for code that has kept a reference to exit_
        os._exit = original_exit
