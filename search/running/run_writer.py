"""A run that this process writes: its state so far, and the events that log its trials.

Whoever decides what is tried, and where the results come from, writes by this: the search loop and the ask-and-tell
study. Each event is applied to the state when it is recorded and logged by the next commit; whatever acts on an event
commits it first: so a process that is killed at any instant leaves a log from which another one can resume the run.
What a change raises before it is logged leaves the run as it was.
"""

import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any

from attrs import define, evolve, field, frozen

from archwright.core.clock import round_clock
from archwright.core.protocols import AttemptResult, Job, Proposal, Report
from archwright.search.running.attempts import as_floats, derive_training_seed, to_attempt_ended
from archwright.search.running.callbacks import NO_CALLBACKS, RunCallbacks
from archwright.search.running.retention import ArtifactRetention, choose_artifacts_to_write
from archwright.search.running.search_state import SearchState, to_proposed
from archwright.search.running.stopping import EarlyStopping
from archwright.search.searcher import find_rungs
from archwright.store.errors import LogConflict, UnwritableEvent
from archwright.store.events import AttemptEnded, AttemptStarted, Event, Reported, event_to_json
from archwright.store.fold import RunState, decide
from archwright.store.log import AppendableLog, Position
from archwright.store.run_time import NO_TIME, RunTime

REPORT_FLUSH_SECONDS = 1.0  # how long a report may wait in memory for the next append


@frozen
class _Committed:
    """What a writer knows of its run as it stands in the log."""

    run_state: RunState
    search_state: SearchState[Any]
    run_time: RunTime
    early_stopping: EarlyStopping | None
    running_jobs: Mapping[int, Job]
    last_metric_values: Mapping[int, float]


@define
class RunWriter:
    """A run that this process writes, and its running attempts."""

    log: AppendableLog
    name: str  # of the run in the log
    position: Position  # of the run's last event in the log
    run_state: RunState
    search_state: SearchState[Any]
    run_time: RunTime = field(default=NO_TIME, kw_only=True)  # up to the run's last event
    # Of models and checkpoints; None: no trial leaves any.
    retention: ArtifactRetention | None = field(default=None, kw_only=True)
    # By which hopeless trials are stopped early; None: none is.
    early_stopping: EarlyStopping | None = field(default=None, kw_only=True)
    callbacks: RunCallbacks = field(default=NO_CALLBACKS, kw_only=True)
    clock: Callable[[], float] = field(default=time.monotonic, kw_only=True)  # seconds
    event_clock: Callable[[], float] = field(default=time.time, kw_only=True)  # seconds since 1970, UTC
    running_jobs: dict[int, Job] = field(factory=dict[int, Job], init=False)  # by trial
    _has_begun: bool = field(default=False, init=False)  # whether it has logged an event
    _uncommitted: list[Event] = field(factory=list[Event], init=False)
    _uncommitted_times: list[float] = field(factory=list[float], init=False)  # of these events, on the event clock
    _committed_at: float = field(default=0.0, init=False)  # on the clock
    # The objective's value in the last report, by trial.
    _last_metric_values: dict[int, float] = field(factory=dict[int, float], init=False)
    # After the run's last event in the log.
    _committed: _Committed = field(init=False, repr=False)
    # What an append raised about: the log may hold it all the same, as where the disk was full just after it.
    _doubtful: list[Event] = field(factory=list[Event], init=False)

    def __attrs_post_init__(self) -> None:
        self._remember()

    def _remember(self) -> None:
        self._committed = _Committed(
            self.run_state,
            self.search_state,
            self.run_time,
            self.early_stopping,
            dict(self.running_jobs),
            dict(self._last_metric_values),
        )

    def _go_back(self) -> None:
        """Forget what was recorded since the last commit."""
        committed = self._committed
        self.run_state, self.search_state = committed.run_state, committed.search_state
        self.run_time, self.early_stopping = committed.run_time, committed.early_stopping
        self.running_jobs, self._last_metric_values = dict(committed.running_jobs), dict(committed.last_metric_values)
        self._uncommitted, self._uncommitted_times = [], []

    @contextmanager
    def change(self) -> Generator[None]:
        """Commit what the block records; nothing of it happens where the block, or the append, raises."""
        self.settle()
        try:
            yield
            self.commit()
        except BaseException:
            self._go_back()
            raise

    def settle(self) -> None:
        """Take in what the last append has written although it raised; raises what keeps the log from being read."""
        if not self._doubtful:
            return
        logged = self.log.read(self.name, self.position.seq)
        if [*map(event_to_json, self._doubtful)] == [event_to_json(each.event) for each in logged]:
            for each in logged:
                self._take_in(each.event, each.time)
            self.position = logged[-1].position
            self._doubtful = []
            self._follow_commit([each.event for each in logged])
        self._doubtful = []

    def _take_in(self, event: Event, time: float) -> None:
        """Apply an event that the log holds."""
        self._apply(event, time)
        match event:
            case AttemptStarted(trial, attempt, clock):
                self.running_jobs[trial] = self.make_job(trial, attempt, clock)
            case AttemptEnded(trial):
                self.running_jobs.pop(trial, None)
            case _:
                pass

    def propose(self) -> Proposal | None:
        """The next trial, recorded as proposed; None if there is nothing to propose for now."""
        proposal = self.search_state.propose()
        if proposal is not None:
            self.record(to_proposed(proposal), self.search_state.adopt(proposal))
        return proposal

    def start_attempt(self, trial: int) -> Job:
        """The job of the next attempt at an open trial, recorded as started; it may run once that is committed.

        Where time is simulated, it starts at the clock of the last event; a trial that an earlier process had started
        and not ended keeps that start, so that outcomes come in the order of a run that was never killed.
        """
        attempt, clock = self.run_state.trials[trial].attempts + 1, None
        if self.run_state.simulates_time:
            started_at = self.run_state.trials[trial].started_at
            clock = self.run_state.clock if started_at is None else started_at
        self.record(AttemptStarted(trial, attempt, clock))
        self.running_jobs[trial] = self.make_job(trial, attempt, clock)
        return self.running_jobs[trial]

    def make_job(self, trial: int, attempt: int, clock: float | None = None) -> Job:
        """The job of an attempt at an open trial, which starts at the simulated `clock`, if there is one.

        A trial that continues another one has its seed, as both are parts of one training.
        """
        proposal = self.search_state.open_trials[trial]
        first_trial = self.find_first_trial(trial)
        artifacts, folder, continued_budget = (), None, None
        budgets = self.search_state.problem.budgets
        if proposal.continues is not None:
            continued_budget = self.run_state.trials[proposal.continues].budget
        if self.retention is not None:
            artifacts = choose_artifacts_to_write(proposal.trial, self.run_state, self.search_state.promotable)
            folder = str(self.retention.folder) if artifacts or proposal.continues is not None else None
        return Job(
            proposal.trial,
            attempt,
            proposal.leaf.architecture,
            proposal.budget,
            derive_training_seed(self.search_state.seed, first_trial),
            proposal.continues,
            artifact_folder=folder,
            artifacts_to_keep=artifacts,
            horizon=proposal.horizon,
            largest_budget=self.search_state.problem.budget,
            rung=proposal.rung,
            rungs=None if budgets is None else len(find_rungs(self.search_state.searcher, budgets)),
            continued_budget=continued_budget,
            starts_at=clock,
        )

    def find_first_trial(self, trial: int) -> int:
        """The trial with which the training began that `trial` goes on with, whose seed it has; itself for most."""
        while (earlier := self.run_state.trials[trial].continues) is not None:
            trial = earlier
        return trial

    def record_report(self, report: Report) -> None:
        """Record the metrics of one epoch of a running attempt."""
        metric, metrics = self.search_state.problem.objective.metric, as_floats(report.metrics)
        if metric in metrics:
            self._last_metric_values[report.trial] = metrics[metric]
        self.record(Reported(report.trial, report.attempt, report.epoch, metrics))

    def judge_result(self, result: AttemptResult) -> AttemptEnded:
        """The event that logs the end of a running attempt, which is not recorded yet."""
        last_value = self._last_metric_values.pop(result.trial, None)
        clock = self._find_end_clock(result)
        return to_attempt_ended(self._add_best_score(result), self.search_state.problem.objective, last_value, clock)

    def _find_end_clock(self, result: AttemptResult) -> float | None:
        """When an attempt ends on the simulated clock, which never goes back; None where no time is simulated."""
        starts_at = self.running_jobs[result.trial].starts_at
        if starts_at is None:
            return None
        return max(self.run_state.clock, round_clock(starts_at + result.seconds))

    def _add_best_score(self, result: AttemptResult) -> AttemptResult:
        """The result; of an attempt that was stopped early without a score, with the best value that it reported."""
        if self.early_stopping is None or result.stopped is None:
            return result
        metric, best = self.search_state.problem.objective.metric, self.early_stopping.find_best(result.trial)
        return result if best is None else evolve(result, metrics={metric: best, **result.metrics})

    def record_end(self, end: AttemptEnded) -> None:
        """Record the end of a running attempt."""
        self.record(end)
        del self.running_jobs[end.trial]

    def record(self, event: Event, search_state: SearchState[Any] | None = None) -> None:
        """Apply an event to the states, if it may come next. The next commit logs it, before anything acts on it.

        `search_state` is that after the event, where the caller has computed it already.
        """
        time = self.event_clock()
        self._apply(event, time, search_state)
        self._uncommitted.append(event)
        self._uncommitted_times.append(time)

    def _apply(self, event: Event, time: float, search_state: SearchState[Any] | None = None) -> None:
        self.run_state, self.run_time = decide(self.run_state, event), self.run_time.fold(event, time)
        self.search_state = self.search_state.fold(event) if search_state is None else search_state
        self.early_stopping = None if self.early_stopping is None else self.early_stopping.fold(event)

    @property
    def must_commit(self) -> bool:
        """Whether events other than reports wait to be logged."""
        return any(not isinstance(event, Reported) for event in self._uncommitted)

    @property
    def are_reports_due(self) -> bool:
        """Whether reports have waited long enough for other events to be logged with."""
        return self.clock() - self._committed_at >= REPORT_FLUSH_SECONDS

    def commit(self) -> None:
        """Append the recorded events to the log, delete the artifacts that they make unneeded, call `on_event`.

        Where the append raises, they are forgotten: the run goes on as it was after the last commit.
        """
        if self._uncommitted:
            try:
                self.position = self.log.append(self.name, self._uncommitted, self.position, self._uncommitted_times)
            except BaseException as error:
                # These two say that nothing was written.
                self._doubtful = [] if isinstance(error, LogConflict | UnwritableEvent) else self._uncommitted
                self._go_back()
                raise
        committed, self._uncommitted = self._uncommitted, []
        self._uncommitted_times = []
        self._follow_commit(committed)

    def _follow_commit(self, committed: list[Event]) -> None:
        """Do what comes after events are in the log."""
        self._committed_at = self.clock()
        self._remember()
        if self.retention is not None and any(not isinstance(event, Reported) for event in committed):
            running_trials = [trial for trial, job in self.running_jobs.items() if job.artifacts_to_keep]
            self.retention.delete_unneeded(running_trials, self.run_state, self.search_state.promotable)
        if committed and not self._has_begun:
            self._has_begun = True
            self.callbacks.begin(self.position.seq - len(committed))
        for event in committed:
            self.callbacks.on_event(event)
