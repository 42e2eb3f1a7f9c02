"""What `archwright plot` writes."""

from pathlib import Path

import pytest
from PIL import Image

import archwright as aw
from archwright.core.objective import Objective
from archwright.plots.figures import FIGURE_KINDS, FigureKind
from archwright.store.duckdb_log import DuckDBLog
from tests.cli.conftest import Command
from tests.comparison_logs import UNEVEN_SEARCHES, log_searches
from tests.ladder_logs import LadderLog

SEARCH_KINDS = [name for name, kind in FIGURE_KINDS.items() if isinstance(kind, FigureKind)]
TRIAL_KINDS = [name for name in FIGURE_KINDS if name not in SEARCH_KINDS]


@pytest.fixture
def plotter(cli, tmp_path) -> Command:
    """The command in a folder whose log has searches that are not alike."""
    log_searches(DuckDBLog(tmp_path / "archwright.duckdb"), UNEVEN_SEARCHES)
    return cli


@pytest.mark.parametrize("kind", SEARCH_KINDS)
def test_every_kind_of_figure_is_drawn(plotter, kind):
    """A PNG of the size of a column, with ink in it; where the optimum is known, an SVG with its labels as text."""
    words = ("plot", "a.*", "--kind", kind, "--title", "a title")
    for more, file in (((), f"{kind}.png"), (("--optimum", "1", "--output", "figure.svg"), "figure.svg")):
        done = plotter(*words, *more)
        assert (done.code, done.out) == (0, f"{file}\n")
        assert done.err.splitlines() == [
            "mcts: 1 of 3 searches have no score and are not drawn",
            "mcts: the searches have 3 to 5 trials; each counts as far as it goes",
        ]
    with Image.open(f"{kind}.png") as image:
        assert image.size == (1000, 680)
        assert len(image.convert("RGB").getcolors(maxcolors=100_000)) > 10
    svg = Path("figure.svg").read_text()
    assert "a title" in svg
    assert "random" in svg
    assert "$" not in svg


def test_the_last_run_is_drawn_where_none_is_named(cli, tmp_path):
    log = DuckDBLog(tmp_path / "archwright.duckdb")
    for name in ("first", "last"):
        LadderLog(name, 9, started={"objective": Objective(name, "maximize")}).append_to(log)
    done = cli("plot", "--output", "figure.svg")
    assert (done.out, done.code) == ("figure.svg\n", 0), done.err
    assert "best last so far" in Path("figure.svg").read_text()
    assert aw.Log(log.path).plot().get_ylabel().startswith("best last so far")


@pytest.mark.parametrize("kind", TRIAL_KINDS)
def test_trials_of_a_ladder_are_drawn_in_every_kind(cli, tmp_path, kind):
    """The log's own words may not be read as formulas."""
    LadderLog("ladder-1", 9, started={"objective": Objective("top_$1_$", "maximize")}).append_to(
        DuckDBLog(tmp_path / "archwright.duckdb")
    )
    done = cli("plot", "ladder-1", "--kind", kind, "--title", "costs $1 or $", "--output", "figure.svg")
    assert (done.code, done.out, done.err) == (0, "figure.svg\n", "")
    assert "costs $1 or $" in Path("figure.svg").read_text()


def test_a_kind_with_nothing_to_show_says_why(plotter):
    """In a sentence, with exit code 2, and without a file."""
    says = {
        "rungs": "rungs are drawn of one run, and these are 2: a.random.0, a.random.1; name one of them",
        "curves": "no trial of these runs reported the accuracy after an epoch: there are no learning curves",
        "parallel": "the trials of these 2 runs that have a score agree in all choices: there is nothing to hold apart",
        "models": "the log of these runs does not say which configurations a model made",
        "correlation": "the trials of these 2 runs that have ended were all given 1epochs, and a correlation",
    }
    for kind, sentence in says.items():
        done = plotter("plot", "a.random.*", "--kind", kind, "--output", "figure.png")
        assert (done.code, done.out) == (2, "")
        assert sentence in done.err
        assert not Path("figure.png").exists()


@pytest.mark.parametrize("kind", FIGURE_KINDS)
def test_searches_without_a_score_are_no_figure(plotter, kind):
    """Nor a warning: they say what the first trial said."""
    done = plotter("plot", "a.mcts.2", "--kind", kind, "--output", "figure.png")
    assert (done.code, done.out) == (1, "")
    assert "no trial of a.mcts.2 has a score; trial 0 of a.mcts.2 crashed" in done.err
    assert "Warning" not in done.err
    assert not Path("figure.png").exists()


def test_what_is_no_figure_is_named(plotter):
    for words, says in {
        ("--output", "figure.docx"): "--output figure.docx cannot be written: a figure is a .png, .svg or .pdf",
        ("--kind", "incumbant"): "there is no kind of figure 'incumbant'; did you mean incumbent",
    }.items():
        done = plotter("plot", "a.*", *words)
        assert (done.code, done.out) == (2, "")
        assert says in done.err
