"""Runs that end by their number of configurations: what they have is promoted to the last."""

import pytest

import archwright as aw

SPACE = aw.sequential(aw.settings(x=aw.reals(0, 1)), aw.affine(8))


def score(settings, budget):
    return settings["x"] * budget.amount


@pytest.mark.parametrize(
    ("searcher", "configurations", "rungs"),
    [
        ("successive-halving", 12, (12, 4, 2)),  # 9, 3, 1 and then 3, 1, 1
        ("successive-halving", 4, (4, 1, 1)),
        ("hyperband", 13, (9, 6, 3)),  # 9, 3, 1; 3, 1; and 1 of 3
    ],
)
@pytest.mark.parametrize("workers", [0, 4])
def test_a_bracket_that_is_not_full_goes_on_with_what_it_has(searcher, configurations, rungs, workers, tmp_path):
    work = {"log": tmp_path / "log.duckdb", "progress": False, "workers": workers, "enqueue": [{"0.settings.x": 0.9}]}
    run = aw.search(
        SPACE, aw.Table(score), searcher=searcher, configurations=configurations, budget="1epochs..9epochs", **work
    )
    amounts = [trial.budget.amount for trial in run.trials]
    assert tuple(amounts.count(amount) for amount in (1, 3, 9)) == rungs
    assert sum(trial.promotes is None for trial in run.trials) == configurations
    assert run.verify()

    run = run.resume(configurations="+9", progress=False)
    assert sum(trial.promotes is None for trial in run.trials) == configurations + 9
    assert run.verify()


def test_what_waits_in_the_queue_keeps_no_promotion_back(tmp_path):
    """Four are enqueued, and three are to be tried."""
    entries = [{"0.settings.x": x} for x in (0.1, 0.2, 0.3, 0.4)]
    work = {"log": tmp_path / "log.duckdb", "progress": False, "enqueue": entries}
    run = aw.search(SPACE, aw.Table(score), searcher="asha", configurations=3, budget="1epochs,3epochs", **work)
    assert [trial.budget.amount for trial in run.trials] == [1, 1, 1, 3]
    assert run.verify()
