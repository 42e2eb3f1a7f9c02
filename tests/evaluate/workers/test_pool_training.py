"""Trainings in processes of their own: the same result everywhere, every way to fail, and no orphans."""

import os
import signal
import subprocess
import sys

import pytest
import torch

import archwright as aw
from archwright.core.budget import Budget
from archwright.evaluate.data.dataset import NoSuchData
from archwright.evaluate.data.loading import describe_dataset
from archwright.evaluate.logged_evaluations import evaluation_to_json
from archwright.evaluate.training.device import NoSuchDevice
from archwright.evaluate.training.evaluation import Training
from archwright.evaluate.workers import process
from archwright.evaluate.workers.pool import WorkerPool
from archwright.evaluate.workers.protocol import WorkerSetup, encode
from archwright.evaluate.workers.worker import prepare_worker
from tests.evaluate.jobs import make_job, run_jobs, run_jobs_in_process
from tests.paths import ROOT
from tests.processes import is_running, wait_until_gone

pytestmark = pytest.mark.usefixtures("one_thread")

NETWORK = aw.sequential(aw.conv2d(filters=8, size=3), aw.relu(), aw.dropout(rate=0.1), aw.affine(units=10))

OWN_KINDS = """
import sys
import archwright as aw

class Same(aw.Basic):
    __slots__ = ()
    def out_shape(self, in_shape):
        return in_shape

@aw.module
class RaisesWhenCompiled(Same):
    def compile(self, in_shape):
        raise RuntimeError("cannot be built")

@aw.module
class RaisesInTraining(Same):
    def compile(self, in_shape):
        import torch
        class Layer(torch.nn.Module):
            def forward(self, x):
                if self.training:
                    raise RuntimeError("cannot be trained")
                return x
        return Layer()

@aw.module
class ShrinksInSecret(Same):
    def compile(self, in_shape):
        import torch
        return torch.nn.AvgPool2d(2)

@aw.module
class HasNoTorchModule(Same):
    pass

space = aw.sequential(RaisesWhenCompiled(), RaisesInTraining(), ShrinksInSecret(), HasNoTorchModule())
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    path = tmp_path_factory.mktemp("own") / "own_kinds.py"
    path.write_text(OWN_KINDS)
    return f"{path}:space"


@pytest.fixture(scope="module")
def pool(own):
    config = Training(device="cpu", threads=1, settings={"batch_size": 64})
    with WorkerPool(config, space_source=own, trial_timeout=60.0) as pool:
        yield pool


def prepared(config):
    """What a worker evaluates with, in this process; a worker that it raises in cannot be started."""
    return prepare_worker(WorkerSetup(evaluation_to_json(config), None, 0, 1, [])).evaluate


def without_time(metrics):
    """Only what does not depend on what else the machine does."""
    return {name: value for name, value in metrics.items() if "second" not in name and name != "peak_memory_bytes"}


def test_the_same_job_has_the_same_result_again_and_in_another_process(pool):
    (first, again, other), reports = run_jobs(
        pool, make_job(0, NETWORK, seed=1), make_job(1, NETWORK, seed=1), make_job(2, NETWORK, seed=2)
    )
    assert first.status == "ok"
    assert without_time(first.metrics) == without_time(again.metrics) != without_time(other.metrics)
    assert reports[0].metrics["accuracy"] == first.metrics["accuracy"]
    evaluate = prepared(Training(device="cpu", settings={"batch_size": 64}))
    (there,), _ = run_jobs_in_process(evaluate, make_job(0, NETWORK, seed=1))
    assert without_time(there.metrics) == without_time(first.metrics)


def test_settings_of_the_architecture_overrule_those_of_the_evaluator(pool):
    slow = aw.sequential(aw.settings(learning_rate=1e-9, batch_size=1000), NETWORK)
    (fast, slow), reports = run_jobs(pool, make_job(0, NETWORK), make_job(1, slow))
    assert [r.metrics["learning_rate"] for r in reports] == [0.001, 1e-9]
    assert slow.metrics["accuracy"] < fast.metrics["accuracy"]


def test_a_warm_worker_starts_a_training_at_once(pool):
    (*_, ended), _ = run_jobs(pool, *(make_job(i, NETWORK, Budget(100, "examples")) for i in range(3)))
    assert ended.seconds < 1.0  # measured: 0.01; the rest is for a busy machine


def refused(own):
    from archwright.store.user_code import load_object

    raises, _, shrinks, mute = load_object(own).children
    affine = aw.affine(units=10)
    return [
        (aw.sequential(aw.settings(learning_rte=0.1), affine), "no setting 'learning_rte'; did you mean learning_rate"),
        (
            aw.sequential(aw.settings(batch_size=0), affine),
            "batch_size of the training is 0; it may be 1 or more images",
        ),
        (aw.affine(units=7), "has the shape (7,), and digits has 10 classes; end the space with affine(units=10)"),
        (aw.sequential(aw.global_avg_pool(), aw.conv2d(filters=3, size=1)), "conv2d needs an input of shape"),
        (aw.affine(units=[10, 20]), "choices left"),
        (aw.sequential(raises, affine), "RuntimeError: cannot be built"),
        (aw.sequential(shrinks, affine), "mat1 and mat2 shapes cannot be multiplied"),
        (aw.sequential(mute, affine), "give its class a method compile(self, in_shape)"),
    ]


def test_a_model_that_cannot_be_built_is_invalid_and_the_message_says_why(pool, own):
    cases = refused(own)
    ended, _ = run_jobs(pool, *(make_job(i, architecture) for i, (architecture, _) in enumerate(cases)))
    assert [e.status for e in ended] == ["invalid"] * len(cases)
    for (_, told), result in zip(cases, ended, strict=True):
        assert told in result.error


def test_an_architecture_without_parameters_is_invalid(pool):
    flat = aw.sequential(aw.max_pool2d(size=8, stride=8), aw.flatten())
    branches = aw.branches(*[flat] * 10, merge="concatenate")
    (ended,), _ = run_jobs(pool, make_job(0, branches))
    assert (ended.status, "nothing to train" in ended.error) == ("invalid", True)


def test_json_that_is_no_architecture_is_invalid(pool, monkeypatch):
    monkeypatch.setattr(process, "encode", lambda message: encode(message).replace(b'"affine"', b'"afine"'))
    (ended,), _ = run_jobs(pool, make_job(0))
    assert (ended.status, "did you mean affine" in ended.error) == ("invalid", True)


def test_a_training_that_fails_has_its_status_and_the_next_one_runs(pool, own):
    from archwright.store.user_code import load_object

    wild = aw.sequential(aw.settings(optimizer="sgd", learning_rate=1e30), NETWORK)
    raises = aw.sequential(load_object(own).children[1], aw.affine(units=10))
    huge = aw.sequential(aw.affine(units=10**13), aw.affine(units=10))
    ended, _ = run_jobs(pool, make_job(0, wild), make_job(1, raises), make_job(2, huge), make_job(3, NETWORK))
    assert [e.status for e in ended] == ["diverged", "crashed", "out_of_memory", "ok"]
    assert "RuntimeError: cannot be trained" in ended[1].error
    assert "own_kinds.py" in ended[1].error


RUNS_OUT = """
import archwright as aw

@aw.module
class AllocatesAnAbsurdAmount(aw.Basic):
    def out_shape(self, in_shape):
        return in_shape

    def compile(self, in_shape):
        import torch

        class Layer(torch.nn.Module):
            def forward(self, x):
                return x + torch.empty(2**50, device=x.device)[0] if x.is_cuda else x

        return Layer()

kind = AllocatesAnAbsurdAmount()
"""


@pytest.mark.gpu
@pytest.mark.slow
def test_a_gpu_without_memory_left_costs_a_trial_and_its_worker(tmp_path):
    """CUDA's own error, four pebibytes being asked for; the next trial gets a new worker."""
    from archwright.store.user_code import load_object

    (tmp_path / "runs_out.py").write_text(RUNS_OUT)
    source = f"{tmp_path / 'runs_out.py'}:kind"
    runs_out = aw.sequential(load_object(source), NETWORK)
    with WorkerPool(Training(device="cuda:0"), space_source=source) as pool:
        (failed, after), _ = run_jobs(pool, make_job(0, runs_out), make_job(1, NETWORK))
    assert (failed.status, failed.transient, after.status) == ("out_of_memory", False, "ok")
    assert "OutOfMemoryError: CUDA out of memory" in failed.error


def test_a_data_set_that_is_not_there_is_told(tmp_path):
    with pytest.raises(NoSuchData, match=r"there is nothing at .*nowhere"):
        prepared(Training(data=f"folder:{tmp_path / 'nowhere'}"))


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_device_that_is_not_there_is_told():
    says = "the device is cuda:1, and this machine has 0 CUDA devices; give auto or cpu"
    with pytest.raises(NoSuchDevice, match=says):
        prepared(Training(device="cuda:1"))


COORDINATOR = """
import sys, time
from archwright.core.budget import Budget
from archwright.evaluate.logged_evaluations import evaluation_from_json
from archwright.evaluate.workers.pool import WorkerPool
from tests.evaluate.jobs import make_job

source = sys.argv[1]
configs = [{"kind": "training", "device": "cpu"}, {"kind": "function", "source": source + ":holds_the_lock"},
           {"kind": "function", "source": source + ":has_a_child"},
           {"kind": "function", "source": source + ":has_a_child_elsewhere"}]
pools = [WorkerPool(evaluation_from_json(config)) for config in configs]
for pool in pools:
    pool.submit(make_job(budget=Budget(1e6, "epochs")))
waiting = set(pools)
while waiting:
    for pool in pools:
        if pool.collect(0.1):
            waiting.discard(pool)
print(*(pid for pool in pools for pid in pool.pids), flush=True)
time.sleep(100)
"""

HOLDERS = """
import ctypes, os, subprocess, time

def holds_the_lock(architecture, budget, report):
    report(1)
    ctypes.PyDLL(None).sleep(1000)

def has_a_child(architecture, budget, report, elsewhere=False):
    child = subprocess.Popen(["sleep", "1000"], start_new_session=elsewhere)
    open(f"{__file__}.{elsewhere}", "w").write(f"{child.pid} {os.getpid()}")
    report(1)
    time.sleep(1000)

def has_a_child_elsewhere(architecture, budget, report):
    has_a_child(architecture, budget, report, elsewhere=True)
"""


def test_workers_and_their_children_are_gone_when_their_coordinator_is_killed(tmp_path):
    (tmp_path / "holders.py").write_text(HOLDERS)
    program = [sys.executable, "-c", COORDINATOR, str(tmp_path / "holders.py")]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True, cwd=ROOT) as coordinator:
        assert coordinator.stdout is not None
        pids = [int(pid) for pid in coordinator.stdout.readline().split()]
        for elsewhere in (False, True):
            pids += map(int, (tmp_path / f"holders.py.{elsewhere}").read_text().split())
        assert len(pids) == 8
        assert all(map(is_running, pids))
        coordinator.send_signal(signal.SIGKILL)
    assert wait_until_gone(pids)


def test_ctrl_c_in_the_coordinator_s_group_does_not_reach_the_workers(pool):
    run_jobs(pool, make_job())
    assert all(os.getpgid(pid) != os.getpgrp() for pid in pool.pids)


def test_the_sizes_that_are_described_are_those_that_are_trained_on(pool):
    (ended,), _ = run_jobs(pool, make_job(0, NETWORK, Budget(1, "epochs")))
    seen = ended.metrics["examples_per_second"] * ended.metrics["train_seconds"]
    assert seen == pytest.approx(describe_dataset("digits").train // 64 * 64, abs=0.5)


def test_a_trained_trial_says_what_its_model_costs(pool):
    """The wide one takes more of everything, each at its best; what does not depend on the machine is the same."""
    narrow, wide = (aw.sequential(aw.conv2d(filters=n, size=3), aw.relu(), aw.affine(units=10)) for n in (2, 256))
    architectures = [narrow, *[narrow, wide] * 3]  # the first job of a worker takes more
    (_, *ended), _ = run_jobs(pool, *(make_job(trial, each) for trial, each in enumerate(architectures)))
    small, large = ([each.metrics for each in ended[first::2]] for first in (0, 1))
    for name in ("parameters", "flops", "latency_seconds", "peak_memory_bytes", "train_seconds"):
        assert min(each[name] for each in small) < min(each[name] for each in large), name
    assert {each["flops"] for each in large} == {2 * (256 * 64 * 9 + 256 * 64 * 10)}
    assert max(each["examples_per_second"] for each in small) > max(each["examples_per_second"] for each in large)
