"""What verify says of a log that someone has meddled with."""

import duckdb
import pytest

from archwright.store import chain
from archwright.store.duck import DuckDBLog
from archwright.store.errors import LogIsDamaged, UnreadableEvent
from archwright.store.fork import fork
from archwright.store.log import START
from archwright.store.verify import Verdict, verify
from tests.store.strategies import run_of, started


@pytest.fixture
def log(tmp_path):
    """A log with the run a-1 of 12 events and the run b-1 of 7."""
    log = DuckDBLog(tmp_path / "log.duckdb")
    log.append("a-1", run_of(2), START)
    log.append("b-1", run_of(1), START)
    return log


def meddle(log, sql):
    """What a person with a DuckDB client can do."""
    with duckdb.connect(log.path) as database:
        database.execute(sql)


def break_of(log, run):
    """Where verify says that `run` is broken."""
    broken = {verdict.run: verdict.broken for verdict in verify(log.path)}[run]
    assert broken is not None
    return broken


def test_a_whole_log(log):
    """Every run is whole, in the order of starting."""
    assert verify(log.path) == [Verdict("a-1", 12, None), Verdict("b-1", 7, None)]


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
    assert "not what was written" in broken.what
    assert verify(log.path)[1] == Verdict("b-1", 7, None)


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
    assert what in broken.what


def test_a_run_under_another_name_is_found(log):
    """A run's name is part of its chain."""
    meddle(log, "UPDATE events SET run = 'c-1' WHERE run = 'a-1'")
    assert [(verdict.run, verdict.broken.seq) for verdict in verify(log.path) if verdict.broken] == [("c-1", 1)]


def test_a_broken_run_is_not_resumed_but_can_be_forked(log):
    """Reading past the break is refused with the remedy; reading up to it, and forking there, work."""
    meddle(log, f"{EDITS['payload']} AND run = 'a-1'")
    with pytest.raises(LogIsDamaged, match=r"event 5 of a-1 is broken: .*: archwright fork a-1 --at 4"):
        log.read("a-1")
    assert len(log.read("a-1", upto=4)) == 4
    assert len(log.read("b-1")) == 7
    assert fork(log, "a-1", 4, "a-2", started()).seq == 4
    assert verify(log.path)[-1] == Verdict("a-2", 4, None)


def test_a_gap_at_the_beginning_of_a_part_is_found(log):
    """Reading after an event that is missing is refused."""
    meddle(log, "DELETE FROM events WHERE seq = 5")
    with pytest.raises(LogIsDamaged, match="event 7 of a-1 is broken"):
        log.read("a-1", after=5)
    with pytest.raises(LogIsDamaged, match="event 6 of a-1 is broken: it follows event 4"):
        log.read("a-1", after=4)


def test_an_event_from_the_future_is_named(log, monkeypatch):
    """A whole chain with an event that this release does not know: the verdict says so."""
    monkeypatch.setattr(chain, "to_json", lambda _: ("Pruned", "{}"))
    log.append("c-1", [started()], START)
    broken = break_of(log, "c-1")
    assert broken.seq == 1
    assert "'Pruned', which this archwright does not know" in broken.what
    with pytest.raises(UnreadableEvent, match=r"event 1 of c-1: .*'Pruned'.* upgrade archwright"):
        log.read("c-1")
