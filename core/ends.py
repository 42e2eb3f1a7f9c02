"""The ends of a run: how far it is to go, by whichever of them comes first; and how a person writes and moves them.

An end only keeps a run from proposing trials. What was proposed before is let run to its own end. A number of
configurations keeps a run from proposing fresh ones alone: those that it has may still be promoted.
"""

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Literal, TypeVar

from attrs import asdict, fields, frozen

from archwright.core.budget import Budget, InvalidBudget, parse_budget, read_seconds
from archwright.core.defaults import DEFAULT_TRIALS
from archwright.core.errors import ArchwrightError, show
from archwright.core.readers import as_number
from archwright.core.value import format_value

EndName = Literal["trials", "time", "until_score", "no_improvement", "configurations", "total"]
Number = TypeVar("Number", int, float)

MAX_DIGITS = 15  # of a number of trials
LIFTED = "none"  # what a person writes to take an end away
_TO_LIFT = f"{LIFTED} to take this end away"


class InvalidEnd(ArchwrightError, ValueError):
    """An end of a run that cannot be read, or never come."""


@frozen
class RunEnds:
    """The ends of a run, None for those that it does not have; a run without any goes on until a person stops it.

    The names are those of the fields in which the events of a log hold them.
    """

    trials: int | None = None  # how many are proposed in all
    time_limit: float | None = None  # seconds that processes spend on the run, summed; simulated ones for a table
    until_score: float | None = None  # reached by a score that is as good or better
    no_improvement: int | None = None  # scored trials in a row, failed ones too, without a new best
    configurations: int | None = None  # how many trials are proposed that promote no other one
    total: Budget | None = None  # what all trials may spend together, in the unit of their budgets

    @property
    def by_name(self) -> dict[str, Any]:
        """The ends by the names of the fields in which an event holds them."""
        return asdict(self, recurse=False)


@frozen
class GivenEnds:
    """The ends of a run as a person writes them; None for those that they do not write.

    For a run that has begun they move its ends: texts such as "+32", or "+1h" for `time`, move one on, "none" takes it
    away.
    """

    trials: int | str | None = None
    time: float | str | None = None  # as `read_time` reads it
    until_score: float | str | None = None
    no_improvement: int | str | None = None
    configurations: int | str | None = None
    total: Budget | str | None = None  # or a text, as in "500epochs"


@frozen
class RunExtent:
    """How far a run is, as far as its ends are about that."""

    trials: int = 0  # proposed, or scored where that is told
    seconds: float = 0.0
    scored_since_best: int = 0  # trials
    configurations: int = 0
    spent: float = 0.0  # of the budgets, in their unit


NO_EXTENT = RunExtent()
NO_ENDS = RunEnds()
END_FIELDS: Sequence[str] = tuple(field.name for field in fields(RunEnds))  # of the events of a log


def choose_ends(given: GivenEnds) -> RunEnds:
    """The ends of a new run: those that are given, or the default number of trials.

    Raises InvalidEnd, also for texts that move an end, which are for a run that there is.
    """
    for name, text in asdict(given, recurse=False).items():
        _require_new(name, text)
    ends = move_ends(NO_ENDS, given)
    return RunEnds(trials=DEFAULT_TRIALS) if ends == NO_ENDS else ends


def _require_new(name: str, given: object) -> None:
    """Raises InvalidEnd for words that move an end, or take it away: a new run has none as yet."""
    if isinstance(given, str) and given.strip() == LIFTED:
        raise InvalidEnd(
            f"{name} is {show(given)}, and a new run has no such end to take away; leave it out, and give another end"
        )
    if isinstance(given, str) and given.strip().startswith("+"):
        raise InvalidEnd(
            f"{name} is {show(given)}, and a new run has no such end to move on; write it without the plus "
            "(a run that there is goes on by so much, as in run.resume(trials='+32'))"
        )


def move_ends(ends: RunEnds, given: GivenEnds, so_far: RunExtent = NO_EXTENT) -> RunEnds:
    """The ends of a run for which a person gives these; those that are not given stay as they are.

    An end that the run does not have is moved on from where the run is. Raises InvalidEnd.
    """
    return RunEnds(
        _move(ends.trials, given.trials, lambda text: _read_count("trials", text, "+32"), so_far.trials),
        _move(ends.time_limit, given.time, read_time, so_far.seconds),
        _move(ends.until_score, given.until_score, _read_score, 0.0),
        _move(ends.no_improvement, given.no_improvement, lambda text: _read_count("no_improvement", text, "+10"), 0),
        _move(
            ends.configurations,
            given.configurations,
            lambda text: _read_count("configurations", text, "+32"),
            so_far.configurations,
        ),
        _move_total(ends.total, given.total, so_far.spent),
    )


def require_total_of(budget: Budget, total: Budget | None, *, reads_budget: bool = True) -> None:
    """Nothing, if what all trials may spend is in the unit of the `budget` of each; else InvalidEnd."""
    if total is None:
        return
    if not reads_budget:
        raise InvalidEnd(
            f"total is {total}, and what evaluates the trials reads no budget; leave it out, and give another end, "
            "such as trials"
        )
    if total.unit != budget.unit:
        raise InvalidEnd(f"total is {total}, and a trial has a budget of {budget}; write it in {budget.unit}, too")


def _move(
    end: Number | None, given: Number | str | None, read: Callable[[Number | str], Number], so_far: Number
) -> Number | None:
    if given is None:
        return end
    if not isinstance(given, str):
        return read(given)
    text = given.strip()
    if text == LIFTED:
        return None
    if text.startswith("+"):
        return (so_far if end is None else end) + read(text)
    return read(text)


def _move_total(end: Budget | None, given: Budget | str | None, spent: float) -> Budget | None:
    text = given.strip() if isinstance(given, str) else ""
    if given is None or text == LIFTED:
        return end if given is None else None
    total = _read_total(given)
    if not text.startswith("+"):
        return total
    if end is None:
        return Budget(total.amount + spent, total.unit)
    if end.unit != total.unit:
        raise InvalidEnd(f"total is {_quote(given)}, and so far it is {end}; write it in {end.unit}, too")
    return end + total


def _read_total(given: Budget | str) -> Budget:
    if isinstance(given, Budget):
        return given
    with suppress(InvalidBudget, AttributeError):  # also of what is no text
        return parse_budget(given.strip().removeprefix("+"))
    raise InvalidEnd(
        f"total is {_quote(given)}; write what all trials together may spend, as in 500epochs or 2h of budgets in "
        f"seconds; a run that has begun also takes +100epochs for so much more, and {_TO_LIFT}"
    )


def read_time(given: float | str) -> float:
    """The seconds of a number of them, or of a text such as 90s, 10min or 2h, with a plus or not. Else InvalidEnd."""
    seconds = read_seconds(given.removeprefix("+") if isinstance(given, str) else given)
    if seconds is None:
        raise InvalidEnd(
            f"time is {_quote(given)}; write a time of more than 0, as in 90s, 10min or 2h; a run that has begun "
            f"also takes +1h for so much more, and {_TO_LIFT}"
        )
    return seconds


def _read_count(name: str, given: int | str, more: str) -> int:
    digits = given.removeprefix("+") if isinstance(given, str) else format_value(given)
    if isinstance(given, bool) or not digits.isdecimal() or len(digits) > MAX_DIGITS or int(digits) == 0:
        raise InvalidEnd(
            f"{name} is {_quote(given)}; write how many, as in 64; a run that has begun also takes {more} for so many "
            f"more, and {_TO_LIFT}"
        )
    return int(digits)


def _read_score(given: float | str) -> float:
    if isinstance(given, str) and given.startswith("+"):
        raise InvalidEnd(
            f"until_score is {_quote(given)}; a score is not moved on by so much: write the score itself, as in 0.95"
        )
    score = None
    with suppress(ValueError):
        score = float(given) if isinstance(given, str) else as_number(given)
    if score is None or not math.isfinite(score):
        raise InvalidEnd(
            f"until_score is {_quote(given)}; write a finite number, as in 0.95; a run that has begun also takes "
            f"{_TO_LIFT}"
        )
    return score


def _quote(given: object) -> str:
    return format_value(given) if isinstance(given, int) else show(given)


def format_time_limit(seconds: float) -> str:
    """A time as `read_time` reads it, in the largest unit of which it is a whole number: 2h, 90min, 45s."""
    for unit, unit_seconds in (("h", 3600), ("min", 60)):
        if seconds and seconds % unit_seconds == 0:
            return f"{seconds / unit_seconds:.0f}{unit}"
    return f"{seconds:g}s"
