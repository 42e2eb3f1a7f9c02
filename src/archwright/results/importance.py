"""How much the hyperparameters of a run matter, as a value."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict

from attrs import field, frozen

from archwright.core.budget import Budget
from archwright.core.objective import Objective
from archwright.core.value import Value
from archwright.display.columns import TextTable
from archwright.display.console import make_table, render_text
from archwright.display.text import format_budget, format_count, humanize_value, pluralize
from archwright.execution.checks import check_text, list_values, read_figure_file
from archwright.plots.importances import ImportanceFigure, plot_importance
from archwright.results.budget_trials import BudgetTrials, read_analyzed_trials, select_budget_trials
from archwright.results.frames import make_frame
from archwright.results.html import escape_text, render_heading, render_table
from archwright.search.importance.analysis import (
    MIN_R2,
    HyperparameterImportance,
    ImportanceAnalysis,
    analyze_importance,
)
from archwright.search.importance.analyzed_trial import AnalyzedTrial
from archwright.search.importance.fanova import Estimate, MarginalCurve
from archwright.search.running.run_view import RunView
from archwright.store.written_paths import shorten

MIN_TELLING_BEST_TRIALS = 5  # of fewer, the densities are hardly more than their kernels
MAX_PAIR_ROWS = 20  # of a table for people


class ImportanceRow(TypedDict):
    """How much a hyperparameter matters."""

    hyperparameter: str
    trials: int  # in which it is active: its importance is among these
    importance: float | None  # its share of the variance of their scores; None where they are too few or all alike
    deviation: float | None  # between the trees
    r2: float | None  # out-of-bag, of the forest that says so
    meaningful: bool  # whether that is enough
    best_tenth: float  # its share of what matters for being among the best tenth
    incumbent: Value | None  # its value in the best of the trials; None where it is not active there


class PairRow(TypedDict):
    """How much two hyperparameters do together, beyond what each does."""

    first: str
    second: str
    trials: int
    importance: float
    deviation: float
    r2: float
    meaningful: bool


class MarginalPoint(TypedDict):
    """The mean score over all other hyperparameters, at a value of one."""

    value: Value
    mean: float
    deviation: float  # between the trees


class ImportanceDetails(TypedDict):
    """How much the hyperparameters of a run matter at one budget."""

    run: str
    log: str
    budget: str | None  # None: what evaluates the trials reads none
    metric: str
    direction: str
    trials: int  # with a score, which were analysed
    failed: int  # without one, which were left out
    best_trials: int  # how many the best tenth is
    incumbent: int  # the best of the trials
    r2: float
    meaningful: bool
    seed: int
    hyperparameters: list[ImportanceRow]
    pairs: list[PairRow]
    curves: dict[str, list[MarginalPoint]]
    remarks: list[str]


@frozen(eq=False, repr=False)
class Importance(Sequence[ImportanceRow]):
    """How much the hyperparameters of a run matter: a sequence of a row for each, those that matter most first.

    Those that are active in some of the trials only come after the others.
    """

    run: str
    log: Path
    objective: Objective
    trials: BudgetTrials
    larger: Sequence[BudgetTrials]  # of larger budgets, which are too few
    analysis: ImportanceAnalysis
    incumbent: AnalyzedTrial
    seed: int
    rows: tuple[ImportanceRow, ...] = field(init=False)
    pairs: tuple[PairRow, ...] = field(init=False)

    def __attrs_post_init__(self) -> None:
        rows = [_make_row(row, self.incumbent) for row in self.analysis.hyperparameters]
        pairs: list[PairRow] = [
            {
                "first": pair.names[0],
                "second": pair.names[1],
                "trials": pair.trials,
                "importance": pair.variance.mean,
                "deviation": pair.variance.deviation,
                "r2": pair.r2,
                "meaningful": pair.is_meaningful,
            }
            for pair in self.analysis.pairs
        ]
        object.__setattr__(self, "rows", tuple(rows))
        object.__setattr__(self, "pairs", tuple(pairs))

    @property
    def budget(self) -> Budget | None:
        """The budget that the trials had; None where what evaluates them reads none."""
        return self.trials.budget

    @property
    def r2(self) -> float:
        """Of the forest of all trials, out-of-bag: the share of the variance of unseen scores that it explains."""
        return self.analysis.r2

    @property
    def is_meaningful(self) -> bool:
        """Whether that is enough for its shares of the variance to mean something."""
        return self.r2 >= MIN_R2

    @property
    def curves(self) -> Mapping[str, MarginalCurve]:
        """By hyperparameter, the mean score over all others at its values; for those that were analysed."""
        return {row.name: row.curve for row in self.analysis.hyperparameters if row.curve is not None}

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: Any) -> Any:
        return self.rows[index]

    @property
    def heading(self) -> str:
        """What it is about, in a line."""
        at = "" if self.budget is None else f" at {format_budget(self.budget)}"
        best = f"{self.analysis.best_trials} of them the best tenth"
        return (
            f"{self.objective.metric} of {self.run}{at}: {pluralize(self.analysis.trials, 'trial')}, {best}; forests "
            f"of seed {self.seed}, out-of-bag R² {self.r2:.2f}"
        )

    @property
    def remarks(self) -> list[str]:
        """What a person must know in order to read the rows."""
        remarks: list[str] = []
        if self.larger:
            remarks.append(
                f"larger budgets have too few trials: {'; '.join(group.describe() for group in self.larger)}"
            )
        if self.trials.failed:
            remarks.append(f"{pluralize(self.trials.failed, 'trial')} without a score left out")
        if self.trials.promoted:
            remarks.append(
                f"{pluralize(self.trials.promoted, 'trial')} of smaller budgets promoted: among survivors, what made "
                "them survive varies less, and seems to matter less, than in the whole space"
            )
        if not self.is_meaningful:
            remarks.append(
                f"the forest explains {max(self.r2, 0):.2f} of the variance of scores that it has not seen, less than "
                f"{MIN_R2}: its shares of the variance are not meaningful"
            )
        if any(row.is_conditional for row in self.analysis.hyperparameters):
            remarks.append(
                "what is active in fewer trials is analysed among these: its share is of the variance of their scores"
            )
        if self.analysis.best_trials < MIN_TELLING_BEST_TRIALS:
            remarks.append(
                f"the shares for the best tenth say little where that is fewer than {MIN_TELLING_BEST_TRIALS}"
            )
        return remarks

    def tabulate(self) -> TextTable:
        """The rows as the table that `archwright importance` prints."""
        columns = {
            "hyperparameter": "left",
            "trials": "right",
            "importance": "right",
            "R²": "right",
            "best tenth": "right",
            f"trial {self.incumbent.trial}": "left",
        }
        cells = [
            (
                row.name,
                format_count(row.trials),
                _format_variance(row),
                "-" if row.r2 is None else f"{row.r2:.2f}",
                f"{row.best_share:.2f}",
                humanize_value(self.incumbent.values.get(row.name)),
            )
            for row in self.analysis.hyperparameters
        ]
        return make_table(columns, cells)

    def tabulate_pairs(self) -> TextTable:
        """The strongest pairs as the table that it prints."""
        columns = {"pair": "left", "trials": "right", "importance": "right", "R²": "right"}
        cells = [
            (
                f"{pair.names[0]} & {pair.names[1]}",
                format_count(pair.trials),
                _format_estimate(pair.variance),
                f"{pair.r2:.2f}",
            )
            for pair in self.analysis.pairs[:MAX_PAIR_ROWS]
        ]
        return make_table(columns, cells)

    def plot(
        self,
        kind: str = "bars",
        ax: Any = None,
        *,
        names: Sequence[str] | None = None,
        title: str | None = None,
        file: str | Path | None = None,
    ) -> Any:
        """Draw it, and return the matplotlib axes: `ax`, or those of a new figure; of several panels a list.

        The kinds are bars, and marginals: the mean score over all other hyperparameters at the values of each of
        `names`, the first dozen where that is None. A `file` is a .png, .svg or .pdf. Raises UnknownFigureKind,
        NoCurve, NotAxes and UnwritableFigure.
        """
        target = read_figure_file(file)
        listed = None if names is None else list_values("names", names, " of the names of hyperparameters")
        for name in listed or ():
            check_text("names", name, "a list of the names of hyperparameters")
        shown = ImportanceFigure(self.analysis, self.objective.metric, self.incumbent.trial, self.incumbent.values)
        return plot_importance(shown, kind, ax, names=listed, title=title, file=target)

    def frame(self, library: str | None = None) -> Any:
        """A data frame of pandas or polars with a row for each hyperparameter; raises NoFrameLibrary."""
        return make_frame({name: [row[name] for row in self.rows] for name in ImportanceRow.__annotations__}, library)

    def details(self) -> ImportanceDetails:
        """All that was found, as `archwright importance --json` prints it."""
        return {
            "run": self.run,
            "log": str(shorten(self.log)),
            "budget": None if self.budget is None else str(self.budget),
            "metric": self.objective.metric,
            "direction": self.objective.direction,
            "trials": self.analysis.trials,
            "failed": self.trials.failed,
            "best_trials": self.analysis.best_trials,
            "incumbent": self.incumbent.trial,
            "r2": self.r2,
            "meaningful": self.is_meaningful,
            "seed": self.seed,
            "hyperparameters": list(self.rows),
            "pairs": list(self.pairs),
            "curves": {name: _list_points(curve) for name, curve in self.curves.items()},
            "remarks": self.remarks,
        }

    def __repr__(self) -> str:
        return "\n".join([self.heading, *map(render_text, self.list_tables()), *self.remarks])

    def _repr_html_(self) -> str:
        tables = "".join(render_table(table.headers, table.rows, len(table.rows)) for table in self.list_tables())
        remarks = "".join(f"<div>{escape_text(remark)}</div>" for remark in self.remarks)
        return render_heading(self.heading) + tables + remarks

    def list_tables(self) -> list[TextTable]:
        """That of the hyperparameters, and that of the pairs where these were asked for."""
        return [self.tabulate(), *([self.tabulate_pairs()] if self.pairs else [])]


def compute_importance(view: RunView, budget: Budget | None, *, with_pairs: bool, seed: int) -> Importance:
    """How much the hyperparameters of a run matter, by its own trials of one budget.

    Raises what `select_budget_trials`, `read_analyzed_trials` and `analyze_importance` do.
    """
    trials, larger = select_budget_trials(view, budget)
    objective = view.run.started.objective
    analyzed = read_analyzed_trials(view, trials.scored)
    sign = 1.0 if objective.direction == "maximize" else -1.0
    analysis = analyze_importance(analyzed, sign=sign, seed=seed, with_pairs=with_pairs)
    best = view.run.started.ranking.rank(trials.scored)[0].trial
    incumbent = next(trial for trial in analyzed if trial.trial == best)
    return Importance(view.name, view.log, objective, trials, larger, analysis, incumbent, seed)


def _make_row(row: HyperparameterImportance, incumbent: AnalyzedTrial) -> ImportanceRow:
    return {
        "hyperparameter": row.name,
        "trials": row.trials,
        "importance": None if row.variance is None else row.variance.mean,
        "deviation": None if row.variance is None else row.variance.deviation,
        "r2": row.r2,
        "meaningful": row.is_meaningful,
        "best_tenth": row.best_share,
        "incumbent": incumbent.values.get(row.name),
    }


def _list_points(curve: MarginalCurve) -> list[MarginalPoint]:
    columns = zip(curve.points, curve.means.tolist(), curve.deviations.tolist(), strict=True)
    return [{"value": value, "mean": mean, "deviation": deviation} for value, mean, deviation in columns]


def _format_variance(row: HyperparameterImportance) -> str:
    """The share of the variance; or why there is none."""
    if row.variance is None:
        return f"needs {row.needed} trials" if row.trials < row.needed else "scores are alike"
    return _format_estimate(row.variance) + ("" if row.is_meaningful else ", not meaningful")


def _format_estimate(estimate: Estimate) -> str:
    return f"{estimate.mean:.3f} ± {estimate.deviation:.3f}"
