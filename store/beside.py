"""What lies beside a log and belongs to it: names that begin with its own."""

import errno
import fcntl
import itertools
import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Literal

DRAFTS = ".archwright-draft-"  # how the folders begin in which a file is made, beside its place

Suffix = Literal["wal", "undo", "journal", "locks", "artifacts", "damaged"]

AHEAD = ("wal", "wal.checkpoint", "wal.recovery")  # how the names of DuckDB's write-ahead files end

FILES: dict[Suffix, str] = {
    "wal": "what DuckDB has committed and not yet written into the log",
    "undo": "what a writer of the first release kept while it wrote the log",
    "journal": "every event, a line an append",
    "damaged": "a log that DuckDB refused, and that was made anew from the journal; and what belonged to it",
}
FOLDERS: dict[Suffix, str] = {
    "locks": "one lock a run",
    "artifacts": "what is kept of the trials",
}


def beside(log: Path, suffix: Suffix) -> Path:
    """The file or folder of that kind of the log at `log`, whether it is there or not."""
    return log.with_name(f"{log.name}.{suffix}")


def ahead(log: Path) -> list[Path]:
    """DuckDB's write-ahead files of a log at `log`, whether they are there or not."""
    return [log.with_name(f"{log.name}.{end}") for end in AHEAD]


def kept_name(log: Path, ending: str = "") -> Path:
    """A name that is free for a file of the log at `log` that is damaged; it ends with what the file is, as `.wal`."""
    damaged = beside(log, "damaged")
    numbers = itertools.chain([""], (f"-{number}" for number in itertools.count(2)))
    names = (damaged.with_name(f"{damaged.name}{number}{ending}") for number in numbers)
    return next(name for name in names if not name.exists())


def belongs_to(log: Path | str, path: Path | str) -> bool:
    """Whether `path` is the log at `log`, or one of the files and folders that belong to it, or lies in one of these.

    Links are followed, and neither need be there: a command must not write its output onto any of them.
    """
    log, path = _real(log), _real(path)
    return _is_log_or_file(log, path) or any(beside(log, folder) in (path, *path.parents) for folder in FOLDERS)


def _is_log_or_file(log: Path, path: Path) -> bool:
    if any(_same(path, known) for known in (log, *(beside(log, file) for file in FILES))):
        return True
    # Several of these may lie there, each with a number or an ending of its own.
    several = tuple(f"{log.name}.{suffix}" for suffix in ("damaged", "journal", "wal."))
    return path.parent == log.parent and path.name.startswith(several)


def _same(path: Path, known: Path) -> bool:
    with suppress(OSError):  # one of them is not there
        return path.samefile(known)  # also by a second name of the same file
    return path == known


def _real(path: Path | str) -> Path:
    with suppress(OSError, RuntimeError):  # a link to itself, a user that is not there
        return Path(path).expanduser().resolve()
    return Path(path).absolute()


@contextmanager
def scratch_folder(parent: Path | str, prefix: str) -> Generator[Path]:
    """A new folder in `parent` that goes with the block; those of dead processes with this `prefix` go first.

    Nobody else may make folders with this prefix there: they would be taken for a dead process's. Raises OSError where
    no folder can be made.
    """
    sweep(parent, prefix)
    folder, lock = _locked_folder(parent, prefix)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def sweep(parent: Path | str, prefix: str) -> None:
    """Delete the folders in `parent` whose names begin with `prefix` and whose processes are dead."""
    for folder in _folders(Path(parent), prefix):
        with suppress(OSError):  # its process is alive, or it is gone, no folder, or another user's
            lock = _lock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)


def _folders(parent: Path, prefix: str) -> list[Path]:
    with suppress(OSError):  # it cannot be read, or is not there
        return [path for path in parent.iterdir() if path.name.startswith(prefix)]
    return []


def _locked_folder(parent: Path | str, prefix: str) -> tuple[Path, int | None]:
    """A new folder and the descriptor that holds its lock; None on a file system without locks, where nobody sweeps."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        try:
            return folder, _lock(folder, fcntl.LOCK_EX)
        except FileNotFoundError:  # another process was faster than the lock, and took it for a dead one's
            continue
        except OSError:
            return folder, None


def _lock(folder: Path, how: int) -> int:
    """A descriptor that holds the lock of `folder`; raises FileNotFoundError if the folder is gone by then."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, how)
        if not os.path.samestat(os.fstat(descriptor), folder.stat()):
            raise FileNotFoundError(folder)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


_CANNOT = (errno.EINVAL, errno.ENOTSUP)  # what file systems say that bring no folder to the disk


@contextmanager
def whole_file(path: Path, draft: Path) -> Generator[BinaryIO]:
    """What the block writes to stands at `path`, whatever was there before, once the block has ended well.

    Until then it is at `draft`, in the same folder, where a killed process leaves it and the next one overwrites it.
    Where the block fails, or the disk, with OSError, there is no draft and `path` is as it was. Only where the disk
    fails once the file has its name, it stays, and a power cut might yet take it. A file system that brings no folder
    to the disk, as some of networks do, does not fail.
    """
    try:
        draft.unlink(missing_ok=True)  # it may be a link, which a stranger has put there to have its target overwritten
        with draft.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        _settle_names(path.parent)
    except BaseException:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise


def _settle_names(folder: Path) -> None:
    """Bring the names in `folder` to the disk, where it may be opened and its file system knows how."""
    with suppress(PermissionError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in _CANNOT:
                raise
        finally:
            os.close(descriptor)
