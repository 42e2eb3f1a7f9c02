"""A user's code that tries to exit the process."""

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager

from archwright.core.errors import ArchwrightError


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
