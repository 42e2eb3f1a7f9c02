"""The scores of one architecture that was trained again and again, in words."""

from archwright.display.text import format_score, pluralize
from archwright.results.records import RepeatsRecord


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
