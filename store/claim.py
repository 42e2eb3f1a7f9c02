"""At most one process works on a run: a lock that the operating system releases when its holder dies."""

import fcntl
import os
from collections.abc import Generator, Iterable
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from archwright.core.errors import ArchwrightError
from archwright.store.artifacts import find_runs_with_artifacts, remove_if_empty
from archwright.store.atomic import DRAFT_FOLDER_PREFIX, sweep_scratch_folders
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.errors import LogFailed, RunExists, RunIsBusy, explain_failure
from archwright.store.paths import locate_sidecar, resolve_log
from archwright.store.runs import check_run_name, list_runs
from archwright.store.suggestions import suggest_view
from archwright.store.written_paths import shorten

_claimed_here: set[tuple[int, Path]] = set()  # the lock files that this process holds, with its id: a fork has others
NOBODY = "nobody"  # in the lock file of a run that was created, and that no process has worked on yet


@contextmanager
def claim(path: Path | str, run: str) -> Generator[None]:
    """Keep other processes from working on `run` of the log at `path` while the block lasts; raises RunIsBusy.

    The lock is a file in the folder FILE.locks beside the log and holds the process id of its last holder, for people
    to read. It stays when it is released, but is deleted if the log does not hold the run then.
    """
    path = Path(path)
    file = locate_lock(path, run)
    sweep_scratch_folders(file.parent.parent, DRAFT_FOLDER_PREFIX)  # what a killed process has left
    try:
        lock = _acquire(file)
    except BlockingIOError as error:
        raise RunIsBusy(
            f"{run} in {shorten(path)} is going on in {_describe_holder(file)}, or watch it with: "
            f"{suggest_view(path, run)}"
        ) from error
    except NotADirectoryError as error:
        raise LogFailed(
            f"{file.parent} is a file, and the locks of the log {path} are to be in a folder of that name; move it away"
        ) from error
    except OSError as error:
        raise explain_failure(error, file) from error
    claimed = (os.getpid(), file)
    _claimed_here.add(claimed)
    try:
        with suppress(OSError):  # on a full disk the holder is unknown, and still the only one
            file.write_text(str(os.getpid()))
        yield
    finally:
        try:
            if not _is_logged(path, run):
                file.unlink(missing_ok=True)
                remove_if_empty(file.parent)
        finally:
            _claimed_here.discard(claimed)
            os.close(lock)


@contextmanager
def claim_first_free(log: DuckDBLog, names: Iterable[str]) -> Generator[str]:
    """The first of `names` that no run has, claimed while the block lasts; raises RunExists where all are taken.

    A name that another process has just claimed is passed over.
    """
    for name in names:
        if (claimed := _try_to_claim(log, name)) is not None:
            with claimed:
                yield name
            return
    raise RunExists(f"all names that a new run in {shorten(log.path)} might have are taken; name another one")


def _try_to_claim(log: DuckDBLog, name: str) -> ExitStack | None:
    """A context that holds the claim of `name`, if no run has it."""
    with ExitStack() as claims:
        try:
            claims.enter_context(claim(log.path, name))
        except RunIsBusy:
            return None
        is_taken = name in list_runs(log) or name in find_runs_with_artifacts(log.path)
        return None if is_taken else claims.pop_all()


def is_claimed(path: Path | str, run: str) -> bool:
    """Whether a process works on `run` now; asking keeps nobody from claiming it.

    Raises FileNotFoundError where the run has no lock file, and OSError where it cannot be opened.
    """
    lock = os.open(locate_lock(Path(path), run), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def leave_to_others(path: Path | str, run: str) -> None:
    """Note in the lock of `run`, which this process holds, that it created the run and will not work on it itself."""
    with suppress(OSError):  # on a full disk the note is missing
        locate_lock(Path(path), run).write_text(NOBODY)


def locate_lock(path: Path, run: str) -> Path:
    """The lock file of `run`, for a log at `path`, whether it exists or not."""
    return locate_sidecar(resolve_log(path, "create"), "locks") / f"{check_run_name(run)}.lock"


def _acquire(file: Path) -> int:
    """A descriptor that holds the lock of `file`, which it creates; BlockingIOError where another process holds it.

    A file that its holder has just deleted would keep nobody out: then a new one is locked.
    """
    while True:
        with suppress(FileExistsError):
            file.parent.mkdir()
        with suppress(FileNotFoundError):
            lock = os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)  # a link may be a stranger's
            try:
                _try_to_lock(lock)
                if os.path.samestat(os.fstat(lock), file.stat()):
                    return lock
            except BaseException:
                os.close(lock)
                raise
            os.close(lock)


def _try_to_lock(lock: int) -> None:
    """Lock exclusively; BlockingIOError where another process has, but not where one only asks by `is_claimed`."""
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)  # `is_claimed` shares the lock for a moment


def _is_logged(path: Path, run: str) -> bool:
    """Whether the log holds the run, or cannot be read; a log that is gone is not rebuilt for that."""
    try:
        return path.expanduser().exists() and run in DuckDBLog(path).runs()
    except (ArchwrightError, OSError):
        return True


def _describe_holder(file: Path) -> str:
    """The process that holds the lock of `file`, and how it lets go of that."""
    if (os.getpid(), file) in _claimed_here:
        return "this process; wait for its search there, or close the study that it has open"
    pid = ""
    with suppress(OSError):  # Windows lets nobody read a locked file
        pid = file.read_text().strip()
    return f"{f'process {pid}' if pid else 'another process'}; let it finish or stop it"
