"""A person's SQL over a copy of the log: it cannot harm the log, no search waits for it, and it reaches nothing else.

The copy is attached to a DuckDB in memory, and the views are made there: so they are today's, whatever the file holds
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

from archwright.core.errors import ArchwrightError, suggest_command
from archwright.store.atomic import make_scratch_folder
from archwright.store.database import NO_EXTENSIONS, Database, DuckDBOptions, escape_quotes
from archwright.store.errors import LogIsTorn, LogUnwritable, QueryFailed, explain_failure
from archwright.store.opening import run_on_log
from archwright.store.paths import locate_sidecar, locate_wal_files, resolve_log
from archwright.store.views import VIEWS, format_view

ExportFormat = Literal["csv", "json", "parquet"]
COPY_FOLDER_PREFIX = "archwright-copy-"  # how the folders for temporary files begin in which logs are copied
_COPY_ALIAS = "log"  # the copy's name in SQL
_FETCHED_ROWS = 10_000
_COPY_OPTIONS: dict[ExportFormat, str] = {
    "csv": "FORMAT csv, HEADER",
    "json": "FORMAT json, ARRAY true",
    "parquet": "FORMAT parquet",
}
_TEXT_OR_NON_FINITE = re.compile(
    rb'"(?:[^"\\]|\\.)*"|-?\b(?:NaN|nan|Infinity|inf)\b'
)  # a text, or what is no number in JSON


@frozen
class QueryResult:
    """What a query gave."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


@frozen
class QueryStream:
    """What a query gives, row by row."""

    columns: tuple[str, ...]
    rows: Iterator[tuple[Any, ...]]


def query(path: Path | str, sql: str, parameters: Sequence[object] = ()) -> QueryResult:
    """What `sql` gives over the log at `path`, with a value of `parameters` for each question mark in it."""
    with open_snapshot(path) as ask:
        return ask(sql, parameters)


@contextmanager
def open_snapshot(path: Path | str) -> Generator[Callable[..., QueryResult]]:
    """A `query` without its path that asks one copy of the log, whatever is appended while the block lasts."""

    def ask(sql: str, parameters: Sequence[object] = ()) -> QueryResult:
        answer = _run_query(database, sql, parameters)
        return QueryResult(answer.columns, list(answer.rows))

    with _open_sandbox(Path(path)) as (database, _):
        yield ask


@contextmanager
def stream_query(path: Path | str, sql: str, parameters: Sequence[object] = ()) -> Generator[QueryStream]:
    """What `sql` gives over the log at `path`, to be read while the block lasts."""
    with _open_sandbox(Path(path)) as (database, _):
        yield _run_query(database, sql, parameters)


def _run_query(database: Database, sql: str, parameters: Sequence[object]) -> QueryStream:
    result = database.execute(sql, list(parameters))
    # DuckDB gives nothing at all, whatever its types say, for a query without a statement.
    columns = tuple(column[0] for column in (result.description or () if cast(Any, result) else ()))
    if not columns:
        raise QueryFailed("the query says nothing that has an answer; write one such as: from trials limit 3")
    batches = iter(lambda: result.fetchmany(_FETCHED_ROWS), [])
    return QueryStream(columns, chain.from_iterable(batches))


def export_query(path: Path | str, sql: str, file: BinaryIO, form: ExportFormat) -> None:
    """Write what `sql` gives over the log at `path` to `file`; in JSON, numbers that it has not are null."""
    with _open_sandbox(Path(path)) as (database, folder):
        target = folder / f"result.{form}"
        # A comment may end the query: the bracket stands on a line of its own.
        database.execute(f"COPY (\n{sql.rstrip().rstrip(';')}\n) TO '{escape_quotes(target)}' ({_COPY_OPTIONS[form]})")
        with target.open("rb") as result:
            if form == "json":  # a row a line
                file.writelines(_TEXT_OR_NON_FINITE.sub(_replace_non_finite, line) for line in result)
            else:
                shutil.copyfileobj(result, file)


def _replace_non_finite(found: re.Match[bytes]) -> bytes:
    return found[0] if found[0].startswith(b'"') else b"null"


@contextmanager
def _open_sandbox(path: Path) -> Generator[tuple[Database, Path]]:
    """A copy of the log at `path` as a database that reaches no file, except in the folder that comes with it."""
    try:
        with _make_scratch() as folder:
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
                _seal(database, copy, writable)
                yield database, writable
    except duckdb.Error as error:
        raise _explain_query_failure(error, path) from error
    except RuntimeError as error:
        if str(error) == "Query interrupted":
            raise KeyboardInterrupt from error
        raise


@contextmanager
def _make_scratch() -> Generator[Path]:
    """A folder for the copy; what killed processes have left of theirs goes first."""
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
            for file, its_copy in zip(locate_wal_files(log), locate_wal_files(copy), strict=True):
                if file.exists():
                    shutil.copyfile(file, its_copy)
            # The log itself comes last: where we close it, the operating system takes all our locks on it (POSIX).
            shutil.copyfile(log, copy)
        except OSError as error:
            raise _explain_no_room(error) from error

    run_on_log(path, "read", copy_files)


def _explain_no_room(error: OSError) -> LogUnwritable:
    return LogUnwritable(
        f"a query asks a copy of the log, and none can be made in {tempfile.gettempdir()} ({error.strerror or error}); "
        "make room there, or name another folder in TMPDIR"
    )


def _seal(database: Database, copy: Path, writable: Path) -> None:
    """Attach the copy and make the views, and let `database` reach nothing else and change nothing from there on."""
    allowed = ", ".join(f"'{escape_quotes(path)}'" for path in (copy, *locate_wal_files(copy)))
    database.execute(f"SET allowed_paths = [{allowed}]")
    database.execute(f"SET allowed_directories = ['{escape_quotes(writable)}']")
    database.execute("SET enable_external_access = false")
    database.execute(f"ATTACH '{escape_quotes(copy)}' AS {_COPY_ALIAS} (TYPE duckdb, READ_ONLY)")
    for name in ("events", "archwright_migrations"):
        database.execute(f"CREATE VIEW {name} AS FROM {_COPY_ALIAS}.main.{name}")
    for view in VIEWS:
        database.execute(format_view(view))
    for name in _list_own_tables(database):
        with suppress(duckdb.Error):  # a view of theirs that reaches elsewhere
            database.execute(f"CREATE VIEW {name} AS FROM {_COPY_ALIAS}.main.{name}")
    database.execute("SET lock_configuration = true")
    database.execute("BEGIN TRANSACTION READ ONLY")


def _list_own_tables(database: Database) -> list[str]:
    """The tables and views in the file that are a person's own, as SQL writes them: their bare names stay good."""
    rows = database.execute(
        """
        SELECT table_name FROM duckdb_tables() WHERE database_name = ? AND schema_name = 'main'
        UNION ALL SELECT view_name FROM duckdb_views() WHERE database_name = ? AND schema_name = 'main' AND NOT internal
        """,
        [_COPY_ALIAS, _COPY_ALIAS],
    ).fetchall()
    known = {"events", "archwright_migrations", *(view.name for view in VIEWS)}
    return ['"' + name.replace('"', '""') + '"' for (name,) in rows if name.lower() not in known]


def _explain_query_failure(error: duckdb.Error, path: Path) -> ArchwrightError:
    """The query's fault, or the file's."""
    if not isinstance(error, duckdb.IOException) and "Corrupt database file" not in str(error):
        return QueryFailed(_explain_sql_error(error))
    explained = explain_failure(error, path)
    if isinstance(explained, LogIsTorn) and locate_sidecar(path, "journal").exists():
        return LogIsTorn(
            f"{path} is damaged where nobody but this query has looked ({error}); {suggest_command(path, 'verify')} "
            "looks at all of it, and makes it anew from its journal"
        )
    return explained


def _explain_sql_error(error: duckdb.Error) -> str:
    if "pytz" in str(error):
        return "the query gives a time with a time zone, which needs pytz; cast it, as in now()::TIMESTAMP"
    return f"DuckDB says: {error}"
