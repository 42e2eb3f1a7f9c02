"""`archwright compare` and `archwright plot`."""

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from attrs import evolve
from PIL import Image

from archwright.cli.comparing import conclusions, searchers, unfinished
from archwright.cli.figures import KINDS, chosen_kind, drawn
from archwright.cli.histories import NothingToCompare, by_label, histories
from archwright.cli.options import BadOption
from archwright.core.nasbench201 import OPERATIONS
from archwright.search.compare import Entry
from archwright.store.duck import DuckDBLog
from archwright.store.events import AttemptEnded, AttemptStarted, Proposed, RunStopped, Scored
from archwright.store.log import START
from tests.cli.running import run
from tests.search.instant import started

SCORES = {
    "a.random.0": [0.1, 0.5, None, 0.4],
    "a.random.1": [0.3, 0.2, 0.6, 0.1],
    "a.mcts.0": [0.2, 0.7, 0.6, 0.8],
    "a.mcts.1": [None, 0.9, 0.1, 0.7],
}


def written(log: DuckDBLog, run: str, scores, direction: str = "maximize") -> None:
    """A run with these scores, a trial of 10 seconds each; its test accuracy is a tenth less."""
    begun = evolve(started(len(scores)), searcher={"name": run.split(".")[1]})
    position = log.append(run, [evolve(begun, objective=evolve(begun.objective, direction=direction))], START)
    for trial, score in enumerate(scores):
        status = "crashed" if score is None else "ok"
        metrics = {} if score is None else {"accuracy": score, "test_accuracy": score - 0.1}
        events = [
            Proposed(trial, (), begun.budget),
            AttemptStarted(trial, 1),
            AttemptEnded(trial, 1, status, 10.0, metrics),
            Scored(trial, status, score, metrics),
        ]
        position = log.append(run, events, position)


@pytest.fixture
def log(tmp_path) -> DuckDBLog:
    log = DuckDBLog(tmp_path / "log.duckdb")
    for name, scores in SCORES.items():
        written(log, name, scores)
    return log


def test_histories_by_hand(log):
    """The best so far, NaN where a trial failed, and the test accuracy of the incumbent."""
    found = {history.run: history for history in histories(log.path, ["a.*"])}
    first = found["a.random.0"]
    assert first.label == "random"
    np.testing.assert_array_equal(first.scores, [0.1, 0.5, np.nan, 0.4])
    np.testing.assert_array_equal(first.best, [0.1, 0.5, 0.5, 0.5])
    np.testing.assert_allclose(first.best_tests, [0.0, 0.4, 0.4, 0.4])
    np.testing.assert_array_equal(found["a.mcts.1"].best, [np.nan, 0.9, 0.9, 0.9])
    assert first.seconds.sum() == 40


def test_less_is_better_where_the_objective_says_so(tmp_path):
    log = DuckDBLog(tmp_path / "log.duckdb")
    written(log, "a.random.0", [0.3, 0.5, 0.2], "minimize")
    (history,) = histories(log.path, ["a.random.0"])
    np.testing.assert_array_equal(history.best, [0.3, 0.3, 0.2])


def test_conclusions_by_hand(log):
    """Random ends at 0.5 and 0.6, tree search at 0.8 and 0.9: better by 0.3 on both seeds."""
    entries = [Entry(run, evolve(started(4), searcher={"name": run.split(".")[1]})) for run in SCORES]
    random, mcts = conclusions(log.path, entries, 4, None)
    assert (random["searcher"], random["seeds"], random["failed"]) == ("random", 2, 1)
    assert (random["half"], random["best"]) == pytest.approx((0.4, 0.55))
    assert random["best_error"] == pytest.approx(0.05 / np.sqrt(2))
    assert random["test"] == pytest.approx(0.45)
    assert (mcts["better_by"], mcts["low"], mcts["high"]) == pytest.approx((0.3, 0.3, 0.3))
    assert mcts["p"] == 0.5  # two coins fall alike half of the time
    (regret, _) = conclusions(log.path, entries, 4, 1.0)
    assert regret["best"] == pytest.approx(0.45)


def test_a_search_is_unfinished_until_it_has_its_trials_or_has_no_more_to_propose(log):
    """Each of four trials; one has ended early, one is not there."""
    entries = [Entry(run, started(4)) for run in [*SCORES, "a.mcts.2"]]
    assert [entry.run for entry in unfinished(log, entries)] == ["a.mcts.2"]
    more = [Entry(run, started(5)) for run in SCORES]
    assert unfinished(log, more) == more
    run = log.read("a.mcts.0")
    log.append("a.mcts.0", [RunStopped("exhausted")], run[-1].position)
    assert [entry.run for entry in unfinished(log, more)] == ["a.random.0", "a.random.1", "a.mcts.1"]
    empty = DuckDBLog(log.path.with_name("none.duckdb"))
    assert unfinished(empty, more) == more


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("optimum", [None, 1.0])
def test_every_kind_of_figure_is_drawn(log, kind, optimum, tmp_path):
    """A PNG of the size of a column, with ink in it, and an SVG with its labels as text."""
    found = [history for history in histories(log.path, ["a.*"]) if history.run != "a.mcts.1"]
    png, svg = tmp_path / "figure.png", tmp_path / "figure.svg"
    drawn(found, chosen_kind(kind), png, optimum, "a title")
    drawn(found, chosen_kind(kind), svg, optimum, "a title")
    with Image.open(png) as image:
        assert image.size == (1000, 680)
        assert len(image.convert("RGB").getcolors(maxcolors=100_000)) > 10
    assert "a title" in svg.read_text()
    assert "random" in svg.read_text()


def test_mistakes_are_named(log, tmp_path):
    with pytest.raises(NothingToCompare, match=r"no run 'b\.\*'"):
        histories(log.path, ["b.*"])
    with pytest.raises(BadOption, match=r"--kind is 'incumbant'; did you mean incumbent"):
        chosen_kind("incumbant")
    with pytest.raises(BadOption, match="comes twice"):
        searchers(["mcts", "mcts"])
    written(log, "c.random.0", [0.5], "minimize")
    with pytest.raises(NothingToCompare, match="different things"):
        by_label(histories(log.path, ["*.random.*"]))
    done = run(tmp_path, "plot", "a.*", "--output", "figure.docx", "--log", str(log.path))
    assert done.returncode == 2
    assert "figure.docx" in done.stderr


def full_table(folder: Path) -> str:
    """A table with a row for every cell; the more convolutions of 3x3, the better."""
    ops = np.array(list(itertools.product(range(5), repeat=6)), np.int8)
    columns: dict[str, Any] = {"ops": ops, "op_names": np.array([name.encode() for name in OPERATIONS])}
    accuracy = 50 + 6 * (ops == list(OPERATIONS).index("nor_conv_3x3")).sum(axis=1)
    for name in ("test_acc_200ep", "val_acc_12ep", "test_acc_12ep", "train_time_200ep_s", "params_M", "latency_s"):
        columns[f"cifar10_{name}"] = accuracy.astype(float)
    columns["cifar10_val_acc_200ep"] = np.stack([accuracy, accuracy + 1.0], axis=1)
    np.savez(folder / "table.npz", **columns)
    return str(folder / "table.npz")


@pytest.mark.slow
def test_compare_a_table_and_go_on_with_more_seeds(tmp_path):
    """The grid is run once; asked for more, only the new searches are run; the figure follows from the log."""
    table = full_table(tmp_path)
    words = ["compare", "nasbench201", "--evaluator", f"nasbench201:{table}", "--searcher", "random"]
    words += ["--searcher", "mcts,exploration=0.1", "--trials", "5", "--json"]
    first = run(tmp_path, *words, "--seeds", "1")
    assert first.returncode == 0, first.stderr
    rows = json.loads(first.stdout)
    assert [(row["searcher"], row["seeds"], row["trials"]) for row in rows] == [
        ("random", 1, 5),
        ("mcts,exploration=0.1", 1, 5),
    ]
    assert all(0.5 <= row["best"] <= 0.87 for row in rows)
    second = run(tmp_path, *words, "--seeds", "2")
    assert "2 of 4 searches are in" in second.stderr
    runs = json.loads(run(tmp_path, "runs", "--json").stdout)
    assert sorted(run["run"] for run in runs) == [
        f"nasbench201.{label}.{seed}" for label in ("mcts-exploration-0-1", "random") for seed in (0, 1)
    ]


@pytest.mark.slow
def test_compare_trainings(tmp_path):
    """Searches that train go one after the other through the same workers."""
    words = ["compare", "digits", "--searcher", "random", "--searcher", "evolution", "--seeds", "1", "--trials", "2"]
    done = run(tmp_path, *words, "--budget", "1epochs", "--json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert [(row["searcher"], row["trials"]) for row in rows] == [("random", 2), ("evolution", 2)]
    figure = run(tmp_path, "plot", "digits.*", "--kind", "regret")
    assert figure.returncode == 0, figure.stderr
    assert (Path(tmp_path) / "regret.png").stat().st_size > 1000
