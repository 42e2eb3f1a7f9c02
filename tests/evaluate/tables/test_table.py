"""A benchmark of a person's own, from outside the package: searched, and read again from the log by its kind."""

import json

import pytest
from attrs import evolve

import archwright as aw
from archwright.core.budget import Budget, parse_budgets
from archwright.core.ends import RunEnds
from archwright.core.input import features
from archwright.core.json import to_json
from archwright.core.setting import BadSetting
from archwright.evaluate.building import EVALUATION_KIND
from archwright.evaluate.evaluation import NotAnEvaluation
from archwright.evaluate.logged_evaluations import evaluation_to_json, read_evaluation
from archwright.evaluate.tables.table import require_rungs
from archwright.evaluate.tables.tabular import NotInTable
from archwright.search.named import SEARCHER_KIND
from archwright.search.running.runs import read_run, resume_run, start_run
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.permission import NotTrusted
from tests.evaluate.own_tables import CODE
from tests.search.instant import make_started


@pytest.fixture
def widths(tmp_path):
    (tmp_path / "own.py").write_text(CODE)
    return EVALUATION_KIND.find_class(f"{tmp_path / 'own.py'}:Widths")(table="none", scale=0.01)


def test_a_table_of_ones_own_is_searched_and_read_again_by_its_kind(tmp_path, widths):
    space, log = aw.affine(units=[1, 2, 3, 4]), DuckDBLog(tmp_path / "log.duckdb")
    data = evaluation_to_json(widths)
    assert data == {"kind": f"{tmp_path / 'own.py'}:Widths", "table": "none", "scale": 0.01}
    started = evolve(
        make_started(2, evaluator=json.loads(json.dumps(data))),
        space=to_json(space),
        input_shape=(5,),
        searcher=SEARCHER_KIND.to_json("random", {}),
        objective=widths.choose_objective(),
        budget=widths.usual_budget,
    )
    widths.check_space(space, features(5), None)
    assert start_run(log, "own", started, widths.open()).reason == "finished"
    logged = read_run(log, "own").started
    with pytest.raises(NotTrusted):
        read_evaluation(logged)
    again = read_evaluation(logged, trusted=True)
    assert again == widths
    assert resume_run(log, "own", again.open(), ends=RunEnds(trials=4)).reason == "finished"
    trials = read_run(log, "own").state.trials.values()
    assert len(trials) == 4
    assert {trial.score for trial in trials} <= {0.01, 0.02, 0.03, 0.04}


class LongOnes(aw.Table):
    """Results of one budget."""

    benchmark = "long ones"
    budgets = "9epochs"

    def load(self):
        """Nothing that would take time."""

    def require_architecture(self, architecture):
        """It has all of them."""

    def look_up(self, architecture, budget, seed):
        return aw.TableEntry({"accuracy": 0.5}, seconds=1.0)


def test_what_every_table_has_in_common_is_not_said_again(widths):
    assert widths.usual_budget == Budget(9, "epochs")
    assert (widths.uses_workers, widths.leaves_models, widths.reported_metrics) == (False, False, ())
    with pytest.raises(NotInTable, match="the budget is 5epochs; the table of widths has 3epochs and 9epochs"):
        widths.require_budget(Budget(5, "epochs"))
    budgets = parse_budgets("3epochs..27epochs")
    with pytest.raises(NotInTable) as refused:
        require_rungs(widths, budgets, budgets.list_rungs(2))
    assert str(refused.value) == (
        "the budget is 3epochs..27epochs, with the rungs 3epochs, 7epochs, 14epochs and 27epochs; the table of widths "
        "has 3epochs and 9epochs; write --budget 3epochs,9epochs, in Python budget='3epochs,9epochs'"
    )
    with pytest.raises(
        NotInTable, match=r"has 9epochs; write --budget 9epochs, .*, with a searcher that is no ladder$"
    ):
        require_rungs(LongOnes("none"), budgets, budgets.list_rungs(2))
    require_rungs(widths, parse_budgets("3epochs..9epochs"), parse_budgets("3epochs..9epochs").list_rungs(3))
    with pytest.raises(NotInTable, match="none has no results for this space: activation is no affine"):
        widths.check_space(aw.relu(), features(5), None)
    assert widths.for_retraining(aw.affine(2), data="digits").data == "digits"


def test_what_is_no_evaluation_is_refused(tmp_path, widths):
    assert widths is not None
    with pytest.raises(NotAnEvaluation, match="an evaluation is a frozen attrs class"):
        EVALUATION_KIND.find_class(f"{tmp_path / 'own.py'}:Other")


def test_a_setting_that_would_be_something_else_after_a_resume_is_refused(widths):
    with pytest.raises(
        BadSetting, match=r"table of the evaluation .*:Widths is \{1\}, and would be \{1\} when the run is"
    ):
        evaluation_to_json(evolve(widths, table={1}))
