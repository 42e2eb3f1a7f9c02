"""The search loop: asks the searcher for proposals, logs them, submits jobs, and tells the searcher their scores.

It is the same for every searcher, space and evaluator. What it writes of the run, `RunWriter` does.
"""

from attrs import define, field

from archwright.core.defaults import DEFAULT_RETRIES
from archwright.core.errors import ArchwrightError
from archwright.core.protocols import AttemptResult, Evaluator, Job, Report, ReportsWithin, describe_status
from archwright.search.running.attempts import (
    explain_missing_metric,
    to_scored,
)
from archwright.search.running.callbacks import StopRequest
from archwright.search.running.ends import explain_ends, explain_exhaustion, find_ends, lets_promote, measure_seconds
from archwright.search.running.run_writer import RunWriter
from archwright.store.events import AttemptEnded, Event, RunStopped

COLLECT_TIMEOUT_SECONDS = 0.5  # how long to wait for the evaluator before asking again whether to stop
MAX_CONSECUTIVE_FAILURES = 5  # trials without a score, one after the other, after which a run usually stops


class TrialsKeepFailing(ArchwrightError, RuntimeError):
    """So many trials failed in a row that the search stopped."""


class NothingScored(TrialsKeepFailing):
    """Searches none of whose trials has a score."""


class NoSuchMetric(ArchwrightError, LookupError):
    """An objective's metric that the evaluator does not give, as the first trial that ended well shows."""


@define
class SearchLoop(RunWriter):
    """A run that is under way in this process: what is written of it, and what its trials are run with."""

    evaluator: Evaluator
    max_consecutive_failures: int = field(default=MAX_CONSECUTIVE_FAILURES, kw_only=True)
    retries: int = field(default=DEFAULT_RETRIES, kw_only=True)  # further attempts after a transient failure
    _retry_queue: list[int] = field(factory=list[int], init=False)  # trials to run again before any new one
    _missing_metric_error: str = field(default="", init=False)  # empty if the evaluator gives the objective's metric
    _stopping_early: set[int] = field(factory=set[int], init=False)  # trials that are to stop early, and still run
    _consecutive_failures: list[AttemptEnded] = field(factory=list[AttemptEnded], init=False)

    def run(self, *first_events: Event) -> RunStopped:
        """Log `first_events`, then run trials until the run reaches one of its ends; the event that says why it ended.

        Raises, after that event is logged, TrialsKeepFailing if too many trials failed in a row, and NoSuchMetric if
        the first one that ended well lacks the objective's metric.
        """
        self._retry_queue = list(self.run_state.open_trials)  # interrupted in an earlier process
        for event in first_events:
            self.record(event)
        if isinstance(self.evaluator, ReportsWithin):
            self.evaluator.handle_reports(self._handle_report)
        while not self._missing_metric_error and (request := self._get_stop_request()) < StopRequest.IMMEDIATE:
            may_start = request == StopRequest.NONE and not self._keeps_failing
            jobs = self._start_attempts() if may_start else []
            if self.must_commit and (not self.run_state.simulates_time or self.are_reports_due):
                self.commit()  # what is looked up at once is looked up again after a kill: that may wait, as reports do
            for job in jobs:
                self.evaluator.submit(job)
            if not self.running_jobs:
                break
            self._record_messages()
        stop_event = self._explain_stop()
        self.record(stop_event)
        self.commit()
        if self._missing_metric_error:
            raise NoSuchMetric(self._missing_metric_error)
        if self._keeps_failing:
            raise TrialsKeepFailing(f"{len(self._consecutive_failures)} trials in a row failed. {stop_event.detail}")
        return stop_event

    def _get_stop_request(self) -> StopRequest:
        """How a person wants the run to stop: at once where time is simulated, so that it goes on as if it never had.

        What is open then has its start in the log, and nothing is lost: it is looked up again.
        """
        request = self.callbacks.get_stop_request()
        simulates_time = self.run_state.simulates_time
        return StopRequest.IMMEDIATE if simulates_time and request > StopRequest.NONE else request

    def _start_attempts(self) -> list[Job]:
        """A job for each free slot: trials to run again, then new proposals. The caller submits them once logged."""
        jobs: list[Job] = []
        while len(self.running_jobs) < self.evaluator.slots:
            trial = self._retry_queue.pop(0) if self._retry_queue else self._propose_trial()
            if trial is None:
                break
            jobs.append(self.start_attempt(trial))
        return jobs

    def _propose_trial(self) -> int | None:
        """The number of a new trial; None if the run reaches an end, or the searcher proposes none for now."""
        reached = find_ends(self.run_state, self._measure_seconds())
        proposal = self.propose() if lets_promote(reached) else None
        return None if proposal is None else proposal.trial

    def _has_promotion(self) -> bool:
        """Whether the next proposal is a promotion."""
        proposal = self.search_state.propose()
        return proposal is not None and proposal.promotes is not None

    def _record_messages(self) -> None:
        """Record the evaluator's reports and results; reports alone may wait for the next append."""
        for message in self.evaluator.collect(COLLECT_TIMEOUT_SECONDS):
            if isinstance(message, Report):
                self._take_report(message)
            else:
                self._finish_attempt(message)
        if self.are_reports_due:
            self.commit()

    def _take_report(self, report: Report) -> None:
        """Record the report of a running trial, and stop the trial if it is hopeless."""
        self.record_report(report)
        self._stop_if_hopeless(report.trial)

    def _handle_report(self, report: Report) -> bool:
        """Take a report while `collect` is under way; whether its trial may go on."""
        self._take_report(report)
        if self.are_reports_due:
            self.commit()
        return self.callbacks.get_stop_request() < StopRequest.IMMEDIATE

    def _stop_if_hopeless(self, trial: int) -> None:
        """Tell the evaluator to end a hopeless trial, once the reports that make it so are logged."""
        if self.early_stopping is None or trial in self._stopping_early:
            return
        if reason := self.early_stopping.find_stop_reason(trial):
            self.commit()
            self._stopping_early.add(trial)
            self.evaluator.stop_early(trial, reason)

    def _finish_attempt(self, result: AttemptResult) -> None:
        """Record the end of an attempt, and the score of its trial unless another attempt follows."""
        objective = self.search_state.problem.objective
        end = self.judge_result(result)
        if end.status == "invalid" and result.status == "ok" and not self._was_metric_given:
            self._missing_metric_error = explain_missing_metric(end, objective)
        self._stopping_early.discard(end.trial)
        self.record_end(end)
        # The log's count, not this process's: a run that is resumed has no more retries than one that was not.
        if result.transient and self.run_state.trials[end.trial].ended_attempts <= self.retries:
            self._retry_queue.append(end.trial)
            return
        self.record(to_scored(end, objective))
        self._consecutive_failures = [] if end.status == "ok" else [*self._consecutive_failures, end]

    def _measure_seconds(self) -> float:
        """The seconds that the run has taken by now."""
        return measure_seconds(self.run_state, self.run_time, self.event_clock())

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
            verb = describe_status(first.status)
            return RunStopped("failing", f"trial {first.trial}, the first of them, {verb}: {first.error}")
        seconds = self._measure_seconds()
        reached = find_ends(self.run_state, seconds)
        is_over = reached and not (lets_promote(reached) and self._has_promotion())
        if is_over and not self.run_state.open_trials:
            return RunStopped("finished", explain_ends(self.run_state, seconds))
        if self.callbacks.get_stop_request() > StopRequest.NONE:
            return RunStopped("interrupted")
        return RunStopped("exhausted", explain_exhaustion(self.search_state.problem, self.run_state))
