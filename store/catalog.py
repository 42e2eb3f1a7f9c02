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

from archwright.store.beside import scratch_folder
from archwright.store.errors import NotALog, remedy
from archwright.store.file import OPTIONS, SEALED, Database, log_name, quoted
from archwright.store.views import VIEWS, create_view

MIGRATIONS_TABLE = "CREATE TABLE archwright_migrations(number INTEGER NOT NULL, name VARCHAR NOT NULL)"
EVENTS_TABLES = tuple(  # of schema 1, and since
    "CREATE TABLE events(run VARCHAR NOT NULL, seq BIGINT NOT NULL, time DOUBLE NOT NULL, kind VARCHAR NOT NULL, "
    f"trial BIGINT, payload JSON NOT NULL, chain {chain} NOT NULL)"
    for chain in ("VARCHAR", "UUID")
)
_OURS: Mapping[str, tuple[str, ...]] = {"archwright_migrations": (MIGRATIONS_TABLE,), "events": EVENTS_TABLES}

_KEPT = "archwright-views-"  # how the folders begin in which views are made to be compared

_TABLES = """
    SELECT table_name, sql FROM duckdb_tables()
    WHERE database_name = ? AND schema_name = 'main' AND table_name IN ('archwright_migrations', 'events')
"""
_VIEWS = "SELECT view_name, sql FROM duckdb_views() WHERE database_name = ? AND schema_name = 'main' AND NOT internal"
_MACROS = """
    SELECT DISTINCT function_name FROM duckdb_functions() WHERE database_name = ? AND NOT internal
    INTERSECT SELECT function_name FROM duckdb_functions() WHERE database_name = 'system'
"""


def require_tables(database: Database, path: Path) -> None:
    """Nothing, if the log's tables are tables with its columns; else NotALog. No view of the file is looked into."""
    found = dict(database.execute(_TABLES, [log_name(database)]).fetchall())
    if "archwright_migrations" not in found:
        raise _no_log(path, "is somebody else's DuckDB file")
    for name, known in _OURS.items():
        if name not in found:
            raise _no_log(path, f"is no log that can be read: it has no table {name}")
        if _plain(found[name]) not in map(_plain, known):
            has = " ".join(found[name].split())[:300]
            raise _no_log(path, f"is no log that can be read: its table {name} has other columns than a log's ({has})")


def _no_log(path: Path, why: str) -> NotALog:
    return NotALog(f"{path} {why}; {remedy(path, 'name another one with --log')}")


def require_no_triggers(database: Database, path: Path) -> None:
    """Nothing, if a write into the log does nothing else; else NotALog."""
    try:
        found = database.execute(
            "SELECT trigger_name FROM duckdb_triggers() WHERE database_name = ?", [log_name(database)]
        )
    except duckdb.CatalogException:  # DuckDB before 2.0, which has none
        return
    if names := found.fetchall():
        raise NotALog(
            f"{path} has the trigger {names[0][0]}, which would act whenever we write; drop it, or use another log"
        )


def _plain(sql: str) -> str:
    """The text of a table without what it may be written with or without."""
    return re.sub(r'USING COMPRESSION \w+|[\s";]', "", sql)


def strange_views(database: Database) -> list[str]:
    """The views of ours that the log does not have as we make them."""
    found = dict(database.execute(_VIEWS, [log_name(database)]).fetchall())
    ours = _our_views()
    return [name for name in ours if found.get(name) != ours[name] and _kept_again(name, found) != ours[name]]


def _kept_again(name: str, found: Mapping[str, str]) -> str | None:
    """The text of one of the views that were `found` as this DuckDB keeps it: an earlier one may have kept another."""
    with suppress(KeyError, duckdb.Error):
        return _as_kept([found[name].replace("CREATE VIEW", "CREATE OR REPLACE VIEW", 1)])[name]
    return None


@cache
def _our_views() -> Mapping[str, str]:
    """The text of each view of ours as DuckDB keeps it."""
    return _as_kept([])


def _as_kept(statements: Sequence[str]) -> Mapping[str, str]:
    """The text of each view of a new log after `statements`, which reach no file.

    It is read back from the disk: DuckDB writes numbers otherwise than people, and only there.
    """
    with scratch_folder(tempfile.gettempdir(), _KEPT) as folder:
        path = folder / "kept.duckdb"
        with duckdb.connect(config={"threads": 1, **SEALED}) as database:
            database.execute(f"SET allowed_directories = ['{quoted(folder)}']")
            database.execute("SET enable_external_access = false")
            database.execute(f"ATTACH '{quoted(path)}' AS kept ({OPTIONS['create']})")
            database.execute("USE kept")
            for sql in (EVENTS_TABLES[-1], *map(create_view, VIEWS), *statements):
                database.execute(sql)
            database.execute("USE memory")
            database.execute("DETACH kept")
            database.execute(f"ATTACH '{quoted(path)}' AS kept ({OPTIONS['read']})")
            views = dict(database.execute(_VIEWS, ["kept"]).fetchall())
    return {view.name: views[view.name] for view in VIEWS}


def shadowing_macros(database: Database) -> list[str]:
    """The macros of the file that go by the names of DuckDB's own functions."""
    name = log_name(database)
    return sorted(name for (name,) in database.execute(_MACROS, [name]).fetchall())
