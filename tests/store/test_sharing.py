"""Several processes, and several threads, at one log."""

import itertools
import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from archwright.store import database
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.errors import LogIsBusy
from archwright.store.events import Reported
from archwright.store.journal import locate_journal
from archwright.store.log import START
from archwright.store.query import query
from archwright.store.verify import verify_log
from tests.store.processes import HOLDER_CODE, POLLER_CODE, run_process
from tests.store.strategies import make_run_events, make_run_started, make_trial_events


@pytest.fixture
def path(tmp_path):
    return tmp_path / "log.duckdb"


def test_a_reader_that_polls_and_a_writer_do_not_fail(path):
    """A reader every 100 ms and a writer that never rests: neither fails, both get on."""
    log = DuckDBLog(path)
    position = log.append("a-1", [make_run_started(), *make_trial_events(0)[:2]], START)
    with run_process(POLLER_CODE, path, 100) as poller:
        for epoch in range(120):
            position = log.append("a-1", [Reported(0, 1, epoch, {"loss": 0.1})], position)
        out, _ = poller.communicate(timeout=240)
        assert poller.returncode == 0
    assert int(out) >= 100
    assert position.seq == 123


def test_a_writer_waits_for_a_client_that_sits_on_the_log(path):
    """A DuckDB client that has the log open delays an append, and does not fail it."""
    log = DuckDBLog(path)
    position = log.append("a-1", [make_run_started()], START)
    with run_process(HOLDER_CODE, path, "read") as client, ThreadPoolExecutor(1) as pool:
        appended = pool.submit(log.append, "a-1", make_trial_events(0), position)
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
    position = log.append("a-1", [make_run_started()], START)
    with (
        run_process(HOLDER_CODE, path, "write") as client,
        caplog.at_level(logging.WARNING, "archwright.store"),
        pytest.raises(LogIsBusy, match=rf"{path} is held by process {client.pid} .*in 600 s; close it there"),
    ):
        log.append("a-1", make_trial_events(0), position)
    assert [str(client.pid) in record.getMessage() for record in caplog.records] == [True]


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("use", ["append", "read", "query"])
def test_patience_ends(path, use):
    """Who gets no turn is told by whom the log is held, and nothing was written."""
    log = DuckDBLog(path)
    position = log.append("a-1", [make_run_started()], START)
    uses = {
        "append": lambda: log.append("a-1", make_trial_events(0), position),
        "read": lambda: log.read("a-1"),
        "query": lambda: query(path, "SELECT 1"),
    }
    with run_process(HOLDER_CODE, path, "write") as client, pytest.raises(TimeoutError, match=f"process {client.pid}"):
        uses[use]()
    assert len(log.read("a-1")) == 1


def test_a_slow_query_delays_no_append(path):
    """A query works on a copy: while it runs, the log is free."""
    log = DuckDBLog(path)
    position = log.append("a-1", [make_run_started(), *make_trial_events(0)[:2]], START)
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
        for event in make_run_events(3):
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
        return DuckDBLog(path).append(f"run-{number}", [make_run_started()], START).seq

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(first, range(4))) == [1] * 4
    assert sorted(DuckDBLog(path).runs()) == [f"run-{number}" for number in range(4)]
    assert sorted(path.parent.iterdir()) == [path, locate_journal(path)], "no draft is left"
