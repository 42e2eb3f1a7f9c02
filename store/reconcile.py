"""Opening a log so that it says what its journal says: what is gone from it is put back, what changed is refused.

After a kill the journal may be an append ahead, or DuckDB may refuse the file; a person may have put an older copy in
its place, cut it or deleted it. All that is mended from the journal, under DuckDB's lock on the file or, where that is
gone, one on the journal, and said in one line. Nothing that a person wrote is overwritten: a file that DuckDB refuses
is kept under another name.
"""

import logging
import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from archwright.core.errors import suggest_command
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
from archwright.store.rebuild import insert_journalled
from archwright.store.rows import count_rows, ends_with, group_into_batches, read_all_rows, read_heads

_logger = logging.getLogger("archwright.store")
_compared: set[tuple[int, Path]] = set()  # logs in which a process has compared the end of every run, once
# A row that is there twice is twice in what only one of the two tables has.
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


def is_in_step(database: Database, path: Path) -> bool:
    """Whether the log has as many events as its journal, and the last of them: what a short look can tell.

    A log without a journal is in step with what is known of it.
    """
    try:
        known = read_tail(locate_journal(path))
    except JournalIsDamaged:
        return False
    return known is None or _ends_with_entry(database, known.entry)


def reconcile(database: Database, path: Path) -> None:
    """Put back what is gone from the log, and note in its journal what that lacks; raises LogContradicted."""
    known = read_tail(locate_journal(path))
    here = (os.getpid(), path)
    if known is None:
        write_journal(locate_journal(path), group_into_batches(read_all_rows(database), {}))
    elif not (
        (
            _ends_with_entry(database, known.entry)
            or _take_in_last_entry(database, path, known)
            or _append_missing(database, path, known)
        )
        and (here in _compared or _heads_agree(database, path))
    ):
        _compare_rows(database, path)
    _compared.add(here)


def _ends_with_entry(database: Database, entry: JournalEntry | None) -> bool:
    if entry is None:
        return count_rows(database) == (0, 0)
    run, position = list(entry.heads.items())[-1]
    return ends_with(database, entry.events, run, position)


def _heads_agree(database: Database, path: Path) -> bool:
    """Whether every run stands in the log, which ends as its journal does, where that has it.

    Where a line before is damaged, nobody knows; that is said, and no reason not to go on.
    """
    try:
        return read_heads(database) == read_journal_heads(locate_journal(path))
    except JournalIsDamaged as error:
        _logger.warning("%s. This goes on, but until then what %s may lose cannot be put back", error, path)
        return True


def _take_in_last_entry(database: Database, path: Path, known: JournalTail) -> bool:
    """Take in the last append, which a kill has kept from the log; False if that does not end where it goes on."""
    if not known.entry or not known.open:
        return False
    parts, (count, numbered), stands = known.entry.parts(), count_rows(database), read_heads(database)
    if not count == numbered == known.acknowledged or any(p.after != stands.get(p.run, START) for p in parts):
        return False
    with open_transaction(database):
        insert_journalled(database, locate_journal(path), [parts])
    close_entry(locate_journal(path))
    return True


def _append_missing(database: Database, path: Path, known: JournalTail) -> bool:
    """Put back what comes after one of the journal's appends, with which the log ends; False if it ends with none."""
    count, numbered = count_rows(database)
    appends = read_entries(locate_journal(path))
    if count and not (count == numbered and _ends_with_an_entry(database, count, appends)):
        return False
    with open_transaction(database):
        insert_journalled(database, locate_journal(path), (entry.parts() for entry in appends))
    if known.open:
        close_entry(locate_journal(path))
    _warn_put_back(path, known.events - count)
    return True


def _ends_with_an_entry(database: Database, count: int, appends: Iterator[JournalEntry]) -> bool:
    """Whether every run in the log, which has `count` rows, stands as after one of `appends`; what follows is left.

    The number of rows alone does not say so: some may be gone from the beginning, and later ones be there.
    """
    stands = dict[str, Position]()
    for entry in appends:
        stands |= entry.heads
        if entry.events >= count:
            return entry.events == count and read_heads(database) == stands
    return False


def _compare_rows(database: Database, path: Path) -> None:
    """Compare every row with the journal's."""
    database.execute("CREATE TEMP TABLE journalled AS SELECT * FROM events LIMIT 0")
    journalled = (entry.parts() for entry in read_entries(locate_journal(path)))
    insert_journalled(database, locate_journal(path), journalled, "journalled")
    database.execute(_COMPARE)
    ((lost,),) = database.execute("SELECT count(*) FROM lost").fetchall()
    ((surplus,),) = database.execute("SELECT count(*) FROM surplus").fetchall()
    if lost == surplus == 0:  # only the journal's count differs, as where one of its lines is gone
        _warn_if_journal_is_damaged(path)
    elif surplus == 0:
        with open_transaction(database):
            database.execute("DELETE FROM events")
            database.execute("INSERT INTO events SELECT * FROM journalled ORDER BY rowid")
        _warn_put_back(path, lost)
    elif lost or not _note_surplus(database, path):
        raise _explain_contradiction(database, path)


def _note_surplus(database: Database, path: Path) -> bool:
    """Note in the journal what only the log has; False, and nothing done, if that does not follow from the journal."""
    heads = {run: Position(seq, chain) for run, seq, chain in database.execute(_SELECT_JOURNAL_HEADS).fetchall()}
    appends = list(group_into_batches(read_all_rows(database, _SELECT_SURPLUS), heads))
    if not all(is_unbroken(part) for parts in appends for part in parts):
        return False
    for parts in appends:
        append_entry(locate_journal(path), parts)
    noted = sum(len(part.rows) for parts in appends for part in parts)
    _logger.warning("%s has %d events that its journal lacked; they are noted in it now", path, noted)
    return True


def _explain_contradiction(database: Database, path: Path) -> LogContradicted:
    ((run, seq),) = database.execute("SELECT run, seq FROM surplus ORDER BY run, seq LIMIT 1").fetchall()
    return LogContradicted(
        f"event {seq} of {run} in {path} is not what its journal {locate_journal(path)} says: somebody has changed "
        f"one of the two. {suggest_command(path, 'verify')} says which one is whole: "
        "move the other one away, and go on"
    )


def _warn_if_journal_is_damaged(path: Path) -> None:
    try:
        read_journal_heads(locate_journal(path))
    except JournalIsDamaged as error:
        warn_out_of_step(path, str(error), os.getpid())


@lru_cache(maxsize=256)
def warn_out_of_step(path: Path, what: str, pid: int) -> None:
    """Once a process, however often it reads."""
    del pid
    _logger.warning("%s is not in step with its journal: %s", path, what)


def _warn_put_back(path: Path, events: int) -> None:
    _logger.warning("%s lacked %d events that its journal has; they are in it again", path, events)
