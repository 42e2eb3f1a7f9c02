"""Functions that are looked up as tables are: without workers, and with simulated time."""

import sys

import pytest

import archwright as aw
from archwright.core.budget import Budget
from archwright.core.protocols import AttemptResult, Job, Report
from archwright.evaluate.functions.callables import wrap_callable
from archwright.evaluate.functions.evaluation import Function
from archwright.evaluate.functions.signature import NotCallable, WrongParameters

NINE = Budget(9, "epochs")


def evaluate(evaluation: Function, budget: Budget = NINE, **fields) -> list:
    """The messages about one job."""
    with_input = evaluation.complete(evaluation.describe_function())
    evaluator = with_input.open()
    evaluator.submit(Job(0, 1, aw.affine(4), budget, 7, **fields))
    return list(evaluator.collect(0.0))


def curve(architecture, budget, seed, report):
    report(1, accuracy=0.1)
    return {"accuracy": architecture.units / 10 + seed, "seconds": budget.amount**2}


def test_a_function_says_its_seconds():
    """By a metric; those of a larger budget are what it adds, where the function can go on."""
    report, result = evaluate(aw.Table(curve))
    assert report == Report(0, 1, 1, {"accuracy": 0.1})
    assert result == AttemptResult(0, 1, "ok", {"accuracy": 7.4, "seconds": 81.0}, 81.0)
    three = {"continues": 0, "continued_budget": Budget(3, "epochs")}
    assert evaluate(aw.Table(curve), **three)[-1].seconds == 81
    assert evaluate(aw.Table(curve, can_continue=True), **three)[-1].seconds == 81 - 9


def test_without_seconds_of_its_own_a_unit_of_the_budget_takes_one():
    def read_budget(budget):
        return 0.5 * budget.amount

    def read_none(seed):
        return seed

    assert evaluate(aw.Table(read_budget))[-1].seconds == 9
    assert evaluate(aw.Table(read_none))[-1].seconds == 1
    three = {"continues": 0, "continued_budget": Budget(3, "epochs")}
    assert evaluate(aw.Table(read_budget, can_continue=True), **three)[-1].seconds == 6


@pytest.mark.parametrize(
    ("function", "status", "error"),
    [
        (lambda seed: seed / 0, "crashed", "ZeroDivisionError"),
        (lambda seed: f"much {seed}", "crashed", "the score is 'much 7'"),
        (lambda seed: {"accuracy": seed, "seconds": -2.0}, "crashed", "the seconds of a training are -2.0"),
        (lambda seed: sys.exit(f"enough of {seed}"), "crashed", "SystemExit: enough of 7"),
    ],
)
def test_what_a_function_raises_is_the_end_of_a_trial(function, status, error):
    (result,) = evaluate(aw.Table(function))
    assert (result.status, result.seconds) == (status, 0.0)
    assert error in result.error


def test_a_decorator_says_that_a_function_is_a_table():
    @aw.score("regret", minimize=True, table=True, can_continue=True)
    def regret(seed):
        return seed

    @aw.score("regret", minimize=True)
    def trained(seed):
        return seed

    evaluation = wrap_callable(regret)
    assert (evaluation.is_table, evaluation.can_continue, evaluation.uses_workers) == (True, True, False)
    assert evaluation.reported_metrics == ()
    other = wrap_callable(trained)
    assert (other.is_table, other.can_continue, other.uses_workers) == (False, False, True)
    assert other.describe_function().table == {}
    assert evaluation.describe_function().table == {"is_table": True, "can_continue": True}


def test_what_trains_models_is_no_table():
    def train(model, data):
        return model(data)

    table = aw.Table(train, data="digits")
    with pytest.raises(WrongParameters, match=r"train reads model, data, and is said to be a table"):
        table.with_input(aw.features(64)).open()

    def go_on(checkpoint):
        return checkpoint.load()

    with pytest.raises(
        WrongParameters, match=r"go_on has a parameter checkpoint, and is said to be a table.*can_contin"
    ):
        aw.Table(go_on).with_input(aw.features(64)).open()
    with pytest.raises(NotCallable, match=r"Table is given 'units.json', and takes a function"):
        aw.Table("units.json")
