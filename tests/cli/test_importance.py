"""What `archwright importance` prints and draws."""

import json
from pathlib import Path

import pytest

from archwright.cli import options
from archwright.plots.importances import IMPORTANCE_FIGURES
from tests.cli.conftest import Command
from tests.results.importance_logs import log_budgets


@pytest.fixture
def reader(cli, tmp_path) -> Command:
    """The command in a folder whose log has a run of two budgets."""
    log_budgets(tmp_path / "archwright.duckdb", "ladder-1", {"1epochs": 30, "3epochs": 20, "9epochs": 4})
    return cli


def test_a_table_is_printed_with_what_must_be_known(reader):
    done = reader("importance")
    lines = done.out.splitlines()
    assert done.code == 0
    assert lines[0].startswith(
        "accuracy of ladder-1 at 3 epochs: 20 trials, 2 of them the best tenth; forests of seed 0"
    )
    assert lines[2].split()[:4] == ["hyperparameter", "trials", "importance", "R²"]
    assert lines[3].startswith("0.settings.learning_rate")
    assert "larger budgets have too few trials: 9epochs: 4 of the 14 that it takes" in done.err.splitlines()


def test_a_budget_a_seed_and_pairs_may_be_asked_for(reader):
    done = reader("importance", "ladder-1", "--budget", "1epochs", "--seed", "3", "--pairs", "--json")
    record = json.loads(done.out)
    assert (record["version"], record["budget"], record["seed"], record["trials"]) == (1, "1epochs", 3, 30)
    assert record["hyperparameters"][0]["hyperparameter"] == "0.settings.learning_rate"
    assert len(record["pairs"]) >= 15
    assert record["files"] == []
    assert done.err == ""


@pytest.mark.parametrize("kind", IMPORTANCE_FIGURES)
def test_it_is_drawn_too(reader, kind):
    done = reader("importance", "--kind", kind, "--output", f"{kind}.svg")
    assert done.code == 0
    assert done.out.splitlines()[-1] == f"drawn in {kind}.svg"
    assert "0.settings.learning_rate" in Path(f"{kind}.svg").read_text()
    assert json.loads(reader("importance", "--json", "--output", "other.png").out)["files"] == ["other.png"]


def test_mistakes_are_named(reader):
    for words, says in {
        ("--budget", "27epochs"): (
            "budget is 27epochs, which no trial of ladder-1 has had so far; there are 1epochs, 3epochs"
        ),
        ("--budget", "soon"): "the budget is 'soon'; write a number and a unit",
        ("--output", "a.docx"): "--output a.docx cannot be written: a figure is a .png, .svg or .pdf",
        ("--kind", "bar", "--output", "a.png"): "there is no figure 'bar' of importances; did you mean bars",
    }.items():
        done = reader("importance", *words)
        assert (done.code, done.out) == (2, "")
        assert says in done.err


def test_names_of_figures_are_completed_as_they_are():
    assert options.list_importance_figures() == list(IMPORTANCE_FIGURES)
