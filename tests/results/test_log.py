"""A log, as a value."""

import json
import subprocess
import sys
from io import BytesIO

import pytest
from matplotlib import pyplot
from matplotlib.figure import Figure

from archwright.display.output_file import FileOfAnotherKind
from archwright.execution.checks import BadArgument
from archwright.plots.figure_files import UnwritableFigure
from archwright.plots.figures import UnknownFigureKind
from archwright.plots.histories import NothingToCompare
from archwright.results.log import Log
from archwright.results.run import Run
from archwright.search.running.loop import NothingScored
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.errors import InvalidHead, LogMissing, NoSuchRun, QueryFailed
from tests.comparison_logs import UNEVEN_SEARCHES, log_searches


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


def test_a_name_that_no_run_has_is_a_key_that_is_not_there(log_path):
    """So what works with any mapping works with a log, and the message is read as it is written."""
    log = Log(log_path)
    with pytest.raises(KeyError) as raised:
        log["up-11"]
    assert str(raised.value).startswith("the log holds no run") or not str(raised.value).startswith(("'", '"'))
    assert log.get("up-11", "absent") == "absent"
    assert "up-11" not in log
    assert dict(log).keys() == log.keys()
    with pytest.raises(LogMissing):
        Log(log_path.parent / "none.duckdb").get("up-1")


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
    first = log.sql("from trials order by run, trial", limit=3)
    assert (len(first), first.is_whole, rows.is_whole) == (3, False, True)
    assert repr(first).splitlines()[-1] == "(the first 3 rows of more)"
    assert log.sql("from trials", limit=14).is_whole
    assert [repr(verdict) for verdict in log.verify()] == [
        f"<RunVerdict {run.name}: {len(run.events)} events, whole>" for run in (log["up-1"], log["down-1"])
    ]
    with pytest.raises(BadArgument, match="limit is 0; it must be a whole number of 1 or more"):
        log.sql("from trials", limit=0)
    log.check_views()
    pandas = pytest.importorskip("pandas")
    frame = rows.frame()
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame.columns) == ["run", "trials", "2.trials"]
    assert all(verdict.is_whole for verdict in log.verify())
    with pytest.raises(InvalidHead):
        log.verify(["up-1"])


def test_what_a_query_gives_is_written_as_it_comes(log_path, tmp_path):
    """To a file of the format that its ending or the person says, or to a stream."""
    log, query = Log(log_path), "select run, trial from trials order by run desc, trial limit 2"
    for name, says in {"rows.csv": None, "rows.txt": "csv"}.items():
        log.export_sql(query, tmp_path / name, says)
        assert (tmp_path / name).read_text() == "run,trial\nup-1,0\nup-1,1\n"
    log.export_sql(query, str(tmp_path / "rows.json"))
    assert json.loads((tmp_path / "rows.json").read_text()) == [{"run": "up-1", "trial": i} for i in (0, 1)]
    log.export_sql(query, stream := BytesIO(), "parquet")
    assert stream.getvalue().startswith(b"PAR1")
    with pytest.raises(FileOfAnotherKind, match="is no CSV; name another file"):
        log.export_sql(query, tmp_path / "rows.json", "csv")
    with pytest.raises(QueryFailed):
        log.export_sql("from nothing", tmp_path / "none.csv")
    assert not (tmp_path / "none.csv").exists()


@pytest.mark.parametrize(
    ("file", "form", "says"),
    [
        ("rows.xls", None, "file is 'rows.xls'; end it in .csv, .json or .parquet, or say the format"),
        ("rows.csv", "xls", "format is 'xls'; it must be csv, json or parquet"),
        (3, None, "file is 3; it must be the path of a file, as in rows.csv, or a stream of bytes"),
    ],
)
def test_rows_are_written_in_formats_that_there_are(log_path, file, form, says):
    with pytest.raises(BadArgument) as raised:
        Log(log_path).export_sql("from trials", file, form)
    assert str(raised.value) == says


@pytest.mark.parametrize("runs", ["a.*", ["a.random.*", "a.mcts.*"]])
def test_a_log_is_drawn_by_patterns(tmp_path, caplog, runs):
    """A line for each searcher; what is not drawn is warned of."""
    log = Log(tmp_path / "log.duckdb")
    log_searches(DuckDBLog(log.path), UNEVEN_SEARCHES)
    axes = Figure().subplots()
    assert log.plot(runs, ax=axes, title="both") is axes
    assert [line.get_label() for line in axes.lines] == ["random (n=2)", "mcts (n=2)"]
    assert axes.get_title() == "both"
    assert caplog.messages[0] == "mcts: 1 of 3 searches have no score and are not drawn"
    with pytest.raises(NothingScored, match=r"no trial of a\.mcts\.2 has a score; trial 0 of a\.mcts\.2 crashed"):
        log.plot("a.mcts.2", ax=axes)
    with pytest.raises(NothingToCompare, match=r"has no run 'b\.\*'"):
        log.plot(["a.*", "b.*"], ax=axes)
    with pytest.raises(UnknownFigureKind, match="did you mean incumbent"):
        log.plot(runs, "incumbant", axes)


@pytest.mark.parametrize(
    "make_axes", [lambda: None, Figure().subplots, Figure().subfigures().subplots], ids=["new", "figure", "part"]
)
def test_what_is_drawn_is_written_to_a_file_too(tmp_path, make_axes):
    """As the command does it: it is no figure of pyplot's."""
    log, file = Log(tmp_path / "log.duckdb"), tmp_path / "figure.svg"
    log_searches(DuckDBLog(log.path), UNEVEN_SEARCHES)
    pyplot.close("all")  # those of other tests
    assert log.plot("a.*", ax=make_axes(), title="both", file=file).get_title() == "both"
    assert "both" in file.read_text()
    assert pyplot.get_fignums() == []
    with pytest.raises(UnwritableFigure, match=r"a\.gif cannot be written: a figure is a \.png, \.svg or \.pdf"):
        log["a.random.0"].plot(ax=make_axes(), file="a.gif")
    with pytest.raises(BadArgument, match=r"file is 3; it must be the path of a file, as in runs\.png"):
        log.plot("a.*", file=3)


@pytest.mark.parametrize("runs", [[], [3], [None]])
def test_what_names_no_run_is_refused(log_path, runs):
    with pytest.raises(NothingToCompare, match=r"the runs are \[.*\]; name some, as in"):
        Log(log_path).plot(runs)


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
import sys, archwright as aw
heavy = {"torch", "numpy", "matplotlib", "duckdb", "pandas", "polars"}
print(sorted(heavy & sys.modules.keys()))
assert aw.Run and aw.Comparison
print(sorted(heavy & sys.modules.keys() - {"numpy", "duckdb"}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n[]\n"
