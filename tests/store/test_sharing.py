"""Several processes, and several threads, at one log."""

import fcntl
import itertools
import logging
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from archwright.store import database
from archwright.store.claim import claim, is_claimed, locate_lock
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.errors import InvalidRunName, LogFailed, LogIsBusy, LogMissing, RunIsBusy
from archwright.store.events import Reported
from archwright.store.journal import locate_journal
from archwright.store.log import START
from archwright.store.paths import locate_sidecar
from archwright.store.query import query
from archwright.store.verify import verify_log
from tests.store.processes import CLAIMER, HOLDER, POLLER, running
from tests.store.strategies import run_of, started, trial


@pytest.fixture
def path(tmp_path):
    return tmp_path / "log.duckdb"


def test_a_reader_that_polls_and_a_writer_do_not_fail(path):
    """A reader every 100 ms and a writer that never rests: neither fails, both get on."""
    log = DuckDBLog(path)
    position = log.append("a-1", [started(), *trial(0)[:2]], START)
    with running(POLLER, path, 100) as poller:
        for epoch in range(120):
            position = log.append("a-1", [Reported(0, 1, epoch, {"loss": 0.1})], position)
        out, _ = poller.communicate(timeout=240)
        assert poller.returncode == 0
    assert int(out) >= 100
    assert position.seq == 123


def test_a_writer_waits_for_a_client_that_sits_on_the_log(path):
    """A DuckDB client that has the log open delays an append, and does not fail it."""
    log = DuckDBLog(path)
    position = log.append("a-1", [started()], START)
    with running(HOLDER, path, "read") as client, ThreadPoolExecutor(1) as pool:
        appended = pool.submit(log.append, "a-1", trial(0), position)
        with pytest.raises(TimeoutError):
            appended.result(timeout=0.5)
        client.stdin.close()
        assert appended.result().seq == 6


@pytest.fixture
def hasty(monkeypatch):
    """A clock that goes a second at each look, and no sleep."""
    clock = itertools.count()
    monkeypatch.setattr(database.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(database.time, "sleep", lambda _: None)


@pytest.mark.usefixtures("hasty")
def test_who_waits_for_long_says_for_whom(path, caplog):
    """After five seconds the wait is a warning with the holder's process id; once."""
    log = DuckDBLog(path)
    position = log.append("a-1", [started()], START)
    with (
        running(HOLDER, path, "write") as client,
        caplog.at_level(logging.WARNING, "archwright.store"),
        pytest.raises(LogIsBusy, match=rf"{path} is held by process {client.pid} .*in 600 s; close it there"),
    ):
        log.append("a-1", trial(0), position)
    assert [str(client.pid) in record.getMessage() for record in caplog.records] == [True]


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("use", ["append", "read", "query"])
def test_patience_ends(path, use):
    """Who gets no turn is told by whom the log is held, and nothing was written."""
    log = DuckDBLog(path)
    position = log.append("a-1", [started()], START)
    uses = {
        "append": lambda: log.append("a-1", trial(0), position),
        "read": lambda: log.read("a-1"),
        "query": lambda: query(path, "SELECT 1"),
    }
    with running(HOLDER, path, "write") as client, pytest.raises(TimeoutError, match=f"process {client.pid}"):
        uses[use]()
    assert len(log.read("a-1")) == 1


def test_a_slow_query_delays_no_append(path):
    """A query works on a copy: while it runs, the log is free."""
    log = DuckDBLog(path)
    position = log.append("a-1", [started(), *trial(0)[:2]], START)
    rows, appended = 4000, 0
    with ThreadPoolExecutor(1) as pool:
        while appended <= 5:  # none at all, if the query were in their way
            rows, appended = 2 * rows, 0
            assert rows < 100_000, "no query is so slow that something is appended meanwhile"
            slow = f"SELECT sum(sqrt(a.range + b.range)) FROM range({rows}) AS a, range({rows}) AS b"
            asked = pool.submit(query, path, slow)
            while not asked.done():
                position = log.append("a-1", [Reported(0, 1, appended, {})], position)
                appended += 1
            assert asked.result().rows[0][0] > 0


def test_threads_of_one_process_take_turns(path):
    """Two searches in one process write their runs to one log."""
    log = DuckDBLog(path)

    def search(run):
        position = START
        for event in run_of(3):
            position = log.append(run, [event], position)
            log.read(run)
        return position.seq

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(search, ["a-1", "b-1", "c-1", "d-1"])) == [17] * 4
    assert [verdict.broken for verdict in verify_log(path)] == [None] * 4


def test_many_first_appends_make_one_log(path):
    """Searches that start at once in an empty folder share the log that one of them makes."""
    barrier = threading.Barrier(4)

    def first(number):
        barrier.wait()
        return DuckDBLog(path).append(f"run-{number}", [started()], START).seq

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(first, range(4))) == [1] * 4
    assert sorted(DuckDBLog(path).runs()) == [f"run-{number}" for number in range(4)]
    assert sorted(path.parent.iterdir()) == [path, locate_journal(path)], "no draft is left"


def test_one_process_claims_a_run(path):
    """The second claimer is told who holds the run; other runs, and the same run later, are free."""
    with running(CLAIMER, path, "a-1") as holder:
        with pytest.raises(RunIsBusy, match=f"a-1 in {path} is going on in process {holder.pid}; .*archwright show"):
            claim(path, "a-1").__enter__()
        with claim(path, "a-2"):
            pass
    with claim(path, "a-1"):
        pass


def test_a_dead_holder_holds_nothing(path):
    """The operating system gives a claim back when its holder is killed."""
    with running(CLAIMER, path, "a-1") as holder:
        holder.kill()
        holder.wait()
        with claim(path, "a-1"), pytest.raises(BlockingIOError), claim(path, "a-1"):
            pass


def test_who_asks_whether_a_run_is_claimed_is_told_by_its_lock(path):
    """Whatever the lock says of processes: ids come back, and in a container soon."""
    with pytest.raises(FileNotFoundError):
        is_claimed(path, "a-1")
    DuckDBLog(path).append("a-1", [started()], START)
    with running(CLAIMER, path, "a-1") as holder:
        locate_lock(path, "a-1").write_text("999999999")
        assert is_claimed(path, "a-1")
        holder.kill()
        holder.wait()
        locate_lock(path, "a-1").write_text(str(os.getpid()))
        assert not is_claimed(path, "a-1")
    with claim(path, "a-1"):
        assert is_claimed(path, "a-1"), "also by this process"


def test_who_asks_keeps_nobody_out(path, monkeypatch):
    """A claim that comes in the very moment is had."""
    DuckDBLog(path).append("a-1", [started()], START)
    with claim(path, "a-1"):
        pass
    tried, flock = threading.Event(), fcntl.flock

    def trying(lock, how):
        if how & fcntl.LOCK_SH:
            tried.set()
        flock(lock, how)

    def claimed():
        with claim(path, "a-1"):
            return is_claimed(path, "a-1")

    with locate_lock(path, "a-1").open() as asker, ThreadPoolExecutor(1) as pool:
        flock(asker, fcntl.LOCK_SH)
        monkeypatch.setattr(fcntl, "flock", trying)
        claiming = pool.submit(claimed)
        assert tried.wait(30)
        flock(asker, fcntl.LOCK_UN)
        assert claiming.result(30)


def test_a_claim_is_given_back_after_an_error(path):
    """An exception in the block frees the run."""
    with pytest.raises(ZeroDivisionError), claim(path, "a-1"):
        raise ZeroDivisionError
    with claim(path, "a-1"):
        assert locate_lock(path, "a-1").exists()


@pytest.mark.parametrize("others", [False, True])
def test_a_claim_of_a_run_that_was_never_begun_leaves_nothing(path, others):
    """Whether it ended well or not: neither its lock, nor a folder for it, nor a log."""
    if others:
        with claim(path, "other"):
            DuckDBLog(path).append("other", [started()], START)
    before = sorted(path.parent.rglob("*"))
    with claim(path, "a-1"):
        pass
    with pytest.raises(ZeroDivisionError), claim(path, "a-1"):
        raise ZeroDivisionError
    assert sorted(path.parent.rglob("*")) == before
    with suppress(ZeroDivisionError), claim(path, "a-1"):
        DuckDBLog(path).append("a-1", [started()], START)
        raise ZeroDivisionError
    assert locate_lock(path, "a-1").read_text() == str(os.getpid()), "who held it last is how it is known to have died"


def test_a_log_that_is_gone_does_not_come_back_with_a_claim(path):
    DuckDBLog(path).append("a-1", [started()], START)
    path.unlink()
    with claim(path, "b-1"):
        pass
    assert [*path.parent.iterdir()] == [locate_journal(path)]


def test_locks_that_come_and_go_keep_all_but_one_out(path):
    """Each claims a run that it never begins, again and again; no two have it at once, and none is left."""
    within, most = [], []

    def claim_often(number):
        held = 0
        while held < 30:
            with suppress(RunIsBusy), claim(path, "a-1"):
                within.append(number)
                most.append(len(within))
                within.remove(number)
                held += 1

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(claim_often, range(4)))
    assert set(most) == {1}
    assert [*path.parent.iterdir()] == []


def test_a_claim_wants_a_folder_and_a_name(path):
    """A run name that is none, and a folder that is not there, are refused by name."""
    with pytest.raises(InvalidRunName), claim(path, "../a"):
        pass
    with pytest.raises(LogMissing, match="mkdir -p"), claim(path.parent / "no" / "log.duckdb", "a-1"):
        pass


def test_a_link_in_the_place_of_a_lock_is_not_written_through(path):
    """It may have come with somebody's log, to have a file of the reader's overwritten."""
    precious = path.with_name("precious")
    precious.write_text("what was there")
    locate_sidecar(path, "locks").mkdir()
    locate_lock(path, "a-1").symlink_to(precious)
    with pytest.raises(LogFailed, match=r"a-1\.lock cannot be used: .*symbolic links"), claim(path, "a-1"):
        pass
    assert precious.read_text() == "what was there"
