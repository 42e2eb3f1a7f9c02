"""A short form of benchmarks/memory.py, and what leaves no trace after a trial that failed."""

import gc

import pytest
import torch

import archwright as aw
from archwright.core.budget import Budget
from archwright.evaluate.config import TrainingConfig
from archwright.evaluate.training import task
from archwright.evaluate.workers.worker import attempt
from tests.evaluate.jobs import job
from tests.scripts import script

memory = script("memory")
MIB = 1 << 20


@pytest.mark.slow
def test_coordinator_and_worker_hold_no_more_memory_after_many_trials(tmp_path):
    """Some 60 trials, a quarter of them failing: no more than a state of a few KiB a trial stays in the coordinator."""
    samples = memory.samples(tmp_path, 60)
    assert sum(sample.failed for sample in samples) > 10
    assert memory.growth([sample.coordinator for sample in samples]).bytes < 6 * MIB
    assert memory.growth([sample.worker for sample in samples]).bytes < 10 * MIB


def test_the_measure_sees_a_leak():
    """A MiB a trial, over the 20 trials between the middles of the first samples and of the last ones."""
    leaking = [100 * MIB + trial * MIB for trial in range(60)]
    assert memory.growth(leaking).bytes == 20 * MIB


def trials(device, n):
    """What is alive after each of `n` trials, a quarter of which fail, in this process: models, and bytes of CUDA."""
    evaluate = task.prepare_training(TrainingConfig(device=device), 0, 1)
    plain = aw.sequential(aw.conv2d(filters=32, size=3), aw.relu(), aw.affine(units=10))
    wild = aw.sequential(aw.settings(optimizer="sgd", learning_rate=1e30), plain)
    misfit = aw.sequential(plain, aw.affine(units=7))
    for number in range(n):
        architecture = plain if number % 4 else (wild, misfit)[number // 4 % 2]
        ended = attempt(evaluate, job(number, architecture, Budget(300, "examples")), lambda report: None)  # noqa: ARG005
        assert (ended.finished.status == "ok") == (number % 4 > 0)
        models = sum(issubclass(type(each), torch.nn.Module) for each in gc.get_objects())
        yield models, torch.cuda.memory_allocated() if device.startswith("cuda") else 0


def test_no_model_outlives_its_trial():
    first, *later = trials("cpu", 12)
    assert set(later) == {first}


@pytest.mark.gpu
@pytest.mark.slow
def test_memory_of_the_device_returns_to_its_baseline():
    """After each of 200 trials, 50 of which fail, the device holds the data and nothing else."""
    first, *later = trials("cuda:0", 200)
    assert {allocated for _, allocated in later} == {first[1]}
