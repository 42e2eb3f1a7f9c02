"""A person's SQL on a copy of the log: it cannot harm the log, no search waits for it, and it reaches nothing else.

The copy is attached to a DuckDB in memory, and the views are created there: so they are today's, whatever the file has
under their names, and no macro of the file's answers in them.
"""

import re
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

import duckdb
from attrs import frozen

from archwright.core.errors import ArchwrightError
from archwright.store.atomic import make_scratch_folder
from archwright.store.database import NO_EXTENSIONS, Database, DuckDBOptions, escape_quotes, raise_interrupts
from archwright.store.errors import LogIsTorn, LogUnwritable, QueryFailed, explain_failure
from archwright.store.opening import run_on_log
from archwright.store.paths import locate_sidecar, locate_wal_files, resolve_log
from archwright.store.suggestions import suggest_verification
from archwright.store.views import VIEWS, format_view

ExportFormat = Literal["csv", "json", "parquet"]
COPY_FOLDER_PREFIX = "archwright-copy-"  # of the scratch folders to which logs are copied
_COPY_ALIAS = "log"  # the copy's name in SQL
_FETCHED_ROWS = 10_000
_COPY_OPTIONS: dict[ExportFormat, str] = {
    "csv": "FORMAT csv, HEADER",
    "json": "FORMAT json, ARRAY true",
    "parquet": "FORMAT parquet",
}
_TEXT_OR_NON_FINITE = re.compile(
    rb'"(?:[^"\\]|\\.)*"|-?\b(?:NaN|nan|Infinity|inf)\b'
)  # a text, or a number that JSON does not have


@frozen
class QueryResult:
    """The result of a query."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


@frozen
class RunScope:
    """What a query sees of the events: those of a run, up to the one of that number."""

    run: str
    upto: int


@frozen
class QueryStream:
    """The result of a query, row by row."""

    columns: tuple[str, ...]
    rows: Iterator[tuple[Any, ...]]


def query(path: Path | str, sql: str, parameters: Sequence[object] = (), scope: RunScope | None = None) -> QueryResult:
    """The result of `sql` on the log at `path`, with a value of `parameters` for each question mark in it.

    With a `scope`, the table of events and all views hold what is in that.
    """
    with open_snapshot(path, scope) as query_copy:
        return query_copy(sql, parameters)


@contextmanager
def open_snapshot(path: Path | str, scope: RunScope | None = None) -> Generator[Callable[..., QueryResult]]:
    """A `query` without its path and its scope on one copy of the log, whatever is appended while the block lasts."""

    def query_copy(sql: str, parameters: Sequence[object] = ()) -> QueryResult:
        stream = _run_query(database, sql, parameters)
        return QueryResult(stream.columns, list(stream.rows))

    with _open_sandbox(Path(path), scope) as (database, _):
        yield query_copy


@contextmanager
def stream_query(
    path: Path | str, sql: str, parameters: Sequence[object] = (), scope: RunScope | None = None
) -> Generator[QueryStream]:
    """As `query`, but to be read row by row while the block lasts."""
    with _open_sandbox(Path(path), scope) as (database, _):
        yield _run_query(database, sql, parameters)


def _run_query(database: Database, sql: str, parameters: Sequence[object]) -> QueryStream:
    result = database.execute(sql, list(parameters))
    # For a query without a statement DuckDB returns None, whatever its types say.
    columns = tuple(column[0] for column in (result.description or () if cast(Any, result) else ()))
    if not columns:
        raise QueryFailed("the query says nothing that has an answer; write one such as: from trials limit 3")
    batches = iter(lambda: result.fetchmany(_FETCHED_ROWS), [])
    return QueryStream(columns, chain.from_iterable(batches))


def export_query(
    path: Path | str, sql: str, file: BinaryIO, file_format: ExportFormat, scope: RunScope | None = None
) -> None:
    """Write the result of a `query` to `file`; NaN and infinities are null in JSON."""
    with _open_sandbox(Path(path), scope) as (database, folder):
        target = folder / f"result.{file_format}"
        # A comment may end the query: the bracket stands on a line of its own.
        database.execute(
            f"COPY (\n{sql.rstrip().rstrip(';')}\n) TO '{escape_quotes(target)}' ({_COPY_OPTIONS[file_format]})"
        )
        with target.open("rb") as result:
            if file_format == "json":  # a row a line
                file.writelines(_TEXT_OR_NON_FINITE.sub(_replace_non_finite, line) for line in result)
            else:
                shutil.copyfileobj(result, file)


def _replace_non_finite(match: re.Match[bytes]) -> bytes:
    return match[0] if match[0].startswith(b'"') else b"null"


@contextmanager
def _open_sandbox(path: Path, scope: RunScope | None = None) -> Generator[tuple[Database, Path]]:
    """A copy of the log at `path` as a database that reaches no file, except in the folder that comes with it."""
    try:
        with raise_interrupts(), _make_scratch() as folder:
            copy, writable = folder / "log.duckdb", folder / "out"
            writable.mkdir()
            _copy_log(path, copy)
            limits: DuckDBOptions = {
                "memory_limit": "1GB",
                "threads": 2,
                "temp_directory": str(folder / "spill"),
                **NO_EXTENSIONS,
            }
            with duckdb.connect(config=limits) as database:
                _seal(database, copy, writable, scope)
                yield database, writable
    except duckdb.Error as error:
        raise _explain_query_failure(error, path) from error


@contextmanager
def _make_scratch() -> Generator[Path]:
    """A scratch folder for the copy; those of killed processes are swept first."""
    with ExitStack() as folders:
        try:
            folder = folders.enter_context(make_scratch_folder(tempfile.gettempdir(), COPY_FOLDER_PREFIX))
        except OSError as error:
            raise _explain_no_room(error) from error
        yield folder


def _copy_log(path: Path, copy: Path) -> None:
    """Copy the log while nobody can write it."""

    def copy_files(database: Database) -> None:
        del database
        log = resolve_log(path)
        try:
            for file, file_copy in zip(locate_wal_files(log), locate_wal_files(copy), strict=True):
                if file.exists():
                    shutil.copyfile(file, file_copy)
            # The log itself comes last: when it is closed, POSIX releases all locks of this process on it.
            shutil.copyfile(log, copy)
        except OSError as error:
            raise _explain_no_room(error) from error

    run_on_log(path, "read", copy_files)


def _explain_no_room(error: OSError) -> LogUnwritable:
    return LogUnwritable(
        f"a query asks a copy of the log, and none can be made in {tempfile.gettempdir()} ({error.strerror or error}); "
        "make room there, or name another folder in TMPDIR"
    )


def _seal(database: Database, copy: Path, writable: Path, scope: RunScope | None) -> None:
    """Attach the copy, create the views, and keep `database` from reaching or changing anything else from then on."""
    allowed = ", ".join(f"'{escape_quotes(path)}'" for path in (copy, *locate_wal_files(copy)))
    database.execute(f"SET allowed_paths = [{allowed}]")
    database.execute(f"SET allowed_directories = ['{escape_quotes(writable)}']")
    database.execute("SET enable_external_access = false")
    database.execute(f"ATTACH '{escape_quotes(copy)}' AS {_COPY_ALIAS} (TYPE duckdb, READ_ONLY)")
    condition = "" if scope is None else f" WHERE run = '{escape_quotes(scope.run)}' AND seq <= {scope.upto}"
    database.execute(f"CREATE VIEW events AS FROM {_COPY_ALIAS}.main.events{condition}")
    database.execute(f"CREATE VIEW archwright_migrations AS FROM {_COPY_ALIAS}.main.archwright_migrations")
    for view in VIEWS:
        database.execute(format_view(view))
    for name in _list_own_tables(database):
        with suppress(duckdb.Error):  # a person's view that reaches elsewhere
            database.execute(f"CREATE VIEW {name} AS FROM {_COPY_ALIAS}.main.{name}")
    database.execute("SET lock_configuration = true")
    database.execute("BEGIN TRANSACTION READ ONLY")


def _list_own_tables(database: Database) -> list[str]:
    """The quoted names of a person's own tables and views in the file, so that their bare names can be used."""
    rows = database.execute(
        """
        SELECT table_name FROM duckdb_tables() WHERE database_name = ? AND schema_name = 'main'
        UNION ALL SELECT view_name FROM duckdb_views() WHERE database_name = ? AND schema_name = 'main' AND NOT internal
        """,
        [_COPY_ALIAS, _COPY_ALIAS],
    ).fetchall()
    ours = {"events", "archwright_migrations", *(view.name for view in VIEWS)}
    return ['"' + name.replace('"', '""') + '"' for (name,) in rows if name.lower() not in ours]


def _explain_query_failure(error: duckdb.Error, path: Path) -> ArchwrightError:
    """The error for a query that failed: through its own fault, or because the file is damaged."""
    if not isinstance(error, duckdb.IOException) and "Corrupt database file" not in str(error):
        return QueryFailed(_explain_sql_error(error))
    explained = explain_failure(error, path)
    if isinstance(explained, LogIsTorn) and locate_sidecar(path, "journal").exists():
        return LogIsTorn(
            f"{path} is damaged where nobody but this query has looked ({error}); {suggest_verification(path)} "
            "looks at all of it, and makes it anew from its journal"
        )
    return explained


def _explain_sql_error(error: duckdb.Error) -> str:
    if "pytz" in str(error):
        return "the query gives a time with a time zone, which needs pytz; cast it, as in now()::TIMESTAMP"
    return f"DuckDB says: {error}"
