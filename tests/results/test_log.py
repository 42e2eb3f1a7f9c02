"""A log, as a value."""

import subprocess
import sys

import pytest

from archwright.results import Log, Run
from archwright.store.errors import InvalidHead, LogMissing, NoSuchRun


def test_a_log_is_a_mapping_of_its_runs(log_path):
    log = Log(str(log_path))
    assert list(log) == list(log.keys()) == [row["run"] for row in log.runs()] == ["up-1", "down-1"]
    assert (len(log), "up-1" in log, "up-2" in log) == (2, True, False)
    assert log["up-1"] == Run.read(log_path, "up-1")
    assert (log.last, log.get("down-1"), log.get("none")) == (log["down-1"], log["down-1"], None)
    assert [run.name for run in log.values()] == list(log)
    assert repr(log) == f"Log({str(log_path)!r})"
    assert log == Log(log_path)
    with pytest.raises(NoSuchRun, match="did you mean up-1"):
        log["up-11"]


def test_a_log_is_queried_and_verified(log_path):
    log = Log(log_path)
    rows = log.sql("select run, count(*) as trials, sum(trial) as trials from trials group by all order by run desc")
    assert (rows.columns, list(rows), rows[1][0]) == (
        ("run", "trials", "trials"),
        [("up-1", 7, 21), ("down-1", 7, 21)],
        "down-1",
    )
    assert repr(rows).splitlines()[0].split() == ["run", "trials", "trials"]
    assert repr(rows).splitlines()[-1] == "(2 rows)"
    pandas = pytest.importorskip("pandas")
    frame = rows.frame()
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame.columns) == ["run", "trials", "2.trials"]
    assert all(verdict.is_whole for verdict in log.verify())
    with pytest.raises(InvalidHead):
        log.verify(["up-1"])


def test_a_log_is_shown_in_notebooks(log_path):
    assert "up-1" in Log(log_path)._repr_html_()


def test_a_log_that_is_not_there_is_told_when_it_is_read(tmp_path):
    log = Log(tmp_path / "none.duckdb")
    for ask in (log.runs, log.verify, lambda: len(log), lambda: list(log), lambda: log["up-1"]):
        with pytest.raises(LogMissing):
            ask()


def test_importing_results_is_light():
    """What they are made of is loaded with them; torch, matplotlib and data frames when they are asked for."""
    code = """
import sys, archwright.results
heavy = {"torch", "numpy", "matplotlib", "duckdb", "pandas", "polars"}
print(sorted(heavy & sys.modules.keys()))
from archwright.results import Run, Comparison
print(sorted(heavy & sys.modules.keys() - {"numpy", "duckdb"}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n[]\n"


def test_there_is_nothing_else_in_results():
    with pytest.raises(ImportError, match="Rum"):
        from archwright.results import Rum  # noqa: F401  # pyright: ignore[reportAttributeAccessIssue]
