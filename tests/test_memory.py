"""A short form of benchmarks/memory.py, and the objects that are alive after trials that failed."""

import gc

import pytest
import torch

import archwright as aw
from archwright.core.budget import Budget
from archwright.evaluate.training import task
from archwright.evaluate.training.evaluation import Training
from archwright.evaluate.workers.worker import attempt
from tests.evaluate.jobs import make_job
from tests.scripts import import_script

memory = import_script("memory")
MIB = 1 << 20


@pytest.mark.slow
def test_coordinator_and_worker_hold_no_more_memory_after_many_trials(tmp_path):
    """Some 60 trials, a quarter of them failing: the coordinator keeps a state of a few KiB a trial."""
    samples = memory.take_samples(tmp_path, 60)
    assert sum(sample.failed for sample in samples) > 10
    assert memory.measure_growth([sample.coordinator for sample in samples]).bytes < 6 * MIB
    assert memory.measure_growth([sample.worker for sample in samples]).bytes < 10 * MIB


def test_the_measure_sees_a_leak():
    """A MiB a trial, over the 20 trials between the middles of the first samples and of the last ones."""
    leaking = [100 * MIB + trial * MIB for trial in range(60)]
    assert memory.measure_growth(leaking).bytes == 20 * MIB


def count_models(device, n):
    """The number of models and the CUDA bytes after each of `n` trials in this process, a quarter of which fail."""
    evaluate = task.prepare_training(Training(device=device), 0, 1)
    valid = aw.sequential(aw.conv2d(filters=32, size=3), aw.relu(), aw.affine(units=10))
    divergent = aw.sequential(aw.settings(optimizer="sgd", learning_rate=1e30), valid)
    misfit = aw.sequential(valid, aw.affine(units=7))
    for trial in range(n):
        architecture = valid if trial % 4 else (divergent, misfit)[trial // 4 % 2]
        completed = attempt(evaluate, make_job(trial, architecture, Budget(300, "examples")), lambda report: None)  # noqa: ARG005
        assert (completed.result.status == "ok") == (trial % 4 > 0)
        models = sum(issubclass(type(value), torch.nn.Module) for value in gc.get_objects())
        yield models, torch.cuda.memory_allocated() if device.startswith("cuda") else 0


def test_no_model_outlives_its_trial():
    first, *later = count_models("cpu", 12)
    assert set(later) == {first}


@pytest.mark.gpu
@pytest.mark.slow
def test_memory_of_the_device_returns_to_its_baseline():
    """After each of 200 trials, 50 of which fail, the device holds the data and nothing else."""
    first, *later = count_models("cuda:0", 200)
    assert {allocated for _, allocated in later} == {first[1]}
