"""How much the hyperparameters of a run matter."""

import itertools

import pytest
from matplotlib.figure import Figure

import archwright as aw
from archwright.results.run import Run
from tests.results.importance_logs import log_budgets, score_choices

RATE, OPTIMIZER, COUNT = "0.settings.learning_rate", "0.settings.optimizer", "1.repeat.count"


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """A log of runs of 1, 3 and 9 epochs. Only to be read."""
    path = tmp_path_factory.mktemp("importances") / "log.duckdb"
    log_budgets(path, "ladder-1", {"1epochs": 40, "3epochs": 30, "9epochs": 6})
    failing = iter(range(100))
    log_budgets(path, "failing-1", {"2epochs": 40}, lambda x: None if next(failing) % 4 == 3 else score_choices(x))
    log_budgets(path, "short-1", {"1epochs": 11, "3epochs": 4})
    log_budgets(path, "unread-1", {"1epochs": 20}, reads_budget=False)
    log_budgets(path, "level-1", {"1epochs": 20}, lambda _: 0.5)
    log_budgets(path, "broken-1", {"1epochs": 20}, lambda _: None)
    return path


def test_the_largest_budget_with_enough_trials_is_looked_at(log):
    importance = Run.read(log, "ladder-1").importance()
    assert (str(importance.budget), importance.analysis.trials, importance.trials.failed) == ("3epochs", 30, 0)
    assert importance[0]["hyperparameter"] == RATE
    assert importance[0]["importance"] > 0.9 > 0.2 < importance.r2
    assert importance.remarks[0] == "larger budgets have too few trials: 9epochs: 6 of the 14 that it takes"
    assert "accuracy of ladder-1 at 3 epochs: 30 trials, 3 of them the best tenth; forests of seed 0" in repr(
        importance
    )


def test_a_budget_may_be_named(log):
    run = Run.read(log, "ladder-1")
    for budget in ("1epochs", aw.Budget(1, "epochs")):
        importance = run.importance(budget, seed=3)
        assert (importance.budget, importance.analysis.trials, importance.seed) == (aw.Budget(1, "epochs"), 40, 3)
        assert importance.larger == []


def test_conditional_hyperparameters_come_after_the_others(log):
    """The second layer is there in some of the trials."""
    importance = Run.read(log, "ladder-1").importance("1epochs", pairs=True)
    run = Run.read(log, "ladder-1")
    counts = {
        row["hyperparameter"]: sum(row["hyperparameter"] in trial.choices for trial in run.trials[:40])
        for row in importance
    }
    assert {row["hyperparameter"]: row["trials"] for row in importance} == counts
    assert sorted(set(counts.values())) == [counts["1.repeat.1.0.conv2d.filters"], 40]
    assert [row["trials"] for row in importance] == sorted(counts.values(), reverse=True)
    assert len(importance) == 9
    assert len(importance.pairs) == 6 * 5 / 2 + 3 * 2 / 2 + 3 * 5  # in the second layer, the count is always 2
    assert sum(row["best_tenth"] for row in importance) == pytest.approx(1)


def test_failed_trials_are_left_out_and_counted(log):
    importance = Run.read(log, "failing-1").importance()
    assert (importance.analysis.trials, importance.trials.failed) == (30, 10)
    assert "10 trials without a score left out" in importance.remarks


def test_survivors_are_said_to_be_survivors(tmp_path):
    """Those that a ladder has promoted to the budget, and not those with which it began there."""
    space = aw.affine(units=[4, 8, 12, 16, 20, 24])
    log = tmp_path / "log.duckdb"
    work = {"input": aw.features(4), "workers": 0, "progress": False, "log": log, "budget": "1epochs..9epochs"}

    def evaluate(architecture, budget):
        return dict(architecture.hyperparameters)["units"] + budget.amount

    run = aw.search(space, evaluate, searcher="hyperband", trials=22, **work)
    promoted = sum(trial.state.promotes is not None and trial.budget.amount == 3 for trial in run)
    says = [remark for remark in run.importance("3epochs").remarks if "survivors" in remark]
    assert promoted > 1
    assert [remark.split(" of ")[0] for remark in says] == [f"{promoted} trials"]
    assert not any("survivors" in remark for remark in run.importance("1epochs").remarks)


def test_the_incumbent_is_the_best_of_its_budget(log):
    run = Run.read(log, "ladder-1")
    importance = run.importance("1epochs")
    best = max(run.trials[:40], key=lambda trial: trial.score)
    assert importance.incumbent.trial == best.number
    assert {row["hyperparameter"]: row["incumbent"] for row in importance} == {
        row["hyperparameter"]: best.choices.get(row["hyperparameter"]) for row in importance
    }


def test_too_few_trials_are_refused_with_what_there_is(log):
    """Six hyperparameters are in all trials, so that it takes 14."""
    run = Run.read(log, "short-1")
    both = r"there are 3epochs: 4 of the 14 that it takes; 1epochs: 11 of the 14 that it takes \(two for each"
    with pytest.raises(aw.errors.TooFewTrials, match=f"^too few trials of short-1 have a score: {both}"):
        run.importance()
    with pytest.raises(aw.errors.TooFewTrials, match=f"^too few trials of short-1 with the budget 3epochs.*{both}"):
        run.importance("3epochs")


def test_what_has_no_importance_is_refused(log):
    with pytest.raises(aw.errors.NothingVaries, match=r"^all 20 trials have the score 0\.5"):
        Run.read(log, "level-1").importance()
    with pytest.raises(aw.errors.NothingScored, match="it broke"):
        Run.read(log, "broken-1").importance()
    with pytest.raises(aw.errors.BadArgument, match=r"^budget is 1epochs, and what evaluates the trials of unread-1"):
        Run.read(log, "unread-1").importance("1epochs")
    assert Run.read(log, "unread-1").importance().budget is None


def test_domains_are_those_that_were_offered(log):
    importance = Run.read(log, "ladder-1").importance("1epochs")
    points = importance.curves[RATE].points
    assert ((points[0], points[-1]), importance.curves[RATE].scale) == (pytest.approx((1e-4, 1e-1)), "log")
    assert importance.curves[OPTIMIZER].points == ("adam", "sgd")
    assert importance.curves[COUNT].points == (1, 2)
    adam, sgd = importance.curves[OPTIMIZER].means
    assert adam > sgd


def test_it_is_a_frame_a_record_and_text(log):
    importance = Run.read(log, "ladder-1").importance("1epochs", pairs=True)
    details = importance.details()
    assert (details["run"], details["budget"], details["trials"], details["meaningful"]) == (
        "ladder-1", "1epochs", 40, True,
    )  # fmt: skip
    assert details["hyperparameters"] == list(importance.rows)
    assert details["curves"][OPTIMIZER][0] == {
        "value": "adam",
        "mean": importance.curves[OPTIMIZER].means[0],
        "deviation": importance.curves[OPTIMIZER].deviations[0],
    }
    text = repr(importance).splitlines()
    assert text[1].split() == [
        "hyperparameter",
        "trials",
        "importance",
        "R²",
        "best",
        "tenth",
        "trial",
        text[1].split()[-1],
    ]
    assert text[2].startswith(RATE)
    assert any(line.startswith(f"{RATE} & ") or line.endswith(f" & {RATE}") for line in text)
    assert "<th>hyperparameter</th>" in importance._repr_html_()
    pytest.importorskip("pandas")
    assert list(importance.frame()["hyperparameter"]) == [row["hyperparameter"] for row in importance]


def test_what_cannot_be_said_of_a_child_is_said(tmp_path):
    """Of the few trials of a rare option, there are too few."""
    space = aw.sequential(aw.optional(aw.conv2d(filters=[8, 16, 32], size=3)), aw.affine(units=[4, 8]), aw.affine(10))
    score, number = (lambda x: x["1.affine.units"] / 8 + next(number) / 1000), itertools.count()
    log_budgets(tmp_path / "log.duckdb", "rare-1", {"1epochs": 10}, score, space=space)
    importance = Run.read(tmp_path / "log.duckdb", "rare-1").importance()
    rows = {row["hyperparameter"]: row for row in importance}
    child = rows["0.either.conv2d.filters"]
    assert child["importance"] is None
    assert not child["meaningful"]
    assert "needs 6 trials" in repr(importance)
    assert "the shares for the best tenth say little where that is fewer than 5" in importance.remarks


def test_noise_is_said_to_be_noise(tmp_path):
    numbers = iter([0.3, 0.9, 0.1, 0.5, 0.7, 0.2, 0.8, 0.4, 0.6, 0.0] * 4)
    log_budgets(tmp_path / "log.duckdb", "noise-1", {"1epochs": 40}, lambda _: next(numbers))
    importance = Run.read(tmp_path / "log.duckdb", "noise-1").importance()
    assert not importance.is_meaningful
    assert any("its shares of the variance are not meaningful" in remark for remark in importance.remarks)
    assert ", not meaningful" in repr(importance)


def test_a_figure_is_drawn_on_the_axes_that_are_given(log):
    axes = Figure().subplots()
    importance = Run.read(log, "ladder-1").importance("1epochs")
    assert importance.plot(ax=axes) is axes
    assert axes.get_yticklabels()[0].get_text().startswith(f"{RATE} = ")
    for names, says in (("a", "names is 'a'; it must be a list"), ([["a"]], r"names is \['a'\]; it must be a list")):
        with pytest.raises(aw.errors.BadArgument, match=says):
            importance.plot("marginals", names=names)
    with pytest.raises(aw.errors.InvalidBudget):
        Run.read(log, "ladder-1").importance(9)


def test_a_budget_that_no_trial_has_is_named(log):
    with pytest.raises(
        aw.errors.BadArgument, match="which no trial of ladder-1 has had so far; there are 1epochs, 3ep"
    ):
        Run.read(log, "ladder-1").importance("5s")


def test_what_one_choice_picks_is_analysed_in_its_place(tmp_path):
    """A row of a table says two numbers, of which one matters."""
    rows = range(60)
    row = aw.shared("row", aw.values(*rows, ordered=False))
    decisive, other = [float(i * 37 % 60) for i in rows], [float(i * 23 % 60) for i in rows]
    space = aw.settings(x=aw.pick(decisive, row), y=aw.pick(other, row))
    table = aw.Table(lambda settings: settings["x"])
    run = aw.search(space, table, input=(3,), trials=40, log=tmp_path / "log.duckdb", progress=False)
    importance = run.importance()
    assert [line["hyperparameter"] for line in importance] == ["row.x", "row.y"]
    assert importance[0]["importance"] > 0.8 > 0.2 > importance[1]["importance"]
    assert importance[0]["incumbent"] == max(trial.score for trial in run.trials)
