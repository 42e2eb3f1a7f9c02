"""What a function says of itself, and the evaluation that is completed with that."""

import functools

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

import archwright as aw
from archwright.core.objective import Objective
from archwright.evaluate.functions.description import (
    FunctionDescription,
    UnusedSetting,
    complete_function,
    describe_function,
)
from archwright.evaluate.functions.evaluation import Function
from archwright.evaluate.functions.signature import ARGUMENTS, NotCallable, WrongParameters
from archwright.evaluate.named_evaluations import parse_evaluation
from archwright.evaluate.settings import UnusedHyperparameter
from archwright.evaluate.workers.pool import WorkerPool
from archwright.store.origins import hash_source, read_source

OWN = """
import functools
import archwright as aw

def both(architecture, budget): ...
def own_names(arch, allowance): ...
def none(architecture): ...
def by_name(*, budget): ...
def rest(**all): ...
@aw.score("loss", minimize=True)
def says(architecture, settings, device=None): ...
wrapped = functools.partial(both)
wrapped_says = functools.lru_cache(says)
"""


@pytest.fixture(scope="module")
def own():
    names = {}
    exec(OWN, names)
    return names


@pytest.mark.parametrize(
    ("name", "arguments", "objective"),
    [
        ("both", ("architecture", "budget"), None),
        ("own_names", ("architecture", "budget"), None),
        ("none", ("architecture",), None),
        ("by_name", ("budget",), None),
        ("rest", ("architecture", "budget", "settings", "seed", "report"), None),
        ("says", ("architecture", "settings", "device"), Objective("loss", "minimize")),
        ("wrapped", ("architecture", "budget"), None),
        ("wrapped_says", ("architecture", "settings", "device"), Objective("loss", "minimize")),
    ],
)
def test_a_function_says_what_it_is_told_and_what_it_is_about(own, name, arguments, objective):
    described = describe_function(Function(f"own:{name}"), own[name])
    assert (described.arguments, described.objective) == (arguments, objective)


@pytest.mark.parametrize(("target", "error"), [(3, NotCallable), (lambda model: model, WrongParameters)])
def test_what_cannot_be_called_is_refused_with_its_name(target, error):
    with pytest.raises(error, match="own:it"):
        describe_function(Function("own:it"), target)


def test_a_worker_says_the_same_as_this_process(tmp_path):
    (tmp_path / "own.py").write_text(OWN)
    function = Function(f"{tmp_path}/own.py:says")
    with WorkerPool(function) as pool:
        assert pool.description is None
        pool.warm_up()
        described = pool.description
    assert described is not None
    assert (described.arguments, described.objective) == (
        ("architecture", "settings", "device"),
        Objective("loss", "minimize"),
    )
    text = '@aw.score("loss", minimize=True)\ndef says(architecture, settings, device=None): ...\n'
    assert described.source_hash == hash_source(text)


@given(st.sets(st.sampled_from(ARGUMENTS)), st.none() | st.builds(Objective), st.none() | st.just("auc"))
def test_a_completed_function_is_about_what_it_says_or_else_what_a_person_says(arguments, objective, metric):
    function = Function("own:it")
    description = FunctionDescription(tuple(arguments), objective)
    completed = complete_function(function, description, metric=metric)
    expected = metric or "accuracy" if objective is None else objective.metric
    assert completed.metric == expected
    assert completed.less_is_better is (objective is not None and objective.direction == "minimize")
    assert complete_function(completed, description, metric=metric) == completed
    assert completed.reads_budget is ("budget" in arguments)
    assert completed.leaves_models is ("model" in arguments)
    assert (function.reads_budget, function.leaves_models, function.is_complete) == (None, True, False)


@given(st.sets(st.sampled_from(ARGUMENTS)), st.booleans())
def test_a_setting_that_nothing_reads_is_told_unless_it_is_as_usual(arguments, changed):
    description = FunctionDescription(tuple(arguments))
    readers = {"settings": {"settings"}, "device": {"model", "device", "data"}, "validation": {"data"}}
    values = {"settings": {"a": 1}, "device": "cpu", "validation": 0.5}
    for name, value in values.items():
        function = evolve(Function("own:it"), **({name: value} if changed else {}))
        if readers[name] & arguments or not changed:
            function.complete(description)
        else:
            with pytest.raises(UnusedSetting, match=f"^{name} do(es)? nothing: own:it has no parameter "):
                function.complete(description)


def test_settings_that_came_with_a_text_are_told_by_their_own_names():
    described = FunctionDescription(("architecture",))
    for text, says in (("own:it,x=1", "x does nothing"), ("own:it,x=1,y=2", "x, y do nothing")):
        with pytest.raises(UnusedHyperparameter, match=f"^{says}: own:it has no parameter settings$"):
            parse_evaluation(text).complete(described)
    with pytest.raises(UnusedSetting, match=r"^settings do nothing: own:it has no"):
        Function("own:it", settings={"x": 1}).complete(described)


@aw.score("f1")
def scored(architecture):
    return architecture


class Counts:
    """Called like a function."""

    def __call__(self, architecture):
        return architecture


def test_the_source_text_is_that_of_the_function_inside():
    text = read_source(scored)
    assert text is not None
    assert text.startswith('@aw.score("f1")\ndef scored')
    assert read_source(functools.partial(scored)) == text
    called = read_source(Counts())
    assert called is not None
    assert called.startswith("class Counts:")
    assert read_source(len) is None
    assert hash_source(None) is None
