"""A run of one architecture, trained again and again: what it reaches on average, and how much that is chance."""

import statistics
from collections.abc import Callable, Sequence

import numpy as np

from archwright.results.records import RepeatsRecord, TrialRecord
from archwright.search.magnitude import find_exponent, scale_down, scale_up
from archwright.store.events import RunStarted


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
