"""What is said of a budget: nothing, where what scores the trials reads none."""

from pathlib import Path

import pytest
from attrs import evolve, frozen

import archwright as aw
from archwright.core.budget import Budget, BudgetList, InvalidBudget
from archwright.results.trial_table import tabulate_trials
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.log import START
from tests.cli.running import run_inline
from tests.studies.functions import INPUT

SPACE = aw.affine(units=[4, 8])


def ignore(model, report) -> float:
    del model
    for epoch in (1, 2):
        report(epoch, accuracy=epoch / 4)
    return 0.5


def spend(model, report, budget) -> float:
    del budget
    return ignore(model, report)


@pytest.mark.parametrize(("function", "is_read"), [(ignore, False), (spend, True)])
def test_a_budget_is_shown_only_where_the_function_reads_it(tmp_path, monkeypatch, capsys, function, is_read):
    """While it runs, also when it goes on, as a value, in a notebook, on the command line, and on a card."""
    monkeypatch.chdir(tmp_path)
    run = aw.search(SPACE, function, input=INPUT, trials=1, budget="7epochs" if is_read else None, workers=0)
    run = run.resume(trials="+1", workers=0)
    said = capsys.readouterr().out
    assert ("epoch 1/7  accuracy 0.2500" in said, "epoch 1  accuracy 0.2500" in said) == (is_read, not is_read)
    table = tabulate_trials(run.trials)
    assert (table["budget"], table["unit"]) == (([7.0] * 2, ["epochs"] * 2) if is_read else ([None] * 2, [None] * 2))
    assert (run.details()["budget"], run[0].details()["budget"]) == (("7epochs",) * 2 if is_read else (None, None))
    assert (run.budget, run[0].budget) == ((Budget(7, "epochs"),) * 2 if is_read else (None, None))
    assert run.sql("select budget, unit from trials")[0] == ((7.0, "epochs") if is_read else (None, None))
    proposal = run.at(1).replay()["next"]
    assert proposal is not None
    assert proposal["budget"] == ("7epochs" if is_read else None)
    run.best().export("folder")
    commands = (("show", run.name), ("show", run.name, "0"), ("replay", run.name, "--at", "1"))
    shown = [run_inline(tmp_path, *command).stdout for command in commands]
    assert "next: trial 0" in shown[-1]
    for text in (run[0]._repr_html_(), Path("folder/README.md").read_text(), *shown):
        assert ("7 epochs" in text, "epochs" in text) == (is_read, is_read)


@frozen
class Scores(aw.Table):
    """A table that has one score of each architecture, whatever is spent on it."""

    benchmark = "scores"
    reads_budget = False

    def load(self):
        """Nothing that would take time."""

    def require_budget(self, budget):
        """Any is as good."""

    def require_architecture(self, architecture):
        """It has all of them."""

    def look_up(self, architecture, budget, seed):
        return aw.TableEntry({"accuracy": architecture.units / 16}, seconds=1.0)


def test_a_table_that_reads_no_budget_says_so_in_its_log(tmp_path, monkeypatch, capsys, caplog):
    """Also where a log of before does not, with which the same search goes on."""
    monkeypatch.chdir(tmp_path)
    scores = Scores("none.npz")
    run = aw.search(SPACE, scores, input=INPUT, trials=1, budget="7epochs", name="a")
    assert [record.message for record in caplog.records] == [f"budget does nothing: {scores.description} reads none"]
    assert "7 epochs" not in capsys.readouterr().out
    assert (run.budget, run[0].budget, run.details()["budget"]) == (None, None, None)
    assert run.sql("select budget, unit from trials")[0] == (None, None)
    assert (run.fork(1).budget, run.resume(trials="+1").budget) == (None, None)

    started = run.view.run.started
    DuckDBLog(run.log).append("b", [evolve(started, reads_budget=True)], START)
    again = aw.search(SPACE, scores, input=INPUT, trials=1, budget="7epochs", name="b", resume=True)
    assert (len(again), again.budget) == (1, Budget(7, "epochs"))


def test_a_rule_that_never_hears_of_an_epoch_is_said_to_do_nothing(tmp_path, monkeypatch, caplog):
    """Also the one that a searcher brings; not where the function reports."""
    monkeypatch.chdir(tmp_path)
    silent = {"searcher": "asha,promotion=false", "budget": "1epochs..9epochs", "trials": 1, "workers": 0}
    aw.search(SPACE, score_alone, input=INPUT, **silent)
    aw.search(SPACE, score_alone, input=INPUT, stopping="median", trials=1, workers=0)
    assert len(caplog.messages) == 2
    assert all("the stopping rule does nothing: " in said and "no parameter report" in said for said in caplog.messages)
    aw.search(SPACE, spend, input=INPUT, **silent)
    assert len(caplog.messages) == 2


def test_a_promotion_that_is_to_be_fresh_is_said_to_do_nothing_where_there_is_none(tmp_path, monkeypatch, caplog):
    """It is no mistake of a log that has it, whose run goes on."""
    monkeypatch.chdir(tmp_path)
    stopping = aw.searchers.Asha(promotion=False, fresh=True)
    how = {"input": INPUT, "budget": "1epochs..9epochs", "trials": 1, "workers": 0}
    run = aw.search(SPACE, spend, searcher=stopping, **how)
    said = "fresh of the searcher asha does nothing: it is about promotions, and with promotion=false there are none; "
    assert caplog.messages == [f"{said}leave one of them out"]
    assert len(run.resume(trials="+1", workers=0)) == 2
    aw.compare(SPACE, spend, ["random", stopping], seeds=1, **how)
    assert [message.startswith(said) for message in caplog.messages].count(True) == 2
    caplog.clear()
    for silent in ("asha,promotion=false", "asha,fresh=true"):
        aw.search(SPACE, spend, searcher=silent, **how)
    assert caplog.messages == []


@pytest.mark.parametrize("several", [["1epochs", "9epochs"], ("1epochs", Budget(9, "epochs"))])
def test_a_list_of_budgets_is_one_wherever_budgets_are_given(tmp_path, several):
    """The same as its text: so a search, a study or a comparison of the one goes on with the other."""
    how = {"input": INPUT, "workers": 0, "log": tmp_path / "log", "progress": False}
    run = aw.search(SPACE, spend, searcher="asha", budget=several, trials=2, name="a", **how)
    assert run.budget == BudgetList(["1epochs", "9epochs"])
    again = aw.search(SPACE, spend, searcher="asha", budget="1epochs,9epochs", trials=3, name="a", resume=True, **how)
    assert len(again) == 3
    (row,) = aw.compare(SPACE, spend, ["asha"], budget=several, trials=2, seeds=1, **how)
    assert (row["by"], row["until"]) == ("trials", 2)
    for budget in (several, "1epochs,9epochs"):
        study = aw.study(SPACE, searcher="asha", budget=budget, input=INPUT, name="s", log=how["log"])
        assert study.run.budget == BudgetList(["1epochs", "9epochs"])
        study.close()


@pytest.mark.parametrize(
    ("several", "message"),
    [
        ([], "the budgets are none; write two or more"),
        (["9epochs", "1epochs"], "the budgets are 9epochs,1epochs; write two or more, the smallest first"),
        (["1epochs", 9], r"the budget is 9; write one such as Budget\(3, 'epochs'\), or '3epochs'"),
        ({"1epochs", "9epochs"}, r"budget is .*; in Python also \['12epochs', '200epochs'\]"),
    ],
)
def test_what_is_no_list_of_budgets_is_refused_before_anything_is_logged(tmp_path, several, message):
    with pytest.raises(InvalidBudget, match=message):
        aw.search(SPACE, spend, searcher="asha", budget=several, log=tmp_path / "log")
    assert not list(tmp_path.iterdir())


def score_alone(settings, budget) -> float:
    del settings, budget
    return 0.5
