"""Shared hyperparameters and the values computed from them."""

import operator
import pickle
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import archwright as aw
from archwright.core.environment import find_unknown
from archwright.core.expression import OPERATORS, Computed, Expression
from archwright.core.node import DeadEnd
from archwright.core.value import InvalidDomain

NAMES = ("a", "b", "c")
SHARED = {name: aw.shared(name, aw.integers(-20, 20)) for name in NAMES}
PYTHON = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
}
operands = st.recursive(
    st.sampled_from(list(SHARED.values())) | st.integers(-9, 9),
    lambda inner: st.builds(
        lambda symbol, a, b: (
            Computed(symbol, (a, 0 if symbol == "round" else b))
            if symbol in ("min", "max", "round") or not (isinstance(a, Expression) or isinstance(b, Expression))
            else PYTHON[symbol](a, b)
        ),
        st.sampled_from(list(OPERATORS)),
        inner,
        inner,
    ),
    max_leaves=6,
)
expressions = operands.filter(lambda operand: isinstance(operand, Expression))
environments = st.fixed_dictionaries({name: st.integers(-20, 20) for name in NAMES})


@given(expressions, environments)
def test_an_expression_is_the_arithmetic_that_it_prints(expression, environment):
    """Its value is what Python gives for its text."""
    try:
        expected = eval(str(expression), {"min": min, "max": max}, environment)
    except ZeroDivisionError:
        with pytest.raises(ZeroDivisionError):
            expression.evaluate(environment)
    else:
        assert expression.evaluate(environment) == expected


@given(expressions, environments)
def test_an_expression_depends_on_its_shared_hyperparameters_alone(expression, environment):
    """It can be evaluated as soon as those that it lists are known."""
    known = {s.name: environment[s.name] for s in expression.find_shared()}
    with suppress(ZeroDivisionError):
        assert expression.evaluate(known) == expression.evaluate(environment)


@given(expressions)
def test_expressions_are_values(expression):
    """Read from a pickle, an expression equals the one written."""
    assert pickle.loads(pickle.dumps(expression)) == expression
    assert hash(pickle.loads(pickle.dumps(expression))) == hash(expression)


@pytest.mark.parametrize("symbol", PYTHON)
def test_operators_work_on_either_side(symbol):
    """`width * 2` and `2 * width` are expressions."""
    apply, width = PYTHON[symbol], SHARED["a"]
    assert apply(width, 2).evaluate({"a": 6}) == apply(6, 2)
    assert apply(12, width).evaluate({"a": 6}) == apply(12, 6)
    assert apply(width, SHARED["b"]).evaluate({"a": 6, "b": 4}) == apply(6, 4)


def test_shared_hyperparameters_come_in_the_order_of_reading():
    """From left to right, as they are asked."""
    a, b, c = SHARED.values()
    assert [s.name for s in (b * 2 + aw.larger(a, c - b)).find_shared()] == ["b", "a", "c", "b"]


def test_text_shows_the_formula():
    """As a person would write it."""
    assert str(SHARED["a"] * 2 - 1) == "((a * 2) - 1)"
    assert str(aw.smaller(8, SHARED["a"])) == "min(8, a)"


def test_a_shared_hyperparameter_takes_what_a_module_takes():
    """A list is a finite domain, and a domain is itself."""
    assert aw.shared("width", [16, 32]) == aw.shared("width", aw.values(16, 32))
    assert aw.shared("width", aw.integers(1, 2)).domain == aw.integers(1, 2)


@pytest.mark.parametrize("name", ["a.b", "", "two words", "1st"])
def test_a_shared_name_is_an_identifier(name):
    """So that it never is the name of a module's own hyperparameter, which has a dot."""
    with pytest.raises(InvalidDomain, match=rf"a shared hyperparameter is '{name}'; write an identifier, such as"):
        aw.shared(name, [1, 2])


def test_numbers_of_numpy_are_pythons():
    """On either side, so that the formula can be written as JSON."""
    width = SHARED["a"]
    assert np.int64(2) * width == 2 * width
    assert width * np.int64(2) == width * 2
    assert np.float64(0.5) + width == 0.5 + width
    assert type((width * np.int64(2)).operands[1]) is int
    with pytest.raises(InvalidDomain, match="of type ndarray"):
        _ = width * np.arange(3)


@pytest.mark.parametrize(
    ("compute", "message"),
    [
        (lambda n: n * 10**300, "is an integer of 1000 bits; integers go from"),
        (lambda n: n * 1e308, "is inf; values must be finite"),
        (lambda n: n / 0, "division by zero"),
        (lambda n: n % 0, "modulo"),
        (lambda n: n * "ab", "is no product of numbers"),
        (lambda n: Computed("%", ("%9d", n)), "is no remainder of numbers"),
    ],
)
def test_what_cannot_be_computed_does_not_fit(compute, message):
    """Overflows, divisions by nothing, and texts that Python would repeat: the value is not offered."""
    n = aw.shared("n", [10, 20])
    with pytest.raises(DeadEnd, match=message):
        aw.root(aw.settings(x=compute(n)), (3,))


@pytest.mark.parametrize("given", ["abc", 3, None, {1, 2}])
def test_a_shared_hyperparameter_needs_a_domain(given):
    """A text is no list of letters."""
    with pytest.raises(InvalidDomain, match=r"is no domain; write a list such as \[16, 32\]"):
        aw.shared("width", given)


def test_a_value_is_rounded_as_python_rounds_it():
    """To a whole number, which is an integer; of two that are as near, to the even one."""
    factor = aw.shared("factor", aw.reals(0.5, 8))
    width = round(factor * 16)
    assert str(width) == "round((factor * 16))"
    values = [width.evaluate({"factor": value}) for value in (2.0, 0.53125, 1.03, 0.59375)]
    assert (values, {type(value) for value in values}) == ([32, 8, 16, 10], {int})
    leaf = aw.root(aw.conv2d(width, 3), (1, 8, 8)).choose(0.7)
    assert leaf.out_shape == (11, 8, 8)
    with pytest.raises(TypeError):
        round(factor, 2)
    with pytest.raises(TypeError, match="only to a whole number"):
        Computed("round", (factor, 2)).evaluate({"factor": 1.5})


OPTIMIZER = aw.shared("optimizer", ["adam", "sgd", "lion"])
MOMENTUM = aw.shared("momentum", [0.5, 0.9])


@given(operands, operands, operands, st.integers(-3, 3), environments)
def test_a_conditional_value_is_that_of_its_case_and_needs_no_other(subject, then, otherwise, case, environment):
    """Nothing of the other operand is looked up: it may be unknown, and fail."""
    subject = SHARED["a"] + subject
    conditional = aw.when(subject, {case: then}, otherwise)
    with suppress(ZeroDivisionError):
        counts = then if subject.evaluate(environment) == case else otherwise
        needed = {
            shared.name for each in (subject, counts) if isinstance(each, Expression) for shared in each.find_shared()
        }
        known = {name: environment[name] for name in needed}
        assert find_unknown(conditional, known) is None
        assert conditional.evaluate(known) == (counts.evaluate(known) if isinstance(counts, Expression) else counts)
        missing = next(iter(sorted(needed)))
        del known[missing]
        assert find_unknown(conditional, known) == SHARED[missing]


def test_a_hyperparameter_of_a_case_is_asked_for_in_this_case_alone():
    """Where the subject is known; counted, found again, and written as JSON so."""
    rate = aw.when(OPTIMIZER, {"sgd": MOMENTUM, "lion": MOMENTUM / 2}, otherwise=0.0)
    space = aw.sequential(aw.ask(OPTIMIZER), aw.settings(momentum=rate), aw.dropout(rate), aw.affine(2))
    leaves = list(aw.enumerate_leaves(space, (4,)))
    assert [dict(leaf.path) for leaf in leaves] == [
        {"optimizer": "adam"},
        {"optimizer": "sgd", "momentum": 0.5},
        {"optimizer": "sgd", "momentum": 0.9},
        {"optimizer": "lion", "momentum": 0.5},
        {"optimizer": "lion", "momentum": 0.9},
    ]
    assert [leaf.architecture.children[2].rate for leaf in leaves] == [0.0, 0.5, 0.9, 0.25, 0.45]
    assert aw.count(space, (4,)) == aw.count(space) == 5
    assert [aw.path_of(space, (4,), leaf.architecture) for leaf in leaves] == [leaf.path for leaf in leaves]
    assert aw.from_json(aw.to_json(space)) == space
    assert "when(optimizer, {sgd: momentum, lion: (momentum / 2)}, 0.0)" in str(space)
    assert pickle.loads(pickle.dumps(rate)) == rate


def test_a_case_that_does_not_fit_is_a_dead_end():
    """And where the subject is not known as yet, its value is not offered."""
    filters = aw.when(WIDE, {"yes": 9, "no": 0}, otherwise=1)
    conv = aw.conv2d(filters, 1)
    assert aw.root(conv, (1, 4, 4)).is_leaf  # the only value of it that fits
    with pytest.raises(DeadEnd, match="filters of conv2d, when"):
        aw.root(aw.sequential(aw.ask(WIDE), conv), (1, 4, 4)).choose("no")
    (end,) = aw.dead_ends(aw.sequential(aw.ask(WIDE), conv), (1, 4, 4))
    assert dict(end.path) == {"wide": "no"}


WIDE = aw.shared("wide", ["yes", "no"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("sgd", {"sgd": 1}, 0), "what when depends on is 'sgd'; write a shared hyperparameter"),
        ((OPTIMIZER, [1, 2], 0), r"the cases of when are \[1, 2\]; write values and what they give"),
        ((OPTIMIZER, {}, 0), "the cases of when are {}"),
        ((OPTIMIZER, {"sgd": [1]}, 0), "a hyperparameter's value is"),
    ],
)
def test_what_is_no_condition_is_refused(arguments, message):
    with pytest.raises(InvalidDomain, match=message):
        aw.when(*arguments)
