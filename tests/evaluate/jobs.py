"""Running jobs through an evaluator, as the run loop does."""

import time

import archwright as aw
from archwright.core.budget import Budget
from archwright.core.protocols import AttemptResult, Job, Report
from archwright.core.term import Term
from archwright.evaluate.verdict import Evaluate
from archwright.evaluate.workers.process import WorkerProcess
from archwright.evaluate.workers.worker import attempt

EPOCH = Budget(1, "epochs")


def make_job(trial=0, architecture: Term | None = None, budget=EPOCH, seed=0, attempt=1) -> Job:
    """A job of `architecture`, or of a small one."""
    return Job(trial, attempt, architecture or aw.affine(units=10), budget, seed)


def call_function(function: str, architecture: Term | None = None) -> Term:
    """An architecture for which `call_named` of SCORES calls that function."""
    return aw.sequential(aw.settings(function=function), architecture or aw.affine(units=10))


def run_jobs(pool, *jobs, timeout_seconds=60.0) -> tuple[list[AttemptResult], list[Report]]:
    """Run jobs in a pool: their ends in the order of their trials, and every report."""
    waiting, running = list(reversed(jobs)), 0
    finished: list[AttemptResult] = []
    reports: list[Report] = []
    deadline = time.monotonic() + timeout_seconds
    while len(finished) < len(jobs):
        unfinished = f"{len(jobs) - len(finished)} jobs have not ended in {timeout_seconds} s"
        assert time.monotonic() < deadline, unfinished
        while waiting and running < pool.slots:
            pool.submit(waiting.pop())
            running += 1
        for message in pool.collect(1.0):
            if isinstance(message, AttemptResult):
                finished.append(message)
                running -= 1
            else:
                reports.append(message)
    return sorted(finished, key=lambda result: result.trial), reports


def run_jobs_in_process(evaluate: Evaluate, *jobs) -> tuple[list[AttemptResult], list[Report]]:
    """Run jobs in this process: their ends and every report."""
    reports: list[Report] = []
    return [attempt(evaluate, job, reports.append).result for job in jobs], reports


def run_job_twice(pool, **job_fields):
    """The end of a job that is run twice, with the same status both times."""
    (first, second), _ = run_jobs(pool, make_job(0, **job_fields), make_job(1, **job_fields))
    assert first.status == second.status
    return first


def wait_until_over(worker: WorkerProcess, seconds=60.0) -> bool:
    """Wait up to `seconds` until a worker, its threads and all that it has started have ended; whether they have."""
    deadline = time.monotonic() + seconds
    while worker.is_alive and time.monotonic() < deadline:
        time.sleep(0.02)
    return not worker.is_alive


def wait_for_report(pool, epoch=1):
    """Wait until a job has reported that epoch; all messages until then."""
    messages = []
    while not any(isinstance(message, Report) and message.epoch >= epoch for message in messages):
        messages += pool.collect(10.0)
    return messages


def wait_for_end(pool, earlier=()):
    """Wait until a job has ended; all messages until then, after the `earlier` ones."""
    messages = list(earlier)
    while not any(isinstance(message, AttemptResult) for message in messages):
        messages += pool.collect(10.0)
    return messages
