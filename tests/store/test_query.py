"""A person's SQL."""

import io
import json
from importlib.util import find_spec

import duckdb
import pytest
from packaging.version import Version

from archwright.store.duckdb_log import DuckDBLog
from archwright.store.errors import QueryFailed
from archwright.store.log import START
from archwright.store.query import QueryResult, export_query, query, stream_query
from tests.store.strategies import make_run_events


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "log.duckdb"
    DuckDBLog(path).append("a-1", make_run_events(3), START)
    return path


def test_a_query_gives_columns_and_plain_rows(path):
    """Columns by name, rows as tuples of Python values, parameters by position."""
    table = query(path, "SELECT trial, score FROM scores WHERE run = ? AND trial > ? ORDER BY trial;", ["a-1", 0])
    assert table == QueryResult(("trial", "score"), [(1, 0.5), (2, 0.5)])


@pytest.mark.parametrize("sql", ["SHOW TABLES", "DESCRIBE trials", "FROM runs", "SELECT 1; SELECT 2", "PRAGMA version"])
def test_whatever_gives_rows_is_a_query(path, sql):
    """DuckDB's own short forms work as well."""
    assert query(path, sql).rows


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO events SELECT * FROM events",
        "DELETE FROM events",
        "DROP TABLE events",
        "CREATE TABLE mine AS SELECT 1",
        "ATTACH '{path}' AS log2",
        "COPY runs TO '{path}'",
        "COPY runs TO '{path}.csv'",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SET enable_external_access = true",
        "INSTALL httpfs",
    ],
)
def test_no_query_can_write_the_log(path, sql):
    """Whatever would reach a file is refused in DuckDB's words, and the log is byte for byte the same."""
    before = {file: file.read_bytes() for file in path.parent.iterdir()}
    with pytest.raises(QueryFailed, match="DuckDB says"):
        query(path, sql.format(path=path))
    assert {file: file.read_bytes() for file in path.parent.iterdir()} == before


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("SELEC 1", 'syntax error at or near "SELEC"'),
        ("SELECT nonsense FROM runs", "(?s)nonsense.*Candidate bindings"),
        ("SELECT * FROM rans", "(?s)rans does not exist.*runs"),
        ("SELECT ?", "parameter"),
        ("SELECT 'a'::INTEGER", "Could not convert"),
    ],
)
def test_a_mistake_is_told_in_duckdb_s_words(path, sql, says):
    """A query that fails is a ValueError with what DuckDB says of it, the place included."""
    with pytest.raises(ValueError, match=says):
        query(path, sql)


@pytest.mark.parametrize("sql", ["", "  ", "-- nothing", ";"])
def test_a_query_that_says_nothing_is_a_mistake(path, sql):
    with pytest.raises(QueryFailed, match=r"write one such as: from trials limit 3|syntax error"):
        query(path, sql)
    with pytest.raises(QueryFailed):
        exported(path, sql, "csv")


def test_rows_can_be_read_one_by_one(path):
    """What is not read is not made."""
    with stream_query(path, "FROM range(1_000_000_000)") as answer:
        assert answer.columns == ("range",)
        assert next(answer.rows) == (0,)


def test_a_time_with_a_zone_is_given_or_refused_with_a_remedy(path):
    """DuckDB before 2.0.1 needs pytz for it, which we do not require."""
    if Version(duckdb.__version__) < Version("2.0.1") and find_spec("pytz") is None:
        with pytest.raises(ValueError, match="needs pytz; cast it, as in now"):
            query(path, "SELECT now()")
    else:
        (row,) = query(path, "SELECT now()").rows
        assert row[0].tzinfo is not None


def test_a_statement_without_rows_gives_none(path):
    """A temporary table is allowed, and gives DuckDB's count."""
    assert query(path, "CREATE TEMP TABLE mine AS SELECT 1; SELECT count(*) FROM mine").rows == [(1,)]


def test_what_a_writer_had_committed_that_was_killed_in_its_checkpoint(path):
    """It is in DuckDB's write-ahead file until the next append, and the log is read with it."""
    runs = query(path, "FROM runs")
    with duckdb.connect(path) as writer:
        writer.execute("SET wal_autocheckpoint = '1TB'; CREATE TABLE mine AS SELECT 42 AS answer")
        writer.execute("SET debug_checkpoint_abort = 'before_truncate'")
        with pytest.raises(duckdb.FatalException):
            writer.execute("CHECKPOINT")
    assert path.with_name(f"{path.name}.wal").exists()
    assert query(path, "FROM mine").rows == [(42,)]
    assert query(path, "FROM runs") == runs


def exported(path, sql, form):
    file = io.BytesIO()
    export_query(path, sql, file, form)
    return file.getvalue()


def test_export_as_csv(path):
    """A header and a line a row; a semicolon or comment at the query's end does no harm."""
    sql = "SELECT trial, score FROM scores ORDER BY trial -- all of them"
    assert exported(path, sql, "csv") == b"trial,score\n0,0.5\n1,0.5\n2,0.5\n"
    assert exported(path, "SELECT 1 AS one ; ", "csv") == b"one\n1\n"


def test_export_as_json(path):
    """A list of objects; the numbers that JSON has not are null, and texts that look like them are texts."""
    sql = """
        SELECT 1 AS a, 'NaN'::DOUBLE AS b, NULL AS c, 'é' AS d, ['inf'::FLOAT, 1.5, '-inf'::DOUBLE] AS e,
            {'NaN': 'nan'::DOUBLE, 'x"y\\': 'NaN, "Infinity'} AS f, 'a\n-Infinity' AS g
    """
    told = exported(path, sql, "json")
    assert json.loads(told, parse_constant=pytest.fail) == [
        {
            "a": 1, "b": None, "c": None, "d": "é", "e": [None, 1.5, None],
            "f": {"NaN": None, 'x"y\\': 'NaN, "Infinity'}, "g": "a\n-Infinity",
        }
    ]  # fmt: skip
    assert json.loads(exported(path, "SELECT * FROM scores WHERE false", "json")) == []


def test_export_as_parquet(path, tmp_path):
    """A parquet file, with the types of the views."""
    (tmp_path / "scores.parquet").write_bytes(exported(path, "FROM scores", "parquet"))
    read = duckdb.connect().execute(f"SELECT count(*), sum(score) FROM '{tmp_path}/scores.parquet'").fetchall()
    assert read == [(3, 1.5)]


def test_a_failed_export_writes_nothing(path):
    """A mistake in the query is known before the first byte."""
    file = io.BytesIO()
    with pytest.raises(QueryFailed):
        export_query(path, "SELECT nonsense FROM runs", file, "csv")
    assert file.getvalue() == b""


def test_a_query_leaves_nothing_behind(path, tmp_path, monkeypatch):
    """The copy that a query works on goes with it, also after a mistake."""
    copies = tmp_path / "copies"
    copies.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(copies))
    query(path, "FROM runs")
    with pytest.raises(QueryFailed):
        query(path, "FROM nonsense")
    assert list(copies.iterdir()) == []
