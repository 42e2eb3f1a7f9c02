"""Workers in simulated time: outcomes come in the order in which they would have come."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archwright as aw
from archwright.core.budget import Budget
from archwright.core.protocols import AttemptResult, Job, Report
from archwright.evaluate.workers.simulated import InvalidTrainingTime, SimulatedJob, SimulatedWorkers, require_seconds

ARCHITECTURE = aw.affine(1)


def make_job(trial: int, starts_at: float | None = 0.0) -> Job:
    return Job(trial, 1, ARCHITECTURE, Budget(1, "epochs"), 0, starts_at=starts_at)


def open_workers(seconds: list[float], workers: int) -> SimulatedWorkers:
    """Workers whose jobs take the seconds of their trial, and report once."""
    return SimulatedWorkers(
        lambda job: SimulatedJob(
            AttemptResult(job.trial, 1, "ok", {"accuracy": 0.5}, seconds[job.trial]),
            [Report(job.trial, 1, 1, {"accuracy": 0.25})],
        ),
        workers,
    )


durations = st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.0, 7.5]), min_size=1, max_size=12)


@given(durations, st.integers(1, 5))
def test_the_earliest_end_comes_first(seconds, count):
    """As in a schedule that is worked out by always looking for the next free worker; ties go to the earlier trial."""
    workers = open_workers(seconds, count)
    free, expected = [0.0] * count, []
    for trial, each in enumerate(seconds):
        start = min(free)
        free[free.index(start)] = start + each
        expected.append((start + each, trial))
    clock, waiting, ended, running = 0.0, list(range(len(seconds))), [], {}
    while waiting or running:
        while waiting and len(running) < workers.slots:
            running[waiting[0]] = clock
            workers.submit(make_job(waiting.pop(0), clock))
        report, result = workers.collect(0.0)
        assert (report.trial, result.seconds) == (result.trial, seconds[result.trial])
        clock = running.pop(result.trial) + result.seconds
        ended.append((clock, result.trial))
    assert workers.collect(0.0) == []
    assert sorted(ended) == sorted(expected)
    assert [end for end, _ in ended] == sorted(end for end, _ in ended)


def test_of_equal_ends_the_earlier_trial_comes_first():
    workers = open_workers([3.0, 2.0, 2.0, 1.0], 4)
    for trial, start in ((3, 1.0), (2, 0.0), (0, 0.0), (1, 0.0)):
        workers.submit(make_job(trial, start))
    assert [workers.collect(0.0)[-1].trial for _ in range(4)] == [1, 2, 3, 0]


def test_what_is_closed_runs_no_more():
    workers = open_workers([1.0], 0)
    assert (workers.slots, workers.simulates_time) == (1, True)
    workers.submit(make_job(0, None))
    workers.stop_early(0, "it is hopeless")
    workers.close()
    assert workers.collect(0.0) == []


@pytest.mark.parametrize("seconds", [-1, math.nan, math.inf, "60", None, True])
def test_a_time_is_a_number_of_seconds(seconds):
    with pytest.raises(
        InvalidTrainingTime, match=r"the seconds of a training are .*; they must be a number of 0 or more"
    ):
        require_seconds(seconds)
    assert require_seconds(2) == 2.0
