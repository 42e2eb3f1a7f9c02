"""A comparison, as a value."""

import re
from xml.etree import ElementTree as ET

import pytest
from attrs import evolve
from matplotlib.figure import Figure

from archwright.cli.comparisons import conclude
from archwright.plots.sketch import CYCLE, HEIGHT, MARGIN, WIDTH
from archwright.plots.stretches import Stretch
from archwright.results.comparison import Comparison
from archwright.results.records import ConclusionRow
from archwright.search.running.loop import NothingScored
from archwright.store.duckdb_log import DuckDBLog
from tests.cli.records import find_faults, read_records
from tests.comparison_logs import LADDER_EPOCHS, LADDER_SEARCHES, log_searches

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
    assert (len(comparison), comparison.stretch) == (2, Stretch("trials", 3))
    assert (comparison.has_score, comparison.remarks) == (True, [])
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


def test_a_comparison_of_several_budgets_says_them_wherever_it_is_shown(tmp_path, capsys):
    """As text, as JSON, in a notebook, in a frame and in a figure."""
    log = DuckDBLog(tmp_path / "log.duckdb")
    ladder = Comparison.read(log.path, log_searches(log, LADDER_SEARCHES, epochs=LADDER_EPOCHS))
    head, _, asha, remark = repr(ladder).splitlines()
    assert "budget at the end" in head
    assert "3 epochs .. 9 epochs" in asha
    assert remark.startswith("asha: in 1 of 2 pairs its score and that of random are at different budgets; ")
    html = ladder._repr_html_()
    assert "<th>budget half-way</th>" in html
    assert "best accuracy so far, of the largest budget so far" in html
    conclude(ladder, True)
    out, err = capsys.readouterr()
    rows = read_records(out)
    assert [find_faults(row, ConclusionRow) for row in rows] == [[], []]
    assert [(row["half_budget"], row["best_budget"], row.get("unlike_pairs")) for row in rows] == [
        ("9epochs", "9epochs", None),
        ("1epochs..3epochs", "3epochs..9epochs", 1),
    ]
    assert remark in " ".join(err.split())
    conclude(ladder, False)
    assert "1 epoch .. 3 epochs" in capsys.readouterr().out
    pytest.importorskip("pandas")
    assert list(ladder.frame()["best_budget"]) == ["9epochs", "3epochs..9epochs"]


def test_the_trials_of_a_comparison_are_drawn_one_by_one(comparison):
    """Eleven have a score, and the best so far of each searcher has a line of its colour."""
    axes = comparison.plot("evaluations", Figure().subplots())
    assert sum(len(points.get_offsets()) for points in axes.collections[:1]) == 11
    labels = axes.get_legend_handles_labels()[1]
    assert labels[:2] == ["1 epoch", "failed"]
    assert [label.partition(" (")[0] for label in labels[2:]] == ["best of random", "best of mcts"]


def test_a_notebook_shows_the_mean_incumbent_of_each_searcher(comparison):
    """Of random 0.1 and 0.2, 0.5 and 0.2, 0.5 and 0.4; of mcts 0.2 alone, then 0.7 and 0.9 to the end."""
    picture = ET.fromstring(re.findall(r"<svg.*</svg>", comparison._repr_html_())[0])
    paths = [path.attrib["d"] for path in picture.findall("{*}path")]
    names = [text.text for text in picture.findall("{*}text")]
    assert names == ["0.8000 best accuracy so far", "0.1500", "random", "mcts"]

    def find_y(score):
        return HEIGHT - MARGIN - (score - 0.15) / 0.65 * (HEIGHT - 2 * MARGIN)

    x = (1, WIDTH / 2, WIDTH - 1)
    assert [re.findall(r"[ML]([\d.]+),([\d.]+)", path) for path in paths] == [
        [(f"{a:.1f}", f"{find_y(score):.1f}") for a, score in zip(x, scores, strict=True)]
        for scores in ([0.15, 0.35, 0.45], [0.2, 0.8, 0.8])
    ]
    colours = [path.attrib["stroke"] for path in picture.findall("{*}path")]
    assert colours == [text.attrib["fill"] for text in picture.findall("{*}text")][2:] == [CYCLE[0], CYCLE[1]]


def test_the_names_in_a_picture_are_text_and_fit_into_it(comparison):
    names = ["<script>&", "mcts,exploration=" + "1" * 40]
    groups = dict(zip(names, comparison.groups.values(), strict=True))
    picture = ET.fromstring(re.findall(r"<svg.*</svg>", evolve(comparison, groups=groups)._repr_html_())[0])
    shown = [text.text or "" for text in picture.findall("{*}text")][2:]
    assert sorted(shown) == ["<script>&", "mcts,exploration=" + "1" * 30 + "..."]


def test_where_the_optimum_is_known_a_notebook_shows_regrets(tmp_path):
    log = DuckDBLog(tmp_path / "log.duckdb")
    searches = log_searches(log, {"a.random.0": [0.25, 0.5], "a.mcts.0": [0.5, 1e200]})
    html = Comparison.read(log.path, searches, optimum=1e200)._repr_html_()
    assert "regret so far: accuracy in 1e200 from the optimum" in html


def test_a_comparison_without_scores_has_no_picture(tmp_path):
    log = DuckDBLog(tmp_path / "log.duckdb")
    comparison = Comparison.read(log.path, log_searches(log, {"a.random.0": [None]}))
    assert not comparison.has_score
    with pytest.raises(NothingScored, match="no trial of random has a score"):
        comparison.plot()
    assert "<svg" not in comparison._repr_html_()
