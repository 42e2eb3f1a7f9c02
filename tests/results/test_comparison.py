"""A comparison, as a value."""

import pytest
from matplotlib.figure import Figure

from archwright.results import Comparison
from archwright.search.running.loop import NothingScored
from archwright.store.duckdb_log import DuckDBLog
from tests.comparison_logs import log_searches

SCORES = {
    "a.random.0": [0.1, 0.5, 0.3],
    "a.mcts.0": [0.2, 0.7, 0.6],
    "a.random.1": [0.2, 0.2, 0.4],
    "a.mcts.1": [None, 0.9, 0.1],
}


@pytest.fixture
def comparison(tmp_path) -> Comparison:
    log = DuckDBLog(tmp_path / "log.duckdb")
    return Comparison.read(log.path, log_searches(log, SCORES))


def test_a_comparison_has_a_row_for_each_searcher(comparison):
    assert [row["searcher"] for row in comparison] == ["random", "mcts"]
    assert (len(comparison), comparison.trials, comparison.has_score, comparison.remarks) == (2, 3, True, [])
    assert comparison[1]["better_by"] == pytest.approx((0.2 + 0.5) / 2)
    head, random, mcts = repr(comparison).splitlines()
    assert head.startswith("searcher  seeds")
    assert (random.split()[0], mcts.split()[0]) == ("random", "mcts")
    assert "<th>searcher</th>" in comparison._repr_html_()


def test_a_comparison_gives_a_frame_and_a_picture(comparison):
    pytest.importorskip("pandas")
    frame = comparison.frame()
    assert list(frame["searcher"]) == ["random", "mcts"]
    axes = Figure().subplots()
    assert comparison.plot(ax=axes) is axes
    assert [line.get_label() for line in axes.lines] == ["random (n=2)", "mcts (n=2)"]


def test_a_comparison_without_scores_has_no_picture(tmp_path):
    log = DuckDBLog(tmp_path / "log.duckdb")
    comparison = Comparison.read(log.path, log_searches(log, {"a.random.0": [None]}))
    assert not comparison.has_score
    with pytest.raises(NothingScored, match="no trial of random has a score"):
        comparison.plot()
