"""What a file holds under the names of a log's own tables and views: no file is believed for its names alone.

A log may be a stranger's. Where `events` is a view, looking at it would run what that says, over files of the reader's
machine; a macro or a view under a name of ours would answer in place of DuckDB or of us.
"""

import re
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

import duckdb

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
_SCRATCH_PREFIX = "archwright-views-"  # how the folders begin in which views are made to be compared
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
    """Nothing, if the log's tables are tables with its columns; else NotALog. No view of the file is looked into."""
    found = dict(database.execute(_SELECT_TABLES, [find_log_alias(database)]).fetchall())
    if "archwright_migrations" not in found:
        raise _explain_not_a_log(path, "is somebody else's DuckDB file")
    for name, known in _TABLE_DEFINITIONS.items():
        if name not in found:
            raise _explain_not_a_log(path, f"is no log that can be read: it has no table {name}")
        if _normalize_sql(found[name]) not in map(_normalize_sql, known):
            has = " ".join(found[name].split())[:300]
            raise _explain_not_a_log(
                path, f"is no log that can be read: its table {name} has other columns than a log's ({has})"
            )


def _explain_not_a_log(path: Path, why: str) -> NotALog:
    return NotALog(f"{path} {why}; {suggest_remedy(path, 'name another one with --log')}")


def require_no_triggers(database: Database, path: Path) -> None:
    """Nothing, if a write into the log does nothing else; else NotALog."""
    try:
        found = database.execute(
            "SELECT trigger_name FROM duckdb_triggers() WHERE database_name = ?", [find_log_alias(database)]
        )
    except duckdb.CatalogException:  # DuckDB before 2.0, which has none
        return
    if names := found.fetchall():
        raise NotALog(
            f"{path} has the trigger {names[0][0]}, which would act whenever we write; drop it, or use another log"
        )


def _normalize_sql(sql: str) -> str:
    """The text of a table without what it may be written with or without."""
    return re.sub(r'USING COMPRESSION \w+|[\s";]', "", sql)


def find_altered_views(database: Database) -> list[str]:
    """The views of ours that the log does not have as we make them."""
    found = dict(database.execute(_SELECT_VIEWS, [find_log_alias(database)]).fetchall())
    ours = _render_views()
    return [name for name in ours if found.get(name) != ours[name] and _rewrite_view(name, found) != ours[name]]


def _rewrite_view(name: str, found: Mapping[str, str]) -> str | None:
    """The text of one of the views that were `found` as this DuckDB keeps it: an earlier one may have kept another."""
    with suppress(KeyError, duckdb.Error):
        return _read_back_views([found[name].replace("CREATE VIEW", "CREATE OR REPLACE VIEW", 1)])[name]
    return None


@cache
def _render_views() -> Mapping[str, str]:
    """The text of each view of ours as DuckDB keeps it."""
    return _read_back_views([])


def _read_back_views(statements: Sequence[str]) -> Mapping[str, str]:
    """The text of each view of a new log after `statements`, which reach no file.

    It is read back from the disk: DuckDB writes numbers otherwise than people, and only there.
    """
    with make_scratch_folder(tempfile.gettempdir(), _SCRATCH_PREFIX) as folder:
        path = folder / "kept.duckdb"
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
    """The macros of the file that go by the names of DuckDB's own functions."""
    name = find_log_alias(database)
    return sorted(name for (name,) in database.execute(_SELECT_SHADOWING_MACROS, [name]).fetchall())
