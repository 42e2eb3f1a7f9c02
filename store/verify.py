"""Whether the log still says what was appended to it, and all of it."""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

from attrs import evolve, frozen

from archwright.core.errors import suggest_command
from archwright.store.catalog import find_altered_views, find_shadowing_macros
from archwright.store.chain import ChainBreak, find_first_break, find_first_unreadable, is_unbroken
from archwright.store.database import attach
from archwright.store.errors import InvalidHead, JournalIsDamaged, NamesTaken
from archwright.store.journal import JournalTail, locate_journal, read_chained_entries, read_entries, read_tail
from archwright.store.log import START, EventRow, Position
from archwright.store.opening import run_or_rebuild
from archwright.store.rows import read_heads, read_rows
from archwright.store.schema import MIGRATIONS, read_schema_version

JournalState = Literal["none", "held", "behind", "damaged"]
_SMALLEST_SEQ = -(2**63)  # of the numbers that a row may have, whatever a person made of it


@frozen
class Head:
    """Where a run stood, for a person to keep elsewhere: RUN:SEQ:HASH."""

    run: str
    position: Position

    def __str__(self) -> str:
        return f"{self.run}:{self.position.seq}:{self.position.chain}"

    @classmethod
    def of(cls, text: str) -> "Head":
        """The head that `text` says; raises InvalidHead."""
        match = re.fullmatch(r"([^:]+):([1-9][0-9]{0,17}):([0-9a-f]{32})", text.strip())
        if match is None:
            raise InvalidHead(
                f"{text!r} is no head of a run; it is RUN:EVENT:HASH, as archwright verify prints it, "
                "with 32 hexadecimal digits"
            )
        return cls(match[1], Position(int(match[2]), match[3]))


@frozen
class RunVerdict:
    """What a check of one run found."""

    run: str
    events: int  # how many the log holds, whatever their numbers
    broken: ChainBreak | None  # the first event that is not what was appended, or is gone; None if the run is whole
    head: Position = START  # where the run stands
    anchor: JournalState = "none"  # what the journal says: nothing, the same, less, or what nobody can read
    remark: str = ""  # for people, where the journal is behind or damaged


@frozen
class _JournalRecord:
    """What the journal says."""

    heads: Mapping[str, Position]  # where each run stands
    acknowledged: Mapping[str, Position]  # the same without the last append, which a kill may have kept from the log
    contradicted: frozenset[str]  # runs of which the log's last event is another one here
    damage: str  # why it cannot be believed; empty if it can


def verify_log(path: Path | str, expected: Sequence[Head] = (), *, rescuing: bool = False) -> list[RunVerdict]:
    """A verdict on each run of the log at `path`, of its journal and of `expected`, heads that somebody has kept.

    Every event is checked against the hash over it and all before it, and the run's end against the journal. What is
    gone is said and not put back; only a file that DuckDB refuses is made anew from its journal. If that is damaged,
    it is done with `rescuing` only, from what can be believed of it: without it, LogIsLost. Raises LogIsDamaged where
    it cannot be, and JournalIsDamaged where there is no run of which that could be said. A log without a journal that
    was replaced by an older copy of itself is whole, and cannot be told from one that never went further.
    """
    return run_or_rebuild(Path(path), partial(_judge_runs, expected=expected), rescuing=rescuing)


def require_own_names(path: Path | str) -> None:
    """Nothing, if the views of the log at `path` are those that we make, and its macros take no name of DuckDB's.

    Else NamesTaken. The views of a file of an earlier schema are not looked at: we believe none of a file's.
    """
    path = Path(path)
    with attach(path) as database:
        views = find_altered_views(database) if read_schema_version(database, path) == len(MIGRATIONS) else []
        macros = find_shadowing_macros(database)
    if views:
        raise NamesTaken(
            f"{path} has other views than archwright makes: {', '.join(views)}. archwright asks its own; other "
            "programs are told what these say, until the next search or resume in this log makes them anew"
        )
    if macros:
        raise NamesTaken(
            f"{path} has macros under names of DuckDB's own functions: {', '.join(macros)}. archwright does not use "
            "them; other programs do, also in the views, until somebody drops them (DROP MACRO)"
        )


def _judge_runs(path: Path, expected: Sequence[Head]) -> list[RunVerdict]:
    with attach(path) as database:
        read_schema_version(database, path)
        heads = read_heads(database)
        ends = _find_end(path)  # while nobody can write
    told = None if ends is None else _read_record(path, ends, heads)
    runs = dict.fromkeys([*heads, *(told.heads if told else ()), *(head.run for head in expected)])
    if told and told.damage and not runs:
        what = told.damage.removesuffix(JournalIsDamaged.REMEDY)
        raise JournalIsDamaged(
            f"{path} holds no run, and whether it has held any is not known: {what}; move the log away, "
            f"and {suggest_command(path, 'verify', '--rescue')} makes it anew with what is whole of its journal"
        )
    return [_judge_run(path, run, heads.get(run, START), told, [h for h in expected if h.run == run]) for run in runs]


def _find_end(path: Path) -> JournalTail | JournalIsDamaged | None:
    try:
        return read_tail(locate_journal(path))
    except JournalIsDamaged as error:
        return error


def _read_record(path: Path, ends: JournalTail | JournalIsDamaged, heads: Mapping[str, Position]) -> _JournalRecord:
    """What the journal says up to where it `ends`, beside the `heads` of the log."""
    if isinstance(ends, JournalIsDamaged):
        return _JournalRecord({}, {}, frozenset(), str(ends))
    told = acknowledged = dict[str, Position]()
    contradicted = set[str]()
    try:
        for entry, parts in read_chained_entries(locate_journal(path), ends.end):
            if ends.open and entry.events == ends.events:
                told = dict(told)
            for part in parts:
                told[part.run] = part.position
                if not _agrees(part.rows, heads.get(part.run, START)):
                    contradicted.add(part.run)
    except JournalIsDamaged as error:
        return _JournalRecord(told, acknowledged, frozenset(contradicted), str(error))
    return _JournalRecord(told, acknowledged, frozenset(contradicted), "")


def _agrees(rows: Sequence[EventRow], position: Position) -> bool:
    """Whether the row of that number, if it is among `rows`, has its hash."""
    first = rows[0].seq
    return not first <= position.seq < first + len(rows) or rows[position.seq - first].chain == position.chain


def _judge_run(
    path: Path, run: str, head: Position, told: _JournalRecord | None, expected: Sequence[Head]
) -> RunVerdict:
    with attach(path) as database:
        rows = read_rows(database, run, _SMALLEST_SEQ, head.seq)
    broken = find_first_break(run, rows, START) or find_first_unreadable(rows)
    verdict = RunVerdict(run, len(rows), broken or _find_unmet(rows, expected), head)
    return verdict if told is None else _compare_with_journal(path, verdict, rows, told, expected)


def _find_unmet(rows: Sequence[EventRow], expected: Sequence[Head]) -> ChainBreak | None:
    """The first of the `expected` heads that the run never had; `rows` are whole."""
    for head in sorted(expected, key=lambda head: head.position.seq):
        seq = head.position.seq
        if seq > len(rows):
            end = f"the run ends with event {len(rows)}" if rows else "the log has nothing of that run"
            return ChainBreak(seq, f"it is gone: {head} is expected, and {end}")
        if rows[seq - 1].chain != head.position.chain:
            return ChainBreak(seq, f"{head} is expected, and its hash is {rows[seq - 1].chain}")
    return None


def _compare_with_journal(
    path: Path, verdict: RunVerdict, rows: Sequence[EventRow], told: _JournalRecord, expected: Sequence[Head]
) -> RunVerdict:
    """The verdict with what the journal says of the run."""
    if told.damage:
        return evolve(verdict, anchor="damaged", remark=told.damage)
    journal, run, seq = locate_journal(path), verdict.run, verdict.head.seq
    known = told.heads.get(run, START)
    if verdict.broken:
        return evolve(verdict, anchor="held", remark=_describe_remedy(journal, run, expected))
    if run in told.contradicted or (0 < known.seq < seq and rows[known.seq - 1].chain != known.chain):
        what = f"its journal {journal.name} has other events, as whole as these: somebody wrote one of the two anew"
        return evolve(verdict, anchor="held", broken=ChainBreak(min(known.seq, seq), what))
    if seq < known.seq and seq != told.acknowledged.get(run, START).seq:
        lost = "it is" if known.seq == seq + 1 else f"it and all up to event {known.seq} are"
        what = f"{lost} gone; its journal {journal.name} has what is gone, and the next command puts it back"
        return evolve(verdict, anchor="held", broken=ChainBreak(seq + 1, what))
    if known.seq < seq:
        return evolve(verdict, anchor="behind", remark=f"its journal {journal.name} ends with event {known.seq} of it")
    return evolve(verdict, anchor="held")


def _describe_remedy(journal: Path, run: str, expected: Sequence[Head]) -> str:
    """What the journal can do for a run that is broken, or is not the one that is expected: nothing, if it is so too.

    The run may have been broken when the journal was begun.
    """
    parts = [part for entry in read_entries(journal) for part in entry.parts() if part.run == run]
    if not parts or not all(map(is_unbroken, parts)):
        return ""
    rows = [row for part in parts for row in part.rows]
    if _find_unmet(rows, expected):
        return f"its journal {journal.name} does not have what is expected either"
    whole = f"its journal {journal.name} has the run whole, up to event {len(rows)}"
    return f"{whole}: move the log away, and it is made anew from that"
