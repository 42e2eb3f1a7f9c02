"""The log as a DuckDB database, attached for as long as it is read or written."""

import itertools
import logging
import os
import re
import tempfile
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import duckdb

from archwright.store.errors import LogIsBusy, LogUnwritable, explain_failure
from archwright.store.paths import Mode, locate_wal_files, resolve_log
from archwright.store.undo import has_undo_file, undo_checkpoint

Database = duckdb.DuckDBPyConnection
DuckDBOptions = dict[str, str | bool | int | float | list[str]]

WRITER_WAIT_SECONDS = 600.0  # longer than a person's slowest query in another DuckDB client
READER_WAIT_SECONDS = 30.0  # a writer holds the file for some 10 ms at a time
_WARN_SECONDS = 5.0  # of waiting, after which it is said
_FIRST_PAUSE_SECONDS = 0.002  # between two attempts to attach the file
_LONGEST_PAUSE_SECONDS = 0.05

_STORAGE_VERSION = "v1.4.0"  # so that the oldest supported DuckDB, and people's other clients, can read the file
ATTACH_OPTIONS: dict[Mode, str] = {
    "read": "TYPE duckdb, READ_ONLY",
    "write": "TYPE duckdb",
    "create": f"TYPE duckdb, STORAGE_VERSION '{_STORAGE_VERSION}'",
}
NO_EXTENSIONS: DuckDBOptions = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
# DuckDB's own functions and types come first, so that no macro of a file's stands for one of them.
_SEARCH_PATH = "SET search_path = 'system.main,{}.main'"
_BUSY = ("Could not set lock", "Unique file handle conflict", "used by another process")  # in messages of DuckDB

_alias_numbers = itertools.count(1)
_locks: dict[int, threading.RLock] = {}  # by process id
_logger = logging.getLogger("archwright.store")


@contextmanager
def attach(path: Path, mode: Mode = "read", wait_seconds: float = READER_WAIT_SECONDS) -> Generator[Database]:
    """The log at `path` as a database, whose tables go by their bare names, while the block lasts.

    Waits up to `wait_seconds` for whoever holds the file. Errors of DuckDB are raised as an ArchwrightError. What was
    written is in the file itself when the block ends, so that a write-ahead file that is lost costs nothing.
    """
    path = resolve_log(path, mode)
    _require_no_linked_wal(path)
    alias = f"log_{next(_alias_numbers)}"
    engine = _get_engine(os.getpid()).cursor()
    try:
        with raise_interrupts(), take_turn(path, wait_seconds):
            _attach_when_free(engine, path, alias, mode, wait_seconds)
            try:
                # A connection of its own: one whose database failed, as on a full disk, can no longer even leave it.
                with engine.cursor() as database:
                    database.execute(_SEARCH_PATH.format(alias))
                    yield database
                    if mode != "read":
                        database.execute(f"CHECKPOINT {alias}")
            finally:
                engine.execute(f"DETACH {alias}")
    except duckdb.Error as error:
        if isinstance(error, duckdb.FatalException):  # DuckDB 1.x gives up the engine, 2.0 only the file
            _get_engine.cache_clear()
        raise explain_failure(error, path) from error
    finally:
        engine.close()


@contextmanager
def raise_interrupts() -> Generator[None]:
    """KeyboardInterrupt where Ctrl-C has ended a statement in the block: DuckDB tells it as a RuntimeError."""
    try:
        yield
    except RuntimeError as error:
        if str(error) == "Query interrupted":
            raise KeyboardInterrupt from error
        raise


@contextmanager
def take_turn(path: Path, wait_seconds: float) -> Generator[None]:
    """One thread of this process at a time: locks on a file are the process's, and any thread can lose them."""
    lock = _locks.setdefault(os.getpid(), threading.RLock())  # a forked child must not wait for its parent's threads
    if not lock.acquire(timeout=wait_seconds):
        raise LogIsBusy(
            f"{path} is held by another thread of this process, which gave us no turn in {wait_seconds:g} s"
        )
    try:
        yield
    finally:
        lock.release()


@contextmanager
def open_transaction(database: Database) -> Generator[None]:
    """A transaction: all that the block does is done, or nothing of it."""
    database.execute("BEGIN")
    try:
        yield
    except BaseException:
        with suppress(duckdb.Error):  # what made the block fail may have ended the transaction
            database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")


def find_log_alias(database: Database) -> str:
    """The name under which `database` has the log attached."""
    ((path, first),) = database.execute("SELECT current_setting('search_path'), current_database()").fetchall()
    return path.split(",")[-1].removesuffix(".main") or first


@contextmanager
def create_in_log(database: Database) -> Generator[None]:
    """Tables and views that the block creates are the log's: elsewhere bare names are first DuckDB's own."""
    name = find_log_alias(database)
    database.execute(f"USE {name}")
    try:
        yield
    finally:
        with suppress(duckdb.Error):  # the block failed
            database.execute(_SEARCH_PATH.format(name))


def escape_quotes(text: object) -> str:
    """`text` as it stands between single quotes in SQL."""
    return str(text).replace("'", "''")


def _require_no_linked_wal(path: Path) -> None:
    """Raise LogUnwritable if a write-ahead file is a link, perhaps a stranger's: DuckDB would write to its target."""
    for link in filter(Path.is_symlink, locate_wal_files(path)):
        raise LogUnwritable(f"{link} is a link, and DuckDB would overwrite what it leads to; delete the link")


def _attach_when_free(database: Database, path: Path, alias: str, mode: Mode, wait_seconds: float) -> None:
    """Attach the file as `alias`, once nobody holds it; raises LogIsBusy after `wait_seconds`."""
    started, pause, warned = time.monotonic(), _FIRST_PAUSE_SECONDS, False
    while (holder := _try_to_attach(database, path, alias, mode)) is not None:
        waited = time.monotonic() - started
        if waited > wait_seconds:
            raise LogIsBusy(f"{path} is held by {holder} and gave us no turn in {wait_seconds:g} s; close it there")
        if waited > _WARN_SECONDS and not warned:
            _logger.warning("%s is held by %s; waiting for it", path, holder)
            warned = True
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE_SECONDS)


def _try_to_attach(database: Database, path: Path, alias: str, mode: Mode) -> str | None:
    """Attach the file as `alias`; gives who holds it, where that prevents it, else None."""
    try:
        database.execute(f"ATTACH '{escape_quotes(path)}' AS {alias} ({ATTACH_OPTIONS[mode]})")
        if not has_undo_file(path):
            return None
        # Whoever writes an undo file holds the log, and nobody holds it: that process was killed.
        database.execute(f"DETACH {alias}")
    except duckdb.Error as error:
        if _is_busy(error):
            return _describe_holder(error)
        if not has_undo_file(path):
            raise
    return _try_to_attach(database, path, alias, mode) if undo_checkpoint(path) else "another process"


@cache
def _get_engine(pid: int) -> Database:
    """The DuckDB engine of the process `pid`: a forked child must not use its parent's."""
    try:
        spill_folder = str(Path(tempfile.gettempdir()) / f"archwright-{pid}")
    except FileNotFoundError:  # every disk for temporary files is full: appends and reads need none
        spill_folder = ""
    return duckdb.connect(config={"memory_limit": "1GB", "threads": 1, "temp_directory": spill_folder, **NO_EXTENSIONS})


def _is_busy(error: duckdb.Error) -> bool:
    """Whether another process, or another thread of this one, holds the file."""
    return any(words in str(error) for words in _BUSY)


def _describe_holder(error: duckdb.Error) -> str:
    """Who holds the file, as far as `error` says."""
    match = re.search(r"held in (\S*) ?\(PID (\d+)\)", str(error))
    return f"process {match[2]} ({match[1]})" if match else "another process or thread"
