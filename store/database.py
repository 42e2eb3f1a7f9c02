"""What can go wrong with a log: one class a situation, each also the built-in that a caller would catch."""

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

_BUSY = ("Could not set lock", "Unique file handle conflict", "used by another process")
Database = duckdb.DuckDBPyConnection
DuckDBOptions = dict[str, str | bool | int | float | list[str]]
WRITER_WAIT_SECONDS = 600.0  # seconds; longer than a person's slowest query in another DuckDB client
READER_WAIT_SECONDS = 30.0  # seconds; a writer holds the file for some 10 ms at a time
_STORAGE_VERSION = "v1.4.0"  # the oldest DuckDB that we run on, and people's other clients, can read what we write
ATTACH_OPTIONS: dict[Mode, str] = {
    "read": "TYPE duckdb, READ_ONLY",
    "write": "TYPE duckdb",
    "create": f"TYPE duckdb, STORAGE_VERSION '{_STORAGE_VERSION}'",
}
NO_EXTENSIONS: DuckDBOptions = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
# DuckDB's own functions and types come first, so that no macro of a file's stands for one of them.
_SEARCH_PATH = "SET search_path = 'system.main,{}.main'"
_aliases = itertools.count(1)
_locks: dict[int, threading.RLock] = {}
_logger = logging.getLogger("archwright.store")


@contextmanager
def attach(path: Path, mode: Mode = "read", patience: float = READER_WAIT_SECONDS) -> Generator[Database]:
    """The file as a database, whose tables go by their bare names, for as long as the block lasts.

    Waits up to `patience` seconds for whoever holds the file; whatever DuckDB cannot do is told as an ArchwrightError.
    What was written is in the file itself when the block ends, so that a write-ahead file that is lost costs nothing.
    """
    path = resolve_log(path, mode)
    _require_no_linked_wal(path)
    alias = f"log_{next(_aliases)}"
    keeper = _get_engine(os.getpid()).cursor()
    try:
        with take_turn(path, patience):
            _attach_when_free(keeper, path, alias, mode, patience)
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
            _get_engine.cache_clear()
        raise explain_failure(error, path) from error
    finally:
        keeper.close()


@contextmanager
def take_turn(path: Path, patience: float) -> Generator[None]:
    """One thread of a process at a time: its locks on a file are the process's, and any thread can lose them."""
    lock = _locks.setdefault(os.getpid(), threading.RLock())  # a forked child must not wait for its parent's threads
    if not lock.acquire(timeout=patience):
        raise LogIsBusy(f"{path} is held by another thread of this process, which gave us no turn in {patience:g} s")
    try:
        yield
    finally:
        lock.release()


@contextmanager
def open_transaction(database: Database) -> Generator[None]:
    """All that the block does, or nothing of it."""
    database.execute("BEGIN")
    try:
        yield
    except BaseException:
        with suppress(duckdb.Error):  # what made the block fail may have ended the transaction
            database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")


def find_log_alias(database: Database) -> str:
    """The name under which `database` has the log."""
    ((path, first),) = database.execute("SELECT current_setting('search_path'), current_database()").fetchall()
    return path.split(",")[-1].removesuffix(".main") or first


@contextmanager
def create_in_log(database: Database) -> Generator[None]:
    """Tables and views that the block makes are the log's: elsewhere bare names are first those of DuckDB itself."""
    name = find_log_alias(database)
    database.execute(f"USE {name}")
    try:
        yield
    finally:
        with suppress(duckdb.Error):  # the block failed
            database.execute(_SEARCH_PATH.format(name))


def _require_no_linked_wal(path: Path) -> None:
    """Nothing, if DuckDB's write-ahead files are no links: into what a stranger's link leads to it would write."""
    for link in filter(Path.is_symlink, locate_wal_files(path)):
        raise LogUnwritable(f"{link} is a link, and DuckDB would overwrite what it leads to; delete the link")


def escape_quotes(path: Path) -> str:
    """The path as it stands between single quotes in SQL."""
    return str(path).replace("'", "''")


def _attach_when_free(database: Database, path: Path, alias: str, mode: Mode, patience: float) -> None:
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
        database.execute(f"ATTACH '{escape_quotes(path)}' AS {alias} ({ATTACH_OPTIONS[mode]})")
        if not has_undo_file(path):
            return None
        # Who keeps something for undoing holds the file, and it is not held: that process was killed.
        database.execute(f"DETACH {alias}")
    except duckdb.Error as error:
        if _is_busy(error):
            return _describe_holder(error)
        if not has_undo_file(path):
            raise
    return _try_to_attach(database, path, alias, mode) if undo_checkpoint(path) else "another process"


@cache
def _get_engine(pid: int) -> Database:
    """The engine of the process `pid`: a forked child must not use its parent's."""
    try:
        spill = str(Path(tempfile.gettempdir()) / f"archwright-{pid}")
    except FileNotFoundError:  # every disk for temporary files is full: appends and reads need none
        spill = ""
    return duckdb.connect(config={"memory_limit": "1GB", "threads": 1, "temp_directory": spill, **NO_EXTENSIONS})


def _is_busy(error: duckdb.Error) -> bool:
    """Whether another process, or another thread of this one, holds the file."""
    return any(sign in str(error) for sign in _BUSY)


def _describe_holder(error: duckdb.Error) -> str:
    """Who holds the file, as far as DuckDB knows."""
    match = re.search(r"held in (\S*) ?\(PID (\d+)\)", str(error))
    return f"process {match[2]} ({match[1]})" if match else "another process or thread"
