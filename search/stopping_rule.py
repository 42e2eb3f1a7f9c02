"""The protocol of stopping rules: frozen settings, and pure functions of a state that nothing else looks into.

A rule is told what happens to the trials of a run in plain values, which are below, and says which running ones are to
be stopped early.
"""

from typing import Any, ClassVar, Protocol, TypeVar, runtime_checkable

from attrs import frozen

from archwright.core.budget import Budgets
from archwright.core.objective import Objective
from archwright.core.protocols import Status

RuleState = TypeVar("RuleState")


@frozen
class TrialBegun:
    """An attempt at a trial began: the first one, or another one, for which the values of the last do not count."""

    trial: int
    continues: int | None = None  # the finished trial with whose training this one goes on


@frozen
class ValueReported:
    """A running trial reported its value of the objective's metric after an epoch; epochs may come again."""

    trial: int
    epoch: int  # 1, 2 ...; in a training that goes on with another trial's, counted from the beginning of that
    value: float  # also NaN or infinite


@frozen
class TrialFinished:
    """A trial has its result: no attempt at it follows."""

    trial: int
    status: Status
    score: float | None  # None unless the status is "ok"
    is_hopeless: bool = False  # whether it was stopped early as it was so; one whose value was not finite is "diverged"


TrialNews = TrialBegun | ValueReported | TrialFinished


class StoppingRule(Protocol[RuleState]):
    """A rule that stops hopeless trials early.

    Its settings are the fields of a frozen attrs class, all plain JSON values. The state after any prefix of a log is
    the first one with `fold` applied to what happened, in the log's order: so a run is resumed and forked without any
    code of the rule's. Neither method reads a clock or draws a random number.

    A class may name its `revision`, a whole number, which the log of a run has beside the settings: whoever changes
    what a rule decides raises it.
    """

    name: ClassVar[str]

    def start(self, objective: Objective) -> RuleState:
        """The state before the first trial."""
        ...

    def fold(self, state: RuleState, news: TrialNews) -> RuleState:
        """The state that knows what happened next; any number of trials may be running."""
        ...

    def find_stop_reason(self, state: RuleState, trial: int) -> str:
        """Why the running trial is hopeless after the value that it reported last, in words; empty if it is not.

        Asked after each value that a trial reports, until there is a reason.
        """
        ...


AnyStoppingRule = StoppingRule[Any]


@runtime_checkable
class StoppingSearcher(Protocol):
    """A searcher whose runs may have a stopping rule that goes with it."""

    name: ClassVar[str]

    def make_stopping_rule(self, budgets: Budgets) -> AnyStoppingRule | None:
        """The rule of a run with these budgets; None where it needs none."""
        ...
