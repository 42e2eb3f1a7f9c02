"""The files that people have written: each as a draft beside its target first, which it replaces once it is complete.

What fails has touched nothing. An existing file is replaced only by a file of its own kind, and nothing that
belongs to a log is replaced at all.
"""

import csv
import os
import re
import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import gettempdir

from attrs import frozen

from archwright.core.errors import ArchwrightError
from archwright.store.atomic import DRAFT_FOLDER_PREFIX, make_scratch_folder
from archwright.store.own_files import require_no_log

PROBE_BYTES = 4096  # of the beginning of a file, which show its kind
STREAM_FOLDER_PREFIX = "archwright-whole-"  # of the folders of drafts that are then copied to a stream
_DEVICE_FOLDERS = ("/dev", "/dev/fd", "/proc/self/fd")  # of names for open files, such as /dev/stdout


class UnwritableFile(ArchwrightError, OSError):
    """A file that cannot be written where the user wants it."""


class FileOfAnotherKind(ArchwrightError, FileExistsError):
    """An existing file of the user's that is of another kind than the one to be written."""


@frozen
class FileKind:
    """A kind of file: its name, and whether a file is one of it."""

    name: str
    matches: Callable[[bytes, str], bool]  # by its first PROBE_BYTES bytes, and the suffix of its name


@contextmanager
def stage_file(target: Path, kind: FileKind) -> Generator[Path]:
    """The path where the block writes a file of `kind`, which replaces `target` when the block has succeeded.

    Raises FileOfALog, FileOfAnotherKind and UnwritableFile, each of which begins with the file as it was named.
    """
    try:
        require_replaceable(target, kind)
        if _is_stream(target):
            with make_scratch_folder(gettempdir(), STREAM_FOLDER_PREFIX) as folder:
                draft = folder / f"whole{target.suffix}"
                yield draft
                _copy_to_stream(draft, target)
        else:
            with _open_draft(Path(os.path.realpath(target))) as draft:
                yield draft
    except OSError as error:
        if isinstance(error, ArchwrightError):
            raise
        raise UnwritableFile(f"{target} cannot be written: {error.strerror or error}; name another file") from error


def require_replaceable(target: Path, kind: FileKind) -> None:
    """Nothing, if a file of `kind` may be written at `target`; else FileOfALog, FileOfAnotherKind or UnwritableFile."""
    with suppress(FileNotFoundError):
        target.stat()  # raises for links that form a loop, and for names that are too long
    require_no_log(target, "name another file")
    if target.is_dir():
        raise UnwritableFile(f"{target} is a folder; name a file in it")
    if target.is_block_device() or target.is_socket():
        raise UnwritableFile(f"{target} is a device or a socket; name a file")
    if target.is_file() and not _is_stream(target):
        with target.open("rb") as file:
            start = file.read(PROBE_BYTES)
        if start.strip() and not kind.matches(start, target.suffix.lower()):
            raise FileOfAnotherKind(f"{target} is there already and is no {kind.name}; name another file, or delete it")


def _is_stream(target: Path) -> bool:
    """Whether `target` passes on what is written to it, so that no file can replace it."""
    return target.is_char_device() or target.is_fifo() or str(target.absolute().parent) in _DEVICE_FOLDERS


def _copy_to_stream(draft: Path, target: Path) -> None:
    with draft.open("rb") as source, target.open("wb") as stream:
        shutil.copyfileobj(source, stream)


@contextmanager
def _open_draft(target: Path) -> Generator[Path]:
    """A file beside `target` that replaces it, with its permissions, when the block has succeeded.

    Drafts that killed processes have left are deleted first.
    """
    with make_scratch_folder(target.parent, DRAFT_FOLDER_PREFIX) as folder:
        draft = folder / target.name
        draft.touch()
        yield draft
        with draft.open("rb+") as file:
            os.fsync(file.fileno())
        with suppress(FileNotFoundError):
            shutil.copymode(target, draft)
        draft.replace(target)


def _match_magic(magic: bytes) -> Callable[[bytes, str], bool]:
    return lambda start, _: start.startswith(magic)


def _is_svg(start: bytes, _: str) -> bool:
    return start.strip().startswith(b"<") and b"<svg" in start


def _is_json(start: bytes, _: str) -> bool:
    return re.match(rb"\s*\[\s*[{\]]", start) is not None


def _is_csv(start: bytes, suffix: str) -> bool:
    """Whether a file begins with text in rows of one length.

    Any text is a single column: then the suffix must be .csv, and the text must be of no other kind.
    """
    try:
        text = start.decode("utf-8-sig", "strict" if len(start) < PROBE_BYTES else "ignore")
        rows = [row for row in csv.reader(text.splitlines(), strict=True) if row]
    except (UnicodeDecodeError, csv.Error):
        return False
    complete_rows = rows if len(start) < PROBE_BYTES else rows[:-1]
    widths = {len(row) for row in complete_rows}
    is_single_column = suffix == ".csv" and not any(
        kind.matches(start, suffix) for kind in (SVG_FILE, PDF_FILE, JSON_FILE)
    )
    return "\0" not in text and len(widths) <= 1 and (bool(widths - {1}) or is_single_column)


SVG_FILE = FileKind("SVG", _is_svg)
PNG_FILE = FileKind("PNG", _match_magic(b"\x89PNG\r\n"))
PDF_FILE = FileKind("PDF", _match_magic(b"%PDF"))
CSV_FILE = FileKind("CSV", _is_csv)
JSON_FILE = FileKind("JSON list of rows", _is_json)
PARQUET_FILE = FileKind("Parquet file", _match_magic(b"PAR1"))
