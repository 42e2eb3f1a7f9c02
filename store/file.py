"""Undoing what a kill of the first release's writer has left: it kept in a file what its checkpoint overwrote.

DuckDB overwrites its metadata where it stands: a process that is killed within that leaves a file whose checksums are
wrong. Today the log is made anew from its journal; a log of that release has none yet, and this file instead. Whoever
finds it, and nobody at work on the log, puts the blocks back if the headers are still those of before. What had been
committed is then in the write-ahead file.
"""

import fcntl
import itertools
import logging
import os
import stat
import tempfile
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from functools import cache
from hashlib import blake2b
from pathlib import Path
from shlex import quote
from typing import Literal

import duckdb

from archwright.store.beside import ahead, beside
from archwright.store.errors import LogIsBusy, LogIsFolder, LogMissing, LogUnwritable, NotALog, explain, holder, is_busy

_HEADERS = 3 * 4096  # bytes: DuckDB's main header and the two that take turns; the blocks follow
_DIGEST = 32  # bytes
_NUMBER = 8  # bytes


def is_kept(path: Path) -> bool:
    """Whether such a writer of the log at `path` is at work, or was killed."""
    return beside(path, "undo").exists()


def put_right(path: Path) -> bool:
    """Undo a checkpoint of the log at `path` that was killed; False, and nothing done, if somebody is at work on it."""
    try:
        log = os.open(path, os.O_RDWR)
        try:
            fcntl.lockf(log, fcntl.LOCK_EX | fcntl.LOCK_NB)  # DuckDB's own lock
            _put_back(beside(path, "undo"), log)
            beside(path, "undo").unlink(missing_ok=True)
        finally:
            os.close(log)
    except BlockingIOError:
        return False
    except FileNotFoundError:  # another process was faster
        return True
    except OSError as error:
        raise explain(error, path) from error
    return True


def _put_back(file: Path, log: int) -> None:
    kept = file.read_bytes()
    content = kept[_DIGEST:]
    if kept[:_DIGEST] != _digest(content):
        return  # killed while it kept this: the checkpoint had not begun
    if content[:_HEADERS] != os.pread(log, _HEADERS, 0):
        return  # the checkpoint had come as far as to count
    size = int.from_bytes(content[_HEADERS : _HEADERS + _NUMBER], "little")
    for start in range(_HEADERS + _NUMBER, len(content), _NUMBER + size):
        place = int.from_bytes(content[start : start + _NUMBER], "little")
        os.pwrite(log, content[start + _NUMBER : start + _NUMBER + size], place)
    os.fsync(log)


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=_DIGEST).digest()


Database = duckdb.DuckDBPyConnection
Options = dict[str, str | bool | int | float | list[str]]
Mode = Literal["read", "write", "create"]

WRITER_PATIENCE = 600.0  # seconds; longer than a person's slowest query in another DuckDB client
READER_PATIENCE = 30.0  # seconds; a writer holds the file for some 10 ms at a time
_STORAGE = "v1.4.0"  # the oldest DuckDB that we run on, and people's other clients, can read what we write
OPTIONS: dict[Mode, str] = {
    "read": "TYPE duckdb, READ_ONLY",
    "write": "TYPE duckdb",
    "create": f"TYPE duckdb, STORAGE_VERSION '{_STORAGE}'",
}
SEALED: Options = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
# DuckDB's own functions and types come first, so that no macro of a file's stands for one of them.
_SEARCH_PATH = "SET search_path = 'system.main,{}.main'"
_aliases = itertools.count(1)
_locks: dict[int, threading.RLock] = {}
_logger = logging.getLogger("archwright.store")


@contextmanager
def attached(path: Path, mode: Mode = "read", patience: float = READER_PATIENCE) -> Generator[Database]:
    """The file as a database, whose tables go by their bare names, for as long as the block lasts.

    Waits up to `patience` seconds for whoever holds the file; whatever DuckDB cannot do is told as an ArchwrightError.
    What was written is in the file itself when the block ends, so that a write-ahead file that is lost costs nothing.
    """
    path = present(path, mode)
    _require_no_link_ahead(path)
    alias = f"log_{next(_aliases)}"
    keeper = _engine(os.getpid()).cursor()
    try:
        with turn(path, patience):
            _attach(keeper, path, alias, mode, patience)
            try:
                # A connection of its own: one whose database failed, as on a full disk, can no longer even leave it.
                with keeper.cursor() as database:
                    database.execute(_SEARCH_PATH.format(alias))
                    yield database
                    if mode != "read":
                        database.execute(f"CHECKPOINT {alias}")
            finally:
                keeper.execute(f"DETACH {alias}")
    except duckdb.Error as error:
        if isinstance(error, duckdb.FatalException):  # DuckDB 1.x gives up the engine, 2.0 only the file
            _engine.cache_clear()
        raise explain(error, path) from error
    finally:
        keeper.close()


@contextmanager
def turn(path: Path, patience: float) -> Generator[None]:
    """One thread of a process at a time: its locks on a file are the process's, and any thread can lose them."""
    lock = _locks.setdefault(os.getpid(), threading.RLock())  # a forked child must not wait for its parent's threads
    if not lock.acquire(timeout=patience):
        raise LogIsBusy(f"{path} is held by another thread of this process, which gave us no turn in {patience:g} s")
    try:
        yield
    finally:
        lock.release()


@contextmanager
def transaction(database: Database) -> Generator[None]:
    """All that the block does, or nothing of it."""
    database.execute("BEGIN")
    try:
        yield
    except BaseException:
        with suppress(duckdb.Error):  # what made the block fail may have ended the transaction
            database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")


def log_name(database: Database) -> str:
    """The name under which `database` has the log."""
    ((path, first),) = database.execute("SELECT current_setting('search_path'), current_database()").fetchall()
    return path.split(",")[-1].removesuffix(".main") or first


@contextmanager
def making(database: Database) -> Generator[None]:
    """Tables and views that the block makes are the log's: elsewhere bare names are first those of DuckDB itself."""
    name = log_name(database)
    database.execute(f"USE {name}")
    try:
        yield
    finally:
        with suppress(duckdb.Error):  # the block failed
            database.execute(_SEARCH_PATH.format(name))


def _mode(path: Path) -> int | None:
    """Of the file that is there, if one is."""
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None


def present(path: Path, mode: Mode = "read") -> Path:
    """`path` without links and detours, if a log can be there."""
    given = path
    try:
        path = path.expanduser().resolve()
        kind = _mode(path)
    except (OSError, RuntimeError) as error:  # a link that goes round, a user or a working directory that is not there
        said = getattr(error, "strerror", None) or error
        raise NotALog(f"{given} leads to no file ({said}); name another one with --log") from error
    if kind is not None and stat.S_ISDIR(kind):
        raise LogIsFolder(
            f"{path} is a folder; name a file in it, as in --log {quote(str(path / 'archwright.duckdb'))}"
        )
    if kind is not None and not stat.S_ISREG(kind):
        raise NotALog(f"{path} is a device, a pipe or a socket, and a log is a file; name one with --log")
    if mode == "create" and not path.parent.is_dir():
        raise LogMissing(f"the folder {path.parent} is not there; make it with mkdir -p {quote(str(path.parent))}")
    if mode != "create" and kind is None:
        raise LogMissing(f"there is no log {path}; archwright search starts one, --log FILE names another")
    return path


def _require_no_link_ahead(path: Path) -> None:
    """Nothing, if DuckDB's write-ahead files are no links: into what a stranger's link leads to it would write."""
    for link in filter(Path.is_symlink, ahead(path)):
        raise LogUnwritable(f"{link} is a link, and DuckDB would overwrite what it leads to; delete the link")


def quoted(path: Path) -> str:
    """The path as it stands between single quotes in SQL."""
    return str(path).replace("'", "''")


def _attach(database: Database, path: Path, alias: str, mode: Mode, patience: float) -> None:
    began, pause, warned = time.monotonic(), 0.002, False
    while True:
        held_by = _try_to_attach(database, path, alias, mode)
        if held_by is None:
            return
        waited = time.monotonic() - began
        if waited > patience:
            raise LogIsBusy(f"{path} is held by {held_by} and gave us no turn in {patience:g} s; close it there")
        if waited > 5 and not warned:
            _logger.warning("%s is held by %s; waiting for it", path, held_by)
            warned = True
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)


def _try_to_attach(database: Database, path: Path, alias: str, mode: Mode) -> str | None:
    """Who holds the file, if it could not be attached for that; else it is attached."""
    try:
        database.execute(f"ATTACH '{quoted(path)}' AS {alias} ({OPTIONS[mode]})")
        if not is_kept(path):
            return None
        # Who keeps something for undoing holds the file, and it is not held: that process was killed.
        database.execute(f"DETACH {alias}")
    except duckdb.Error as error:
        if is_busy(error):
            return holder(error)
        if not is_kept(path):
            raise
    return _try_to_attach(database, path, alias, mode) if put_right(path) else "another process"


@cache
def _engine(pid: int) -> Database:
    """The engine of the process `pid`: a forked child must not use its parent's."""
    try:
        spill = str(Path(tempfile.gettempdir()) / f"archwright-{pid}")
    except FileNotFoundError:  # every disk for temporary files is full: appends and reads need none
        spill = ""
    return duckdb.connect(config={"memory_limit": "1GB", "threads": 1, "temp_directory": spill, **SEALED})
