"""What a killed writer of the first release has left is put right: it kept what it overwrote, and had no journal."""

import os
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b

import pytest

from archwright.store.duckdb_log import DuckDBLog
from archwright.store.errors import LogIsDamaged, LogUnwritable
from archwright.store.journal import locate_journal
from archwright.store.log import START
from archwright.store.paths import locate_sidecar
from archwright.store.query import query
from archwright.store.undo import has_undo_file
from archwright.store.verify import verify_log
from tests.store.processes import HOLDER_CODE, run_process, start_process
from tests.store.strategies import make_run_started, make_trial_events

METADATA = 3 * 4096  # bytes before the first block, which holds metadata
BLOCK = 262_144  # bytes

WRITER = """
import duckdb, os
database = duckdb.connect(sys.argv[1])
database.execute("SET wal_autocheckpoint = '1TB'; CREATE TABLE mine AS SELECT 1")
if sys.argv[2] == "after":
    database.execute("CHECKPOINT")
os.kill(os.getpid(), 9)
"""  # is killed when its table is committed, before the checkpoint or right after it


@pytest.fixture
def log(tmp_path):
    return DuckDBLog(tmp_path / "log.duckdb")


@pytest.fixture
def position(log):
    position = log.append("a-1", [make_run_started(), *make_trial_events(0)], START)
    locate_journal(log.path).unlink()
    return position


def killed(log, when):
    """Let a writer be killed that has kept the headers and the first block, and say what the file was before."""
    content = log.path.read_bytes()
    blocks = content[:METADATA] + BLOCK.to_bytes(8, "little") + METADATA.to_bytes(8, "little")
    blocks += content[METADATA : METADATA + BLOCK]
    locate_sidecar(log.path, "undo").write_bytes(blake2b(blocks, digest_size=32).digest() + blocks)
    with start_process(WRITER, log.path, when) as writer:
        assert writer.wait(30) == -9
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
        "append": lambda: [log.append("b-1", [make_run_started()], START).seq == 1],
        "verify": lambda: [verdict.broken is None for verdict in verify_log(log.path) if verdict.run == "a-1"],
    }


@pytest.mark.parametrize("reader", ["read", "query", "append", "verify"])
def test_a_torn_checkpoint_is_undone(log, position, reader):
    """Whoever comes first finds the log whole, and what was committed before the checkpoint."""
    killed(log, "before")
    tear(log.path)
    assert readers(log, position)[reader]() == [True]
    assert not has_undo_file(log.path)
    assert query(log.path, "SELECT * FROM mine").rows == [(1,)]
    assert log.append("a-1", [make_run_started()], position).seq == position.seq + 1


@pytest.mark.usefixtures("position")
def test_without_what_was_kept_the_log_would_be_lost(log):
    """The tear of these tests is one that nothing else mends: what is kept is needed."""
    killed(log, "before")
    tear(log.path)
    locate_sidecar(log.path, "undo").unlink()
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
    assert query(log.path, "SELECT * FROM mine").rows == [(1,)]
    assert not has_undo_file(log.path)


@pytest.mark.parametrize("length", [0, 31, 32, 5000, 200_000])
def test_a_writer_killed_while_it_keeps_has_changed_nothing(log, position, length):
    """What is kept in part is not put back."""
    content = killed(log, "before")
    os.truncate(locate_sidecar(log.path, "undo"), length)
    assert log.read("a-1")[-1].position == position
    assert log.path.read_bytes() == content
    assert not has_undo_file(log.path)


def test_nothing_is_undone_while_somebody_is_at_work(log, position):
    """What a process keeps that is alive is its own: readers wait for it."""
    with run_process(HOLDER_CODE, log.path, "write") as holder, ThreadPoolExecutor(1) as pool:
        locate_sidecar(log.path, "undo").write_bytes(b"of the process that holds the log")
        reading = pool.submit(log.read, "a-1")
        with pytest.raises(TimeoutError):
            reading.result(timeout=0.5)
        assert has_undo_file(log.path)
        holder.stdin.close()
        assert reading.result()[-1].position == position
    assert not has_undo_file(log.path)


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
