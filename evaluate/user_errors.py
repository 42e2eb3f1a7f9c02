"""What a person reads when code of theirs has failed: their own frames, their last lines."""

import errno
import functools
import traceback
from pathlib import Path
from types import TracebackType

from archwright.core.errors import ArchwrightError

OURS = str(Path(__file__).parent.parent)  # the border: frames of archwright are of no use to the person
NOT_THEIRS = (OURS, "<frozen importlib", "<attrs generated", functools.__file__)  # dispatching is our way to build
LINES = 20
# How it begins where a worker has come to its end; below it is what the worker has said last.
ENDS = (
    "the worker was killed",
    "the worker exited",
    "the worker ended",
    "the worker closed",
    "the worker was not",
    "the trial was killed",
)


def last_lines(text: str, count: int = LINES) -> str:
    """The last `count` lines of `text`, without blank ones at the end, each cut to 500 characters."""
    return "\n".join(line if len(line) <= 500 else line[:497] + "..." for line in text.rstrip().splitlines()[-count:])


def summarize_error(error: str) -> str:
    """The line of an attempt's error that says most: of the end of a worker the first, of a traceback the last."""
    lines = error.strip().splitlines() or [""]
    return (lines[0] if lines[0].startswith(ENDS) else lines[-1]).strip()


def format_message(error: BaseException) -> str:
    """What the error says, also where that raises an error of its own."""
    try:
        return str(error)
    except Exception:  # noqa: BLE001  (a person's class of error may do anything)
        return f"<{type(error).__name__} that cannot say what it is>"


def format_traceback(error: BaseException, lines: int | None = LINES) -> str:
    """The traceback of `error` from the first frame that is not ours, cut to its last `lines` lines (None: all)."""
    trace = error.__traceback__
    while trace is not None and _is_ours(trace):
        trace = trace.tb_next
    told = traceback.TracebackException(type(error), error, trace)
    if isinstance(error, ArchwrightError):  # it says all that a person needs; where we noticed it is no news
        while told.stack and told.stack[-1].filename.startswith(NOT_THEIRS):
            told.stack.pop()
        if not told.stack:
            return format_message(error)
    text = "".join(told.format())
    return text.rstrip() if lines is None else last_lines(text, lines)


def _is_ours(trace: TracebackType) -> bool:
    return trace.tb_frame.f_code.co_filename.startswith(NOT_THEIRS)


# How torch says that memory ran out, on a CPU, and in the words of CUDA, of its libraries and of Metal.
NO_MEMORY = ("can't allocate memory", "out of memory", "STATUS_ALLOC_FAILED", "cudaErrorMemoryAllocation")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, of the machine or of a device."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    if isinstance(error, RuntimeError):
        return any(sign in format_message(error) for sign in NO_MEMORY)
    return isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
