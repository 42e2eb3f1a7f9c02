"""Each benchmark starts, in its smallest form: a move of the code that one needs is noticed."""

import importlib
import itertools
import sys

import numpy as np
import pytest

from archwright.core.nasbench201 import OPERATIONS
from tests.places import ROOT

BENCHMARKS = ROOT / "benchmarks"
pytest.importorskip("optuna", reason="benchmarks need the group bench, which make check installs")


@pytest.fixture
def benchmark(monkeypatch):
    """A module of the folder, by its name, as it is when it is run there: it finds those beside it."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(BENCHMARKS)
    yield importlib.import_module
    for name in set(sys.modules) - before:
        if name in {file.stem for file in BENCHMARKS.glob("*.py")}:
            del sys.modules[name]


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A table of the form of NAS-Bench-201, with random numbers."""
    draw, path = np.random.default_rng(0), tmp_path_factory.mktemp("table") / "nasbench201.npz"
    ops = np.array(list(itertools.product(range(5), repeat=6)), np.int8)
    columns = {"ops": ops, "op_names": np.array([name.encode() for name in OPERATIONS])}
    for data in ("cifar10", "cifar100", "imagenet16_120"):
        for name in ("test_acc_200ep", "val_acc_12ep", "test_acc_12ep", "train_time_200ep_s", "params_M", "latency_s"):
            columns[f"{data}_{name}"] = draw.random(len(ops), np.float32)
        columns[f"{data}_val_acc_200ep"] = draw.random((len(ops), 3), np.float32)
    np.savez(path, **columns)
    return str(path)


def test_each_is_started_here_or_by_a_test_of_its_own():
    """As are those that others import: none is forgotten."""
    started = {"run", "workers", "training", "numeric", "oracle", "plain_methods", "cifar10", "memory"}
    imported = {"log", "sampling", "searchers", "tabular"}  # by run
    elsewhere = {"chaos"}  # tests/test_chaos.py
    assert {file.stem for file in BENCHMARKS.glob("*.py")} == started | imported | elsewhere
    assert "benchmarks/run.py" in (ROOT / "Makefile").read_text()


@pytest.mark.slow
def test_the_one_of_make_bench(benchmark, capsys, monkeypatch):
    """All tables; what costs a worker is started by the test of workers.py, with the same arguments as pyright says."""
    run = benchmark("run")
    monkeypatch.setattr(run, "WorkerPool", lambda *_, **__: memoryview(b""))  # something to enter and to leave
    monkeypatch.setattr(run.workers, "start_seconds", lambda *_: 0.01)
    monkeypatch.setattr(run.workers, "worker_seconds", lambda *_: ([1.0], [1.0]))
    monkeypatch.setattr(run.searchers, "SEARCHERS", ("random", "smbo"))
    run.main(["--smallest"])
    out = capsys.readouterr().out
    for row in (
        "complete samples/s",
        "seconds to resume 12",
        "s to best, 13 trials",
        "s to replay --verify, 13 trials",
        "trials/s over a table",
        "images/s, tiny",
        "optuna TPE",
    ):
        assert row in out


@pytest.mark.slow
def test_workers(benchmark, capsys):
    words = "--device cpu --rounds 1 --epochs 1 --workers 1 --trials 1"
    benchmark("workers").main(words.split())
    out = capsys.readouterr().out
    assert "a training in a worker" in out
    assert "start of a trial in a warm worker" in out
    assert "trials an hour, 1 workers" in out


def test_training(benchmark, capsys):
    benchmark("training").main(["--device", "cpu", "--smallest"])
    assert "images/s, tiny model" in capsys.readouterr().out


def test_numeric(benchmark, capsys, monkeypatch):
    """In this process: that it can be spread over several is the standard library's affair."""
    numeric = benchmark("numeric")

    class Pool:
        """What it needs of a pool of processes."""

        def __init__(self, processes):
            assert processes == 1

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def map(self, function, jobs, chunksize):
            assert chunksize == 1
            return list(map(function, jobs))

    monkeypatch.setattr(numeric, "get_context", lambda _: type("Context", (), {"Pool": Pool}))
    numeric.main(["--seeds", "1", "--trials", "12", "--processes", "1"])
    rows = capsys.readouterr().out.splitlines()
    assert [row.split("|")[1].strip() for row in rows[2:]] == [*numeric.SEARCHERS, "optuna TPE"]


@pytest.mark.slow
def test_oracle(benchmark, table, capsys):
    benchmark("oracle").main(table, 4)
    assert "n = 4 searches" in capsys.readouterr().out


def test_plain_methods(benchmark, table, capsys):
    benchmark("plain_methods").main([table, "--seeds", "2"])
    assert len(capsys.readouterr().out.splitlines()) == 9


@pytest.mark.slow
def test_cifar10(benchmark, tmp_path, capsys):
    """On random images of the size of its own."""
    draw = np.random.default_rng(0)
    for split, n in (("train", 300), ("test", 20)):
        images = draw.integers(0, 256, (n, 32, 32, 3), np.uint8)
        np.savez(tmp_path / f"{split}.npz", images=images, labels=np.arange(n) % 10)
    benchmark("cifar10").main(["--short", "--device", "cpu", "--data", f"npz:{tmp_path}"])
    assert "images/s" in capsys.readouterr().out


def test_memory_tells_of_few_trials_too(benchmark, monkeypatch, capsys):
    """Its search is started by tests/test_memory.py; here is what it prints."""
    memory = benchmark("memory")
    taken = [memory.Sample(trial * memory.MIB, 5 * memory.MIB, trial % 3 == 0) for trial in range(3)]
    monkeypatch.setattr(memory, "samples", lambda folder, trials: taken[:trials])  # noqa: ARG005
    memory.main(["--trials", "3"])
    out = capsys.readouterr().out
    assert "3 trials, 1 of which failed" in out
    assert "1.0 after 1 trials,     2.0 at the end (+1.0), 2.0 at most" in out
