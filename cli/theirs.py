"""Telling an error of a person's own code from one of ours."""

import sys
import traceback
from pathlib import Path

OURS = str(Path(__file__).parent.parent)
INSTALLED = tuple({sys.prefix, sys.base_prefix, *(str(Path(p).resolve()) for p in (sys.prefix, sys.base_prefix))})


def theirs(error: BaseException) -> str | None:
    """The traceback of `error` from where our code called a person's own, say a method of their kind of module.

    None where it was raised by our code, or by what our code calls besides.
    """
    trace, called = error.__traceback__, None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename.startswith(OURS):
            called = trace.tb_next
        trace = trace.tb_next
    if called is None or called.tb_frame.f_code.co_filename.startswith((*INSTALLED, "<")):
        return None
    return "".join(traceback.TracebackException(type(error), error, called).format()).rstrip()
