"""A run of one architecture, trained again and again: what it reaches on average, and how much that is chance."""

import statistics
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from archwright.cli.reports.records import RepeatsRecord, TrialRecord
from archwright.core.json import JSON
from archwright.display.text import format_score, pluralize
from archwright.search.magnitude import find_exponent, scale_down, scale_up
from archwright.search.searchers.fixed import Fixed
from archwright.store.events import RunStarted


def is_repeated(started: RunStarted) -> bool:
    """Whether all trials of a run are of one architecture."""
    return started.searcher["name"] == Fixed.name


def format_origin(searcher: Mapping[str, JSON]) -> str:
    """What such a run trains, for people."""
    run, trial = searcher["run"], searcher["trial"]
    return f"trial {trial} of {run}" if run else "a given path"


def describe_repeats(started: RunStarted, trials: Sequence[TrialRecord]) -> RepeatsRecord:
    """The mean of the trials that have a score, and their standard deviation, that of a sample; None if too few."""
    scores = [trial["score"] for trial in trials if trial["score"] is not None]
    return {
        "run": started.searcher["run"] or None,
        "trial": started.searcher["trial"],
        "metric": started.objective.metric,
        "trainings": len(trials),
        "scores": len(scores),
        "mean": _compute_rescaled(statistics.fmean, scores) if scores else None,
        "deviation": _compute_rescaled(statistics.stdev, scores) if len(scores) > 1 else None,
    }


def _compute_rescaled(statistic: Callable[[Sequence[float]], float], scores: Sequence[float]) -> float:
    """A mean or a deviation of scores, scaled down for it, as their sum may be more than a float holds."""
    values = np.array(scores, dtype=np.float64)
    exponent = find_exponent(values)
    return float(scale_up(np.array(statistic(scale_down(values, exponent).tolist())), exponent))


def format_summary(repeats: RepeatsRecord) -> str:
    """The mean and the deviation in a line."""
    if repeats["mean"] is None:
        return f"no {repeats['metric']} yet"
    spread = "" if repeats["deviation"] is None else f" ± {format_score(repeats['deviation'])}"
    return f"{repeats['metric']} {format_score(repeats['mean'])}{spread}"


def format_conclusion(repeats: RepeatsRecord) -> str:
    """The mean, the deviation, and of what they are."""
    number, scores = repeats["trainings"], repeats["scores"]
    trainings = pluralize(number, "training") if scores == number else f"{scores} of {pluralize(number, 'training')}"
    return f"{format_summary(repeats)}   {'mean and standard deviation of ' if scores > 1 else 'of '}{trainings}"
