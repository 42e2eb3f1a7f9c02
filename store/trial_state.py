"""What is known of a trial of a run: a fold of the events about it."""

from collections.abc import Mapping
from operator import attrgetter
from typing import Self, assert_never

from attrs import define, field, fields, frozen

from archwright.core.budget import Budget
from archwright.core.protocols import Status
from archwright.store.events import AttemptEnded, AttemptStarted, LoggedPath, Proposed, Scored


@frozen
class TrialState:
    """What is known of a trial."""

    trial: int
    path: LoggedPath
    budget: Budget
    continues: int | None
    enqueued: int | None = None  # the entry of the queue that it comes from
    promotes: int | None = None  # the trial whose configuration it tries again, with a larger budget
    bracket: int | None = None  # this, the rung and by_model as the searcher said
    rung: int | None = None
    horizon: Budget | None = None  # that the schedule of its training is made for; None: its own budget
    by_model: bool | None = None
    attempts: int = 0  # how many were started; the last one's number
    running: bool = False  # the last attempt was started and has not ended
    ended_attempts: int = 0  # how many attempts ended; fewer than were started, where the search itself was killed
    last_end: AttemptEnded | None = None  # the end of the last attempt that ended
    seconds: float = 0.0  # of all attempts that ended
    started_at: float | None = None  # when its last attempt started, on the simulated clock; None where there is none
    status: Status | None = None  # what the searcher was told; None until then
    score: float | None = None
    metrics: Mapping[str, float] = field(factory=dict[str, float])  # what the searcher was told
    start: float = 0.0  # how much of its budget the trial that it continues has spent, with all that it continues

    @property
    def spent(self) -> float:
        """How much of its budget it has spent itself, in the budget's unit; as long as it is open, what it may."""
        return max(0.0, _measure_reached(self.budget, self.status, self.last_end) - self.start)


def _measure_reached(budget: Budget, status: Status | None, end: AttemptEnded | None) -> float:
    """How far a training has come: to its budget, unless it ended earlier, at an epoch that is known."""
    stopped = None if status is None or end is None else end.stopped
    return budget.amount if stopped is None or budget.unit != "epochs" else min(budget.amount, stopped.epoch)


@define
class TrialDraft:
    """A `TrialState` that may be changed in place."""

    trial: int
    path: LoggedPath
    budget: Budget
    continues: int | None
    enqueued: int | None = None
    promotes: int | None = None
    bracket: int | None = None
    rung: int | None = None
    horizon: Budget | None = None
    by_model: bool | None = None
    attempts: int = 0
    running: bool = False
    ended_attempts: int = 0
    last_end: AttemptEnded | None = None
    seconds: float = 0.0
    started_at: float | None = None
    status: Status | None = None
    score: float | None = None
    metrics: Mapping[str, float] = field(factory=dict[str, float])
    start: float = 0.0

    @classmethod
    def propose(cls, event: Proposed, start: float) -> Self:
        """A trial that was just proposed, and begins where the one that it continues has ended."""
        draft = cls(*_get_proposed_values(event))
        draft.start = start
        return draft

    @classmethod
    def of(cls, trial: TrialState) -> Self:
        """A trial as it stands."""
        return cls(*_get_values(trial))

    @property
    def reached(self) -> float:
        """How far its training has come, with what it continues, in the unit of its budget."""
        return _measure_reached(self.budget, self.status, self.last_end)

    @property
    def spent(self) -> float:
        """As of `TrialState`."""
        return max(0.0, self.reached - self.start)

    def apply(self, event: AttemptStarted | AttemptEnded | Scored) -> None:
        """Change it by what has happened."""
        self.running = isinstance(event, AttemptStarted)
        match event:
            case AttemptStarted(_, attempt, clock):
                self.attempts, self.started_at = attempt, clock
            case AttemptEnded(seconds=seconds):
                self.ended_attempts, self.last_end = self.ended_attempts + 1, event
                self.seconds += seconds
            case Scored(_, status, score, metrics):
                self.status, self.score, self.metrics = status, score, metrics
            case _:
                assert_never(event)

    def finish(self) -> TrialState:
        """The trial as it stands now."""
        return TrialState(*_get_values(self))


_get_proposed_values = attrgetter(*(attribute.name for attribute in fields(Proposed)))  # as a draft begins
_get_values = attrgetter(
    *(attribute.name for attribute in fields(TrialState))
)  # of a trial or its draft, in the order of the fields
