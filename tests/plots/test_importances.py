"""The figures of importances."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from archwright.plots.axes import NotAxes
from archwright.plots.figure_files import UnwritableFigure
from archwright.plots.figures import UnknownFigureKind
from archwright.plots.importances import (
    BAR_COLOUR,
    DOUBTFUL_COLOUR,
    ImportanceFigure,
    NoCurve,
    plot_importance,
    shorten_name,
)
from archwright.search.importance.analysis import HyperparameterImportance, ImportanceAnalysis, PairImportance
from archwright.search.importance.fanova import Estimate, MarginalCurve


def make_row(name, scale, points, *, trials=40, r2=0.8, mean=0.5) -> HyperparameterImportance:
    """A hyperparameter whose score is 0, 1, 2 ... at its points, give or take a tenth."""
    curve = MarginalCurve(points, scale, np.arange(float(len(points))), np.full(len(points), 0.1))
    return HyperparameterImportance(name, trials, trials < 40, 8, 0.25, Estimate(mean, 0.1), r2, curve)


@pytest.fixture
def shown() -> ImportanceFigure:
    rows = [
        make_row("a.rate", "log", (0.001, 0.01, 0.1)),
        make_row("a.kind", "categories", ("adam", "sgd"), mean=0.2),
        make_row("b.units", "list", (8, 16, 64), mean=0.1),
        make_row("c.depth", "linear", (1, 2, 3), trials=20, r2=0.1),
        HyperparameterImportance("d.rare", 3, True, 8, 0.0, None, None, None),
    ]
    pairs = [PairImportance(("a.rate", "b.units"), 40, Estimate(0.15, 0.05), 0.8)]
    values = {"a.rate": 0.01, "a.kind": "sgd", "b.units": 64, "d.rare": True}
    return ImportanceFigure(ImportanceAnalysis(40, 4, 0.8, rows, pairs), "accuracy", 7, values)


def test_bars_have_values_deviations_and_the_incumbent(shown):
    axes = Figure().subplots()
    assert plot_importance(shown, ax=axes, title="5$ a bar") is axes
    assert [bar.get_width() for bar in axes.patches] == [0.5, 0.2, 0.1, 0.5, 0.0, 0.15]
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "a.rate = 0.01",
        "a.kind = sgd",
        "b.units = 64",
        "c.depth (20 trials)",
        "d.rare = true (3 trials)",
        "a.rate & b.units",
    ]
    dots = next(line for line in axes.lines if line.get_label() == "for the best tenth")
    assert list(dots.get_xdata()) == [0.25, 0.25, 0.25, 0.25, 0.0]
    assert axes.get_xlabel() == "share of the variance of accuracy\nthe values are those of trial 7"
    assert axes.get_title() == "5$ a bar"
    assert axes.yaxis_inverted()


def test_what_is_not_meaningful_has_another_colour(shown):
    axes = Figure().subplots()
    plot_importance(shown, ax=axes)
    drawn = Figure().subplots().bar([0, 1], [1, 1], color=[BAR_COLOUR, DOUBTFUL_COLOUR])
    assert axes.patches[0].get_facecolor() == drawn[0].get_facecolor()
    assert axes.patches[3].get_facecolor() == drawn[1].get_facecolor()


def test_each_curve_has_a_panel_in_its_own_scale(shown, tmp_path):
    panels = plot_importance(shown, "marginals", file=tmp_path / "marginals.png")
    assert [panel.get_xlabel() for panel in panels] == ["a.rate", "a.kind", "b.units", "c.depth"]
    assert [panel.get_ylabel() for panel in panels] == ["accuracy", "", "", "accuracy"]
    assert [panel.get_xscale() for panel in panels] == ["log", "linear", "linear", "linear"]
    assert [label.get_text() for label in panels[1].get_xticklabels()] == ["adam", "sgd"]
    assert [label.get_text() for label in panels[2].get_xticklabels()] == ["8", "16", "64"]
    marks = [[line.get_xdata()[0] for line in panel.lines if line.get_label() == "trial 7"] for panel in panels]
    assert marks == [[0.01], [1], [2], []]  # depth was not active in it
    with Image.open(tmp_path / "marginals.png") as image:
        assert image.size == (1380, 800)


def test_one_curve_is_drawn_on_the_axes_that_are_given(shown):
    axes = Figure().subplots()
    assert plot_importance(shown, "marginals", axes, names=["b.units"]) is axes
    assert list(axes.lines[0].get_ydata()) == [0, 1, 2]
    with pytest.raises(
        NotAxes, match=r"^ax has room for one of 4 curves; name one hyperparameter, as in names=\['a.rate'\]"
    ):
        plot_importance(shown, "marginals", axes)


def test_what_cannot_be_drawn_is_named(shown, tmp_path):
    for names, says in {
        ("a.rat",): "no hyperparameter that varies is called 'a.rat'; did you mean a.rate",
        ("d.rare",): "d.rare has no curve: 3 trials in which it is active are too few",
        (): "no hyperparameter is named; there are: a.kind",
    }.items():
        with pytest.raises(NoCurve, match=f"^{says}"):
            plot_importance(shown, "marginals", names=list(names), file=tmp_path / "a.png")
    with pytest.raises(UnknownFigureKind, match=r"^there is no figure 'bar' of importances; did you mean bars"):
        plot_importance(shown, "bar", file=tmp_path / "a.png")
    with pytest.raises(UnwritableFigure):
        plot_importance(shown, file=tmp_path / "a.docx")
    with pytest.raises(NotAxes):
        plot_importance(shown, ax=Figure())
    assert list(tmp_path.iterdir()) == []


def test_long_names_keep_their_ends():
    assert shorten_name("0.repeat.1.conv2d.filters", 25) == "0.repeat.1.conv2d.filters"
    assert shorten_name("0.repeat.1.conv2d.filters", 20) == "…1.conv2d.filters"
    assert shorten_name("a.learning_rate_of_the_optimizer", 12) == "…e_optimizer"


def test_a_figure_of_many_hyperparameters_has_the_first_ones():
    rows = [make_row(f"x{i}", "linear", (0, 1)) for i in range(40)]
    many = ImportanceFigure(ImportanceAnalysis(400, 40, 0.8, rows, []), "accuracy", 0, {})
    assert len(plot_importance(many, ax=Figure().subplots()).patches) == 30
    with pytest.raises(NotAxes, match=r"^ax has room for one of 12 curves"):
        plot_importance(many, "marginals", Figure().subplots())
