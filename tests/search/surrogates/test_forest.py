"""Random forests."""

import random

import numpy as np
import pytest

from archwright.search.surrogates.acquisition import expected_improvement
from archwright.search.surrogates.forest import MIN_DEVIATION, fit_random_forest
from archwright.search.surrogates.surrogate import Posterior


def rows(n: int, p: int, seed: int = 0):
    return np.random.default_rng(seed).uniform(size=(n, p))


def predict(known, targets, candidates, pending=(), seed: int = 0) -> Posterior:
    """The posterior of a forest of one group of features at the candidates."""
    everything = np.vstack([known, *([pending] if len(pending) else []), candidates])
    return fit_random_forest([everything], targets, len(pending), random.Random(seed).random)


def test_the_mean_follows_the_targets():
    """Of a step at 0.5: nothing below, one above."""
    known = rows(80, 1)
    posterior = predict(known, (known[:, 0] > 0.5).astype(float), np.array([[0.1], [0.3], [0.7], [0.9]]))
    assert posterior.mean == pytest.approx([0, 0, 1, 1], abs=0.02)


def test_groups_are_seen_side_by_side():
    """The targets follow the second group; the first says nothing."""
    known, candidates = rows(80, 2), np.array([[0.5, 0.2], [0.5, 0.8]])
    everything = np.vstack([known, candidates])
    targets = (known[:, 1] > 0.5).astype(float)
    posterior = fit_random_forest([everything[:, :1], everything[:, 1:]], targets, 0, random.Random(0).random)
    assert posterior.mean == pytest.approx([0, 1], abs=0.1)
    assert posterior.standard_deviation.shape == posterior.mean.shape == (2,)


def corners():
    """Sixty rows in two opposite corners of a cube, where the targets are lowest and highest."""
    known = np.vstack([0.3 * rows(30, 3), 0.7 + 0.3 * rows(30, 3, 1)])
    return known, known.sum(1)


def test_it_is_less_sure_where_there_are_no_data():
    """In the other six corners the trees differ, by which of the three features they were split first."""
    known, targets = corners()
    others = np.array([[x, y, z] for x in (0.1, 0.9) for y in (0.1, 0.9) for z in (0.1, 0.9)][1:-1])
    deviation = predict(known, targets, np.vstack([known, others])).standard_deviation
    assert deviation[60:].min() > 3 * deviation[:60].max()


def test_it_is_less_sure_the_more_choices_are_others():
    """Of five choices of four letters, one feature a letter: the deviation grows with the distance to the next row."""
    chance = np.random.default_rng(0)
    known, candidates = chance.integers(0, 4, size=(20, 5)), chance.integers(0, 4, size=(300, 5))
    near = (candidates[:, None] != known[None]).sum(2).min(1)
    letters = np.eye(4)
    targets = (known == 3).sum(1) + (known == 2).sum(1) / 2
    posterior = predict(letters[known].reshape(20, 20), targets, letters[candidates].reshape(300, 20))
    deviation = posterior.standard_deviation
    means = [deviation[near == distance].mean() for distance in range(4)]
    assert means == sorted(means)
    assert means[3] > 1.3 * means[0]


def test_it_is_as_sure_as_it_can_be_where_all_targets_are_equal():
    posterior = predict(rows(9, 2), np.zeros(9), rows(4, 2, 1))
    assert posterior.standard_deviation == pytest.approx(MIN_DEVIATION)


def test_expected_improvement_goes_for_what_is_good_and_for_what_is_not_known():
    """Of a corner that is known and good, one that is not known, and one that is known and bad, not for the last."""
    known, targets = corners()
    posterior = predict(known, targets, np.array([[0.97, 0.97, 0.97], [0.1, 0.9, 0.9], [0.1, 0.1, 0.1]]))
    improvement = expected_improvement(posterior, float(np.quantile(targets, 0.9)))
    assert min(improvement[0], improvement[1]) > 100 * improvement[2]


def test_the_numbers_it_is_given_decide():
    """One is consumed; the same gives the same to the last bit, another something else."""
    known, targets, candidates = rows(40, 5), rows(40, 1, 1)[:, 0], rows(30, 5, 2)
    first, second, other = (predict(known, targets, candidates, seed=seed) for seed in (0, 0, 1))
    assert first.mean.tolist() == second.mean.tolist()
    assert first.standard_deviation.tolist() == second.standard_deviation.tolist()
    assert first.mean.tolist() != other.mean.tolist()
    everything = np.vstack([known, candidates])
    fit_random_forest([everything], targets, 0, iter([0.5]).__next__)


def test_what_is_not_candidates_makes_no_difference():
    """A row has its mean and deviation whichever others are candidates for."""
    known, targets, candidates = rows(40, 5), rows(40, 1, 1)[:, 0], rows(30, 5, 2)
    everywhere = predict(known, targets, candidates)
    some = predict(known, targets, candidates[7:9])
    assert some.mean.tolist() == everywhere[7:9].mean.tolist()
    assert some.standard_deviation.tolist() == everywhere[7:9].standard_deviation.tolist()


def test_pending_rows_are_taken_to_have_their_mean():
    """Trials under way in a corner are taken to turn out at its mean: there, the forest is surer than before."""
    known, targets = corners()
    candidates = np.array([[0.1, 0.9, 0.9]])
    before = predict(known, targets, candidates)
    posterior = predict(known, targets, candidates, pending=np.repeat(candidates, 3, axis=0))
    assert posterior.mean == pytest.approx(before.mean, abs=0.2)
    assert posterior.standard_deviation[0] < 0.5 * before.standard_deviation[0]


@pytest.mark.parametrize("n", [1, 2])
def test_few_targets_are_no_difficulty(n):
    posterior = predict(rows(n, 3), np.arange(float(n)), rows(4, 3, 1), pending=rows(1, 3, 2))
    assert np.isfinite(posterior.mean).all()
    assert (posterior.standard_deviation > 0).all()
