"""The whole pipeline against what is known exactly: random search without replacement on NAS-Bench-201.

Searcher, run loop, evaluator, log and the reading of it must all be right for the mean of the best score after each
trial to be what order statistics say.
"""

import numpy as np
import pytest

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
from tests.paths import DATA
from tests.scripts import import_script

order_statistics = import_script("order_statistics")

TABLE = DATA / "nas" / "nasbench201_tabular.npz"
SEEDS, TRIALS = 300, 32
CONVOLUTIONS = ("nor_conv_1x1", "nor_conv_3x3")
ACCEPTED, REJECTED = 4.0, 5.0  # standard errors: of 32 means none is 4 off but once in 500 times


def scores_of_table() -> np.ndarray:
    """The test accuracies of the 64 cells of convolutions alone, read from the file without any of our code."""
    with np.load(TABLE) as table:
        wanted = [
            i
            for i, name in enumerate(table["op_names"])
            if (name if isinstance(name, str) else name.decode()) in CONVOLUTIONS
        ]
        return table["cifar10_test_acc_200ep"][np.isin(table["ops"], wanted).all(axis=1)] / 100


@pytest.fixture(scope="module")
def curves(tmp_path_factory) -> np.ndarray:
    """The best score after each trial, of searches that differ in their seeds, as the log has it [searches, trials]."""
    space = build_space(cell(EDGES, **{name: OPERATIONS[name] for name in CONVOLUTIONS}))
    config = Nasbench201(str(TABLE), split="test")
    searcher = SEARCHER_KIND.to_json("random", {"replacement": False})
    log = DuckDBLog(tmp_path_factory.mktemp("oracle") / "log.duckdb")
    started = RunStarted(
        to_json(space), "nasbench201", (3, 32, 32), searcher, evaluation_to_json(config), Objective(),
        Budget(200, "epochs"), 0, TRIALS, {},
    )  # fmt: skip
    entries = plan_comparison("oracle", {"random": started}, SEEDS)
    assert len(list(run_searches(log, entries, config.open, processes=count_cores()))) == SEEDS
    return np.array([history.best for history in read_histories(log.path, ["oracle.*"])])


@pytest.mark.slow
@pytest.mark.skipif(not TABLE.exists(), reason=f"there is no {TABLE}")
def test_means_are_what_order_statistics_say(curves):
    """After every trial within 4 standard errors, which from the 8th on are less than one in the third decimal.

    The same means are not what is expected of drawing with replacement, of one draw more, or of one draw less.
    """
    scores = scores_of_table()
    assert curves.shape == (SEEDS, TRIALS)
    assert len(scores) == 64

    def off(first: int, last: int, replacement: bool = False) -> float:
        """The largest of all, where the last trial is held against `last` draws, and those before against one less."""
        expected = [
            order_statistics.compute_expected_best(scores, n, replacement=replacement) for n in range(first, last + 1)
        ]
        return np.abs(order_statistics.compute_z_scores(curves[:, -len(expected) :], expected)).max()

    assert off(1, TRIALS) < ACCEPTED
    assert (ACCEPTED * order_statistics.compute_standard_error(curves)[7:] < 0.001).all()
    assert off(1, TRIALS, replacement=True) > REJECTED
    assert off(2, TRIALS + 1) > REJECTED
    assert off(1, TRIALS - 1) > REJECTED
