"""What is known of the shared hyperparameters, and values computed from it."""

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archwright as aw
from archwright.core.environment import EMPTY_ENVIRONMENT, Environment, compute_value, find_unknown

WIDTH, DEPTH = aw.shared("width", [16, 32]), aw.shared("depth", [1, 2])
CONV = aw.conv2d(filters=WIDTH, size=3)


def test_the_first_unknown_is_asked_first():
    """From left to right, those that are known left out."""
    expression = WIDTH * DEPTH + WIDTH
    assert find_unknown(expression, EMPTY_ENVIRONMENT) == WIDTH
    assert find_unknown(expression, EMPTY_ENVIRONMENT.set("width", 16)) == DEPTH
    assert find_unknown(expression, EMPTY_ENVIRONMENT.set("width", 16).set("depth", 1)) is None


def test_no_method_changes_an_environment_and_copies_are_equal():
    """Also those of a process that was sent one."""
    known = EMPTY_ENVIRONMENT.set("width", 16)
    for copied in (pickle.loads(pickle.dumps(known)), copy.deepcopy(known)):
        assert type(copied) is Environment
        assert copied == known
        assert hash(copied) == hash(known)
    for change in (
        lambda: known.__setitem__("depth", 1),
        lambda: known.__delitem__("width"),
        lambda: known.__ior__({"depth": 1}),
        lambda: known.update(depth=1),
        lambda: known.setdefault("depth", 1),
        lambda: known.pop("width"),
        known.popitem,
        known.clear,
    ):
        with pytest.raises(TypeError, match="does not change"):
            change()
    assert known == {"width": 16}


def test_a_computed_value_is_checked_as_a_written_one():
    """The hyperparameter's own check judges it, and the error shows formula and value."""
    known = {"width": 16}
    assert compute_value(CONV, "filters", WIDTH * 2, known) == 32
    message = r"filters of conv2d, \(width - 16\), is 0; it must be an integer of 1 or more"
    with pytest.raises(aw.Misfit, match=message):
        compute_value(CONV, "filters", WIDTH - 16, known)
    with pytest.raises(aw.Misfit, match=r"\(width / 4\), is 4.0; it must be an integer"):
        compute_value(CONV, "filters", WIDTH / 4, known)


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        (WIDTH // (WIDTH - 16), "division"),
        (WIDTH - "one", "unsupported operand"),
        (WIDTH * 1e308, "is inf; values must"),
    ],
)
def test_what_cannot_be_computed_does_not_fit(expression, why):
    """Division by zero, operators that do not apply and overflow rule the value out, with the reason."""
    with pytest.raises(aw.Misfit, match=rf"filters of conv2d, .* cannot be computed: .*{why}"):
        compute_value(CONV, "filters", expression, {"width": 16})


@given(st.dictionaries(st.sampled_from("abcd"), st.integers(0, 2)), st.sampled_from("abcd"), st.integers(0, 2))
def test_an_environment_is_a_value(known, key, value):
    """Setting and discarding give another one; equal ones have one hash; nothing changes one."""
    environment = Environment(known)
    changed, without = environment.set(key, value), environment.discard(key)
    assert (environment, changed) == (known, known | {key: value})
    assert without == {name: kept for name, kept in known.items() if name != key}
    twin = without.set(key, value)
    assert (twin, hash(twin)) == (changed, hash(changed))
    with pytest.raises(TypeError, match="an environment does not change; set gives a new one"):
        environment[key] = value
    with pytest.raises(TypeError, match="does not change"):
        del environment[key]
