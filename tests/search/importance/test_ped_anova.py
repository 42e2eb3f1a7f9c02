"""What matters for being among the best trials, by hand."""

import numpy as np
import pytest

from archwright.core.domain import Domain, values
from archwright.core.ranges import integers, reals
from archwright.core.value import Value
from archwright.search.importance.analyzed_trial import AnalyzedTrial
from archwright.search.importance.ped_anova import (
    compute_best_shares,
    compute_divergence,
    estimate_density,
    select_best,
)

LETTERS = values("a", "b")


def observe(*rows: tuple[float, dict[str, tuple[Value, Domain]]]) -> list[AnalyzedTrial]:
    """Trials 0, 1 ...: each with a score, and a value and its domain by name."""
    return [
        AnalyzedTrial(i, score, {k: v for k, (v, _) in row.items()}, {k: d for k, (_, d) in row.items()})
        for i, (score, row) in enumerate(rows)
    ]


def test_the_best_tenth_is_rounded_up_and_has_what_is_as_good_as_its_last():
    trials = observe(*[(float(score), {}) for score in range(30)])
    assert [trial.trial for trial in select_best(trials, 1.0)] == [27, 28, 29]
    assert [trial.trial for trial in select_best(trials, -1.0)] == [0, 1, 2]
    assert len(select_best(trials[:21], 1.0)) == 3
    assert len(select_best(trials[:5], 1.0)) == 2
    assert len(select_best(trials[:1], 1.0)) == 1
    assert len(select_best(observe(*[(0.5, {})] * 9, (0.7, {})), 1.0)) == 10


def test_a_density_of_options_counts_them_and_one_more():
    """Of a, a, b: 2 and 1, and a half each, of 4."""
    assert estimate_density(LETTERS, ["a", "b", "a"]).tolist() == [2.5 / 4, 1.5 / 4]


@pytest.mark.parametrize("domain", [reals(0, 1), integers(1, 1000, log=True), values(1, 2, 4, 8, 16)])
def test_a_density_of_numbers_is_highest_where_they_lie(domain):
    chosen = [domain.from_unit(u) for u in (0.28, 0.3, 0.3, 0.31, 0.33)]
    density = estimate_density(domain, chosen)
    assert density.sum() == pytest.approx(1)
    assert density.min() > 0
    assert (int(np.argmax(density)) + 0.5) / len(density) == pytest.approx(0.3, abs=0.011)


def test_a_divergence_of_options_by_hand():
    """Q of a, a, b, b is 1/2 and 1/2, and p of b, b is .5 / 3 and 2.5 / 3: the sum of q (p / q - 1)^2 is 4/9."""
    assert compute_divergence(LETTERS, ["b", "b"], ["a", "a", "b", "b"]) == pytest.approx(4 / 9)


def test_what_decides_has_all_of_it():
    """The letter decides who is among the best; the other one is the same in both."""
    rows = [(float(i >= 18), {"x": ("ab"[i >= 18], LETTERS), "y": ("ab"[i % 2], LETTERS)}) for i in range(20)]
    assert compute_best_shares(observe(*rows), ["x", "y"], 1.0) == pytest.approx([1, 0])


def test_what_is_active_in_some_trials_counts_by_its_shares():
    """Of 20 trials, 2 and 3 are the best, and the odd ones have z: a and b are 1/2, so a^2 / b is 1/2.

    x is b in both: p is .5 / 3 and 2.5 / 3 and q 1/2 and 1/2, which is 4/9. z of trial 3 is b: p is 1/4 and 3/4, and q
    1/2 and 1/2, which is 1/4. w is chosen of two domains, of which the even trials' is as z; of the odd ones', p is
    1/6, 4/6 and 1/6 and q 16/33, 16/33 and 1/33, which is 513/576.
    """
    three = values("a", "b", "c")
    rows: list[tuple[float, dict[str, tuple[Value, Domain]]]] = [
        (
            float(i in (2, 3)),
            {
                "x": ("ab"[2 <= i < 12], LETTERS),
                "w": ("ab"[i // 2 % 2], three if i % 2 else LETTERS),
                **({"z": ("ab"[i // 2 % 2], LETTERS)} if i % 2 else {}),
            },
        )
        for i in range(20)
    ]
    divergences = np.array([4 / 9, 1 / 4 / 2, (1 / 4 + 513 / 576) / 2])
    assert compute_best_shares(observe(*rows), ["x", "z", "w"], 1.0) == pytest.approx(divergences / divergences.sum())


def test_nothing_decides_where_all_are_the_best():
    assert compute_best_shares(observe(*[(0.5, {"x": (letter, LETTERS)}) for letter in "abab"]), ["x"], 1.0) == [0.0]
