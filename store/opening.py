"""Opening a log so that it says what its journal says: what is gone from it is put back, what changed is refused.

After a kill the journal may be an append ahead, or DuckDB may refuse the file; a person may have put an older copy in
its place, cut it or deleted it. All that is mended from the journal, under DuckDB's lock on the file or, where that is
gone, one on the journal, and said in one line. Nothing that a person wrote is overwritten: a file that DuckDB refuses
is kept under another name.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from archwright.store.database import READER_WAIT_SECONDS, Database, attach
from archwright.store.errors import (
    JournalIsDamaged,
    LogContradicted,
    LogIsBusy,
    LogIsFull,
    LogIsTorn,
    LogMissing,
    LogUnwritable,
    NotADatabase,
)
from archwright.store.journal import (
    locate_journal,
)
from archwright.store.paths import Mode, resolve_log
from archwright.store.rebuild import rebuild_missing, rebuild_refused
from archwright.store.reconcile import is_in_step, reconcile, warn_out_of_step
from archwright.store.schema import read_schema_version, upgrade

_T = TypeVar("_T")


def run_on_log(path: Path, mode: Mode, work: Callable[[Database], _T], patience: float = READER_WAIT_SECONDS) -> _T:
    """What `work` gives over the log at `path`, which is in step with its journal by then.

    `work` may run twice: over a file that turns out to be torn, and over the one that is made anew from the journal.
    """
    return run_or_rebuild(path, lambda path: _run_in_step(path, mode, work, patience), patience)


def run_or_rebuild(
    path: Path, use: Callable[[Path], _T], patience: float = READER_WAIT_SECONDS, *, rescuing: bool = False
) -> _T:
    """What `use` gives over the log at `path`: made anew from its journal, where it is gone or DuckDB refuses it.

    If the journal is damaged too, that is done with `rescuing` only, from what can be believed of it; else LogIsLost.
    `use` may run twice, as on_log's `work`.
    """
    path = _resolve_or_rebuild(path, patience, rescuing=rescuing)
    file = path.stat()
    try:
        return use(path)
    except (LogIsTorn, NotADatabase) as error:
        if not locate_journal(path).exists():
            raise
        rebuild_refused(path, file, patience, error, rescuing=rescuing)
    return use(path)


def _resolve_or_rebuild(path: Path, patience: float, *, rescuing: bool) -> Path:
    try:
        return resolve_log(path)
    except LogMissing:
        gone = path.expanduser().resolve()
        if not locate_journal(gone).exists():
            raise
        rebuild_missing(gone, patience, rescuing=rescuing)
        return gone


def _run_in_step(path: Path, mode: Mode, work: Callable[[Database], _T], patience: float) -> _T:
    with attach(path, mode, patience) as database:
        if mode == "write":
            upgrade(database, path)
            reconcile(database, path)
            return work(database)
        read_schema_version(database, path)
        if is_in_step(database, path):
            return work(database)
    _try_to_reconcile(path, patience)
    with attach(path, mode, patience) as database:
        return work(database)


def _try_to_reconcile(path: Path, patience: float) -> None:
    """For one who only reads: what the log has can be looked at all the same."""
    try:
        with attach(path, "write", patience) as database:
            upgrade(database, path)
            reconcile(database, path)
    except (LogContradicted, JournalIsDamaged, LogUnwritable, LogIsBusy, LogIsFull) as error:
        warn_out_of_step(path, str(error), os.getpid())
