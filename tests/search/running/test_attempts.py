"""The end of an attempt as it is logged, and the seed of its training."""

from archwright.core.objective import Objective
from archwright.core.protocols import AttemptResult
from archwright.search.running.attempts import derive_training_seed, to_attempt_ended


def test_training_seeds_differ_between_trials_and_runs():
    assert len({derive_training_seed(run, trial) for run in range(30) for trial in range(30)}) == 900
    assert all(0 <= derive_training_seed(0, trial) < 2**31 for trial in range(1000))


def test_a_score_that_no_float_holds_is_not_finite():
    for value, said in ((10**400, "inf"), (-(10**400), "-inf")):
        end = to_attempt_ended(AttemptResult(0, 1, "ok", {"accuracy": value}, 1.0), Objective())
        assert (end.status, end.error) == ("diverged", f"the metric accuracy is {said}")
