"""An evaluation of a person's own in Python: by a text, as a value, as a class; and the run goes on in any way."""

from typing import ClassVar

import numpy as np
import pytest
from attrs import evolve, frozen

import archwright as aw
from archwright.evaluate.named_evaluations import load_own_evaluation, parse_evaluation
from archwright.execution.restoring import EvaluationDiffers
from archwright.store.configured import ExtensionFailed
from archwright.store.needed import (
    DataNeeded,
    EvaluationNeeded,
)
from archwright.store.parts import format_arguments, list_parts
from archwright.store.suggestions import format_needed_to_retrain
from tests.cli.running import run_command
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


SIZED = """
import archwright as aw

def score(architecture, settings):
    return architecture.units * settings["scale"]

sized = aw.function(score, settings={"scale": 2})
"""


def test_a_function_with_settings_in_a_file_is_found_by_other_processes(tmp_path, monkeypatch):
    """By the name of the function, whatever its settings are called."""
    monkeypatch.setenv("ARCHWRIGHT_CONFIG", str(tmp_path / "settings"))
    own = tmp_path / "own.py"
    own.write_text(SIZED)
    options = {"input": (5,), "log": tmp_path / "archwright.duckdb", "progress": False}
    run = aw.search(aw.affine(units=[1, 2, 3, 4]), f"{own}:sized", trials=2, **options)
    assert (run.evaluation["source"], run.evaluation["settings"]) == (f"{own}:score", {"scale": 2})
    assert "by_value" not in run.evaluation
    done = run_command(tmp_path, "resume", run.name, "--trials", "+1")
    assert done.returncode == 0, done.stderr
    assert {trial.score / trial.architecture.units for trial in run.refresh()} == {2}
    assert len(run.refresh()) == 3


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
    with pytest.raises(ExtensionFailed, match=r"Failing failed:(?s:.*)in load(?s:.*)KeyError: 'no such rows'"):
        aw.search(space, f"{own}:Failing,table=missing", trials=1, **options)
    run = aw.search(space, f"{own}:Failing,table=there", trials=4, **options)
    assert {trial.status for trial in run} == {"ok", "crashed"}
    assert all("ZeroDivisionError" in trial.error for trial in run if trial.status == "crashed")


SPACE = aw.affine(units=[1, 2, 3, 4])


def make_table(factor=1.0):
    """A class of evaluations as a notebook defines one: no other process can import it."""

    @frozen
    class Widths(aw.Table):
        benchmark: ClassVar[str] = "widths"
        budgets: ClassVar[str] = "3epochs"
        scale: float = 1.0

        def load(self):
            if self.table == "missing":
                raise KeyError("no such rows")

        def require_architecture(self, architecture):
            pass

        def look_up(self, architecture, budget, seed):
            return aw.TableEntry({"accuracy": factor * self.scale / (architecture.units - (self.table == "bad"))}, 1.0)

    return Widths


def test_a_value_of_a_class_that_no_log_holds_is_remembered_here_and_asked_for_elsewhere(tmp_path, caplog):
    widths = make_table()
    log = tmp_path / "archwright.duckdb"
    run = aw.search(SPACE, widths("none", scale=0.5), trials=2, input=(5,), log=log, progress=False)
    logged = run.view.run.started.evaluator
    assert logged["kind"] == f"{__name__}:make_table.<locals>.Widths"
    assert (logged["table"], logged["scale"]) == ("none", 0.5)
    assert "class Widths(aw.Table):" in logged["class_code"]["text"]
    assert len(run.resume(trials="+1", progress=False)) == 3
    other = aw.Log(log)[run.name]
    with pytest.raises(EvaluationNeeded, match=r"of the class .*Widths, which .*, evaluation=Widths, log="):
        other.resume(trials="+1", progress=False)
    with pytest.raises(EvaluationDiffers, match=r"the class itself, which gets them: evaluation=Widths"):
        other.resume(trials="+1", evaluation=make_table()("none"), progress=False)
    with pytest.raises(EvaluationDiffers, match="its own evaluation"):
        other.resume(trials="+1", evaluation=aw.Training, progress=False)
    with pytest.raises(
        EvaluationDiffers, match=r"its own evaluation, .*Widths; .* or begin a new run with builtins:int"
    ):
        other.resume(trials="+1", evaluation=int, progress=False)
    for given in (make_table()("none", scale=0.5), make_table()):
        other = other.resume(trials="+1", evaluation=given, progress=False)
    other = other.resume(trials="+1", progress=False)
    assert len(other) == 6
    assert "6 proposals, as the searcher" in str(other.refresh().verify())
    assert "has changed" not in caplog.text


def test_another_class_of_the_name_is_said_to_be_another(tmp_path, caplog):
    def make_other():
        @frozen
        class Widths(make_table()):
            pass

        return Widths

    run = aw.search(SPACE, make_table()("none"), trials=1, input=(5,), log=tmp_path / "a.duckdb", progress=False)
    run.resume(trials="+1", evaluation=make_other(), progress=False)
    assert "is another one than search-1 was begun with: its text has changed" in caplog.text


def test_a_function_without_a_text_is_known_in_its_own_process(tmp_path, caplog):
    names = {}
    exec("def score(architecture): return architecture.units / 4", names)
    options = {"workers": 0, "progress": False}
    run = aw.search(SPACE, names["score"], trials=1, input=(5,), log=tmp_path / "archwright.duckdb", **options)
    run = run.resume(trials="+1", **options).resume(trials="+1", evaluation=names["score"], **options)
    assert "not known" not in caplog.text
    aw.Log(run.log)[run.name].resume(trials="+1", evaluation=names["score"], **options)
    assert "whether the function __main__:score is the one" in caplog.text


def make_load(count):
    def load():
        return {"inputs": np.zeros((60, 4)), "labels": np.arange(60) % count}

    return load


def count_inputs(data):
    return len(data.train)


def test_a_function_of_data_is_remembered_here_and_asked_for_elsewhere(tmp_path, caplog):
    """Data that a run has by its name, or that it has not, is not given again."""
    options = {"workers": 0, "progress": False}
    log, space = tmp_path / "archwright.duckdb", aw.affine(units=[1, 2, 3, 4])
    run = aw.search(space, aw.function(count_inputs, data=make_load(3)), trials=1, log=log, **options)
    run = run.resume(trials="+1", **options).resume(trials="+1", data=make_load(3), **options)
    assert run.retrain(seeds=1, **options).resume(trials="+1", **options).status == "finished"
    with pytest.raises(DataNeeded):
        aw.Log(log)[run.name].resume(trials="+1", **options)
    with pytest.raises(
        EvaluationDiffers, match=r"its own data, .*load; leave data out, or begin a new run with digits"
    ):
        run.resume(trials="+1", data="digits", **options)
    assert "has changed" not in caplog.text
    again = aw.Log(log)[run.name].resume(trials="+1", data=lambda: make_load(3)(), **options)
    assert caplog.text.count("<lambda> is another one than search-1 was begun with, which is ") == 1
    assert len(again.resume(trials="+1", **options)) == 5
    assert caplog.text.count("is another one") == 1, "it is known by now"
    named = aw.search(space, aw.function(count_inputs, data="digits"), trials=1, log=log, **options)
    assert len(named.resume(trials="+1", data="digits", **options)) == 2
    with pytest.raises(EvaluationDiffers, match="its own data, digits"):
        named.resume(trials="+1", data=make_load(3), **options)
    none = aw.search(space, lambda seed: seed, trials=1, log=log, input=(4,), **options)
    with pytest.raises(EvaluationDiffers, match="no data"):
        none.resume(trials="+1", data=make_load(3), **options)


def test_what_a_preparation_in_this_process_raises_is_told_with_its_traceback(tmp_path):
    class Unprepared(aw.Training):
        def prepare(self, index, threads):
            raise KeyError("no such device")

    space = aw.affine(units=10)
    with pytest.raises(ExtensionFailed, match=r"Unprepared failed:(?s:.*)in prepare(?s:.*)KeyError: 'no such device'"):
        aw.search(space, Unprepared(), trials=1, workers=0, log=tmp_path / "archwright.duckdb", progress=False)


def test_what_is_needed_of_data_and_classes_follows_from_the_log():
    code, random = {"text": None, "sha256": "12"}, {"name": "random"}
    own = {"kind": "__main__:Own", "scale": 0.5, "data": "__main__:load", "class_code": code, "data_code": code}
    assert format_arguments(list_parts(own, random)) == {"evaluation": "Own", "data": "load"}
    assert format_needed_to_retrain(own) == {"evaluation": "Own(scale=0.5, data=load)"}
    parts = list_parts(own, random)
    assert {part.argument: part.words for part in parts} == {
        "evaluation": "the evaluation is of the class __main__:Own",
        "data": "the data is the function __main__:load",
    }
    assert {code.words: code.sha256 for part in parts for code in part.code} == {
        "the evaluation __main__:Own": "12",
        "the data function __main__:load": "12",
    }
    function = {"kind": "function", "source": "own.py:count", "data": "__main__:load", "data_code": code}
    assert format_arguments(list_parts(function, random)) == {"data": "load"}
    assert format_needed_to_retrain(function) == {"evaluation": "aw.function(count, data=load)"}
    training = {"kind": "training", "data": "__main__:load", "data_code": code}
    assert format_needed_to_retrain(training) == format_arguments(list_parts(training, random)) == {"data": "load"}
