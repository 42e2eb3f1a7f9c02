"""A function gets what its parameters are named after, as Python itself binds them."""

import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archwright.evaluate.functions.signature import (
    ARGUMENTS,
    LEADING_ARGUMENTS,
    NAMED_ARGUMENTS,
    TORCH_ARGUMENTS,
    WrongParameters,
    parse_signature,
)

VALUES = {name: f"the {name}" for name in ARGUMENTS}


def received(function, absent=()):
    """What a function that returns its locals() is called with."""
    parameters = list(inspect.signature(function).parameters.values())
    positional, named = parse_signature("f.py:f", parameters, absent).bind(VALUES)
    return function(*positional, **named)


def made(parameters: str):
    """A function of these parameters that returns what it got."""
    scope = {}
    exec(f"def f({parameters}): return locals()", scope)
    return scope["f"]


@given(st.lists(st.sampled_from(ARGUMENTS), unique=True), st.booleans())
def test_each_parameter_gets_what_it_is_named_after(names, by_name):
    got = received(made(("*, " if by_name and names else "") + ", ".join(names)))
    assert got == {name: VALUES[name] for name in names}


@pytest.mark.parametrize("first", ["architecture", "a", "arch", "net"])
@pytest.mark.parametrize("second", ["budget", "b", "epochs"])
@pytest.mark.parametrize("kind", ["{}, {}", "{}, {}, /", "{}, {}=3", "{}, {}, report", "{}, {}, *, seed=0"])
def test_two_first_ones_of_other_names_get_the_architecture_and_the_budget(first, second, kind):
    got = received(made(kind.format(first, second)))
    assert (got[first], got[second]) == (VALUES["architecture"], VALUES["budget"])
    assert {name: VALUES[name] for name in got if name in ("report", "seed")}.items() <= got.items()


def test_variable_parameters_get_the_two_and_what_needs_no_torch():
    assert received(made("*all"))["all"] == tuple(VALUES[name] for name in LEADING_ARGUMENTS)
    """But for those that a function gets only if it names them."""
    given = set(ARGUMENTS) - {*TORCH_ARGUMENTS, *NAMED_ARGUMENTS}
    assert set(received(made("a, b, **rest"))["rest"]) == given - {*LEADING_ARGUMENTS}
    assert set(received(made("model, **rest"))["rest"]) == given
    assert set(received(made("**rest"), absent=["input_shape"])["rest"]) == given - {"input_shape"}


def test_a_default_stands_where_there_is_nothing_of_the_name():
    assert received(made("model, verbose=False, data=None"), absent=["data"]) == {
        "model": "the model",
        "verbose": False,
        "data": None,
    }


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ("modle, settings", "f.py:f has the parameter modle, for which there is nothing; a function may ask for arch"),
        ("modle, budgets", "the parameters modle, budgets"),
        ("architecture, seed, x", "the parameter x,"),
        ("model, epochs", "the parameter epochs,"),
        ("only", "the parameter only,"),
        ("a, b, c", "the parameter c,"),
        ("a, b, seed, /", "the parameter seed,"),
        (
            "data",
            "f.py:f reads data, and nothing says which data set: give one, as in --data digits "
            "(aw.function(..., data='digits') in Python)",
        ),
    ],
)
def test_a_parameter_that_there_is_nothing_for_is_named(parameters, told):
    with pytest.raises(WrongParameters) as caught:
        received(made(parameters), absent=["data"])
    assert told in str(caught.value)


def test_torch_is_needed_only_for_what_is_made_with_it():
    for name in ARGUMENTS:
        parameters = list(inspect.signature(made(name)).parameters.values())
        assert parse_signature("f.py:f", parameters).needs_torch == (name in TORCH_ARGUMENTS)
