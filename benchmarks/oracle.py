"""Random search without replacement on NAS-Bench-201 against what order statistics say, with many seeds.

`python benchmarks/oracle.py nasbench201.npz [SEEDS]`, with the table of the benchmark; 2,000 seeds if none are given.
The means of the best score are of the whole pipeline: searcher, run loop, evaluator, log, and the reading of it.
"""

import sys
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
from attrs import frozen
from rich.console import Console
from rich.table import Table

from archwright.cli.comparisons.histories import histories
from archwright.core.budget import Budget
from archwright.core.json import to_json
from archwright.core.modules.graphs import cell
from archwright.core.objective import Objective
from archwright.core.spaces.nasbench201 import EDGES, OPERATIONS, Nasbench201Network
from archwright.evaluate.config import config_to_json
from archwright.evaluate.opening import open_evaluator
from archwright.evaluate.tables.nasbench201 import Nasbench201Config
from archwright.evaluate.workers.machine import count_cores
from archwright.search.running.compare import plan_comparison, run_searches
from archwright.search.searchers.named import searcher_to_json
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import RunStarted
from order_statistics import compute_expected_best, compute_standard_error, compute_z_scores


@frozen
class Case:
    """Cells made of some operations, and how many trials a search of them has."""

    name: str
    operations: tuple[str, ...]
    trials: int


# Of the whole space, so few trials are drawn that replacement makes no difference; of 64 cells, it does.
CASES = (
    Case("15,625 cells", tuple(OPERATIONS), 20),
    Case("64 cells of convolutions", ("nor_conv_1x1", "nor_conv_3x3"), 32),
)


def curves(case: Case, path: str, seeds: int) -> np.ndarray:
    """The best score after each trial, as the log has it [seeds, trials]."""
    space = Nasbench201Network(cell(EDGES, connected=False, **{name: OPERATIONS[name] for name in case.operations}))
    config = Nasbench201Config(path, split="test")
    searcher = searcher_to_json("random", {"replacement": False})
    with tempfile.TemporaryDirectory() as folder:
        log = DuckDBLog(Path(folder) / "log.duckdb")
        about = (config_to_json(config), Objective(), Budget(200, "epochs"), 0, case.trials, {})
        started = RunStarted(to_json(space), "nasbench201", (3, 32, 32), searcher, *about)
        entries = plan_comparison("oracle", started, {"random": searcher}, seeds)
        for _ in run_searches(log, entries, partial(open_evaluator, config), processes=count_cores()):
            pass
        return np.array([history.best for history in histories(log.path, ["oracle.*"])])


def scores(case: Case, path: str) -> np.ndarray:
    """The accuracies of the cells, read from the file itself."""
    with np.load(path) as table:
        names = [name if isinstance(name, str) else name.decode() for name in table["op_names"]]
        wanted = [names.index(name) for name in case.operations]
        return table["cifar10_test_acc_200ep"][np.isin(table["ops"], wanted).all(axis=1)] / 100


def main(path: str, seeds: int = 2_000) -> None:
    """A row for each case: how far off the means are, and from what they must be told apart."""
    table = Table("space", "trials", "mean of the best", "expected", "standard error", "farthest off", "replacement")
    table.add_column("a draw more")
    table.add_column("a draw less")
    for case in CASES:
        found, all_scores, n = curves(case, path, seeds), scores(case, path), case.trials

        def off(first: int, last: int, found=found, all_scores=all_scores, *, replacement: bool = False) -> str:
            expected = [compute_expected_best(all_scores, k, replacement=replacement) for k in range(first, last + 1)]
            return f"{np.abs(compute_z_scores(found[:, -len(expected) :], expected)).max():.1f}"

        means = f"{found.mean(axis=0)[-1]:.5f}", f"{compute_expected_best(all_scores, n):.5f}"
        error = f"{compute_standard_error(found)[-1]:.5f}"
        others = off(1, n), off(1, n, replacement=True), off(2, n + 1), off(1, n - 1)
        table.add_row(case.name, str(n), *means, error, *others)
    console = Console(width=None if sys.stdout.isatty() else 150)
    console.print(table)
    console.print(f"n = {seeds:,} searches; the last four columns are the largest of all trials, in standard errors")


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
