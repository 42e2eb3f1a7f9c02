"""What a worker has said wins over the clock, however late it is heard."""

import os
import subprocess
from types import SimpleNamespace
from typing import Any

import pytest

from archwright.core.protocols import AttemptResult, Report
from archwright.evaluate.functions.evaluation import Function
from archwright.evaluate.workers import pool as pool_module
from archwright.evaluate.workers import process as process_module
from archwright.evaluate.workers import time_limit as time_limit_module
from archwright.evaluate.workers.pool import WorkerPool
from archwright.evaluate.workers.protocol import JobEnded, WorkerReady, encode
from archwright.evaluate.workers.time_limit import LAST_CALL_SECONDS, OVERTIME_SECONDS, STANDSTILL_SECONDS
from tests.evaluate.jobs import make_job

LIMIT = 5.0
END = JobEnded(AttemptResult(0, 1, "ok", {"accuracy": 0.5}, 2.0), True)


class Worker:
    """In place of a process: what a worker says is said by the test, at the far ends of its pipes."""

    def __init__(self, command: object, *, pass_fds: tuple[int, ...], **_: object) -> None:
        del command
        self.fds = [os.dup(fd) for fd in pass_fds]
        self.reports = self.fds[1]
        self.returncode: int | None = None
        self.pid = 0

    def say(self, *messages: object) -> None:
        os.write(self.reports, b"".join(map(encode, messages)))  # pyright: ignore[reportArgumentType]

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float) -> None:
        if self.returncode is None:
            raise subprocess.TimeoutExpired("worker", timeout)

    def terminate(self) -> None:
        self.returncode = self.returncode or -15
        while self.fds:
            os.close(self.fds.pop())

    kill = terminate


class Clock:
    """In place of the module `time`: it goes on as the test says."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    for module in (pool_module, process_module, time_limit_module):
        monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def begun(monkeypatch, clock):
    """A pool, and its worker, which has a job that may take five seconds."""
    monkeypatch.setattr(process_module.subprocess, "Popen", Worker)
    with WorkerPool(Function("own.py:score"), trial_timeout=LIMIT) as pool:
        pool.submit(make_job())
        (process,) = pool._workers
        worker: Any = process._process
        worker.say(WorkerReady())
        pool._poll(0.0)
        assert process.started_at == clock.now
        yield SimpleNamespace(pool=pool, process=process, worker=worker)


def test_a_job_that_was_done_while_the_coordinator_was_stopped_is_done(begun, clock, monkeypatch):
    """As by Ctrl-Z in the middle of a wait, which has then taken as long as it may, and gives nothing."""
    begun.worker.say(Report(0, 1, 1, {"accuracy": 0.25}), END)
    clock.now += 9.0
    select, waits = begun.pool._selector.select, iter([True])
    monkeypatch.setattr(begun.pool._selector, "select", lambda timeout: [] if next(waits, False) else select(timeout))
    begun.pool._poll(0.0)
    report, end = begun.pool.collect(1.0)
    assert (report.epoch, end.status, end.metrics) == (1, "ok", {"accuracy": 0.5})


def test_all_that_it_said_is_heard_also_where_it_fills_its_pipe_several_times(begun, clock):
    """It could not go on while nobody read."""
    clock.now += 9.0
    wide = {f"{i}_{'x' * 60}": 0.5 for i in range(500)}
    arrived = []
    for epoch in range(1, 6):
        begun.worker.say(Report(0, 1, epoch, wide))
        arrived += begun.pool.collect(0.0)
    begun.worker.say(END)
    arrived += begun.pool.collect(0.0)
    assert [message.epoch for message in arrived[:-1]] == [1, 2, 3, 4, 5]
    assert arrived[-1].status == "ok"


def test_a_job_that_has_nothing_to_say_is_timed_out_after_a_last_call(begun, clock):
    clock.now += LIMIT
    assert begun.pool.collect(0.0) == []
    clock.now += LAST_CALL_SECONDS
    (end,) = begun.pool.collect(0.0)
    assert (end.status, end.error, end.transient) == (
        "timed_out",
        "the trial was killed at its limit of 5 s (trial_timeout)",
        False,
    )
    assert end.seconds == LIMIT + LAST_CALL_SECONDS


def test_a_job_over_its_limit_while_all_stood_still_is_tried_again(begun, clock):
    """A container that is paused stops its workers too: whether the job had its time, nobody knows."""
    clock.now += LIMIT + OVERTIME_SECONDS + STANDSTILL_SECONDS + 0.1
    assert begun.pool.collect(0.0) == []
    clock.now += LAST_CALL_SECONDS
    (end,) = begun.pool.collect(0.0)
    assert (end.status, end.transient) == ("timed_out", True)
    assert "the search did not run" in end.error


@pytest.mark.parametrize("late", [0.0, 60.0])
def test_a_worker_that_has_ended_its_job_is_not_killed_while_its_coordinator_waits_for_the_log(begun, clock, late):
    begun.worker.say(Report(0, 1, 1, {"accuracy": 0.25}), END)
    clock.now += LIMIT + OVERTIME_SECONDS + late
    begun.process.limit.kill_worker()
    assert begun.worker.returncode is None
    clock.now += 60.0
    assert [type(message) for message in begun.pool.collect(0.0)] == [Report, AttemptResult]
    begun.pool.submit(make_job(1))
    assert begun.process.job is not None, "it is warm"


@pytest.mark.parametrize("late", [0.0, 60.0])
def test_a_job_that_is_killed_while_its_coordinator_waits_for_the_log_has_said_what_it_said(begun, clock, late):
    """The rest of a message that nobody has ended is no message."""
    begun.worker.say(Report(0, 1, 1, {"accuracy": 0.25}))
    os.write(begun.worker.reports, encode(END)[:20])
    clock.now += LIMIT + OVERTIME_SECONDS + late
    begun.process.limit.kill_worker()
    assert begun.worker.returncode == -15
    clock.now += 60.0
    report, end = begun.pool.collect(0.0)
    assert (report.epoch, end.status, end.transient) == (1, "timed_out", late > 0)
    assert end.seconds == pytest.approx(LIMIT + OVERTIME_SECONDS + late + LAST_CALL_SECONDS, abs=0.02)


def test_a_worker_that_gets_ready_while_nobody_listens_is_ready(monkeypatch, clock):
    monkeypatch.setattr(process_module.subprocess, "Popen", Worker)
    with WorkerPool(Function("own.py:score"), start_timeout=5.0) as pool:
        pool.submit(make_job())
        (process,) = pool._workers
        worker: Any = process._process
        clock.now += 9.0
        pool._poll(0.0)
        worker.say(WorkerReady())
        pool._poll(0.0)
        assert (process.ready, process.started_at) == (True, clock.now)


def test_a_worker_that_is_dead_when_it_is_heard_to_be_of_no_more_use_is_replaced_once(begun, clock):
    """Memory has run out for it, and near its limit, where nobody collects, all that it said is taken in."""
    begun.worker.say(JobEnded(AttemptResult(0, 1, "out_of_memory", {}, 2.0, "no memory"), False))
    clock.now += LIMIT + OVERTIME_SECONDS
    begun.process.limit.kill_worker()
    begun.worker.terminate()
    (end,) = begun.pool.collect(0.0)
    assert end.status == "out_of_memory"
    (after,) = begun.pool._workers
    assert after is not begun.process
