"""A checkpoint that was killed is undone: the file is what it was before, and nothing committed is lost."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from archwright.store.duck import DuckDBLog
from archwright.store.errors import LogConflict, LogIsDamaged, LogUnwritable
from archwright.store.log import START
from archwright.store.query import query
from archwright.store.undo import is_kept, undo_file
from archwright.store.verify import verify
from tests.store.processes import HOLDER, running, start
from tests.store.strategies import started, trial

METADATA = 3 * 4096  # bytes before the first block, which holds metadata

WRITER = """
import os
from pathlib import Path
from archwright.store import undo
from archwright.store.file import attached

die = lambda *_: os.kill(os.getpid(), 9)
if sys.argv[2] == "after":
    undo.forget = die
with attached(Path(sys.argv[1]), "write") as database:
    database.execute("INSERT INTO events VALUES ('z-1', 1, 0, 'RunStopped', NULL, '{}', uuid())")
    if sys.argv[2] == "before":
        die()
"""  # is killed when its row is committed, before the checkpoint or right after it


@pytest.fixture
def log(tmp_path):
    return DuckDBLog(tmp_path / "log.duckdb")


@pytest.fixture
def position(log):
    return log.append("a-1", [started(), *trial(0)], START)


def killed(log, when):
    """Let a writer be killed, and say what the file was before."""
    content = log.path.read_bytes()
    with start(WRITER, log.path, when) as writer:
        assert writer.wait(30) == -9
    assert is_kept(log.path)
    return content


def tear(path):
    """What a kill within the write of the metadata leaves: the first pages are new, the others old."""
    with path.open("r+b") as file:
        file.seek(METADATA)
        page = bytes(255 - byte for byte in file.read(4096))
        file.seek(METADATA)
        file.write(page)


def readers(log, position):
    """Each way in; all see what was acknowledged."""
    return {
        "read": lambda: [log.read("a-1")[-1].position == position],
        "query": lambda: [
            row == (position.seq,) for row in query(log.path, "SELECT count(*) FROM events WHERE run = 'a-1'").rows
        ],
        "append": lambda: [log.append("b-1", [started()], START).seq == 1],
        "verify": lambda: [verdict.broken is None for verdict in verify(log.path) if verdict.run == "a-1"],
    }


@pytest.mark.parametrize("reader", ["read", "query", "append", "verify"])
def test_a_torn_checkpoint_is_undone(log, position, reader):
    """Whoever comes first finds the log whole, and what was committed before the checkpoint."""
    killed(log, "before")
    tear(log.path)
    assert readers(log, position)[reader]() == [True]
    assert not is_kept(log.path)
    assert query(log.path, "SELECT count(*) FROM events WHERE run = 'z-1'").rows == [(1,)]
    assert log.append("a-1", [started()], position).seq == position.seq + 1


@pytest.mark.usefixtures("position")
def test_without_what_was_kept_the_log_would_be_lost(log):
    """The tear of these tests is one that nothing else mends: what is kept is needed."""
    killed(log, "before")
    tear(log.path)
    undo_file(log.path).unlink()
    with pytest.raises(LogIsDamaged, match="put a backup in its place"):
        log.read("a-1")


def test_the_file_is_as_before(log, position):
    """Byte by byte: the blocks come back where they were."""
    content = killed(log, "before")
    tear(log.path)
    assert log.read("a-1")[-1].position == position
    assert log.path.read_bytes() == content


def test_a_checkpoint_that_counts_is_left_alone(log, position):
    """A writer that died between the header and the removal of what it had kept has written all that it wanted."""
    before = killed(log, "after")
    content = log.path.read_bytes()
    assert content != before
    assert log.read("a-1")[-1].position == position
    assert log.path.read_bytes() == content
    assert query(log.path, "SELECT count(*) FROM events WHERE run = 'z-1'").rows == [(1,)]
    assert not is_kept(log.path)


@pytest.mark.parametrize("length", [0, 31, 32, 5000, 200_000])
def test_a_writer_killed_while_it_keeps_has_changed_nothing(log, position, length):
    """What is kept in part is not put back."""
    content = killed(log, "before")
    os.truncate(undo_file(log.path), length)
    assert log.read("a-1")[-1].position == position
    assert log.path.read_bytes() == content
    assert not is_kept(log.path)


def test_nothing_is_undone_while_somebody_is_at_work(log, position):
    """What a process keeps that is alive is its own: readers wait for it."""
    with running(HOLDER, log.path, "write") as holder, ThreadPoolExecutor(1) as pool:
        undo_file(log.path).write_bytes(b"of the process that holds the log")
        reading = pool.submit(log.read, "a-1")
        with pytest.raises(TimeoutError):
            reading.result(timeout=0.5)
        assert is_kept(log.path)
        holder.stdin.close()
        assert reading.result()[-1].position == position
    assert not is_kept(log.path)


def test_a_failed_append_keeps_nothing(log, position):
    """An append that is refused leaves no file beside the log."""
    with pytest.raises(LogConflict, match="does not stand at event 0"):
        log.append("a-1", [started(seed=position.seq)], START)
    assert [child.name for child in log.path.parent.iterdir()] == [log.path.name]


def test_a_reader_that_may_not_write_is_told(log, position, monkeypatch):
    """Undoing needs the right to write; with it, the log is as before."""
    killed(log, "before")
    with monkeypatch.context() as patch:
        patch.setattr("archwright.store.undo.os.open", denied)
        with pytest.raises(LogUnwritable, match=f"{log.path} cannot be opened; give yourself the right"):
            log.read("a-1")
    assert log.read("a-1")[-1].position == position


def denied(*_):
    raise PermissionError(13, "Permission denied")
