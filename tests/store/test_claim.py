"""At most one process works on a run, and runs that are begun at once have names of their own."""

import fcntl
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from itertools import islice

import pytest

from archwright.store.artifacts import locate_artifact, locate_run_folder, write_artifact
from archwright.store.claim import claim, claim_first_free, is_claimed, locate_lock
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.errors import InvalidRunName, LogFailed, LogMissing, RunExists, RunIsBusy
from archwright.store.events import Proposed
from archwright.store.journal import locate_journal
from archwright.store.log import START
from archwright.store.paths import locate_sidecar
from archwright.store.runs import generate_run_names, list_runs
from tests.store.processes import CLAIMER_CODE, run_process
from tests.store.strategies import make_run_started


@pytest.fixture
def log(tmp_path) -> DuckDBLog:
    return DuckDBLog(tmp_path / "log.duckdb")


def test_searches_that_begin_at_once_take_the_next_names(log):
    """All three have looked at the log before any of them has written to it."""
    usual = [generate_run_names(log, "digits") for _ in range(3)]
    with ExitStack() as going:
        assert [going.enter_context(claim_first_free(log, names)) for names in usual] == [
            "digits-1",
            "digits-2",
            "digits-3",
        ]
    assert not log.path.exists()


def test_a_name_that_was_taken_and_is_done_with_is_passed_over(log):
    names = generate_run_names(log, "digits")
    log.append("digits-1", [make_run_started()], START)
    write_artifact(locate_artifact(locate_run_folder(log.path, "digits-2"), 0, "model"), b"weights")
    with claim_first_free(log, names) as name:
        assert name == "digits-3"
    with claim(log.path, "digits-1"), claim(log.path, "digits-2"), claim(log.path, "digits-3"):
        pass  # none of them is held any more


def test_a_start_that_fails_takes_no_name(log):
    def fail() -> None:
        with claim_first_free(log, generate_run_names(log, "digits")) as name:
            raise ValueError(name)

    for _ in range(2):
        with pytest.raises(ValueError, match="digits-1"):
            fail()
    assert list_runs(log) == []


def test_where_all_names_are_taken_another_one_is_asked_for(log):
    log.append("a", [make_run_started(), Proposed(0, (), make_run_started().budget)], START)
    with pytest.raises(RunExists, match="name another one"), claim_first_free(log, ["a"]):
        pass


def test_numbers_go_on_after_the_last_one(log):
    log.append("digits-7", [make_run_started()], START)
    assert list(islice(generate_run_names(log, "digits"), 2)) == ["digits-8", "digits-9"]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "log.duckdb"


def test_one_process_claims_a_run(path):
    """The second claimer is told who holds the run; other runs, and the same run later, are free."""
    with run_process(CLAIMER_CODE, path, "a-1") as holder:
        with pytest.raises(
            RunIsBusy, match=f"a-1 in {path} is going on in process {holder.pid}; let it .*archwright show"
        ):
            claim(path, "a-1").__enter__()
        with claim(path, "a-2"), pytest.raises(RunIsBusy, match="is going on in this process; wait for"):
            claim(path, "a-2").__enter__()
    with claim(path, "a-1"):
        pass


def test_a_dead_holder_holds_nothing(path):
    """The operating system gives a claim back when its holder is killed."""
    with run_process(CLAIMER_CODE, path, "a-1") as holder:
        holder.kill()
        holder.wait()
        with claim(path, "a-1"), pytest.raises(BlockingIOError), claim(path, "a-1"):
            pass


def test_who_asks_whether_a_run_is_claimed_is_told_by_its_lock(path):
    """Whatever the lock says of processes: ids come back, and in a container soon."""
    with pytest.raises(FileNotFoundError):
        is_claimed(path, "a-1")
    DuckDBLog(path).append("a-1", [make_run_started()], START)
    with run_process(CLAIMER_CODE, path, "a-1") as holder:
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
    DuckDBLog(path).append("a-1", [make_run_started()], START)
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
            DuckDBLog(path).append("other", [make_run_started()], START)
    before = sorted(path.parent.rglob("*"))
    with claim(path, "a-1"):
        pass
    with pytest.raises(ZeroDivisionError), claim(path, "a-1"):
        raise ZeroDivisionError
    assert sorted(path.parent.rglob("*")) == before
    with suppress(ZeroDivisionError), claim(path, "a-1"):
        DuckDBLog(path).append("a-1", [make_run_started()], START)
        raise ZeroDivisionError
    assert locate_lock(path, "a-1").read_text() == str(os.getpid()), "who held it last is how it is known to have died"


def test_a_log_that_is_gone_does_not_come_back_with_a_claim(path):
    DuckDBLog(path).append("a-1", [make_run_started()], START)
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


def test_a_file_where_the_folder_of_the_locks_should_be_is_named_with_the_remedy(log):
    """It is not overwritten, and the run begins once it is moved away."""
    folder = locate_lock(log.path, "a-1").parent
    folder.write_text("mine")
    with (
        pytest.raises(LogFailed, match=r"log\.duckdb\.locks is a file, and the locks .*; move it away$"),
        claim(log.path, "a-1"),
    ):
        pass
    folder.rename(folder.with_name("moved"))
    with claim(log.path, "a-1"):
        assert is_claimed(log.path, "a-1")
    assert folder.with_name("moved").read_text() == "mine"
