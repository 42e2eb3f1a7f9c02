"""What the scores at the small budgets of a search say of those at larger ones, as a table and a picture."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Self, TypedDict, Unpack

from attrs import frozen

from archwright.core.budget import Budget
from archwright.core.defaults import DEFAULT_PROMOTED, DEFAULT_RESAMPLES
from archwright.core.readers import ValueReader
from archwright.display.columns import TextTable
from archwright.display.console import make_table, render_text
from archwright.display.text import format_budget, humanize_value, pluralize
from archwright.execution.call_options import Option, take_options
from archwright.execution.checks import BadArgument, list_values, read_positive_count, read_seed
from archwright.plots.axes import plot_on_axes
from archwright.results.frames import make_frame
from archwright.results.html import escape_text, render_table
from archwright.results.plotting import PictureSettings, read_figure_options
from archwright.search.correlation.budget_correlation import BudgetCorrelation
from archwright.search.correlation.rank_correlation import CONFIDENCE, MIN_PAIRS, RankCorrelation
from archwright.search.running.budget_results import correlate_runs, count_failed_trials
from archwright.search.running.run_view import RunView

MIN_RESAMPLES = 1_000
_READER = ValueReader(BadArgument)


class CorrelationOptions(TypedDict, total=False):
    """What is asked of a correlation between budgets."""

    best: Annotated[int | Sequence[int], Option(DEFAULT_PROMOTED, "how many go on, where the regret of that is told")]
    seed: Annotated[int, Option(0, "of the resamples")]
    resamples: Annotated[int, Option(DEFAULT_RESAMPLES, f"for each interval; {MIN_RESAMPLES:,} or more")]


class RankRecord(TypedDict):
    """How far two rankings agree; all but the pairs is None where these are too few, or the scores all alike."""

    pairs: int
    spearman: float | None
    low: float | None  # of the 95 % interval of Spearman's
    high: float | None
    kendall: float | None  # tau-b


class RegretRecord(TypedDict):
    """What is lost at the higher budget by going on with the best `k` at the lower one."""

    k: int
    regret: float  # in the unit of the score
    by_chance: float  # the same of any k


class CorrelationRow(RankRecord):
    """What the scores at one budget say of those at a higher one: first of all configurations with both."""

    lower: str
    higher: str
    survivors: int  # pairs that are there because of their scores at a smaller budget
    candidates: int  # configurations that have a score at the lower budget
    without_survivors: RankRecord | None  # where there are both
    regrets: list[RegretRecord]
    ended_early: int  # pairs of which a training ended before its budget was spent


class CorrelationDetails(TypedDict):
    """All rows, and how they were made."""

    runs: list[str]
    metric: str
    seed: int
    resamples: int
    failed: dict[str, int]  # trials without a score, by their budgets
    budgets: list[CorrelationRow]


@frozen(eq=False, repr=False)
class Correlation(Sequence[CorrelationRow]):
    """What the scores at each budget say of those at each larger one: a row for every two budgets."""

    runs: Sequence[str]
    metric: str
    correlations: Sequence[BudgetCorrelation]
    failed: Mapping[Budget, int]  # trials without a score, by their budgets
    seed: int
    resamples: int
    choices: Sequence[int]  # how many go on, where the regret of that was asked for

    @property
    def told(self) -> Sequence[int]:
        """Those of the choices of which there is a regret, as some two budgets have more configurations."""
        return sorted({regret.k for found in self.correlations for regret in found.regrets})

    @classmethod
    def read(cls, views: Sequence[RunView], options: CorrelationOptions) -> Self:
        """That of the trials of these runs; raises NothingToCorrelate and BadArgument."""
        best = options.get("best", DEFAULT_PROMOTED)
        choices = [best] if isinstance(best, int) else list_values("best", best, " of numbers, as in [1, 3, 10]")
        choices = sorted({read_positive_count("best", k) for k in choices})
        seed = read_seed(options.get("seed", 0))
        resamples = _READER.read_integer("resamples", options.get("resamples", DEFAULT_RESAMPLES), low=MIN_RESAMPLES)
        correlations = correlate_runs(views, choices, seed, resamples)
        names, metric = [view.name for view in views], views[0].run.started.objective.metric
        return cls(names, metric, correlations, count_failed_trials(views), seed, resamples, choices)

    def __len__(self) -> int:
        return len(self.correlations)

    def __getitem__(self, index: Any) -> Any:
        found = self.correlations[index]
        return _record(found) if isinstance(found, BudgetCorrelation) else list(map(_record, found))

    def details(self) -> CorrelationDetails:
        """All that there is, as `archwright correlation --json` prints it."""
        return {
            "runs": list(self.runs),
            "metric": self.metric,
            "seed": self.seed,
            "resamples": self.resamples,
            "failed": {str(budget): count for budget, count in self.failed.items()},
            "budgets": list(self),
        }

    def frame(self, library: str | None = None) -> Any:
        """A data frame of pandas or polars with a row for every two budgets; raises NoFrameLibrary.

        A regret is in columns such as regret_3 and by_chance_3; what is without survivors in columns of that name.
        """
        rows = list(map(_flatten, self))
        names = dict.fromkeys(name for row in rows for name in row)
        return make_frame({name: [row.get(name) for row in rows] for name in names}, library)

    @take_options
    def plot(self, ax: Any = None, **options: Unpack[PictureSettings]) -> Any:
        """Draw the matrix of the budgets, and return the matplotlib axes: `ax`, or those of a new figure.

        Raises UnwritableFigure.
        """
        from archwright.plots.correlation_matrix import draw_correlation_matrix

        figure_options = read_figure_options({**options})
        return plot_on_axes(ax, figure_options, lambda axes: draw_correlation_matrix(axes, self.correlations))

    @property
    def remarks(self) -> list[str]:
        """What a person must know in order to read the rows."""
        return list(_list_remarks(self))

    def tabulate(self) -> TextTable:
        """The rows as the table that `archwright correlation` prints."""
        ks = self.told
        columns = {"from": "left", "to": "left", "configurations": "left", "pairs": "right", "Spearman": "right"}
        columns |= {"95 % interval": "right", "Kendall": "right"}
        columns |= {f"regret of best {k} (any)": "right" for k in ks}
        return make_table(columns, [row for found in self.correlations for row in _tabulate(found, ks)])

    def __repr__(self) -> str:
        return "\n".join([render_text(self.tabulate()), *self.remarks])

    def _repr_html_(self) -> str:
        table = self.tabulate()
        remarks = "".join(f"<div>{escape_text(remark)}</div>" for remark in self.remarks)
        return render_table(table.headers, table.rows, len(table.rows)) + remarks


def _record(found: BudgetCorrelation) -> CorrelationRow:
    return {
        "lower": str(found.lower),
        "higher": str(found.higher),
        **_record_ranks(found.whole),
        "survivors": found.chosen,
        "candidates": found.candidates,
        "without_survivors": None if found.unchosen is None else _record_ranks(found.unchosen),
        "regrets": [{"k": r.k, "regret": r.regret, "by_chance": r.by_chance} for r in found.regrets],
        "ended_early": found.ended_early,
    }


def _record_ranks(ranks: RankCorrelation) -> RankRecord:
    return {
        "pairs": ranks.pairs,
        "spearman": ranks.spearman,
        "low": ranks.low,
        "high": ranks.high,
        "kendall": ranks.kendall,
    }


def _flatten(row: CorrelationRow) -> dict[str, Any]:
    flat: dict[str, Any] = {name: value for name, value in row.items() if name not in ("regrets", "without_survivors")}
    for regret in row["regrets"]:
        flat |= {f"regret_{regret['k']}": regret["regret"], f"by_chance_{regret['k']}": regret["by_chance"]}
    for name, value in (row["without_survivors"] or {}).items():
        flat[f"without_survivors_{name}"] = value
    return flat


def _tabulate(found: BudgetCorrelation, ks: Sequence[int]) -> Iterable[Sequence[str]]:
    """A line for all configurations of two budgets, and one for those that are no survivors, where there are both."""
    budgets = [format_budget(found.lower), format_budget(found.higher)]
    survivors = f"survivors of {found.candidates}" if found.chosen == found.whole.pairs else f"{found.chosen} survivors"
    regrets = {r.k: f"{humanize_value(r.regret)} ({humanize_value(r.by_chance)})" for r in found.regrets}
    which = f"all: {survivors}" if found.chosen else "all"
    yield [*budgets, which, *_tabulate_ranks(found.whole), *(regrets.get(k, "") for k in ks)]
    if found.unchosen is not None:
        yield [*budgets, "without survivors", *_tabulate_ranks(found.unchosen), *("" for _ in ks)]


def _tabulate_ranks(ranks: RankCorrelation) -> Sequence[str]:
    if ranks.is_too_small or ranks.spearman is None:
        return [f"{ranks.pairs}", "too few" if ranks.is_too_small else "all alike", "", ""]
    interval = "" if ranks.low is None else f"{ranks.low:.2f} .. {ranks.high:.2f}"
    return [
        f"{ranks.pairs}",
        f"{ranks.spearman:.2f}",
        interval,
        "" if ranks.kendall is None else f"{ranks.kendall:.2f}",
    ]


def _list_remarks(correlation: Correlation) -> Iterable[str]:
    found = correlation.correlations
    if any(row.whole.spearman is not None for row in found):
        yield (
            f"intervals: {CONFIDENCE:.0%}, percentile bootstrap of the pairs, {correlation.resamples:,} resamples, "
            f"seed {correlation.seed}; regret in the unit of the {correlation.metric}"
        )
    if any(row.whole.is_too_small for row in found):
        yield f"too few: two budgets are held against each other by {MIN_PAIRS} configurations or more that had both"
    if (untold := [k for k in correlation.choices if k not in correlation.told]) and correlation.told:
        yield f"the regret of the best {untold[0]} is not told, as no two budgets have more configurations than that"
    if any(row.has_survivors for row in found):
        yield (
            "survivors came to the larger budget by promotions, for their scores at a smaller one: among them a "
            "correlation is mostly smaller than among all configurations, and a regret is of choosing among them"
        )
    if correlation.failed:
        counts = ", ".join(f"{count} at {format_budget(budget)}" for budget, count in correlation.failed.items())
        failed = sum(correlation.failed.values())
        yield f"{pluralize(failed, 'trial')} failed and {'is' if failed == 1 else 'are'} left out: {counts}"
    early = sum(row.ended_early for row in found)
    if early:
        yield (
            f"in {pluralize(early, 'pair')} a training ended before its budget was spent; its score counts for the "
            "budget that it was given"
        )
