"""The ends of a run as text."""

from collections.abc import Sequence

from archwright.core.ends import RunEnds, RunExtent, format_time_limit
from archwright.display.text import format_budget, format_duration, format_score, pluralize


def format_ends(ends: RunEnds, metric: str) -> str:
    """All the ends, of which the first that comes counts: 64 trials, 2h, accuracy 0.95 or 30 trials without a new best.

    For a run without any: you stop it.
    """
    parts = [
        *([] if ends.trials is None else [pluralize(ends.trials, "trial")]),
        *([] if ends.time_limit is None else [format_time_limit(ends.time_limit)]),
        *([] if ends.until_score is None else [f"{metric} {format_score(ends.until_score)}"]),
        *([] if ends.no_improvement is None else [f"{pluralize(ends.no_improvement, 'trial')} without a new best"]),
        *([] if ends.configurations is None else [pluralize(ends.configurations, "configuration")]),
        *([] if ends.total is None else [f"{format_budget(ends.total)} in all"]),
    ]
    *others, last = parts or ["you stop it"]
    return f"{', '.join(others)} or {last}" if others else last


def list_progress(ends: RunEnds, extent: RunExtent, separator: str = " of ") -> Sequence[str]:
    """How far a run is: its scored trials, and what else brings it to one of its ends, as in 3 min 0 s of 2h.

    A score that is an end is no part of it: how near a search is to that, nobody knows.
    """
    scored, seconds = extent.trials, extent.seconds
    parts = [f"{scored:,}{separator}{pluralize(ends.trials, 'trial')}" if ends.trials else pluralize(scored, "trial")]
    if ends.time_limit is not None:
        parts.append(f"{format_duration(seconds)}{separator}{format_time_limit(ends.time_limit)}")
    if ends.no_improvement is not None:
        parts.append(f"{extent.scored_since_best:,}{separator}{ends.no_improvement:,} without a new best")
    if ends.configurations is not None:
        parts.append(f"{extent.configurations:,}{separator}{pluralize(ends.configurations, 'configuration')}")
    if ends.total is not None:
        parts.append(f"{extent.spent:g}{separator}{format_budget(ends.total)}")
    return parts
