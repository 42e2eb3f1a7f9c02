"""What `archwright correlation` prints."""

import json
from pathlib import Path

import pytest
from PIL import Image

from archwright.store.duckdb_log import DuckDBLog
from tests.cli.conftest import Command
from tests.ladder_logs import LadderLog


@pytest.fixture
def correlate(cli, tmp_path) -> Command:
    """The command in a folder whose log has two ladders, the last of which promotes nothing."""
    log = DuckDBLog(tmp_path / "archwright.duckdb")
    LadderLog("halving-1", 27).append_to(log)
    LadderLog("whole-1", 12, promotes=False, has_model=False).append_to(log)
    return lambda *words: cli("correlation", *words)


def test_the_last_run_is_told_of(correlate):
    """A line for every two budgets, and how the intervals were made."""
    done = correlate()
    assert (done.code, done.err) == (0, "")
    header, *lines = done.out.splitlines()
    assert header.split("  ")[0] == "from"
    assert "regret of best 1 (any)" in header
    assert [line.split()[:4] for line in lines[:3]] == [
        ["1", "epoch", "3", "epochs"],
        ["1", "epoch", "9", "epochs"],
        ["3", "epochs", "9", "epochs"],
    ]
    assert lines[3].startswith("intervals: 95%, percentile bootstrap of the pairs, 2,000 resamples, seed 0")


def test_programs_get_all_of_it(correlate):
    done = correlate("halving-1", "--best", "2", "--seed", "3", "--resamples", "1000", "--json")
    found = json.loads(done.out)
    assert (found["runs"], found["metric"], found["seed"], found["resamples"]) == (["halving-1"], "accuracy", 3, 1000)
    first = found["budgets"][0]
    assert (first["lower"], first["higher"], first["pairs"], first["survivors"]) == ("1epochs", "3epochs", 9, 9)
    assert [regret["k"] for regret in first["regrets"]] == [2]
    assert found["budgets"][1]["spearman"] is None


def test_the_matrix_is_drawn_where_that_is_asked_for(correlate):
    done = correlate("whole-1", "--output", "matrix.png")
    assert done.out.splitlines()[-1] == "the matrix is drawn in matrix.png"
    with Image.open("matrix.png") as image:
        assert image.size == (1000, 680)
    done = correlate("whole-1", "--output", "matrix.docx")
    assert (done.code, done.out) == (2, "")
    assert "--output matrix.docx cannot be written: a figure is a .png, .svg or .pdf" in done.err
    assert not Path("matrix.docx").exists()


def test_few_resamples_and_other_runs_are_refused(correlate):
    assert correlate("--resamples", "10").code == 2
    done = correlate("halving-2")
    assert (done.code, done.out) == (2, "")
    assert "has no run 'halving-2'; did you mean halving-1" in done.err
