"""A run of one architecture, trained again and again: what it reaches on average, and how much that is chance."""

import statistics
from collections.abc import Callable, Sequence

import numpy as np

from archwright.core.errors import to_one_line
from archwright.display.text import format_score, pluralize
from archwright.results.records import RepeatsRecord
from archwright.search.magnitude import find_exponent, scale_down, scale_up
from archwright.search.running.run_view import RunView, is_repeated
from archwright.store.events import RunStarted


def describe_repeats(view: RunView) -> RepeatsRecord | None:
    """What the trainings of such a run come to; None for a run that is a search."""
    started = view.run.started
    return compute_repeats(started, [trial.score for trial in view.trials]) if is_repeated(started) else None


def compute_repeats(started: RunStarted, trial_scores: Sequence[float | None]) -> RepeatsRecord:
    """The mean of the trials that have a score, and their standard deviation, that of a sample; None if too few."""
    scores = [score for score in trial_scores if score is not None]
    return {
        "run": started.searcher["run"] or None,
        "trial": started.searcher["trial"],
        "metric": started.objective.metric,
        "trainings": len(trial_scores),
        "scores": len(scores),
        "mean": _compute_rescaled(statistics.fmean, scores) if scores else None,
        "deviation": _compute_rescaled(statistics.stdev, scores) if len(scores) > 1 else None,
    }


def _compute_rescaled(statistic: Callable[[Sequence[float]], float], scores: Sequence[float]) -> float:
    """A mean or a deviation of scores, scaled down for it, as their sum may be more than a float holds."""
    values = np.array(scores, dtype=np.float64)
    exponent = find_exponent(values)
    return float(scale_up(np.array(statistic(scale_down(values, exponent).tolist())), exponent))


def format_repeats(repeats: RepeatsRecord) -> str:
    """The mean and the deviation in a line."""
    metric = to_one_line(repeats["metric"])
    if repeats["mean"] is None:
        return f"no {metric} yet"
    spread = "" if repeats["deviation"] is None else f" ± {format_score(repeats['deviation'])}"
    return f"{metric} {format_score(repeats['mean'])}{spread}"


def explain_repeats(repeats: RepeatsRecord) -> str:
    """What the mean and the deviation are taken of, in words."""
    number, scores = repeats["trainings"], repeats["scores"]
    trainings = pluralize(number, "training") if scores == number else f"{scores} of {pluralize(number, 'training')}"
    return f"{'mean and standard deviation of ' if scores > 1 else 'of '}{trainings}"
