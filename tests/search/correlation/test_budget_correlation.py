"""Which configurations were tried at several budgets, and what these say of each other."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archwright.core.budget import Budget, DifferentUnits
from archwright.search.correlation.budget_correlation import correlate_budgets
from archwright.search.correlation.budget_pairs import BudgetResult, pair_budgets


def epochs(amount: float) -> Budget:
    return Budget(amount, "epochs")


def make_results(*rows: tuple, unit: str = "epochs") -> list[BudgetResult]:
    """Results from configurations, epochs, utilities and, of promotions, the trial that each promotes."""
    return [
        BudgetResult(trial, row[0], Budget(row[1], unit), row[2], row[3] if len(row) > 3 else None)
        for trial, row in enumerate(rows)
    ]


def list_utilities(pairs) -> list[tuple]:
    return [(pair.lower.utility, pair.higher.utility) for pair in pairs]


def test_pairs_by_hand():
    """Four at 1 epoch, of which the best two go on to 3, and the best of these to 9."""
    results = make_results(
        ("a", 1, 0.1), ("b", 1, 0.4), ("c", 1, 0.3), ("d", 1, 0.2), ("b", 3, 0.5, 1), ("c", 3, 0.6, 2), ("c", 9, 0.7, 5)
    )
    one_three, one_nine, three_nine = pair_budgets(results)
    assert [(p.lower.amount, p.higher.amount) for p in (one_three, one_nine, three_nine)] == [(1, 3), (1, 9), (3, 9)]
    assert list_utilities(one_three.pairs) == [(0.4, 0.5), (0.3, 0.6)]
    assert list_utilities(one_nine.pairs) == [(0.3, 0.7)]
    assert list_utilities(three_nine.pairs) == [(0.6, 0.7)]
    assert [(p.candidates, len(p.chosen), len(p.unchosen)) for p in (one_three, one_nine, three_nine)] == [
        (4, 2, 0),
        (4, 1, 0),
        (2, 1, 0),
    ]


def test_a_configuration_is_known_by_its_path_or_by_what_it_promotes():
    """Two trials of one path are one configuration; a promotion is of what it promotes, whatever its path is."""
    pairs = pair_budgets(make_results(("a", 1, 0.1), ("a", 3, 0.2), ("b", 1, 0.3), ("B", 3, 0.4, 2)))[0]
    assert list_utilities(pairs.pairs) == [(0.1, 0.2), (0.3, 0.4)]
    assert (len(pairs.chosen), len(pairs.unchosen)) == (0, 2)  # all were promoted or tried: nobody chose


def test_the_last_result_of_a_budget_counts():
    """Unless it is none: a failure does not undo a score before it."""
    pairs = pair_budgets(make_results(("a", 1, 0.1), ("a", 1, 0.2), ("a", 1, None), ("a", 3, 0.9)))[0]
    assert list_utilities(pairs.pairs) == [(0.2, 0.9)]


def test_failures_are_in_no_pair():
    """A failed promotion was tried, though; what fails at the lower budget is no candidate."""
    results = make_results(("a", 1, 0.1), ("b", 1, 0.2), ("c", 1, None), ("a", 3, None, 0), ("b", 3, 0.5, 1))
    (pairs,) = pair_budgets(results)
    assert (list_utilities(pairs.pairs), pairs.candidates, pairs.tried) == ([(0.2, 0.5)], 2, 2)
    assert not pairs.chosen


def test_survivors_and_the_others_are_told_apart():
    """Six that were tried at both budgets by themselves, and two promotions of eight."""
    fresh = [
        (name, amount, utility * amount) for amount in (1, 3) for name, utility in zip("abcdef", range(6), strict=True)
    ]
    promoted = [("g", 1, 9.0), ("h", 1, 8.0), ("i", 1, 0.5), ("g", 3, 1.0, 12), ("h", 3, 2.0, 13)]
    (row,) = correlate_budgets(make_results(*fresh, *promoted))
    assert (row.whole.pairs, row.chosen, row.candidates, row.has_survivors) == (8, 2, 9, True)
    assert (row.unchosen.pairs, row.unchosen.spearman, row.unchosen.kendall) == (6, 1.0, 1.0)
    assert row.whole.spearman < 1


def test_where_none_was_chosen_there_is_one_correlation():
    rows = [(name, amount, utility) for amount in (1, 9) for name, utility in zip("abcdef", range(6), strict=True)]
    (row,) = correlate_budgets(make_results(*rows))
    assert (row.chosen, row.unchosen, row.has_survivors) == (0, None, False)


def test_regrets_by_hand():
    """Of six, the order is turned round: the best at 1 epoch is the worst at 9, and one of six is chosen by chance."""
    up = [(name, 1, float(utility)) for name, utility in zip("abcdef", range(6), strict=True)]
    down = [(name, 9, 5.0 - utility) for name, utility in zip("abcdef", range(6), strict=True)]
    (row,) = correlate_budgets(make_results(*up, *down), choices=(1, 2, 6))
    assert [(r.k, r.regret) for r in row.regrets] == [(1, 5.0), (2, 4.0)]  # all six are no choice
    assert row.regrets[0].by_chance == pytest.approx(2.5)
    assert row.whole.spearman == row.whole.low == row.whole.high == -1.0


def test_few_pairs_have_no_regret():
    rows = [(name, amount, float(amount)) for amount in (1, 3) for name in "abcde"]
    (row,) = correlate_budgets(make_results(*rows))
    assert (row.whole.is_too_small, row.regrets) == (True, [])


def test_trainings_that_ended_early_are_counted():
    late = [BudgetResult(i, i, epochs(1), float(i)) for i in range(6)]
    early = [BudgetResult(6 + i, i, epochs(3), float(i), ended_early=i < 2) for i in range(6)]
    assert correlate_budgets([*late, *early])[0].ended_early == 2


def test_budgets_of_two_units_are_refused():
    with pytest.raises(DifferentUnits):
        pair_budgets([*make_results(("a", 1, 0.1)), *make_results(("a", 30, 0.2), unit="seconds")])


@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from([1, 3, 9]), st.none() | st.integers(0, 9)), max_size=20))
def test_every_pair_is_of_one_configuration_with_two_scores(rows):
    """And a configuration is in at most one pair of two budgets, of which there are all."""
    results = make_results(*((name, amount, utility) for name, amount, utility in rows))
    found = pair_budgets(results)
    amounts = sorted({amount for _, amount, _ in rows})
    assert len(found) == len(amounts) * (len(amounts) - 1) // 2
    for pairs in found:
        names = [pair.lower.configuration for pair in pairs.pairs]
        assert names == [pair.higher.configuration for pair in pairs.pairs]
        assert len(set(names)) == len(names) <= pairs.tried <= pairs.candidates
        assert all(None not in utilities for utilities in list_utilities(pairs.pairs))
        assert all((p.lower.budget, p.higher.budget) == (pairs.lower, pairs.higher) for p in pairs.pairs)


def test_a_seed_is_for_all_correlations_alike():
    chance = np.random.default_rng(0)
    rows = [(i, amount, chance.normal()) for amount in (1, 3, 9) for i in range(10)]
    results = make_results(*rows)
    assert correlate_budgets(results, seed=1, resamples=200) == correlate_budgets(results, seed=1, resamples=200)
    assert correlate_budgets(results, seed=1, resamples=200) != correlate_budgets(results, seed=2, resamples=200)
