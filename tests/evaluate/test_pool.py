"""Whatever a job does to its worker costs one attempt, and the next job runs."""

import os
import signal
import sys
import time

import pytest

import archwright as aw
from archwright.core.trial import Budget, Evaluator
from archwright.evaluate.config import FunctionConfig
from archwright.evaluate.pool import NoFreeSlot, WorkerPool
from tests.evaluate.jobs import alive, job, run

SCORES = """
import ctypes, os, random, signal, subprocess, sys, threading, time
import numpy
import archwright as aw

def units(architecture, budget):
    return architecture.units

def raises(architecture, budget):
    print("before")
    return inner(architecture)

def inner(architecture):
    raise ValueError("no good")

def leaves(architecture, budget):
    sys.exit(3)

def leaves_at_once(architecture, budget):
    print("last words", file=sys.stderr)
    os._exit(4)

def is_killed(architecture, budget):
    print("last words")
    os.kill(os.getpid(), signal.SIGKILL)

def aborts(architecture, budget):
    os.abort()

def segfaults(architecture, budget):
    ctypes.string_at(0)

def runs_out(architecture, budget):
    raise MemoryError("a petabyte")

def hangs(architecture, budget):
    child = subprocess.Popen(["sleep", "1000"])
    print("child", child.pid)
    while True:
        pass

def sleeps(architecture, budget):
    ctypes.PyDLL(None).sleep(1000)  # holds Python's lock: no thread of the worker runs

def floods(architecture, budget):
    for i in range(200):
        sys.stderr.write("x" * 50_000 + "\\n")
    raise ValueError("after the flood")

def prints(architecture, budget):
    print('["Ended",{}]')
    os.system("echo from a child")
    return 1

def writes_everywhere(architecture, budget):
    for fd in range(3, 30):
        try:
            os.write(fd, b"\\x00garbage\\n")
        except OSError:
            pass
    return 1

def closes_everything(architecture, budget):
    os.closerange(3, 100)
    time.sleep(1000)

def leaves_a_child(architecture, budget):
    if os.fork() == 0:
        time.sleep(30)
    os._exit(5)

def reports(architecture, budget, *, report, seed):
    for epoch in (1, 2):
        report(epoch, accuracy=epoch / 10, loss=float("nan"))
    return {"accuracy": 0.5, "seed": seed, "budget": budget.amount}

def chatters_on(architecture, budget, report):
    if budget.amount == 1:
        chatter = lambda: [time.sleep(0.01) or report(i, late=1.0) for i in range(100)]
        threading.Thread(target=chatter, daemon=True).start()
    time.sleep(0.2)
    return 1.0

def is_nan(architecture, budget):
    return {"accuracy": 0.1, "loss": float("nan")}

def is_text(architecture, budget):
    return "0.9"

def is_nothing(architecture, budget):
    pass

def has_odd_metrics(architecture, budget):
    return {"accuracy": 0.5, "model": object()}

def is_numpy(architecture, budget):
    return {"accuracy": numpy.float32(0.5), "ok": numpy.array([True])[0], "n": numpy.int64(3)}

def draws(architecture, budget):
    return {"python": random.random(), "numpy": numpy.random.rand()}

def has_torch(architecture, budget):
    return "torch" in sys.modules

def process(architecture, budget):
    return os.getpid()

score = 3
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("scores") / "scores.py"
    path.write_text(SCORES)
    return path


@pytest.fixture
def open_pool(file):
    pools = []

    def open_pool(function, **options):
        config = FunctionConfig(f"{file}:{function}")
        pools.append(WorkerPool(config, **options))
        return pools[-1]

    yield open_pool
    for pool in pools:
        pool.close()


def end(pool, **about):
    """The end of one job, after which another one ends in the same way: the pool has got over it."""
    (first, second), _ = run(pool, job(0, **about), job(1, **about))
    assert first.status == second.status
    return first


def test_the_pool_is_an_evaluator(open_pool):
    pool: Evaluator = open_pool("units", workers=3)
    assert pool.slots == 3


def test_each_job_is_scored_and_told_apart(open_pool):
    jobs = [job(i, aw.affine(units=i + 1), attempt=i % 2 + 1) for i in range(20)]
    ended, _ = run(open_pool("units", workers=2), *jobs)
    assert [(e.trial, e.attempt, e.status, e.metrics) for e in ended] == [
        (i, i % 2 + 1, "ok", {"accuracy": i + 1.0}) for i in range(20)
    ]


def test_an_exception_is_told_with_the_person_s_own_frames(open_pool, file):
    ended = end(open_pool("raises"))
    assert ended.status == "crashed"
    assert ended.error.endswith("ValueError: no good")
    assert f'File "{file}"' in ended.error
    assert "functions.py" not in ended.error


def test_the_worker_stays_warm_after_an_exception_of_plain_python(open_pool):
    pool = open_pool("raises")
    run(pool, job(0))
    before = pool.pids
    run(pool, job(1))
    assert pool.pids == before


@pytest.mark.parametrize(
    ("function", "status", "told"),
    [
        ("leaves", "crashed", "SystemExit: 3"),
        ("leaves_at_once", "crashed", "exited with code 4\nlast words"),
        ("is_killed", "crashed", "killed by SIGKILL, as the system does when memory runs out\nlast words"),
        ("aborts", "crashed", "killed by SIGABRT"),
        ("segfaults", "crashed", "killed by SIGSEGV"),
        ("runs_out", "out_of_memory", "MemoryError: a petabyte"),
        ("floods", "crashed", "ValueError: after the flood"),
        ("closes_everything", "crashed", "the worker closed its pipes"),
        ("leaves_a_child", "crashed", "exited with code 5"),
        ("is_nan", "diverged", "loss is nan"),
        ("is_text", "crashed", "the score is '0.9' (str); it must be a number"),
        ("is_nothing", "crashed", "the score is None (NoneType)"),
        ("has_odd_metrics", "crashed", "model is <object object"),
        ("score", "crashed", "the evaluator must be a function"),
        ("no_such", "crashed", "has no 'no_such'; there are: aborts, chatters_on"),
    ],
)
def test_a_job_that_fails_has_the_status_and_the_reason_and_the_next_one_runs(open_pool, function, status, told):
    ended = end(open_pool(function))
    assert ended.status == status
    assert told in ended.error
    assert len(ended.error) < 12_000


def test_a_segfault_shows_where_python_was(open_pool):
    assert "in segfaults" in end(open_pool("segfaults")).error


def test_a_file_that_cannot_be_imported_is_told(tmp_path):
    (tmp_path / "bad.py").write_text("1 / 0")
    with WorkerPool(FunctionConfig(f"{tmp_path / 'bad.py'}:score")) as pool:
        ended = end(pool)
    assert ended.status == "crashed"
    assert ended.error.startswith("the worker could not start: importing")
    assert "ZeroDivisionError" in ended.error


@pytest.mark.parametrize("function", ["hangs", "sleeps"])
def test_a_job_that_hangs_is_dead_within_two_seconds_of_its_limit_with_its_children(open_pool, function):
    pool = open_pool(function, trial_timeout=1.0)
    started = time.monotonic()
    (ended,), _ = run(pool, job())
    assert ended.status == "timed_out"
    assert "limit of 1 s" in ended.error
    assert 1.0 <= ended.seconds < 3.0
    assert time.monotonic() - started < 10.0
    if function == "hangs":
        child = int(ended.error.split()[-1])
        assert not alive(child)


def test_a_worker_that_does_not_get_ready_is_given_up(tmp_path):
    (tmp_path / "slow.py").write_text("import time; time.sleep(1000)")
    with WorkerPool(FunctionConfig(f"{tmp_path / 'slow.py'}:score"), start_timeout=1.0) as pool:
        (ended,), _ = run(pool, job())
    assert (ended.status, "not ready after 1 s" in ended.error) == ("crashed", True)


def test_a_flood_is_drained_within_bounded_memory(open_pool):
    pool = open_pool("floods")
    run(pool, job())
    assert all(len(worker._said) <= 1 << 14 for worker in pool._workers)


def test_prints_do_not_reach_the_protocol(open_pool):
    assert end(open_pool("prints")).metrics == {"accuracy": 1.0}


def test_garbage_in_the_pipes_costs_an_attempt_at_most(open_pool):
    ended = end(open_pool("writes_everywhere"))
    assert ended.status == "crashed"
    assert "is no message of a worker" in ended.error


def test_reports_arrive_and_optional_parameters_are_given_by_name(open_pool):
    (ended,), reports = run(open_pool("reports"), job(7, seed=11, budget=Budget(3, "epochs")))
    assert ended.metrics == {"accuracy": 0.5, "seed": 11, "budget": 3}
    assert [(r.trial, r.epoch, r.metrics) for r in reports] == [(7, 1, {"accuracy": 0.1}), (7, 2, {"accuracy": 0.2})]


def test_what_a_thread_of_an_earlier_job_reports_is_not_taken_for_the_next_one_s(open_pool):
    chatter, quiet = job(0, budget=Budget(1, "epochs")), job(1, budget=Budget(2, "epochs"))
    ended, reports = run(open_pool("chatters_on"), chatter, quiet)
    assert [e.status for e in ended] == ["ok", "ok"]
    assert {r.trial for r in reports} == {0}


def test_numbers_of_numpy_are_numbers(open_pool):
    assert end(open_pool("is_numpy")).metrics == {"accuracy": 0.5, "ok": 1.0, "n": 3.0}


def test_the_global_generators_are_seeded_with_the_job_s_seed(open_pool):
    (a, b, c), _ = run(open_pool("draws"), job(0, seed=1), job(1, seed=1), job(2, seed=2))
    assert a.metrics == b.metrics != c.metrics


def test_a_function_runs_without_torch(open_pool):
    assert end(open_pool("has_torch")).metrics == {"accuracy": 0.0}


def test_workers_are_in_a_session_of_their_own_and_gone_when_the_pool_is_closed(open_pool):
    pool = open_pool("process", workers=2)
    ended, _ = run(pool, job(0), job(1))
    pids = {int(e.metrics["accuracy"]) for e in ended}
    assert all(os.getsid(pid) == pid for pid in pids)  # so Ctrl-C in our terminal does not reach them
    pool.close()
    assert not any(map(alive, pids))
    pool.close()


def test_closing_ends_what_runs_at_once(open_pool):
    pool = open_pool("hangs")
    pool.submit(job())
    pool.collect(1.0)
    started = time.monotonic()
    pool.close()
    assert time.monotonic() - started < 1.0


def test_an_idle_worker_that_dies_is_replaced(open_pool):
    pool = open_pool("process")
    (first,), _ = run(pool, job())
    os.kill(int(first.metrics["accuracy"]), signal.SIGKILL)
    time.sleep(0.2)
    (second,), _ = run(pool, job())
    assert second.metrics != first.metrics


def test_a_job_too_many_is_refused(open_pool):
    pool = open_pool("units")
    pool.submit(job(0))
    with pytest.raises(NoFreeSlot, match="all 1 slots are taken"):
        pool.submit(job(1))
    with pytest.raises(NoFreeSlot, match="at least 1"):
        open_pool("units", workers=0)


def test_collect_waits_as_long_as_it_is_told_where_nothing_comes(open_pool):
    started = time.monotonic()
    assert open_pool("units").collect(0.7) == []
    assert 0.7 <= time.monotonic() - started < 1.5


def test_a_job_larger_than_a_pipe_goes_through(open_pool):
    wide = aw.sequential(*(aw.affine(units=10) for _ in range(5_000)))
    assert end(open_pool("has_torch"), architecture=wide).status == "ok"


def test_an_architecture_of_a_person_s_own_kinds_reaches_the_function(tmp_path, open_pool):
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
    from archwright.evaluate.loading import load

    mine = load(f"{space}:space")
    assert end(open_pool("has_torch", space_source=f"{space}:space"), architecture=mine).status == "ok"
    ended = end(open_pool("has_torch"), architecture=mine)
    assert (ended.status, "own_kind_of_the_pool" in ended.error) == ("crashed", True)


def test_the_coordinator_never_imports_torch():
    import subprocess

    program = (
        "import sys, archwright.evaluate.config, archwright.evaluate.loading, archwright.evaluate.pool\n"
        "from archwright.evaluate.data import describe\n"
        "describe('digits'), describe('cifar10')\n"
        "sys.exit([name for name in ('torch', 'torchvision', 'sklearn') if name in sys.modules] or 0)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
