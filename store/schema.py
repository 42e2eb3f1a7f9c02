"""The tables of the log, created and brought up to date by numbered migrations."""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import duckdb

from archwright.store.catalog import MIGRATIONS_TABLE, find_altered_views, require_no_triggers, require_tables
from archwright.store.database import Database, create_in_log, open_transaction
from archwright.store.errors import LogIsDamaged, LogIsNewer
from archwright.store.paths import suggest_remedy
from archwright.store.views import create_views

Migration = Callable[[Database], object]


def m001_events(database: Database) -> None:
    """The table of events, from which all else follows; without an index, since it is only appended to."""
    database.execute(
        """
        CREATE TABLE events (
            run VARCHAR NOT NULL, seq BIGINT NOT NULL, time DOUBLE NOT NULL, kind VARCHAR NOT NULL,
            trial BIGINT, payload JSON NOT NULL, chain VARCHAR NOT NULL
        )
        """
    )


def m002_smaller(database: Database) -> None:
    """The same rows in a third of the bytes: payloads compressed by ZSTD, and hashes as 16 bytes, not as 32 digits."""
    database.execute("ALTER TABLE events RENAME TO events_of_schema_1")
    database.execute(
        """
        CREATE TABLE events (
            run VARCHAR NOT NULL, seq BIGINT NOT NULL, time DOUBLE NOT NULL, kind VARCHAR NOT NULL,
            trial BIGINT, payload JSON NOT NULL USING COMPRESSION zstd, chain UUID NOT NULL
        )
        """
    )
    # What is no hash, as somebody changed it, becomes one of zeros: `verify_log` finds it as before.
    database.execute(
        """
        INSERT INTO events SELECT run, seq, time, kind, trial, payload,
            coalesce(TRY_CAST(chain AS UUID), '00000000-0000-0000-0000-000000000000'::UUID)
        FROM events_of_schema_1 ORDER BY rowid
        """
    )
    database.execute("DROP TABLE events_of_schema_1")


def m003_metrics(database: Database) -> None:
    """One more view, of metrics: nothing but that all views are created again."""


def m004_ends(database: Database) -> None:
    """Runs may have other ends than a number of trials: an older archwright would go past those, so it is refused."""


def m005_queue(database: Database) -> None:
    """One more view, of the queue, and one more column: nothing but that all views are created again."""


def m006_spaces(database: Database) -> None:
    """The view of runs says what a space is that was given as a value: all views are created again."""


def m007_budgets(database: Database) -> None:
    """The view of trials has no budget where nothing reads it: all views are created again."""


def m008_inherited(database: Database) -> None:
    """Runs may inherit trials: one more view, and an older archwright does not know the event, so it is refused."""


def m009_ladders(database: Database) -> None:
    """Runs may have several budgets, and ends that count those: an older archwright would go past them.

    So it is refused; and all views are created again.
    """


MIGRATIONS: Sequence[Migration] = (
    m001_events,
    m002_smaller,
    m003_metrics,
    m004_ends,
    m005_queue,
    m006_spaces,
    m007_budgets,
    m008_inherited,
    m009_ladders,
)


def upgrade(database: Database, path: Path) -> None:
    """Apply the migrations that the file at `path` lacks, and create its views again if they were altered."""
    version = read_schema_version(database, path)
    require_no_triggers(database, path)
    if version < len(MIGRATIONS):
        migrate(database, applied=version)
    elif _is_first_look(path) and _has_altered_views(database):
        # A person's table under a view's name stays, and with it the other views; `require_own_names` reports them.
        with suppress(duckdb.CatalogException), create_in_log(database), open_transaction(database):
            create_views(database)


def _has_altered_views(database: Database) -> bool:
    """Whether a view was altered; False where the disk has no room to find out."""
    with suppress(OSError, duckdb.IOException):
        return bool(find_altered_views(database))
    return False


@lru_cache(maxsize=256)
def _list_looks(path: Path, inode: int, pid: int) -> list[bool]:
    """A list, empty at first, for each file and process, in which `_is_first_look` notes that it was called."""
    del path, inode, pid
    return []


def _is_first_look(path: Path) -> bool:
    """Whether this process has not yet checked the views of the file: it does so once, since appends are to be fast."""
    looks = _list_looks(path, path.stat().st_ino, os.getpid())
    looks.append(True)
    return len(looks) == 1


def migrate(database: Database, applied: int = 0) -> None:
    """Apply the migrations after the first `applied`, each in one transaction with its record.

    The views, which are the slowest part of a new log, are created once, with the last of them.
    """
    with create_in_log(database):
        for number, migration in enumerate(MIGRATIONS[applied:], start=applied + 1):
            with open_transaction(database):
                if number == 1:
                    database.execute(MIGRATIONS_TABLE)
                migration(database)
                if number == len(MIGRATIONS):
                    create_views(database)
                database.execute("INSERT INTO archwright_migrations VALUES (?, ?)", [number, migration.__name__])


def read_schema_version(database: Database, path: Path) -> int:
    """The version of the schema of the file at `path`: the number of its last migration.

    Raises NotALog for another kind of file, LogIsDamaged for one without a version, LogIsNewer for a later version.
    """
    require_tables(database, path)
    version: int = max(
        [row[0] for row in database.execute("SELECT number FROM archwright_migrations").fetchall()], default=0
    )
    if version < 1:
        raise LogIsDamaged(
            f"{path} does not say of which schema it is, its table archwright_migrations is empty; "
            f"{suggest_remedy(path, 'put a backup in its place')}"
        )
    if version > len(MIGRATIONS):
        raise LogIsNewer(
            f"{path} has schema {version}, and this archwright knows schemas up to {len(MIGRATIONS)}; "
            "upgrade it with: pip install -U archwright"
        )
    return version
