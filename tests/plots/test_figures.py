"""What `archwright plot` draws."""

import re
import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from attrs import evolve
from matplotlib import rc_context
from matplotlib.figure import Figure

from archwright.plots.axes import FIGURE_INCHES, MATPLOTLIB_STYLE, NO_OPTIONS, FigureOptions
from archwright.plots.colours import CYCLE_COLOURS, assign_colours
from archwright.plots.figures import (
    FIGURE_KINDS,
    FigureKind,
    UnknownFigureKind,
    get_figure_kind,
    list_omissions,
    plot_runs,
    plot_searches,
)
from archwright.plots.histories import NothingToCompare, SearchHistory, group_by_label, read_histories
from archwright.plots.search_kinds import compute_bin_edges
from archwright.search.named import SEARCHERS
from archwright.store.duckdb_log import DuckDBLog
from tests.comparison_logs import LADDER_EPOCHS, LADDER_SEARCHES, UNEVEN_SEARCHES, log_search, log_searches

NAN = np.nan
SEARCH_KINDS = [name for name, kind in FIGURE_KINDS.items() if isinstance(kind, FigureKind)]


@pytest.fixture(scope="module")
def searches(tmp_path_factory) -> Path:
    """A log of searches that are not alike."""
    log = DuckDBLog(tmp_path_factory.mktemp("searches") / "log.duckdb")
    log_searches(log, UNEVEN_SEARCHES)
    return log.path


@pytest.fixture
def log(searches, tmp_path) -> DuckDBLog:
    """A copy of their log."""
    return DuckDBLog(Path(shutil.copy(searches, tmp_path)))


def read_scored(log, *runs: str) -> list[SearchHistory]:
    """Those of the searches that have a score."""
    return [history for history in read_histories(log.path, runs) if history.has_score]


def save_figure(
    log, pattern: str, kind: str, file: Path, optimum: float | None = None, title: str | None = None
) -> None:
    """Draw the runs of a pattern on axes of their own, in the style of a paper, into a file."""
    with rc_context(MATPLOTLIB_STYLE):
        figure = Figure(figsize=FIGURE_INCHES, layout="constrained")
        plot_runs(log.path, [pattern], kind, figure.subplots(), FigureOptions(optimum=optimum, title=title))
        figure.savefig(file)


def draw_lines(log, kind: str, *runs: str, optimum: float | None = None) -> dict[str, tuple[list, list]]:
    """The x and y of each line of a figure, by its label."""
    axes = Figure().subplots()
    get_figure_kind(kind).draw(axes, group_by_label(read_scored(log, *runs)), FigureOptions(optimum=optimum))
    return {str(line.get_label()): (list(line.get_xdata()), list(line.get_ydata())) for line in axes.lines}


def find_colours(log, *runs: str) -> dict[str, str]:
    """The colour of each line, by its searcher, in the order of the legend."""
    axes = Figure().subplots()
    get_figure_kind("incumbent").draw(axes, group_by_label(read_histories(log.path, runs)), NO_OPTIONS)
    return {str(line.get_label()).partition(" (n")[0]: str(line.get_color()) for line in axes.lines}


def test_a_searcher_has_its_colour_and_its_place_whatever_was_logged_first(tmp_path):
    log = DuckDBLog(tmp_path / "log.duckdb")
    runs = ("b.smbo.0", "b.mcts.0", "b.random.0", "a.random.0", "a.mcts.0", "c.smbo.0")
    log_searches(log, {run: [0.1, 0.5] for run in runs})
    whole = {name: f"C{list(SEARCHERS).index(name) % CYCLE_COLOURS}" for name in ("random", "mcts", "smbo")}
    assert (whole["random"], whole["mcts"], len(set(whole.values()))) == ("C0", "C1", 3)
    assert list(find_colours(log, "b.*").items()) == list(whole.items())
    assert [find_colours(log, pattern) for pattern in ("a.*", "c.*", "*.mcts.0")] == [
        {name: whole[name] for name in ("random", "mcts")},
        {"smbo": whole["smbo"]},
        {"mcts": whole["mcts"]},
    ]


def test_several_searchers_of_one_name_have_colours_that_no_other_one_has():
    """The first of them by its settings has that of the name; more searchers than colours begin anew."""
    colours = assign_colours(["mcts,parts=2", "mcts", "random", "smbo (revision 1)", "other"])
    assert (colours["random"], colours["mcts"]) == ("C0", "C1")
    assert colours["smbo (revision 1)"] == assign_colours(["smbo"])["smbo"]
    assert len(set(colours.values())) == 5
    assert all(int(colour[1:]) < CYCLE_COLOURS for colour in colours.values())
    assert set(assign_colours(list(SEARCHERS)[:CYCLE_COLOURS]).values()) == {f"C{i}" for i in range(CYCLE_COLOURS)}
    many = assign_colours([f"mcts,exploration=0.{i}" for i in range(25)])
    assert (many["mcts,exploration=0.0"], set(many.values())) == ("C1", {f"C{i}" for i in range(10)})


@pytest.mark.parametrize("kind", ["incumbent", "time", "regret"])
def test_the_name_of_an_axis_is_within_the_figure(kind, log):
    """Also one of many letters, beside long names that are slanted."""
    histories = [
        evolve(history, label="mcts,exploration=0.02", metric="latency_seconds") for history in read_scored(log, "a.*")
    ]
    with rc_context(MATPLOTLIB_STYLE):
        figure = Figure(figsize=FIGURE_INCHES, layout="constrained")
        plot_searches(histories, kind, figure.subplots(), FigureOptions(optimum=1.0), list)
        figure.draw_without_rendering()
    name = figure.axes[0].yaxis.label
    place, height = name.get_window_extent(), figure.bbox.height
    assert 0 <= place.y0 < place.y1 <= height
    assert " ".join(name.get_text().split()).endswith(": latency_seconds from the optimum")


def test_evaluations_are_counted_in_whole_numbers(log):
    axes = Figure().subplots()
    get_figure_kind("incumbent").draw(axes, group_by_label(read_scored(log, "a.random.*")), NO_OPTIONS)
    assert all(tick == int(tick) for tick in axes.get_xticks())


@pytest.mark.parametrize(("seconds", "labels"), [(1000.0, {"1,000", "10,000"}), (10.0, {"10", "100"})])
def test_logarithmic_axes_are_labelled_with_numbers(log, seconds, labels, tmp_path):
    """Over decades and within one, and the distances from an optimum too."""
    log_search(log, "t.random.0", [0.9, 0.95, 0.999, 0.9999] * 5, seconds=[seconds])
    svg = tmp_path / "figure.svg"
    save_figure(log, "t.*", "time", svg, 1.0)
    texts = set(re.findall(r"<text[^>]*>([^<]+)</text>", svg.read_text()))
    assert labels | {"0", "0.001", "0.01"} <= texts


def test_a_line_is_the_mean_of_the_searches_that_have_a_score_by_then(log):
    """Of tree search, one alone after the first trial, both up to the third, and one after that."""
    curves = draw_lines(log, "incumbent", "a.*")
    assert list(curves) == ["random (n=2)", "mcts (n=2)"]
    x, y = curves["mcts (n=2)"]
    assert x == [1, 2, 3, 4, 5]
    np.testing.assert_allclose(y, [0.2, 0.8, 0.8, 0.8, 0.9])
    _, regrets = draw_lines(log, "incumbent", "a.random.*", optimum=1.0)["random (n=2)"]
    np.testing.assert_allclose(regrets, [0.8, 0.6, 0.45, 0.45])


def test_a_line_may_be_the_median_between_the_quartiles(log):
    """Of 0.1, 0.5, 0.9 the quartiles are 0.3 and 0.7; the best of each search is never lower than before."""
    log_searches(log, {"q.mcts.0": [0.1, 0.9], "q.mcts.1": [0.5, 0.2], "q.mcts.2": [0.9, 0.1]})
    axes = plot_searches(
        read_scored(log, "q.*"), "incumbent", Figure().subplots(), FigureOptions(band="quartiles"), list
    )
    (line,), (band,) = axes.lines, axes.collections
    np.testing.assert_allclose(line.get_ydata(), [0.5, 0.9])
    heights = sorted(set(np.round(band.get_paths()[0].vertices[:, 1], 9)))
    np.testing.assert_allclose(heights, [0.3, 0.7, 0.9])


def test_a_line_against_time_goes_from_where_all_have_a_score_to_the_first_end(log):
    """Trials of tree search take 10 s: the last first score comes after 20, and the shorter search ends after 40."""
    log_searches(log, {"b.mcts.0": [0.2, 0.7, 0.6, 0.8, 0.9], "b.mcts.1": [None, 0.9, 0.1, 0.8]})
    x, y = draw_lines(log, "time", "b.*")["mcts (n=2)"]
    assert (x[0], x[-1]) == (pytest.approx(20), pytest.approx(40))
    np.testing.assert_allclose(np.array(y)[np.array(x) < 39.9], 0.8)
    assert y[-1] == pytest.approx(0.85)
    assert draw_lines(log, "time", "a.random.*")["random (n=2)"][0][-1] == pytest.approx(40)


@pytest.mark.parametrize(
    ("kind", "style"), [("incumbent", "steps-post"), ("time", "steps-post"), ("threshold", "default")]
)
def test_an_incumbent_lasts_until_a_better_one(log, kind, style):
    """Its line and the band around it are steps; the share of models above a score is no such thing."""
    axes = Figure().subplots()
    get_figure_kind(kind).draw(axes, group_by_label(read_scored(log, "a.random.*")), NO_OPTIONS)
    (line,), (band,) = axes.lines, axes.collections
    assert line.get_drawstyle() == style
    corners = band.get_paths()[0].vertices
    slants = [(a, b) for a, b in pairwise(corners) if a[0] != b[0] and a[1] != b[1]]
    assert bool(slants) == (style == "default")


def test_all_scores_alike_are_drawn(log, tmp_path, caplog):
    """Without a warning: they have no spread."""
    log_search(log, "c.random.0", [0.5, 0.5, 0.5])
    for kind in SEARCH_KINDS:
        save_figure(log, "c.*", kind, tmp_path / "figure.png")
    assert caplog.messages == []


@pytest.mark.parametrize(
    "scores", [[1e300, 1e300], [1e17, 1e17 + 16], [-1e308, 1e308], [1.7e308, 1.7e308], [5e-324, 0.0]], ids=str
)
def test_scores_of_any_size_are_drawn(log, scores, tmp_path, caplog):
    """Those that are too large for arithmetic in a unit of their own."""
    log_search(log, "d.random.0", scores)
    for kind in SEARCH_KINDS:
        svg = tmp_path / f"{kind}.svg"
        save_figure(log, "d.*", kind, svg, scores[0], "costs $5_000 or $")
    assert caplog.messages == []
    text = (tmp_path / "histogram.svg").read_text()
    assert "costs $5_000 or $" in text
    assert ("accuracy in 1e3" in text) == (max(scores) > 1e299)


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (0.5, 0.5), (1e300, 1e300), (-1e308, 1e308), (0.0, 5e-324)])
def test_bins_rise_and_hold_all(low, high):
    edges = compute_bin_edges(low, high)
    assert (edges[0] <= low, high <= edges[-1], (np.diff(edges) > 0).all()) == (True, True, True)
    assert (edges[0], edges[-1]) == (0.0, 1.0) or high != 1.0


def test_shares_and_spreads_are_of_the_scores_at_the_largest_budget(log):
    """Of three models at the larger budget one failed; what was tried at the smaller one says nothing of them."""
    log_search(log, "c.asha.0", [0.9, 0.8, 0.1, 0.7, None, 0.3])
    (history,) = read_scored(log, "c.asha.0")
    ladder = evolve(history, levels=np.array([0.0, 0.0, 0.0, 1.0, 1.0, 1.0]))
    assert ladder.largest_scores == pytest.approx([0.7, NAN, 0.3], nan_ok=True)
    assert evolve(history, levels=np.array([0.0, 0.0, 0.0, 0.0, 1.0, 0.0])).largest_scores.size == 5
    assert len(history.largest_scores) == 6
    for searched, name in ((history, "accuracy"), (ladder, "accuracy at the largest budget")):
        axes, bars = Figure().subplots(2)
        get_figure_kind("threshold").draw(axes, {"asha": [searched]}, NO_OPTIONS)
        get_figure_kind("histogram").draw(bars, {"asha": [searched]}, NO_OPTIONS)
        assert (axes.get_xlabel(), bars.get_xlabel()) == (name, name)
    x, y = axes.lines[0].get_data()
    assert [y[np.searchsorted(x, place)] for place in (0.2, 0.5, 0.8)] == pytest.approx([2 / 3, 1 / 3, 0.0])


@pytest.mark.parametrize(
    ("kind", "options", "name"),
    [
        ("incumbent", NO_OPTIONS, "best accuracy so far, of the largest budget so far"),
        ("incumbent", FigureOptions(by="configurations"), "best accuracy so far, of the largest budget so far"),
        ("time", NO_OPTIONS, "best accuracy so far, of the largest budget so far"),
        (
            "time",
            FigureOptions(optimum=1.0),
            "regret so far: accuracy from the optimum, of the largest budget so far",
        ),
        ("regret", NO_OPTIONS, "best accuracy at the end, of the largest budget"),
    ],
)
def test_the_best_of_several_budgets_is_called_that(tmp_path, kind, options, name):
    """Also where each search has one, and only together they have several; where all have the same, none is said."""
    log = DuckDBLog(tmp_path / "log.duckdb")
    log_searches(log, LADDER_SEARCHES, epochs=LADDER_EPOCHS)
    log_searches(log, {"c.mcts.0": [0.5, 0.6], "d.mcts.0": [0.7, 0.8]}, epochs={"d.mcts.0": [9, 9]})
    for runs in (["b.*"], ["b.asha.1"], ["?.mcts.0"]):
        axes = plot_searches(read_scored(log, *runs), kind, Figure().subplots(), options, list)
        assert axes.get_ylabel().replace("\n", " ") == name
    for runs in (["b.random.*"], ["c.*"]):
        axes = plot_searches(read_scored(log, *runs), kind, Figure().subplots(), options, list)
        assert axes.get_ylabel().replace("\n", " ") == name.partition(", of the largest")[0]


def test_what_was_spent_has_one_unit(log):
    histories = read_scored(log, "a.random.*")
    mixed = [histories[0], evolve(histories[1], unit="seconds", run="other")]
    with pytest.raises(
        NothingToCompare, match=rf"units, epochs in {histories[0].run} and seconds in other; plot those"
    ):
        plot_searches(mixed, "incumbent", Figure().subplots(), FigureOptions(by="total"), list)


def test_figures_that_show_all_say_nothing(log):
    assert list_omissions(read_histories(log.path, ["a.random.*"])) == []


def test_mistakes_are_named(log):
    with pytest.raises(UnknownFigureKind, match=r"no kind of figure 'incumbant'; did you mean incumbent"):
        get_figure_kind("incumbant")
    log_search(log, "c.random.0", [0.5])
    with pytest.raises(
        NothingToCompare, match=r"random have no stretch of time in common.*after 10 s.*plot the kind incumbent"
    ):
        plot_searches(read_histories(log.path, ["c.*"]), "time", Figure().subplots(), NO_OPTIONS, list)
