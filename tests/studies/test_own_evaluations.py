"""An evaluation of a person's own in Python: by a text, as a value, as a class; and the run goes on in any way."""

import pytest
from attrs import evolve

import archwright as aw
from archwright.evaluate.building import EvaluationFailed
from archwright.evaluate.named_evaluations import load_own_evaluation, parse_evaluation
from archwright.execution.searching import EvaluationDiffers
from tests.evaluate.own_tables import CODE


@pytest.mark.parametrize("form", ["text", "value", "named value"])
def test_the_run_of_an_evaluation_of_ones_own_goes_on_where_it_was_begun(tmp_path, monkeypatch, form):
    monkeypatch.setenv("ARCHWRIGHT_CONFIG", str(tmp_path / "settings"))
    own = tmp_path / "own.py"
    own.write_text(CODE)
    text = f"{own}:Widths,table=none,scale=0.5"
    value = load_own_evaluation(parse_evaluation(text))
    evaluation = {"text": text, "value": value, "named value": f"{own}:widths,scale=0.5"}[form]
    options = {"input": (5,), "log": tmp_path / "archwright.duckdb", "progress": False}
    run = aw.search(aw.affine(units=[1, 2, 3, 4]), evaluation, trials=3, **options)
    assert run.view.run.started.evaluator == {"kind": f"{own}:Widths", "table": "none", "scale": 0.5}
    run = run.resume(trials="+2", progress=False)
    again = aw.Log(options["log"])[run.name].resume(trials="+1", evaluation=value, progress=False)
    assert len(again.trials) == 6
    assert {trial.score for trial in again.trials} <= {0.5, 1.0, 1.5, 2.0}
    with pytest.raises(EvaluationDiffers):
        again.resume(trials="+1", evaluation=evolve(value, scale=2.0), progress=False)


FAILING = (
    CODE
    + """
@frozen
class Failing(Widths):
    def load(self):
        if self.table == "missing":
            raise KeyError("no such rows")

    def look_up(self, architecture, budget, seed):
        return TableEntry({"accuracy": 1 / (architecture.units - 1)}, 2.0)
"""
)


def test_what_a_table_of_ones_own_raises_is_told_with_its_traceback(tmp_path, monkeypatch):
    """Before the search where it is loaded, and as a trial's end where a result is looked up."""
    monkeypatch.setenv("ARCHWRIGHT_CONFIG", str(tmp_path / "settings"))
    own = tmp_path / "own.py"
    own.write_text(FAILING)
    space, options = aw.affine(units=[1, 2, 3, 4]), {"input": (5,), "log": tmp_path / "a.duckdb", "progress": False}
    with pytest.raises(EvaluationFailed, match=r"Failing failed:(?s:.*)in load(?s:.*)KeyError: 'no such rows'"):
        aw.search(space, f"{own}:Failing,table=missing", trials=1, **options)
    run = aw.search(space, f"{own}:Failing,table=there", trials=4, **options)
    assert {trial.status for trial in run} == {"ok", "crashed"}
    assert all("ZeroDivisionError" in trial.error for trial in run if trial.status == "crashed")
