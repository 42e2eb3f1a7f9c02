"""What a notebook or a script has defined again, with the text that it had, is found in its `__main__`."""

import linecache
import sys
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import pytest
from attrs import evolve

import archwright as aw
from archwright.execution.given_values import GivenValues
from archwright.store.main_module import find_in_main, has_other_text, is_in_main
from archwright.store.needed import DataNeeded, EvaluationNeeded, ExtensionNeeded, FunctionNeeded
from archwright.store.origins import hash_source
from tests.cli.running import TIMEOUT_SECONDS
from tests.studies.killable_script import DEFINITIONS, StartedScript

HERE: dict[str, Any] = {"workers": 0, "progress": False}
CELLS = """
from functools import partial
from typing import Any, ClassVar

from attrs import frozen

import archwright as aw
from archwright.core.setting import number_setting
from archwright.search.searcher import searcher_setting

@aw.module
class Same(aw.Basic):
    def out_shape(self, in_shape):
        return in_shape

    def compile(self, in_shape):
        from torch import nn

        return nn.Identity()

def score(seed, report, scale=1.0):
    report(1, accuracy=scale * (seed % 97) / 97)
    return scale * (seed % 97) / 97

class Scorer:
    def __call__(self, seed):
        return 0.5

    def score(self, seed):
        return 0.5

@frozen
class Narrow(aw.searchers.RandomSearch):
    name: ClassVar[str] = "narrow"
    skipped: float = number_setting(0.0, meaning="what it is compared by")

@frozen
class Through:
    name: ClassVar[str] = "through"
    sampler: Any = searcher_setting(aw.searchers.RandomSearch(), meaning="what proposes")

    def start(self, problem):
        return self.sampler.start(problem)

    def propose(self, state, trial, uniform):
        return self.sampler.propose(state, trial, uniform)

    def adopt(self, state, proposal):
        return self.sampler.adopt(state, proposal)

    def tell(self, state, outcome, uniform):
        return self.sampler.tell(state, outcome, uniform)

@frozen
class AtLeast:
    name: ClassVar[str] = "at-least"
    least: float = 0.3

    def start(self, objective):
        return {}

    def fold(self, values, news):
        return {**values, news.trial: news.value} if isinstance(news, aw.ValueReported) else values

    def find_stop_reason(self, values, trial):
        return "less than that" if values[trial] < self.least else ""

space = aw.sequential(aw.affine([8, 16, 32]), Same(), aw.affine(2))
"""


@pytest.fixture
def run_cells(tmp_path, monkeypatch) -> Callable[[str], Any]:
    """Makes a `__main__` of this process, as a kernel that was restarted has it, by code that is run in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARCHWRIGHT_CONFIG", str(tmp_path / "settings"))

    def run(code: str) -> ModuleType:
        (file := tmp_path / "cells.py").write_text(code)
        linecache.checkcache()
        main = ModuleType("__main__")
        main.__file__ = str(file)
        monkeypatch.setitem(sys.modules, "__main__", main)
        exec(compile(code, str(file), "exec"), vars(main))
        return main

    return run


def begin(main: Any, evaluation: Any = None, **options: Any) -> aw.Run:
    usual = {"trials": 3, "input": aw.features(4), "name": "mine"} | HERE
    return aw.search(main.space, main.score if evaluation is None else evaluation, **usual | options)


@pytest.mark.parametrize("nested", [False, True])
def test_a_kernel_that_was_restarted_goes_on_without_being_given_anything(run_cells, nested, caplog, capsys):
    """All that begins from a name, with a function, a searcher, a rule and a kind of module of the kernel."""
    main = run_cells(CELLS)
    searcher = main.Narrow(skipped=0.5)
    searcher = main.Through(sampler=searcher) if nested else searcher
    begin(main, searcher=searcher, stopping=main.AtLeast(least=0.5))
    whole = begin(main, searcher=searcher, stopping=main.AtLeast(least=0.5), trials=5, name="whole")
    run_cells(CELLS)
    run = aw.resume("mine", trials="+2", **HERE | {"progress": True})
    assert "in the log" not in capsys.readouterr().out, "nothing was asked for"
    assert [(t.path, t.score, t.stopped) for t in run] == [(t.path, t.score, t.stopped) for t in whole]
    log = aw.Log("archwright.duckdb")
    assert log["mine"].verify()
    assert log["mine"].at(9).verify()
    assert log["mine"].resume(trials="+1", **HERE).searcher == run.searcher
    assert len(aw.fork("mine", at=9, trials=4).resume(**HERE)) == 4
    assert aw.retrain("mine", "best", seeds=1, **HERE).resume(trials="+1", **HERE).status == "finished"
    assert not caplog.records
    assert "Same" in repr(log["mine"].best().architecture)
    assert log["mine"].best().export("model", untrained=True).files


def test_a_study_goes_on_with_the_searcher_of_a_kernel_that_was_restarted(run_cells):
    main = run_cells(CELLS)
    with aw.study(main.space, searcher=main.Narrow(skipped=0.5), input=aw.features(4), name="mine") as study:
        study.tell(study.ask(), 0.5)
    del study
    run_cells(CELLS)
    with aw.study(name="mine") as study:
        assert study.ask().trial == 1
        assert (type(study.searcher).__module__, study.searcher.skipped) == ("__main__", 0.5)  # type: ignore[attr-defined]
    del study
    run_cells(CELLS.replace('"narrow"', '"another"'))
    words = r"searcher is __main__:Narrow, which .* this process has as __main__:Narrow has another text .*aw\.study\("
    with pytest.raises(ExtensionNeeded, match=words):
        aw.study(name="mine")


def test_what_has_another_text_by_now_is_given_on_purpose(run_cells, caplog):
    """The error says so, and the call that does; then it is said that it is another one."""
    begin(main := run_cells(CELLS), searcher=main.Narrow(), stopping=main.AtLeast())
    main = run_cells(CELLS.replace("% 97", "% 89"))
    words = (
        r"the evaluation is the function __main__:score, which no other process can import; what this process has as "
        r"__main__:score has another text than the run was begun with; put back what it was, or give it on purpose: "
        r"aw\.resume\('mine', evaluation=score, searcher=Narrow, stopping=AtLeast\)$"
    )
    with pytest.raises(FunctionNeeded, match=words):
        aw.resume("mine", trials="+1", **HERE)
    with pytest.raises(FunctionNeeded, match=r"on purpose: aw\.retrain\('mine', \d, evaluation=score\)$"):
        aw.retrain("mine", "best", **HERE)
    assert len(aw.resume("mine", trials="+1", evaluation=main.score, **HERE)) == 4
    assert [record.getMessage() for record in caplog.records] == [
        "the function __main__:score is another one than mine was begun with: its text has changed"
    ]
    caplog.clear()
    main = run_cells(CELLS.replace("less than", "still less than").replace('"narrow"', '"another"'))
    words = r"as __main__:Narrow and __main__:AtLeast has another text .* or give them on purpose: aw\.resume\("
    with pytest.raises(ExtensionNeeded, match=words):
        aw.resume("mine", trials="+1", **HERE)
    words = r"give it on purpose: aw\.Log\('archwright\.duckdb'\)\['mine'\]\.verify\(searcher=Narrow\)$"
    with pytest.raises(ExtensionNeeded, match=words):
        aw.Log("archwright.duckdb")["mine"].verify()
    assert aw.Log("archwright.duckdb")["mine"].verify(main.Narrow)
    assert len(aw.resume("mine", trials="+1", searcher=main.Narrow, stopping=main.AtLeast, **HERE)) == 5
    assert sum("its text has changed" in record.getMessage() for record in caplog.records) == 3


def test_what_is_not_there_is_asked_for(run_cells):
    begin(main := run_cells(CELLS), searcher=main.Narrow())
    run_cells(CELLS.split("def score", maxsplit=1)[0])
    words = r"define them again in Python and give them: aw\.resume\('mine', evaluation=score, searcher=Narrow\)$"
    with pytest.raises(FunctionNeeded, match=words):
        aw.resume("mine", trials="+1", **HERE)


FORMS: dict[str, Callable[[Any], Any]] = {
    "partial": lambda main: main.partial(main.score, scale=0.5),
    "method": lambda main: main.Scorer().score,
    "object": lambda main: main.Scorer(),
}


@pytest.mark.parametrize("form", FORMS)
def test_what_stands_for_more_than_its_name_is_asked_for(run_cells, form):
    """The log does not hold the rest, as of the arguments of a partial: the function alone is another evaluation."""
    begin(main := run_cells(CELLS), FORMS[form](main))
    main = run_cells(CELLS)
    with pytest.raises(FunctionNeeded, match=r"define it again in Python and give it"):
        aw.resume("mine", trials="+1", **HERE)
    again = aw.resume("mine", trials="+1", evaluation=FORMS[form](main), **HERE)
    assert again[3].score is not None
    assert again[3].score <= 0.5


def test_a_log_from_before_functions_were_found_there_asks_for_them(run_cells):
    """It does not say whether the function itself had the name."""
    run = begin(main := run_cells(CELLS))
    started, usual = run.view.run.started, GivenValues()
    assert usual.complete(started, str).evaluation.target is main.score  # type: ignore[union-attr]
    former = {name: value for name, value in started.evaluator.items() if name != "in_main"}
    with pytest.raises(FunctionNeeded, match="define it again in Python and give it"):
        usual.complete(evolve(started, evaluator=former), str)


def test_names_are_looked_up_as_they_are_written(run_cells):
    main = run_cells("class Outer:\n    def inner(self): ...\n\ndef f(): return lambda: 0\n\ng = f()\nh = f\n")
    text = "def f(): return lambda: 0\n"
    assert find_in_main("__main__:f", hash_source(text)) is main.f
    assert find_in_main("__main__:h", hash_source(text)) is main.f
    assert find_in_main("__main__:Outer.inner", hash_source("    def inner(self): ...\n")) is main.Outer.inner
    for source in ("__main__:f.<locals>.<lambda>", "__main__:none", "__main__:", "main:f", "own.py:f", "f"):
        assert find_in_main(source, hash_source(text)) is None
        assert not has_other_text(source, "0")
        assert not is_in_main(source, main.f)
    assert find_in_main("__main__:f", None) is None
    assert not has_other_text("__main__:f", None)
    assert has_other_text("__main__:f", "0")
    assert is_in_main("__main__:h", main.f)
    assert not is_in_main("__main__:none", None)


SCRIPT = f"""{DEFINITIONS}
if __name__ == "__main__":
    if Path("archwright.duckdb").exists():
        run = aw.resume(workers=2)
    else:
        run = aw.search(space, evaluate, searcher=Own(), trials=6, workers=2)
    print(run, [trial.status for trial in run], aw.Log("archwright.duckdb").last.verify())
"""
OTHER_SCRIPT = """
import archwright as aw
from script import Own, evaluate

if __name__ == "__main__":
    print(aw.resume(trials="+1"), aw.Log("archwright.duckdb").last.verify())
"""


@pytest.mark.slow
def test_a_script_that_is_killed_resumes_with_what_it_defines(tmp_path):
    """SIGKILL within its trials; so does another script that imports the same from it."""
    (tmp_path / "script.py").write_text(SCRIPT)
    (tmp_path / "other.py").write_text(OTHER_SCRIPT)
    with StartedScript(tmp_path) as script:
        script.wait_for("accuracy", times=2)
        script.kill()
        script.wait(TIMEOUT_SECONDS)
    (tmp_path / "go").touch()
    for name, words in (("script.py", "6 of 6 trials"), ("other.py", "7 of 7 trials")):
        with StartedScript(tmp_path, name) as script:
            out, err = script.wait_to_end()
        assert (script.returncode, err) == (0, ""), out + err
        assert words in out.splitlines()[-1]
        assert "as the searcher makes them" in out.splitlines()[-1]
    assert [trial.status for trial in aw.Log(tmp_path / "archwright.duckdb").last] == ["ok"] * 7


EVALUATION_CELLS = """
from typing import ClassVar

import numpy as np
from attrs import frozen

import archwright as aw

def load():
    return {"inputs": np.zeros((60, 4)), "labels": np.arange(60) % 3}

def count(data):
    return len(data.train)

@frozen
class Widths(aw.Table):
    benchmark: ClassVar[str] = "widths"
    budgets: ClassVar[str] = "3epochs"
    scale: float = 1.0

    def load(self):
        pass

    def require_architecture(self, architecture):
        pass

    def look_up(self, architecture, budget, seed):
        return aw.TableEntry({"accuracy": self.scale / architecture.units}, 1.0)

space = aw.affine(units=[1, 2, 3, 4])
"""


def test_data_and_a_class_of_evaluations_are_found_in_main_by_their_text(run_cells, caplog):
    """One that is no more what it was is asked for, as one is that was not itself there by its name."""
    main = run_cells(EVALUATION_CELLS)
    aw.search(main.space, main.Widths("none", scale=0.5), trials=1, input=(4,), name="table", progress=False)
    aw.search(main.space, aw.function(main.count, data=main.load), trials=1, name="data", **HERE)
    aw.search(main.space, aw.function(main.count, data=partial(main.load)), trials=1, name="partial", **HERE)
    run_cells(EVALUATION_CELLS)
    again = aw.resume("table", trials="+1", progress=False)
    assert [trial.score * 2 * trial.architecture.units for trial in again] == [1.0, 1.0]
    counted = aw.resume("data", trials="+1", **HERE)
    assert len(counted) == 2
    assert counted.retrain(seeds=1, **HERE).status == "finished"
    with pytest.raises(DataNeeded, match=r"aw\.resume\('partial', evaluation=count, data=load\)$"):
        aw.resume("partial", trials="+1", **HERE)
    assert not caplog.records
    run_cells(EVALUATION_CELLS.replace("% 3", "% 2").replace("self.scale /", "1 /"))
    with pytest.raises(EvaluationNeeded, match="what this process has as __main__:Widths has another text"):
        aw.resume("table", trials="+1", progress=False)
    with pytest.raises(DataNeeded, match="what this process has as __main__:load has another text"):
        aw.resume("data", trials="+1", **HERE)


def test_a_class_in_main_is_found_where_other_data_is_trained_on(run_cells, caplog):
    """It says what trains there; where it is gone, the call that gives it has the data too."""
    main = run_cells(EVALUATION_CELLS)
    options = {"seeds": 1, "budget": "1epochs", **HERE}
    space = aw.affine(units=3, bias=[True, False])
    aw.search(space, main.Widths("none"), trials=1, input=(4,), name="table", progress=False)
    run_cells(EVALUATION_CELLS)
    assert aw.retrain("table", data=main.load, **options)[0].status == "ok"
    assert not caplog.records
    run_cells("")
    for data, written in (("digits", "'digits'"), (main.load, "load")):
        call = rf"give it: aw\.retrain\('table', 0, evaluation=Widths, data={written}\)$"
        with pytest.raises(EvaluationNeeded, match=call):
            aw.retrain("table", data=data, **options)


def test_a_comparison_says_that_data_and_a_class_are_other_ones_than_they_were(run_cells, caplog):
    for code in (EVALUATION_CELLS, EVALUATION_CELLS.replace("np.zeros", "np.ones").replace("self.scale /", "1 /")):
        main = run_cells(code)
        options = {"searchers": ["random"], "seeds": 1, "trials": 1, "progress": False}
        aw.compare(main.space, main.Widths("none"), input=(4,), name="tables", **options)
        aw.compare(main.space, aw.function(main.count, data=main.load), name="data", workers=0, **options)
    assert [record.getMessage().partition(" is another one")[0] for record in caplog.records] == [
        "the evaluation __main__:Widths",
        "the data function __main__:load",
    ]
