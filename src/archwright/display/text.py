"""Values, numbers, times, curves and trees as text for people."""

import math
import re
import textwrap
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from archwright.core.budget import Budget, BudgetRange, Budgets
from archwright.evaluate.user_errors import WORKER_ENDINGS

MAX_DOMAIN_VALUES = 6  # of a domain with more, the first two and the last are shown
SPARKLINE_BARS = "▁▂▃▄▅▆▇█"


def humanize_value(value: object) -> str:
    """A value as text for people: a float with four digits, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:,.0f}" if 1e4 <= abs(value) < 1e15 else f"{value:.4g}"
    return str(value)


def format_score(value: float | None) -> str:
    """A score with four places, which line up in a column; a dash for none."""
    if value is None:
        return "-"
    return f"{value + 0.0:.4f}" if 1e-3 <= abs(value) < 1e5 or value == 0 else f"{value:.4g}"  # + 0.0: of no minus zero


def format_duration(seconds: float) -> str:
    """A duration as text: 0.4 s, 12 s, 3 min 20 s, 2 h 5 min."""
    if seconds < 10 or not math.isfinite(seconds):
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def format_milliseconds(seconds: float | None) -> str:
    """A short duration with three significant digits: 0.213 ms; nothing for None."""
    return "" if seconds is None else f"{seconds * 1000:.3g} ms"


def format_space_size(count: int | float) -> str:
    """The number of architectures of a space, or a power of ten where that is shorter."""
    if isinstance(count, float):
        return "infinite"
    return f"{count:,}" if count < 10**15 else f"about 10^{math.log10(count):.1f}"


def format_count(number: float | None) -> str:
    """A count with thousands separators; nothing for None."""
    return "" if number is None else f"{number:,}" if isinstance(number, int) else f"{number:,.0f}"


def pluralize(number: float, noun: str) -> str:
    """A count and its noun: 1 trial, 2 trials."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def format_budget(budget: Budget) -> str:
    """A budget in words: 1 epoch, 0.5 epochs, 30 seconds, 50,000 examples."""
    is_whole = budget.amount == int(budget.amount)
    return pluralize(int(budget.amount) if is_whole else budget.amount, budget.unit.removesuffix("s"))


def format_budgets(budgets: Budgets) -> str:
    """Several budgets in words: 1 to 27 epochs; 12 or 200 epochs."""
    if isinstance(budgets, BudgetRange):
        return f"{budgets.smallest.amount:g} to {format_budget(budgets.largest)}"
    *smaller, largest = budgets.budgets
    return f"{', '.join(f'{budget.amount:g}' for budget in smaller)} or {format_budget(largest)}"


def name_trial(trial: int, budget: Budget | None) -> str:
    """A trial, with its budget where not all trials of the run have the same: trial 3; trial 3, 27 epochs."""
    return f"trial {trial}" if budget is None else f"trial {trial}, {format_budget(budget)}"


def wrap_choices(path: Mapping[str, object], width: int) -> str:
    """Choices one after the other, in lines of `width` columns that break only between them."""
    text = " ".join(
        f"{name}={humanize_value(value)}".replace(" ", "\N{NO-BREAK SPACE}") for name, value in path.items()
    )
    return "\n".join(textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False))


def format_local_time(when: str) -> str:
    """A time of the log in the local time zone."""
    return datetime.fromisoformat(when).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def draw_sparkline(values: Sequence[float], width: int) -> str:
    """A curve as one line of at most `width` bars, the lowest for the lowest value; ? if not finite."""
    values = values if len(values) <= width else [values[i * len(values) // width] for i in range(width)]
    halves = [value / 2 for value in values]  # no float holds the difference of the largest and the least
    finite = [half for half in halves if math.isfinite(half)]
    low, span = min(finite, default=0.0), max(finite, default=0.0) - min(finite, default=0.0)
    height = len(SPARKLINE_BARS) - 1
    return "".join(
        SPARKLINE_BARS[round((v - low) / span * height) if span else 0] if math.isfinite(v) else "?" for v in halves
    )


def wrap_tree(text: str, width: int) -> str:
    """A drawn tree with long domains shortened, and long lines wrapped with the indent of their beginning."""
    short = re.sub(r"\{([^{}]*)\}", _shorten_domain, text)
    return "\n".join(_wrap_tree_line(line, width) for line in short.splitlines())


def _shorten_domain(match: re.Match[str]) -> str:
    values = [_shorten_number(value) for value in match[1].split(", ")]
    if len(values) <= MAX_DOMAIN_VALUES:
        return "{" + ", ".join(values) + "}"
    return f"{{{values[0]}, {values[1]} .. {values[-1]}: {len(values)} values}}"


def _shorten_number(text: str) -> str:
    return f"{float(text):.4g}" if re.fullmatch(r"-?[0-9.]+(e-?[0-9]+)?", text) and len(text) > 6 else text


def _wrap_tree_line(line: str, width: int) -> str:
    guides = re.match(r"[│├└─ ]*", line)
    assert guides is not None  # it matches nothing, at least
    indent = re.sub(r"[├]", "│", re.sub(r"[└─]", " ", guides[0]))
    rest = line[guides.end() :]
    text = re.sub(r"   (\([0-9, ]*\) -> .*)", lambda flow: "   " + flow[1].replace(" ", "\N{NO-BREAK SPACE}"), rest)
    pieces = textwrap.wrap(text, max(20, width - len(indent) - 4), break_long_words=False, break_on_hyphens=False)
    return ("\n" + indent + "    ").join([guides[0] + pieces[0], *pieces[1:]]) if len(line) > width and pieces else line


def summarize_error(error: str) -> str:
    """The most telling line of an attempt's error: the first where a worker has ended, else the last of a traceback."""
    lines = error.strip().splitlines() or [""]
    return (lines[0] if lines[0].startswith(WORKER_ENDINGS) else lines[-1]).strip()


def describe_origin(searcher: Mapping[str, Any]) -> str:
    """What a run of one architecture trains, for people."""
    run, trial = searcher["run"], searcher["trial"]
    return f"trial {trial} of {run}" if run else "a given path"
