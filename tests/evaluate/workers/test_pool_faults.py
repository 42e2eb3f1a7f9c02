"""Whatever a job does to its worker costs one attempt, and the next job runs."""

import errno
import os
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

from archwright.evaluate.functions.evaluation import Function
from archwright.evaluate.workers import pool as pool_module
from archwright.evaluate.workers.pool import MAX_STARTS, NoWorker, WorkerPool
from archwright.evaluate.workers.process import MAX_STDERR_BYTES
from tests.evaluate.jobs import (
    call_function,
    make_job,
    run_job_twice,
    run_jobs,
    wait_for_end,
    wait_for_report,
    wait_until_over,
)
from tests.processes import find_children, wait_until_gone

TRANSIENT = {"is_killed", "is_orphaned", "is_terminated", "is_killed_by_unnamed_signal"}


def test_an_exception_is_told_with_the_person_s_own_frames(pool, file):
    ended = run_job_twice(pool, architecture=call_function("raises"))
    assert ended.status == "crashed"
    assert ended.error.endswith("ValueError: no good")
    assert f'File "{file}"' in ended.error
    assert "functions.py" not in ended.error


def test_the_worker_stays_warm_after_an_exception_of_plain_python(pool):
    run_jobs(pool, make_job(0, call_function("raises")))
    before = pool.pids
    run_jobs(pool, make_job(1, call_function("raises")))
    assert pool.pids == before


@pytest.mark.parametrize(
    ("function", "status", "told"),
    [
        ("exits", "crashed", "SystemExit: 3"),
        ("breaks_json_and_stderr", "crashed", "exited with code 1"),
        ("exits_at_once", "crashed", "exited with code 4\nlast words"),
        ("is_killed", "crashed", "killed by SIGKILL, and not by the system for want of memory\nlast words"),
        ("is_orphaned", "crashed", "killed by SIGKILL"),
        ("is_terminated", "crashed", "killed by SIGTERM"),
        ("is_killed_by_unnamed_signal", "crashed", f"killed by signal {signal.SIGRTMIN + 1}"),
        ("aborts", "crashed", "killed by SIGABRT"),
        ("segfaults", "crashed", "killed by SIGSEGV"),
        ("runs_out_of_memory", "out_of_memory", "MemoryError: Unable to allocate 8.00 GiB"),
        ("floods", "crashed", "ValueError: after the flood"),
        ("closes_everything", "crashed", "the worker closed its pipes"),
        ("leaves_a_child", "crashed", "exited with code 5"),
        ("returns_text", "crashed", "the score is '0.9' (str); it must be a number"),
        ("returns_nothing", "crashed", "the score is None; did the function forget to return its score?"),
        ("returns_odd_metrics", "crashed", "model is <object object"),
        ("raises_unprintable_error", "crashed", "exception str() failed"),
    ],
)
def test_a_job_that_fails_has_the_status_and_the_reason_and_the_next_one_runs(pool, function, status, told):
    (ended, after), _ = run_jobs(pool, make_job(0, call_function(function)), make_job(1, call_function("process")))
    assert (ended.status, after.status) == (status, "ok")
    assert told in ended.error
    assert ended.transient == (function in TRANSIENT)
    assert len(ended.error) < 12_000


@pytest.mark.parametrize("function", ["detaches_and_hangs", "detaches_and_segfaults", "detaches_and_is_killed"])
def test_a_child_that_has_left_the_worker_s_group_goes_with_it(pool, open_pool, function, file):
    hangs, child = function == "detaches_and_hangs", Path(f"{file}.detached")
    child.unlink(missing_ok=True)
    (ended,), _ = run_jobs(
        open_pool("call_named", trial_timeout=3.0) if hangs else pool, make_job(0, call_function(function))
    )
    assert ended.status == ("timed_out" if hangs else "crashed")
    assert wait_until_gone([int(child.read_text())])


def test_what_a_job_leaves_behind_is_gone_with_the_pool(open_pool):
    pool = open_pool("detaches")
    run_jobs(pool, make_job())
    (guard,) = pool.pids
    worker, left = find_children(guard)
    assert os.getsid(left) not in (guard, worker)
    pool.close()
    assert wait_until_gone([left])


def test_a_segfault_shows_where_python_was(pool):
    (ended,), _ = run_jobs(pool, make_job(0, call_function("segfaults")))
    assert "in segfaults" in ended.error


@pytest.mark.parametrize("ask", ["warm_up", "collect"])
def test_workers_that_cannot_start_are_no_trial_s_end(tmp_path, ask):
    (tmp_path / "bad.py").write_text("1 / 0")
    with WorkerPool(Function(f"{tmp_path / 'bad.py'}:score")) as pool:
        pool.submit(make_job())
        with pytest.raises(NoWorker, match=r"(?s)no worker can be started: importing .*ZeroDivisionError"):
            pool.warm_up() if ask == "warm_up" else pool.collect(60.0)
        assert not pool.pids


@pytest.mark.parametrize("deaths", [1, 2, 3])
def test_a_worker_that_is_killed_while_it_starts_has_successors(tmp_path, deaths):
    """As for want of memory: what the function says of itself is known all the same, or nothing begins."""
    (tmp_path / "slow.py").write_text(
        "import os, signal\n"
        "from pathlib import Path\n"
        f"killed = Path({str(tmp_path / 'killed')!r})\n"
        "count = killed.stat().st_size if killed.exists() else 0\n"
        f"if count < {deaths}:\n"
        "    killed.write_bytes(bytes(count + 1))\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "def score(architecture, checkpoint):\n"
        "    return 1.0\n"
    )
    with WorkerPool(Function(f"{tmp_path / 'slow.py'}:score")) as pool:
        if deaths == MAX_STARTS:
            with pytest.raises(NoWorker, match=r"no worker can be started: .*SIGKILL"):
                pool.warm_up()
        else:
            pool.warm_up()
            assert pool.description is not None
            assert "checkpoint" in pool.description
    assert (tmp_path / "killed").stat().st_size == deaths


def test_a_machine_without_room_for_a_process_is_asked_again(file, monkeypatch):
    """For a while; then nothing begins, as nobody knows what the function says of itself."""
    asked: list[WorkerPool] = []

    def refuse(pool):
        asked.append(pool)
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(pool_module, "SECONDS_BEFORE_ANOTHER_START", 0.0)
    monkeypatch.setattr(WorkerPool, "_start_worker", refuse)
    told = r"no worker can be started: the machine gives no process: .*unavailable"
    with WorkerPool(Function(f"{file}:process")) as pool, pytest.raises(NoWorker, match=told):
        pool.warm_up()
    assert len(asked) == MAX_STARTS


def test_a_later_worker_that_cannot_start_costs_an_attempt(tmp_path, file):
    """The first has shown that all is in order; what has changed since may be put right before the next trial."""
    shutil.copy(file, tmp_path / "later.py")
    with WorkerPool(Function(f"{tmp_path / 'later.py'}:segfaults")) as pool:
        pool.warm_up()
        (tmp_path / "later.py").write_text("1 / 0")
        assert "SIGSEGV" in run_job_twice(pool).error
        ended = run_job_twice(pool)
    assert ended.status == "crashed"
    assert ended.error.startswith("the worker could not start: importing")
    assert "ZeroDivisionError" in ended.error


@pytest.mark.parametrize(
    ("function", "told"),
    [
        ("score", "score is 3; it must be a function that returns the score"),
        ("no_such", "has no 'no_such'; there are: UnprintableError, aborts, breaks_json_and_stderr"),
    ],
)
def test_what_is_no_function_is_told_before_any_trial(open_pool, function, told):
    with pytest.raises(NoWorker, match=told):
        open_pool(function).warm_up()


def test_the_death_of_a_later_worker_at_its_start_is_transient(tmp_path, file):
    """The job that waited for it has not begun."""
    shutil.copy(file, tmp_path / "later.py")
    with WorkerPool(Function(f"{tmp_path / 'later.py'}:segfaults")) as pool:
        pool.warm_up()
        (tmp_path / "later.py").write_text("import os; os.abort()")
        (first, second), _ = run_jobs(pool, make_job(0), make_job(1))
        assert pool.pids == []
    assert ("SIGSEGV" in first.error, first.transient) == (True, False)
    assert ("SIGABRT" in second.error, second.transient) == (True, True)


def test_a_worker_that_fails_by_itself_ends(open_pool):
    """Its main thread is interrupted where it waits for a job; the next job gets another worker."""
    pool = open_pool("process")
    (first,), _ = run_jobs(pool, make_job(0))
    (idle,) = pool._workers
    for _ in range(10):
        with suppress(ProcessLookupError):
            os.kill(int(first.metrics["accuracy"]), signal.SIGINT)
        if wait_until_over(idle, 5):  # or the signal came just before it began to wait, and is noticed only after that
            break
    assert wait_until_over(idle)
    (second,), _ = run_jobs(pool, make_job(1))
    assert second.status == "ok"
    assert second.metrics != first.metrics


def test_a_limit_that_comes_when_the_job_has_ended_is_none_of_the_next_job_s(open_pool):
    """The clock is no later job's, and a worker whose time was up gets none."""
    pool = open_pool("process", trial_timeout=60.0)
    (first,), _ = run_jobs(pool, make_job(0))
    (worker,) = pool._workers
    worker.limit.kill_worker()
    (second,), _ = run_jobs(pool, make_job(1))
    assert second.metrics == first.metrics, "the same process"
    worker.limit.killed_at = time.monotonic()
    (third,), _ = run_jobs(pool, make_job(2))
    assert third.status == "ok"
    assert third.metrics != first.metrics


def test_a_want_of_memory_that_is_shared_with_other_trials_is_transient(open_pool):
    for workers in (1, 2):
        (ended,), _ = run_jobs(open_pool("runs_out_of_memory", workers=workers), make_job())
        assert (ended.status, ended.transient) == ("out_of_memory", workers == 2)


def test_nobody_waits_for_a_worker_who_wants_to_stop(open_pool):
    pool = open_pool("units")
    pool.warm_up(lambda: True)
    assert [worker.ready for worker in pool._workers] == [False]


@pytest.mark.parametrize("function", ["hangs", "sleeps", "stops", "stops_its_guard"])
def test_a_job_that_hangs_is_dead_within_two_seconds_of_its_limit_with_its_children(open_pool, function):
    pool = open_pool(function, trial_timeout=1.0)
    pool.warm_up()
    started = time.monotonic()
    (ended,), _ = run_jobs(pool, make_job())
    assert ended.status == "timed_out"
    assert "limit of 1 s" in ended.error
    assert 1.0 <= ended.seconds < 3.0
    assert time.monotonic() - started < 60.0
    if function == "hangs":
        assert wait_until_gone([int(ended.error.split()[-1])])


def test_a_job_over_its_limit_is_dead_also_while_nobody_collects(open_pool):
    pool = open_pool("sleeps", trial_timeout=1.0)
    pool.warm_up()
    (worker,) = pool._workers
    (process,) = find_children(worker.pid)
    pool.submit(make_job())
    assert worker.limit._timer.interval < 3.0, "two seconds after its limit it is dead"
    assert wait_until_gone([process])  # nobody collects, as where the coordinator waits for its log
    dead = time.monotonic() - worker.started_at
    time.sleep(0.5)  # which is none of the trial's time
    (ended,) = pool.collect(5.0)
    assert (ended.status, "limit of 1 s" in ended.error, ended.transient) == ("timed_out", True, False)
    assert 1.0 <= ended.seconds <= dead


def test_a_flood_is_drained_within_bounded_memory(pool):
    run_jobs(pool, make_job(0, call_function("floods")))
    assert all(len(worker._stderr_tail) <= MAX_STDERR_BYTES for worker in pool._workers)


def test_prints_do_not_reach_the_protocol(pool):
    assert run_job_twice(pool, architecture=call_function("prints")).metrics == {"accuracy": 1.0}


def test_a_child_that_a_job_has_forked_has_no_say(pool):
    """It ends where it would return, raise or leave; what it reports is an error of its own; what it writes is lost."""
    (ended,), reports = run_jobs(pool, make_job(0, call_function("forks")))
    assert (ended.status, ended.error) == ("ok", "")
    codes = {"returned": 0, "raised": 1, "left": 3, "reported": 1, "wrote": 0}
    assert ended.metrics == {"accuracy": 0.5} | codes
    assert [(report.epoch, report.metrics) for report in reports] == [(2, {"accuracy": 0.25})]


def test_workers_hear_every_signal_however_the_search_was_started(open_pool):
    """A shell ignores SIGINT for what it starts in the background, nohup SIGHUP; a starter may block any."""
    numbers = (signal.SIGINT, signal.SIGHUP)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM, signal.SIGCHLD, signal.SIGUSR1))
    try:
        pool = open_pool("inspects_signals")
        pool.warm_up()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for number, handler in before.items():
            signal.signal(number, handler)
    (ended,), _ = run_jobs(pool, make_job())
    assert ended.metrics == {"accuracy": 0.5, "ignored": 0, "blocked": 0}
    (idle,) = pool._workers
    (process,) = find_children(idle.pid)
    os.kill(process, signal.SIGTERM)
    assert wait_until_over(idle), "its guard has heard of its end"


@pytest.mark.parametrize(
    ("text", "says"),
    [("import os; os._exit(0)", "exited with code 0"), ("import os; os.abort()", r"killed by SIGABRT \(aborted\)")],
)
def test_a_first_worker_that_dies_at_its_start_is_no_trial_s_end(tmp_path, text, says):
    (tmp_path / "dies.py").write_text(text)
    with WorkerPool(Function(f"{tmp_path / 'dies.py'}:score")) as pool:
        with pytest.raises(NoWorker, match=f"no worker can be started: the worker (was )?{says}"):
            pool.warm_up()
        assert pool.pids == []


@pytest.mark.parametrize("function", ["is_killed", "exits_at_once"])
def test_how_a_worker_ended_is_not_known_where_its_end_is_ignored(open_pool, function):
    """As by a program that leaves no zombies: the system then tells nobody, and Python takes that for a 0."""
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        (ended,), _ = run_jobs(open_pool(function), make_job())
    finally:
        signal.signal(signal.SIGCHLD, before)
    assert (ended.status, ended.transient) == ("crashed", True)
    assert ended.error.startswith("the worker ended, and how is not known, since the search's process ignores SIGCHLD")


def test_garbage_in_the_pipes_costs_an_attempt_at_most(pool):
    (ended, after), _ = run_jobs(
        pool, make_job(0, call_function("writes_everywhere")), make_job(1, call_function("process"))
    )
    assert after.status == "ok"
    assert ended.status == "crashed"
    assert "is no message of a worker" in ended.error


def test_a_job_that_is_stopped_early_and_whose_worker_dies_has_crashed(open_pool):
    pool = open_pool("reports_and_dies")
    pool.submit(make_job(0))
    arrived = wait_for_report(pool)
    pool.stop_early(0, "it was worse")
    *_, ended = wait_for_end(pool, arrived)  # it may have arrived already
    assert (ended.status, ended.stopped) == ("crashed", None)
    pool.stop_early(0, "it is dead")
    (again,), _ = run_jobs(pool, make_job(0, attempt=2))
    assert (again.status, again.stopped) == ("crashed", None)
