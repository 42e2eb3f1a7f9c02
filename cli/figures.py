"""Figures of searches: what the papers draw, good enough to print."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from attrs import frozen

from archwright.cli.histories import Floats, History, NothingToCompare, aligned, by_label
from archwright.cli.options import BadOption
from archwright.core.errors import ArchwrightError, nearest
from archwright.search.statistics import share_above, standard_error

Groups = Mapping[str, Sequence[History]]
SIZE = (5.0, 3.4)  # inches: a column of a paper
POINTS = 200  # dots an inch, of a PNG
THRESHOLDS = 100  # as in figure 6 of DeepArchitect
BINS = 50


class UnwritableFigure(ArchwrightError, OSError):
    """A file that a figure cannot be written to."""


@frozen
class Kind:
    """A kind of figure: what it shows, and what draws it on axes."""

    shows: str
    draw: Callable[[Any, Groups, float | None], None]


def chosen_kind(name: str) -> Kind:
    """The kind of figure of that name."""
    if name not in KINDS:
        raise BadOption(f"--kind is {name!r}; {nearest(name, KINDS)}")
    return KINDS[name]


def drawn(found: Sequence[History], kind: Kind, output: Path, optimum: float | None, title: str | None) -> None:
    """Write the figure to `output`, in the format of its ending. `optimum` is the best possible score, if known."""
    import matplotlib as mpl

    mpl.use("Agg")  # no window: also where there is no screen
    from matplotlib import pyplot

    with mpl.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "svg.fonttype": "none"}):
        figure, axes = pyplot.subplots(figsize=SIZE, layout="constrained")
        kind.draw(axes, by_label(found), optimum)
        if title:
            axes.set_title(title)
        try:
            figure.savefig(output, dpi=POINTS)
        except (OSError, ValueError) as error:
            raise UnwritableFigure(f"{output} cannot be written: {error}; name a .png, .svg or .pdf file") from error
        finally:
            pyplot.close(figure)


def _band(axes: Any, x: Floats, rows: Floats, label: str) -> None:
    """The mean over searches, and one standard error on either side of it."""
    mean, error = rows.mean(axis=0), standard_error(rows)
    (line,) = axes.plot(x, mean, label=f"{label} (n={len(rows)})", linewidth=1.4)
    axes.fill_between(x, mean - error, mean + error, color=line.get_color(), alpha=0.25, linewidth=0)


def _goal(first: History, optimum: float | None) -> str:
    return f"best {first.metric} so far" if optimum is None else f"regret: {first.metric} from the optimum"


def _distance(history: History, best: Floats, optimum: float | None) -> Floats:
    return best if optimum is None else history.sign * (optimum - best)


def _incumbent(axes: Any, groups: Groups, optimum: float | None) -> None:
    for label, group in groups.items():
        rows = aligned(group, [_distance(each, each.best, optimum) for each in group])
        _band(axes, np.arange(1, rows.shape[1] + 1, dtype=np.float64), rows, label)
    _finish(axes, "evaluations", _goal(_first(groups), optimum), optimum is not None)


def _time(axes: Any, groups: Groups, optimum: float | None) -> None:
    latest = min(float(each.seconds.sum()) for group in groups.values() for each in group)
    earliest = max(float(each.seconds[0]) for group in groups.values() for each in group)
    if not 0 < earliest < latest:
        raise NothingToCompare("the searches have no stretch of time in common; plot --kind incumbent instead")
    x = np.geomspace(earliest, latest, 300)
    for label, group in groups.items():
        rows = []
        for each in group:
            at = np.searchsorted(np.cumsum(each.seconds), x, side="right") - 1
            rows.append(_distance(each, each.best, optimum)[at])
        _band(axes, x, np.stack(rows), label)
    axes.set_xscale("log")
    _finish(axes, "seconds of evaluation", _goal(_first(groups), optimum), optimum is not None)


def _threshold(axes: Any, groups: Groups, optimum: float | None) -> None:  # noqa: ARG001
    scores = np.concatenate([each.scores for group in groups.values() for each in group])
    low, high = np.nanmin(scores), np.nanmax(scores)
    x = np.linspace(0.0, 1.0, THRESHOLDS) if 0 <= low <= high <= 1 else np.linspace(low, high, THRESHOLDS)
    sign = _first(groups).sign
    for label, group in groups.items():
        rows = [share_above(sign * np.nan_to_num(each.scores, nan=-sign * np.inf), sign * x) for each in group]
        _band(axes, x, np.stack(rows), label)
    side = "or better" if sign > 0 else "or less"
    _finish(axes, _first(groups).metric, f"share of models with it {side}", False)


def _regret(axes: Any, groups: Groups, optimum: float | None) -> None:
    ends = [[float(_distance(each, each.best, optimum)[-1]) for each in group] for group in groups.values()]
    axes.boxplot(ends, tick_labels=list(groups), showmeans=True)
    axes.set_ylabel(f"final {_goal(_first(groups), optimum)}")
    axes.tick_params(axis="x", rotation=20)


def _histogram(axes: Any, groups: Groups, optimum: float | None) -> None:  # noqa: ARG001
    every = {label: np.concatenate([each.scores for each in group]) for label, group in groups.items()}
    there = {label: scores[np.isfinite(scores)] for label, scores in every.items()}
    together = np.concatenate(list(there.values()))
    edges = np.linspace(together.min(), together.max(), BINS + 1) if len(together) else np.linspace(0, 1, BINS + 1)
    for label, scores in there.items():
        axes.hist(scores, bins=edges, histtype="step", density=True, label=label, linewidth=1.4)
    _finish(axes, _first(groups).metric, "density of models", False)


def _first(groups: Groups) -> History:
    return next(iter(groups.values()))[0]


def _finish(axes: Any, x: str, y: str, logarithmic: bool) -> None:
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    if logarithmic:
        axes.set_yscale("symlog", linthresh=1e-4)
        axes.set_ylim(bottom=0)  # no regret is below it, though a band may be
    axes.legend(frameon=False)


KINDS: Mapping[str, Kind] = {
    "incumbent": Kind("the best score so far against evaluations, with standard errors", _incumbent),
    "time": Kind("the best score so far against the seconds of evaluation", _time),
    "threshold": Kind("the share of models above each score (DeepArchitect, figure 6)", _threshold),
    "regret": Kind("the final scores, or their distance to --optimum, as boxes", _regret),
    "histogram": Kind("how the scores are spread", _histogram),
}
