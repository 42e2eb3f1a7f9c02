"""Evaluations by a text: what it names, with settings in words, and what is refused."""

import pytest

from archwright.core.setting import BadSetting, UnknownSetting
from archwright.core.words import format_words
from archwright.evaluate.evaluation import NotAnEvaluation
from archwright.evaluate.evaluation_kinds import UnknownEvaluation
from archwright.evaluate.functions.evaluation import Function
from archwright.evaluate.functions.signature import NotCallable
from archwright.evaluate.logged_evaluations import evaluation_from_json, evaluation_to_json
from archwright.evaluate.named_evaluations import load_own_evaluation, parse_evaluation
from archwright.evaluate.settings import UnusedSetting
from archwright.evaluate.tables.nasbench201 import Nasbench201
from archwright.evaluate.training.evaluation import Training
from archwright.store.configured import ExtensionFailed
from archwright.store.user_code import BadSourceName
from tests.evaluate.own_tables import CODE


@pytest.fixture
def own(tmp_path):
    (tmp_path / "own.py").write_text(CODE)
    return str(tmp_path / "own.py")


def test_a_text_names_a_built_in_evaluation_or_code_that_is_not_loaded_here():
    assert parse_evaluation("training,data=mnist,keep=last") == Training("mnist", keep="last")
    table = parse_evaluation("nasbench201:some/file.npz,dataset=cifar100")
    assert table == Nasbench201("some/file.npz", dataset="cifar100")
    assert parse_evaluation("nowhere.py:Table,path=x,scale=2") == Function(
        "nowhere.py:Table", settings={"path": "x", "scale": 2}
    )


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("trainin", UnknownEvaluation, "there is no built-in evaluation 'trainin'; did you mean training"),
        ("own.py", BadSourceName, "own.py is a file; name the evaluation in it too, as in own.py:function"),
        ("training,dta=mnist", UnknownSetting, "the evaluation training has no setting 'dta'; did you mean"),
        ("nasbench201", BadSetting, "table of the evaluation nasbench201 is not given, and has no default"),
        ("training,keep=all", BadSetting, "keep is 'all'"),
    ],
)
def test_other_texts_are_refused_with_the_nearest_names(text, error, says):
    with pytest.raises(error) as caught:
        parse_evaluation(text)
    assert says in str(caught.value)


def test_the_worker_says_that_code_is_an_evaluation_and_the_log_has_its_class_and_settings(own):
    """A class with settings, or a value; either way the log has one form, which is read again."""
    for text in (f"{own}:Widths,table=none,scale=0.5", f"{own}:widths,scale=0.5"):
        function = parse_evaluation(text)
        description = function.describe_function()
        assert description is not None
        assert description.is_evaluation
        evaluation = load_own_evaluation(function)
        logged = evaluation_to_json(evaluation)
        assert logged == {"kind": f"{own}:Widths", "table": "none", "scale": 0.5}
        assert evaluation_from_json(logged) == evaluation


@pytest.mark.parametrize(
    ("name", "settings", "error", "says"),
    [
        ("Widths", {}, BadSetting, "table of the evaluation {} is not given, and has no default; write {},"),
        ("Widths", {"tabel": "x"}, UnknownSetting, "has no setting 'tabel'; did you mean table?"),
        ("widths", {"scal": 1}, UnknownSetting, "has no setting 'scal'; did you mean scale?"),
        ("Widths", {"table": "x", "scale": "big"}, ExtensionFailed, "ValueError: could not convert"),
        ("Unfinished", {"table": "x"}, ExtensionFailed, "Can't instantiate abstract class"),
        ("Other", {}, NotAnEvaluation, "an evaluation is a frozen attrs class"),
    ],
)
def test_what_does_not_fit_a_class_of_ones_own_is_said(own, name, settings, error, says):
    source = f"{own}:{name}"
    with pytest.raises(error) as caught:
        load_own_evaluation(parse_evaluation(format_words(source, settings)))
    assert says.format(source, source) in str(caught.value)


def test_what_only_functions_have_is_refused_with_an_evaluation(own):
    with pytest.raises(UnusedSetting, match=r"data does nothing: .*:widths is an evaluation; its settings come after"):
        load_own_evaluation(Function(f"{own}:widths", data="digits"))
    with pytest.raises(UnusedSetting, match="device is 'cpu', and nothing in its trials uses one"):
        load_own_evaluation(Function(f"{own}:widths", device="cpu"))


def test_a_function_that_has_become_an_evaluation_meanwhile_is_not_one_any_more(own):
    """As where a run of the function is resumed: nobody is told of scores that come from elsewhere."""
    function = Function(f"{own}:Widths")
    with pytest.raises(NotCallable, match="is an evaluation by now"):
        function.complete(function.describe_function())
