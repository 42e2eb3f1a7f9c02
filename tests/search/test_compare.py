"""Many searches into one log."""

from functools import partial
from pathlib import Path

import pytest

from archwright.cli.comparing import unfinished
from archwright.search.compare import grid, run_all
from archwright.search.replay import mismatches
from archwright.search.run import Stop
from archwright.search.session import logged
from archwright.store.duck import DuckDBLog
from archwright.store.events import Proposed
from archwright.store.memory import MemoryLog
from archwright.store.verify import verify
from tests.search.instant import Instant, started
from tests.search.test_run import begun, events_of

ROOT = Path(__file__).parents[2]
SEARCHERS = {"random": {"name": "random"}, "again": {"name": "random"}}


@pytest.fixture
def log(tmp_path) -> DuckDBLog:
    return DuckDBLog(tmp_path / "log.duckdb")


def test_grid_names_every_search():
    entries = grid("c", started(5), SEARCHERS, 3)
    assert [entry.run for entry in entries] == [f"c.{label}.{seed}" for seed in range(3) for label in SEARCHERS]
    assert [entry.started.seed for entry in entries] == [0, 0, 1, 1, 2, 2]


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    """The processes of a comparison import what is to be run: here, from the tests."""
    monkeypatch.syspath_prepend(str(ROOT))


def test_every_search_is_logged_whole_and_is_what_it_would_be_alone(log):
    """Over two processes: each run is verified, and proposes what a run of its seed proposes anywhere."""
    entries = grid("c", started(6), SEARCHERS, 3)
    done = list(run_all(log, entries, partial(Instant, 2), processes=2))
    assert sorted(entry.run for entry in done) == sorted(log.runs()) == sorted(entry.run for entry in entries)
    assert all(verdict.broken is None for verdict in verify(log.path))
    for entry in entries:
        events = logged(log, entry.run).events
        assert logged(log, entry.run).state.scored == 6
        assert not list(mismatches(events))
    alone = MemoryLog()
    begun(alone, Instant(), trials=6)
    paths = [e.path for e in logged(log, "c.random.0").events if isinstance(e, Proposed)]
    assert paths == [e.path for e in events_of(alone) if isinstance(e, Proposed)]


def test_stopped_comparison_goes_on_where_it_was(log):
    """What was stopped after two searches leaves what is logged whole, and only the others are run again."""
    entries = grid("c", started(4), SEARCHERS, 100)
    finished: list = []
    stop = lambda: Stop.SOON if len(finished) >= 2 else Stop.NO  # noqa: E731
    for entry in run_all(log, entries, Instant, processes=1, stop=stop):
        finished.append(entry.run)  # noqa: PERF401  (stop looks at it meanwhile)
    assert 2 <= len(finished) < len(entries)
    assert sorted(log.runs()) == sorted(finished)
    assert all(logged(log, run).state.scored == 4 for run in finished)
    rest = unfinished(log, entries)
    assert {entry.run for entry in rest} == {entry.run for entry in entries} - set(finished)
    list(run_all(log, rest, Instant, processes=1))
    assert len(log.runs()) == len(entries)
    assert unfinished(log, entries) == []
