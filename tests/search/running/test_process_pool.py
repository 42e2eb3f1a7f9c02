"""Processes that do jobs side by side."""

import fcntl
import os
import signal
import subprocess
import sys
import termios
import time

import pytest

from archwright.search.running.process_pool import MAX_WAITING_RESULTS, ProcessDied, ProcessPool
from tests.paths import ROOT
from tests.processes import find_children, wait_until_gone
from tests.search import pool_jobs
from tests.search.pool_jobs import JobError, identity


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    """The processes of a pool import what they are to do: here, from the tests."""
    monkeypatch.syspath_prepend(str(ROOT))


def collect_all(pool: ProcessPool, results: list | None = None) -> list:
    """Each item with its result, once all are there; `results` has them also where something goes wrong."""
    results = [] if results is None else results
    while pool.is_running:
        results += pool.collect(1.0)
        pool.raise_failure()
    return results


def wait_until_heard(pool: ProcessPool) -> None:
    """Until the processes have read all that was sent to them."""
    for worker in pool._workers:
        while int.from_bytes(fcntl.ioctl(worker.pipe.fileno(), termios.TIOCOUTQ, bytes(4)), sys.byteorder):
            time.sleep(0.01)


def wait_until_full(pool: ProcessPool) -> None:
    """Until there is no room for another result."""
    until = time.monotonic() + 60
    while not pool._results.full():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_every_item_is_done_once_by_one_of_the_processes():
    """A job is made here of each item; then the processes are gone."""
    with ProcessPool(pool_jobs.square, lambda item: item + 1, range(40), 2) as pool:
        results = collect_all(pool)
    assert sorted((item, square) for item, (square, _) in results) == [(item, (item + 1) ** 2) for item in range(40)]
    pids = {pid for _, (_, pid) in results}
    assert 1 <= len(pids) <= 2
    assert os.getpid() not in pids
    assert wait_until_gone(pids)


SCRIPT = """
import math
from archwright.search.running.process_pool import ProcessPool
if __name__ == "__main__":
    with ProcessPool(math.sqrt, float, [4], 1) as pool:
        while not (results := pool.collect(1.0)):
            pool.raise_failure()
    print(results)
"""


OPEN_SCRIPT = """
from archwright.search.running.process_pool import ProcessPool

class Odd(Exception):
    pass

def halve(number):
    if number % 2:
        raise Odd(number)
    return number // 2

print("begun")
with ProcessPool(halve, lambda item: item + 1, [3, 4], 1) as pool:
    try:
        while pool.is_running:
            print(pool.collect(1.0))
            pool.raise_failure()
    except Odd as error:
        print("odd", error)
"""


def test_a_script_runs_once_and_its_functions_and_errors_are_known_to_the_processes(tmp_path):
    """Without asking what its name is, as scripts must whose processes run them again."""
    (tmp_path / "script.py").write_text(OPEN_SCRIPT)
    done = subprocess.run([sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert [line for line in done.stdout.splitlines() if line != "[]"] == ["begun", "[(3, 2)]", "odd 5"]


def test_what_is_defined_within_a_function_goes_to_the_processes():
    offset = 3
    with ProcessPool(lambda number: number + offset, identity, [1], 1) as pool:
        assert collect_all(pool) == [(1, 4)]


def test_files_of_the_current_folder_stand_for_nothing_that_its_processes_need(tmp_path):
    (tmp_path / "here").mkdir()
    (tmp_path / "script.py").write_text(SCRIPT)
    for name in ("pickle", "signal", "runpy"):
        (tmp_path / "here" / f"{name}.py").write_text("raise ValueError('not the one that is meant')\n")
    command = [sys.executable, str(tmp_path / "script.py")]
    done = subprocess.run(command, cwd=tmp_path / "here", capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[(4, 2.0)]\n", "")


def test_results_may_be_larger_than_a_pipe_holds():
    with ProcessPool(pool_jobs.make_bytes, identity, [1, 3, 2], 1) as pool:
        assert [len(result) >> 20 for _, result in collect_all(pool)] == [1, 3, 2]


def test_no_items_are_no_work():
    with ProcessPool(pool_jobs.square, identity, [], 2) as pool:
        assert collect_all(pool) == []


def test_what_a_job_raises_is_raised_here_and_the_others_results_arrive():
    results = []
    with (
        ProcessPool(pool_jobs.raise_at_13, identity, [1, 2, 13, 3], 1) as pool,
        pytest.raises(JobError, match="thirteen") as raised,
    ):
        collect_all(pool, results)
    assert [item for item, _ in results] == [1, 2]
    assert "in raise_at_13" in raised.value.__notes__[0]  # where it was raised


def test_what_making_a_job_raises_is_raised_here():
    def refused(item):
        raise PermissionError(item)  # an OSError, as that of a broken pipe is

    with ProcessPool(pool_jobs.square, refused, [1], 1) as pool, pytest.raises(PermissionError):
        collect_all(pool)


def test_a_process_that_is_killed_is_named_and_what_was_done_arrives():
    """It kills itself with thirteen, as the system does for want of memory; what it had done before is there."""
    results, said = [], r"killed by SIGKILL.*the same command goes on"
    with ProcessPool(pool_jobs.kill_at_13, identity, [1, 2, 13], 1) as pool, pytest.raises(ProcessDied, match=said):
        collect_all(pool, results)
    assert results == [(1, 1), (2, 2)]


@pytest.mark.skipif(not hasattr(signal, "SIGRTMIN"), reason="this system has no real-time signals")
def test_a_signal_without_a_name_is_told_by_its_number():
    with (
        ProcessPool(pool_jobs.kill_by_unnamed_signal, identity, [1], 1) as pool,
        pytest.raises(ProcessDied, match=rf"was killed by signal {signal.SIGRTMIN + 1};"),
    ):
        collect_all(pool)


def test_no_more_items_are_begun_once_that_is_said(tmp_path):
    """Of a hundred, the one under way comes to its end; the one that the process has at hand is not begun."""
    quick, slow = tmp_path / "quick", tmp_path / "slow"
    for folder in (quick, slow):
        folder.mkdir()
    (quick / "go").touch()
    items = [quick / "0", quick / "1", *(slow / str(i) for i in range(2, 100))]
    with ProcessPool(pool_jobs.wait_for_go, identity, items, 1) as pool:
        results: list = []
        while not (slow / "2").exists():
            results += pool.collect(0.05)
        pool.cancel_waiting()
        wait_until_heard(pool)
        (slow / "go").touch()
        results += collect_all(pool)
    assert [name for _, name in results] == ["0", "1", "2"]
    assert sorted(file.name for file in slow.iterdir()) == ["2", "go"]


def test_leaving_the_block_ends_what_runs():
    began = time.monotonic()
    with ProcessPool(pool_jobs.sleep, identity, [100.0] * 4, 2) as pool:
        pids = [worker.process.pid for worker in pool._workers]
        assert pool.collect(0.5) == []
    assert time.monotonic() - began < 30
    assert wait_until_gone(pids)


@pytest.mark.slow
def test_results_that_nobody_takes_keep_the_processes_waiting():
    """There is room for so many; the rest is done once they are taken, or never."""
    items = range(10 * MAX_WAITING_RESULTS)
    with ProcessPool(pool_jobs.square, identity, items, 1) as pool:
        wait_until_full(pool)
        waiting = list(pool._items)
    assert len(waiting) >= 8 * MAX_WAITING_RESULTS
    with ProcessPool(pool_jobs.square, identity, items, 1) as pool:
        wait_until_full(pool)
        assert len(collect_all(pool)) == len(items)


def test_signals_of_a_terminal_do_not_reach_the_processes():
    """Ctrl-C is sent to all processes in the foreground, also to those that have only begun to import."""
    with ProcessPool(pool_jobs.sleep, identity, [1.0, 1.5], 2) as pool:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGINT):
            for worker in pool._workers:
                os.kill(worker.process.pid, number)
            time.sleep(0.5)
        assert sorted(item for item, _ in collect_all(pool)) == [1.0, 1.5]


@pytest.mark.parametrize("wait", [0.0, 0.5, None])
def test_processes_are_gone_once_who_started_them_is_killed(tmp_path, wait):
    """Whether they begin, or do what takes for ever: five seconds after SIGKILL there is none."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.search.pool_jobs", str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, env=environment) as program:
        until = time.monotonic() + 60
        while time.monotonic() < until and not (children := find_children(program.pid)):
            time.sleep(0.01)
        while wait is None and len(list(tmp_path.iterdir())) < 2 and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(wait or 0.0)
        children = find_children(program.pid)
        assert children
        program.kill()
    assert wait_until_gone(children)
    assert wait_until_gone(int(file.name) for file in tmp_path.iterdir())
