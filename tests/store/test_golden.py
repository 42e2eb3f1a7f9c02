"""The logs of every released schema stay readable."""

import json
import shutil

import pytest

from archwright.store.database import attach
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import EVENT_KINDS, RunResumed, event_to_json
from archwright.store.fold import fold_events
from archwright.store.log import START
from archwright.store.schema import MIGRATIONS, read_schema_version
from archwright.store.verify import require_own_names, verify_log
from tests.goldens.make_log import FOLDER, make_history, read_content, write_log
from tests.store.strategies import make_run_started

# The schema since which there are events of a kind; of all others, since the first.
NEW_KINDS = {"Enqueued": 5, "Inherited": 8}
GOLDENS = sorted(FOLDER.glob("log-schema-*.golden"))


@pytest.fixture(params=GOLDENS, ids=lambda path: path.stem)
def golden(request, tmp_path):
    """A copy of a golden log, and what it holds."""
    path = tmp_path / "log.duckdb"
    shutil.copyfile(request.param, path)
    return path, json.loads(request.param.with_suffix(".json").read_text())


def test_each_schema_has_its_golden():
    """A new migration comes with a new golden; the old ones stay."""
    assert [path.stem for path in GOLDENS] == [f"log-schema-{number + 1}" for number in range(len(MIGRATIONS))]


def test_a_golden_log_reads_as_it_always_did(golden):
    """Events, chain and the columns of every view that it had are the same."""
    path, expected = golden
    now = read_content(path)
    assert json.dumps(now["events"]) == json.dumps(expected["events"])
    for name, table in expected["views"].items():
        places = [now["views"][name]["columns"].index(column) for column in table["columns"]]
        rows = [[row[place] for place in places] for row in now["views"][name]["rows"]]
        assert json.dumps(rows) == json.dumps(table["rows"]), name


def test_a_golden_log_is_whole(golden):
    """The hashes of old are computed in the same way today."""
    path, _ = golden
    assert [(verdict.run, verdict.broken) for verdict in verify_log(path)] == [("toy-1", None), ("toy-2", None)]


def test_a_golden_log_folds_and_goes_on(golden):
    """Its events are decoded and folded, and an append brings it forward."""
    path, _ = golden
    log, kinds = DuckDBLog(path), {kind for kind in EVENT_KINDS if NEW_KINDS.get(kind, 1) <= schema(path)}
    recorded = log.read("toy-1")
    assert {type(r.event).__name__ for r in recorded} == kinds, "the golden has every kind"
    state = fold_events(r.event for r in recorded)
    trials = sorted((trial.trial, trial.status, trial.score, trial.attempts) for trial in state.trials.values())
    assert trials == [(0, "ok", 0.5, 2), (1, "diverged", None, 1), (2, "crashed", None, 1)]
    assert log.append("new-1", [make_run_started()], START).seq == 1
    assert log.runs() == ["toy-1", "toy-2", "new-1"]


def test_reading_an_old_log_leaves_it_as_it_is(golden):
    """Whatever only reads does not bring it forward: not a byte changes."""
    path, _ = golden
    before = path.read_bytes()
    DuckDBLog(path).read("toy-1", after=2, upto=9)
    assert DuckDBLog(path).runs() == ["toy-1", "toy-2"]
    verify_log(path)
    read_content(path)
    assert path.read_bytes() == before


def test_an_append_brings_a_log_forward_with_all_that_it_holds(golden):
    """Events, times, order and hashes are the same, the views are today's, and each run goes on from where it stood."""
    path, expected = golden
    log = DuckDBLog(path)
    before = log.read("toy-1")
    resumed = RunResumed(5, {"archwright": "0.2.0"})
    assert log.append("toy-1", [resumed], before[-1].position).seq == len(before) + 1
    assert schema(path) == len(MIGRATIONS)
    require_own_names(path)
    assert repr(log.read("toy-1")[:-1]) == repr(before)  # as texts: NaN is not equal to itself
    events = [row for row in read_content(path)["events"] if (row[0], row[1]) != ("toy-1", len(before) + 1)]
    assert json.dumps(events) == json.dumps(expected["events"])
    assert [verdict.broken for verdict in verify_log(path)] == [None, None]
    assert log.runs() == ["toy-1", "toy-2"]


def schema(path) -> int:
    """How many migrations the file itself has seen."""
    with attach(path) as database:
        return read_schema_version(database, path)


def test_a_hash_that_was_spoilt_is_found_after_the_migration_too(tmp_path):
    """The migration neither fails at one that is no hash nor mends it."""
    path = tmp_path / "log.duckdb"
    shutil.copyfile(GOLDENS[0], path)
    with attach(path, "write") as database:
        database.execute("UPDATE events SET chain = 'x' WHERE run = 'toy-1' AND seq = 5")
    assert [verdict.broken and verdict.broken.seq for verdict in verify_log(path)] == [5, None]
    DuckDBLog(path).append("new-1", [make_run_started()], START)
    assert schema(path) == len(MIGRATIONS)
    assert [verdict.broken and verdict.broken.seq for verdict in verify_log(path)] == [5, None, None]


def test_the_golden_is_made_as_it_says(tmp_path):
    """The script still makes what it made: the current schema's golden is not out of date."""
    write_log(tmp_path / "log.duckdb")
    expected = json.loads(GOLDENS[-1].with_suffix(".json").read_text())
    assert json.dumps(read_content(tmp_path / "log.duckdb")) == json.dumps(expected)
    assert [event_to_json(event)[0] for event in make_history()] == [
        row[3] for row in expected["events"] if row[0] == "toy-1"
    ]
