"""The messages between searchers, the run loop and evaluators, and the protocol of evaluators."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Any, Literal, Protocol, Self, get_args, runtime_checkable

from attrs import Factory, evolve, field, frozen

from archwright.core.budget import Budget, Budgets
from archwright.core.errors import to_encodable
from archwright.core.input import Input, as_input
from archwright.core.node import Node, Origin, replay, root
from archwright.core.objective import Objective
from archwright.core.shape import Shape
from archwright.core.term import Term
from archwright.core.value import Path

Status = Literal["ok", "diverged", "out_of_memory", "timed_out", "crashed", "invalid"]
# By the patience of its recipe; by a stopping rule, since other trials were better; by a loss that is not finite.
StoppedBy = Literal["patience", "hopeless", "divergence"]
# The weights of the trained model; everything that is needed to continue the training.
Artifact = Literal["model", "state"]

STATUSES: tuple[Status, ...] = get_args(Status)
# What a trial did that ended so.
_VERBS: Mapping[str, str] = {
    "ok": "ended well",
    "out_of_memory": "ran out of memory",
    "timed_out": "timed out",
    "crashed": "crashed",
    "diverged": "diverged",
}


def describe_status(status: str) -> str:
    """What a trial did that ended so, as in: trial 3 timed out."""
    return _VERBS.get(status, f"was {status}")


@frozen
class Problem:
    """What a search is about: everything that a searcher knows before its first proposal, but for its randomness."""

    space: Term
    input: Input = field(converter=as_input)  # of its models; or the shape of one
    budget: Budget  # what a trial gets unless the searcher gives it another one: the largest of the search
    objective: Objective
    budgets: Budgets | None = None  # among which a ladder chooses; None: there is one
    # Whether a training can go on from the checkpoint of an earlier trial; else a promotion starts from the beginning.
    can_continue: bool = True

    @property
    def input_shape(self) -> Shape:
        """The shape of an input, without the batch."""
        return self.input.shape

    @cached_property
    def root(self) -> Node:
        """The node before the first choice; DeadEnd if something in the space fits no such input."""
        return root(self.space, self.input_shape)

    def list_rungs(self, eta: float) -> tuple[Budget, ...]:
        """Its budgets, ascending, where those of a range are a factor of `eta` apart."""
        return (self.budget,) if self.budgets is None else self.budgets.list_rungs(eta)

    def compute_utility(self, outcome: "Outcome") -> float | None:
        """The score of an outcome as a number of which more is better; None where it has none."""
        return None if outcome.score is None else self.objective.utility(outcome.score)


@frozen
class Proposal:
    """A wish to have a leaf evaluated: a searcher's, or a person's who enqueued it.

    A promotion tries the configuration of an earlier trial again, with a larger budget: `promotes` is that trial. Where
    it goes on from that one's checkpoint, which then costs what it adds, `continues` is that trial, too; where it is
    trained from the beginning, None. `enqueued` is the entry of the queue that it comes from, or None for a searcher's.
    """

    trial: int  # 0, 1, 2 ... in the order of proposing; below 0 if it is of another run, which this one has inherited
    origin: Origin
    path: Path
    budget: Budget
    continues: int | None = None
    enqueued: int | None = None
    promotes: int | None = Factory(lambda self: self.continues, takes_self=True)
    bracket: int | None = None  # of a ladder: 0, 1, 2 ... in the order of beginning
    rung: int | None = None  # of a ladder: 0 is the smallest budget of the run
    horizon: Budget | None = None  # that the schedule of its training is made for; None: its own budget
    by_model: bool | None = None  # whether a model of the trials so far made it; None of a searcher without one

    @classmethod
    def of(
        cls,
        trial: int,
        leaf: Node,
        budget: Budget,
        continues: int | None = None,
        enqueued: int | None = None,
        *,
        by_model: bool | None = None,
    ) -> Self:
        """The proposal of a known leaf, whose path need not be replayed."""
        proposal = cls(trial, leaf.origin, leaf.path, budget, continues, enqueued, by_model=by_model)
        object.__setattr__(proposal, "leaf", leaf)  # where `cached_property` keeps it
        return proposal

    def change(self, **fields: Any) -> Self:
        """The proposal with other values of these fields, of the same leaf, which is not replayed again."""
        changed = evolve(self, **fields)
        with suppress(AttributeError):  # it was not asked for as yet
            object.__setattr__(changed, "leaf", object.__getattribute__(self, "leaf"))
        return changed

    @cached_property
    def leaf(self) -> Node:
        """The leaf at the end of the path, which is replayed once, at the first access."""
        return replay(self.origin.space, self.origin.input_shape, self.path)


@frozen
class Outcome:
    """The result of a proposal for the searcher: its score, or the reason for none, and its cost."""

    proposal: Proposal
    status: Status
    score: float | None  # the objective's metric; None unless status is "ok"
    metrics: Mapping[str, float] = field(factory=dict[str, float])
    seconds: float = 0.0  # of all attempts that have ended: wall time, or simulated time of a simulating evaluator
    # The objective's metric after each epoch that the last attempt has reported, in the order of reporting.
    curve: Sequence[tuple[int, float]] = ()


@frozen
class Job:
    """One attempt at a trial, as an evaluator gets it."""

    trial: int
    attempt: int  # 1, 2 ... within the trial
    architecture: Term  # specified: every hyperparameter has a value
    budget: Budget
    seed: int  # of this trial's training; the same for every attempt
    continues: int | None = None  # the trial whose training this one goes on with, if its checkpoint still exists
    artifact_folder: str | None = None  # the absolute path of the folder of the run's artifacts; None: none are kept
    artifacts_to_keep: tuple[Artifact, ...] = ("model",)  # of this trial if it ends well
    horizon: Budget | None = None  # that the schedule of the training is made for; None: the trial's own budget
    largest_budget: Budget | None = None  # that a trial of the run may have; None where that is not known
    rung: int | None = None  # of a ladder: 0 is the smallest budget of the run
    rungs: int | None = None  # how many there are, in a run of several budgets
    continued_budget: Budget | None = None  # of the trial that it continues
    starts_at: float | None = None  # where time is simulated: its start, in seconds since the run began


@frozen
class Report:
    """The metrics of an epoch of a running attempt."""

    trial: int
    attempt: int
    epoch: int  # 1, 2 ...
    metrics: Mapping[str, float]


@frozen
class EarlyStop:
    """When and why a training ended before its budget was spent."""

    by: StoppedBy
    epoch: int  # the last one
    why: str = field(converter=to_encodable)  # for people


@frozen
class AttemptResult:
    """The result of an attempt at a job. `error` is for people, and empty if nothing went wrong.

    `transient` if another attempt may end otherwise, as where the worker was killed. `stopped` is None if the budget
    was spent or the attempt failed.
    """

    trial: int
    attempt: int
    status: Status
    metrics: Mapping[str, float]
    seconds: float  # wall time of the attempt, or simulated time where the evaluator simulates it
    error: str = ""
    transient: bool = False
    stopped: EarlyStop | None = None


class Evaluator(Protocol):
    """Runs jobs, several at a time, and returns their metrics; a job that fails raises nothing here."""

    @property
    def slots(self) -> int:
        """How many jobs may run at once; at least 1."""
        ...

    @property
    def simulates_time(self) -> bool:
        """Whether the seconds of its results are simulated, as those of a table, and not wall time."""
        ...

    def submit(self, job: Job) -> None:
        """Start `job`; the caller has at most `slots` jobs running."""
        ...

    def collect(self, timeout: float) -> Sequence[Report | AttemptResult]:
        """The messages since the last call, in order; waits up to `timeout` seconds for the first one."""
        ...

    def stop_early(self, trial: int, reason: str) -> None:
        """End the trial's job after the epoch under way; it is logged as stopped because it is hopeless.

        Its status is ok, with the metrics that it has by then; its end arrives as any other. Nothing happens where the
        job has ended already. `reason` is for people.
        """
        ...

    def close(self) -> None:
        """Kill every running job and release every process and device."""
        ...


HandleReport = Callable[[Report], bool]  # of a job that is waiting meanwhile; whether the job may go on


@runtime_checkable
class ReportsWithin(Protocol):
    """An evaluator whose jobs run within `collect`, so that what they report cannot wait for its return."""

    def handle_reports(self, handle: HandleReport) -> None:
        """From now on `handle` gets each report, which `collect` then leaves out.

        A job that may not go on is given up: no message about it follows.
        """
        ...

    def give_up_job(self) -> None:
        """Raise within the code of the job, if this is called in the midst of it, as by the handler of a signal.

        No message about the job follows.
        """
        ...
