"""What a SIGKILL at any instant leaves."""

import json

import pytest

from archwright.store.duckdb_log import DuckDBLog
from archwright.store.fold import fold_events
from archwright.store.log import START
from archwright.store.paths import locate_sidecar
from archwright.store.query import query
from archwright.store.verify import verify_log
from tests.store.processes import start_process
from tests.store.strategies import make_run_started, make_trial_events

KILLS = 40

# A parent that forks writers and kills them: forty interpreters would take longer to start than to die.
KILLER = """
import json, os, random, select, signal
from archwright.core.budget import Budget
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import Reported

path, kills = sys.argv[1], int(sys.argv[2])
log, chance = DuckDBLog(path), random.Random(0)

def write(pipe):
    position = log.rows("a-1")[-1].position
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
    found = len(log.rows("a-1"))
    assert found >= acknowledged, (kill, found, acknowledged)
print(json.dumps([acknowledged, found, os.path.exists(path + ".wal")]))
"""


def test_nothing_acknowledged_is_lost(tmp_path):
    """Forty writers are killed at random instants; each time all that they were promised is there, the chain whole."""
    path = tmp_path / "log.duckdb"
    log = DuckDBLog(path)
    log.append("a-1", [make_run_started(), *make_trial_events(0)[:2]], START)
    with start_process(KILLER, path, KILLS) as killer:
        out, _ = killer.communicate(timeout=240)
    assert killer.returncode == 0
    acknowledged, found, _ = json.loads(out)
    assert found >= acknowledged > KILLS
    assert [verdict.broken for verdict in verify_log(path)] == [None]
    recorded = log.read("a-1")
    position = log.append("a-1", make_trial_events(0)[3:], recorded[-1].position)
    assert position.seq == found + 2
    assert fold_events(r.event for r in log.read("a-1")).trials[0].status == "ok"


# A parent that forks writers, each of which is killed at a certain place of its append, where patched functions do it.
DIES = """
import os
from pathlib import Path
from archwright.store import duckdb_log, journal
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import Reported

die = lambda *_: os.kill(os.getpid(), 9)

def write(place, path):
    log = DuckDBLog(path)
    position = log.read("a-1")[-1].position
    if place == "within the line":
        os.fsync = die
        whole = journal.format_line
        journal.format_line = lambda *given: whole(*given)[:-40]
    elif place == "before the commit":
        os.fsync = die
    elif place == "after the commit":
        duckdb_log.close_entry = die
    else:
        duckdb_log.close_entry = lambda path: (journal.close_entry(path), die())
    log.append("a-1", [Reported(0, 1, epoch, {"loss": 0.5}) for epoch in range(3)], position)

for line in sys.stdin:
    place, path = line.rstrip("\\n").split(" of ", 1)
    if not (child := os.fork()):
        write(place, Path(path))
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
PLACES = {"within the line": 3, "before the commit": 6, "after the commit": 6, "before the checkpoint": 6}


@pytest.fixture(scope="module")
def dies():
    """What has a writer die at a place of an append to a log, and gives its exit code."""
    with start_process(DIES) as parent:

        def die(place, path) -> int:
            parent.stdin.write(f"{place} of {path}\n")
            parent.stdin.flush()
            return int(parent.stdout.readline())

        yield die


@pytest.mark.parametrize("use", ["read", "append", "query", "verify"])
@pytest.mark.parametrize("place", PLACES)
def test_a_kill_at_each_place_of_an_append(tmp_path, place, use, dies, caplog):
    """All of the append is there or nothing of it; nobody is alarmed, and nothing is lost to whoever comes first."""
    path, events = tmp_path / "log.duckdb", PLACES[place]
    log = DuckDBLog(path)
    log.append("a-1", [make_run_started(), *make_trial_events(0)[:2]], START)
    assert dies(place, path) == -9
    if use == "query":
        assert query(path, "SELECT count(*) FROM events").rows == [(events,)]
    elif use == "append":
        assert log.append("b-1", [make_run_started()], START).seq == 1
    elif use == "verify":
        assert [verdict.broken for verdict in verify_log(path)] == [None]
    position = log.read("a-1")[-1].position
    assert position.seq == events
    assert log.append("a-1", make_trial_events(0)[3:], position).seq == events + 2
    assert [verdict.broken for verdict in verify_log(path)] == [None] * len(log.runs())
    assert [verdict.journal for verdict in verify_log(path)] == ["held"] * len(log.runs())
    assert caplog.records == []
    assert not locate_sidecar(path, "wal").exists()
