"""What follows from the searches of a comparison."""

import re

import numpy as np
import pytest

from archwright.display.console import render_text
from archwright.execution.logged_searches import read_logged_searches
from archwright.plots.stretches import Stretch
from archwright.results.comparison import tabulate_conclusions
from archwright.results.conclusions import check_failing, check_scored, compute_conclusions, list_remarks, read_groups
from archwright.search.running.loop import NothingScored, TrialsKeepFailing
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import RunStopped
from tests.comparison_logs import LADDER_EPOCHS, LADDER_SEARCHES, NO_EPOCHS, log_search, log_searches, make_search

SCORES = {
    "a.random.0": [0.1, 0.5, None, 0.4],
    "a.random.1": [0.3, 0.2, 0.6, 0.1],
    "a.mcts.0": [0.2, 0.7, 0.6, 0.8],
    "a.mcts.1": [None, 0.9, 0.1, 0.7],
}


@pytest.fixture
def log(tmp_path) -> DuckDBLog:
    return DuckDBLog(tmp_path / "log.duckdb")


def up_to(trials):
    return Stretch("trials", trials)


def conclude_from(log, scores, trials=4, optimum=None, direction="maximize", epochs=NO_EPOCHS):
    """The rows of a comparison whose searches have these scores."""
    log_searches(log, scores, direction, epochs)
    return compute_conclusions(
        read_groups(log.path, [make_search(run, trials) for run in scores]), up_to(trials), optimum
    )


def test_conclusions_by_hand(log):
    """Random ends at 0.5 and 0.6, tree search at 0.8 and 0.9: better by 0.3 on both seeds."""
    random, mcts = conclude_from(log, SCORES)
    assert (random["searcher"], random["seeds"], random["trials"], random["failed"]) == ("random", 2, 4, 1)
    assert (random["half"], random["best"]) == pytest.approx((0.4, 0.55))
    assert random["best_error"] == pytest.approx(0.05 / np.sqrt(2))
    assert random["test"] == pytest.approx(0.45)
    assert (mcts["better_by"], mcts["low"], mcts["high"]) == pytest.approx((0.3, 0.3, 0.3))
    assert (mcts["p"], mcts["pairs"]) == (0.5, 2)  # two coins fall alike half of the time
    assert list_remarks([random, mcts], up_to(4)) == []


def test_regrets_by_hand(log):
    (regret, _) = conclude_from(log, SCORES, optimum=1.0)
    assert regret["best"] == pytest.approx(0.45)


def test_less_is_better_where_the_objective_says_so(log):
    _, mcts = conclude_from(log, {"a.random.0": [0.3, 0.5], "a.mcts.0": [0.4, 0.2]}, 2, direction="minimize")
    assert (mcts["best"], mcts["better_by"]) == pytest.approx((0.2, 0.1))


def test_trials_beyond_those_that_the_comparison_has_do_not_count(log):
    """A run of the comparison that was resumed alone has more."""
    random, mcts = conclude_from(log, SCORES, trials=3)
    assert (random["trials"], random["best"], random["test"]) == (3, pytest.approx(0.55), pytest.approx(0.45))
    assert (mcts["best"], mcts["failed"]) == (pytest.approx(0.8), 1)


def test_a_search_without_a_score_is_counted_and_is_in_no_mean_and_no_pair(log):
    """The others say what they would say without its seed."""
    scores = {**SCORES, "a.random.2": [0.3, 0.4, 0.5, 0.7], "a.mcts.2": [None] * 4}
    random, mcts = conclude_from(log, scores)
    assert (random["without_score"], random["best"]) == (0, pytest.approx((0.5 + 0.6 + 0.7) / 3))
    assert (mcts["without_score"], mcts["failed"], mcts["seeds"]) == (1, 5, 3)
    assert (mcts["best"], mcts["test"]) == pytest.approx((0.85, 0.75))
    assert (mcts["pairs"], mcts["better_by"], mcts["p"]) == (2, pytest.approx(0.3), 0.5)
    assert list_remarks([random, mcts], up_to(4)) == [
        "mcts: 1 of 3 searches have no score by the end; they are in no mean and no pair"
    ]


def test_a_search_that_has_no_score_half_way_counts_at_the_end(log):
    random, mcts = conclude_from(log, {"a.random.0": [0.1, 0.2, 0.3, 0.4], "a.mcts.0": [None, None, 0.5, 0.4]})
    assert (mcts["half"], mcts["best"], mcts["without_score"]) == (None, 0.5, 0)
    assert random["half"] == 0.2


def test_what_a_search_had_found_when_it_ended_stands_for_the_rest(log):
    """Of six trials, one search has two, and the others are not cut to that."""
    scores = {"a.random.0": [0.1, 0.5], "a.random.1": [0.3, 0.2, 0.6, 0.1, 0.7, 0.8]}
    (random,) = conclude_from(log, scores, 6)
    assert (random["trials"], random["ended_early"]) == (6, 1)
    assert (random["half"], random["best"]) == pytest.approx((0.55, 0.65))
    assert list_remarks([random], up_to(6)) == [
        "random: 1 of 2 searches ended before 6 trials; what they had found stands for the rest"
    ]


def test_a_searcher_without_any_score_is_named_with_what_went_wrong(log):
    scores = {"a.random.0": [0.1, 0.5], "a.mcts.0": [None, None], "a.evolution.0": [None, None]}
    rows = conclude_from(log, scores, 2)
    assert [row["best"] for row in rows] == [0.5, None, None]
    assert (rows[1]["pairs"], rows[1]["p"], rows[1]["better_by"]) == (0, None, None)
    assert list_remarks(rows, up_to(2)) == []
    groups = read_groups(log.path, [make_search(run, 2) for run in scores])
    message = "no trial of mcts and of evolution has a score; trial 0 of a.mcts.0 crashed: trial 0 of a.mcts.0 is ill"
    with pytest.raises(NothingScored, match=message):
        check_scored(log.path, groups)
    check_scored(log.path, {"random": groups["random"]})


def test_the_first_searcher_may_be_the_one_without_a_score(log):
    random, mcts = conclude_from(log, {"a.random.0": [None, None], "a.mcts.0": [0.1, 0.2]}, 2)
    assert (random["best"], mcts["best"], mcts["pairs"], mcts["p"]) == (None, 0.2, 0, None)


def test_searches_that_stopped_for_their_failures_are_named(log):
    scores = {f"a.random.{seed}": [0.1] for seed in range(7)}
    for run in scores:
        log_search(log, run, [0.1], stopped=RunStopped("failing", f"trial 0, the first of them, crashed: {run} is ill"))
    entries = [make_search(run, 9) for run in scores]
    check_failing([])
    logged = [*read_logged_searches(log.path, entries).values()]
    with pytest.raises(TrialsKeepFailing) as raised:
        check_failing(logged)
    assert str(raised.value) == (
        "7 searches stopped as too many trials in a row failed: a.random.0, a.random.1, a.random.2, a.random.3, "
        "a.random.4 ...; of a.random.0, trial 0, the first of them, crashed: a.random.0 is ill\n"
        "the same command (the same call in Python) tries them again"
    )
    with pytest.raises(TrialsKeepFailing, match=r"^1 search stopped as .*: a\.random\.3; of"):
        check_failing(logged[3:4])


def test_the_table_shows_what_went_wrong_only_where_something_did(log):
    table = render_text(tabulate_conclusions(conclude_from(log, SCORES), None))
    head, random, mcts = table.splitlines()
    assert head.split("  ")[-1].strip() == "failed trials"
    assert (random.split()[-1], mcts.split()[-1]) == ("1", "1")
    rows = conclude_from(log, {"b.random.0": [0.5], "b.mcts.0": [0.7]}, 1)
    table = render_text(tabulate_conclusions(rows, 1.0))
    head, random, mcts = table.splitlines()
    assert head.endswith("p")
    assert "regret at the end" in head
    rows = conclude_from(log, {"c.random.0": [0.5], "c.random.1": [None], "c.mcts.0": [None], "c.mcts.1": [None]}, 2)
    table = render_text(tabulate_conclusions(rows, None))
    head, random, mcts = table.splitlines()
    assert "failed trials  without score  ended early" in head
    assert mcts.split() == ["mcts", "2", "-", "-", "2", "2", "2"]


def test_scores_come_with_the_budgets_at_which_they_are(log):
    """The ladder's searches are at 1 and 3 epochs half-way, and at 3 and 9 at the end; one pair is at 9 alone."""
    random, asha = conclude_from(log, LADDER_SEARCHES, epochs=LADDER_EPOCHS)
    assert (random["half_budget"], random["best_budget"]) == ("9epochs", "9epochs")
    assert (asha["half"], asha["half_budget"]) == (pytest.approx(0.5), "1epochs..3epochs")
    assert (asha["best"], asha["best_budget"]) == (pytest.approx(0.725), "3epochs..9epochs")
    assert (random["has_several_budgets"], asha["has_several_budgets"]) == (True, True)
    assert (asha["pairs"], asha["unlike_pairs"], "unlike_pairs" in random) == (2, 1, False)
    assert list_remarks([random, asha], up_to(4)) == [
        "asha: in 1 of 2 pairs its score and that of random are at different budgets; these alone may make the "
        "difference"
    ]
    head, *lines = render_text(tabulate_conclusions([random, asha], None)).splitlines()
    assert re.search(r" best half-way +budget half-way +best at the end +budget at the end +test ", head)
    assert [re.findall(r"\d+ epochs?(?: \.\. \d+ epochs)?", line) for line in lines] == [
        ["9 epochs", "9 epochs"],
        ["1 epoch .. 3 epochs", "3 epochs .. 9 epochs"],
    ]


def test_what_comes_after_the_end_makes_no_several_budgets(log):
    """Up to two trials, the first search of the ladder has one epoch alone."""
    scores = dict.fromkeys(("b.asha.0", "b.mcts.0"), LADDER_SEARCHES["b.asha.0"])
    rows = conclude_from(log, scores, 2, epochs=dict.fromkeys(scores, LADDER_EPOCHS["b.asha.0"]))
    assert [(row["has_several_budgets"], row["best_budget"]) for row in rows] == [(False, "1epochs")] * 2
    assert "budget" not in render_text(tabulate_conclusions(rows, None))


def test_a_search_without_a_score_is_at_no_budget(log):
    """And a table of searches whose trials all have one budget has no budgets."""
    scores = {"b.random.0": [0.5, 0.6], "b.asha.0": [None, None]}
    random, asha = conclude_from(log, scores, 2, epochs={"b.random.0": [1, 3], "b.asha.0": [1, 3]})
    assert (random["half_budget"], random["best_budget"]) == ("1epochs", "3epochs")
    assert (asha["half_budget"], asha["best_budget"], asha["pairs"], asha["unlike_pairs"]) == (None, None, 0, 0)
    *_, line = render_text(tabulate_conclusions([random, asha], None)).splitlines()
    assert line.split()[:6] == ["asha", "1", "-", "-", "-", "-"]
    assert "budget" not in render_text(tabulate_conclusions(conclude_from(log, SCORES), None))


def test_a_single_search_has_no_error_of_its_mean(log):
    """Nor has the only one of several that has a score."""
    rows = conclude_from(log, {"b.random.0": [0.5], "b.random.1": [None], "b.mcts.0": [0.7], "b.mcts.1": [0.7]}, 1)
    assert [row["best_error"] for row in rows] == [None, 0.0]
    table = render_text(tabulate_conclusions(rows, None))
    _, random, mcts = table.splitlines()
    assert random.split()[1:4] == ["2", "0.50000", "0.50000"]
    assert mcts.split()[1:5] == ["2", "0.70000", "±", "0.00000"]
