"""The run loop: the one place that asks, logs, submits and tells.

It knows nothing of any one searcher, space or evaluator. What it decides it logs before it acts on it, one transaction
at a time, so that a process killed at any instant leaves a log from which another goes on.
"""

import math
import time
from collections.abc import Callable, Mapping
from enum import IntEnum
from hashlib import blake2b
from typing import Any

from attrs import define, evolve, field

from archwright.core.errors import ArchwrightError, suggest_names
from archwright.core.objective import Objective
from archwright.core.protocols import RETRIES, Evaluator, Finished, Job, Proposal, Report
from archwright.search.running.replay import SearchState, to_event
from archwright.search.running.retention import Keeper, to_leave
from archwright.search.running.stopping import Curves
from archwright.store.events import AttemptEnded, AttemptStarted, Event, Reported, RunStopped, Scored
from archwright.store.fold import RunState, decide
from archwright.store.log import Appendable, Position

FLUSH = 1.0  # seconds that a report may wait in memory for the next append
PATIENCE = 0.5  # seconds to wait for the evaluator before looking again whether to stop


class TrialsKeepFailing(ArchwrightError, RuntimeError):
    """So many trials failed in a row that the search stopped."""


class NothingScored(TrialsKeepFailing):
    """Searches none of whose trials has a score."""


class NoSuchMetric(ArchwrightError, LookupError):
    """An objective that the evaluator does not give, as the first trial that ended well shows."""


class Stop(IntEnum):
    """How urgently a person wants the run to stop."""

    NO = 0
    SOON = 1  # let the running trials end
    NOW = 2  # leave them: they run again when the run is resumed


def training_seed(seed: int, trial: int) -> int:
    """The seed of a trial's training, in [0, 2^31): the same for every attempt, another for every trial."""
    digest = blake2b(f"{seed}/{trial}".encode(), digest_size=4).digest()
    return int.from_bytes(digest) % 2**31


def ended(finished: Finished, objective: Objective, reported: float | None = None) -> AttemptEnded:
    """The end of an attempt as it is logged: no attempt is ok whose score is missing or not a finite number.

    Nor is one whose last report of the objective's metric, `reported`, is not finite, whatever it has come to before.
    """
    event = AttemptEnded(
        finished.trial,
        finished.attempt,
        finished.status,
        finished.seconds,
        floats(finished.metrics),
        finished.error,
        finished.stopped,
    )
    if finished.status != "ok":
        return event
    if reported is not None and not math.isfinite(reported):
        stopped = event.stopped and evolve(event.stopped, by="divergence")
        error = f"the metric {objective.metric} is {reported} in the last report"
        return evolve(event, status="diverged", error=error, stopped=stopped)
    score = event.metrics.get(objective.metric)
    if score is None:
        given = _given(objective.metric, event.metrics)
        error = f"the evaluator gave no metric {objective.metric!r} ({given}); --metric names the one that counts"
        return evolve(event, status="invalid", error=error)
    if not math.isfinite(score):
        return evolve(event, status="diverged", error=f"the metric {objective.metric} is {score}")
    return event


def floats(metrics: Mapping[str, float]) -> Mapping[str, float]:
    """Metrics as a log gives them back, also whole numbers: one that no float holds is infinite."""
    return {name: _float(value) for name, value in metrics.items()}


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.copysign(math.inf, value > 0 or -1)


def _no_metric(end: AttemptEnded, objective: Objective) -> str:
    return (
        f"the evaluator gives no metric {objective.metric!r}, as trial {end.trial} shows "
        f"({_given(objective.metric, end.metrics)}); begin a new search with --metric and the one that counts"
    )


def _given(metric: str, metrics: Mapping[str, float]) -> str:
    """What there is in place of a metric."""
    return suggest_names(metric, metrics) if metrics else "it gave none at all"


def scored(end: AttemptEnded, objective: Objective) -> Scored:
    """What the searcher is told after an attempt: nothing about the test split, which is for people's reports."""
    score = end.metrics[objective.metric] if end.status == "ok" else None
    shown = {name: value for name, value in end.metrics.items() if not name.startswith("test_")}
    return Scored(end.trial, end.status, score, shown)


@define
class Run:
    """A run going on in this process: what it has come to so far, and what to go on with."""

    log: Appendable
    name: str
    position: Position
    state: RunState
    search_state: SearchState[Any]
    evaluator: Evaluator
    stop: Callable[[], Stop] = lambda: Stop.NO
    watch: Callable[[Event], None] = lambda event: None  # noqa: ARG005  # is shown every event, once it is logged
    failures_in_a_row: int = 5  # after so many the run stops
    retries: int = RETRIES  # how often a trial is tried again whose attempt came to an end that may be chance
    keeper: Keeper | None = None  # of models and checkpoints; None: nothing is left by any trial
    curves: Curves | None = None  # by which hopeless trials are halted, if they are
    clock: Callable[[], float] = time.monotonic
    _pending: list[Event] = field(factory=list[Event], init=False)
    _flushed: float = field(default=0.0, init=False)
    _jobs: dict[int, Job] = field(factory=dict[int, Job], init=False)  # submitted and not ended
    _again: list[int] = field(factory=list[int], init=False)  # trials to run before any new one
    _reported: dict[int, float] = field(factory=dict[int, float], init=False)  # the metric in each job's last report
    _mistaken: str = field(default="", init=False)  # that the evaluator does not give the objective
    _halted: set[int] = field(factory=set[int], init=False)  # trials that were told to end, and whose end is to come
    _failures: list[AttemptEnded] = field(factory=list[AttemptEnded], init=False)  # in a row

    def go_on(self, *first: Event) -> RunStopped:
        """Log `first`, then run trials until there are as many as asked for; why it ended.

        Once the log has been told, TrialsKeepFailing if too many failed in a row, and NoSuchMetric if the first one
        that ended well lacks the metric that the search is about.
        """
        self._again = list(self.state.in_flight)  # interrupted in an earlier process
        for event in first:
            self._record(event)
        while not self._mistaken and (urgency := self.stop()) < Stop.NOW:
            may_begin = urgency == Stop.NO and not self._keeps_failing
            jobs = self._begin() if may_begin else []
            if any(not isinstance(event, Reported) for event in self._pending):
                self._commit()
            for job in jobs:
                self.evaluator.submit(job)
            if not self._jobs:
                break
            self._hear()
        stopped = self._why()
        self._record(stopped)
        self._commit()
        if self._mistaken:
            raise NoSuchMetric(self._mistaken)
        if self._keeps_failing:
            raise TrialsKeepFailing(f"{len(self._failures)} trials in a row failed. {stopped.detail}")
        return stopped

    def _begin(self) -> list[Job]:
        """A job for each free slot: trials to run again, then new proposals; the log comes before the work."""
        jobs: list[Job] = []
        while len(self._jobs) < self.evaluator.slots:
            trial = self._again.pop(0) if self._again else self._propose()
            if trial is None:
                break
            proposal = self.search_state.open_trials[trial]
            attempt = self.state.trials[trial].attempts + 1
            self._record(AttemptStarted(trial, attempt))
            self._jobs[trial] = self._job(proposal, attempt)
            jobs.append(self._jobs[trial])
        return jobs

    def _job(self, proposal: Proposal, attempt: int) -> Job:
        """An attempt at a trial. All trials that continue one another are one training, and so have one seed."""
        trial, first = proposal.trial, self.state.trials[proposal.trial]
        while first.continues is not None:
            first = self.state.trials[first.continues]
        seed = training_seed(self.search_state.problem.seed, first.trial)
        leaves = () if self.keeper is None else to_leave(trial, self.state, self.search_state.promotable)
        folder = str(self.keeper.folder) if self.keeper and (leaves or proposal.continues is not None) else None
        return Job(
            trial, attempt, proposal.leaf.architecture, proposal.budget, seed, proposal.continues, folder, leaves
        )

    def _propose(self) -> int | None:
        """The number of a new trial; None if there are enough or the searcher has no more for now."""
        if self.state.proposed >= self.state.target:
            return None
        proposal = self.search_state.propose()
        if proposal is None:
            return None
        self._record(to_event(proposal), self.search_state.adopt(proposal))
        return proposal.trial

    def _hear(self) -> None:
        """Take what the evaluator says; only reports may wait for the next append."""
        for message in self.evaluator.collect(PATIENCE):
            if isinstance(message, Report):
                self._report(message)
            else:
                self._end(message)
        if self.clock() - self._flushed >= FLUSH:
            self._commit()

    def _report(self, report: Report) -> None:
        """Take what a running trial says of an epoch."""
        metric, metrics = self.search_state.problem.objective.metric, floats(report.metrics)
        if metric in metrics:
            self._reported[report.trial] = metrics[metric]
        self._record(Reported(report.trial, report.attempt, report.epoch, metrics))
        self._judge(report.trial)

    def _judge(self, trial: int) -> None:
        """Halt a trial that is hopeless; why that is so is in the log before, and comes back with its end."""
        if self.curves is not None and trial not in self._halted and (why := self.curves.why_hopeless(trial)):
            self._commit()
            self._halted.add(trial)
            self.evaluator.stop_early(trial, why)

    def _end(self, finished: Finished) -> None:
        """Take the end of an attempt: of its trial, too, unless that is tried again."""
        objective = self.search_state.problem.objective
        end = ended(self._with_best(finished), objective, self._reported.pop(finished.trial, None))
        if end.status == "invalid" and finished.status == "ok" and not self._has_metric:
            self._mistaken = _no_metric(end, objective)
        self._halted.discard(end.trial)
        self._record(end)
        del self._jobs[end.trial]
        # The log's count, not this process's: a run that is resumed has no more retries than one that was not.
        if finished.transient and self.state.trials[end.trial].ends <= self.retries:
            self._again.append(end.trial)
            return
        self._record(scored(end, objective))
        self._failures = [] if end.status == "ok" else [*self._failures, end]

    def _with_best(self, finished: Finished) -> Finished:
        """The end of a halted attempt, whose score is the best that it reported if it came to no other."""
        metric = self.search_state.problem.objective.metric
        best = None if self.curves is None or finished.stopped is None else self.curves.best(finished.trial)
        return finished if best is None else evolve(finished, metrics={metric: best, **finished.metrics})

    def _record(self, event: Event, search_state: SearchState[Any] | None = None) -> None:
        """Take an event for a fact; it is one after the next commit, and nothing is done about it before.

        `search_state` is the state of the search after it, where that is at hand.
        """
        self.state = decide(self.state, event)
        self.search_state = self.search_state.fold(event) if search_state is None else search_state
        self.curves = None if self.curves is None else self.curves.after(event)
        self._pending.append(event)

    def _commit(self) -> None:
        if self._pending:
            self.position = self.log.append(self.name, self._pending, self.position)
        logged, self._pending, self._flushed = self._pending, [], self.clock()
        if self.keeper is not None and any(not isinstance(event, Reported) for event in logged):
            leaving = [trial for trial, job in self._jobs.items() if job.keeps]
            self.keeper.tidy(leaving, self.state, self.search_state.problem.objective, self.search_state.promotable)
        for event in logged:
            self.watch(event)

    @property
    def _has_metric(self) -> bool:
        """Whether a trial has come to the metric that the search is about, if only to one that is no number."""
        metric = self.search_state.problem.objective.metric
        return any(trial.ended and metric in trial.ended.metrics for trial in self.state.trials.values())

    @property
    def _keeps_failing(self) -> bool:
        return len(self._failures) >= self.failures_in_a_row

    def _why(self) -> RunStopped:
        if self._mistaken:
            return RunStopped("failing", self._mistaken)
        if self._keeps_failing:
            first = self._failures[0]
            return RunStopped("failing", f"trial {first.trial}, the first of them, was {first.status}: {first.error}")
        if self.state.scored >= self.state.target:
            return RunStopped("finished")
        if self.stop() > Stop.NO:
            return RunStopped("interrupted")
        return RunStopped("exhausted", "the searcher has nothing more to propose")
