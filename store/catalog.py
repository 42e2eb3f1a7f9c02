"""Whether a file's tables, views and macros are those of a log: no file is trusted for its names alone.

A log may come from a stranger. If `events` were a view, reading it would run any query over files of the reader's
machine; a macro or a view under a name of ours would answer in place of DuckDB or of archwright.
"""

import re
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

import duckdb

from archwright.core.errors import cut_text
from archwright.store.atomic import make_scratch_folder
from archwright.store.database import ATTACH_OPTIONS, NO_EXTENSIONS, Database, escape_quotes, find_log_alias
from archwright.store.errors import NotALog
from archwright.store.paths import suggest_remedy
from archwright.store.views import VIEWS, format_view

MIGRATIONS_TABLE = "CREATE TABLE archwright_migrations(number INTEGER NOT NULL, name VARCHAR NOT NULL)"
EVENTS_TABLES = tuple(  # of schema 1, and since
    "CREATE TABLE events(run VARCHAR NOT NULL, seq BIGINT NOT NULL, time DOUBLE NOT NULL, kind VARCHAR NOT NULL, "
    f"trial BIGINT, payload JSON NOT NULL, chain {chain} NOT NULL)"
    for chain in ("VARCHAR", "UUID")
)
_TABLE_DEFINITIONS: Mapping[str, tuple[str, ...]] = {
    "archwright_migrations": (MIGRATIONS_TABLE,),
    "events": EVENTS_TABLES,
}
_FOLDER_PREFIX = "archwright-views-"  # of the scratch folders in which views are created to be compared
_SELECT_TABLES = """
    SELECT table_name, sql FROM duckdb_tables()
    WHERE database_name = ? AND schema_name = 'main' AND table_name IN ('archwright_migrations', 'events')
"""
_SELECT_VIEWS = (
    "SELECT view_name, sql FROM duckdb_views() WHERE database_name = ? AND schema_name = 'main' AND NOT internal"
)
_SELECT_SHADOWING_MACROS = """
    SELECT DISTINCT function_name FROM duckdb_functions() WHERE database_name = ? AND NOT internal
    INTERSECT SELECT function_name FROM duckdb_functions() WHERE database_name = 'system'
"""


def require_tables(database: Database, path: Path) -> None:
    """Raise NotALog unless the log's tables are tables with a log's columns; no view of the file is read."""
    tables = dict(database.execute(_SELECT_TABLES, [find_log_alias(database)]).fetchall())
    if "archwright_migrations" not in tables:
        raise _explain_not_a_log(path, "is somebody else's DuckDB file")
    for name, definitions in _TABLE_DEFINITIONS.items():
        if name not in tables:
            raise _explain_not_a_log(path, f"is no log that can be read: it has no table {name}")
        if _normalize_sql(tables[name]) not in map(_normalize_sql, definitions):
            definition = cut_text(" ".join(tables[name].split()), 300)
            raise _explain_not_a_log(
                path, f"is no log that can be read: its table {name} has other columns than a log's ({definition})"
            )


def _explain_not_a_log(path: Path, why: str) -> NotALog:
    return NotALog(f"{path} {why}; {suggest_remedy(path, 'name another one with --log (log= in Python)')}")


def require_no_triggers(database: Database, path: Path) -> None:
    """Raise NotALog if the log has a trigger, by which writing to it would do something else as well."""
    try:
        triggers = database.execute(
            "SELECT trigger_name FROM duckdb_triggers() WHERE database_name = ?", [find_log_alias(database)]
        )
    except duckdb.CatalogException:  # DuckDB before 2.0, which has none
        return
    if names := triggers.fetchall():
        raise NotALog(
            f"{path} has the trigger {names[0][0]}, which would act whenever we write; drop it, or use another log"
        )


def _normalize_sql(sql: str) -> str:
    """A table's definition without spaces, quotes, semicolons and compression, which may differ between files."""
    return re.sub(r'USING COMPRESSION \w+|[\s";]', "", sql)


def find_altered_views(database: Database) -> list[str]:
    """The names of those views of a log that are missing or are not as archwright creates them."""
    definitions = dict(database.execute(_SELECT_VIEWS, [find_log_alias(database)]).fetchall())
    expected = _render_views()
    return [
        name
        for name in expected
        if definitions.get(name) != expected[name] and _rewrite_view(name, definitions) != expected[name]
    ]


def _rewrite_view(name: str, definitions: Mapping[str, str]) -> str | None:
    """The definition of a view as this DuckDB stores it: an earlier DuckDB may have stored it otherwise."""
    with suppress(KeyError, duckdb.Error):
        return _read_back_views([definitions[name].replace("CREATE VIEW", "CREATE OR REPLACE VIEW", 1)])[name]
    return None


@cache
def _render_views() -> Mapping[str, str]:
    """The definition of each view of a log as DuckDB stores it."""
    return _read_back_views([])


def _read_back_views(statements: Sequence[str]) -> Mapping[str, str]:
    """The definition of each view of a new log after `statements`, which can reach no file.

    They are read back from the disk: only there does DuckDB write numbers in its own way.
    """
    with make_scratch_folder(tempfile.gettempdir(), _FOLDER_PREFIX) as folder:
        path = folder / "views.duckdb"
        with duckdb.connect(config={"threads": 1, **NO_EXTENSIONS}) as database:
            database.execute(f"SET allowed_directories = ['{escape_quotes(folder)}']")
            database.execute("SET enable_external_access = false")
            database.execute(f"ATTACH '{escape_quotes(path)}' AS kept ({ATTACH_OPTIONS['create']})")
            database.execute("USE kept")
            for sql in (EVENTS_TABLES[-1], *map(format_view, VIEWS), *statements):
                database.execute(sql)
            database.execute("USE memory")
            database.execute("DETACH kept")
            database.execute(f"ATTACH '{escape_quotes(path)}' AS kept ({ATTACH_OPTIONS['read']})")
            views = dict(database.execute(_SELECT_VIEWS, ["kept"]).fetchall())
    return {view.name: views[view.name] for view in VIEWS}


def find_shadowing_macros(database: Database) -> list[str]:
    """The names of the file's macros that are also names of DuckDB's own functions."""
    macros = database.execute(_SELECT_SHADOWING_MACROS, [find_log_alias(database)]).fetchall()
    return sorted(name for (name,) in macros)
