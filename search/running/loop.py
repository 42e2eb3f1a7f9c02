"""The search loop: asks the searcher for proposals, logs them, submits jobs, and tells the searcher their scores.

It is the same for every searcher, space and evaluator. Each decision is logged before it is acted on, in one
transaction: so a process that is killed at any instant leaves a log from which another one can resume the run.
"""

import time
from collections.abc import Callable
from enum import IntEnum
from typing import Any

from attrs import define, evolve, field, frozen

from archwright.core.errors import ArchwrightError
from archwright.core.protocols import DEFAULT_RETRIES, AttemptResult, Evaluator, Job, Proposal, Report
from archwright.search.running.attempts import (
    as_floats,
    derive_training_seed,
    explain_missing_metric,
    to_attempt_ended,
    to_scored,
)
from archwright.search.running.retention import ArtifactRetention, choose_artifacts_to_write
from archwright.search.running.search_state import SearchState, to_proposed
from archwright.search.running.stopping import LearningCurves
from archwright.store.events import AttemptEnded, AttemptStarted, Event, Reported, RunStopped
from archwright.store.fold import RunState, decide
from archwright.store.log import AppendableLog, Position

REPORT_FLUSH_SECONDS = 1.0  # how long a report may wait in memory for the next append
COLLECT_TIMEOUT_SECONDS = 0.5  # how long to wait for the evaluator before asking again whether to stop
MAX_CONSECUTIVE_FAILURES = 5  # trials without a score, one after the other, after which a run usually stops


class TrialsKeepFailing(ArchwrightError, RuntimeError):
    """So many trials failed in a row that the search stopped."""


class NothingScored(TrialsKeepFailing):
    """Searches none of whose trials has a score."""


class NoSuchMetric(ArchwrightError, LookupError):
    """An objective's metric that the evaluator does not give, as the first trial that ended well shows."""


class StopRequest(IntEnum):
    """How urgently a person wants the run to stop."""

    NONE = 0
    GRACEFUL = 1  # once the running trials have ended
    IMMEDIATE = 2  # without the running trials, which run again when the run is resumed


def _request_no_stop() -> StopRequest:
    return StopRequest.NONE


def _ignore_event(event: Event) -> None:
    del event


@frozen
class RunCallbacks:
    """What a run calls while it is under way."""

    get_stop_request: Callable[[], StopRequest] = _request_no_stop  # often, so that a person can stop the run
    on_event: Callable[[Event], None] = _ignore_event  # with every event, once it is logged


NO_CALLBACKS = RunCallbacks()


@define
class SearchLoop:
    """A run that is under way in this process: its state so far, and what its trials are run with."""

    log: AppendableLog
    name: str  # of the run in the log
    position: Position  # of the run's last event in the log
    run_state: RunState
    search_state: SearchState[Any]
    evaluator: Evaluator
    callbacks: RunCallbacks = NO_CALLBACKS
    max_consecutive_failures: int = MAX_CONSECUTIVE_FAILURES
    retries: int = DEFAULT_RETRIES  # further attempts at a trial that failed for a transient reason
    retention: ArtifactRetention | None = None  # of models and checkpoints; None: no trial leaves any
    learning_curves: LearningCurves | None = None  # by which hopeless trials are stopped early; None: none is
    clock: Callable[[], float] = time.monotonic  # seconds
    _uncommitted: list[Event] = field(factory=list[Event], init=False)
    _committed_at: float = field(default=0.0, init=False)  # on the clock
    _running_jobs: dict[int, Job] = field(factory=dict[int, Job], init=False)  # by trial
    _retry_queue: list[int] = field(factory=list[int], init=False)  # trials to run again before any new one
    # The objective's value in the last report, by trial.
    _last_metric_values: dict[int, float] = field(factory=dict[int, float], init=False)
    _missing_metric_error: str = field(default="", init=False)  # empty if the evaluator gives the objective's metric
    _stopping_early: set[int] = field(factory=set[int], init=False)  # trials that are to stop early, and still run
    _consecutive_failures: list[AttemptEnded] = field(factory=list[AttemptEnded], init=False)

    def run(self, first_event: Event) -> RunStopped:
        """Log `first_event`, then run trials until there are as many as asked for; the event that says why it ended.

        Raises, after that event is logged, TrialsKeepFailing if too many trials failed in a row, and NoSuchMetric if
        the first one that ended well lacks the objective's metric.
        """
        self._retry_queue = list(self.run_state.open_trials)  # interrupted in an earlier process
        self._record(first_event)
        while not self._missing_metric_error and (request := self.callbacks.get_stop_request()) < StopRequest.IMMEDIATE:
            may_start = request == StopRequest.NONE and not self._keeps_failing
            jobs = self._start_attempts() if may_start else []
            if any(not isinstance(event, Reported) for event in self._uncommitted):
                self._commit()
            for job in jobs:
                self.evaluator.submit(job)
            if not self._running_jobs:
                break
            self._record_messages()
        stop_event = self._explain_stop()
        self._record(stop_event)
        self._commit()
        if self._missing_metric_error:
            raise NoSuchMetric(self._missing_metric_error)
        if self._keeps_failing:
            raise TrialsKeepFailing(f"{len(self._consecutive_failures)} trials in a row failed. {stop_event.detail}")
        return stop_event

    def _start_attempts(self) -> list[Job]:
        """A job for each free slot: trials to run again, then new proposals. The caller submits them once logged."""
        jobs: list[Job] = []
        while len(self._running_jobs) < self.evaluator.slots:
            trial = self._retry_queue.pop(0) if self._retry_queue else self._propose()
            if trial is None:
                break
            proposal = self.search_state.open_trials[trial]
            attempt = self.run_state.trials[trial].attempts + 1
            self._record(AttemptStarted(trial, attempt))
            self._running_jobs[trial] = self._make_job(proposal, attempt)
            jobs.append(self._running_jobs[trial])
        return jobs

    def _propose(self) -> int | None:
        """The number of a new trial; None if the run has enough trials, or the searcher proposes none for now."""
        if self.run_state.proposal_count >= self.run_state.target_trials:
            return None
        proposal = self.search_state.propose()
        if proposal is None:
            return None
        self._record(to_proposed(proposal), self.search_state.adopt(proposal))
        return proposal.trial

    def _make_job(self, proposal: Proposal, attempt: int) -> Job:
        """The job of an attempt. A trial that continues another one has its seed, as both are parts of one training."""
        first_trial = self.run_state.trials[proposal.trial]
        while first_trial.continues is not None:
            first_trial = self.run_state.trials[first_trial.continues]
        artifacts, folder = (), None
        if self.retention is not None:
            artifacts = choose_artifacts_to_write(proposal.trial, self.run_state, self.search_state.promotable)
            folder = str(self.retention.folder) if artifacts or proposal.continues is not None else None
        return Job(
            proposal.trial,
            attempt,
            proposal.leaf.architecture,
            proposal.budget,
            derive_training_seed(self.search_state.seed, first_trial.trial),
            proposal.continues,
            artifact_folder=folder,
            artifacts_to_keep=artifacts,
        )

    def _record_messages(self) -> None:
        """Record the evaluator's reports and results; reports alone may wait for the next append."""
        for message in self.evaluator.collect(COLLECT_TIMEOUT_SECONDS):
            if isinstance(message, Report):
                self._record_report(message)
            else:
                self._finish_attempt(message)
        if self.clock() - self._committed_at >= REPORT_FLUSH_SECONDS:
            self._commit()

    def _record_report(self, report: Report) -> None:
        """Record the metrics of one epoch of a running trial, and stop the trial if it is hopeless."""
        metric, metrics = self.search_state.problem.objective.metric, as_floats(report.metrics)
        if metric in metrics:
            self._last_metric_values[report.trial] = metrics[metric]
        self._record(Reported(report.trial, report.attempt, report.epoch, metrics))
        self._stop_if_hopeless(report.trial)

    def _stop_if_hopeless(self, trial: int) -> None:
        """Tell the evaluator to end a hopeless trial, once the reports that make it so are logged."""
        if self.learning_curves is None or trial in self._stopping_early:
            return
        if reason := self.learning_curves.find_stop_reason(trial):
            self._commit()
            self._stopping_early.add(trial)
            self.evaluator.stop_early(trial, reason)

    def _finish_attempt(self, result: AttemptResult) -> None:
        """Record the end of an attempt, and the score of its trial unless another attempt follows."""
        objective = self.search_state.problem.objective
        last_value = self._last_metric_values.pop(result.trial, None)
        end = to_attempt_ended(self._add_best_score(result), objective, last_value)
        if end.status == "invalid" and result.status == "ok" and not self._was_metric_given:
            self._missing_metric_error = explain_missing_metric(end, objective)
        self._stopping_early.discard(end.trial)
        self._record(end)
        del self._running_jobs[end.trial]
        # The log's count, not this process's: a run that is resumed has no more retries than one that was not.
        if result.transient and self.run_state.trials[end.trial].ended_attempts <= self.retries:
            self._retry_queue.append(end.trial)
            return
        self._record(to_scored(end, objective))
        self._consecutive_failures = [] if end.status == "ok" else [*self._consecutive_failures, end]

    def _add_best_score(self, result: AttemptResult) -> AttemptResult:
        """The result; of an attempt that was stopped early without a score, with the best value that it reported."""
        if self.learning_curves is None or result.stopped is None:
            return result
        metric, best = self.search_state.problem.objective.metric, self.learning_curves.find_best(result.trial)
        return result if best is None else evolve(result, metrics={metric: best, **result.metrics})

    def _record(self, event: Event, search_state: SearchState[Any] | None = None) -> None:
        """Apply an event to the states, if it may come next. The next commit logs it, before anything acts on it.

        `search_state` is that after the event, where the caller has computed it already.
        """
        self.run_state = decide(self.run_state, event)
        self.search_state = self.search_state.fold(event) if search_state is None else search_state
        self.learning_curves = None if self.learning_curves is None else self.learning_curves.fold(event)
        self._uncommitted.append(event)

    def _commit(self) -> None:
        """Append the recorded events to the log, delete the artifacts that they make unneeded, call `on_event`."""
        if self._uncommitted:
            self.position = self.log.append(self.name, self._uncommitted, self.position)
        committed, self._uncommitted, self._committed_at = self._uncommitted, [], self.clock()
        if self.retention is not None and any(not isinstance(event, Reported) for event in committed):
            running_trials = [trial for trial, job in self._running_jobs.items() if job.artifacts_to_keep]
            objective, promotable = self.search_state.problem.objective, self.search_state.promotable
            self.retention.delete_unneeded(running_trials, self.run_state, objective, promotable)
        for event in committed:
            self.callbacks.on_event(event)

    @property
    def _was_metric_given(self) -> bool:
        """Whether any attempt has given the objective's metric, be it NaN or infinite."""
        metric = self.search_state.problem.objective.metric
        return any(trial.last_end and metric in trial.last_end.metrics for trial in self.run_state.trials.values())

    @property
    def _keeps_failing(self) -> bool:
        return len(self._consecutive_failures) >= self.max_consecutive_failures

    def _explain_stop(self) -> RunStopped:
        """The event that says why the run ends here."""
        if self._missing_metric_error:
            return RunStopped("failing", self._missing_metric_error)
        if self._keeps_failing:
            first = self._consecutive_failures[0]
            return RunStopped("failing", f"trial {first.trial}, the first of them, was {first.status}: {first.error}")
        if self.run_state.score_count >= self.run_state.target_trials:
            return RunStopped("finished")
        if self.callbacks.get_stop_request() > StopRequest.NONE:
            return RunStopped("interrupted")
        return RunStopped("exhausted", "the searcher has nothing more to propose")
