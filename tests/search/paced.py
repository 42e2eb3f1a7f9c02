"""An evaluator in this process that trains several jobs an epoch at a time, and lets them be stopped early."""

import random
from collections.abc import Callable, Sequence

from archwright.core.protocols import AttemptResult, EarlyStop, Job, Report

LearningCurve = Callable[[Job], Sequence[float | None]]  # the accuracy after each epoch; None: the job crashes there


class PacedEvaluator:
    """Each `collect` lets one of the jobs, drawn by `seed`, train one more epoch; a stop is `late` epochs late."""

    simulates_time = False

    def __init__(self, curve: LearningCurve, slots: int = 1, seed: int = 0, late: int = 0) -> None:
        self.slots = slots
        self.jobs: dict[int, Job] = {}
        self.epochs: dict[int, int] = {}  # of every trial, how many were trained in its last attempt
        self.stops: list[tuple[int, int, str]] = []  # trial, epoch and reason
        self.on_stop: Callable[[int, int, str], None] = lambda *_: None
        self._curve, self._late, self._random = curve, late, random.Random(seed)
        self._ends: dict[int, tuple[int, str]] = {}

    def submit(self, job: Job) -> None:
        assert len(self.jobs) < self.slots
        self.jobs[job.trial], self.epochs[job.trial] = job, 0
        self._ends.pop(job.trial, None)

    def stop_early(self, trial: int, reason: str) -> None:
        self.stops.append((trial, self.epochs[trial], reason))
        self.on_stop(trial, self.epochs[trial], reason)
        if trial in self.jobs:
            self._ends[trial] = (self.epochs[trial] + self._late, reason)

    def collect(self, timeout: float) -> Sequence[Report | AttemptResult]:
        del timeout
        job = self.jobs[self._random.choice(sorted(self.jobs))]
        trial, curve = job.trial, self._curve(job)
        epochs_done, (last_epoch, reason) = self.epochs[trial], self._ends.get(trial, (len(curve), ""))
        if epochs_done >= min(last_epoch, len(curve)):
            stopped = EarlyStop("hopeless", epochs_done, reason) if reason and epochs_done < len(curve) else None
            metrics = {} if stopped else {"accuracy": max(value for value in curve if value is not None)}
            return [
                self._finish(job, AttemptResult(trial, job.attempt, "ok", metrics, 1.0 * epochs_done, stopped=stopped))
            ]
        value = curve[epochs_done]
        if value is None:
            return [self._finish(job, AttemptResult(trial, job.attempt, "crashed", {}, 1.0 * epochs_done, "a crash"))]
        self.epochs[trial] += 1
        return [Report(trial, job.attempt, epochs_done + 1, {"accuracy": value})]

    def _finish(self, job: Job, end: AttemptResult) -> AttemptResult:
        del self.jobs[job.trial]
        return end

    def close(self) -> None:
        self.jobs.clear()
