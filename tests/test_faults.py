"""Every way in which a trial can fail, provoked in a logged search, and what the log says of it."""

import json
import os
import subprocess
import sysconfig
from pathlib import Path

import pytest
from attrs import frozen

import archwright as aw
from archwright.core.budget import Budget
from archwright.core.objective import Objective
from archwright.evaluate.functions.evaluation import Function
from archwright.evaluate.logged_evaluations import evaluation_to_json
from archwright.evaluate.training.evaluation import Training
from archwright.evaluate.workers.pool import WorkerPool
from archwright.search.running.attempts import derive_training_seed
from archwright.search.running.revisions import find_mismatches
from archwright.search.running.runs import RunRecord, read_run, start_run
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import AttemptEnded, RunStarted, Scored
from archwright.store.verify import verify_log
from tests.processes import wait_until_gone

TRIAL_TIMEOUT_SECONDS = 3.0
MAX_TRIAL_SECONDS = TRIAL_TIMEOUT_SECONDS + 2.0
MEMORY_LIMIT_BYTES = 1 << 30  # of the cgroup in which memory runs out

FUNCTION = """
import ctypes, json, os, resource, signal, subprocess, sys, tempfile, time
from pathlib import Path
import numpy

PLAN = json.loads(Path(__file__).with_name("plan.json").read_text())

def score(architecture, budget, seed, report):
    fault = PLAN["faults"].get(str(seed))
    if fault is None:
        return 0.5
    with Path(__file__).with_name("attempts").open("a") as attempts:
        attempts.write(fault + "\\n")
    report(1, accuracy=0.1)
    return globals()[fault]()

def nan():
    return {"accuracy": float("nan"), "loss": 0.5}

def nan_beside():
    return {"accuracy": 0.5, "loss": float("nan"), "cost": float("-inf")}

def infinite():
    return float("inf")

def exception():
    raise ValueError("no good")

def memory():
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 2**28, resource.RLIM_INFINITY))
    return numpy.ones(2**30)[-1]  # 8 GiB

def segfault():
    ctypes.string_at(0)

def killed():
    os.kill(os.getpid(), signal.SIGKILL)

def killed_once():
    if Path(__file__).with_name("attempts").read_text().split().count("killed_once") == 1:
        killed()
    return 0.75

def hang():
    subprocess.Popen(["sleep", "1000"])
    while True:
        time.sleep(0.01)

def native_hang():
    ctypes.PyDLL(None).sleep(1000)  # holds Python's lock

def children():
    near = subprocess.Popen(["sleep", "1000"])
    far = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    Path(__file__).with_name("children").write_text(f"{near.pid} {far.pid}")
    os._exit(3)

def flood():
    for _ in range(200):
        sys.stderr.write("x" * 50_000 + "\\n")
    return 0.5

def no_number():
    return {"accuracy": 0.5, "model": object()}

def odd_text():
    raise ValueError("\\0 \\ud800 \\x1b[31m")

def garbage():
    for fd in range(3, 1000):
        try:
            os.write(fd, b"\\x00garbage\\n")
        except OSError:
            pass
    return 0.5

def full_disk():
    tempfile.tempdir = PLAN["disk"]
    if not Path(PLAN["disk"]).is_mount():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, resource.RLIM_INFINITY))
    try:
        with tempfile.TemporaryFile() as file:
            file.write(b"x" * (2 << 20))
            file.flush()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
"""

# fault: the statuses of its attempts, and what the error says; a transient failure is retried once
FAULTS: dict[str, tuple[tuple[str, ...], str]] = {
    "nan": (("diverged",), "the metric accuracy is nan"),
    "nan_beside": (("ok",), ""),
    "infinite": (("diverged",), "the metric accuracy is inf"),
    "exception": (("crashed",), "ValueError: no good"),
    "memory": (("out_of_memory", "out_of_memory"), "MemoryError: Unable to allocate 8.00 GiB"),
    "segfault": (("crashed",), "killed by SIGSEGV"),
    "killed": (("crashed", "crashed"), "killed by SIGKILL"),
    "killed_once": (("crashed", "ok"), ""),
    "hang": (("timed_out",), "killed at its limit of 3 s"),
    "native_hang": (("timed_out",), "killed at its limit of 3 s"),
    "children": (("crashed",), "the worker exited with code 3"),
    "flood": (("ok",), ""),
    "no_number": (("crashed",), "model is <object object"),
    "odd_text": (("crashed",), "ValueError: "),
    "garbage": (("crashed",), "is no message of a worker"),
    "full_disk": (("crashed",), "OSError: [Errno "),
}


@frozen
class FinishedRun:
    """A run that has ended, and its folder."""

    folder: Path
    run: RunRecord
    reason: str

    def find_ends(self, trial: int) -> list[AttemptEnded]:
        return [e for e in self.run.events if isinstance(e, AttemptEnded) and e.trial == trial]

    def find_scored(self, trial: int) -> list[Scored]:
        return [e for e in self.run.events if isinstance(e, Scored) and e.trial == trial]


def run_search(folder: Path, space, config, trials: int, seed: int = 0, **options) -> FinishedRun:
    """Run a random search that is logged in a file, with its trials in processes of their own."""
    log = DuckDBLog(folder / "log.duckdb")
    started = RunStarted(
        space=aw.to_json(space),
        space_source="tests",
        input_shape=(1, 8, 8),
        searcher={"name": "random"},
        evaluator=evaluation_to_json(config),
        objective=Objective(),
        budget=Budget(1, "epochs"),
        seed=seed,
        trials=trials,
        versions={},
    )
    with WorkerPool(config, **options) as pool:
        stopped = start_run(log, "faults", started, pool, max_consecutive_failures=6)
    return FinishedRun(folder, read_run(log, "faults"), stopped.reason)


@pytest.fixture(scope="module")
def memory_group():
    """The folder of a group of processes that may take 1 GiB together."""
    for root, limit_file, swap_file, swap_limit in (
        (Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes", "memory.memsw.limit_in_bytes", MEMORY_LIMIT_BYTES),
        (Path("/sys/fs/cgroup"), "memory.max", "memory.swap.max", 0),
    ):
        group = root / f"archwright-test-{os.getpid()}"
        try:
            group.mkdir()
            (group / limit_file).write_text(str(MEMORY_LIMIT_BYTES))
            if (group / swap_file).exists():  # or else pages may be swapped out
                (group / swap_file).write_text(str(swap_limit))
            break
        except OSError:
            if group.is_dir():
                group.rmdir()
    else:
        pytest.skip("no group of processes with a limit on memory can be made here")
    yield group
    group.rmdir()


@pytest.fixture(scope="module")
def small_disk(tmp_path_factory):
    """A folder that is a disk of 1 MiB, where one can be mounted."""
    folder = tmp_path_factory.mktemp("disk")
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    yield folder
    if mounted:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture(scope="module")
def search(tmp_path_factory, small_disk):
    """A search whose even trials each have one of the faults, and whose odd ones have none."""
    folder = tmp_path_factory.mktemp("faults")
    faults = {derive_training_seed(0, 2 * n): fault for n, fault in enumerate(FAULTS)}
    (folder / "plan.json").write_text(json.dumps({"faults": faults, "disk": str(small_disk)}))
    (folder / "function.py").write_text(FUNCTION)
    space = aw.sequential(aw.settings(x=aw.reals(0, 1)), aw.affine(units=10))
    config = Function(f"{folder / 'function.py'}:score")
    return run_search(folder, space, config, 2 * len(FAULTS), workers=2, trial_timeout=TRIAL_TIMEOUT_SECONDS)


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_an_outcome_in_the_log_and_costs_one_attempt(search, fault):
    """Its status and reason are logged, the trial is scored once, and only a transient failure is retried."""
    trial, (statuses, message) = 2 * list(FAULTS).index(fault), FAULTS[fault]
    ends, scored = search.find_ends(trial), search.find_scored(trial)
    assert tuple(end.status for end in ends) == statuses
    assert [end.attempt for end in ends] == list(range(1, len(ends) + 1))
    assert message in ends[-1].error
    assert [(event.status, event.score is None) for event in scored] == [(statuses[-1], statuses[-1] != "ok")]
    if "hang" in fault:
        assert TRIAL_TIMEOUT_SECONDS <= ends[0].seconds < MAX_TRIAL_SECONDS


@pytest.mark.slow
def test_the_search_goes_on_after_every_fault(search):
    assert search.reason == "finished"
    for trial in range(1, 2 * len(FAULTS), 2):
        assert [event.score for event in search.find_scored(trial)] == [0.5]
    assert [verdict.broken for verdict in verify_log(search.folder / "log.duckdb")] == [None]
    assert not list(find_mismatches(search.run.events))


@pytest.mark.slow
def test_no_child_outlives_its_worker(search):
    assert wait_until_gone(map(int, (search.folder / "children").read_text().split()))


@pytest.mark.slow
def test_a_worker_that_the_system_kills_as_memory_runs_out_is_told_from_one_that_somebody_kills(memory_group, tmp_path):
    """In a group with a limit, as in a container or under a batch system: one trial is killed, one takes all of it."""
    (tmp_path / "function.py").write_text(
        "import os, signal, numpy\n"
        "def score(seed):\n"
        f"    if seed == {derive_training_seed(0, 0)}:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return numpy.ones(2**28)[-1]  # 2 GiB\n"
    )
    inside = ["sh", "-c", f'echo $$ > {memory_group}/cgroup.procs; exec "$@"', "sh"]
    search = [f"{sysconfig.get_path('scripts')}/archwright", "search", "digits", "--evaluator", "function.py:score"]
    options = ["--trials", "2", "--seed", "0", "--log", "log.duckdb", "--name", "killed"]
    subprocess.run([*inside, *search, *options], cwd=tmp_path, check=False, capture_output=True)
    run = FinishedRun(tmp_path, read_run(DuckDBLog(tmp_path / "log.duckdb"), "killed"), "finished")
    assert [end.status for end in run.find_ends(0)] == ["crashed", "crashed"]
    assert [end.status for end in run.find_ends(1)] == ["out_of_memory", "out_of_memory"]
    assert "killed by the system (SIGKILL), as memory ran out" in run.find_ends(1)[-1].error


OWN_KINDS = """
import archwright as aw

class Same(aw.Basic):
    __slots__ = ()
    def out_shape(self, in_shape):
        return in_shape

def raising(error):
    import torch
    class Layer(torch.nn.Module):
        def forward(self, x):
            if self.training:
                raise error
            return x
    return Layer()

@aw.module
class RaisesAsFaulty(Same):
    def compile(self, in_shape):
        return raising(RuntimeError("cannot be trained"))

@aw.module
class RunsOutOnDevice(Same):
    def compile(self, in_shape):
        import torch
        return raising(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 80.00 GiB"))

space = aw.sequential(RaisesAsFaulty(), RunsOutOnDevice())
"""

TRAININGS = {
    "wild": ("diverged", "the training loss of epoch 1 is"),
    "raises_as_faulty": ("crashed", "RuntimeError: cannot be trained"),
    "runs_out_on_device": ("out_of_memory", "OutOfMemoryError: CUDA out of memory"),
    "huge": ("out_of_memory", "can't allocate memory"),
    "seven": ("invalid", "digits has 10 classes"),
    "plain": ("ok", ""),
}


@pytest.fixture(scope="module")
def training(tmp_path_factory):
    """A search of trainings, most of which cannot go well."""
    from archwright.store.user_code import load_object

    folder = tmp_path_factory.mktemp("trainings")
    (folder / "own_kinds.py").write_text(OWN_KINDS)
    source = f"{folder / 'own_kinds.py'}:space"
    raises, runs_out = load_object(source).children
    plain = aw.affine(units=10)
    options = {
        "wild": aw.sequential(aw.settings(optimizer="sgd", learning_rate=1e30), aw.affine(units=10), aw.relu(), plain),
        "raises_as_faulty": aw.sequential(raises, plain),
        "runs_out_on_device": aw.sequential(runs_out, plain),
        "huge": aw.sequential(aw.affine(units=10**13), plain),
        "seven": aw.affine(units=7),
        "plain": plain,
    }
    config = Training(device="cpu", threads=1)
    space = aw.either(**options)
    # With this seed, each option comes once.
    return run_search(folder, space, config, len(options), 69, space_source=source, trial_timeout=60.0)


@pytest.mark.slow
def test_a_training_that_fails_is_an_outcome_in_the_log(training):
    assert training.reason == "finished"
    options_chosen = [dict(trial.path)["either.option"] for trial in training.run.state.trials.values()]
    assert set(options_chosen) == set(TRAININGS)
    for trial, option in enumerate(options_chosen):
        status, message = TRAININGS[option]
        (end,) = training.find_ends(trial)
        assert (end.status, message in end.error) == (status, True)
        assert [event.status for event in training.find_scored(trial)] == [status]
