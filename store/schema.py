"""The tables of the log, made and brought forward by numbered migrations."""

from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb

from archwright.store.errors import LogIsNewer, NotALog
from archwright.store.file import Database, transaction
from archwright.store.views import create_views

Migration = Callable[[Database], object]


def m001_events(database: Database) -> None:
    """The table that is the truth, without an index since it is only ever appended to, and the views over it."""
    database.execute(
        """
        CREATE TABLE events (
            run VARCHAR NOT NULL, seq BIGINT NOT NULL, time DOUBLE NOT NULL, kind VARCHAR NOT NULL,
            trial BIGINT, payload JSON NOT NULL, chain VARCHAR NOT NULL
        )
        """
    )
    create_views(database)


def m002_smaller(database: Database) -> None:
    """The same rows in a third of the room: payloads in ZSTD's form, and hashes as 16 bytes, not as 32 digits."""
    database.execute("ALTER TABLE events RENAME TO events_of_schema_1")
    database.execute(
        """
        CREATE TABLE events (
            run VARCHAR NOT NULL, seq BIGINT NOT NULL, time DOUBLE NOT NULL, kind VARCHAR NOT NULL,
            trial BIGINT, payload JSON NOT NULL USING COMPRESSION zstd, chain UUID NOT NULL
        )
        """
    )
    # A hash that somebody made into something else becomes one of zeros: `verify` finds it as before.
    database.execute(
        """
        INSERT INTO events SELECT run, seq, time, kind, trial, payload,
            coalesce(TRY_CAST(chain AS UUID), '00000000-0000-0000-0000-000000000000'::UUID)
        FROM events_of_schema_1 ORDER BY rowid
        """
    )
    database.execute("DROP TABLE events_of_schema_1")
    create_views(database)


def m003_metrics(database: Database) -> None:
    """The views of today, among them the one over metrics."""
    create_views(database)


MIGRATIONS: Sequence[Migration] = (m001_events, m002_smaller, m003_metrics)


def bring_forward(database: Database, path: Path) -> None:
    """Apply the migrations that the file at `path` has not seen."""
    version = schema_version(database, path)
    if version < len(MIGRATIONS):
        migrate(database, applied=version)


def migrate(database: Database, applied: int = 0) -> None:
    """Apply the migrations after the first `applied`, each in one transaction with its record."""
    for number, migration in enumerate(MIGRATIONS[applied:], start=applied + 1):
        with transaction(database):
            if number == 1:
                database.execute("CREATE TABLE archwright_migrations (number INTEGER NOT NULL, name VARCHAR NOT NULL)")
            migration(database)
            database.execute("INSERT INTO archwright_migrations VALUES (?, ?)", [number, migration.__name__])


def schema_version(database: Database, path: Path) -> int:
    """How many migrations the file at `path` has seen; raises NotALog for a foreign one, LogIsNewer for a later one."""
    try:
        rows = database.execute("SELECT max(number) FROM archwright_migrations").fetchall()
    except duckdb.CatalogException as error:
        raise NotALog(f"{path} is somebody else's DuckDB file; name another one with --log") from error
    version: int = rows[0][0]
    if version > len(MIGRATIONS):
        raise LogIsNewer(
            f"{path} has schema {version}, and this archwright knows schemas up to {len(MIGRATIONS)}; "
            "upgrade it with: pip install -U archwright"
        )
    return version
