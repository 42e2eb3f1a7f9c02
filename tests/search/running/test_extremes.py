"""Scores are any finite floats: the largest, the least, minus zero, all of them equal; nothing overflows or is lost."""

import math
import sys
import warnings

import numpy as np
import pytest
from attrs import evolve
from hypothesis import example, given, settings
from hypothesis import strategies as st

import archwright as aw
from archwright.core.budget import Budget
from archwright.core.objective import Direction, Objective
from archwright.display.console import render_text
from archwright.display.text import format_score
from archwright.plots.histories import SearchHistory
from archwright.plots.stretches import Stretch
from archwright.results.comparison import tabulate_conclusions
from archwright.results.conclusions import compute_conclusions
from archwright.results.repeats import compute_repeats, format_repeats
from archwright.search.magnitude import find_exponent, scale_down, scale_up
from archwright.search.named import SEARCHER_KIND, SEARCHERS
from archwright.search.named_rules import RULE_KIND
from archwright.search.running.retention import choose_artifacts_to_keep
from archwright.search.running.revisions import find_mismatches
from archwright.search.running.statistics import bootstrap_paired_difference, compute_mean_and_error
from archwright.search.running.stopping import EarlyStopping, fold_early_stopping
from archwright.search.searcher import LadderSearcher
from archwright.search.searchers.mcts import Mcts
from archwright.search.surrogates import forest
from archwright.search.surrogates.surrogate import to_normal_quantiles
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import AttemptStarted, Reported, Scored
from archwright.store.fold import fold_events
from archwright.store.query import query
from tests.scripts import import_script
from tests.search.contract import RUNGS, Session, check_proposals, make_problem, replay_session
from tests.search.instant import InstantEvaluator, make_started, score_job
from tests.search.running.test_loop import events_of, make_loop
from tests.store.memory_log import MemoryLog

order_statistics = import_script("order_statistics")
MOST, LEAST = sys.float_info.max, 5e-324
SMALL = aw.sequential(aw.conv2d(filters=[8, 16, 32], size=[3, 5]), aw.optional(aw.dropout([0.1, 0.3])), aw.affine(10))
extremes = st.sampled_from([MOST, -MOST, 1e308, -1e308, LEAST, -LEAST, sys.float_info.min, 0.0, -0.0, 1.0, 1e16])
scores = st.lists(st.none() | extremes | st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=12)
CASES = {
    **{name: {} for name in SEARCHERS if name not in ("given", "smbo", "smbo-paper", "evolution")},
    "mcts": {"exploration": MOST, "rescale": True},
    "evolution": {"population": 3, "sample": 2},
    "smbo": {"initial": 2, "variants": 4, "rollouts": 4},
    "smbo-paper": {"rollouts": 4, "occurrences": 1, "exploration": 0.0},
}


@pytest.mark.parametrize("searcher", [Mcts(), *(SEARCHER_KIND.find(*case) for case in CASES.items())], ids=repr)
@settings(max_examples=10)
@given(scores=scores, direction=st.sampled_from(["maximize", "minimize"]), workers=st.integers(1, 3))
@example([MOST] * 3, "maximize", 1)
@example([MOST, -MOST, None, MOST], "minimize", 2)
def test_every_searcher_goes_on_whatever_the_scores(searcher, scores, direction, workers):
    """Without a warning, and to the state that the log gives: so a run can be resumed."""
    session = Session(searcher, make_problem(SMALL, direction, budgets=RUNGS), 1)
    there = iter(scores * 12)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        session.run(12, lambda path: next(there), workers)  # noqa: ARG005
        check_proposals(session)
        assert replay_session(session) == session.state
        assert session.propose(replay_session(session)) == session.propose()


def test_a_forest_goes_on_too(monkeypatch):
    monkeypatch.setattr(forest, "TREES", 3)  # quicker
    session = Session(SEARCHER_KIND.find("smbo", {"surrogate": "forest", "initial": 2}), make_problem(SMALL))
    there = iter([MOST, -MOST, LEAST, -0.0] * 3)
    session.run(6, lambda path: next(there))  # noqa: ARG005
    check_proposals(session)


def test_the_value_of_a_node_by_hand():
    """Two of the largest and a failure, which counts as the lowest: they are all one, and so is their mean."""
    searcher = Mcts(exploration=0.0)
    session = Session(searcher, make_problem(aw.settings(x=["a", "b"])))
    session.run(4, lambda path: MOST)  # noqa: ARG005
    tree = session.state.tree
    assert searcher._estimate_utility(session.state, tree) == MOST
    assert (
        searcher._estimate_utility(session.state, evolve(tree, failures=tree.visits, utility_sum=tree.utility_sum * 0))
        == MOST
    )


@given(st.lists(extremes, min_size=2, max_size=5))
def test_rescaled_scores_lie_between_0_and_1(values):
    session = Session(Mcts(rescale=True), make_problem(aw.settings(x=["a", "b", "c"])))
    there = iter(values * 5)
    session.run(5, lambda path: next(there))  # noqa: ARG005
    assert 0 <= Mcts(rescale=True)._estimate_utility(session.state, session.state.tree) <= 1


def test_ranks_tell_no_minus_zero_from_zero():
    assert to_normal_quantiles([0.0, -0.0]).tolist() == [0.0, 0.0]
    ranks = to_normal_quantiles([MOST, -MOST, LEAST, 0.0]).tolist()
    assert sorted(ranks) == [ranks[1], ranks[3], ranks[2], ranks[0]]


@given(st.lists(extremes, min_size=1, max_size=6))
def test_a_unit_loses_nothing_of_the_largest_and_nothing_of_ordinary_numbers(values):
    array = np.array(values)
    unit = find_exponent(array)
    inside = scale_down(array, unit)
    assert np.isfinite(inside**2).all()
    largest = np.abs(array).argmax()
    assert scale_up(inside, unit)[largest] == array[largest]
    assert (
        find_exponent(np.array([0.5, -3.0])) == find_exponent(np.zeros(3)) == find_exponent(np.array([math.nan])) == 0
    )


def test_statistics_by_hand():
    """As of -1 and 1, of which the deviation is 1, over sqrt(2)."""
    rows = np.array([[MOST, 1e308], [-MOST, 1e308]])
    mean, error = compute_mean_and_error(rows)
    assert mean.tolist() == [0.0, 1e308]
    for each in (error, order_statistics.compute_standard_error(rows)):
        np.testing.assert_allclose(each, [MOST / math.sqrt(2), 0.0], rtol=1e-12)
    assert compute_mean_and_error(np.array([[4 * LEAST], [2 * LEAST]]))[0].tolist() == [3 * LEAST]
    assert order_statistics.compute_expected_best([MOST, MOST, MOST], 2) == pytest.approx(MOST)
    assert order_statistics.compute_expected_best([-MOST, MOST], 1) == 0.0


def test_a_difference_that_no_float_holds_is_the_largest_and_no_pair_is_lost():
    found = bootstrap_paired_difference([MOST] * 6, [-MOST] * 6)
    assert (found.pairs, found.mean, found.low, found.high, found.p_value) == (6, MOST, MOST, MOST, 2**-5)
    small = bootstrap_paired_difference([4 * LEAST] * 6, [LEAST] * 6)
    assert (small.pairs, small.mean, small.p_value) == (6, 3 * LEAST, 2**-5)


def history(label: str, seed: int, *values: float) -> SearchHistory:
    there = np.array(values)
    return SearchHistory(
        f"c.{label}.{seed}", label, "score", "maximize", there, np.ones_like(there), np.full_like(there, np.nan)
    )


def test_a_comparison_of_extreme_scores_concludes():
    """Each figure is finite, and is printed in a few digits."""
    groups = {
        "random": [history("random", seed, -MOST, -1e308) for seed in range(3)],
        "mcts": [history("mcts", seed, MOST, 1e308) for seed in range(3)],
    }
    for optimum in (None, MOST):
        first, second = compute_conclusions(groups, Stretch("trials", 2), optimum)
        assert all(math.isfinite(row[name]) for row in (first, second) for name in ("half", "best", "best_error"))
        assert (second["better_by"], second["pairs"]) == (MOST, 3)
        table = render_text(tabulate_conclusions([first, second], optimum))
        assert max(map(len, table.splitlines())) < 200


def test_trainings_of_extreme_scores_have_a_mean():
    begun = evolve(make_started(3), searcher=SEARCHER_KIND.to_json("given"))
    repeats = compute_repeats(begun, [1e308, 1e308, -1e308])
    assert repeats["mean"] == pytest.approx(1e308 / 3)
    assert repeats["deviation"] == pytest.approx(math.sqrt(4 / 3) * 1e308)
    assert format_repeats(repeats) == "accuracy 3.333e+307 ± 1.155e+308"
    assert compute_repeats(begun, [MOST, -MOST])["deviation"] == MOST


def begin_stopping(direction: Direction, startup: int) -> EarlyStopping:
    rule = RULE_KIND.to_json("median", {"warmup": 0, "startup": startup})
    stopping = fold_early_stopping(evolve(make_started(9), objective=Objective("a", direction), stopping=rule))
    assert stopping is not None
    return stopping


@given(st.lists(st.lists(extremes, min_size=2, max_size=3), min_size=3, max_size=4), st.booleans())
def test_the_median_rule_goes_on_whatever_is_reported(finished, maximize):
    """Each average lies between the least and the most that was reported."""
    stopping = begin_stopping("maximize" if maximize else "minimize", startup=1)
    for trial, values in enumerate(finished):
        stopping = stopping.fold(AttemptStarted(trial, 1))
        for epoch, value in enumerate(values, start=1):
            stopping = stopping.fold(Reported(trial, 1, epoch, {"a": value}))
            mean = stopping.rule_state.running_curves[trial][-1].mean
            low, high = min(values[:epoch]), max(values[:epoch])
            assert low - abs(low) * 1e-12 <= mean <= high + abs(high) * 1e-12
            assert math.isfinite(mean)
            assert isinstance(stopping.find_stop_reason(trial), str)
        stopping = stopping.fold(Scored(trial, "ok", values[-1]))


def test_the_median_rule_by_hand():
    """The middle of two of the largest is the largest: one that has half of it is hopeless."""
    stopping = begin_stopping("maximize", startup=2)
    for trial in (0, 1):
        for event in (AttemptStarted(trial, 1), Reported(trial, 1, 1, {"a": MOST}), Scored(trial, "ok", MOST)):
            stopping = stopping.fold(event)
    stopping = stopping.fold(AttemptStarted(2, 1)).fold(Reported(2, 1, 1, {"a": MOST / 2}))
    assert "was 8.98847e+307, below 1.79769e+308" in stopping.find_stop_reason(2)


def verdict(job):
    """Whole numbers among the scores, as an evaluator in this process may have them; one that no float holds."""
    values = [10**308, -(10**308), MOST, LEAST, -0.0, 2**60 + 1, 10**400]
    return evolve(score_job(job), metrics={"accuracy": values[job.trial % len(values)]})


@pytest.mark.parametrize("name", CASES)
def test_a_run_of_extreme_scores_is_logged_and_proposed_again(name):
    """Its models are kept by the rule, and the search that is replayed from its log is the one that ran."""
    is_ladder = isinstance(SEARCHERS[name], LadderSearcher)
    budgets = {"budget": Budget(9, "epochs"), "budgets": RUNGS} if is_ladder else {}
    begun = evolve(make_started(14), searcher=SEARCHER_KIND.to_json(name, CASES[name]), keep_models=2, **budgets)
    log = MemoryLog()
    make_loop(log, begun, InstantEvaluator(2, verdict), max_consecutive_failures=14).run(begun)
    events = events_of(log)
    assert list(find_mismatches(events)) == []
    state = fold_events(events)
    assert {type(trial.score) for trial in state.trials.values()} == {float, type(None)}
    assert {trial.status for trial in state.trials.values() if trial.trial % 7 == 6} == {"diverged"}
    there = {n: frozenset(["model"]) for n in state.trials}
    kept = {n for n, files in choose_artifacts_to_keep(there, state, ()).items() if files}
    assert len(kept) == 2 if is_ladder else kept == {2, 9}


def test_views_have_extreme_scores_as_they_are(tmp_path):
    """To the last digit; and what improved on what is told rightly."""
    values = [-MOST, LEAST, 0.0, 2 * LEAST, 1e308, MOST]
    log = DuckDBLog(tmp_path / "log.duckdb")
    begun = evolve(make_started(len(values)), searcher=SEARCHER_KIND.to_json("random"))
    evaluator = InstantEvaluator(1, lambda job: evolve(score_job(job), metrics={"accuracy": values[job.trial]}))
    make_loop(log, begun, evaluator).run(begun)
    assert [row[0] for row in query(log.path, "SELECT score FROM trials ORDER BY trial").rows] == values
    best = query(log.path, "SELECT trial FROM incumbents ORDER BY n").rows
    assert [row[0] for row in best] == [0, 1, 3, 4, 5]


def test_no_minus_zero_is_shown():
    assert [format_score(value) for value in (-0.0, 0.0, MOST, LEAST)] == [
        "0.0000",
        "0.0000",
        "1.798e+308",
        "4.941e-324",
    ]
