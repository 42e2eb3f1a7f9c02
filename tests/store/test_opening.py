"""A log is made whole from its journal, whatever happened to its file; what contradicts it is not overwritten."""

import fcntl
import logging
import shutil
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import duckdb
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from archwright.store import reconcile
from archwright.store.chain import chain_events
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.errors import (
    JournalIsDamaged,
    LogContradicted,
    LogIsDamaged,
    LogIsGone,
    LogIsTorn,
    LogUnwritable,
)
from archwright.store.events import AttemptEnded
from archwright.store.journal import append_entry, locate_journal, read_tail
from archwright.store.log import START
from archwright.store.paths import WAL_SUFFIXES, locate_sidecar
from archwright.store.query import query
from archwright.store.rebuild import rebuild_missing
from archwright.store.verify import verify_log
from tests.store.memory_log import MemoryLog
from tests.store.processes import HOLDER_CODE, run_process
from tests.store.strategies import events, make_run_events, make_run_started, make_trial_events


@pytest.fixture
def log(tmp_path):
    """A log with the run a-1 of 12 events, in four appends, and the run b-1 of 7 in one."""
    log = DuckDBLog(tmp_path / "log.duckdb")
    history, position = make_run_events(2), START
    for first in range(0, 12, 3):
        position = log.append("a-1", history[first : first + 3], position)
    log.append("b-1", make_run_events(1), START)
    return log


def meddle(log, sql):
    """What a person with a DuckDB client can do."""
    with duckdb.connect(log.path) as database:
        database.execute(sql)


def cut(log):
    log.path.write_bytes(log.path.read_bytes()[:300_000])


def empty(log):
    log.path.write_bytes(b"")


def overwrite(log):
    log.path.write_bytes(b"\0" * 20_000)


def remove(log):
    log.path.unlink()


def delete(where):
    return lambda log: meddle(log, f"DELETE FROM events WHERE {where}")


HARMS = {
    "cut": cut,
    "empty": empty,
    "overwritten": overwrite,
    "gone": remove,
    "last event": delete("run = 'b-1' AND seq = 7"),
    "last events of another run": delete("run = 'a-1' AND seq > 4"),
    "in the middle": delete("seq = 3"),
    "first": delete("seq = 1"),
    "a run": delete("run = 'a-1'"),
    "all": delete("true"),
}
USES = {
    "read": lambda log: len(log.read("a-1")) == 12,
    "runs": lambda log: log.runs() == ["a-1", "b-1"],
    "query": lambda log: query(log.path, "SELECT count(*) FROM events").rows == [(19,)],
    "append": lambda log: log.append("c-1", [make_run_started()], START).seq == 1,
}


# A new run does not bring back a log that is gone: that has a test of its own.
COMBINED = [(harm, [*USES][i % (3 if harm == "gone" else 4)]) for i, harm in enumerate(HARMS)]


@pytest.mark.parametrize(("harm", "use"), COMBINED)
def test_what_is_gone_from_the_log_comes_back_and_that_is_said(log, harm, use, caplog):
    """Whoever comes first finds all events, in the order that they had."""
    before = {run: log.read(run) for run in ("a-1", "b-1")}
    HARMS[harm](log)
    with caplog.at_level(logging.WARNING, "archwright.store"):
        assert USES[use](log)
    assert len(caplog.records) == 1
    assert str(log.path) in caplog.text
    assert {run: log.read(run) for run in ("a-1", "b-1")} == before
    assert log.runs()[:2] == ["a-1", "b-1"]
    assert all(verdict.broken is None for verdict in verify_log(log.path))
    assert len(caplog.records) == 1, "once"


@pytest.mark.parametrize("events", [1, 2, 3, 5])
def test_what_is_gone_from_the_beginning_is_not_taken_for_the_end(log, events):
    """As many rows are left as after an earlier append, and its last one is among them: the journal has them all."""
    for _ in range(3):
        log.append("a-1", [make_run_started()], log.read("a-1")[-1].position)
    before = log.read("a-1"), log.read("b-1")
    meddle(log, f"DELETE FROM events WHERE (run, seq) IN (SELECT (run, seq) FROM events ORDER BY rowid LIMIT {events})")
    assert (log.read("a-1"), log.read("b-1")) == before


BLOCKS = """
    SELECT block_id FROM pragma_storage_info('events') WHERE column_name = 'payload' AND block_id >= 0
    EXCEPT SELECT block_id FROM pragma_storage_info('events') WHERE column_name <> 'payload'
"""


def harm_payloads(log):
    """Overwrite some of a block of the file that holds nothing but payloads."""
    long = AttemptEnded(0, 1, "crashed", 0.5, error=Random(0).randbytes(400_000).hex())  # which fills blocks
    log.append("long", [make_run_started(), *make_trial_events(0)[:2], long], START)
    with duckdb.connect(log.path) as database:
        block = min(database.execute(BLOCKS).fetchall())[0]
    with log.path.open("r+b") as file:
        file.seek(3 * 4096 + block * 262_144 + 1_000)
        file.write(b"not what was written")


def test_damage_that_only_a_query_meets_is_mended_as_its_error_says(log, tmp_path):
    """Nothing that opens the log looks at payloads. Without a journal, a backup is needed."""
    harm_payloads(log)
    asked = "SELECT max(length(payload)) FROM events"
    call = rf"aw\.Log\('{log.path}'\)\.verify\(\)"
    command = rf"archwright verify --log {log.path} \({call} in Python\) looks at all of it, and "
    command += "makes it anew from its journal"
    with pytest.raises(LogIsTorn, match=rf"is damaged where nobody but this query has looked \(.*\); {command}"):
        query(log.path, asked)
    journal = locate_journal(log.path)
    kept = journal.rename(tmp_path / "kept")
    with pytest.raises(LogIsTorn, match="put a backup in its place"):
        query(log.path, asked)
    kept.rename(journal)
    verify_log(log.path)
    assert query(log.path, asked).rows[0][0] > 800_000


@pytest.mark.parametrize("harm", ["cut", "empty", "overwritten"])
def test_a_file_that_duckdb_refuses_is_kept(log, harm):
    """A person's own tables may be in it; a second one does not overwrite the first."""
    HARMS[harm](log)
    refused = log.path.read_bytes()
    locate_sidecar(log.path, "wal").write_bytes(b"of that file")
    log.runs()
    damaged = locate_sidecar(log.path, "damaged")
    assert damaged.read_bytes() == refused
    assert damaged.with_name(f"{damaged.name}.wal").read_bytes() == b"of that file"
    cut(log)
    log.runs()
    assert damaged.read_bytes() == refused
    assert damaged.with_name(f"{damaged.name}-2").exists()


def test_tables_of_ones_own_stay_where_the_file_can_be_read(log):
    """Events are put back into the file that is there."""
    meddle(log, "CREATE TABLE mine AS SELECT 1; DELETE FROM events WHERE seq = 3")
    log.append("c-1", [make_run_started()], START)
    assert query(log.path, "SELECT * FROM mine").rows == [(1,)]
    assert len(log.read("a-1")) == 12


def test_an_older_copy_is_brought_up_to_date(log, tmp_path):
    """As after somebody put a backup in the log's place."""
    shutil.copy(log.path, tmp_path / "backup")
    position = log.append("b-2", make_run_events(3), START)
    shutil.copy(tmp_path / "backup", log.path)
    assert log.append("b-2", [], position) == position
    assert log.append("c-1", [make_run_started()], START).seq == 1
    assert log.runs() == ["a-1", "b-1", "b-2", "c-1"]
    assert log.read("b-2")[-1].position == position


CHANGES = {
    "renamed": ("UPDATE events SET run = 'c-1' WHERE run = 'a-1'", "event 1 of c-1"),
    "negated": ("UPDATE events SET seq = -seq WHERE run = 'a-1'", "event -12 of a-1"),
    "doubled": ("INSERT INTO events SELECT * FROM events WHERE seq = 4 AND run = 'b-1'", "event 4 of b-1"),
    "added": ("INSERT INTO events VALUES ('b-1', 8, 0, 'RunStopped', NULL, '{}', uuid())", "event 8 of b-1"),
    "changed and deleted": (
        "UPDATE events SET time = 0 WHERE seq = 2 AND run = 'a-1'; DELETE FROM events WHERE run = 'b-1' AND seq = 3",
        "event 2 of a-1",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_contradicts_the_journal_is_not_overwritten(log, change, caplog):
    """A writer is refused with the place and the remedy, and who reads is warned; the remedy works."""
    sql, place = CHANGES[change]
    meddle(log, sql)
    content = log.path.read_bytes()
    reconcile._compared.clear()  # as in a new process, which compares the end of every run once
    with pytest.raises(LogContradicted, match=f"{place} in {log.path} is not what its journal .* says: .* move"):
        log.append("c-1", [make_run_started()], START)
    with caplog.at_level(logging.WARNING, "archwright.store"):
        assert "b-1" in log.runs()
    assert place in caplog.text or change == "renamed", "one who only reads does not compare all"
    assert log.path.read_bytes() == content
    assert not all(verdict.broken is None for verdict in verify_log(log.path))
    log.path.rename(log.path.with_name("changed"))
    assert [len(log.read(run)) for run in log.runs()] == [12, 7]
    assert all(verdict.broken is None for verdict in verify_log(log.path))


def test_a_changed_log_can_be_gone_on_with_without_its_journal(log):
    """The other way out: the next append begins a journal with what is there."""
    meddle(log, "DELETE FROM events WHERE run = 'b-1'; INSERT INTO events VALUES ('z', 1, 0, 'x', NULL, '{}', uuid())")
    with pytest.raises(LogContradicted):
        log.append("c-1", [make_run_started()], START)
    locate_journal(log.path).unlink()
    assert log.append("c-1", [make_run_started()], START).seq == 1
    assert [verdict.run for verdict in verify_log(log.path) if verdict.journal != "held"] == []


def test_another_log_in_the_place_of_this_one_is_not_mixed_with_it(log, tmp_path):
    """Its runs are not this one's."""
    other = DuckDBLog(tmp_path / "other.duckdb")
    other.append("x-1", make_run_events(1), START)
    shutil.copy(other.path, log.path)
    with pytest.raises(LogContradicted, match="event 1 of x-1"):
        log.append("c-1", [make_run_started()], START)
    assert log.runs() == ["x-1"]


def test_what_an_older_archwright_has_appended_is_noted(log, tmp_path, caplog):
    """It writes no journal: the next append notes what has come since, and says so."""
    shutil.copy(locate_journal(log.path), tmp_path / "older")
    position = log.append("a-2", make_run_events(1), START)
    shutil.copy(tmp_path / "older", locate_journal(log.path))
    assert [v.journal for v in verify_log(log.path)] == ["held", "held", "behind"]
    assert log.append("a-2", [make_run_started()], position).seq == 8
    assert "has 7 events that its journal lacked" in caplog.text
    remove(log)
    assert len(log.read("a-2")) == 8


def test_a_log_without_a_journal_begins_one_with_all_that_it_has(log):
    """An older log, or a copy of the bare file: nothing is known of its end before, and all of it after."""
    locate_journal(log.path).unlink()
    before = log.path.read_bytes()
    assert [v.journal for v in verify_log(log.path)] == ["none", "none"]
    assert log.path.read_bytes() == before
    assert not locate_journal(log.path).exists(), "reading begins none"
    log.append("c-1", [make_run_started()], START)
    assert [v.journal for v in verify_log(log.path)] == ["held"] * 3
    remove(log)
    assert [len(log.read(run)) for run in log.runs()] == [12, 7, 1]


def test_a_broken_run_is_as_broken_in_a_journal_that_is_begun_for_it(log):
    """What is not what was written is journalled as it is, and found as before."""
    locate_journal(log.path).unlink()
    meddle(log, "UPDATE events SET time = 0 WHERE run = 'a-1' AND seq = 5")
    log.append("c-1", [make_run_started()], START)
    remove(log)
    found = {verdict.run: verdict.broken and verdict.broken.seq for verdict in verify_log(log.path)}
    assert found == {"a-1": 5, "b-1": None, "c-1": None}


def test_a_new_log_is_not_begun_where_the_journal_of_another_lies(log):
    """The error says how to have the one, and the other."""
    remove(log)
    with pytest.raises(LogIsGone, match=rf"{log.path} is gone, but its journal .* archwright runs --log .* move the"):
        log.append("b-1", [make_run_started()], START)
    assert not log.path.exists()
    assert log.runs() == ["a-1", "b-1"]
    remove(log)
    locate_journal(log.path).unlink()
    assert log.append("b-1", [make_run_started()], START).seq == 1


def test_nothing_is_made_anew_under_somebody_who_has_the_file(log):
    """A process that holds a torn file: readers wait for it, as for anybody."""
    position = log.read("a-1")[-1].position
    with run_process(HOLDER_CODE, log.path, "write") as holder, ThreadPoolExecutor(1) as pool:
        inode = log.path.stat().st_ino
        reading = pool.submit(log.read, "a-1")
        with pytest.raises(TimeoutError):
            reading.result(timeout=0.3)
        assert log.path.stat().st_ino == inode
        assert holder.stdin is not None
        holder.stdin.close()
        assert reading.result()[-1].position == position


def test_a_reader_that_may_not_write_reads_what_is_there(log, monkeypatch, caplog):
    """It is warned that there is more."""
    meddle(log, "DELETE FROM events WHERE run = 'b-1'")

    def refused(*_):
        raise LogUnwritable("no right to it")

    monkeypatch.setattr("archwright.store.opening.reconcile", refused)
    assert log.runs() == log.runs() == ["a-1"]
    assert caplog.text.count("no right to it") == 1  # however often it reads


def test_two_that_find_a_torn_file_make_one(log):
    """Threads, as processes: each sees all of it."""
    cut(log)
    with ThreadPoolExecutor(3) as pool:
        assert [len(read) for read in pool.map(log.read, ["a-1", "a-1", "b-1"])] == [12, 12, 7]
    assert not locate_sidecar(log.path, "damaged").with_name(f"{log.path.name}.damaged-2").exists()


def test_of_two_that_find_the_file_gone_the_slower_leaves_what_the_faster_has(log, monkeypatch, caplog):
    """Also what DuckDB has written ahead by then; nobody sets anything aside while another makes the log."""
    there, aside = log.path.read_bytes(), locate_sidecar(log.path, "wal")
    waits, flock = threading.Event(), fcntl.flock

    def waiting(*how):
        waits.set()
        flock(*how)

    with locate_journal(log.path).open("rb") as faster, ThreadPoolExecutor(1) as pool:
        fcntl.flock(faster, fcntl.LOCK_EX)
        remove(log)
        monkeypatch.setattr("archwright.store.rebuild.fcntl.flock", waiting)
        slower = pool.submit(rebuild_missing, log.path, 30.0)
        assert waits.wait(30)
        log.path.write_bytes(there)
        aside.write_bytes(b"of the faster one")
        flock(faster, fcntl.LOCK_UN)
        slower.result(30)
    assert (log.path.read_bytes(), aside.read_bytes()) == (there, b"of the faster one")
    assert not caplog.records


def test_what_was_written_ahead_for_a_file_that_is_gone_is_kept(log):
    for end in WAL_SUFFIXES:
        log.path.with_name(f"{log.path.name}.{end}").write_bytes(end.encode())
    remove(log)
    assert log.runs() == ["a-1", "b-1"]
    kept = {path.name.removeprefix(f"{log.path.name}.damaged."): path.read_bytes() for path in list_damaged(log)}
    assert kept == {end: end.encode() for end in WAL_SUFFIXES}


def list_damaged(log):
    return log.path.parent.glob(f"{log.path.name}.damaged*")


def damage(log, line):
    """Overwrite a part of a line of the journal."""
    lines = locate_journal(log.path).read_bytes().split(b"\n")
    lines[line] = lines[line].replace(b"RunStarted", b"RunStopped").replace(b'"width\\"', b'"depth\\"')
    locate_journal(log.path).write_bytes(b"\n".join(lines))


def lose(log, line):
    """Take a line out of the journal."""
    lines = locate_journal(log.path).read_bytes().split(b"\n")
    locate_journal(log.path).write_bytes(b"\n".join(lines[:line] + lines[line + 1 :]))


@pytest.mark.parametrize(
    ("harm", "line", "what"),
    [
        (damage, 1, "its line that ends with event 3 is not what was written"),
        (damage, 3, "its line that ends with event 9 is not what was written"),
        (lose, 1, "event 4 of a-1 does not follow in it"),
        (lose, 2, "event 7 of a-1 does not follow in it"),
    ],
)
def test_damage_in_the_middle_of_the_journal_is_told_once_and_stops_nobody(log, harm, line, what, caplog):
    """By who writes, with what to do; doing so helps. What was appended since is in the log and in its journal."""
    harm(log, line)
    reconcile._compared.clear()  # as in a new process
    with caplog.at_level(logging.WARNING, "archwright.store"):
        position = log.append("c-1", [make_run_started()], START)
        log.append("c-1", make_trial_events(0), position)
    (record,) = caplog.records
    assert record.getMessage() == (
        f"{locate_journal(log.path)} is damaged: {what}; move it away, and the next search begins it anew. This goes "
        f"on, but until then what {log.path} may lose cannot be put back"
    )
    assert [verdict.journal for verdict in verify_log(log.path)] == ["damaged"] * 3
    locate_journal(log.path).rename(locate_journal(log.path).with_name("moved away"))
    log.append("d-1", [make_run_started()], START)
    assert [verdict.journal for verdict in verify_log(log.path)] == ["held"] * 4
    remove(log)
    assert [len(log.read(run)) for run in log.runs()] == [12, 7, 6, 1]


def test_what_a_journal_without_one_of_its_lines_can_bring_back(log, caplog):
    """All but that line, and what is wrong is said once: nothing is put back that is there already."""
    lose(log, 2)
    remove(log)
    with caplog.at_level(logging.WARNING, "archwright.store"):
        assert log.runs() == log.runs() == ["a-1", "b-1"]
        log.append("c-1", [make_run_started()], START)
    assert len(log.read("b-1")) == 7
    gone, out_of_step = (record.getMessage() for record in caplog.records)
    assert "was gone; it was made anew" in gone
    assert "is damaged: event 7 of a-1 does not follow in it; move it away" in out_of_step


def test_a_kill_beside_a_journal_that_is_damaged_in_its_middle_stops_nobody(log, caplog):
    """The last append, which the log lacks, is taken in all the same."""
    damage(log, 1)
    part = chain_events("a-1", [make_run_started()], [0.5], log.read("a-1")[-1].position)
    append_entry(locate_journal(log.path), [part])
    reconcile._compared.clear()
    with caplog.at_level(logging.WARNING, "archwright.store"):
        assert log.append("a-1", [make_run_started()], part.position).seq == 14
    assert len(caplog.records) == 1
    assert [record.seq for record in log.read("a-1", after=12)] == [13, 14]


@pytest.mark.parametrize("mode", [0o600, 0o660])
@pytest.mark.parametrize("harm", [cut, remove])
def test_what_is_made_anew_is_as_open_to_others_as_it_was(log, harm, mode):
    log.path.chmod(mode)
    locate_journal(log.path).unlink()
    log.append("c-1", make_run_events(1), START)
    harm(log)
    assert log.runs() == ["a-1", "b-1", "c-1"]
    assert [stat.S_IMODE(file.stat().st_mode) for file in (log.path, locate_journal(log.path))] == [mode, mode]


def test_a_log_that_is_gone_and_whose_journal_is_damaged_is_not_said_to_come_back(log):
    lines = locate_journal(log.path).read_bytes().splitlines(keepends=True)
    locate_journal(log.path).write_bytes(b"".join([lines[0], b"nonsense\n", *lines[2:]]))
    log.path.unlink()
    says = r"is gone, and cannot be made anew: .*nonsense.* no line of a journal; put a backup"
    with pytest.raises(JournalIsDamaged, match=says):
        log.runs()


def test_where_both_are_damaged_that_is_said(log):
    """Then only a backup helps."""
    cut(log)
    lines = locate_journal(log.path).read_bytes().split(b"\n")
    locate_journal(log.path).write_bytes(b"\n".join([*lines[:2], b"nonsense", *lines[3:]]))
    with pytest.raises(LogIsDamaged, match=r"put a backup in its place .* cannot be made anew: .*nonsense"):
        log.runs()


class Harmed(RuleBasedStateMachine):
    """A log in memory is the model of one whose file suffers; after each harm the next use finds what the model has."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.log = DuckDBLog(Path(self.folder.name) / "log.duckdb")
        self.model = MemoryLog()
        self.copies: list[bytes] = []

    @initialize()
    def begin(self) -> None:
        for run in ("a-1", "b-1"):
            self.both(run, [make_run_started()], START)

    def both(self, run, batch, after):
        assert self.log.append(run, batch, after, [0.5] * len(batch)) == self.model.append(
            run, batch, after, [0.5] * len(batch)
        )

    def end(self, run):
        return self.model.read(run)[-1].position

    @rule(run=st.sampled_from(["a-1", "b-1"]), batch=st.lists(events, min_size=1, max_size=4))
    def go_on(self, run, batch) -> None:
        self.both(run, batch, self.end(run))

    @rule()
    def copy(self) -> None:
        self.copies.append(self.log.path.read_bytes())

    @precondition(lambda self: self.copies)
    @rule(data=st.data())
    def put_back(self, data) -> None:
        self.log.path.write_bytes(data.draw(st.sampled_from(self.copies)))

    @rule()
    def delete_the_file(self) -> None:
        self.log.path.unlink()

    @rule(length=st.integers(0, 600_000))
    def cut_the_file(self, length) -> None:
        self.log.path.write_bytes(self.log.path.read_bytes()[:length])

    @rule(run=st.sampled_from(["a-1", "b-1"]), batch=st.lists(events, min_size=1, max_size=2))
    def be_killed_before_the_file_is_written(self, run, batch) -> None:
        """What was journalled happened."""
        part = chain_events(run, batch, [0.5] * len(batch), self.end(run))
        append_entry(locate_journal(self.log.path), [part])
        self.model.append_all([part])

    @rule(length=st.integers(1, 60))
    def be_killed_within_a_line(self, length) -> None:
        """What was torn did not."""
        part = b'{"events":9,"heads":[["a-1",9,"1234"]],"parts":[{"run":"a-1","after"'[:length]
        journal = locate_journal(self.log.path)
        end = read_tail(journal)
        assert end is not None
        journal.write_bytes(journal.read_bytes()[: end.end] + b"\n" + part)

    @rule(where=st.sampled_from(["seq = 1", "seq > 2", "run = 'a-1'", "true"]))
    def delete_events(self, where) -> None:
        self.log.runs()  # who meddles with SQL has a file that DuckDB can read
        meddle(self.log, f"DELETE FROM events WHERE {where}")

    @rule(sql=st.sampled_from(["SET seq = -seq", "SET seq = seq + 1", "SET run = 'c-1'"]))
    def change_events(self, sql) -> None:
        self.log.runs()
        meddle(self.log, f"UPDATE events {sql} WHERE run = 'b-1'")
        reconcile._compared.clear()  # as in a new process
        with pytest.raises(LogContradicted, match="is not what its journal"):
            self.log.append("d-1", [make_run_started()], START)
        self.log.path.unlink()

    @rule()
    def change_the_journal(self) -> None:
        self.log.append("a-1", make_trial_events(0)[:1], self.end("a-1"), [0.5])
        self.model.append("a-1", make_trial_events(0)[:1], self.end("a-1"), [0.5])
        journal = locate_journal(self.log.path)
        text = journal.read_text().replace('\\"width\\"', '\\"depth\\"')
        assert text != journal.read_text()
        journal.write_text(text)
        verdicts = verify_log(self.log.path)
        assert {verdict.journal for verdict in verdicts} == {"damaged"}
        assert [verdict.broken for verdict in verdicts] == [None, None]
        journal.unlink()
        self.log.append("a-1", make_trial_events(0)[:1], self.end("a-1"), [0.5])
        self.model.append("a-1", make_trial_events(0)[:1], self.end("a-1"), [0.5])

    @invariant()
    def the_same_is_read(self) -> None:
        if self.model.runs():
            for run in self.model.runs():
                assert self.log.read(run) == self.model.read(run)
            assert self.log.runs() == self.model.runs()
            assert [verdict.broken for verdict in verify_log(self.log.path)] == [None, None]

    def teardown(self) -> None:
        self.folder.cleanup()


TestHarmed = Harmed.TestCase
TestHarmed.settings = settings(max_examples=12, stateful_step_count=8, deadline=None)
