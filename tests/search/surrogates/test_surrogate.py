"""What all surrogates share: the targets that they are fitted to, and the posterior that they give."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archwright.search.surrogates.surrogate import Posterior, to_normal_quantiles


def test_normal_quantiles_by_hand():
    """Of four, the middles of the ranks are 1/8, 3/8, 5/8, 7/8; the two that are equal share 1/2."""
    assert to_normal_quantiles([5.0, -1.0, 1e9, 7.0]) == pytest.approx([-0.3186394, -1.1503494, 1.1503494, 0.3186394])
    assert to_normal_quantiles([2.0, 2.0, 1.0, 3.0]) == pytest.approx([0.0, 0.0, -1.1503494, 1.1503494])


@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=40))
def test_normal_quantiles_do_not_depend_on_the_scale(utilities):
    a, b = to_normal_quantiles(utilities), to_normal_quantiles([utility * 8.0 + 3 for utility in utilities])
    assert a.tolist() == b.tolist()
    assert np.array_equal(np.argsort(a, kind="stable"), np.argsort(utilities, kind="stable"))


def test_the_posterior_at_some_of_the_candidates():
    posterior = Posterior(np.array([1.0, 2.0, 3.0]), np.array([0.1, 0.2, 0.3]))
    assert posterior[1:].mean.tolist() == [2.0, 3.0]
    assert posterior[:1].standard_deviation.tolist() == [0.1]
