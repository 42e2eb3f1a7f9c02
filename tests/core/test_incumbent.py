"""The best of trials that had several budgets: one order, which every way of telling it keeps to."""

import math
from functools import reduce
from itertools import pairwise

import pytest
from attrs import evolve, frozen
from hypothesis import given
from hypothesis import strategies as st

from archwright.core.budget import Budget
from archwright.core.incumbent import Incumbent, Ranking
from archwright.core.objective import Objective


@frozen
class Trial:
    """What there is to know of one."""

    trial: int
    budget: Budget
    score: float | None
    promotes: int | None = None


def make_trials(*results):
    """Trials of so many epochs and such scores, in their order."""
    return [Trial(i, Budget(epochs, "epochs"), score) for i, (epochs, score) in enumerate(results)]


few_scores = st.none() | st.sampled_from([0.25, 0.5, 1.0, -0.0, 0.0, math.inf, -math.inf, math.nan])  # with ties
results = st.lists(st.tuples(st.sampled_from([1, 3, 9]), few_scores), max_size=8)
rankings = st.builds(
    Ranking, st.builds(Objective, st.just("score"), st.sampled_from(["maximize", "minimize"])), st.booleans()
)


def test_the_largest_budget_counts_before_the_score():
    """And a score before the number; a trial without one is nowhere, however much it was given."""
    trials = make_trials((1, 0.9), (3, 0.2), (3, 0.7), (9, None), (3, 0.7), (1, 0.95), (9, math.nan))
    assert [trial.trial for trial in Ranking(Objective()).rank(trials)] == [2, 4, 1, 5, 0]
    assert [trial.trial for trial in Ranking(Objective("loss")).rank(trials)] == [1, 2, 4, 0, 5]


def test_where_no_budget_is_read_the_score_counts_alone():
    trials = make_trials((1, 0.9), (3, 0.2), (3, 0.95))
    assert [trial.trial for trial in Ranking(Objective(), reads_budget=False).rank(trials)] == [2, 0, 1]


def test_a_configuration_is_told_once():
    """By the trial with the largest budget that has a score: 2 promotes 0, 3 promotes 2 and failed, 5 promotes 1."""
    trials = make_trials((1, 0.9), (1, 0.8), (3, 0.2), (9, None), (1, 0.7), (3, 0.1))
    promotes = {2: 0, 3: 2, 5: 1}
    trials = [evolve(trial, promotes=promotes.get(trial.trial)) for trial in trials]
    assert [trial.trial for trial in Ranking(Objective()).rank_configurations(trials)] == [2, 5, 4]


def test_a_configuration_is_told_by_its_best_score_where_no_budget_is_read():
    """A promotion that comes out worse, as of a function that says something else each time, replaces nothing."""
    trials = make_trials((1, 0.9), (1, 0.8), (3, 0.85), (9, 0.7), (3, 0.8))
    promotes = {2: 0, 3: 2, 4: 1}
    trials = [evolve(trial, promotes=promotes.get(trial.trial)) for trial in trials]
    ranking = Ranking(Objective(), reads_budget=False)
    assert [trial.trial for trial in ranking.rank_configurations(trials)] == [0, 1]


@given(results, rankings)
def test_the_best_configuration_is_the_best_trial(results, ranking):
    """Whatever promotes whatever, as long as a promotion has a larger budget; the order is that of trials."""
    trials = make_trials(*results)
    promoted = [
        evolve(trial, promotes=next((e.trial for e in trials[: trial.trial] if e.budget < trial.budget), None))
        for trial in trials
    ]
    ranked, once = ranking.rank(promoted), ranking.rank_configurations(promoted)
    assert once[:1] == ranked[:1]
    assert once == [trial for trial in ranked if trial in once]


@given(results, rankings, st.randoms())
def test_the_best_so_far_is_the_first_of_the_order(results, ranking, random):
    """In whatever order the results come; and what improves on it is what it is told of first, and better."""
    trials = make_trials(*results)
    random.shuffle(trials)
    incumbent = None
    for i, trial in enumerate(trials):
        known = ranking.rank(trials[: i + 1])
        following = ranking.choose(trial, incumbent)
        assert (None if following is None else following.trial) == (known[0].trial if known else None)
        if ranking.improves(trial, incumbent):
            assert following == Incumbent(trial.trial, trial.budget, trial.score)
        elif following != incumbent:  # equal ones: the earlier
            assert ranking.rate(following) == ranking.rate(incumbent)
            assert following.trial < incumbent.trial
        incumbent = following


@given(results, rankings)
def test_the_order_is_that_of_pairs(results, ranking):
    """Of any two, the first does not lose against the second."""
    ranked = ranking.rank(make_trials(*results))
    assert {t.trial for t in ranked} == {
        i for i, (_, score) in enumerate(results) if score is not None and not math.isnan(score)
    }
    for first, second in pairwise(ranked):
        assert not ranking.improves(second, first)


@given(st.lists(few_scores, max_size=8), rankings)
def test_of_one_budget_it_is_that_with_the_best_score(scores, ranking):
    """As it was before trials had several."""
    trials = make_trials(*((5, score) for score in scores))
    incumbent = reduce(lambda best, trial: ranking.choose(trial, best), trials, None)
    known = [trial for trial in trials if trial.score is not None and not math.isnan(trial.score)]
    if known:
        choose = max if ranking.objective.direction == "maximize" else min
        best = choose(known, key=lambda trial: trial.score)  # the first of equal ones
        assert (incumbent.trial, incumbent.score) == (best.trial, best.score)
    else:
        assert incumbent is None


@pytest.mark.parametrize("order", [1, -1])
def test_budgets_of_two_units_have_an_order_all_the_same(order):
    """Which no searcher of ours gives; a log of somebody else's may."""
    trials = [Trial(0, Budget(5, "seconds"), 0.1), Trial(1, Budget(99, "epochs"), 0.9)]
    assert [trial.trial for trial in Ranking(Objective()).rank(trials[::order])] == [0, 1]
