"""Folders for a moment: each is locked while its process is alive, so that what a killed one has left can be told.

The lock is the operating system's, on the folder itself, and ends with its holder, however that ends. A folder that
nobody has locked is nobody's: whoever makes the next one deletes it.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path


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
