"""What can still be believed of a journal of which a line is damaged, where the log itself is torn or gone.

A line of which the hashes are right, and which goes on from what is proven already, is as good as ever, whether it
stands before the damage or behind it: each run has a chain of its own. What goes on from a line that is lost proves
nothing.
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

from archwright.core.errors import ArchwrightError, suggest_command
from archwright.store.atomic import DRAFT_FOLDER_PREFIX, make_scratch_folder, sweep_scratch_folders
from archwright.store.database import Database, attach, open_transaction, take_turn
from archwright.store.errors import JournalIsDamaged, LogIsGone, LogIsLost, explain_failure
from archwright.store.journal import locate_journal, read_entries
from archwright.store.journal_entry import (
    UNPACKED_BYTES,
    explain_damage,
)
from archwright.store.log import EventBatch
from archwright.store.paths import find_free_damaged_name, locate_wal_files, resolve_log
from archwright.store.rescue import assess_journal, rescue_journal
from archwright.store.rows import insert_batches
from archwright.store.schema import migrate

_logger = logging.getLogger("archwright.store")


def require_not_gone(path: Path) -> None:
    """Nothing, if the log is there, or no journal of an earlier one, whose runs would mix with a new log's.

    Else LogIsGone: whether that log is to come back is for the person to say.
    """
    path = resolve_log(path, "create")
    journal = locate_journal(path)
    if not path.exists() and journal.exists():
        raise LogIsGone(
            f"the log {path} is gone, but its journal {journal} is there: {suggest_command(path, 'runs')} "
            "brings the log back; to begin a new one, move the journal after the log, or delete it"
        )


def create_log(path: Path) -> None:
    """Make the log's file with its tables unless it is there.

    Raises LogIsGone.
    """
    require_not_gone(path)
    path = resolve_log(path, "create")
    if path.exists():
        sweep_scratch_folders(path.parent, DRAFT_FOLDER_PREFIX)
        return
    with _make_draft(path) as draft:
        _place_draft(draft, path)


def rebuild_missing(path: Path, patience: float, *, rescuing: bool = False) -> None:
    """Make the log, whose file is gone, from its journal; raises LogIsLost.

    With `rescuing`, from what can be believed of one that is damaged. Nothing is done if somebody else was faster.
    """
    with take_turn(path, patience), _lock_journal(path):
        if path.exists():
            return
        if rescuing and (said := rescue_journal(path)):
            _logger.warning("%s", said)
        try:
            with _make_draft(path, _read_journal(path)) as draft:
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
    path: Path, file: os.stat_result, patience: float, error: ArchwrightError, *, rescuing: bool = False
) -> None:
    """Make the log, whose `file` DuckDB refuses with `error`, from its journal; the file stays under another name.

    With `rescuing`, from what can be believed of a journal that is damaged; else LogIsLost. Nothing is done if somebody
    else is at work on the log, or was faster.
    """
    with take_turn(path, patience), _lock_log(path, file) as locked, _lock_journal(path):
        if not locked:
            return
        if rescuing and (said := rescue_journal(path)):
            _logger.warning("%s", said)
        try:
            with _make_draft(path, _read_journal(path)) as draft:
                shutil.copymode(path, draft)  # a log that was closed to others is not open to them
                _set_wal_aside(path)
                kept = find_free_damaged_name(path)
                with suppress(OSError):  # a file system without links
                    kept.hardlink_to(path)
                if not kept.exists():
                    path.replace(kept)
                draft.replace(path)
        except JournalIsDamaged as damage:
            raise LogIsLost(f"{error}. It cannot be made anew: {damage.damage}{_suggest_rescue(path)}") from damage
    _logger.warning(
        "%s could not be read by DuckDB and was made anew from its journal. What was there is now %s: tables and views "
        "of your own, if it had any, are only there",
        path,
        kept,
    )


def insert_journalled(
    database: Database,
    journal: Path,
    appended: Iterable[Sequence[EventBatch]],
    table: Literal["events", "journalled"] = "events",
) -> None:
    """Insert what was appended, as the `journal` says; raises JournalIsDamaged, also where no table can hold it."""
    try:
        for parts in _group_by_size(appended):
            insert_batches(database, parts, table)
    except duckdb.DataError as error:
        raise explain_damage(journal, f"what it says is no event ({error})") from error


def _group_by_size(appends: Iterable[Sequence[EventBatch]]) -> Iterator[list[EventBatch]]:
    """What was appended, in lists of some ten thousand rows, or fewer long ones: so are they inserted fastest."""
    parts, rows, characters = list[EventBatch](), 0, 0
    for new in appends:
        parts += new
        rows += sum(len(part.rows) for part in new)
        characters += sum(len(row.payload) for part in new for row in part.rows)
        if rows >= _INSERTED_ROWS or characters >= UNPACKED_BYTES:
            yield parts
            parts, rows, characters = [], 0, 0
    if parts:
        yield parts


_INSERTED_ROWS = 10_000


def _read_journal(path: Path) -> Iterable[Sequence[EventBatch]]:
    """All that the journal says was appended, also behind a line that is gone; raises JournalIsDamaged."""
    return (entry.parts() for entry in read_entries(locate_journal(path)))


@contextmanager
def _make_draft(path: Path, appended: Iterable[Sequence[EventBatch]] = ()) -> Generator[Path]:
    """A log with what was appended, in a folder beside the place of the log at `path`."""
    try:
        with make_scratch_folder(path.parent, DRAFT_FOLDER_PREFIX) as folder:
            draft = folder / path.name
            with attach(draft, "create") as database:
                migrate(database)
                with open_transaction(database):
                    insert_journalled(database, locate_journal(path), appended)
            yield draft
    except JournalIsDamaged:  # which DuckDB may have told, of an event that is none
        raise
    except ArchwrightError as error:
        if isinstance(error.__cause__, duckdb.Error):  # of the log, not of a file that nobody has heard of
            raise explain_failure(error.__cause__, path) from error.__cause__
        raise
    except OSError as error:
        raise explain_failure(error, path) from error


def _place_draft(draft: Path, path: Path) -> None:
    """Give the draft its name, unless another process was faster."""
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        return
    except OSError:  # a file system without links
        draft.replace(path)


def _set_wal_aside(path: Path) -> None:
    """Keep what DuckDB wrote ahead for a file that it refuses, or that is gone, from the one that takes its place."""
    for file in locate_wal_files(path):
        if file.exists():
            file.replace(find_free_damaged_name(path, file.name.removeprefix(path.name)))


def _suggest_rescue(path: Path) -> str:
    """How to have what is left of a log whose journal is damaged too, if anything is."""
    found = assess_journal(locate_journal(path))
    if not found.help:
        return ""
    return (
        f". Or {suggest_command(path, 'verify', '--rescue')} makes it anew with the {found.events} events that the "
        f"journal's hashes prove, and keeps both files as they are now under other names: {found.lost}"
    )


@contextmanager
def _lock_log(path: Path, file: os.stat_result) -> Generator[bool]:
    """Whether this process has DuckDB's own lock on `file`, which is still at `path`: then nobody else uses it."""
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
    """Keep others from making the log at `path` from its journal: a lock on that, free when its holder ends."""
    lock = _open_locked_journal(locate_journal(path))
    try:
        yield
    finally:
        if lock is not None:
            os.close(lock)


def _open_locked_journal(journal: Path) -> int | None:
    """A descriptor that holds the lock of the journal that is there when it is had.

    None where it cannot be opened, as whoever reads it will say, and on a file system without locks.
    """
    while True:
        with suppress(OSError):
            lock = os.open(journal, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)  # a pipe is not waited for
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
