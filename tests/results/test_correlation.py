"""What budgets say of each other, as a value."""

import re

import pytest
from matplotlib.figure import Figure

import archwright as aw
from archwright.core.objective import Objective
from archwright.execution.checks import BadArgument
from archwright.plots.histories import NothingToCompare
from archwright.search.running.budget_results import NothingToCorrelate
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.errors import NoSuchRun
from tests.ladder_logs import LadderLog


@pytest.fixture(scope="module")
def log(tmp_path_factory) -> aw.Log:
    """A log of ladders. Only to be read."""
    path = tmp_path_factory.mktemp("budgets") / "log.duckdb"
    log = DuckDBLog(path)
    LadderLog("one-1", 27, failing=frozenset({4, 5})).append_to(log)
    LadderLog("loss-1", started={"objective": Objective("loss", "minimize")}).append_to(log)
    LadderLog("flat-1", epochs=(3,)).append_to(log)
    LadderLog("unread-1", started={"reads_budget": False}).append_to(log)
    LadderLog("all-1", 12, promotes=False, has_model=False).append_to(log)
    for epochs in (1, 9):
        LadderLog(f"apart-{epochs}", 12, epochs=(epochs,)).append_to(log)
    return aw.Log(path)


def test_a_run_that_trained_all_at_every_budget(log):
    """Its scores rise with a configuration's quality, so all agree, and adjacent budgets agree most."""
    found = log["all-1"].correlation()
    assert [(row["lower"], row["higher"], row["pairs"]) for row in found] == [
        ("1epochs", "3epochs", 12),
        ("1epochs", "9epochs", 12),
        ("3epochs", "9epochs", 12),
    ]
    assert found[2]["spearman"] > found[0]["spearman"] > found[1]["spearman"] > 0.5
    assert {row["survivors"] for row in found} == {0}
    assert {row["without_survivors"] for row in found} == {None}
    assert [regret["k"] for regret in found[0]["regrets"]] == [1, 3, 10]
    assert found[-1]["regrets"][0]["regret"] <= found[-1]["regrets"][0]["by_chance"]


def test_runs_of_one_budget_each_are_one_experiment(log):
    """The same configurations at 1 and at 9 epochs, in two runs: as if one run had tried them at both."""
    (row,) = log.correlation(["apart-*"])
    assert row == log["all-1"].correlation()[1]
    assert log.correlation("apart-*").details() == log.correlation(["apart-1", "apart-9"]).details()


def test_survivors_and_failures_are_said(log):
    found = log["one-1"].correlation(best=3, resamples=1000, seed=5)
    assert [(row["pairs"], row["survivors"], row["candidates"]) for row in found] == [(9, 9, 25), (3, 3, 25), (3, 3, 9)]
    assert [[regret["k"] for regret in row["regrets"]] for row in found] == [[3], [], []]
    assert (found.failed, found.details()["failed"]) == ({aw.Budget(1, "epochs"): 2}, {"1epochs": 2})
    assert (found[1]["spearman"], found[1]["low"], found[1]["kendall"]) == (None, None, None)
    text = repr(found)
    assert "all: survivors of 25" in text
    assert len(re.findall("  too few", text)) == 2
    assert "too few: two budgets are held against each other by 6 configurations or more that had both" in text
    assert "intervals: 95%, percentile bootstrap of the pairs, 1,000 resamples, seed 5; regret in the unit" in text
    assert "survivors came to the larger budget by promotions" in text
    assert "2 trials failed and are left out: 2 at 1 epoch" in text
    assert "1 epoch " in text
    assert "1.0 epochs" not in text


def test_one_failure_is_one(log):
    LadderLog("one-2", 12, failing=frozenset({3})).append_to(DuckDBLog(log.path))
    assert "1 trial failed and is left out: 1 at 1 epoch" in repr(log["one-2"].correlation())


def test_less_may_be_better(log):
    """A regret is never negative, and the correlation is that of the scores."""
    (row, *_) = log["loss-1"].correlation()
    assert (row["pairs"], row["spearman"]) == (3, None)
    whole = LadderLog("loss-2", 12, promotes=False, started={"objective": Objective("loss", "minimize")})
    whole.append_to(DuckDBLog(log.path))
    for loss, gain in zip(log["loss-2"].correlation(), log["all-1"].correlation(), strict=True):
        assert loss["spearman"] == pytest.approx(gain["spearman"])
        assert all(regret["regret"] >= 0 for regret in loss["regrets"])


def test_it_follows_from_its_seed(log):
    run = log["all-1"]
    assert run.correlation(seed=1).details() == run.correlation(seed=1).details()
    assert run.correlation(seed=1)[0]["low"] != run.correlation(seed=2)[0]["low"]


def test_it_is_a_frame_and_a_table_of_a_notebook(log):
    found = log["all-1"].correlation(best=[1, 2])
    frame = found.frame("pandas")
    assert list(frame["pairs"]) == [12, 12, 12]
    assert {"lower", "higher", "spearman", "regret_1", "by_chance_2"} <= set(frame.columns)
    html = found._repr_html_()
    assert html.count("<tr>") == 4
    assert "percentile bootstrap" in html
    assert len(found[:2]) == 2


def test_more_that_go_on_than_there_are_is_said(log):
    """Twelve were tried, so a regret of the best twelve or more would be of choosing all."""
    assert log["all-1"].correlation(best=[2, 1000]).remarks[1:] == [
        "the regret of the best 1000 is not told, as no two budgets have more configurations than that"
    ]
    assert len(log["all-1"].correlation(best=[2, 11]).remarks) == 1


def test_it_is_drawn(log, tmp_path):
    axes, file = Figure().subplots(), tmp_path / "matrix.svg"
    assert log["all-1"].correlation().plot(axes, title="budgets", file=file) is axes
    text = file.read_text()
    assert all(word in text for word in ("budgets", "3 epochs", "n = 12"))


def test_what_cannot_be_correlated_is_said(log):
    for run, says in {
        "flat-1": r"the trials of flat-1 that have ended were all given 3epochs, and a correlation is between",
        "unread-1": "what evaluates the trials of unread-1 reads no budget",
    }.items():
        with pytest.raises(NothingToCorrelate, match=says):
            log[run].correlation()
    with pytest.raises(NothingToCorrelate, match="that have ended are none yet"):
        log["one-1"].at(1).correlation()
    with pytest.raises(NothingToCorrelate, match=r"different things: accuracy \(maximize\), loss \(minimize\)"):
        log.correlation(["one-1", "loss-1"])
    with pytest.raises(NothingToCompare, match="has no run 'two-1'"):
        log.correlation("two-1")
    with pytest.raises(NoSuchRun):
        aw.Log(log.path)["two-1"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"best": 0}, "best is 0; it must be a whole number of 1 or more"),
        ({"best": "3"}, "best is '3'; it must be a list of numbers"),
        ({"seed": 0.5}, "seed is 0.5; it must be a whole number"),
        ({"resamples": 10}, "resamples is 10; it must be a whole number of 1000 or more"),
    ],
)
def test_wrong_options_are_refused(log, options, says):
    with pytest.raises(BadArgument) as raised:
        log["all-1"].correlation(**options)
    assert says in str(raised.value)
