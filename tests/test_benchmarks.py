"""Each benchmark starts, in its smallest form, and prints the rows that the pages in docs have.

Processes of workers and of searches are tested elsewhere; here, everything runs in this process.
"""

import itertools
import os
from collections import deque
from multiprocessing.pool import ThreadPool
from types import SimpleNamespace

import numpy as np
import pytest

from archwright.core.spaces.nasbench201 import OPERATIONS
from archwright.evaluate.tables.taskset import SPLITS, TASK_PREFIX, TASKS
from archwright.evaluate.training import task
from archwright.evaluate.workers.worker import attempt
from archwright.store.events import AttemptEnded, AttemptStarted, Scored
from tests.paths import ROOT
from tests.scripts import FOLDER, import_script, read_make_arguments, read_tables, run_script

pytest.importorskip("optuna", reason="benchmarks need the group bench, which make check installs")


class SerialWorkerPool:
    """Stands in for a WorkerPool: runs its jobs in this process."""

    slots, pids = 1, (os.getpid(),)

    def __init__(self, config, workers=1):
        assert workers == self.slots
        self._evaluate, self._finished = task.prepare_training(config, 0, 1), deque()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def submit(self, job):
        self._finished.append(attempt(self._evaluate, job, lambda report: None).result)  # noqa: ARG005

    def collect(self, timeout):
        assert timeout > 0
        return [self._finished.popleft()]


class SerialProcessPool:
    """Stands in for a ProcessPool: computes everything in this process, at the first `collect`."""

    def __init__(self, function, make_input, items, processes):
        assert processes > 0
        self._function, self._make_input, self._items, self.is_running = function, make_input, items, True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def collect(self, timeout):
        assert timeout >= 0
        items, self._items, self.is_running = self._items, (), False
        return [(item, self._function(self._make_input(item))) for item in items]

    def raise_failure(self):
        return None


@pytest.fixture(autouse=True)
def single_process(monkeypatch):
    """No script starts processes except those that it measures."""
    monkeypatch.setattr("archwright.evaluate.workers.pool.WorkerPool", SerialWorkerPool)
    monkeypatch.setattr("archwright.search.running.compare.ProcessPool", SerialProcessPool)
    monkeypatch.setattr("multiprocessing.get_context", lambda _: SimpleNamespace(Pool=ThreadPool))


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A table of the form of NAS-Bench-201, with random numbers."""
    rng, path = np.random.default_rng(0), tmp_path_factory.mktemp("table") / "nasbench201.npz"
    ops = np.array(list(itertools.product(range(5), repeat=6)), np.int8)
    columns = {"ops": ops, "op_names": np.array([name.encode() for name in OPERATIONS])}
    for data in ("cifar10", "cifar100", "imagenet16_120"):
        for name in ("test_acc_200ep", "val_acc_12ep", "test_acc_12ep", "train_time_200ep_s", "params_M", "latency_s"):
            columns[f"{data}_{name}"] = rng.random(len(ops), np.float32)
        columns[f"{data}_val_acc_200ep"] = rng.random((len(ops), 3), np.float32)
    np.savez(path, **columns)
    return str(path)


def read_page_tables(name):
    """The first cells of the tables of a page in docs."""
    return read_tables((ROOT / "docs" / name).read_text())


def test_each_script_is_started_by_a_test():
    """Or imported by one that is."""
    scripts = {
        "run",
        "workers",
        "training",
        "chaos",
        "memory",
        "numeric",
        "oracle",
        "plain_methods",
        "cifar10",
        "ladders",
    }
    modules = {"rows", "counting", "log", "order_statistics", "sampling", "searchers", "starting", "tabular"}
    assert {file.stem for file in FOLDER.glob("*.py")} == scripts | modules
    assert list(read_make_arguments()) == ["run", "workers", "training", "chaos", "memory"]


def test_run(capsys):
    run_script("run", "--smallest")
    without_trainings, ask_and_tell = read_tables(capsys.readouterr().out)
    assert without_trainings == read_page_tables("performance.md")[0]
    assert ask_and_tell in read_page_tables("reproduction.md")


def test_workers(capsys):
    run_script("workers", rounds=1, epochs=1, workers=1, trials=1)
    assert read_tables(capsys.readouterr().out) == read_page_tables("performance.md")[1:2]


def test_training(capsys):
    run_script("training", "--smallest")
    assert read_tables(capsys.readouterr().out) == read_page_tables("performance.md")[2:]


def test_numeric(capsys):
    run_script("numeric", seeds=1, trials=12, processes=1)
    (rows,) = read_tables(capsys.readouterr().out)
    assert rows in read_page_tables("reproduction.md")


def test_oracle(table, capsys):
    run_script("oracle", table, "2")
    assert "n = 2 searches" in capsys.readouterr().out


def test_ladders(tmp_path, capsys):
    """On curves that fall to what their rows say; the second time all searches are in the log."""
    rows, points = np.arange(1000, dtype=np.float32)[:, None], np.arange(1, 52, dtype=np.float32)
    losses = 1 + rows / 1000 + np.exp(-points / 10)
    columns = {f"{split}_loss": losses[None] for split in SPLITS}
    hp = np.stack([np.linspace(0.1, 1, 1000)] * 2, axis=1)
    table = tmp_path / "curves.npz"
    np.savez(table, tasks=np.array([TASK_PREFIX + TASKS[0]]), hp=hp, hp_names=np.array(["rate", "beta"]), **columns)
    ladders, log = import_script("ladders"), str(tmp_path / "ladders.duckdb")
    for _ in range(2):
        ladders.main(str(table), 1, 1, log, (1, 2))
    first, second = capsys.readouterr().out.split("archwright ")[1:]
    assert first == second
    regrets = ladders.measure_ladders(str(table), 1, 1, tmp_path / "ladders.duckdb", (1, 2))
    assert regrets.keys() == ladders.SEARCHERS.keys()
    assert all(0 <= values[0, 0, 1] <= values[0, 0, 0] <= 1 for values in regrets.values())


def test_plain_methods(table, capsys):
    run_script("plain_methods", table, seeds=2)
    assert len(capsys.readouterr().out.splitlines()) == 9


def test_cifar10(tmp_path, capsys):
    """On random images of the size of its own."""
    rng = np.random.default_rng(0)
    for split, n in (("train", 300), ("test", 20)):
        images = rng.integers(0, 256, (n, 32, 32, 3), np.uint8)
        np.savez(tmp_path / f"{split}.npz", images=images, labels=np.arange(n) % 10)
    run_script("cifar10", "--short", device="cpu", data=f"npz:{tmp_path}")
    assert "images/s" in capsys.readouterr().out


def test_chaos_prints_the_rows_of_a_search(monkeypatch, capsys):
    """Such a search is run by tests/test_chaos.py; here, its table is printed."""
    chaos = import_script("chaos")
    events = [AttemptStarted(0, 1), AttemptStarted(0, 2), AttemptEnded(0, 2, "ok", 1.0), Scored(0, "ok", 0.5)]
    monkeypatch.setattr(chaos, "run_chaos", lambda *_: chaos.ChaosResult(events, 3, 4, 0.25, 60.0))
    chaos.main(read_make_arguments()["chaos"])
    out = capsys.readouterr().out
    assert read_tables(out) == read_page_tables("faults.md")[1:2]
    assert "| trials with one outcome each | 1 | all | 1 ok; 3 workers, 60 s |" in out
    assert "| attempts | 2 | | 1 died with their coordinator |" in out
    assert "| coordinators killed | 3 | | 4 signals to workers |" in out
    assert "| 0.25 s at most | 5 s |" in out


def test_memory_prints_the_rows_of_few_trials(monkeypatch, capsys):
    """Its search is run by tests/test_memory.py; here, its table is printed."""
    memory = import_script("memory")
    samples = [memory.Sample(trial * memory.MIB, 5 * memory.MIB, memory.MIB, trial % 3 == 0) for trial in range(3)]
    monkeypatch.setattr(memory, "take_samples", lambda folder, trials: samples[:trials])  # noqa: ARG005
    memory.main(read_make_arguments()["memory"])
    out = capsys.readouterr().out
    assert read_tables(out) == read_page_tables("faults.md")[2:]
    assert "| trials in one warm worker | 3 | | 1 of which failed |" in out
    assert "| 1.0 / 2.0 | | after 1 trials and at the end: +1.0; 2.0 at most |" in out
