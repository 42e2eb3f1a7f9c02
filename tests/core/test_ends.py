"""The ends of a run as a person writes and moves them."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archwright.core.budget import Budget
from archwright.core.defaults import DEFAULT_TRIALS
from archwright.core.ends import (
    NO_ENDS,
    GivenEnds,
    InvalidEnd,
    RunEnds,
    RunExtent,
    choose_ends,
    format_time_limit,
    move_ends,
    require_total_of,
)

END_NAMES = ("trials", "time", "until_score", "no_improvement", "configurations", "total")


def test_any_end_that_is_given_switches_the_default_off():
    assert choose_ends(GivenEnds()) == RunEnds(trials=DEFAULT_TRIALS)
    assert choose_ends(GivenEnds(trials=5)) == RunEnds(trials=5)
    assert choose_ends(GivenEnds(time="2h")) == RunEnds(time_limit=7200.0)
    assert choose_ends(GivenEnds(until_score=0)) == RunEnds(until_score=0.0)
    assert choose_ends(GivenEnds(no_improvement=30)) == RunEnds(no_improvement=30)
    assert choose_ends(GivenEnds(configurations=24)) == RunEnds(configurations=24)
    assert choose_ends(GivenEnds(total="500epochs")) == RunEnds(total=Budget(500, "epochs"))
    assert choose_ends(GivenEnds(9, 90, 0.5, 3, 7, Budget(30, "seconds"))) == RunEnds(
        9, 90.0, 0.5, 3, 7, Budget(30, "seconds")
    )


@pytest.mark.parametrize("name", END_NAMES)
def test_a_new_run_has_no_end_that_is_moved_or_taken_away(name):
    """Also where another end is given, with which it would have one."""
    for more in ({}, {"trials": 3} if name != "trials" else {"time": 3.0}):
        with pytest.raises(
            InvalidEnd, match=f"^{name} is 'none', and a new run has no such end to take away; leave it"
        ):
            choose_ends(GivenEnds(**{name: "none"}, **more))  # pyright: ignore[reportArgumentType]
        with pytest.raises(InvalidEnd, match=rf"^{name} is '\+3', and a new run has .* write it without the plus"):
            choose_ends(GivenEnds(**{name: "+3"}, **more))  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("name", END_NAMES)
def test_a_number_that_no_float_holds_is_no_end(name):
    for number in (10**400, 10**5000):  # no text holds the second one either
        with pytest.raises(InvalidEnd, match=f"^{name} is an integer of .* bits; write"):
            choose_ends(GivenEnds(**{name: number}))  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, RunEnds(64, 3600.0, 0.9, 10)),
        ({"trials": 80}, RunEnds(80, 3600.0, 0.9, 10)),
        ({"trials": "80"}, RunEnds(80, 3600.0, 0.9, 10)),
        ({"trials": "+32", "time": "+30min"}, RunEnds(96, 5400.0, 0.9, 10)),
        ({"time": "none", "until_score": "none"}, RunEnds(64, None, None, 10)),
        ({"trials": "none", "no_improvement": "none"}, RunEnds(None, 3600.0, 0.9, None)),
        ({"trials": " none", "until_score": " none "}, RunEnds(None, 3600.0, None, 10)),
        ({"until_score": "-1.5", "no_improvement": "+5"}, RunEnds(64, 3600.0, -1.5, 15)),
        ({"time": 12.5, "until_score": 0.95, "no_improvement": 2}, RunEnds(64, 12.5, 0.95, 2)),
        ({"trials": np.int64(80), "until_score": np.float64(0.95)}, RunEnds(80, 3600.0, 0.95, 10)),
    ],
)
def test_each_end_is_moved_by_itself(given, expected):
    assert move_ends(RunEnds(64, 3600.0, 0.9, 10), GivenEnds(**given), RunExtent(7, 7.0)) == expected


def test_what_is_moved_on_without_an_end_ends_so_far_from_where_the_run_is():
    moved = move_ends(NO_ENDS, GivenEnds("+32", "+1h", None, "+5"), RunExtent(20, 100.0))
    assert moved == RunEnds(52, 3700.0, None, 5)
    given = GivenEnds(configurations="+8", total="+100epochs")
    moved = move_ends(NO_ENDS, given, RunExtent(20, configurations=5, spent=43.0))
    assert moved == RunEnds(configurations=13, total=Budget(143, "epochs"))
    assert move_ends(moved, GivenEnds(configurations="+8", total="+1epochs")) == RunEnds(
        configurations=21, total=Budget(144, "epochs")
    )
    assert move_ends(moved, GivenEnds(configurations="none", total="none")) == NO_ENDS


def test_a_total_is_in_the_unit_of_the_budgets():
    """And some of them are read."""
    total, epochs = Budget(500, "epochs"), Budget(5, "epochs")
    require_total_of(epochs, None, reads_budget=False)
    require_total_of(epochs, total)
    with pytest.raises(InvalidEnd, match=r"^total is 500epochs, and a trial has a budget of 30s; write it in seconds"):
        require_total_of(Budget(30, "seconds"), total)
    with pytest.raises(InvalidEnd, match=r"^total is 500epochs, and what evaluates the trials reads no budget; leave"):
        require_total_of(epochs, total, reads_budget=False)
    with pytest.raises(InvalidEnd, match=r"^total is '\+9s', and so far it is 500epochs; write it in epochs, too"):
        move_ends(RunEnds(total=total), GivenEnds(total="+9s"))


@pytest.mark.parametrize(
    "given",
    [
        *({"trials": value} for value in ("0", "+0", "-3", "many", "", "1.5", "++2", 0, -1, True, "9" * 5000)),
        *({"no_improvement": value} for value in ("0", "x", 0, False)),
        *({"time": value} for value in ("0s", "2", "5epochs", "-1h", "", "++1h", 0, -2.0, math.nan, math.inf, True)),
        *({"until_score": value} for value in ("nan", "inf", "", "high", math.nan, -math.inf, True, b"3")),
        *({name: np.True_} for name in END_NAMES),
        *({"configurations": value} for value in ("0", "+0", "-3", "", 0, True)),
        *({"total": value} for value in ("5", "0epochs", "-5epochs", "", "1epochs..3epochs", 5, 1.5)),
    ],
)
def test_what_is_no_end_is_refused_by_its_name_and_value(given):
    (name, value), *_ = given.items()
    with pytest.raises(InvalidEnd, match=f"^{name} is ") as error:
        move_ends(RunEnds(64), GivenEnds(**given))
    assert (repr(value) if len(repr(value)) <= 80 else f"{repr(value)[:79]}…") in str(error.value)
    assert "write" in str(error.value)


def test_a_score_is_written_itself_and_not_moved_on():
    for ends in (NO_ENDS, RunEnds(until_score=0.9)):
        with pytest.raises(
            InvalidEnd, match=r"until_score is '\+0.05'; a score is not moved .* write the score itself"
        ):
            move_ends(ends, GivenEnds(until_score=" +0.05"))


@given(st.integers(1, 10**6) | st.floats(1e-3, 1e6).map(lambda x: float(f"{x:g}")))
def test_a_time_is_read_as_it_is_written(seconds):
    assert move_ends(NO_ENDS, GivenEnds(time=format_time_limit(seconds))) == RunEnds(time_limit=float(seconds))


def test_times_are_written_in_the_largest_whole_unit():
    assert [format_time_limit(seconds) for seconds in (7200, 5400, 90, 0.5)] == ["2h", "90min", "90s", "0.5s"]
