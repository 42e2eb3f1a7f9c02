"""What can still be believed of a journal of which a line is damaged, where the log itself is torn or gone.

A line of which the hashes are right, and which goes on from what is proven already, is as good as ever, whether it
stands before the damage or behind it: each run has a chain of its own. What goes on from a line that is lost proves
nothing.
"""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from attrs import frozen

from archwright.store.chain import is_unbroken
from archwright.store.errors import JournalIsDamaged, explain_failure
from archwright.store.journal import locate_journal, read_lines, write_journal
from archwright.store.journal_entry import parse_line
from archwright.store.log import START, EventBatch, Position
from archwright.store.paths import find_free_damaged_name


@frozen
class DamageReport:
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


def assess_journal(journal: Path) -> DamageReport:
    """How much can be believed of the `journal`, all of which is read."""
    events, orphans, unread = 0, 0, list[int]()
    for number, proven, others in _judge_lines(journal):
        events += _count_rows(proven)
        orphans += _count_rows(others or ())
        if others is None:
            unread.append(number)
    return DamageReport(events, orphans, unread)


def rescue_journal(log: Path) -> str:
    """Begin the journal of `log` anew with the events that can be believed; what was there stays under another name.

    Gives what to say of it; nothing is done, and nothing to be said, if there are none or nothing is lost. Nobody else
    may be at work on the log.
    """
    journal = locate_journal(log)
    found = assess_journal(journal)
    if not found.help:
        return ""
    kept = find_free_damaged_name(log, journal.suffix)
    _copy_file(journal, kept)
    write_journal(journal, (proven for _, proven, _ in _judge_lines(kept) if proven), like=kept)
    return (
        f"{journal} was damaged, and begins anew with the {found.events} events that its hashes prove. {found.lost}. "
        f"What was there is now {kept}"
    )


def _judge_lines(journal: Path) -> Iterator[tuple[int, list[EventBatch], list[EventBatch] | None]]:
    """Of each line by its number, what is proven and what is not; None for the latter if it cannot be read."""
    stands = dict[str, Position]()
    for number, line in read_lines(journal):
        proven, others = list[EventBatch](), list[EventBatch]()
        try:
            parts = parse_line(journal, line).parts()
        except JournalIsDamaged:
            yield number, [], None
            continue
        for part in parts:
            (proven if part.after == stands.get(part.run, START) and is_unbroken(part) else others).append(part)
        stands |= {part.run: part.position for part in proven}
        yield number, proven, others


def _copy_file(file: Path, kept: Path) -> None:
    try:
        shutil.copy2(file, kept)
    except OSError as error:
        kept.unlink(missing_ok=True)
        raise explain_failure(error, file) from error


def _count_rows(parts: Sequence[EventBatch]) -> int:
    return sum(len(part.rows) for part in parts)
