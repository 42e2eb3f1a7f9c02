"""Verifying that the log still holds what was appended to it, and all of it."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from attrs import evolve, frozen

from archwright.store.catalog import find_altered_views, find_shadowing_macros
from archwright.store.chain import ChainBreak, find_first_break, find_first_unreadable, is_unbroken
from archwright.store.database import attach
from archwright.store.errors import JournalIsDamaged, NamesTaken
from archwright.store.journal import JournalTail, locate_journal, read_chained_entries, read_entries, read_tail
from archwright.store.log import START, EventRow, Position
from archwright.store.opening import run_or_rebuild
from archwright.store.rows import read_heads, read_rows
from archwright.store.schema import MIGRATIONS, read_schema_version
from archwright.store.suggestions import suggest_rescue
from archwright.store.verdict import Head, RunVerdict

_SMALLEST_SEQ = -(2**63)  # that a row may have, whatever a person made of it


@frozen
class _JournalRecord:
    """What the journal says of the runs."""

    heads: Mapping[str, Position]  # each run's
    acknowledged: Mapping[str, Position]  # the same without the last append, which a kill may have kept from the log
    contradicted: frozenset[str]  # runs whose last event in the log is another one here
    damage: str  # why it cannot be trusted; empty if it can


def verify_log(path: Path | str, expected: Sequence[Head] = (), *, rescuing: bool = False) -> list[RunVerdict]:
    """A verdict on each run in the log at `path`, in its journal and in `expected`, heads that a person has kept.

    Every event is checked against the hash over it and all before it, and the run's end against the journal. What is
    gone is reported and not put back; only a file that DuckDB refuses is rebuilt from its journal. If that is damaged,
    the file is rebuilt with `rescuing` only, from what the journal still proves; else LogIsLost is raised. Raises
    LogIsDamaged where it cannot be rebuilt, and JournalIsDamaged where there is no run to give a verdict on. A log
    without a journal that was replaced by an older copy of itself cannot be told from one that never went further.
    """
    return run_or_rebuild(Path(path), partial(_judge_runs, expected=expected), rescuing=rescuing)


def verify_one(path: Path | str, known: Head) -> RunVerdict:
    """A verdict on the run alone of which this head is `known`, as `verify_log` gives it.

    Only where the log and its journal have nothing of the run is it held against the head. Raises as `verify_log`.
    """
    (verdict,) = run_or_rebuild(Path(path), partial(_judge_runs, expected=[known], is_alone=True))
    return verdict


def require_own_names(path: Path | str) -> None:
    """Raise NamesTaken if a view of the log at `path` was altered, or a macro has the name of a function of DuckDB.

    The views of a file of an earlier schema are not checked: archwright never uses a file's own.
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


def _judge_runs(path: Path, expected: Sequence[Head], *, is_alone: bool = False) -> list[RunVerdict]:
    """A verdict on each run; where it `is_alone`, on that of the one expected head, if nothing else is known of it."""
    with attach(path) as database:
        read_schema_version(database, path)
        heads = read_heads(database)
        tail = _try_to_read_tail(path)  # while nobody can write
    record = None if tail is None else _read_record(path, tail, heads)
    runs = dict.fromkeys([*heads, *(record.heads if record else ()), *(head.run for head in expected)])
    if record and record.damage and not runs:
        damage = record.damage.removesuffix(JournalIsDamaged.REMEDY)
        raise JournalIsDamaged(
            f"{path} holds no run, and whether it has held any is not known: {damage}; move the log away, "
            f"and {suggest_rescue(path)} makes it anew with what is whole of its journal"
        )
    if is_alone:
        runs = [head.run for head in expected]
        is_known = any(run in heads or (record is not None and run in record.heads) for run in runs)
        expected = [] if is_known else expected
    return [
        _judge_run(path, run, heads.get(run, START), record, [head for head in expected if head.run == run])
        for run in runs
    ]


def _try_to_read_tail(path: Path) -> JournalTail | JournalIsDamaged | None:
    try:
        return read_tail(locate_journal(path))
    except JournalIsDamaged as error:
        return error


def _read_record(path: Path, tail: JournalTail | JournalIsDamaged, log_heads: Mapping[str, Position]) -> _JournalRecord:
    """What the journal says up to its `tail`, compared with the heads of the log."""
    if isinstance(tail, JournalIsDamaged):
        return _JournalRecord({}, {}, frozenset(), str(tail))
    heads = acknowledged = dict[str, Position]()
    contradicted = set[str]()
    try:
        for entry, batches in read_chained_entries(locate_journal(path), tail.end):
            if tail.is_open and entry.events == tail.events:
                heads = dict(heads)
            for batch in batches:
                heads[batch.run] = batch.position
                if not _agrees(batch.rows, log_heads.get(batch.run, START)):
                    contradicted.add(batch.run)
    except JournalIsDamaged as error:
        return _JournalRecord(heads, acknowledged, frozenset(contradicted), str(error))
    return _JournalRecord(heads, acknowledged, frozenset(contradicted), "")


def _agrees(rows: Sequence[EventRow], position: Position) -> bool:
    """Whether the row with the number of `position`, if it is among `rows`, has its hash."""
    first = rows[0].seq
    return not first <= position.seq < first + len(rows) or rows[position.seq - first].chain == position.chain


def _judge_run(
    path: Path, run: str, head: Position, record: _JournalRecord | None, expected: Sequence[Head]
) -> RunVerdict:
    with attach(path) as database:
        rows = read_rows(database, run, _SMALLEST_SEQ, head.seq)
    broken = find_first_break(run, rows, START) or find_first_unreadable(rows)
    verdict = RunVerdict(run, len(rows), broken or _find_unmet(rows, expected), head)
    return verdict if record is None else _compare_with_journal(path, verdict, rows, record, expected)


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
    path: Path, verdict: RunVerdict, rows: Sequence[EventRow], record: _JournalRecord, expected: Sequence[Head]
) -> RunVerdict:
    """The verdict with what the journal says of the run."""
    if record.damage:
        return evolve(verdict, journal="damaged", remark=record.damage)
    journal, run, seq = locate_journal(path), verdict.run, verdict.head.seq
    head = record.heads.get(run, START)
    if verdict.broken:
        return evolve(verdict, journal="held", remark=_describe_remedy(journal, run, expected))
    if run in record.contradicted or (0 < head.seq < seq and rows[head.seq - 1].chain != head.chain):
        reason = f"its journal {journal.name} has other events, as whole as these: somebody wrote one of the two anew"
        return evolve(verdict, journal="held", broken=ChainBreak(min(head.seq, seq), reason))
    if seq < head.seq and seq != record.acknowledged.get(run, START).seq:
        lost = "it is" if head.seq == seq + 1 else f"it and all up to event {head.seq} are"
        reason = f"{lost} gone; its journal {journal.name} has what is gone, and whoever uses the log next puts it back"
        return evolve(verdict, journal="held", broken=ChainBreak(seq + 1, reason))
    if head.seq < seq:
        return evolve(verdict, journal="behind", remark=f"its journal {journal.name} ends with event {head.seq} of it")
    return evolve(verdict, journal="held")


def _describe_remedy(journal: Path, run: str, expected: Sequence[Head]) -> str:
    """How the journal can repair a run that is broken, or not the expected one; empty if it is broken there too.

    The run may have been broken when the journal was begun.
    """
    batches = [batch for entry in read_entries(journal) for batch in entry.unpack() if batch.run == run]
    if not batches or not all(map(is_unbroken, batches)):
        return ""
    rows = [row for batch in batches for row in batch.rows]
    if _find_unmet(rows, expected):
        return f"its journal {journal.name} does not have what is expected either"
    whole = f"its journal {journal.name} has the run whole, up to event {len(rows)}"
    return f"{whole}: move the log away, and it is made anew from that"
