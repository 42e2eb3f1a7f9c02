"""The files that commands write: each beside its place first, and in it only once it is whole.

A command that fails has touched nothing. What is there already is replaced only by a file of its kind, and nothing that
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
from archwright.store.journal import is_journal, locate_journal
from archwright.store.paths import belongs_to

PROBE_BYTES = 4096  # bytes of a file in which it shows of what kind it is
STREAM_FOLDER_PREFIX = "archwright-whole-"  # how the folders for temporary files begin from which streams are written
_DEVICE_FOLDERS = ("/dev", "/dev/fd", "/proc/self/fd")  # folders of names for what is open already, such as /dev/stdout


class UnwritableFile(ArchwrightError, OSError):
    """A file that cannot be written where a person wants it."""


class FileOfAnotherKind(ArchwrightError, FileExistsError):
    """A file of a person's that is there already and holds something else than what is to be written."""


class FileOfALog(ArchwrightError, FileExistsError):
    """A file that is a log or belongs to one, where something else is to be written."""


@frozen
class FileKind:
    """A kind of file: its name, and whether a file begins as one of it does."""

    name: str
    is_begun: Callable[[bytes, str], bool]  # by the first LOOK bytes of a file, and the ending of its name


@contextmanager
def stage_file(target: Path, kind: FileKind, option: str) -> Generator[Path]:
    """Where the block writes a file of `kind` that stands at `target` when the block has ended well.

    `option` is what named it, for the errors: FileOfALog, FileOfAnotherKind, and UnwritableFile.
    """
    try:
        require_replaceable(target, kind, option)
        if _is_stream(target):
            with make_scratch_folder(gettempdir(), STREAM_FOLDER_PREFIX) as folder:
                whole = folder / f"whole{target.suffix}"
                yield whole
                _copy_to_stream(whole, target)
        else:
            with _open_draft(Path(os.path.realpath(target))) as draft:
                yield draft
    except OSError as error:
        if isinstance(error, ArchwrightError):
            raise
        raise UnwritableFile(
            f"{target} cannot be written: {error.strerror or error}; name another file with {option}"
        ) from error


def require_replaceable(target: Path, kind: FileKind, option: str) -> None:
    """Nothing, if a file of `kind` may be written at `target`; else FileOfALog, FileOfAnotherKind or UnwritableFile."""
    with suppress(FileNotFoundError):
        target.stat()  # says what is wrong with links that go round, and with names that are too long
    require_no_log(target, f"name another file with {option}")
    if target.is_dir():
        raise UnwritableFile(f"{target} is a folder; name a file in it with {option}")
    if target.is_block_device() or target.is_socket():
        raise UnwritableFile(f"{target} is a device or a socket; name a file with {option}")
    if target.is_file() and not _is_stream(target):
        with target.open("rb") as file:
            start = file.read(PROBE_BYTES)
        if start.strip() and not kind.is_begun(start, target.suffix.lower()):
            raise FileOfAnotherKind(
                f"{target} is there already and is no {kind.name}; name another file with {option}, or delete it"
            )


def require_no_log(target: Path, remedy: str) -> None:
    """Nothing, if `target` neither is a log nor belongs to one; else FileOfALog."""
    place = Path(os.path.realpath(target))
    log = _find_log(place)
    if log is not None:
        what = "is a log" if log == place else f"belongs to the log {log}"
        raise FileOfALog(f"{target} {what}, which nothing else may take the place of; {remedy}")


def _find_log(path: Path) -> Path | None:
    """The log that `path` is or belongs to, as its own name or that of a folder that it lies in says."""
    for each in (path, *path.parents):
        for name in (each.name, *(each.name[: dot.start()] for dot in re.finditer(r"\.", each.name))):
            if name and _is_log(log := each.with_name(name)) and belongs_to(log, path):
                return log
    return None


def _is_log(path: Path) -> bool:
    """Whether a log is there, or its journal, from which one that was emptied or deleted is made anew."""
    with suppress(OSError):
        if path.is_file():
            with path.open("rb") as file:
                if file.read(12)[8:] == b"DUCK":
                    return True
    return is_journal(locate_journal(path))


def _is_stream(target: Path) -> bool:
    """Whether what is written there goes on to somebody else: nothing can be put in its place."""
    return target.is_char_device() or target.is_fifo() or str(target.absolute().parent) in _DEVICE_FOLDERS


def _copy_to_stream(whole: Path, target: Path) -> None:
    with whole.open("rb") as source, target.open("wb") as stream:
        shutil.copyfileobj(source, stream)


@contextmanager
def _open_draft(target: Path) -> Generator[Path]:
    """A file beside `target` that takes its place, and its permissions, when the block has ended well.

    What killed processes have left of theirs goes first.
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


def _is_csv(start: bytes, ending: str) -> bool:
    """Whether it is text in rows of one length.

    A single column is any text: then the name must say that it is CSV, and the text must be nothing else.
    """
    try:
        text = start.decode("utf-8-sig", "strict" if len(start) < PROBE_BYTES else "ignore")
        rows = [row for row in csv.reader(text.splitlines(), strict=True) if row]
    except (UnicodeDecodeError, csv.Error):
        return False
    whole = rows if len(start) < PROBE_BYTES else rows[:-1]
    widths = {len(row) for row in whole}
    is_named_so = ending == ".csv" and not any(kind.is_begun(start, ending) for kind in (SVG_FILE, PDF_FILE, JSON_FILE))
    return "\0" not in text and len(widths) <= 1 and (bool(widths - {1}) or is_named_so)


SVG_FILE = FileKind("SVG", _is_svg)
PNG_FILE = FileKind("PNG", _match_magic(b"\x89PNG\r\n"))
PDF_FILE = FileKind("PDF", _match_magic(b"%PDF"))
CSV_FILE = FileKind("CSV", _is_csv)
JSON_FILE = FileKind("JSON list of rows", _is_json)
PARQUET_FILE = FileKind("Parquet file", _match_magic(b"PAR1"))
