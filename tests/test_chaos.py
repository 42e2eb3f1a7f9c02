"""A short form of benchmarks/chaos.py: random faults, in workers and in the coordinator."""

import pytest

from tests.scripts import script


@pytest.mark.slow
def test_every_trial_of_a_search_under_random_faults_has_one_outcome(tmp_path):
    """What is checked is in the benchmark; here, that there was something to check."""
    found = script("chaos").chaos(tmp_path, 20, life=2.0)
    assert found.outcomes.total() == 20
    assert found.coordinators > 0
    assert found.outcomes["ok"] > 0
    assert found.slowest < 5.0
