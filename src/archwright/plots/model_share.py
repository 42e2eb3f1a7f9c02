"""How many of a search's configurations a model made, over the run."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from archwright.plots.axes import FigureOptions, finish_axes
from archwright.plots.bands import draw_band
from archwright.plots.colours import assign_colours
from archwright.plots.histories import stack_rows
from archwright.plots.trial_histories import NothingToShow, TrialGroups, TrialHistory, list_histories
from archwright.search.magnitude import FloatArray

WINDOW = 10  # proposals, of which each height is the share


def draw_model_share(axes: Any, groups: TrialGroups, options: FigureOptions) -> None:
    """The share of the last 10 new configurations that a model made, after each of them; promotions are none.

    Of several searches of one searcher it is their mean, or their median, in a band. Raises NothingToShow where no
    searcher says.
    """
    known = {label: [flags for flags in map(list_model_flags, group) if flags] for label, group in groups.items()}
    known = {label: rows for label, rows in known.items() if rows}
    if not known:
        histories = list_histories(groups)
        names = histories[0].run if len(histories) == 1 else "these runs"
        raise NothingToShow(
            f"the log of {names} does not say which configurations a model made: the searcher has none, or an earlier "
            "version wrote it"
        )
    colours = assign_colours(groups)
    for label, rows in known.items():
        made, count = sum(map(sum, rows)), sum(map(len, rows))
        shares = stack_rows([compute_moving_share(flags) for flags in rows])
        x = np.arange(1, shares.shape[1] + 1, dtype=np.float64)
        name = f"{label}: {made} of {count}"
        if len(rows) > 1:
            draw_band(axes, x, shares, name, colours[label], options.band)
        else:
            axes.plot(x, shares[0], color=colours[label], linewidth=1.4, label=name)
    axes.set_ylim(-0.02, 1.02)
    axes.xaxis.get_major_locator().set_params(integer=True)
    finish_axes(axes, "new configurations", f"share of the last {WINDOW} that a model made", False)


def list_model_flags(history: TrialHistory) -> list[bool]:
    """Whether a model made it, of each new configuration of which the searcher says so."""
    return [trial.by_model for trial in history.trials if trial.by_model is not None and trial.promotes is None]


def compute_moving_share(flags: Sequence[bool]) -> FloatArray:
    """The share of true ones among the last 10, or among all as long as these are fewer [flags]."""
    sums = np.concatenate([[0.0], np.cumsum(flags, dtype=np.float64)])
    ends = np.arange(1, len(flags) + 1)
    starts = np.maximum(0, ends - WINDOW)
    return (sums[ends] - sums[starts]) / (ends - starts)
