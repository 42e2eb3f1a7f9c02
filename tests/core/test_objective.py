"""Objectives, and the decorator that sets that of a function."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archwright as aw
from archwright.core.objective import (
    MAXIMIZED_WORDS,
    MINIMIZED_WORDS,
    BadScore,
    Objective,
    find_direction,
    make_objective,
    read_objective,
)


@pytest.mark.parametrize(("minimize", "direction"), [(False, "maximize"), (True, "minimize")])
def test_the_decorator_returns_the_function_with_its_objective(minimize, direction):
    def train(model):
        return model

    assert aw.score("f1", minimize=minimize)(train) is train
    assert read_objective(train) == Objective("f1", direction)


def test_a_function_without_the_decorator_has_no_objective():
    def train(model):
        return model

    train.score = "f1"  # an attribute that the decorator did not set
    assert read_objective(train) is None
    assert read_objective(print) is None


@pytest.mark.parametrize("wrong", [None, 3, "", print, "a\nb", "a\x1b[2J"])
def test_a_score_that_is_no_name_of_a_metric(wrong):
    with pytest.raises(BadScore, match=r"write the name of a metric: @aw\.score\(\"accuracy\"\)"):
        aw.score(wrong)


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_better_is_strict(a, b):
    """Of two scores one is better, or they are equal; minimizing reverses the order."""
    up, down = Objective(), Objective("loss", "minimize")
    assert up.is_better(a, b) == down.is_better(b, a)
    assert [up.is_better(a, b), up.is_better(b, a), a == b].count(True) == 1


def test_objective_decides_what_is_best():
    assert Objective("cost", "minimize").is_better(1, 2)


@pytest.mark.parametrize(
    ("metric", "direction"),
    [
        ("loss", "minimize"),
        ("val_loss", "minimize"),
        ("Validation Loss", "minimize"),
        ("valid/error", "minimize"),
        ("latency_seconds", "minimize"),
        ("flops", "minimize"),
        ("accuracy", "maximize"),
        ("top5_accuracy", "maximize"),
        ("f1", None),
        ("glossiness", None),
        ("loss_drop", None),
        ("examples_per_second", None),
        ("", None),
    ],
)
def test_the_last_word_of_a_name_says_which_way_is_better(metric, direction):
    assert find_direction(metric) == direction
    assert Objective(metric) == Objective(metric, direction or "maximize")
    assert Objective(metric).is_evident == (direction is not None)


@given(
    st.from_regex(r"([a-z]+_)?", fullmatch=True),
    st.sampled_from([*MAXIMIZED_WORDS, *MINIMIZED_WORDS, "f1"]),
    st.booleans(),
)
def test_what_a_person_says_counts_before_the_name(prefix, word, minimize):
    """In every form in which it can be said, and it is then evident only where the name says the same."""
    metric, direction = prefix + word, "minimize" if minimize else "maximize"
    said = (aw.minimize if minimize else aw.maximize)(metric)
    assert said == make_objective(metric, minimize) == Objective(metric, direction)
    assert said == read_objective(aw.score(metric, minimize=minimize)(lambda model: model))
    assert said.is_evident == (find_direction(metric) == direction)
    assert make_objective(metric) == read_objective(aw.score(metric)(lambda model: model)) == Objective(metric)
