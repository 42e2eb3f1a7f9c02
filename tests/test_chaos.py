"""A short form of benchmarks/chaos.py: random faults, in workers and in the coordinator."""

import random
from types import SimpleNamespace

import pytest

from archwright.store.events import Scored
from tests.scripts import import_script


@pytest.mark.slow
def test_every_trial_of_a_search_under_random_faults_has_one_outcome(tmp_path):
    """What is checked is in the benchmark; here, that there was something to check."""
    result = import_script("chaos").run_chaos(tmp_path, 20, mean_life_seconds=2.0)
    assert result.outcomes.total() == 20
    assert result.coordinators > 0
    assert result.outcomes["ok"] > 0
    assert result.slowest_exit_seconds < 5.0


def test_a_log_is_what_it_was_where_it_holds_nan_and_not_where_it_holds_something_else(tmp_path, monkeypatch):
    chaos, scores = import_script("chaos"), iter(["nan", "nan", "0.5"])
    monkeypatch.setattr(
        chaos,
        "read_run",
        lambda *_: SimpleNamespace(events=[Scored(0, "diverged", None, {"accuracy": float(next(scores))})]),
    )
    log = SimpleNamespace(path=tmp_path, runs=lambda: [chaos.RUN])
    killer = chaos.Killer(log, 1, 1, random.Random(0), 1.0)
    killer._check_prefix()
    killer._check_prefix()
    with pytest.raises(AssertionError, match="the log has changed behind its end"):
        killer._check_prefix()
