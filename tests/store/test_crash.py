"""What a SIGKILL at any instant leaves."""

import json

import pytest

from archwright.store.duck import DuckDBLog
from archwright.store.fold import replay
from archwright.store.log import START
from archwright.store.query import query
from archwright.store.verify import verify
from tests.store.processes import start
from tests.store.strategies import started, trial

KILLS = 40

# A parent that forks writers and kills them: forty interpreters would take longer to start than to die.
KILLER = """
import json, os, random, select, signal
from archwright.core.trial import Budget
from archwright.store import DuckDBLog, Proposed, Reported, START

path, kills = sys.argv[1], int(sys.argv[2])
log, chance = DuckDBLog(path), random.Random(0)

def write(pipe):
    recorded = log.read("a-1")
    position = recorded[-1].position
    while True:
        size = chance.choice([1, 1, 3, 40])
        events = [Reported(0, 1, position.seq + i + 1, {"loss": 0.5}) for i in range(size)]
        position = log.append("a-1", events, position)
        os.write(pipe, position.seq.to_bytes(8, "big"))

acknowledged = found = 0
for kill in range(kills):
    reads, writes = os.pipe()
    chance.seed(kill)
    child = os.fork()
    if child == 0:
        write(writes)
    os.close(writes)
    select.select([reads], [], [], 10)  # it is writing
    time.sleep(random.uniform(0, 0.04))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    told = b"".join(iter(lambda: os.read(reads, 65536), b""))
    os.close(reads)
    acknowledged = int.from_bytes(told[-8:], "big")
    found = len(log.read("a-1"))
    assert found >= acknowledged, (kill, found, acknowledged)
print(json.dumps([acknowledged, found, os.path.exists(path + ".wal")]))
"""


def test_nothing_acknowledged_is_lost(tmp_path):
    """Forty writers are killed at random instants; each time all that they were promised is there, the chain whole."""
    path = tmp_path / "log.duckdb"
    log = DuckDBLog(path)
    log.append("a-1", [started(), *trial(0)[:2]], START)
    with start(KILLER, path, KILLS) as killer:
        out, _ = killer.communicate(timeout=240)
    assert killer.returncode == 0
    acknowledged, found, _ = json.loads(out)
    assert found >= acknowledged > KILLS
    assert [verdict.broken for verdict in verify(path)] == [None]
    recorded = log.read("a-1")
    position = log.append("a-1", trial(0)[3:], recorded[-1].position)
    assert position.seq == found + 2
    assert replay(r.event for r in log.read("a-1")).trials[0].status == "ok"


@pytest.mark.parametrize("ahead", ["whole", "torn"])
def test_a_log_with_a_write_ahead_file_is_read(tmp_path, ahead):
    """A writer that died between commit and checkpoint leaves a write-ahead file: readers and queries take it in."""
    path = tmp_path / "log.duckdb"
    log = DuckDBLog(path)
    position = log.append("a-1", [started()], START)
    wal = _left_by_a_dead_writer(path)
    if ahead == "torn":
        wal.write_bytes(wal.read_bytes()[:-9])
    rows = 2 if ahead == "whole" else 1
    assert query(path, "SELECT count(*) FROM events").rows == [(rows,)]
    assert wal.exists(), "reading leaves it alone"
    assert [r.position for r in log.read("a-1")] == [position]
    assert log.append("a-1", trial(0), position).seq == 6
    assert not wal.exists(), "the next append takes it into the log"
    assert query(path, "SELECT count(*) FROM events").rows == [(rows + 5,)]


def _left_by_a_dead_writer(path):
    code = """
import duckdb, os
database = duckdb.connect(sys.argv[1])
database.execute("INSERT INTO events VALUES ('z-1', 1, 0, 'RunStopped', NULL, '{}', uuid())")
os.kill(os.getpid(), 9)
"""
    with start(code, path) as writer:
        writer.wait(30)
    return path.with_name(path.name + ".wal")
