"""What verify says of a log that someone has meddled with."""

import re

import duckdb
import pytest
from attrs import evolve

from archwright.store import chain
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.errors import InvalidHead, JournalIsDamaged, LogIsDamaged, UnreadableEvent
from archwright.store.journal import locate_journal
from archwright.store.log import START
from archwright.store.runs import fork_run
from archwright.store.verdict import Head
from archwright.store.verify import verify_log
from tests.store.strategies import make_run_events, make_run_started


@pytest.fixture
def log(tmp_path):
    """A log with the run a-1 of 12 events and the run b-1 of 7."""
    log = DuckDBLog(tmp_path / "log.duckdb")
    log.append("a-1", make_run_events(2), START)
    log.append("b-1", make_run_events(1), START)
    return log


def meddle(log, sql):
    """What a person with a DuckDB client can do."""
    with duckdb.connect(log.path) as database:
        database.execute(sql)


def break_of(log, run):
    """Where verify says that `run` is broken."""
    broken = {verdict.run: verdict.broken for verdict in verify_log(log.path)}[run]
    assert broken is not None
    return broken


def test_a_whole_log(log):
    """Every run is whole, in the order of starting."""
    found = [(verdict.run, verdict.events, verdict.broken, verdict.journal) for verdict in verify_log(log.path)]
    assert found == [("a-1", 12, None, "held"), ("b-1", 7, None, "held")]
    assert [verdict.head for verdict in verify_log(log.path)] == [log.read(run)[-1].position for run in ("a-1", "b-1")]


EDITS = {
    "payload": "UPDATE events SET payload = replace(payload, '0.5', '0.6') WHERE seq = 5",
    "time": "UPDATE events SET time = time + 1 WHERE seq = 5",
    "kind": "UPDATE events SET kind = 'Reported' WHERE seq = 5",
    "trial": "UPDATE events SET trial = 1 WHERE seq = 5",
    "chain": "UPDATE events SET chain = repeat('0', 32) WHERE seq = 5",
}


@pytest.mark.parametrize("column", EDITS)
def test_an_edited_event_is_found(log, column):
    """A change of any column breaks the chain at that event; the other run is untouched."""
    meddle(log, f"{EDITS[column]} AND run = 'a-1'")
    broken = break_of(log, "a-1")
    assert broken.seq == 5
    assert "not what was written" in broken.reason
    assert verify_log(log.path)[1].broken is None


@pytest.mark.parametrize(
    ("sql", "seq", "what"),
    [
        ("DELETE FROM events WHERE seq = 5", 6, "follows event 4: what was between them is missing"),
        ("DELETE FROM events WHERE seq <= 5", 6, "follows event 0: what was between them is missing"),
        ("INSERT INTO events SELECT * FROM events WHERE seq = 5", 5, "it is there twice"),
        ("UPDATE events SET seq = CASE seq WHEN 4 THEN 5 WHEN 5 THEN 4 ELSE seq END", 4, "not what was written"),
        ("INSERT INTO events SELECT * REPLACE ('b-1' AS run) FROM events WHERE seq = 8", 8, "not what was written"),
    ],
)
def test_rows_that_are_missing_doubled_or_moved_are_found(log, sql, seq, what):
    """The first event that does not follow is named, with what is wrong."""
    meddle(log, sql)
    broken = break_of(log, "b-1")
    assert broken.seq == seq
    assert what in broken.reason


def test_a_run_under_another_name_is_found(log):
    """A run's name is part of its chain."""
    meddle(log, "UPDATE events SET run = 'c-1' WHERE run = 'a-1'")
    broken = [(verdict.run, verdict.broken.seq) for verdict in verify_log(log.path) if verdict.broken]
    assert broken == [("c-1", 1), ("a-1", 1)], "the one that is there, and the one that its journal has"


def test_a_broken_run_is_not_resumed_but_can_be_forked(log):
    """Reading past the break is refused with the remedy; reading up to it, and forking there, work."""
    meddle(log, f"{EDITS['payload']} AND run = 'a-1'")
    with pytest.raises(LogIsDamaged, match=r"event 5 of a-1 is broken: .*: archwright fork a-1 --at 4"):
        log.read("a-1")
    assert len(log.read("a-1", upto=4)) == 4
    assert len(log.read("b-1")) == 7
    assert fork_run(log, "a-1", 4, "a-2", make_run_started()).seq == 4
    assert (verify_log(log.path)[-1].run, verify_log(log.path)[-1].broken) == ("a-2", None)


def test_a_gap_at_the_beginning_of_a_part_is_found(log):
    """Reading after an event that is missing is refused, where no journal has it."""
    locate_journal(log.path).unlink()
    meddle(log, "DELETE FROM events WHERE seq = 5")
    with pytest.raises(LogIsDamaged, match="event 7 of a-1 is broken"):
        log.read("a-1", after=5)
    with pytest.raises(LogIsDamaged, match=r"event 6 of a-1 is broken: it follows event 4.* fork a-1 --at 4 .*goes on"):
        log.read("a-1", after=4)


@pytest.mark.parametrize("seq", [1, 2, 5])
def test_a_broken_run_is_forked_where_the_error_says(log, seq):
    """At the last event that is there and whole; a run that is broken from its beginning is not forked at all."""
    locate_journal(log.path).unlink()
    meddle(log, f"DELETE FROM events WHERE run = 'a-1' AND seq = {seq}")
    with pytest.raises(LogIsDamaged, match=f"event {seq + 1} of a-1 is broken: .*is missing; ") as broken:
        log.read("a-1")
    assert re.findall(r"fork a-1 --at (\d+)", str(broken.value)) == [str(seq - 1)] * (seq > 1)
    if seq > 1:
        assert fork_run(log, "a-1", seq - 1, "a-2", make_run_started()).seq >= 1


def test_an_event_from_the_future_is_named(log, monkeypatch):
    """A whole chain with an event that this release does not know: the verdict says so."""
    monkeypatch.setattr(chain, "event_to_json", lambda _: ("Pruned", "{}"))
    log.append("c-1", [make_run_started()], START)
    broken = break_of(log, "c-1")
    assert broken.seq == 1
    assert "'Pruned', which this archwright does not know" in broken.reason
    with pytest.raises(UnreadableEvent, match=r"event 1 of c-1: .*'Pruned'.* upgrade archwright"):
        log.read("c-1")


LOST = {
    "the last event": ("run = 'a-1' AND seq = 12", {"a-1": 12}),
    "the last events": ("run = 'b-1' AND seq > 3", {"b-1": 4}),
    "a run": ("run = 'a-1'", {"a-1": 1}),
    "all": ("true", {"a-1": 1, "b-1": 1}),
}


@pytest.mark.parametrize("lost", LOST)
def test_events_that_are_gone_from_the_end_are_missed(log, lost):
    """The journal has them: the verdict says from where on, and nothing is put back by asking."""
    where, broken = LOST[lost]
    meddle(log, f"DELETE FROM events WHERE {where}")
    for _ in range(2):
        found = {verdict.run: verdict.broken for verdict in verify_log(log.path) if verdict.broken}
        assert {run: gone.seq for run, gone in found.items()} == broken
        assert all("gone; its journal log.duckdb.journal has what is gone" in gone.reason for gone in found.values())
    log.runs()
    assert all(verdict.broken is None for verdict in verify_log(log.path))


@pytest.mark.parametrize("sql", ["SET seq = -seq", "SET seq = seq - 20", "SET seq = seq + 1", "SET seq = 2 - seq"])
@pytest.mark.parametrize("journal", ["journal", "none"])
def test_numbers_that_were_changed_are_found(log, sql, journal):
    """Every row counts, whatever its number."""
    if journal == "none":
        locate_journal(log.path).unlink()
    meddle(log, f"UPDATE events {sql} WHERE run = 'a-1'")
    verdict = next(verdict for verdict in verify_log(log.path) if verdict.run == "a-1")
    assert verdict.events == 12
    assert verdict.broken is not None
    assert verify_log(log.path)[1].broken is None


def test_a_verdict_says_whether_the_journal_has_what_was_written(log):
    """Then the log can be made anew from it."""
    meddle(log, f"{EDITS['payload']} AND run = 'a-1'")
    assert "has the run whole, up to event 12: move the log away" in verify_log(log.path)[0].remark
    log.path.unlink()
    assert [verdict.broken for verdict in verify_log(log.path)] == [None, None]


def test_a_run_that_was_written_anew_contradicts_its_journal(log, tmp_path):
    """Whoever knows how the hashes are made can make others; the journal still has the first."""
    forged = DuckDBLog(tmp_path / "forged.duckdb")
    forged.append("a-1", make_run_events(2)[:-1], START)
    meddle(
        log,
        f"ATTACH '{forged.path}' AS forged; DELETE FROM events WHERE run = 'a-1'; "
        "INSERT INTO events FROM forged.events",
    )
    broken = break_of(log, "a-1")
    assert broken.seq == 11
    assert "has other events, as whole as these" in broken.reason


def test_a_log_without_a_journal_is_whole_as_far_as_can_be_told(log):
    """What is gone from its end is not missed."""
    locate_journal(log.path).unlink()
    meddle(log, "DELETE FROM events WHERE seq > 5")
    assert [(v.run, v.events, v.broken, v.journal) for v in verify_log(log.path)] == [
        ("a-1", 5, None, "none"),
        ("b-1", 5, None, "none"),
    ]


def test_a_head_that_was_kept_elsewhere_holds_a_log_without_a_journal(log):
    """A run may have gone on since; it must have been there."""
    heads = [Head(run, log.read(run)[seq - 1].position) for run, seq in (("a-1", 12), ("a-1", 4), ("b-1", 7))]
    assert [Head.of(str(head)) for head in heads] == heads
    locate_journal(log.path).unlink()
    assert [verdict.broken for verdict in verify_log(log.path, heads)] == [None, None]
    meddle(log, "DELETE FROM events WHERE run = 'a-1' AND seq > 5")
    broken = verify_log(log.path, heads)[0].broken
    assert broken is not None
    assert broken.seq == 12
    assert f"it is gone: {heads[0]} is expected, and the run ends with event 5" in broken.reason
    nobody = verify_log(log.path, [evolve(heads[1], run="c-1")])[-1].broken
    assert nobody is not None
    assert nobody.reason.startswith("it is gone: c-1:4:")
    assert nobody.reason.endswith(" is expected, and the log has nothing of that run")
    other = Head("a-1", evolve(heads[1].position, chain="0" * 32))
    broken = verify_log(log.path, [other])[0].broken
    assert broken is not None
    assert broken.reason == f"{other} is expected, and its hash is {heads[1].position.chain}"
    gone = verify_log(log.path, [Head("x-1", heads[0].position)])[-1]
    assert (gone.run, gone.events, gone.broken and gone.broken.seq) == ("x-1", 0, 12)


def test_a_journal_is_no_remedy_where_it_is_not_what_is_expected_either(log):
    """A log that agrees with its journal is not made better by it."""
    there = Head("a-1", log.read("a-1")[3].position)
    other = Head("a-1", evolve(there.position, chain="0" * 32))
    assert (
        verify_log(log.path, [other])[0].remark
        == f"its journal {log.path.name}.journal does not have what is expected either"
    )
    later = Head("b-1", evolve(there.position, seq=999))
    assert "does not have what is expected either" in verify_log(log.path, [later])[1].remark
    meddle(log, f"{EDITS['payload']} AND run = 'a-1'")
    assert "move the log away" in verify_log(log.path, [there])[0].remark
    assert "move the log away" not in verify_log(log.path, [other])[0].remark


@pytest.mark.parametrize("line", [0, 1])
def test_a_log_that_is_empty_beside_a_journal_that_is_damaged_is_not_called_whole(log, line):
    meddle(log, "DELETE FROM events")
    lines = locate_journal(log.path).read_bytes().splitlines(keepends=True)
    lines[line] = b"nonsense\n"
    locate_journal(log.path).write_bytes(b"".join(lines))
    with pytest.raises(JournalIsDamaged, match=r"holds no run, and whether it has held any is not known: .*journal is"):
        verify_log(log.path)


@pytest.mark.parametrize("text", ["", "a-1", "a-1:12", "a-1:0:" + "0" * 32, "a-1:1:" + "0" * 31, "a-1:x:" + "0" * 32])
def test_what_is_no_head(text):
    """The form is said."""
    with pytest.raises(InvalidHead, match="RUN:EVENT:HASH"):
        Head.of(text)
