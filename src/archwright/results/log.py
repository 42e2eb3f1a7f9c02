"""A log of runs."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Unpack

from attrs import field, frozen

from archwright.execution.call_options import take_options
from archwright.execution.checks import (
    check_flag,
    list_values,
    read_log_path,
    read_positive_count,
    require_trust,
)
from archwright.plots.histories import match_runs
from archwright.results.correlation import Correlation, CorrelationOptions
from archwright.results.describing import describe_best_trials, describe_runs
from archwright.results.html import render_heading, render_table
from archwright.results.plotting import PlotOptions, read_figure_options
from archwright.results.records import BestTrials, RunRow
from archwright.results.rows import Rows, write_rows
from archwright.results.run import Run
from archwright.search.running.run_view import view_best_trials
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.runs import require_run
from archwright.store.verdict import Head, RunVerdict
from archwright.store.verify import require_own_names, verify_log
from archwright.store.written_paths import shorten


@frozen(repr=False)
class Log(Mapping[str, Run]):
    """The runs in a file, by their names, the one that was started last at the end.

    Each access reads the file as it is then, also while searches go on in it. Code that the log names runs only where
    it lies in files that this person has named, or says to `trust`.
    """

    path: Path = field(converter=read_log_path)
    trust: bool = field(default=False, kw_only=True, validator=require_trust)

    def runs(self) -> list[RunRow]:
        """What is to know about each run, as `archwright runs --json` prints it; raises LogMissing."""
        return describe_runs(self.path)

    def __getitem__(self, name: str) -> Run:
        """The run of that name; NoSuchRun, with the nearest names, if there is none."""
        known = DuckDBLog(self.path).runs()
        return Run.read(self.path, require_run(name, known), trust=self.trust)

    def __iter__(self) -> Iterator[str]:
        return iter(DuckDBLog(self.path).runs())

    def __len__(self) -> int:
        return len(DuckDBLog(self.path).runs())

    def __contains__(self, name: object) -> bool:
        return name in DuckDBLog(self.path).runs()

    @property
    def last(self) -> Run:
        """The run that was started last; raises NoSuchRun where there is none."""
        return Run.read(self.path, trust=self.trust)

    def describe_best(self, run: str | None = None, n: int = 5, *, inherited: bool = False) -> BestTrials:
        """A record of the best trials of a run, or of the last one, as `archwright best --json` prints them.

        Those that it has `inherited` are among them where that is asked for. Nothing else of the run is read, while
        `log[run].best(n)` reads all of it. Raises LogMissing and NoSuchRun.
        """
        n = read_positive_count("n", n)
        inherited = check_flag("inherited", inherited)
        view = view_best_trials(self.path, run, n, trusted=self.trust, inherited=inherited)
        return describe_best_trials(view, n, inherited=inherited)

    def sql(self, query: str, limit: int | None = None) -> Rows:
        """The result of a query in DuckDB's SQL of the views runs, trials, scores ...; raises QueryFailed.

        With a `limit`, its first rows, so many at most: the others are not read.
        """
        return Rows.read(self.path, query, limit)

    def export_sql(self, query: str, file: str | Path | BinaryIO, format: str | None = None) -> None:  # noqa: A002
        """Write the rows of a query to a file: as csv, json or parquet, which its ending says, or the `format`.

        They are not held in memory, however many there are. A file may also be a stream of bytes. One that is there
        already is replaced if it is of the format. JSON has no NaN and no infinity: they are null there. Raises
        QueryFailed, UnwritableFile and FileOfAnotherKind.
        """
        write_rows(self.path, query, file, format)

    @take_options
    def plot(
        self,
        runs: str | Sequence[str] | None = None,
        kind: str = "incumbent",
        ax: Any = None,
        **options: Unpack[PlotOptions],
    ) -> Any:
        """Draw runs by their names, or by patterns such as "nb.*", and return the axes: `ax`, or those of a new figure.

        By itself it draws the last run. The kinds are those of `archwright plot`; runs of one searcher are one line.
        Warns of what is not drawn. Raises NothingToCompare, NothingScored, UnknownFigureKind, UnwritableFigure, and
        what `draw` does.
        """
        from archwright.plots.figures import plot_runs  # matplotlib takes half a second

        patterns = [self.last.name] if runs is None else _list_patterns(runs)
        return plot_runs(self.path, patterns, kind, ax, read_figure_options(options))

    @take_options
    def correlation(
        self, runs: str | Sequence[str] | None = None, **options: Unpack[CorrelationOptions]
    ) -> Correlation:
        """What scores at each budget say of those at each larger one, of the last run, or of all trials of these.

        They are named as for `plot`. A configuration that several of them have tried is one. Raises NoSuchRun,
        NothingToCompare and NothingToCorrelate.
        """
        if runs is None:
            return self.last.correlation(**options)
        known = dict.fromkeys(self)
        names = match_runs(self.path, known, _list_patterns(runs))
        return Correlation.read([self[name].view for name in names], options)

    def verify(self, expect: Sequence[str] = (), *, rescue: bool = False) -> list[RunVerdict]:
        """A verdict on every run, by the hashes over its events and the log's journal.

        `expect` are heads that a person has kept, as RUN:EVENT:HASH: the runs must have had them. To `rescue` makes a
        file that DuckDB refuses, and whose journal is damaged, anew with what the journal still proves. Raises
        LogIsDamaged and InvalidHead.
        """
        heads = list_values("expect", expect, " of heads, each as RUN:EVENT:HASH")
        return verify_log(self.path, [Head.of(text) for text in heads], rescuing=check_flag("rescue", rescue))

    def check_views(self) -> None:
        """Nothing, if the views in the file are those that archwright makes; else raises NamesTaken."""
        require_own_names(self.path)

    def __repr__(self) -> str:
        return f"Log({str(shorten(self.path))!r})"

    def _repr_html_(self) -> str:
        rows = self.runs()
        columns = ("run", "status", "space", "searcher", "scored", "target", "best")
        cells = ([row[column] for column in columns] for row in rows)
        return render_heading(str(shorten(self.path))) + render_table(columns, cells, len(rows))


def _list_patterns(runs: str | Sequence[str]) -> Sequence[str]:
    """The names or patterns of runs that a person gives."""
    return [runs] if isinstance(runs, str) else list_values("runs", runs, " of names or patterns, as in ['nb.*']")
