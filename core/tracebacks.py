"""Errors of a user's code as the user reads them: tracebacks of their own frames, and messages of one line."""

import contextlib
import functools
import sys
import traceback
from collections.abc import Generator, Sequence
from itertools import chain, groupby
from pathlib import Path
from types import TracebackType

from archwright.core.errors import ArchwrightError

_PACKAGE_FOLDER = str(Path(__file__).parent.parent)
# Files whose frames are not the user's. Of functools, it is singledispatch, by which models are built; of contextlib,
# the leaving of a block such as that of `guard_user_code`.
HIDDEN_FILES = (_PACKAGE_FOLDER, "<frozen importlib", "<attrs generated", functools.__file__, contextlib.__file__)
_INSTALLED_FOLDERS = tuple(
    {sys.prefix, sys.base_prefix, *(str(Path(p).resolve()) for p in (sys.prefix, sys.base_prefix))}
)
_FRAME_START = '  File "'  # of a frame in a traceback, before its file
MAX_LINES = 20  # of a traceback or of a worker's last output
MAX_LINE_LENGTH = 500  # characters


@contextlib.contextmanager
def guard_user_code(
    failed: type[ArchwrightError], what: str, *, passing: type[Exception] | tuple[()] = ArchwrightError
) -> Generator[None]:
    """Turns what a user's code raises in the block into the error `failed`: `what` has failed, and the whole traceback.

    Errors of the class `passing` leave the block as they are. With `()` no error does, for code whose traceback
    shows the line that made archwright complain.
    """
    try:
        yield
    except passing:
        raise
    except Exception as error:  # a user's code may raise anything
        raise failed(f"{what}:\n{format_traceback(error, lines=None)}") from error


def format_traceback(error: BaseException, lines: int | None = MAX_LINES) -> str:
    """The traceback of `error` from the user's first frame on, with about `lines` lines (None: all).

    What is left out is in its middle: frames of installed packages, and only then the user's own.
    An error of archwright ends with the user's last frame, and is its message alone where no frame is the user's.
    """
    trace = error.__traceback__
    while trace is not None and _is_hidden(trace):
        trace = trace.tb_next
    formatted = traceback.TracebackException(type(error), error, trace)
    if isinstance(error, ArchwrightError):  # its message says all; where archwright raised it does not matter
        while formatted.stack and formatted.stack[-1].filename.startswith(HIDDEN_FILES):
            formatted.stack.pop()
        if not formatted.stack:
            return format_message(error)
    parts = list(formatted.format())
    return "".join(parts).rstrip() if lines is None else "\n".join(_shorten(parts, lines)).rstrip()


def format_user_traceback(error: BaseException) -> str | None:
    """The traceback of `error` from where our code called a user's, say a method of their kind of module.

    None where it was raised by our code, or by an installed package that our code calls.
    """
    entry, user_entry = error.__traceback__, None
    while entry is not None:
        if entry.tb_frame.f_code.co_filename.startswith(_PACKAGE_FOLDER):
            user_entry = entry.tb_next
        entry = entry.tb_next
    if user_entry is None or user_entry.tb_frame.f_code.co_filename.startswith((*_INSTALLED_FOLDERS, "<")):
        return None
    return "".join(traceback.TracebackException(type(error), error, user_entry).format()).rstrip()


def format_message(error: BaseException) -> str:
    """The message of the error, also where its `__str__` raises an error of its own."""
    try:
        return str(error)
    except Exception:  # noqa: BLE001  (a user's class of error may do anything)
        return f"<{type(error).__name__} that cannot say what it is>"


def last_lines(text: str, count: int = MAX_LINES) -> str:
    """The last `count` lines of `text`, without blank ones at the end, each cut to 500 characters."""
    return "\n".join(map(_cut_line, text.rstrip().splitlines()[-count:]))


def _shorten(parts: Sequence[str], count: int) -> Sequence[str]:
    """About `count` lines of a traceback, of which each part is a frame, a message, or a line between these."""
    blocks = [list(map(_cut_line, part.splitlines())) for part in parts]
    if sum(map(len, blocks)) <= count:
        return list(chain.from_iterable(blocks))
    blocks = [_cut_middle(block, count // 2) for block in blocks]
    frames = [index for index, block in enumerate(blocks) if block[0].startswith(_FRAME_START)]
    room = count - sum(len(block) for index, block in enumerate(blocks) if index not in frames)
    left_out = set(frames)
    for index in sorted(frames, key=lambda i: _rank_frame(blocks[i], i, len(blocks))):
        room -= len(blocks[index])
        if room < 0:
            break
        left_out.remove(index)
    lines = list[str]()
    for is_left_out, group in groupby(range(len(blocks)), left_out.__contains__):
        run = list(chain.from_iterable(blocks[index] for index in group))
        lines += [_describe_omission(len(run))] if is_left_out else run
    return _cut_middle(lines, 2 * count)  # those of a group of exceptions have no frames that are known as such


def _rank_frame(block: Sequence[str], index: int, count: int) -> tuple[bool, int]:
    """The user's frames come first, the outer ones before those between; then those of packages, the last one first."""
    is_installed = block[0].removeprefix(_FRAME_START).startswith((*_INSTALLED_FOLDERS, *HIDDEN_FILES))
    return is_installed, -index if is_installed else min(index, count - index)


def _cut_middle(lines: Sequence[str], count: int) -> Sequence[str]:
    """The first and the last ones of more than `count` lines."""
    if len(lines) <= count:
        return lines
    half = count // 2
    return [*lines[:half], _describe_omission(len(lines) - 2 * half), *lines[-half:]]


def _describe_omission(count: int) -> str:
    return f"  ... {count} {'line is' if count == 1 else 'lines are'} left out ..."


def _cut_line(line: str) -> str:
    return line if len(line) <= MAX_LINE_LENGTH else line[: MAX_LINE_LENGTH - 3] + "..."


def _is_hidden(trace: TracebackType) -> bool:
    return trace.tb_frame.f_code.co_filename.startswith(HIDDEN_FILES)
