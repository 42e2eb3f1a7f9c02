"""Jobs go to warm workers and their ends come back, each to its own; a pool takes no more than it has slots for."""

import math
import os
import resource
import signal
import sys
import time

import pytest

import archwright as aw
from archwright.core.budget import Budget
from archwright.core.protocols import Evaluator
from archwright.evaluate.functions.evaluation import Function
from archwright.evaluate.workers.pool import NoFreeSlot, WorkerPool
from tests.evaluate.jobs import (
    call_function,
    make_job,
    run_job_twice,
    run_jobs,
    wait_for_end,
    wait_for_report,
    wait_until_over,
)
from tests.processes import wait_until_gone


def test_the_pool_is_an_evaluator(open_pool):
    pool: Evaluator = open_pool("units", workers=3)
    assert pool.slots == 3


def test_each_job_is_scored_and_told_apart(open_pool):
    jobs = [make_job(i, aw.affine(units=i + 1), attempt=i % 2 + 1) for i in range(20)]
    ended, _ = run_jobs(open_pool("units", workers=2), *jobs)
    assert [(e.trial, e.attempt, e.status, e.metrics) for e in ended] == [
        (i, i % 2 + 1, "ok", {"accuracy": i + 1.0}) for i in range(20)
    ]


def test_a_worker_that_does_not_get_ready_is_given_up(tmp_path):
    (tmp_path / "slow.py").write_text("import time; time.sleep(1000)")
    with WorkerPool(Function(f"{tmp_path / 'slow.py'}:score"), start_timeout=1.0) as pool:
        (ended,), _ = run_jobs(pool, make_job())
    assert (ended.status, "not ready after 1 s" in ended.error) == ("crashed", True)


def test_reports_arrive_and_optional_parameters_are_given_by_name(pool):
    (ended,), reports = run_jobs(pool, make_job(7, call_function("reports"), seed=11, budget=Budget(3, "epochs")))
    assert ended.metrics == {"accuracy": 0.5, "seed": 11, "budget": 3}
    assert [(r.trial, r.epoch, r.metrics["accuracy"]) for r in reports] == [(7, 1, 0.1), (7, 2, 0.2)]
    assert all(math.isnan(r.metrics["loss"]) for r in reports), "what is reported arrives as it is"


def test_a_report_is_of_an_epoch(pool, file):
    ended, reports = run_jobs(
        pool, *(make_job(seed, call_function("reports_no_epoch"), seed=seed) for seed in range(5))
    )
    assert reports == []
    for result, given in zip(ended, ("'one'", "0", "-3", "1.5", "True"), strict=True):
        assert result.status == "crashed"
        assert f"the epoch of a report is {given}; it must be a whole number: 1, 2 ..." in result.error
        assert f'File "{file}"' in result.error
        assert "functions.py" not in result.error


def test_a_function_that_is_stopped_early_ends_well_at_its_next_report_and_its_worker_goes_on(open_pool):
    pool = open_pool("reports_until_stopped")
    pool.submit(make_job(3))
    arrived = wait_for_report(pool)
    pool.stop_early(3, "it was worse")
    *reports, ended = wait_for_end(pool, arrived)
    assert (ended.status, ended.error) == ("ok", "")
    assert ended.stopped is not None
    assert (ended.stopped.by, ended.stopped.why) == ("hopeless", "it was worse")
    assert reports[-1].epoch == ended.stopped.epoch < 999
    (pid,) = pool.pids
    pool.submit(make_job(4))
    assert {message.trial for message in wait_for_report(pool)} == {4}
    assert pool.pids == [pid]


def test_stopping_early_touches_no_other_job_and_no_later_attempt(open_pool):
    """Before any job, of a trial that nobody has, and of one that has ended: nothing happens."""
    pool = open_pool("reports", workers=2)
    pool.stop_early(7, "too early")
    (first,), _ = run_jobs(pool, make_job(7))
    pool.stop_early(7, "too late")
    (again,), _ = run_jobs(pool, make_job(7, attempt=2))
    assert (first.stopped, again.stopped, again.status) == (None, None, "ok")


def test_reports_of_several_threads_arrive_whole(pool):
    (ended,), reports = run_jobs(pool, make_job(0, call_function("reports_from_threads")))
    assert (ended.status, ended.error) == ("ok", "")
    assert sorted(report.epoch for report in reports) == list(range(1, 41))
    assert {len(report.metrics) for report in reports} == {1000}


def test_what_a_thread_of_an_earlier_job_reports_is_not_taken_for_the_next_one_s(open_pool):
    pool = open_pool("reports_after_its_end")
    pool.submit(make_job(0, budget=Budget(1, "epochs")))
    *reports, chatter = wait_for_end(pool)
    assert {r.trial for r in reports} == {0}
    pool.submit(make_job(1, budget=Budget(2, "epochs")))
    (quiet,) = wait_for_end(pool)
    assert [(e.trial, e.status) for e in (chatter, quiet)] == [(0, "ok"), (1, "ok")]


def test_numbers_of_numpy_are_numbers(pool):
    finished = run_job_twice(pool, architecture=call_function("returns_numpy"))
    assert finished.metrics == {
        "accuracy": 0.5,
        "ok": 1.0,
        "n": 3.0,
    }


def test_the_global_generators_are_seeded_with_the_job_s_seed(pool):
    (a, b, c), _ = run_jobs(
        pool, *(make_job(trial, call_function("draws"), seed=seed) for trial, seed in enumerate((1, 1, 2)))
    )
    assert a.metrics == b.metrics != c.metrics


def test_a_function_runs_without_torch(pool):
    assert run_job_twice(pool, architecture=call_function("has_imported_torch")).metrics == {"accuracy": 0.0}


def test_workers_are_in_a_session_of_their_own_and_gone_when_the_pool_is_closed(open_pool):
    pool = open_pool("process", workers=2)
    ended, _ = run_jobs(pool, make_job(0), make_job(1))
    pids = {int(e.metrics["accuracy"]) for e in ended}
    assert all(os.getsid(pid) == pid for pid in pids)  # so Ctrl-C in our terminal does not reach them
    pool.close()
    assert wait_until_gone(pids)
    pool.close()


def test_closing_ends_what_runs_at_once(open_pool):
    pool = open_pool("hangs")
    pool.warm_up()
    pool.submit(make_job())
    (worker,) = pool._workers
    while not worker._stderr_tail.endswith(b"\n"):  # what it prints once it has a child
        assert pool.collect(0.1) == []
    child = int(worker.tail_stderr().split()[-1])
    started = time.monotonic()
    pool.close()
    assert time.monotonic() - started < 30, "it would run for ever"
    assert wait_until_gone([child])


def test_an_idle_worker_that_dies_is_replaced(open_pool):
    pool = open_pool("process")
    (first,), _ = run_jobs(pool, make_job())
    (idle,) = pool._workers
    os.kill(int(first.metrics["accuracy"]), signal.SIGKILL)
    assert wait_until_over(idle)
    (second,), _ = run_jobs(pool, make_job())
    assert second.status == "ok"
    assert second.metrics != first.metrics


def test_a_dead_worker_is_replaced_at_once_and_warm_before_the_next_job(open_pool):
    pool = open_pool("segfaults", workers=2)
    run_jobs(pool, make_job())
    until = time.monotonic() + 20
    while not any(worker.ready for worker in pool._workers):
        assert time.monotonic() < until
        pool.collect(0.1)
    (ready,) = (worker for worker in pool._workers if worker.ready)
    pool.submit(make_job(1))
    assert ready.had_job


def test_a_worker_that_cannot_start_is_not_started_again_before_the_next_job(tmp_path):
    (tmp_path / "dies.py").write_text("import os; os.abort()")
    with WorkerPool(Function(f"{tmp_path / 'dies.py'}:score")) as pool:
        run_jobs(pool, make_job())
        assert pool.pids == []


def test_a_machine_without_room_for_a_process_costs_an_attempt(open_pool):
    pool = open_pool("units")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = [os.dup(0) for _ in range(3)]
    for free in lowest:
        os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest[2], hard))  # room for one pipe
    try:
        pool.submit(make_job(0))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    (ended,) = pool.collect(1.0)
    assert (ended.status, ended.transient) == ("crashed", True)
    assert ended.error.startswith("a worker could not be started: [Errno 24]")
    assert run_jobs(pool, make_job(1))[0][0].status == "ok"


def test_a_job_too_many_is_refused(open_pool):
    pool = open_pool("units")
    pool.submit(make_job(0))
    with pytest.raises(NoFreeSlot, match="all 1 slots are taken"):
        pool.submit(make_job(1))
    with pytest.raises(NoFreeSlot, match="at least 1"):
        open_pool("units", workers=0)


def test_collect_waits_as_long_as_it_is_told_where_nothing_comes(open_pool, monkeypatch):
    """It asks for no longer; how much later than it asked a busy machine wakes it is another matter."""
    pool, asked = open_pool("units"), []
    select = pool._selector.select
    monkeypatch.setattr(pool._selector, "select", lambda timeout: asked.append(timeout) or select(timeout))
    started = time.monotonic()
    assert pool.collect(0.7) == []
    assert time.monotonic() - started >= 0.7
    assert sum(asked) < 0.71


def test_a_job_larger_than_a_pipe_goes_through(pool):
    wide = aw.sequential(*(aw.affine(units=10) for _ in range(5_000)))
    assert run_job_twice(pool, architecture=call_function("has_imported_torch", wide)).status == "ok"


def test_an_architecture_of_a_person_s_own_kinds_reaches_the_function(tmp_path, pool, open_pool):
    space = tmp_path / "my_space.py"
    space.write_text(
        "import archwright as aw\n"
        "@aw.module\n"
        "class OwnKindOfThePool(aw.Basic):\n"
        "    size: aw.Hyperparameter[int] = aw.hyperparameter()\n"
        "    def out_shape(self, in_shape):\n"
        "        return in_shape\n"
        "space = OwnKindOfThePool(size=3)\n"
    )
    from archwright.store.user_code import load_object

    mine = load_object(f"{space}:space")
    assert (
        run_job_twice(open_pool("has_imported_torch", space_source=f"{space}:space"), architecture=mine).status == "ok"
    )
    ended = run_job_twice(pool, architecture=call_function("has_imported_torch", mine))
    assert (ended.status, "own_kind_of_the_pool" in ended.error) == ("invalid", True)


def test_the_coordinator_never_imports_torch():
    import subprocess

    program = (
        "import sys, archwright.evaluate.evaluation, archwright.store.user_code, archwright.evaluate.workers.pool\n"
        "from archwright.evaluate.data.loading import describe_dataset\n"
        "describe_dataset('digits'), describe_dataset('cifar10')\n"
        "sys.exit([name for name in ('torch', 'torchvision', 'sklearn') if name in sys.modules] or 0)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
