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
from attrs import frozen

from archwright.core.errors import ArchwrightError, suggest_command
from archwright.store.beside import DRAFTS, ahead, kept_name, scratch_folder, sweep
from archwright.store.chain import follows
from archwright.store.errors import JournalIsDamaged, LogIsGone, LogIsLost, explain
from archwright.store.file import Database, attached, present, transaction, turn
from archwright.store.journal import begin, by_size, entries, journal_file, lines
from archwright.store.journal_line import damaged, read_line
from archwright.store.log import START, Position, Written
from archwright.store.rows import insert
from archwright.store.schema import migrate


@frozen
class Remains:
    """How much of a journal can be believed."""

    events: int  # which the hashes prove
    orphans: int  # events in lines that can be read, which go on from what nobody can
    unread: Sequence[int]  # the lines that cannot be read

    @property
    def help(self) -> bool:
        """Whether a journal of what can be believed is of more use than all of it."""
        return self.events > 0 and bool(self.orphans or self.unread)

    @property
    def lost(self) -> str:
        """For people: what cannot be believed."""
        which = f" (the first is line {self.unread[0]})" if self.unread else ""
        return (
            f"{len(self.unread)} of the journal's lines cannot be read{which}, and {self.orphans} events in others "
            "prove nothing, as they go on from what is lost"
        )


def remains(journal: Path) -> Remains:
    """How much can be believed of the `journal`, all of which is read."""
    events, orphans, unread = 0, 0, list[int]()
    for number, proven, others in _judged(journal):
        events += _rows(proven)
        orphans += _rows(others or ())
        if others is None:
            unread.append(number)
    return Remains(events, orphans, unread)


def rescue(log: Path) -> str:
    """Begin the journal of `log` anew with the events that can be believed; what was there stays under another name.

    Gives what to say of it; nothing is done, and nothing to be said, if there are none or nothing is lost. Nobody else
    may be at work on the log.
    """
    journal = journal_file(log)
    found = remains(journal)
    if not found.help:
        return ""
    kept = kept_name(log, journal.suffix)
    _copy(journal, kept)
    begin(journal, (proven for _, proven, _ in _judged(kept) if proven), like=kept)
    return (
        f"{journal} was damaged, and begins anew with the {found.events} events that its hashes prove. {found.lost}. "
        f"What was there is now {kept}"
    )


def _judged(journal: Path) -> Iterator[tuple[int, list[Written], list[Written] | None]]:
    """Of each line by its number, what is proven and what is not; None for the latter if it cannot be read."""
    stands = dict[str, Position]()
    for number, line in lines(journal):
        proven, others = list[Written](), list[Written]()
        try:
            parts = read_line(journal, line).parts()
        except JournalIsDamaged:
            yield number, [], None
            continue
        for part in parts:
            (proven if part.after == stands.get(part.run, START) and follows(part) else others).append(part)
        stands |= {part.run: part.position for part in proven}
        yield number, proven, others


def _copy(file: Path, kept: Path) -> None:
    try:
        shutil.copy2(file, kept)
    except OSError as error:
        kept.unlink(missing_ok=True)
        raise explain(error, file) from error


def _rows(parts: Sequence[Written]) -> int:
    return sum(len(part.rows) for part in parts)


_logger = logging.getLogger("archwright.store")


def make(path: Path) -> None:
    """Make the log's file with its tables unless it is there.

    Raises LogIsGone.
    """
    require_not_gone(path)
    path = present(path, "create")
    if path.exists():
        sweep(path.parent, DRAFTS)
        return
    with _draft(path) as draft:
        _place(draft, path)


def require_not_gone(path: Path) -> None:
    """Nothing, if the log is there, or no journal of an earlier one, whose runs would mix with a new log's.

    Else LogIsGone: whether that log is to come back is for the person to say.
    """
    path = present(path, "create")
    journal = journal_file(path)
    if not path.exists() and journal.exists():
        raise LogIsGone(
            f"the log {path} is gone, but its journal {journal} is there: {suggest_command(path, 'runs')} "
            "brings the log back; to begin a new one, move the journal after the log, or delete it"
        )


def make_again(path: Path, patience: float, *, rescuing: bool = False) -> None:
    """Make the log, whose file is gone, from its journal; raises LogIsLost.

    With `rescuing`, from what can be believed of one that is damaged. Nothing is done if somebody else was faster.
    """
    with turn(path, patience), _alone(path):
        if path.exists():
            return
        if rescuing and (said := rescue(path)):
            _logger.warning("%s", said)
        try:
            with _draft(path, _journalled(path)) as draft:
                shutil.copymode(journal_file(path), draft)
                _set_ahead_aside(path)
                _place(draft, path)
        except JournalIsDamaged as damage:
            raise LogIsLost(
                f"the log {path} is gone, and cannot be made anew: {damage.damage}; put a backup of one of the two in "
                f"its place, or move the journal away, to begin another log{_way_out(path)}"
            ) from damage
    _logger.warning("%s was gone; it was made anew from its journal %s", path, journal_file(path))


def make_anew(
    path: Path, file: os.stat_result, patience: float, error: ArchwrightError, *, rescuing: bool = False
) -> None:
    """Make the log, whose `file` DuckDB refuses with `error`, from its journal; the file stays under another name.

    With `rescuing`, from what can be believed of a journal that is damaged; else LogIsLost. Nothing is done if somebody
    else is at work on the log, or was faster.
    """
    with turn(path, patience), _locked(path, file) as locked, _alone(path):
        if not locked:
            return
        if rescuing and (said := rescue(path)):
            _logger.warning("%s", said)
        try:
            with _draft(path, _journalled(path)) as draft:
                shutil.copymode(path, draft)  # a log that was closed to others is not open to them
                _set_ahead_aside(path)
                kept = kept_name(path)
                with suppress(OSError):  # a file system without links
                    kept.hardlink_to(path)
                if not kept.exists():
                    path.replace(kept)
                draft.replace(path)
        except JournalIsDamaged as damage:
            raise LogIsLost(f"{error}. It cannot be made anew: {damage.damage}{_way_out(path)}") from damage
    _logger.warning(
        "%s could not be read by DuckDB and was made anew from its journal. What was there is now %s: tables and views "
        "of your own, if it had any, are only there",
        path,
        kept,
    )


def _journalled(path: Path) -> Iterable[Sequence[Written]]:
    """All that the journal says was appended, also behind a line that is gone; raises JournalIsDamaged."""
    return (entry.parts() for entry in entries(journal_file(path)))


def put_back(
    database: Database,
    journal: Path,
    appended: Iterable[Sequence[Written]],
    table: Literal["events", "journalled"] = "events",
) -> None:
    """Insert what was appended, as the `journal` says; raises JournalIsDamaged, also where no table can hold it."""
    try:
        for parts in by_size(appended):
            insert(database, parts, table)
    except duckdb.DataError as error:
        raise damaged(journal, f"what it says is no event ({error})") from error


@contextmanager
def _draft(path: Path, appended: Iterable[Sequence[Written]] = ()) -> Generator[Path]:
    """A log with what was appended, in a folder beside the place of the log at `path`."""
    try:
        with scratch_folder(path.parent, DRAFTS) as folder:
            draft = folder / path.name
            with attached(draft, "create") as database:
                migrate(database)
                with transaction(database):
                    put_back(database, journal_file(path), appended)
            yield draft
    except JournalIsDamaged:  # which DuckDB may have told, of an event that is none
        raise
    except ArchwrightError as error:
        if isinstance(error.__cause__, duckdb.Error):  # of the log, not of a file that nobody has heard of
            raise explain(error.__cause__, path) from error.__cause__
        raise
    except OSError as error:
        raise explain(error, path) from error


def _place(draft: Path, path: Path) -> None:
    """Give the draft its name, unless another process was faster."""
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        return
    except OSError:  # a file system without links
        draft.replace(path)


@contextmanager
def _locked(path: Path, file: os.stat_result) -> Generator[bool]:
    """Whether this process has DuckDB's own lock on `file`, which is still at `path`: then nobody else uses it."""
    try:
        log = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        yield False
        return
    except OSError as error:
        raise explain(error, path) from error
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
def _alone(path: Path) -> Generator[None]:
    """Keep others from making the log at `path` from its journal: a lock on that, free when its holder ends."""
    lock = _locked_journal(journal_file(path))
    try:
        yield
    finally:
        if lock is not None:
            os.close(lock)


def _locked_journal(journal: Path) -> int | None:
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


def _set_ahead_aside(path: Path) -> None:
    """Keep what DuckDB wrote ahead for a file that it refuses, or that is gone, from the one that takes its place."""
    for file in ahead(path):
        if file.exists():
            file.replace(kept_name(path, file.name.removeprefix(path.name)))


def _way_out(path: Path) -> str:
    """How to have what is left of a log whose journal is damaged too, if anything is."""
    found = remains(journal_file(path))
    if not found.help:
        return ""
    return (
        f". Or {suggest_command(path, 'verify', '--rescue')} makes it anew with the {found.events} events that the "
        f"journal's hashes prove, and keeps both files as they are now under other names: {found.lost}"
    )
