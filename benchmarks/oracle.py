"""Random search without replacement on NAS-Bench-201 against what order statistics predict, with many seeds.

`python benchmarks/oracle.py nasbench201.npz [SEEDS]`, with the table of the benchmark; 2,000 seeds if none are given.
The means of the best score are of the whole pipeline: searcher, run loop, evaluator, log, and the reading of it.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
from attrs import frozen
from rich.console import Console
from rich.table import Table

from archwright.core.budget import Budget
from archwright.core.json import to_json
from archwright.core.modules.graphs import cell
from archwright.core.objective import Objective
from archwright.core.spaces.nasbench201 import EDGES, OPERATIONS, build_space
from archwright.evaluate.logged_evaluations import evaluation_to_json
from archwright.evaluate.tables.nasbench201 import Nasbench201
from archwright.evaluate.workers.machine import count_cores
from archwright.plots.histories import read_histories
from archwright.search.named import SEARCHER_KIND
from archwright.search.running.compare import plan_comparison, run_searches
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


def run_curves(case: Case, path: str, seeds: int) -> np.ndarray:
    """Run the searches; the best score after each trial, as the log has it [seeds, trials]."""
    space = build_space(cell(EDGES, connected=False, **{name: OPERATIONS[name] for name in case.operations}))
    config = Nasbench201(path, split="test")
    searcher = SEARCHER_KIND.to_json("random", {"replacement": False})
    with tempfile.TemporaryDirectory() as folder:
        log = DuckDBLog(Path(folder) / "log.duckdb")
        started = RunStarted(
            space=to_json(space),
            space_source="nasbench201",
            input_shape=(3, 32, 32),
            searcher=searcher,
            evaluator=evaluation_to_json(config),
            objective=Objective(),
            budget=Budget(200, "epochs"),
            seed=0,
            trials=case.trials,
            versions={},
        )
        entries = plan_comparison("oracle", {"random": started}, seeds)
        for _ in run_searches(log, entries, config.open, processes=count_cores()):
            pass
        return np.array([history.best for history in read_histories(log.path, ["oracle.*"])])


def read_accuracies(case: Case, path: str) -> np.ndarray:
    """The test accuracies of the cells in [0, 1], read from the file itself."""
    with np.load(path) as table:
        names = [name if isinstance(name, str) else name.decode() for name in table["op_names"]]
        operation_indices = [names.index(name) for name in case.operations]
        return table["cifar10_test_acc_200ep"][np.isin(table["ops"], operation_indices).all(axis=1)] / 100


def main(path: str, seeds: int = 2_000) -> None:
    """A row for each case: the z-scores of the means, and of wrong expectations, which must be larger."""
    table = Table("space", "trials", "mean of the best", "expected", "standard error", "farthest off", "replacement")
    table.add_column("a draw more")
    table.add_column("a draw less")
    for case in CASES:
        curves, scores, n = run_curves(case, path, seeds), read_accuracies(case, path), case.trials

        def find_largest_z_score(
            first: int, last: int, curves=curves, scores=scores, *, replacement: bool = False
        ) -> str:
            expected = [compute_expected_best(scores, k, replacement=replacement) for k in range(first, last + 1)]
            return f"{np.abs(compute_z_scores(curves[:, -len(expected) :], expected)).max():.1f}"

        means = f"{curves.mean(axis=0)[-1]:.5f}", f"{compute_expected_best(scores, n):.5f}"
        error = f"{compute_standard_error(curves)[-1]:.5f}"
        z_scores = (
            find_largest_z_score(1, n),
            find_largest_z_score(1, n, replacement=True),
            find_largest_z_score(2, n + 1),
            find_largest_z_score(1, n - 1),
        )
        table.add_row(case.name, str(n), *means, error, *z_scores)
    console = Console(width=None if sys.stdout.isatty() else 150)
    console.print(table)
    console.print(f"n = {seeds:,} searches; the last four columns are the largest of all trials, in standard errors")


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
