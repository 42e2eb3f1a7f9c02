"""An evaluation comes back from the log as it was, and code that the log names is asked for."""

import pytest
from attrs import evolve

import archwright as aw
from archwright.evaluate.functions.evaluation import Function
from archwright.evaluate.logged_evaluations import evaluation_to_json, read_evaluation, require_permission
from archwright.evaluate.training.evaluation import Training
from archwright.store.permission import NotTrusted
from tests.search.instant import make_started


def test_what_a_run_s_function_was_told_of_the_shape_it_is_told_again():
    with_shape, without_shape = Function("own.py:both", input_shape=(16,)), Function("own.py:both")
    with_tokens = without_shape.with_input(aw.tokens(50, 20))
    assert (with_tokens.input_shape, with_tokens.model_input) == ((20,), aw.tokens(50, 20))
    for config in (with_shape, without_shape, with_tokens, Training()):
        assert read_evaluation(make_started(1, evaluator=evaluation_to_json(config))) == config
    older = {name: value for name, value in evaluation_to_json(without_shape).items() if name != "input_shape"}
    assert read_evaluation(make_started(1, evaluator=older)) == Function("own.py:both", input_shape=(1, 8, 8))


def test_data_that_a_log_names_is_code_and_needs_permission(tmp_path):
    """As spaces and functions do: a resume by somebody else refuses to run it."""
    (tmp_path / "data.py").write_text("def load(): ...\n")
    config = Training("data.py:load")
    with pytest.raises(NotTrusted, match=r"the log names code in .*data.py.* archwright search SPACE --data"):
        require_permission(evolve(config, data=str(tmp_path / "data.py:load")), trusted=False)
    require_permission(evolve(config, data=str(tmp_path / "data.py:load")), trusted=True)
    require_permission(Training("digits"), trusted=False)
