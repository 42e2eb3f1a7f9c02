"""The running of the searches of a comparison."""

import archwright as aw
from archwright.evaluate.tables.nasbench201 import Nasbench201
from archwright.execution import comparing
from archwright.execution.comparing import SearchesUnderWay
from archwright.execution.display import ComparisonDisplay
from archwright.execution.interrupts import Interrupts
from archwright.execution.options import RunOptions
from archwright.execution.planning import SearchPlan
from archwright.store.duckdb_log import DuckDBLog
from tests.comparison_logs import make_search


def test_searches_over_a_table_get_as_many_processes_as_there_are_cores_for_this_one(tmp_path, monkeypatch):
    """Not as many as the machine has: those that its affinity and its container leave."""
    settings = {}
    monkeypatch.setattr(comparing, "count_cores", lambda: 3)
    monkeypatch.setattr(comparing, "run_searches", lambda _, searches, *__, **more: settings.update(more) or searches)
    log, searches = DuckDBLog(tmp_path / "log.duckdb"), [make_search("a.random.0", 4)]
    plan = SearchPlan(None, aw.relu(), aw.features(3), Nasbench201("t.npz"), None)
    under_way = SearchesUnderWay(log, plan, {"random": plan}, None, RunOptions(), ComparisonDisplay(1, 0))
    assert list(under_way.iterate(searches, Interrupts(10.0))) == ["a.random.0 is done"]
    assert settings["processes"] == 3
    assert list(under_way.iterate([], Interrupts(10.0))) == []
