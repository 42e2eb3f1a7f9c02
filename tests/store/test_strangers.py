"""Logs that somebody else has made: looking at one shows nothing but what is in it, and believes no view that lies."""

import re

import duckdb
import pytest

from archwright.store.artifacts import locate_run_folder
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.errors import LogIsDamaged, LogUnwritable, NamesTaken, NotALog
from archwright.store.journal import locate_journal
from archwright.store.log import START
from archwright.store.query import export_query, query
from archwright.store.verify import require_own_names, verify_log
from archwright.store.views import VIEWS
from tests.paths import ROOT
from tests.store.strategies import make_run_events, make_run_started, make_trial_events

SECRET = "this is nobody's business"
COLUMNS = "run, seq, time, kind, trial, payload, chain"


@pytest.fixture
def log(tmp_path):
    log = DuckDBLog(tmp_path / "log.duckdb")
    log.append("a-1", make_run_events(3), START)
    (tmp_path / "secret").write_text(SECRET)
    return log


def meddle(log, *sql):
    """What a stranger with a DuckDB client can do."""
    with duckdb.connect() as database:
        database.execute(f"ATTACH '{log.path}' AS log; USE log")
        for each in sql:
            database.execute(each.format(secret=log.path.with_name("secret")))


READERS = {
    "read": lambda log: log.read("a-1"),
    "runs": lambda log: log.runs(),
    "verify": lambda log: verify_log(log.path),
    "names": lambda log: require_own_names(log.path),
    "query": lambda log: query(log.path, "FROM events"),
    "views": lambda log: query(log.path, "FROM trials"),
    "append": lambda log: log.append("b-1", [make_run_started()], START),
}
TEXT = "(SELECT content FROM read_text('{secret}'))"
EVENTS = {
    "a view": (
        "DROP TABLE events",
        f"CREATE VIEW events AS SELECT {TEXT} AS run, 1::BIGINT AS seq, 1.0::DOUBLE AS time, 'RunStarted' AS kind, "
        f"NULL::BIGINT AS trial, {TEXT}::JSON AS payload, uuid() AS chain",
    ),
    "a view beside its table": (
        "ALTER TABLE events RENAME TO kept",
        f"CREATE VIEW events AS SELECT * REPLACE ({TEXT} AS payload) FROM kept",
    ),
    "a computed column": (
        "ALTER TABLE events RENAME TO kept",
        "CREATE TABLE events (run VARCHAR NOT NULL, seq BIGINT NOT NULL, time DOUBLE NOT NULL, kind VARCHAR NOT NULL, "
        "trial BIGINT, payload JSON NOT NULL, word VARCHAR AS (upper(run)), chain UUID NOT NULL)",
        f"INSERT INTO events BY NAME SELECT {COLUMNS} FROM kept",
    ),
    "a check that computes": (
        "ALTER TABLE events RENAME TO kept",
        "CREATE TABLE events (run VARCHAR NOT NULL, seq BIGINT NOT NULL, time DOUBLE NOT NULL, kind VARCHAR NOT NULL, "
        "trial BIGINT, payload JSON NOT NULL, chain UUID NOT NULL, CHECK (length(run) > 0))",
    ),
    "other types": ("ALTER TABLE events ALTER time TYPE VARCHAR",),
    "a column more": ("ALTER TABLE events ADD COLUMN more INTEGER",),
    "a column less": ("ALTER TABLE events DROP COLUMN trial",),
    "none": ("DROP TABLE events",),
    "a view of versions": (
        "DROP TABLE archwright_migrations",
        f"CREATE VIEW archwright_migrations AS SELECT 3 AS number, {TEXT} AS name",
    ),
}


@pytest.mark.parametrize("what", EVENTS)
def test_what_is_no_table_of_events_is_refused_by_name(log, what):
    """By every reader, before anything of it is looked at: no message holds a word of another file."""
    meddle(log, *EVENTS[what])
    before = log.path.read_bytes()
    for use in READERS.values():
        with pytest.raises(NotALog, match=re.escape(str(log.path))) as raised:
            use(log)
        assert SECRET not in str(raised.value)
        assert "events" in str(raised.value) or "DuckDB file" in str(raised.value)
        assert log.path.read_bytes() == before


MACROS = [
    f"CREATE MACRO {name} AS {{}}".format(TEXT)
    for name in (
        "max(a)", "min(a)", "count(a)", "replace(a, b, c)", "make_timestamp(a)", '"->>"(a, b)', '"*"(a, b)', "sum(a)",
        "row_number()", "arg_max(a, b)", "isnan(a)", "json_type(a)", "coalesce_(a)",
    )
] + [
    f"CREATE MACRO {name} AS TABLE SELECT content AS key, content AS value FROM read_text('{{secret}}')"
    for name in ("json_each(a, b)", "pragma_database_size()", "pragma_metadata_info()", "duckdb_tables()")
]  # fmt: skip


def everything(log):
    """All that is read of a log."""
    views = [query(log.path, f"FROM {view.name} ORDER BY ALL") for view in VIEWS]
    counted = query(log.path, "SELECT max(seq), min(time), count(*), replace('a', 'a', 'b'), 2 * 3 FROM events")
    return log.read("a-1"), log.runs(), verify_log(log.path), views, counted


def test_no_macro_of_a_file_stands_for_a_function(log):
    """Neither in what we ask ourselves, nor in the views, nor in a person's query; and an append does what it does."""
    before = everything(log)
    meddle(log, *MACROS)
    assert everything(log) == before
    assert log.append("b-1", [make_run_started(), *make_trial_events(0)], START).seq == 6
    assert SECRET not in repr(query(log.path, "FROM events").rows)
    with pytest.raises(NamesTaken, match=r"macros under names of DuckDB's own functions: \*, ->>, arg_max, count"):
        require_own_names(log.path)


LIES = {
    "another answer": "CREATE OR REPLACE VIEW trials AS SELECT * REPLACE (1.0 AS score) FROM ({kept})",
    "a constant": "CREATE OR REPLACE VIEW trials AS SELECT 'a-1' AS run, 0 AS trial, 1.0 AS score",
    "a file": f"CREATE OR REPLACE VIEW trials AS SELECT {TEXT} AS run",
    "a table": "DROP VIEW trials; CREATE TABLE trials AS SELECT 'a-1' AS run, 1.0 AS score",
    "none": "DROP VIEW trials",
}


@pytest.mark.parametrize("lie", LIES)
def test_a_view_that_lies_is_found_and_not_believed(log, lie):
    """`verify` names it, queries ask our own, and who next writes the log makes it anew."""
    truth = query(log.path, "FROM trials ORDER BY ALL")
    kept = next(view.sql for view in VIEWS if view.name == "trials")
    meddle(log, LIES[lie].replace("{kept}", kept))
    assert query(log.path, "FROM trials ORDER BY ALL") == truth
    with pytest.raises(NamesTaken, match=r"other views than archwright makes: trials\. "):
        require_own_names(log.path)
    assert issubclass(NamesTaken, LogIsDamaged)  # exit code 1
    met = DuckDBLog(log.path.rename(log.path.with_name("met anew")))  # as by another process
    met.append("b-1", [make_run_started()], START)
    if lie == "a table":  # which is a person's data, though under a name that is not theirs
        with pytest.raises(NamesTaken):
            require_own_names(met.path)
    else:
        require_own_names(met.path)


def test_what_a_person_keeps_in_a_log_is_theirs(log):
    """Tables, views and macros of other names: they stay, and a query finds them under their names."""
    meddle(
        log,
        "CREATE TABLE notes AS SELECT 1 AS trial, 'a good one' AS note",
        'CREATE VIEW "my ""best""" AS SELECT trial, score FROM trials WHERE score >= 0.5',
        "CREATE MACRO half(a) AS a / 2",
        "CREATE VIEW elsewhere AS FROM read_csv('{secret}')",
        "CREATE INDEX by_run ON events (run)",
    )
    require_own_names(log.path)
    log.append("b-1", [make_run_started()], START)
    assert query(log.path, "SELECT note FROM notes JOIN trials USING (trial)").rows == [("a good one",)]
    assert len(query(log.path, 'FROM "my ""best"""').rows) == 3
    assert query(log.path, "SELECT log.main.half(3)").rows == [(1.5,)]
    assert {"notes", 'my "best"', "events", "trials"} <= {name for (name,) in query(log.path, "SHOW TABLES").rows}
    with duckdb.connect(log.path, read_only=True) as database:
        assert database.execute("SELECT half(4), (SELECT count(*) FROM elsewhere)").fetchall() == [(2, 0)]


@pytest.mark.parametrize("golden", sorted((ROOT / "tests" / "goldens").glob("*.golden")), ids=lambda path: path.name)
def test_logs_of_every_schema_have_own_names(golden, tmp_path):
    """In each, the names that somebody else has put there are found."""
    require_own_names(golden)
    copy = DuckDBLog(tmp_path / "log.duckdb")
    copy.path.write_bytes(golden.read_bytes())
    meddle(copy, "CREATE MACRO count(x) AS 1")
    with pytest.raises(NamesTaken, match=r"macros under names of DuckDB's own functions: count\."):
        require_own_names(copy.path)


def test_a_log_that_does_not_say_its_schema_is_damaged(log):
    """As one whose table of migrations was emptied."""
    meddle(log, "DELETE FROM archwright_migrations")
    for use in READERS.values():
        with pytest.raises(LogIsDamaged, match="does not say of which schema it is, its table archwright_migrations"):
            use(log)


REFUSED = EVENTS | {"no schema": ("DELETE FROM archwright_migrations",)}


@pytest.mark.parametrize("what", REFUSED)
def test_a_refused_log_is_made_anew_from_its_journal_as_the_error_says(log, what):
    """Where no journal lies beside it, that is not said."""
    before = log.read("a-1")
    meddle(log, *REFUSED[what])
    with pytest.raises((NotALog, LogIsDamaged)) as raised:
        log.runs()
    journal = locate_journal(log.path)
    assert str(raised.value).endswith(
        f"; move it away, and make it anew from its journal {journal} with: archwright runs --log {log.path} "
        f"(aw.Log({str(log.path)!r}).runs() in Python)"
    )
    kept = journal.rename(journal.with_name("kept"))
    remedy = r"(name another one with --log \(log= in Python\)|put a backup in its place)$"
    with pytest.raises((NotALog, LogIsDamaged), match=remedy):
        log.runs()
    kept.rename(journal)
    log.path.rename(log.path.with_name("moved away"))
    assert log.runs() == ["a-1"]
    assert log.read("a-1") == before


def test_a_trigger_is_refused(tmp_path):
    """It would act with our hands: what it says is run whenever we append."""
    log = DuckDBLog(tmp_path / "log.duckdb")
    log.append("a-1", [make_run_started()], START)
    newer = DuckDBLog(tmp_path / "newer.duckdb")
    with duckdb.connect() as database:
        try:
            database.execute(f"ATTACH '{newer.path}' AS newer (STORAGE_VERSION 'v2.0.0')")
        except duckdb.Error:
            pytest.skip("this DuckDB has no triggers")
        database.execute(f"ATTACH '{log.path}' AS log; COPY FROM DATABASE log TO newer; USE newer")
        database.execute("CREATE TABLE loot (content VARCHAR)")
        database.execute(
            "CREATE TRIGGER greedy AFTER INSERT ON events FOR EACH STATEMENT "
            f"INSERT INTO loot (SELECT content FROM read_text('{tmp_path}/*'))"
        )
    with pytest.raises(NotALog, match=r"newer\.duckdb has the trigger greedy, which would act whenever we write"):
        newer.append("b-1", [make_run_started()], START)
    assert query(newer.path, "SELECT count(*) FROM loot").rows == [(0,)]
    assert len(newer.read("a-1")) == 1
    assert not locate_run_folder(newer.path, "b-1").exists()


@pytest.mark.parametrize("torn", [False, True])
def test_a_journal_that_leads_to_ones_own_is_neither_written_nor_believed(log, tmp_path, torn):
    """Neither by who goes on with the stranger's log, nor by who finds it torn."""
    own = DuckDBLog(tmp_path / "own.duckdb")
    own.append("mine-1", make_run_events(1), START)
    before = locate_journal(own.path).read_bytes()
    position = log.read("a-1")[-1].position
    locate_journal(log.path).unlink()
    locate_journal(log.path).symlink_to(locate_journal(own.path))
    if torn:
        log.path.write_bytes(log.path.read_bytes()[:300_000])
    with pytest.raises(LogIsDamaged, match=r"log\.duckdb\.journal is damaged: it is a link"):
        log.append("a-1", [make_run_started()], position)
    assert locate_journal(own.path).read_bytes() == before
    assert torn or log.runs() == ["a-1"]
    assert [(verdict.events, verdict.journal) for verdict in verify_log(own.path)] == [(7, "held")]


def test_an_export_reaches_no_file_either(log, tmp_path):
    with (tmp_path / "out").open("wb") as file, pytest.raises(ValueError, match="DuckDB says"):
        export_query(log.path, f"SELECT * FROM read_text('{tmp_path}/secret')", file, "csv")
    assert (tmp_path / "out").read_bytes() == b""


@pytest.mark.parametrize("ending", ["wal", "wal.checkpoint", "wal.recovery"])
@pytest.mark.parametrize("leads_to", ["a file", "nothing"])
def test_a_link_for_a_write_ahead_file_has_nothing_overwritten(log, tmp_path, ending, leads_to):
    """DuckDB would write the next events through it into a file of the reader's."""
    mine = tmp_path / "mine.txt"
    if leads_to == "a file":
        mine.write_text("mine")
    before, link = log.read("a-1"), log.path.with_name(f"{log.path.name}.{ending}")
    link.symlink_to(mine)
    for use in (log.runs, lambda: log.append("b-1", [make_run_started()], START), lambda: query(log.path, "FROM runs")):
        with pytest.raises(LogUnwritable, match=rf"{ending} is a link, and DuckDB .* delete the link"):
            use()
    assert not mine.exists() if leads_to == "nothing" else mine.read_text() == "mine"
    link.unlink()
    assert log.read("a-1") == before
