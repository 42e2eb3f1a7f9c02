"""Functions by name and by value: which is which, and what a log has of them."""

import functools
import sys
import types

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from archwright.evaluate.functions.callables import load_callable, require_function, wrap_callable
from archwright.evaluate.functions.evaluation import Function
from archwright.evaluate.functions.signature import NotCallable
from archwright.evaluate.logged_evaluations import evaluation_from_json, evaluation_to_json
from archwright.store.needed import FunctionNeeded
from archwright.store.origins import compare_code, find_function_source, hash_source, is_importable
from archwright.store.user_code import load_object


def evaluate(architecture):
    return architecture


class Scorer:
    """Called like a function, with a method that scores, too."""

    def __call__(self, architecture):
        return architecture

    def score(self, architecture):
        return architecture


def make_closure(number):
    def closure(architecture):
        return architecture, number

    return closure


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module of a person's own, which a fresh process finds."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "own_scores.py").write_text(
        "def score(architecture): return 1\n\nclass A:\n    score = staticmethod(score)\n"
    )
    import own_scores  # pyright: ignore[reportMissingImports]

    yield own_scores
    del sys.modules["own_scores"]


def test_what_a_fresh_process_finds_goes_by_its_name(module):
    assert wrap_callable(module.score) == Function("own_scores:score")
    assert "by_value" not in evaluation_to_json(wrap_callable(module.score))
    assert is_importable("own_scores:A.score", module.score)
    assert wrap_callable(len) == Function("builtins:len")


def test_what_a_file_defines_goes_by_the_file_and_its_name(tmp_path):
    """Also while the file is imported; but not by the name of what it was made of."""
    own = tmp_path / "own.py"
    own.write_text(
        "import functools\n\nimport archwright as aw\n\n"
        "class Scorer:\n    def __call__(self, architecture): return 1\n\n    @staticmethod\n"
        "    def measure(architecture): return 2\n\n"
        "def score(architecture): return 3\n\n"
        "sized = aw.function(score, validation=0.5)\n"
        "cached = functools.lru_cache(score)\n"
        "scorer = Scorer()\n"
    )
    assert load_object(f"{own}:sized") == Function(f"{own}:score", validation=0.5)
    assert wrap_callable(load_object(f"{own}:Scorer.measure")) == Function(f"{own}:Scorer.measure")
    for name in ("cached", "scorer"):
        assert wrap_callable(load_object(f"{own}:{name}")).by_value
        assert find_function_source(load_object(f"{own}:{name}")) is None
    former = load_object(f"{own}:score")
    own.write_text("def score(architecture): return 'of another text'\n")
    assert wrap_callable(load_object(f"{own}:score")) == Function(f"{own}:score")
    assert wrap_callable(former).by_value


def test_what_it_does_not_find_goes_by_value(module, tmp_path):
    """A module that was changed in this process, lies elsewhere by now, or was made here, as a notebook's is."""
    decorated, module.score = module.score, functools.lru_cache(module.score)
    assert wrap_callable(decorated).by_value
    module.score = decorated
    (tmp_path / "own_scores.py").rename(tmp_path / "other.py")
    assert wrap_callable(module.score).by_value
    made = types.ModuleType("made_here")
    exec("def score(architecture): return 1", made.__dict__)
    sys.modules["made_here"] = made
    try:
        assert wrap_callable(made.score).by_value
    finally:
        del sys.modules["made_here"]


@pytest.mark.parametrize(
    ("target", "attribute"),
    [
        (make_closure(3), "make_closure.<locals>.closure"),
        (lambda architecture: architecture, "<lambda>"),
        (functools.partial(evaluate), "evaluate"),
        (Scorer(), "Scorer"),
        (Scorer().score, "Scorer.score"),
    ],
)
def test_what_has_no_name_of_its_own_goes_by_value_and_the_log_has_its_text(target, attribute):
    function = wrap_callable(target, metric="f1")
    assert (function.by_value, function.source, function.metric) == (True, f"{__name__}:{attribute}", "f1")
    assert function.source_text is not None
    assert function.source_hash == hash_source(function.source_text)
    logged = evaluation_from_json(evaluation_to_json(function))
    assert (logged, logged.target) == (function, None)
    with pytest.raises(FunctionNeeded, match=r"give it: evaluation=\w+$"):
        require_function(logged)
    again = evolve(logged, target=target)
    assert load_callable(again) is target
    assert compare_code(again.source_hash, target) == "same"


def test_whether_it_is_the_same_function_is_said_as_far_as_it_is_known():
    logged = wrap_callable(make_closure(3))
    assert compare_code(logged.source_hash, make_closure(4)) == "same", "the text is all that a log has"
    assert compare_code(logged.source_hash, Scorer()) == "other"
    assert compare_code(logged.source_hash, len) == "unknown"
    assert compare_code(Function("own.py:score").source_hash, make_closure(3)) == "unknown"


@given(st.none() | st.integers() | st.text() | st.lists(st.integers()))
def test_what_is_no_function_is_refused(target):
    with pytest.raises(NotCallable, match="it must be a function that returns the score: give evaluate itself"):
        wrap_callable(target)
