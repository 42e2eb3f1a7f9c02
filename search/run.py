"""The run loop: the one place that asks, logs, submits and tells.

It knows nothing of any one searcher, space or evaluator. What it decides it logs before it acts on it, one transaction
at a time, so that a process killed at any instant leaves a log from which another goes on.
"""

import math
import time
from collections.abc import Callable
from enum import IntEnum
from hashlib import blake2b
from typing import Any

from attrs import define, evolve, field

from archwright.core.errors import ArchwrightError
from archwright.core.serial import to_json
from archwright.core.trial import Evaluator, Finished, Job, Objective, Report
from archwright.search.replay import Belief, proposed
from archwright.store.decide import decide
from archwright.store.events import AttemptEnded, AttemptStarted, Event, Reported, RunStopped, Scored
from archwright.store.fold import RunState
from archwright.store.log import Log, Position

FLUSH = 1.0  # seconds that a report may wait in memory for the next append
PATIENCE = 0.5  # seconds to wait for the evaluator before looking again whether to stop


class TrialsKeepFailing(ArchwrightError, RuntimeError):
    """So many trials failed in a row that the search stopped."""


class Stop(IntEnum):
    """How urgently a person wants the run to stop."""

    NO = 0
    SOON = 1  # let the running trials end
    NOW = 2  # leave them: they run again when the run is resumed


def training_seed(seed: int, trial: int) -> int:
    """The seed of a trial's training, in [0, 2^31): the same for every attempt, another for every trial."""
    digest = blake2b(f"{seed}/{trial}".encode(), digest_size=4).digest()
    return int.from_bytes(digest) % 2**31


def ended(finished: Finished, objective: Objective) -> AttemptEnded:
    """The end of an attempt as it is logged: no attempt is ok whose score is missing or not a finite number."""
    event = AttemptEnded(
        finished.trial, finished.attempt, finished.status, finished.seconds, finished.metrics, finished.error
    )
    if finished.status != "ok":
        return event
    score = finished.metrics.get(objective.metric)
    if score is None:
        there = ", ".join(sorted(finished.metrics)) or "none at all"
        error = f"the evaluator gave no metric {objective.metric!r}; it gave {there}"
        return evolve(event, status="invalid", error=error)
    if not math.isfinite(score):
        return evolve(event, status="diverged", error=f"the metric {objective.metric} is {score}")
    return event


def scored(end: AttemptEnded, objective: Objective) -> Scored:
    """What the searcher is told after an attempt: nothing about the test split, which is for people's reports."""
    score = end.metrics[objective.metric] if end.status == "ok" else None
    shown = {name: value for name, value in end.metrics.items() if not name.startswith("test_")}
    return Scored(end.trial, end.status, score, shown)


@define
class Run:
    """A run going on in this process: what it has come to so far, and what to go on with."""

    log: Log
    name: str
    position: Position
    state: RunState
    belief: Belief[Any]
    evaluator: Evaluator
    stop: Callable[[], Stop] = lambda: Stop.NO
    watch: Callable[[Event], None] = lambda event: None  # noqa: ARG005  # is shown every event, once it is logged
    failures_in_a_row: int = 5  # after so many the run stops
    clock: Callable[[], float] = time.monotonic
    _pending: list[Event] = field(factory=list[Event], init=False)
    _flushed: float = field(default=0.0, init=False)
    _jobs: dict[int, Job] = field(factory=dict[int, Job], init=False)  # submitted and not ended
    _failures: list[AttemptEnded] = field(factory=list[AttemptEnded], init=False)  # in a row

    def go_on(self, *first: Event) -> RunStopped:
        """Log `first`, then run trials until there are as many as asked for; why it ended.

        TrialsKeepFailing, once the log has been told, if too many failed in a row.
        """
        again = list(self.state.in_flight)  # interrupted in an earlier process: they run again
        for event in first:
            self._record(event)
        while (urgency := self.stop()) < Stop.NOW:
            may_begin = urgency == Stop.NO and not self._keeps_failing
            jobs = self._begin(again) if may_begin else []
            self._commit()
            for job in jobs:
                self.evaluator.submit(job)
            if not self._jobs:
                break
            self._hear()
        stopped = self._why()
        self._record(stopped)
        self._commit()
        if self._keeps_failing:
            raise TrialsKeepFailing(f"{len(self._failures)} trials in a row failed. {stopped.detail}")
        return stopped

    def _begin(self, again: list[int]) -> list[Job]:
        """A job for each free slot: interrupted trials first, then new proposals; the log comes before the work."""
        jobs: list[Job] = []
        while len(self._jobs) < self.evaluator.slots:
            trial = again.pop(0) if again else self._propose()
            if trial is None:
                break
            proposal = self.belief.waiting[trial]
            attempt = self.state.trials[trial].attempts + 1
            self._record(AttemptStarted(trial, attempt))
            architecture = to_json(proposal.leaf.architecture)
            seed = training_seed(self.belief.problem.seed, trial)
            self._jobs[trial] = Job(trial, attempt, architecture, proposal.budget, seed)
            jobs.append(self._jobs[trial])
        return jobs

    def _propose(self) -> int | None:
        """The number of a new trial; None if there are enough or the searcher has no more for now."""
        if self.state.proposed >= self.state.target:
            return None
        proposal = self.belief.propose()
        if proposal is None:
            return None
        self._record(proposed(proposal))
        return proposal.trial

    def _hear(self) -> None:
        """Take what the evaluator says; only reports may wait for the next append."""
        for message in self.evaluator.collect(PATIENCE):
            if isinstance(message, Report):
                self._record(Reported(message.trial, message.attempt, message.epoch, message.metrics))
            else:
                objective = self.belief.problem.objective
                end = ended(message, objective)
                self._record(end)
                self._record(scored(end, objective))
                del self._jobs[message.trial]
                self._failures = [] if end.status == "ok" else [*self._failures, end]
        if self.clock() - self._flushed >= FLUSH:
            self._commit()

    def _record(self, event: Event) -> None:
        """Take an event for a fact; it is one after the next commit, and nothing is done about it before."""
        self.state = decide(self.state, event)
        self.belief = self.belief.after(event)
        self._pending.append(event)

    def _commit(self) -> None:
        if self._pending:
            self.position = self.log.append(self.name, self._pending, self.position)
        logged, self._pending, self._flushed = self._pending, [], self.clock()
        for event in logged:
            self.watch(event)

    @property
    def _keeps_failing(self) -> bool:
        return len(self._failures) >= self.failures_in_a_row

    def _why(self) -> RunStopped:
        if self._keeps_failing:
            first = self._failures[0]
            return RunStopped("failing", f"trial {first.trial}, the first of them, was {first.status}: {first.error}")
        if self.state.scored >= self.state.target:
            return RunStopped("finished")
        if self.stop() > Stop.NO:
            return RunStopped("interrupted")
        return RunStopped("exhausted", "the searcher has nothing more to propose")
