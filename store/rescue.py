"""What a damaged journal still proves, where the log itself is torn or gone.

A line whose hashes are right, and which follows from what is proven already, is as good as ever, whether it is before
the damage or after it: each run has a hash chain of its own. What follows from a lost line proves nothing.
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
from archwright.store.paths import choose_damaged_path


@frozen
class DamageReport:
    """How much of a journal its hashes prove."""

    proven: int  # events that the hashes prove
    orphans: int  # events in lines that can be read, but follow from lost ones
    unreadable: Sequence[int]  # the numbers of the lines that cannot be read

    @property
    def is_partial(self) -> bool:
        """Whether some events are proven and others are lost, so that a journal of the proven ones is worth having."""
        return self.proven > 0 and bool(self.orphans or self.unreadable)

    @property
    def loss(self) -> str:
        """What is lost, for people."""
        first = f" (the first is line {self.unreadable[0]})" if self.unreadable else ""
        return (
            f"{len(self.unreadable)} of the journal's lines cannot be read{first}, and {self.orphans} events in others "
            "prove nothing, as they go on from what is lost"
        )


def assess_journal(journal: Path) -> DamageReport:
    """How much of the `journal` its hashes prove; reads all of it."""
    proven_events, orphans, unreadable = 0, 0, list[int]()
    for number, proven, unproven in _judge_lines(journal):
        proven_events += _count_events(proven)
        orphans += _count_events(unproven or ())
        if unproven is None:
            unreadable.append(number)
    return DamageReport(proven_events, orphans, unreadable)


def rescue_journal(log: Path) -> str:
    """Replace the journal of `log` by one of the events that its hashes prove; the old one stays under another name.

    Gives what to tell people of it; does nothing and gives "" if nothing is proven or nothing is lost. No other process
    may be at work on the log.
    """
    journal = locate_journal(log)
    report = assess_journal(journal)
    if not report.is_partial:
        return ""
    damaged = choose_damaged_path(log, journal.suffix)
    _copy_file(journal, damaged)
    write_journal(journal, (proven for _, proven, _ in _judge_lines(damaged) if proven), like=damaged)
    return (
        f"{journal} was damaged, and begins anew with the {report.proven} events that its hashes prove. {report.loss}. "
        f"What was there is now {damaged}"
    )


def _judge_lines(journal: Path) -> Iterator[tuple[int, list[EventBatch], list[EventBatch] | None]]:
    """Each line's number, its proven batches and its unproven ones; None for the latter if the line cannot be read."""
    positions = dict[str, Position]()
    for number, line in read_lines(journal):
        proven, unproven = list[EventBatch](), list[EventBatch]()
        try:
            batches = parse_line(journal, line).unpack()
        except JournalIsDamaged:
            yield number, [], None
            continue
        for batch in batches:
            is_proven = batch.after == positions.get(batch.run, START) and is_unbroken(batch)
            (proven if is_proven else unproven).append(batch)
        positions |= {batch.run: batch.position for batch in proven}
        yield number, proven, unproven


def _copy_file(file: Path, target: Path) -> None:
    try:
        shutil.copy2(file, target)
    except OSError as error:
        target.unlink(missing_ok=True)
        raise explain_failure(error, file) from error


def _count_events(batches: Sequence[EventBatch]) -> int:
    return sum(len(batch.rows) for batch in batches)
