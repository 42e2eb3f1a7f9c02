"""What searchers, the run loop and evaluators say to each other."""

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Literal, Protocol, get_args

from attrs import field, frozen

from archwright.core.errors import ArchwrightError
from archwright.core.node import Node, Origin, Path, replay
from archwright.core.serial import JSON
from archwright.core.term import Shape, Term

Unit = Literal["epochs", "seconds", "examples"]
Status = Literal["ok", "diverged", "out_of_memory", "timed_out", "crashed", "invalid"]
Direction = Literal["maximize", "minimize"]

STATUSES: tuple[Status, ...] = get_args(Status)
UNITS: tuple[Unit, ...] = get_args(Unit)


class InvalidBudget(ArchwrightError, ValueError):
    """A budget that is not a positive number with a known unit."""


def _positive(_: object, __: object, amount: float) -> None:
    if not 0 < amount < float("inf"):
        raise InvalidBudget(f"a budget is {amount:g}; it must be more than 0, as in 5epochs or 30s")


def _known(_: object, __: object, unit: str) -> None:
    if unit not in UNITS:
        raise InvalidBudget(f"the unit of a budget is {unit!r}; it may be {', '.join(UNITS)}")


@frozen
class Budget:
    """How much one trial may spend: a positive amount of epochs, seconds of training, or training examples."""

    amount: float = field(validator=_positive)
    unit: Unit = field(validator=_known)

    def __str__(self) -> str:
        amount = int(self.amount) if self.amount == int(self.amount) else self.amount
        return f"{amount}{'s' if self.unit == 'seconds' else self.unit}"


_ABBREVIATIONS: Mapping[str, tuple[Unit, float]] = {
    "epoch": ("epochs", 1),
    "epochs": ("epochs", 1),
    "s": ("seconds", 1),
    "seconds": ("seconds", 1),
    "m": ("seconds", 60),
    "min": ("seconds", 60),
    "h": ("seconds", 3600),
    "examples": ("examples", 1),
}


def parse_budget(text: str) -> Budget:
    """The budget that a text such as `5epochs`, `30s`, `2min`, `1h` or `50000examples` names."""
    match = re.fullmatch(r"\s*([0-9]*\.?[0-9]+(?:e[+-]?[0-9]+)?)\s*([a-z]+)\s*", text)
    if match is None or match[2] not in _ABBREVIATIONS:
        raise InvalidBudget(f"the budget is {text!r}; write a number and a unit, as in 5epochs, 30s or 50000examples")
    unit, scale = _ABBREVIATIONS[match[2]]
    return Budget(float(match[1]) * scale, unit)


@frozen
class Objective:
    """The metric that a search is about, and which way is better."""

    metric: str = "accuracy"
    direction: Direction = "maximize"

    def better(self, a: float, b: float) -> bool:
        """Whether score `a` is strictly better than score `b`."""
        return a > b if self.direction == "maximize" else a < b

    def merit(self, score: float | None) -> float:
        """A score as a number of which more is better; -inf for a trial without one."""
        if score is None:
            return float("-inf")
        return score if self.direction == "maximize" else -score


@frozen
class Problem:
    """What a search is about: everything that a searcher knows before its first proposal."""

    space: Term
    input_shape: Shape
    seed: int  # of everything random in the searcher
    budget: Budget  # what a trial gets unless the searcher gives it another one
    objective: Objective


@frozen
class Proposal:
    """A searcher's wish to have a leaf evaluated.

    `continues` is the trial whose checkpoint this one goes on from (a promotion), or None.
    """

    trial: int  # 0, 1, 2 ... in the order of proposing
    origin: Origin
    path: Path
    budget: Budget
    continues: int | None = None

    @cached_property
    def leaf(self) -> Node:
        """The leaf that the path leads to; walked once, when it is first asked for."""
        return replay(self.origin.space, self.origin.input_shape, self.path)


@frozen
class Outcome:
    """What a searcher is told of a proposal: its score, or why there is none."""

    proposal: Proposal
    status: Status
    score: float | None  # the objective's metric; None unless status is "ok"
    metrics: Mapping[str, float] = field(factory=dict[str, float])


@frozen
class Job:
    """One attempt at a trial, as an evaluator gets it. `architecture` is the JSON of a specified term."""

    trial: int
    attempt: int  # 1, 2 ... within the trial
    architecture: JSON
    budget: Budget
    seed: int  # of this trial's training; the same for every attempt


@frozen
class Report:
    """Metrics of one epoch of a running attempt."""

    trial: int
    attempt: int
    epoch: int  # 1, 2 ...
    metrics: Mapping[str, float]


@frozen
class Finished:
    """The end of an attempt. `error` is empty unless something went wrong; then it is what a person should read."""

    trial: int
    attempt: int
    status: Status
    metrics: Mapping[str, float]
    seconds: float  # wall time of the attempt, or simulated time where the evaluator simulates it
    error: str = ""


class Evaluator(Protocol):
    """Turns jobs into metrics, several at a time, and never raises because of what a job did."""

    @property
    def slots(self) -> int:
        """How many jobs may run at once; at least 1."""
        ...

    def submit(self, job: Job) -> None:
        """Begin `job`; the caller keeps at most `slots` jobs open."""
        ...

    def collect(self, timeout: float) -> Sequence[Report | Finished]:
        """What has arrived since the last call, in order; waits up to `timeout` seconds for something."""
        ...

    def close(self) -> None:
        """End every running job at once and give back every process and device."""
        ...
