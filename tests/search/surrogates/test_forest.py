"""Random forests."""

import random

import numpy as np
import pytest

from archwright.search.surrogates.acquisition import expected_improvement
from archwright.search.surrogates.forest import SURE, random_forest


def rows(n: int, p: int, seed: int = 0):
    return np.random.default_rng(seed).uniform(size=(n, p))


def predicted(known, targets, asked, pending=(), seed: int = 0):
    """What a forest of one group of features says of `asked`."""
    everything = np.vstack([known, *([pending] if len(pending) else []), asked])
    return random_forest([everything], targets, len(pending), random.Random(seed).random)


def test_the_mean_follows_the_targets():
    """Of a step at 0.5: nothing below, one above."""
    known = rows(80, 1)
    mean, _ = predicted(known, (known[:, 0] > 0.5).astype(float), np.array([[0.1], [0.3], [0.7], [0.9]]))
    assert mean == pytest.approx([0, 0, 1, 1], abs=0.02)


def test_groups_are_seen_side_by_side():
    """The targets follow the second group; the first says nothing."""
    known, asked = rows(80, 2), np.array([[0.5, 0.2], [0.5, 0.8]])
    everything = np.vstack([known, asked])
    targets = (known[:, 1] > 0.5).astype(float)
    mean, deviation = random_forest([everything[:, :1], everything[:, 1:]], targets, 0, random.Random(0).random)
    assert mean == pytest.approx([0, 1], abs=0.1)
    assert deviation.shape == mean.shape == (2,)


def corners():
    """Sixty rows in two opposite corners of a cube, where the targets are lowest and highest."""
    known = np.vstack([0.3 * rows(30, 3), 0.7 + 0.3 * rows(30, 3, 1)])
    return known, known.sum(1)


def test_it_is_less_sure_where_there_are_no_data():
    """In the other six corners the trees differ, by which of the three features they were split first."""
    known, targets = corners()
    others = np.array([[x, y, z] for x in (0.1, 0.9) for y in (0.1, 0.9) for z in (0.1, 0.9)][1:-1])
    _, deviation = predicted(known, targets, np.vstack([known, others]))
    assert deviation[60:].min() > 3 * deviation[:60].max()


def test_it_is_less_sure_the_more_choices_are_others():
    """Of five choices of four letters, one feature a letter: the deviation grows with the distance to the next row."""
    chance = np.random.default_rng(0)
    known, asked = chance.integers(0, 4, size=(20, 5)), chance.integers(0, 4, size=(300, 5))
    near = (asked[:, None] != known[None]).sum(2).min(1)
    letters = np.eye(4)
    _, deviation = predicted(
        letters[known].reshape(20, 20), (known == 3).sum(1) + (known == 2).sum(1) / 2, letters[asked].reshape(300, 20)
    )
    means = [deviation[near == distance].mean() for distance in range(4)]
    assert means == sorted(means)
    assert means[3] > 1.3 * means[0]


def test_it_is_as_sure_as_it_can_be_where_all_targets_are_equal():
    _, deviation = predicted(rows(9, 2), np.zeros(9), rows(4, 2, 1))
    assert deviation == pytest.approx(SURE)


def test_expected_improvement_goes_for_what_is_good_and_for_what_is_not_known():
    """Of a corner that is known and good, one that is not known, and one that is known and bad, not for the last."""
    known, targets = corners()
    mean, deviation = predicted(known, targets, np.array([[0.97, 0.97, 0.97], [0.1, 0.9, 0.9], [0.1, 0.1, 0.1]]))
    worth = expected_improvement(mean, deviation, float(np.quantile(targets, 0.9)))
    assert min(worth[0], worth[1]) > 100 * worth[2]


def test_the_numbers_it_is_given_decide():
    """One is consumed; the same gives the same to the last bit, another something else."""
    known, targets, asked = rows(40, 5), rows(40, 1, 1)[:, 0], rows(30, 5, 2)
    first, again, other = (predicted(known, targets, asked, seed=seed) for seed in (0, 0, 1))
    assert [each.tolist() for each in first] == [each.tolist() for each in again]
    assert first[0].tolist() != other[0].tolist()
    everything = np.vstack([known, asked])
    random_forest([everything], targets, 0, iter([0.5]).__next__)


def test_what_is_not_asked_makes_no_difference():
    """A row has its mean and deviation whichever others are asked for."""
    known, targets, asked = rows(40, 5), rows(40, 1, 1)[:, 0], rows(30, 5, 2)
    mean, deviation = predicted(known, targets, asked)
    some = predicted(known, targets, asked[7:9])
    assert some[0].tolist() == mean[7:9].tolist()
    assert some[1].tolist() == deviation[7:9].tolist()


def test_pending_rows_are_believed():
    """Trials under way in a corner are believed to turn out at its mean: there, the forest is surer than before."""
    known, targets = corners()
    asked = np.array([[0.1, 0.9, 0.9]])
    mean, deviation = predicted(known, targets, asked)
    believed, surer = predicted(known, targets, asked, pending=np.repeat(asked, 3, axis=0))
    assert believed == pytest.approx(mean, abs=0.2)
    assert surer[0] < 0.5 * deviation[0]


@pytest.mark.parametrize("n", [1, 2])
def test_few_targets_are_no_difficulty(n):
    mean, deviation = predicted(rows(n, 3), np.arange(float(n)), rows(4, 3, 1), pending=rows(1, 3, 2))
    assert np.isfinite(mean).all()
    assert (deviation > 0).all()
