"""Opening a log so that it says what its journal says: what is gone from it is put back, what changed is refused.

After a kill the journal may be an append ahead, or DuckDB may refuse the file; a person may have put an older copy in
its place, cut it or deleted it. All that is mended from the journal, under DuckDB's lock on the file or, where that is
gone, one on the journal, and said in one line. Nothing that a person wrote is overwritten: a file that DuckDB refuses
is kept under another name.
"""

import logging
import os
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from archwright.core.errors import suggest_command
from archwright.store.anew import make_again, make_anew, put_back
from archwright.store.chain import follows
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
from archwright.store.file import READER_PATIENCE, Database, Mode, attached, present, transaction
from archwright.store.journal import Tail, append, begin, close, entries, heads, journal_file, tail
from archwright.store.journal_line import Entry
from archwright.store.log import START, Position
from archwright.store.rows import all_rows, as_parts, ends_with, heads_of, size
from archwright.store.schema import bring_forward, schema_version

T = TypeVar("T")

_compared: set[tuple[int, Path]] = set()  # logs in which a process has compared the end of every run, once
_logger = logging.getLogger("archwright.store")

# A row that is there twice is twice in what only one of the two tables has.
_COMPARE = """
    CREATE TEMP TABLE lost AS SELECT * FROM journalled EXCEPT ALL SELECT * FROM events;
    CREATE TEMP TABLE surplus AS SELECT * FROM events EXCEPT ALL SELECT * FROM journalled;
"""
_SURPLUS = """
    SELECT run, seq, time, kind, trial, payload, replace(chain::VARCHAR, '-', '') FROM events
    WHERE (run, seq) IN (SELECT (run, seq) FROM surplus) ORDER BY rowid
"""
_HEADS = "SELECT run, max(seq), replace(arg_max(chain, seq)::VARCHAR, '-', '') FROM journalled GROUP BY run"


def on_log(path: Path, mode: Mode, work: Callable[[Database], T], patience: float = READER_PATIENCE) -> T:
    """What `work` gives over the log at `path`, which is in step with its journal by then.

    `work` may run twice: over a file that turns out to be torn, and over the one that is made anew from the journal.
    """
    return readable(path, lambda path: _in_step(path, mode, work, patience), patience)


def readable(path: Path, use: Callable[[Path], T], patience: float = READER_PATIENCE, *, rescuing: bool = False) -> T:
    """What `use` gives over the log at `path`: made anew from its journal, where it is gone or DuckDB refuses it.

    If the journal is damaged too, that is done with `rescuing` only, from what can be believed of it; else LogIsLost.
    `use` may run twice, as on_log's `work`.
    """
    path = _present(path, patience, rescuing=rescuing)
    file = path.stat()
    try:
        return use(path)
    except (LogIsTorn, NotADatabase) as error:
        if not journal_file(path).exists():
            raise
        make_anew(path, file, patience, error, rescuing=rescuing)
    return use(path)


def is_in_step(database: Database, path: Path) -> bool:
    """Whether the log has as many events as its journal, and the last of them: what a short look can tell.

    A log without a journal is in step with what is known of it.
    """
    try:
        known = tail(journal_file(path))
    except JournalIsDamaged:
        return False
    return known is None or _ends_with(database, known.entry)


def _present(path: Path, patience: float, *, rescuing: bool) -> Path:
    try:
        return present(path)
    except LogMissing:
        gone = path.expanduser().resolve()
        if not journal_file(gone).exists():
            raise
        make_again(gone, patience, rescuing=rescuing)
        return gone


def _in_step(path: Path, mode: Mode, work: Callable[[Database], T], patience: float) -> T:
    with attached(path, mode, patience) as database:
        if mode == "write":
            bring_forward(database, path)
            _bring_in_step(database, path)
            return work(database)
        schema_version(database, path)
        if is_in_step(database, path):
            return work(database)
    _bring_in_step_if_possible(path, patience)
    with attached(path, mode, patience) as database:
        return work(database)


def _bring_in_step_if_possible(path: Path, patience: float) -> None:
    """For one who only reads: what the log has can be looked at all the same."""
    try:
        with attached(path, "write", patience) as database:
            bring_forward(database, path)
            _bring_in_step(database, path)
    except (LogContradicted, JournalIsDamaged, LogUnwritable, LogIsBusy, LogIsFull) as error:
        _say_out_of_step(path, str(error), os.getpid())


def _ends_with(database: Database, entry: Entry | None) -> bool:
    if entry is None:
        return size(database) == (0, 0)
    run, position = list(entry.heads.items())[-1]
    return ends_with(database, entry.events, run, position)


def _bring_in_step(database: Database, path: Path) -> None:
    """Put back what is gone from the log, and note in its journal what that lacks; raises LogContradicted."""
    known = tail(journal_file(path))
    here = (os.getpid(), path)
    if known is None:
        begin(journal_file(path), as_parts(all_rows(database), {}))
    elif not (
        (_ends_with(database, known.entry) or _take_in(database, path, known) or _catch_up(database, path, known))
        and (here in _compared or _stands_as_journalled(database, path))
    ):
        _reconcile(database, path)
    _compared.add(here)


def _stands_as_journalled(database: Database, path: Path) -> bool:
    """Whether every run stands in the log, which ends as its journal does, where that has it.

    Where a line before is damaged, nobody knows; that is said, and no reason not to go on.
    """
    try:
        return heads_of(database) == heads(journal_file(path))
    except JournalIsDamaged as error:
        _logger.warning("%s. This goes on, but until then what %s may lose cannot be put back", error, path)
        return True


def _take_in(database: Database, path: Path, known: Tail) -> bool:
    """Take in the last append, which a kill has kept from the log; False if that does not end where it goes on."""
    if not known.entry or not known.open:
        return False
    parts, (count, numbered), stands = known.entry.parts(), size(database), heads_of(database)
    if not count == numbered == known.acknowledged or any(p.after != stands.get(p.run, START) for p in parts):
        return False
    with transaction(database):
        put_back(database, journal_file(path), [parts])
    close(journal_file(path))
    return True


def _catch_up(database: Database, path: Path, known: Tail) -> bool:
    """Put back what comes after one of the journal's appends, with which the log ends; False if it ends with none."""
    count, numbered = size(database)
    appends = entries(journal_file(path))
    if count and not (count == numbered and _ends_with_one(database, count, appends)):
        return False
    with transaction(database):
        put_back(database, journal_file(path), (entry.parts() for entry in appends))
    if known.open:
        close(journal_file(path))
    _say_put_back(path, known.events - count)
    return True


def _ends_with_one(database: Database, count: int, appends: Iterator[Entry]) -> bool:
    """Whether every run in the log, which has `count` rows, stands as after one of `appends`; what follows is left.

    The number of rows alone does not say so: some may be gone from the beginning, and later ones be there.
    """
    stands = dict[str, Position]()
    for entry in appends:
        stands |= entry.heads
        if entry.events >= count:
            return entry.events == count and heads_of(database) == stands
    return False


def _reconcile(database: Database, path: Path) -> None:
    """Compare every row with the journal's."""
    database.execute("CREATE TEMP TABLE journalled AS SELECT * FROM events LIMIT 0")
    journalled = (entry.parts() for entry in entries(journal_file(path)))
    put_back(database, journal_file(path), journalled, "journalled")
    database.execute(_COMPARE)
    ((lost,),) = database.execute("SELECT count(*) FROM lost").fetchall()
    ((surplus,),) = database.execute("SELECT count(*) FROM surplus").fetchall()
    if lost == surplus == 0:  # only the journal's count differs, as where one of its lines is gone
        _say_if_journal_is_damaged(path)
    elif surplus == 0:
        with transaction(database):
            database.execute("DELETE FROM events")
            database.execute("INSERT INTO events SELECT * FROM journalled ORDER BY rowid")
        _say_put_back(path, lost)
    elif lost or not _noted(database, path):
        raise _contradicted(database, path)


def _noted(database: Database, path: Path) -> bool:
    """Note in the journal what only the log has; False, and nothing done, if that does not follow from the journal."""
    heads = {run: Position(seq, chain) for run, seq, chain in database.execute(_HEADS).fetchall()}
    appends = list(as_parts(all_rows(database, _SURPLUS), heads))
    if not all(follows(part) for parts in appends for part in parts):
        return False
    for parts in appends:
        append(journal_file(path), parts)
    noted = sum(len(part.rows) for parts in appends for part in parts)
    _logger.warning("%s has %d events that its journal lacked; they are noted in it now", path, noted)
    return True


def _contradicted(database: Database, path: Path) -> LogContradicted:
    ((run, seq),) = database.execute("SELECT run, seq FROM surplus ORDER BY run, seq LIMIT 1").fetchall()
    return LogContradicted(
        f"event {seq} of {run} in {path} is not what its journal {journal_file(path)} says: somebody has changed "
        f"one of the two. {suggest_command(path, 'verify')} says which one is whole: "
        "move the other one away, and go on"
    )


def _say_if_journal_is_damaged(path: Path) -> None:
    try:
        heads(journal_file(path))
    except JournalIsDamaged as error:
        _say_out_of_step(path, str(error), os.getpid())


@lru_cache(maxsize=256)
def _say_out_of_step(path: Path, what: str, pid: int) -> None:
    """Once a process, however often it reads."""
    del pid
    _logger.warning("%s is not in step with its journal: %s", path, what)


def _say_put_back(path: Path, events: int) -> None:
    _logger.warning("%s lacked %d events that its journal has; they are in it again", path, events)
