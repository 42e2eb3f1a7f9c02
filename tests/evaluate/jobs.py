"""Running jobs through an evaluator, as the run loop does."""

import time
from pathlib import Path

import archwright as aw
from archwright.core.budget import Budget
from archwright.core.protocols import AttemptResult, Job, Report
from archwright.core.term import Term
from archwright.evaluate.verdict import Evaluate
from archwright.evaluate.workers.process import WorkerProcess
from archwright.evaluate.workers.worker import attempt

EPOCH = Budget(1, "epochs")


def make_job(trial=0, architecture: Term | None = None, budget=EPOCH, seed=0, attempt=1) -> Job:
    """A job that asks for `architecture`, or for one of the smallest."""
    return Job(trial, attempt, architecture or aw.affine(units=10), budget, seed)


def call_function(function: str, architecture: Term | None = None) -> Term:
    """An architecture for which `named` of SCORES calls that one of them."""
    return aw.sequential(aw.settings(function=function), architecture or aw.affine(units=10))


def run_jobs(pool, *jobs, patience=60.0) -> tuple[list[AttemptResult], list[Report]]:
    """The ends of all jobs, in the order of their trials, and every report."""
    waiting, opened = list(reversed(jobs)), 0
    ended: list[AttemptResult] = []
    reports: list[Report] = []
    until = time.monotonic() + patience
    while len(ended) < len(jobs):
        assert time.monotonic() < until, f"{len(jobs) - len(ended)} jobs have not come to an end in {patience} s"
        while waiting and opened < pool.slots:
            pool.submit(waiting.pop())
            opened += 1
        for message in pool.collect(1.0):
            if isinstance(message, AttemptResult):
                ended.append(message)
                opened -= 1
            else:
                reports.append(message)
    return sorted(ended, key=lambda result: result.trial), reports


def run_jobs_in_process(evaluate: Evaluate, *jobs) -> tuple[list[AttemptResult], list[Report]]:
    """The same where a worker evaluates as this process does: for what no process of its own is needed."""
    reports: list[Report] = []
    return [attempt(evaluate, each, reports.append).result for each in jobs], reports


def run_job_twice(pool, **about):
    """The end of one job, after which another one ends in the same way: the pool has got over it."""
    (first, second), _ = run_jobs(pool, make_job(0, **about), make_job(1, **about))
    assert first.status == second.status
    return first


def wait_until_over(worker: WorkerProcess, seconds=60.0) -> bool:
    """Whether a pool's worker, with all its threads and all that it has started, has ended within so many seconds."""
    until = time.monotonic() + seconds
    while worker.is_alive and time.monotonic() < until:
        time.sleep(0.02)
    return not worker.is_alive


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def wait_for_report(pool, epoch=1):
    """Wait until a job has reported that epoch; what has arrived by then."""
    arrived = []
    while not any(isinstance(message, Report) and message.epoch >= epoch for message in arrived):
        arrived += pool.collect(10.0)
    return arrived


def wait_for_end(pool, before=()):
    """Wait until a job has ended; what has arrived by then, after what had arrived `before`."""
    arrived = list(before)
    while not any(isinstance(message, AttemptResult) for message in arrived):
        arrived += pool.collect(10.0)
    return arrived
