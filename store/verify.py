"""Whether the log still says what was appended to it."""

from pathlib import Path

from attrs import frozen

from archwright.store.catalog import shadowing_macros, strange_views
from archwright.store.chain import Break, first_break, first_unreadable
from archwright.store.duck import read_rows
from archwright.store.errors import NamesTaken
from archwright.store.file import attached
from archwright.store.log import START
from archwright.store.schema import MIGRATIONS, schema_version


@frozen
class Verdict:
    """What a check of one run found."""

    run: str
    events: int  # how many the log holds
    broken: Break | None  # the first event that is not what was appended; None if the run is whole


def verify(path: Path | str) -> list[Verdict]:
    """A verdict on each run of the log at `path`; raises LogIsDamaged where DuckDB itself cannot read the file.

    Every event is checked against the hash over it and all before it. A log that was replaced by an older copy of
    itself is whole, and cannot be told from one that never went further.
    """
    path = Path(path)
    with attached(path) as database:
        schema_version(database, path)
        runs = database.execute("SELECT run FROM events GROUP BY run ORDER BY min(rowid)").fetchall()
    return [_verdict(path, run) for (run,) in runs]


def _verdict(path: Path, run: str) -> Verdict:
    with attached(path) as database:
        rows = read_rows(database, run)
    return Verdict(run, len(rows), first_break(run, rows, START) or first_unreadable(rows))


def require_own_names(path: Path | str) -> None:
    """Nothing, if the views of the log at `path` are those that we make, and its macros take no name of DuckDB's.

    Else NamesTaken. The views of a file of an earlier schema are not looked at: we believe none of a file's.
    """
    path = Path(path)
    with attached(path) as database:
        views = strange_views(database) if schema_version(database, path) == len(MIGRATIONS) else []
        macros = shadowing_macros(database)
    if views:
        raise NamesTaken(
            f"{path} has other views than archwright makes: {', '.join(views)}. archwright asks its own; other "
            "programs are told what these say, until the next search or resume in this log makes them anew"
        )
    if macros:
        raise NamesTaken(
            f"{path} has macros under names of DuckDB's own functions: {', '.join(macros)}. archwright does not use "
            "them; other programs do, also in the views, until somebody drops them (DROP MACRO)"
        )
