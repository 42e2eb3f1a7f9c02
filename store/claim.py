"""At most one process goes on with a run: a lock that the operating system gives back when its holder dies."""

import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from archwright.core.suggestion import command
from archwright.store.beside import DRAFTS, beside
from archwright.store.errors import RunIsBusy
from archwright.store.failure import explain
from archwright.store.file import present
from archwright.store.names import check_run_name
from archwright.store.scratch import sweep

NOBODY = "nobody"  # in the lock of a run that was made, and that no process has gone on with yet


@contextmanager
def claim(path: Path | str, run: str) -> Generator[None]:
    """Keep every other process from going on with `run` of the log at `path` while the block lasts.

    The lock is a file in the folder FILE.locks beside the log, and holds the process id of its last holder. The file
    stays when the lock is given back: a lock file that is removed lets two processes each lock their own.
    """
    file = lock_file(Path(path), run)
    lock = FileLock(file, timeout=0, thread_local=False)
    sweep(file.parent.parent, DRAFTS)  # whoever goes on after a kill finds what it has left
    try:
        file.parent.mkdir(exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise RunIsBusy(
            f"{run} in {path} is going on in {_holder(file)}; let it finish or stop it, "
            f"or watch it with: {command(Path(path), 'show', run)}"
        ) from error
    except OSError as error:
        raise explain(error, file) from error
    try:
        with suppress(OSError):  # on a full disk the holder is unknown, and still the only one
            file.write_text(str(os.getpid()))
        yield
    finally:
        lock.release()


def lock_file(path: Path, run: str) -> Path:
    """Where the lock of `run` is, for a log at `path`."""
    return beside(present(path, "create"), "locks") / f"{check_run_name(run)}.lock"


def leave_to_others(path: Path | str, run: str) -> None:
    """Note in the lock of `run`, which this process holds, that it made the run and does not go on with it itself."""
    with suppress(OSError):  # on a full disk it is not known
        lock_file(Path(path), run).write_text(NOBODY)


def _holder(file: Path) -> str:
    pid = ""
    with suppress(OSError):  # Windows lets nobody read a locked file
        pid = file.read_text().strip()
    return f"process {pid}" if pid else "another process"
