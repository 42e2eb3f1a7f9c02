"""A disk without room: nothing acknowledged is lost, and with room again the run goes on."""

import os
import resource
import subprocess
import tempfile

import pytest

from archwright.store.chain import ChainBreak
from archwright.store.database import _get_engine
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.errors import LogIsFull
from archwright.store.events import Reported
from archwright.store.log import START
from archwright.store.query import query
from archwright.store.verify import verify_log
from tests.store.strategies import make_run_started, make_trial_events


def batch(first):
    """Some events that fill the disk soon: numbers that do not compress."""
    return [Reported(0, 1, first + i, {str(k): hash((first, i, k)) / 7 for k in range(30)}) for i in range(50)]


def fill(log, position):
    """Append until there is no room; the last position acknowledged, and the batch that was not."""
    for first in range(0, 50_000, 50):
        events = batch(first)
        try:
            position = log.append("a-1", events, position)
        except LogIsFull:
            return position, events
    raise AssertionError("the disk never filled up")


def goes_on(log, position, refused, make_room):
    """What the docstring of this module says."""
    assert log.read("a-1", upto=position.seq)[-1].position == position, "all that was acknowledged is there"
    with pytest.raises(OSError, match=f"{log.path} cannot grow, the disk is full; make room .* archwright resume"):
        log.append("a-1", refused, position)
    make_room()
    assert log.read("a-1", upto=position.seq)[-1].position == position
    after = log.append("a-1", refused, position)
    assert after.seq == position.seq + len(refused), "once, even if the refused append had got as far as the log"
    assert len(log.read("a-1")) == after.seq
    assert [verdict.broken for verdict in verify_log(log.path)] == [None]
    assert query(log.path, "SELECT count(*) FROM events").rows == [(after.seq,)]
    assert not log.path.with_name(f"{log.path.name}.wal").exists()


@pytest.fixture
def limit():
    """A limit on the size of every file that this process writes; without an argument there is none."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def set_limit(size=hard):
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))

    yield set_limit
    set_limit()


@pytest.mark.parametrize("size", [600_000, 800_000, 1_100_000, 2_000_000])
def test_a_file_that_may_not_grow(tmp_path, limit, size):
    """The limit of a file's size stops the log within a block, wherever that is."""
    log = DuckDBLog(tmp_path / "log.duckdb")
    position = log.append("a-1", [make_run_started(), *make_trial_events(0)[:2]], START)
    limit(size)
    position, refused = fill(log, position)
    goes_on(log, position, refused, limit)


def test_a_new_log_for_which_there_is_no_room(tmp_path, limit):
    """The error is of the log, not of the draft that it is made as, and nothing is left."""
    log = DuckDBLog(tmp_path / "log.duckdb")
    limit(4096)
    with pytest.raises(LogIsFull, match=f"^{log.path} cannot grow, the disk is full; .* --log {log.path} "):
        log.append("a-1", [make_run_started()], START)
    assert not list(tmp_path.iterdir())
    limit()
    assert log.append("a-1", [make_run_started()], START).seq == 1


def test_a_log_needs_no_disk_for_temporary_files(tmp_path, monkeypatch):
    """Where all of those are full, Python finds no folder for them."""

    def nowhere():
        raise FileNotFoundError("No usable temporary directory found")

    _get_engine.cache_clear()
    monkeypatch.setattr(tempfile, "gettempdir", nowhere)
    log = DuckDBLog(tmp_path / "log.duckdb")
    log.append("a-1", [make_run_started(), *make_trial_events(0)], START)
    assert len(log.read("a-1")) == 6
    _get_engine.cache_clear()


@pytest.fixture
def small_disk(tmp_path):
    """A folder that is a disk of 3 MB."""
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", tmp_path], capture_output=True, check=False
    )
    if mount.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mount.stderr.decode().strip()}")
    yield tmp_path
    subprocess.run(["umount", tmp_path], check=True)


def test_what_was_acknowledged_before_a_full_disk_is_missed_if_the_log_loses_it(tmp_path, monkeypatch):
    """The append that found no room leaves it as acknowledged as it was."""
    log = DuckDBLog(tmp_path / "log.duckdb")
    position = log.append("a-1", [make_run_started(), *make_trial_events(0)[:1]], START)
    older = log.path.read_bytes()
    position = log.append("a-1", make_trial_events(0)[1:], position)

    def full(_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(LogIsFull):
            log.append("a-1", batch(0), position)
    log.path.write_bytes(older)
    (verdict,) = verify_log(log.path)
    assert verdict.broken == ChainBreak(
        3,
        "it and all up to event 6 are gone; its journal log.duckdb.journal has what is gone, and whoever uses "
        "the log next puts it back",
    )


@pytest.mark.parametrize("pages", [0, 6, 11, 12, 40, 75])
def test_a_disk_that_is_full(small_disk, pages):
    """So few pages are free that the commit fails, or the checkpoint after it; room is made by removing a file."""
    log = DuckDBLog(small_disk / "log.duckdb")
    position = log.append("a-1", [make_run_started(), *make_trial_events(0)[:2], *batch(0)], START)
    other = small_disk / "other"
    other.write_bytes(b"x" * 4096 * (os.statvfs(small_disk).f_bavail - pages))
    with pytest.raises(LogIsFull):
        log.append("a-1", batch(1000), position)
    goes_on(log, position, batch(1000), other.unlink)


def test_a_log_that_cannot_be_begun(small_disk):
    """Without room for the tables there is no log, rather than a part of one; with room it begins."""
    ballast = small_disk / "other"
    ballast.write_bytes(b"x" * 2_900_000)
    log = DuckDBLog(small_disk / "log.duckdb")
    with pytest.raises(LogIsFull, match="the disk is full"):
        log.append("a-1", [make_run_started()], START)
    assert list(small_disk.iterdir()) == [ballast]
    ballast.unlink()
    assert log.append("a-1", [make_run_started()], START).seq == 1
