"""What no other process can import is remembered in its process, and asked for in others."""

from io import StringIO
from typing import Any, ClassVar

import pytest
from attrs import frozen
from rich.console import Console

import archwright as aw
from archwright.core.setting import number_setting
from archwright.evaluate.functions.signature import WrongParameters
from archwright.execution import surfaces
from archwright.execution.options import Narration
from archwright.execution.restoring import EvaluationDiffers
from archwright.search.logged_extensions import OtherExtension
from archwright.search.named import NotASearcher
from archwright.search.searchers.random_search import RandomSearch
from archwright.store.needed import ExtensionNeeded, FunctionNeeded
from archwright.store.origins import name_class
from archwright.store.parts import format_arguments, format_definition, list_parts
from archwright.studies.ask_tell import Study
from tests.search.own_rules import define_rule
from tests.search.own_searchers import define_drawn, define_through

SPACE = aw.sequential(aw.affine([8, 16, 32]), aw.affine(2))
HERE: dict[str, Any] = {"workers": 0, "progress": False}


def define_searchers() -> tuple[type, type]:
    """As of a notebook: a searcher, and one that asks another one."""
    return define_drawn(), define_through()


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARCHWRIGHT_CONFIG", str(tmp_path / "settings"))


def search(searcher: Any = "random", **options) -> aw.Run:
    def evaluate(seed, report):
        report(1, accuracy=seed % 97 / 97)
        return seed % 97 / 97

    usual = {"trials": 3, "input": aw.features(4)} | HERE
    return aw.search(SPACE, evaluate, searcher=searcher, **usual | options)


def read_again(run: aw.Run) -> aw.Run:
    """As another process has it."""
    return aw.Log(run.log)[run.name]


def test_a_run_goes_on_with_what_its_process_was_given():
    drawn, _ = define_searchers()
    run = search(drawn(skipped=0.5), stopping=define_rule()(least=0.3))
    whole = search(drawn(skipped=0.5), stopping=define_rule()(least=0.3), trials=7, name="whole")
    again = run.resume(trials="+2", **HERE).refresh().resume(trials="+2", **HERE)
    assert [(trial.choices, trial.stopped) for trial in again] == [(trial.choices, trial.stopped) for trial in whole]
    assert again.verify()
    assert again.at(9).verify()
    fork = run.fork(9, trials="+1")
    assert fork.resume(**HERE).verify()
    assert len(run.fork(9, searcher="mcts").resume(**HERE)) == 3
    assert run.fork(9, searcher=drawn(skipped=0.25)).resume(**HERE).searcher["skipped"] == 0.25
    assert run.retrain(seeds=1, **HERE).resume(trials="+1", **HERE).status == "finished"
    assert aw.resume(run, trials=4, **HERE).status == "finished"


def test_one_that_holds_another_one_is_remembered_and_given_again(caplog):
    drawn, through = define_searchers()
    run = search(through(sampler=drawn(skipped=0.5)))
    assert len(run.resume(trials="+1", **HERE)) == 4
    read = read_again(run)
    call = (
        r"aw\.resume\('search-1', evaluation=evaluate, "
        r"searcher=Through\(sampler=Drawn\(replacement=True, skipped=0\.5\)\)\)$"
    )
    with pytest.raises(FunctionNeeded, match=call):
        read.resume(trials="+1", **HERE)
    given = {"evaluation": run.given.evaluation.target, "trials": "+1"}  # type: ignore[union-attr]
    with pytest.raises(ExtensionNeeded, match=r"give a value of it, and not the class: searcher=Through\(sampler="):
        read.resume(searcher=through, **given, **HERE)
    with pytest.raises(OtherExtension):
        read.resume(searcher=through(sampler=drawn(skipped=0.25)), **given, **HERE)
    other_drawn, other_through = define_searchers()
    resumed = read.resume(searcher=other_through(sampler=other_drawn(skipped=0.5)), **given, **HERE)
    assert len(resumed.resume(trials="+1", **HERE)) == 6
    assert not caplog.records


def test_a_class_that_is_given_again_is_held_against_the_log_by_its_name():
    drawn, _ = define_searchers()

    @frozen
    class Last(RandomSearch):
        name: ClassVar[str] = "last"

    for searcher, same in (("random", RandomSearch), (drawn(), drawn)):
        run = search(searcher)
        given: Any = {"evaluation": run.given.evaluation, "trials": "+1"} | HERE
        for other in (Last, Last(), aw.searchers.Mcts):
            with pytest.raises(OtherExtension, match=r"the run has the searcher .*; give that one, or fork the run"):
                read_again(run).resume(searcher=other, **given)
        with pytest.raises(NotASearcher, match=r"^builtins:int is <class 'int'>, and it has no"):
            read_again(run).resume(searcher=int, **given)
        assert read_again(run).resume(searcher=same, **given).verify(same)


def test_settings_of_a_function_that_is_given_again_are_those_of_the_log_or_refused():
    def evaluate(settings, seed):
        return settings["rate"] * (seed % 97)

    def make_scored():
        return aw.score("loss")(lambda settings: settings["rate"])

    evaluation = aw.function(evaluate, settings={"rate": 1.0})
    run = aw.search(SPACE, evaluation, trials=1, input=aw.features(4), **HERE)
    others = [
        (
            aw.function(evaluate, settings={"rate": 5.0}),
            r"goes on with {'rate': 1\.0} as settings of .*evaluation=evaluate",
        ),
        (aw.function(evaluate, device="cuda"), "'auto' as device of .*not with 'cuda'"),
        (aw.function(evaluate, threads=2), "0 as threads"),
        (aw.function(evaluate, data_dir="other"), "None as data_dir"),
        (aw.function(evaluate, data="digits"), "goes on with no data"),
        (make_scored(), "whose score is to maximize accuracy, and that of .* is to minimize loss"),
    ]
    for other, says in others:
        with pytest.raises(EvaluationDiffers, match=says):
            read_again(run).resume(evaluation=other, trials="+1", **HERE)
    for same in (evaluate, evaluation):
        run = read_again(run).resume(evaluation=same, trials="+1", **HERE)
    assert len(run) == 3
    scored = aw.search(
        SPACE, aw.function(make_scored(), settings={"rate": 1.0}), trials=1, input=aw.features(4), **HERE
    )
    assert len(read_again(scored).resume(evaluation=make_scored(), trials="+1", **HERE)) == 2


def test_a_function_of_another_name_is_said_to_be_another(caplog):
    """With both names; and one that cannot be called as the first one could, by its own."""

    def first():
        return 0.5

    def second():
        return 0.5

    run = read_again(aw.search(SPACE, first, trials=1, input=aw.features(4), **HERE))
    with pytest.raises(WrongParameters, match=r"^builtins:len has the parameter obj"):
        run.resume(evaluation=len, trials="+1", **HERE)
    run.resume(evaluation=second, trials="+1", **HERE)
    assert f"second is another one than {run.name} was begun with, which is {__name__}:" in caplog.text
    assert "has changed" not in caplog.text


def test_the_text_of_one_within_another_one_may_have_changed(caplog):
    """It is said, and the run goes on."""
    drawn, through = define_searchers()
    run = search(through(sampler=drawn()))

    @frozen
    class Drawn(RandomSearch):
        name: ClassVar[str] = "drawn"
        skipped: float = number_setting(0.0, meaning="another text")

    again = read_again(run)
    again.resume(searcher=through(sampler=Drawn()), evaluation=lambda: 0.5, trials="+1", **HERE)
    assert "the searcher" in caplog.text
    assert "is another one than the run was begun with: its text has changed" in caplog.text


TYPED = """
def evaluate(report):
    report(1, accuracy=0.5)
    return 0.5

@frozen
class Drawn(RandomSearch):
    name: ClassVar[str] = "drawn"

@frozen
class Never(MedianRule):
    name: ClassVar[str] = "never"
"""


def test_of_what_has_no_text_it_is_said_that_nobody_knows(caplog):
    """Of a searcher and a rule as of a function, and not in the process that has had them."""
    typed: dict[str, Any] = {"__name__": "typed", "ClassVar": ClassVar, "frozen": frozen}
    exec(TYPED, typed | {"RandomSearch": RandomSearch, "MedianRule": aw.MedianRule}, typed)
    evaluate, drawn, never = (typed[name] for name in ("evaluate", "Drawn", "Never"))
    run = aw.search(SPACE, evaluate, searcher=drawn(), stopping=never(), trials=1, input=aw.features(4), **HERE)
    run = run.resume(trials="+1", **HERE).resume(trials="+1", searcher=drawn, **HERE)
    assert run.verify()
    assert not caplog.records
    read_again(run).resume(evaluation=evaluate, searcher=drawn, stopping=never, trials="+1", **HERE)
    assert [record.getMessage() for record in caplog.records] == [
        "whether the function typed:evaluate is the one that search-1 was begun with is not known",
        "whether the searcher typed:Drawn,replacement=true is the one that the run was begun with is not known",
        "whether the stopping rule typed:Never,warmup=1,startup=5 is the one that the run was begun with is not known",
    ]


@pytest.mark.parametrize("surface", ["plain", "terminal", "notebook"])
def test_what_is_given_again_is_said_to_be_the_same_wherever_a_run_is_shown(surface, monkeypatch):
    """Once, and not what its process has had already."""
    output = StringIO()
    console = Console(file=output, force_terminal=surface == "terminal", width=500, color_system=None, highlight=False)
    monkeypatch.setattr(surfaces, "is_notebook_kernel", lambda: surface == "notebook")
    monkeypatch.setattr(surfaces, "_show_in_cell", lambda _: lambda _: None)
    here: Any = {"workers": 0, "progress": Narration(console)}
    shown = here | {"trials": "+1"}

    drawn, _ = define_searchers()
    run = search(drawn(), stopping=define_rule()(least=0.0)).resume(**shown)
    run = run.resume(evaluation=run.given.evaluation, searcher=drawn, **shown)
    assert "in the log" not in output.getvalue()
    other_drawn, _ = define_searchers()
    given = {"evaluation": search(name="other").given.evaluation, "searcher": other_drawn, "stopping": define_rule()}
    read_again(run).resume(**given, **shown).resume(**shown)
    (line,) = (line for line in output.getvalue().splitlines() if "in the log" in line)
    assert line.endswith(
        f"the evaluation is the function {__name__}:search.<locals>.evaluate and the searcher is {name_class(drawn)} "
        f"and the stopping rule is {name_class(given['stopping'])}, with the same texts as in the log"
    )
    output.truncate(0)
    read_again(run).resume(**given | {"evaluation": lambda: 0.5}, **shown)
    assert "the searcher is" in output.getvalue()
    assert "the evaluation is" not in output.getvalue()
    output.truncate(0)
    read_again(run).retrain(evaluation=given["evaluation"], seeds=1, **here)
    assert "evaluate, with the same text as in the log" in output.getvalue()


def test_what_is_asked_for_is_a_call_that_works(capsys):
    """All that another process needs, by the person's own names; where it is to do something else, that."""
    drawn, _ = define_searchers()
    at_least = define_rule()
    run = search(drawn(), stopping=at_least(), progress=True)
    read = read_again(run)
    read.resume(**HERE | {"progress": True})
    going_on = "aw.resume('search-1', trials='+16', evaluation=evaluate, searcher=Drawn, stopping=AtLeast)"
    assert f"to go on: {going_on}" in capsys.readouterr().out
    with pytest.raises(aw.errors.DefinitionNeeded) as needed:
        read.resume(trials="+1", **HERE)
    assert type(needed.value) is FunctionNeeded
    assert str(needed.value).endswith(
        "define them again in Python and give them: "
        "aw.resume('search-1', evaluation=evaluate, searcher=Drawn, stopping=AtLeast)"
    )
    with pytest.raises(FunctionNeeded, match=r"give it: aw\.retrain\('search-1', \d, evaluation=evaluate\)$"):
        read.retrain(seeds=1, **HERE)
    with pytest.raises(ExtensionNeeded, match=r"give it: aw\.Log\('.*'\)\['search-1'\]\.verify\(searcher=Drawn\)$"):
        read.verify()
    assert read.verify(drawn)
    evaluation = run.given.evaluation
    with pytest.raises(ExtensionNeeded, match=r"the searcher is .*Drawn and the stopping rule is .*AtLeast, which no"):
        read.resume(trials="+1", evaluation=evaluation, **HERE)
    assert (
        len(aw.resume("search-1", evaluation=evaluation, searcher=drawn, stopping=at_least, trials="+1", **HERE)) == 4
    )


def test_another_log_than_the_usual_one_is_named():
    run = search(log="other.duckdb")
    with pytest.raises(FunctionNeeded, match=r"aw\.resume\('search-1', evaluation=evaluate, log='other\.duckdb'\)$"):
        read_again(run).resume(trials="+1", **HERE)


def test_a_study_goes_on_with_the_searcher_that_its_process_has():
    """As long as it has the study that it left."""

    def begin(searcher=None) -> Study:
        return aw.study(None if searcher is None else SPACE, searcher=searcher, input=None, name="mine")

    drawn, _ = define_searchers()
    with begin(drawn(skipped=0.5)) as study:
        study.tell(study.ask(), 0.5)
    with begin() as again:
        again.tell(again.ask(), 0.25)
        assert again.searcher == study.searcher
    del study, again
    call = r"give it: aw\.study\(name='mine', searcher=Drawn\(replacement=True, skipped=0\.5\)\)$"
    with pytest.raises(ExtensionNeeded, match=call):
        begin()
    with aw.study(name="mine", searcher=drawn(skipped=0.5)) as given:
        assert given.ask().trial == 2
    with pytest.raises(OtherExtension):
        aw.study(name="mine", searcher=drawn(skipped=0.25))


def test_what_is_needed_follows_from_the_log():
    own = {"name": "__main__:f.<locals>.Own", "revision": 2, "draws": 3, "code": {"text": None, "sha256": None}}
    assert format_arguments(list_parts({"kind": "training"}, {"name": "random"})) == {}
    assert format_arguments(list_parts({"by_value": True, "source": "__main__:<lambda>"}, {"name": "random"}, own)) == {
        "evaluation": "function",
        "stopping": "Own",
    }
    assert format_definition({"name": "local-search", "revision": 1, "rule": own, "size": [1, 2]}) == (
        "aw.searchers.LocalSearch(rule=Own(draws=3), size=[1, 2])"
    )
