"""Opening a log in agreement with its journal: a log that is gone or torn is rebuilt, one that differs is reconciled.

After a kill the journal may be an append ahead, or DuckDB may refuse the file; a person may have put an older copy in
its place, cut it or deleted it. All that is repaired from the journal, and reported by a warning.
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
from archwright.store.reconcile import agrees_with_journal, reconcile, warn_of_disagreement
from archwright.store.schema import read_schema_version, upgrade

_T = TypeVar("_T")


def run_on_log(path: Path, mode: Mode, work: Callable[[Database], _T], wait_seconds: float = READER_WAIT_SECONDS) -> _T:
    """The result of `work` on the log at `path`, which agrees with its journal by then.

    `work` may run twice: on a file that turns out to be torn, and on the one that is rebuilt from the journal.
    """
    return run_or_rebuild(path, lambda path: _run_in_agreement(path, mode, work, wait_seconds), wait_seconds)


def run_or_rebuild(
    path: Path, use: Callable[[Path], _T], wait_seconds: float = READER_WAIT_SECONDS, *, rescuing: bool = False
) -> _T:
    """The result of `use` on the log at `path`, which is rebuilt from its journal if it is gone or DuckDB refuses it.

    If the journal is damaged too, that is done with `rescuing` only, from what the journal still proves; else LogIsLost
    is raised. `use` may run twice, as `work` in `run_on_log`.
    """
    path = _resolve_or_rebuild(path, wait_seconds, rescuing=rescuing)
    file = path.stat()
    try:
        return use(path)
    except (LogIsTorn, NotADatabase) as error:
        if not locate_journal(path).exists():
            raise
        rebuild_refused(path, file, wait_seconds, error, rescuing=rescuing)
    return use(path)


def _resolve_or_rebuild(path: Path, wait_seconds: float, *, rescuing: bool) -> Path:
    """The absolute path of the log, which is rebuilt if its file is gone and its journal is not."""
    try:
        return resolve_log(path)
    except LogMissing:
        gone = path.expanduser().resolve()
        if not locate_journal(gone).exists():
            raise
        rebuild_missing(gone, wait_seconds, rescuing=rescuing)
        return gone


def _run_in_agreement(path: Path, mode: Mode, work: Callable[[Database], _T], wait_seconds: float) -> _T:
    with attach(path, mode, wait_seconds) as database:
        if mode == "write":
            upgrade(database, path)
            reconcile(database, path)
            return work(database)
        read_schema_version(database, path)
        if agrees_with_journal(database, path):
            return work(database)
    _try_to_reconcile(path, wait_seconds)
    with attach(path, mode, wait_seconds) as database:
        return work(database)


def _try_to_reconcile(path: Path, wait_seconds: float) -> None:
    """Reconcile the log for a reader, who may read it as it is where that is not possible."""
    try:
        with attach(path, "write", wait_seconds) as database:
            upgrade(database, path)
            reconcile(database, path)
    except (LogContradicted, JournalIsDamaged, LogUnwritable, LogIsBusy, LogIsFull) as error:
        warn_of_disagreement(path, str(error), os.getpid())
