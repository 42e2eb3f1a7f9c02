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
from archwright.store.beside import ahead, beside, scratch_folder
from archwright.store.errors import LogIsTorn, LogUnwritable, QueryFailed, explain
from archwright.store.file import SEALED, Database, Options, present, quoted
from archwright.store.repair import on_log
from archwright.store.views import VIEWS, create_view

Format = Literal["csv", "json", "parquet"]

COPIES = "archwright-copy-"  # how the folders for temporary files begin in which logs are copied
_LOG = "log"  # the copy's name in SQL
_ROWS_AT_ONCE = 10_000
_OPTIONS: dict[Format, str] = {
    "csv": "FORMAT csv, HEADER",
    "json": "FORMAT json, ARRAY true",
    "parquet": "FORMAT parquet",
}
_IN_JSON = re.compile(rb'"(?:[^"\\]|\\.)*"|-?\b(?:NaN|nan|Infinity|inf)\b')  # a text, or what is no number in JSON


@frozen
class Table:
    """What a query gave."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


@frozen
class Answer:
    """What a query gives, row by row."""

    columns: tuple[str, ...]
    rows: Iterator[tuple[Any, ...]]


def query(path: Path | str, sql: str, parameters: Sequence[object] = ()) -> Table:
    """What `sql` gives over the log at `path`, with a value of `parameters` for each question mark in it."""
    with questions(path) as ask:
        return ask(sql, parameters)


@contextmanager
def questions(path: Path | str) -> Generator[Callable[..., Table]]:
    """A `query` without its path that asks one copy of the log, whatever is appended while the block lasts."""

    def ask(sql: str, parameters: Sequence[object] = ()) -> Table:
        answer = _answer(database, sql, parameters)
        return Table(answer.columns, list(answer.rows))

    with _sandbox(Path(path)) as (database, _):
        yield ask


@contextmanager
def asked(path: Path | str, sql: str, parameters: Sequence[object] = ()) -> Generator[Answer]:
    """What `sql` gives over the log at `path`, to be read while the block lasts."""
    with _sandbox(Path(path)) as (database, _):
        yield _answer(database, sql, parameters)


def _answer(database: Database, sql: str, parameters: Sequence[object]) -> Answer:
    result = database.execute(sql, list(parameters))
    # DuckDB gives nothing at all, whatever its types say, for a query without a statement.
    columns = tuple(column[0] for column in (result.description or () if cast(Any, result) else ()))
    if not columns:
        raise QueryFailed("the query says nothing that has an answer; write one such as: from trials limit 3")
    batches = iter(lambda: result.fetchmany(_ROWS_AT_ONCE), [])
    return Answer(columns, chain.from_iterable(batches))


def export(path: Path | str, sql: str, file: BinaryIO, form: Format) -> None:
    """Write what `sql` gives over the log at `path` to `file`; in JSON, numbers that it has not are null."""
    with _sandbox(Path(path)) as (database, folder):
        target = folder / f"result.{form}"
        # A comment may end the query: the bracket stands on a line of its own.
        database.execute(f"COPY (\n{sql.rstrip().rstrip(';')}\n) TO '{quoted(target)}' ({_OPTIONS[form]})")
        with target.open("rb") as result:
            if form == "json":  # a row a line
                file.writelines(_IN_JSON.sub(_strict, line) for line in result)
            else:
                shutil.copyfileobj(result, file)


def _strict(found: re.Match[bytes]) -> bytes:
    return found[0] if found[0].startswith(b'"') else b"null"


@contextmanager
def _sandbox(path: Path) -> Generator[tuple[Database, Path]]:
    """A copy of the log at `path` as a database that reaches no file, except in the folder that comes with it."""
    try:
        with _scratch() as folder:
            copy, writable = folder / "log.duckdb", folder / "out"
            writable.mkdir()
            _copy(path, copy)
            limits: Options = {"memory_limit": "1GB", "threads": 2, "temp_directory": str(folder / "spill"), **SEALED}
            with duckdb.connect(config=limits) as database:
                _close(database, copy, writable)
                yield database, writable
    except duckdb.Error as error:
        raise _explained(error, path) from error
    except RuntimeError as error:
        if str(error) == "Query interrupted":
            raise KeyboardInterrupt from error
        raise


@contextmanager
def _scratch() -> Generator[Path]:
    """A folder for the copy; what killed processes have left of theirs goes first."""
    with ExitStack() as folders:
        try:
            folder = folders.enter_context(scratch_folder(tempfile.gettempdir(), COPIES))
        except OSError as error:
            raise _no_room(error) from error
        yield folder


def _copy(path: Path, copy: Path) -> None:
    """Copy the log while nobody can write it."""

    def copy_files(database: Database) -> None:
        del database
        log = present(path)
        try:
            for file, its_copy in zip(ahead(log), ahead(copy), strict=True):
                if file.exists():
                    shutil.copyfile(file, its_copy)
            # The log itself comes last: where we close it, the operating system takes all our locks on it (POSIX).
            shutil.copyfile(log, copy)
        except OSError as error:
            raise _no_room(error) from error

    on_log(path, "read", copy_files)


def _no_room(error: OSError) -> LogUnwritable:
    return LogUnwritable(
        f"a query asks a copy of the log, and none can be made in {tempfile.gettempdir()} ({error.strerror or error}); "
        "make room there, or name another folder in TMPDIR"
    )


def _close(database: Database, copy: Path, writable: Path) -> None:
    """Attach the copy and make the views, and let `database` reach nothing else and change nothing from there on."""
    allowed = ", ".join(f"'{quoted(path)}'" for path in (copy, *ahead(copy)))
    database.execute(f"SET allowed_paths = [{allowed}]")
    database.execute(f"SET allowed_directories = ['{quoted(writable)}']")
    database.execute("SET enable_external_access = false")
    database.execute(f"ATTACH '{quoted(copy)}' AS {_LOG} (TYPE duckdb, READ_ONLY)")
    for name in ("events", "archwright_migrations"):
        database.execute(f"CREATE VIEW {name} AS FROM {_LOG}.main.{name}")
    for view in VIEWS:
        database.execute(create_view(view))
    for name in _names_of_theirs(database):
        with suppress(duckdb.Error):  # a view of theirs that reaches elsewhere
            database.execute(f"CREATE VIEW {name} AS FROM {_LOG}.main.{name}")
    database.execute("SET lock_configuration = true")
    database.execute("BEGIN TRANSACTION READ ONLY")


def _names_of_theirs(database: Database) -> list[str]:
    """The tables and views in the file that are a person's own, as SQL writes them: their bare names stay good."""
    rows = database.execute(
        """
        SELECT table_name FROM duckdb_tables() WHERE database_name = ? AND schema_name = 'main'
        UNION ALL SELECT view_name FROM duckdb_views() WHERE database_name = ? AND schema_name = 'main' AND NOT internal
        """,
        [_LOG, _LOG],
    ).fetchall()
    known = {"events", "archwright_migrations", *(view.name for view in VIEWS)}
    return ['"' + name.replace('"', '""') + '"' for (name,) in rows if name.lower() not in known]


def _explained(error: duckdb.Error, path: Path) -> ArchwrightError:
    """The query's fault, or the file's."""
    if not isinstance(error, duckdb.IOException) and "Corrupt database file" not in str(error):
        return QueryFailed(_meaning(error))
    explained = explain(error, path)
    if isinstance(explained, LogIsTorn) and beside(path, "journal").exists():
        return LogIsTorn(
            f"{path} is damaged where nobody but this query has looked ({error}); {suggest_command(path, 'verify')} "
            "looks at all of it, and makes it anew from its journal"
        )
    return explained


def _meaning(error: duckdb.Error) -> str:
    if "pytz" in str(error):
        return "the query gives a time with a time zone, which needs pytz; cast it, as in now()::TIMESTAMP"
    return f"DuckDB says: {error}"
