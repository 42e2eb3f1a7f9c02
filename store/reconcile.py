"""Reconciling a log with its journal: what is gone from the log is put back, what was changed in it is refused.

Nothing that a person wrote is overwritten. What is put back is reported by a warning.
"""

import logging
import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from archwright.store.chain import is_unbroken
from archwright.store.database import Database, open_transaction
from archwright.store.errors import (
    JournalIsDamaged,
    LogContradicted,
)
from archwright.store.journal import (
    JournalTail,
    append_entry,
    close_entry,
    locate_journal,
    read_entries,
    read_journal_heads,
    read_tail,
    write_journal,
)
from archwright.store.journal_entry import JournalEntry
from archwright.store.log import START, Position
from archwright.store.rebuild import insert_appends
from archwright.store.rows import count_rows, ends_with, group_into_batches, read_all_rows, read_heads
from archwright.store.suggestions import suggest_verification

_logger = logging.getLogger("archwright.store")
_compared: set[tuple[int, Path]] = set()  # processes and logs that have compared the end of every run, once
# ALL, so that a row that one of the tables has twice is found.
_COMPARE = """
    CREATE TEMP TABLE lost AS SELECT * FROM journalled EXCEPT ALL SELECT * FROM events;
    CREATE TEMP TABLE surplus AS SELECT * FROM events EXCEPT ALL SELECT * FROM journalled;
"""
_SELECT_SURPLUS = """
    SELECT run, seq, time, kind, trial, payload, replace(chain::VARCHAR, '-', '') FROM events
    WHERE (run, seq) IN (SELECT (run, seq) FROM surplus) ORDER BY rowid
"""
_SELECT_JOURNAL_HEADS = (
    "SELECT run, max(seq), replace(arg_max(chain, seq)::VARCHAR, '-', '') FROM journalled GROUP BY run"
)


def agrees_with_journal(database: Database, path: Path) -> bool:
    """Whether the log has as many events as its journal, and the same last one, which is quickly checked.

    A log without a journal agrees.
    """
    try:
        tail = read_tail(locate_journal(path))
    except JournalIsDamaged:
        return False
    return tail is None or _ends_with_entry(database, tail.entry)


def reconcile(database: Database, path: Path) -> None:
    """Put back what is gone from the log, and note in its journal what that lacks; raises LogContradicted.

    A log without a journal gets one.
    """
    journal = locate_journal(path)
    tail = read_tail(journal)
    if tail is None:
        write_journal(journal, group_into_batches(read_all_rows(database), {}))
    else:
        ends_agree = (
            _ends_with_entry(database, tail.entry)
            or _take_in_last_entry(database, path, tail)
            or _append_missing(database, path, tail)
        )
        if not (ends_agree and ((os.getpid(), path) in _compared or _heads_agree(database, path))):
            _compare_rows(database, path)
    _compared.add((os.getpid(), path))


def _ends_with_entry(database: Database, entry: JournalEntry | None) -> bool:
    """Whether the log ends with the last event of `entry` and has as many events; or is empty, if there is no entry."""
    if entry is None:
        return count_rows(database) == (0, 0)
    run, position = list(entry.heads.items())[-1]
    return ends_with(database, entry.events, run, position)


def _heads_agree(database: Database, path: Path) -> bool:
    """Whether every run ends in the log as it does in the journal.

    If a line of the journal is damaged, that is not known; a warning is given, and the answer is True.
    """
    try:
        return read_heads(database) == read_journal_heads(locate_journal(path))
    except JournalIsDamaged as error:
        _logger.warning("%s. This goes on, but until then what %s may lose cannot be put back", error, path)
        return True


def _take_in_last_entry(database: Database, path: Path, tail: JournalTail) -> bool:
    """Insert the last append, which a kill has kept from the log; False if it does not follow the log's end."""
    if not tail.entry or not tail.is_open:
        return False
    batches, (count, numbered), heads = tail.entry.unpack(), count_rows(database), read_heads(database)
    follows = all(batch.after == heads.get(batch.run, START) for batch in batches)
    if not (count == numbered == tail.acknowledged and follows):
        return False
    with open_transaction(database):
        insert_appends(database, locate_journal(path), [batches])
    close_entry(locate_journal(path))
    return True


def _append_missing(database: Database, path: Path, tail: JournalTail) -> bool:
    """Put back all that follows the journal's append with which the log ends; False if it ends with none of them."""
    count, numbered = count_rows(database)
    entries = read_entries(locate_journal(path))
    if count and not (count == numbered and _find_end(database, count, entries)):
        return False
    with open_transaction(database):
        insert_appends(database, locate_journal(path), (entry.unpack() for entry in entries))
    if tail.is_open:
        close_entry(locate_journal(path))
    _warn_of_missing(path, tail.events - count)
    return True


def _find_end(database: Database, count: int, entries: Iterator[JournalEntry]) -> bool:
    """Whether every run in the log, which has `count` rows, ends as after one of `entries`; these are read up to it.

    The number of rows alone is not enough: early rows may be gone, and later ones be there.
    """
    heads = dict[str, Position]()
    for entry in entries:
        heads |= entry.heads
        if entry.events >= count:
            return entry.events == count and read_heads(database) == heads
    return False


def _compare_rows(database: Database, path: Path) -> None:
    """Compare every row with the journal's, and put back or note what is missing; raises LogContradicted."""
    database.execute("CREATE TEMP TABLE journalled AS SELECT * FROM events LIMIT 0")
    appends = (entry.unpack() for entry in read_entries(locate_journal(path)))
    insert_appends(database, locate_journal(path), appends, "journalled")
    database.execute(_COMPARE)
    ((lost,),) = database.execute("SELECT count(*) FROM lost").fetchall()
    ((surplus,),) = database.execute("SELECT count(*) FROM surplus").fetchall()
    if lost == surplus == 0:  # only the journal's count differs, as if one of its lines is gone
        _warn_if_journal_is_damaged(path)
    elif surplus == 0:
        with open_transaction(database):
            database.execute("DELETE FROM events")
            database.execute("INSERT INTO events SELECT * FROM journalled ORDER BY rowid")
        _warn_of_missing(path, lost)
    elif lost or not _note_surplus(database, path):
        raise _explain_contradiction(database, path)


def _note_surplus(database: Database, path: Path) -> bool:
    """Append to the journal what only the log has; False, and nothing is done, if that does not follow there."""
    heads = {run: Position(seq, chain) for run, seq, chain in database.execute(_SELECT_JOURNAL_HEADS).fetchall()}
    appends = list(group_into_batches(read_all_rows(database, _SELECT_SURPLUS), heads))
    if not all(is_unbroken(batch) for batches in appends for batch in batches):
        return False
    for batches in appends:
        append_entry(locate_journal(path), batches)
    noted = sum(len(batch.rows) for batches in appends for batch in batches)
    _logger.warning("%s has %d events that its journal lacked; they are noted in it now", path, noted)
    return True


def _explain_contradiction(database: Database, path: Path) -> LogContradicted:
    ((run, seq),) = database.execute("SELECT run, seq FROM surplus ORDER BY run, seq LIMIT 1").fetchall()
    return LogContradicted(
        f"event {seq} of {run} in {path} is not what its journal {locate_journal(path)} says: somebody has changed "
        f"one of the two. {suggest_verification(path)} says which one is whole: "
        "move the other one away, and go on"
    )


def _warn_if_journal_is_damaged(path: Path) -> None:
    try:
        read_journal_heads(locate_journal(path))
    except JournalIsDamaged as error:
        warn_of_disagreement(path, str(error), os.getpid())


@lru_cache(maxsize=256)
def warn_of_disagreement(path: Path, reason: str, pid: int) -> None:
    """Warn that log and journal differ, once for each process `pid`, however often it reads the log."""
    del pid
    _logger.warning("%s is not in step with its journal: %s", path, reason)


def _warn_of_missing(path: Path, events: int) -> None:
    _logger.warning("%s lacked %d events that its journal has; they are in it again", path, events)
