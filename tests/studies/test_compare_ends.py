"""Comparisons whose searches end by configurations, a total of budgets or time, and by what they are held up."""

import pytest

import archwright as aw
from archwright.core.ends import InvalidEnd
from archwright.plots.stretches import Stretch, UnknownAxis
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import Proposed, RunStopped
from tests.search.halving import Halving

SPACE = aw.affine(units=list(range(1, 33)))
QUIET = {"input": aw.features(4), "progress": False, "workers": 0, "budget": "1epochs"}


def score_width(architecture, budget) -> float:
    """The more units, the better, and the more so the more epochs."""
    return dict(architecture.hyperparameters)["units"] / 32 * (1 - 0.5**budget.amount)


def score_without_budget(architecture) -> float:
    return dict(architecture.hyperparameters)["units"] / 32


@pytest.fixture
def log(tmp_path):
    return tmp_path / "log.duckdb"


def list_budgets(log, run):
    return [entry.event.budget.amount for entry in DuckDBLog(log).read(run) if isinstance(entry.event, Proposed)]


def test_searches_that_may_spend_the_same_are_compared_at_that(log):
    """A halving of four spends 4 + 2 + 2 epochs on seven trials, and random search as many on eight."""
    comparison = aw.compare(SPACE, score_width, ["random", Halving()], seeds=2, total="8epochs", log=log, **QUIET)
    assert comparison.stretch == Stretch("total", 8.0)
    random, halving = comparison
    assert (random["trials"], halving["trials"], halving["ended_early"]) == (8, 7, 0)
    assert comparison.remarks == [
        "half-way is after 4 epochs, and the end after 8 epochs",
        f"{halving['searcher']}: in 2 of 2 pairs its score and that of random are at different budgets; these alone "
        "may make the difference",
    ]
    assert (random["best_budget"], halving["half_budget"], halving["best_budget"]) == ("1epochs", "1epochs", "4epochs")
    (run,) = [name for name in DuckDBLog(log).runs() if "alving" in name and name.endswith(".0")]
    assert list_budgets(log, run) == [1, 1, 1, 1, 2, 2, 4]
    best = aw.Log(log)[run].best()
    assert (best.number, best.budget) == (6, aw.Budget(4, "epochs"))
    scores = [aw.Log(log)[name].best().score for name in DuckDBLog(log).runs() if "alving" in name]
    assert halving["best"] == pytest.approx(sum(scores) / 2)


def test_the_same_call_does_nothing_more_and_a_larger_total_goes_on(log):
    call = {"seeds": 1, "log": log, **QUIET}
    aw.compare(SPACE, score_width, ["random"], total="3epochs", **call)
    (run,) = DuckDBLog(log).runs()
    events = len(DuckDBLog(log).read(run))
    aw.compare(SPACE, score_width, ["random"], total="3epochs", **call)
    (shorter,) = aw.compare(SPACE, score_width, ["random"], total="2epochs", **call)
    assert len(DuckDBLog(log).read(run)) == events
    assert (shorter["trials"], shorter["until"]) == (2, 2.0)
    (longer,) = aw.compare(SPACE, score_width, ["random"], total="5epochs", **call)
    assert (longer["trials"], len(list_budgets(log, run))) == (5, 5)
    assert aw.Log(log)[run].verify()


def test_configurations_are_promoted_beyond_their_number(log):
    comparison = aw.compare(SPACE, score_width, ["random", Halving()], seeds=1, configurations=4, log=log, **QUIET)
    assert comparison.stretch == Stretch("configurations", 4)
    assert [row["trials"] for row in comparison] == [4, 7]
    for run in DuckDBLog(log).runs():
        assert DuckDBLog(log).read(run)[-1].event == RunStopped("finished", "it has its 4 configurations")
        assert aw.Log(log)[run].verify()


def test_another_axis_goes_as_far_as_all_searches_do(log):
    """Seven trials of each: random search spends 7 epochs, and the halving 8."""
    call = {"seeds": 1, "log": log, "trials": 7, **QUIET}
    by_trials = aw.compare(SPACE, score_width, ["random", Halving()], **call)
    by_total = aw.compare(SPACE, score_width, ["random", Halving()], by="total", **call)
    assert (by_trials.stretch, by_total.stretch) == (Stretch("trials", 7), Stretch("total", 7.0))
    assert [row["trials"] for row in by_total] == [7, 6]
    assert aw.compare(SPACE, score_width, ["random", Halving()], by="time", **call).stretch.by == "time"


def test_searches_have_a_time(log):
    (row,) = aw.compare(SPACE, score_width, ["random"], seeds=1, time=1e-6, log=log, **QUIET)
    assert (row["by"], row["until"]) == ("time", 1e-6)


def test_what_is_no_end_or_no_axis_is_refused_before_anything_is_logged(log):
    call = {"seeds": 1, "log": log, **QUIET}
    for wrong, error, message in (
        ({"total": "8"}, InvalidEnd, "total is '8'; write what all trials"),
        ({"total": "30s"}, InvalidEnd, "total is 30s, and a trial has a budget of 1epochs; write it in epochs"),
        ({"configurations": 0}, InvalidEnd, "configurations is 0; write how many"),
        ({"by": "epochs"}, UnknownAxis, "by is 'epochs', by which no search is measured; did you mean total"),
    ):
        with pytest.raises(error, match=message):
            aw.compare(SPACE, score_width, ["random"], **wrong, **call)
    with pytest.raises(InvalidEnd, match="total is 8epochs, and what evaluates the trials reads no budget"):
        aw.compare(SPACE, score_without_budget, ["random"], total="8epochs", **call)
    assert not log.exists()


def test_a_ladder_of_one_budget_is_refused_before_any_search_runs(log):
    with pytest.raises(aw.errors.NoRungs, match="the budget is 1epochs, and a ladder such as asha needs two or more"):
        aw.compare(SPACE, score_width, ["random", "asha"], seeds=1, log=log, **QUIET)
    assert not log.exists()
