"""Creating the log's file: an empty one for a new log, or one rebuilt from its journal.

A log is rebuilt where its file is gone or DuckDB refuses it: under DuckDB's lock on the file, if there is one, and a
lock on the journal. A file that DuckDB refuses is kept under another name.
"""

import fcntl
import logging
import os
import shutil
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

import duckdb

from archwright.core.errors import ArchwrightError
from archwright.store.atomic import DRAFT_FOLDER_PREFIX, make_scratch_folder, sweep_scratch_folders
from archwright.store.database import Database, attach, open_transaction, take_turn
from archwright.store.errors import JournalIsDamaged, LogIsGone, LogIsLost, explain_failure
from archwright.store.journal import locate_journal, read_entries
from archwright.store.journal_entry import (
    UNPACKED_BYTES,
    explain_damage,
)
from archwright.store.log import EventBatch
from archwright.store.paths import choose_damaged_path, locate_wal_files, resolve_log
from archwright.store.rescue import assess_journal, rescue_journal
from archwright.store.rows import insert_batches
from archwright.store.schema import migrate
from archwright.store.suggestions import suggest_listing, suggest_rescue

_INSERTED_ROWS = 10_000  # at once, by which inserting is fastest
_logger = logging.getLogger("archwright.store")


def require_not_gone(path: Path) -> None:
    """Raise LogIsGone if there is no log at `path`, but the journal of an earlier one, with which a new one would mix.

    Whether the earlier log is to be rebuilt is for the person to say.
    """
    path = resolve_log(path, "create")
    journal = locate_journal(path)
    if not path.exists() and journal.exists():
        raise LogIsGone(
            f"the log {path} is gone, but its journal {journal} is there: {suggest_listing(path)} "
            "brings the log back; to begin a new one, move the journal after the log, or delete it"
        )


def create_log(path: Path) -> None:
    """Create the log's file with its tables unless it exists; raises LogIsGone."""
    require_not_gone(path)
    path = resolve_log(path, "create")
    if path.exists():
        sweep_scratch_folders(path.parent, DRAFT_FOLDER_PREFIX)
        return
    with _make_draft(path) as draft:
        _place_draft(draft, path)


def rebuild_missing(path: Path, wait_seconds: float, *, rescuing: bool = False) -> None:
    """Rebuild the log, whose file is gone, from its journal; raises LogIsLost where that is damaged.

    With `rescuing`, from what a damaged journal still proves. Does nothing if another process was faster.
    """
    with take_turn(path, wait_seconds), _lock_journal(path):
        if path.exists():
            return
        if rescuing and (message := rescue_journal(path)):
            _logger.warning("%s", message)
        try:
            with _make_draft(path, _read_appends(path)) as draft:
                shutil.copymode(locate_journal(path), draft)
                _set_wal_aside(path)
                _place_draft(draft, path)
        except JournalIsDamaged as damage:
            raise LogIsLost(
                f"the log {path} is gone, and cannot be made anew: {damage.damage}; put a backup of one of the two in "
                f"its place, or move the journal away, to begin another log{_suggest_rescue(path)}"
            ) from damage
    _logger.warning("%s was gone; it was made anew from its journal %s", path, locate_journal(path))


def rebuild_refused(
    path: Path, file: os.stat_result, wait_seconds: float, error: ArchwrightError, *, rescuing: bool = False
) -> None:
    """Rebuild the log, whose `file` DuckDB refuses with `error`, from its journal; the file stays under another name.

    Raises LogIsLost where the journal is damaged; with `rescuing`, the log is rebuilt from what it still proves. Does
    nothing if another process is at work on the log, or was faster.
    """
    with take_turn(path, wait_seconds), _lock_log(path, file) as locked, _lock_journal(path):
        if not locked:
            return
        if rescuing and (message := rescue_journal(path)):
            _logger.warning("%s", message)
        try:
            with _make_draft(path, _read_appends(path)) as draft:
                shutil.copymode(path, draft)  # the rebuilt log has the permissions of the old one
                _set_wal_aside(path)
                damaged = choose_damaged_path(path)
                with suppress(OSError):  # a file system without links
                    damaged.hardlink_to(path)
                if not damaged.exists():
                    path.replace(damaged)
                draft.replace(path)
        except JournalIsDamaged as damage:
            raise LogIsLost(f"{error}. It cannot be made anew: {damage.damage}{_suggest_rescue(path)}") from damage
    _logger.warning(
        "%s could not be read by DuckDB and was made anew from its journal. What was there is now %s: tables and views "
        "of your own, if it had any, are only there",
        path,
        damaged,
    )


def insert_appends(
    database: Database,
    journal: Path,
    appends: Iterable[Sequence[EventBatch]],
    table: Literal["events", "journalled"] = "events",
) -> None:
    """Insert the `appends` of the `journal` into `table`; raises JournalIsDamaged where the table cannot hold one."""
    try:
        for batches in _group_by_size(appends):
            insert_batches(database, batches, table)
    except duckdb.DataError as error:
        raise explain_damage(journal, f"what it says is no event ({error})") from error


def _group_by_size(appends: Iterable[Sequence[EventBatch]]) -> Iterator[list[EventBatch]]:
    """The batches of `appends` in lists of some ten thousand rows, or of fewer long ones."""
    group, rows, characters = list[EventBatch](), 0, 0
    for batches in appends:
        group += batches
        rows += sum(len(batch.rows) for batch in batches)
        characters += sum(len(row.payload) for batch in batches for row in batch.rows)
        if rows >= _INSERTED_ROWS or characters >= UNPACKED_BYTES:
            yield group
            group, rows, characters = [], 0, 0
    if group:
        yield group


def _read_appends(path: Path) -> Iterable[Sequence[EventBatch]]:
    """All appends in the journal of the log at `path`, also after a lost line; raises JournalIsDamaged."""
    return (entry.unpack() for entry in read_entries(locate_journal(path)))


@contextmanager
def _make_draft(path: Path, appends: Iterable[Sequence[EventBatch]] = ()) -> Generator[Path]:
    """A new log that holds `appends`, in a scratch folder beside `path`."""
    try:
        with make_scratch_folder(path.parent, DRAFT_FOLDER_PREFIX) as folder:
            draft = folder / path.name
            with attach(draft, "create") as database:
                migrate(database)
                with open_transaction(database):
                    insert_appends(database, locate_journal(path), appends)
            yield draft
    except JournalIsDamaged:  # it may be caused by an error of DuckDB, on an append that is no event
        raise
    except ArchwrightError as error:
        if isinstance(error.__cause__, duckdb.Error):  # it names the draft, of which the person knows nothing
            raise explain_failure(error.__cause__, path) from error.__cause__
        raise
    except OSError as error:
        raise explain_failure(error, path) from error


def _place_draft(draft: Path, path: Path) -> None:
    """Move the draft to `path`, unless another process was faster."""
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        return
    except OSError:  # a file system without links
        draft.replace(path)


def _set_wal_aside(path: Path) -> None:
    """Rename the write-ahead files of the old log, so that DuckDB does not take them for the new one's."""
    for file in locate_wal_files(path):
        if file.exists():
            file.replace(choose_damaged_path(path, file.name.removeprefix(path.name)))


def _suggest_rescue(path: Path) -> str:
    """How to rebuild the log from what its damaged journal still proves; empty if it proves nothing."""
    report = assess_journal(locate_journal(path))
    if not report.is_partial:
        return ""
    return (
        f". Or {suggest_rescue(path)} makes it anew with the {report.proven} events that the "
        f"journal's hashes prove, and keeps both files as they are now under other names: {report.loss}"
    )


@contextmanager
def _lock_log(path: Path, file: os.stat_result) -> Generator[bool]:
    """Take DuckDB's own lock on `file`; gives whether it was free and the file is still at `path`."""
    try:
        log = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        yield False
        return
    except OSError as error:
        raise explain_failure(error, path) from error
    try:
        fcntl.lockf(log, fcntl.LOCK_EX | fcntl.LOCK_NB)
        locked = os.path.samestat(os.fstat(log), file) and os.path.samestat(path.stat(), file)
    except (BlockingIOError, PermissionError, FileNotFoundError):
        locked = False
    try:
        yield locked
    finally:
        os.close(log)


@contextmanager
def _lock_journal(path: Path) -> Generator[None]:
    """Keep other processes from rebuilding the log at `path`: a lock on its journal, released when the holder dies."""
    lock = _open_locked_journal(locate_journal(path))
    try:
        yield
    finally:
        if lock is not None:
            os.close(lock)


def _open_locked_journal(journal: Path) -> int | None:
    """A descriptor that holds the lock of the `journal`; None where it cannot be opened, or there are no locks.

    Whoever reads it reports that it cannot be opened. A journal that was replaced meanwhile is opened again.
    """
    while True:
        with suppress(OSError):
            lock = os.open(journal, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)  # do not wait for a pipe
            try:
                fcntl.flock(lock, fcntl.LOCK_EX)
                if os.path.samestat(os.fstat(lock), journal.stat()):
                    return lock
            except BaseException:
                os.close(lock)
                raise
            os.close(lock)
            continue
        return None
