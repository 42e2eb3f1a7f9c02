"""Writing so that a kill leaves nothing half done: a file that is there whole or not at all, a folder that is swept."""

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

DRAFT_FOLDER_PREFIX = ".archwright-draft-"  # of the folders in which a file is made, beside its place
_UNSUPPORTED_ERRNOS = (errno.EINVAL, errno.ENOTSUP)  # of file systems that cannot bring a folder to the disk


@contextmanager
def write_atomically(path: Path, draft: Path) -> Generator[BinaryIO]:
    """A file to write to, which replaces what is at `path` once the block has ended without an error.

    Until then it is at `draft`, in the same folder, where a killed process leaves it and the next one overwrites it.
    Where the block or the disk fails, the latter with OSError, the draft is deleted and `path` is as it was. Only where
    the disk fails once the file has its name, it stays, and a power cut might still undo that. Some network file
    systems cannot bring a folder to the disk, which is no error.
    """
    try:
        draft.unlink(missing_ok=True)  # it may be a link by which somebody wants its target overwritten
        with draft.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        _sync_folder(path.parent)
    except BaseException:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise


def _sync_folder(folder: Path) -> None:
    """Bring the names of the files in `folder` to the disk, if it may be opened and its file system can do that."""
    with suppress(PermissionError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in _UNSUPPORTED_ERRNOS:
                raise
        finally:
            os.close(descriptor)


@contextmanager
def make_scratch_folder(parent: Path | str, prefix: str) -> Generator[Path]:
    """A new folder in `parent` that is deleted after the block; those of dead processes with `prefix` are swept first.

    Nobody else may make folders with this prefix there: they would be taken for a dead process's. Raises OSError where
    no folder can be made.
    """
    sweep_scratch_folders(parent, prefix)
    folder, lock = _make_locked_folder(parent, prefix)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def sweep_scratch_folders(parent: Path | str, prefix: str) -> None:
    """Delete the folders in `parent` whose names begin with `prefix` and whose processes are dead."""
    for folder in _list_folders(Path(parent), prefix):
        with suppress(OSError):  # its process is alive, or it is gone, not a folder, or another user's
            lock = _lock_folder(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)


def _list_folders(parent: Path, prefix: str) -> list[Path]:
    with suppress(OSError):  # it cannot be read, or does not exist
        return [path for path in parent.iterdir() if path.name.startswith(prefix)]
    return []


def _make_locked_folder(parent: Path | str, prefix: str) -> tuple[Path, int | None]:
    """A new folder and the descriptor that holds its lock; None on a file system without locks, where none is swept."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        try:
            return folder, _lock_folder(folder, fcntl.LOCK_EX)
        except FileNotFoundError:  # another process took it for a dead one's before it was locked
            continue
        except OSError:
            return folder, None


def _lock_folder(folder: Path, operation: int) -> int:
    """A descriptor that holds the lock of `folder`, taken by flock's `operation`.

    Raises FileNotFoundError if the folder is gone by then.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, operation)
        if not os.path.samestat(os.fstat(descriptor), folder.stat()):
            raise FileNotFoundError(folder)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
