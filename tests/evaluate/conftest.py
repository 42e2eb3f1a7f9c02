"""Fixtures of the tests of training and of workers."""

import pytest

from archwright.evaluate.functions.evaluation import Function
from archwright.evaluate.workers.pool import WorkerPool
from tests.evaluate.scores import SCORES


@pytest.fixture(scope="module")
def one_thread():
    """One thread for torch: the same results whatever the number of cores."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


class Clock:
    """Stands in for the module `time`: a clock that only `advance` moves."""

    def __init__(self):
        self.seconds = 0.0

    def perf_counter(self):
        return self.seconds

    def advance(self, seconds):
        self.seconds += seconds


@pytest.fixture
def clock(monkeypatch):
    """The clock of trainings, and of measurements of their models."""
    from archwright.evaluate.training import cost, trainer

    clock = Clock()
    monkeypatch.setattr(cost, "time", clock)
    monkeypatch.setattr(trainer, "time", clock)
    return clock


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """The file with SCORES."""
    path = tmp_path_factory.mktemp("scores") / "scores.py"
    path.write_text(SCORES)
    return path


@pytest.fixture(scope="module")
def pool(file):
    """One worker, and those that replace it, for jobs that each name a function of SCORES: see `call_function`."""
    with WorkerPool(Function(f"{file}:call_named")) as pool:
        yield pool


@pytest.fixture
def open_pool(file):
    """Opens a pool for a function of SCORES; it is closed after the test."""
    pools = []

    def open_pool(function, **options):
        config = Function(f"{file}:{function}")
        pools.append(WorkerPool(config, **options))
        return pools[-1]

    yield open_pool
    for pool in pools:
        pool.close()
