"""How fast searches over a table go through the whole pipeline into one log, and how much room a trial takes there."""

import itertools
import time
from pathlib import Path

import numpy as np

import archwright as aw
from archwright.core.budget import Budget
from archwright.core.json import to_json
from archwright.core.objective import Objective
from archwright.core.spaces.nasbench201 import OPERATIONS
from archwright.evaluate.logged_evaluations import evaluation_to_json
from archwright.evaluate.tables.nasbench201 import Nasbench201
from archwright.evaluate.workers.machine import count_cores
from archwright.search.running.compare import plan_comparison, run_searches
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import RunStarted


def make_table(folder: Path) -> Path:
    """A table of the form of NAS-Bench-201 for one data set, with random numbers of as many digits."""
    draw = np.random.default_rng(0)
    ops = np.array(list(itertools.product(range(5), repeat=6)), np.int8)
    columns = {"ops": ops, "op_names": np.array([name.encode() for name in OPERATIONS])}
    for name in ("test_acc_200ep", "val_acc_12ep", "test_acc_12ep", "train_time_200ep_s", "params_M", "latency_s"):
        columns[f"cifar10_{name}"] = draw.random(len(ops), np.float32)
    columns["cifar10_val_acc_200ep"] = draw.random((len(ops), 3), np.float32)
    np.savez(folder / "table.npz", **columns)
    return folder / "table.npz"


def measure_comparison(folder: Path, searches: int, trials: int) -> tuple[float, float]:
    """Trials a second over all cores, without the start of the processes, and bytes a trial in the log.

    The searches are random, of `trials` trials each.
    """
    config = Nasbench201(str(make_table(folder)), split="test")
    started = RunStarted(
        space=to_json(aw.named_space("nasbench201")),
        space_source="nasbench201",
        input_shape=(3, 32, 32),
        searcher={"name": "random"},
        evaluator=evaluation_to_json(config),
        objective=Objective(),
        budget=Budget(200, "epochs"),
        seed=0,
        trials=trials,
        versions={},
    )
    log = DuckDBLog(folder / "tabular.duckdb")
    entries = plan_comparison("table", {"random": started}, searches)
    finished_searches = run_searches(log, entries, config.open, processes=count_cores())
    next(finished_searches)  # by then the processes have imported their modules
    start = time.perf_counter()
    count = sum(1 for _ in finished_searches)
    return count * trials / (time.perf_counter() - start), log.path.stat().st_size / (searches * trials)
