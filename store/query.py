"""A person's SQL over a copy of the log: it cannot harm the log, and no search waits for it."""

import shutil
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, Literal

import duckdb
from attrs import frozen

from archwright.store.errors import QueryFailed
from archwright.store.failure import explain
from archwright.store.file import SEALED, Database, Options, attached, present, quoted
from archwright.store.schema import bring_forward

Format = Literal["csv", "json", "parquet"]

_OPTIONS: dict[Format, str] = {
    "csv": "FORMAT csv, HEADER",
    "json": "FORMAT json, ARRAY true",
    "parquet": "FORMAT parquet",
}


@frozen
class Table:
    """What a query gave."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


def query(path: Path | str, sql: str, parameters: Sequence[object] = ()) -> Table:
    """What `sql` gives over the log at `path`, with a value of `parameters` for each question mark in it."""
    path = Path(path)
    with _copied(path) as copy, _sandbox(path, copy) as database:
        result = database.execute(sql, list(parameters))
        return Table(tuple(column[0] for column in result.description or ()), result.fetchall())


def export(path: Path | str, sql: str, file: BinaryIO, form: Format) -> None:
    """Write what `sql` gives over the log at `path` to `file`; in JSON, numbers may be NaN and Infinity."""
    path = Path(path)
    with _copied(path) as copy:
        target = copy.parent / "out" / f"result.{form}"
        target.parent.mkdir()
        with _sandbox(path, copy, writable=target.parent) as database:
            # A comment may end the query: the bracket stands on a line of its own.
            database.execute(f"COPY (\n{sql.rstrip().rstrip(';')}\n) TO '{quoted(target)}' ({_OPTIONS[form]})")
        with target.open("rb") as result:
            shutil.copyfileobj(result, file)


@contextmanager
def _copied(path: Path) -> Generator[Path]:
    """A copy of the log that goes with the block, of this release's schema."""
    with TemporaryDirectory(prefix="archwright-") as folder:
        copy = Path(folder) / "log.duckdb"
        _copy(path, copy)
        with attached(copy, "write") as database:
            bring_forward(database, path)
        yield copy


def _copy(path: Path, copy: Path) -> None:
    """Copy the log while nobody can write it."""
    with attached(path):
        path = present(path)
        ahead = path.with_name(f"{path.name}.wal")
        try:
            if ahead.exists():
                shutil.copyfile(ahead, copy.with_name(f"{copy.name}.wal"))
            # The log itself comes last: where we close it, the operating system takes all our locks on it (POSIX).
            shutil.copyfile(path, copy)
        except OSError as error:
            raise explain(error, copy) from error


@contextmanager
def _sandbox(path: Path, copy: Path, writable: Path | None = None) -> Generator[Database]:
    """The copy of the log at `path` as a database that reaches no other file, except in the folder `writable`."""
    spill = str(copy.parent / "spill")
    limits: Options = {"memory_limit": "1GB", "threads": 2, "temp_directory": spill, **SEALED}
    try:
        with duckdb.connect(copy, read_only=True, config=limits) as database:
            if writable:
                database.execute(f"SET allowed_directories = ['{quoted(writable)}']")
            database.execute("SET enable_external_access = false")
            database.execute("SET lock_configuration = true")
            yield database
    except duckdb.IOException as error:  # not the query's fault
        raise explain(error, path) from error
    except duckdb.Error as error:
        raise QueryFailed(_meaning(error)) from error


def _meaning(error: duckdb.Error) -> str:
    if "pytz" in str(error):
        return "the query gives a time with a time zone, which needs pytz; cast it, as in now()::TIMESTAMP"
    return f"DuckDB says: {error}"
