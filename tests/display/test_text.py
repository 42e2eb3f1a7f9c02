"""Numbers, curves and trees as people read them."""

import math

import pytest

from archwright.core.budget import parse_budget
from archwright.display.text import (
    draw_sparkline,
    format_budget,
    format_count,
    format_duration,
    format_score,
    format_space_size,
    humanize_value,
    wrap_tree,
)


@pytest.mark.parametrize(
    ("budget", "words"),
    {
        "1epochs": "1 epoch",
        "0.5epochs": "0.5 epochs",
        "2min": "120 seconds",
        "1.5s": "1.5 seconds",
        "50000examples": "50,000 examples",
    }.items(),
)
def test_budgets_are_spelled_out(budget, words):
    assert format_budget(parse_budget(budget)) == words


def test_times_and_curves_at_the_ends_of_floats():
    assert format_duration(math.nan) == "nan s"
    assert format_duration(math.inf) == "inf s"
    assert draw_sparkline([-1e308, 0.0, 1e308], 9) == "▁▅█"
    assert draw_sparkline([math.nan, 1e308, 1e308], 9) == "?▁▁"


def test_values_as_people_read_them():
    assert [humanize_value(v) for v in (None, True, 3, 0.00012345, 12345678.0, "a")] == [
        "",
        "true",
        "3",
        "0.0001234",
        "12,345,678",
        "a",
    ]
    assert [format_score(v) for v in (None, 0.98765, 0.0, 1e-7, -12.5)] == [
        "-",
        "0.9877",
        "0.0000",
        "1e-07",
        "-12.5000",
    ]
    assert [format_duration(s) for s in (0.44, 12, 200, 7500)] == ["0.4 s", "12 s", "3 min 20 s", "2 h 5 min"]
    assert [format_space_size(n) for n in (24, 10**20, float("inf"))] == ["24", "about 10^20.0", "infinite"]


def test_sparkline_is_highest_where_the_curve_is():
    assert draw_sparkline([0, 1, 0.5], 30) == "▁█▅"
    assert draw_sparkline([2, 2], 30) == "▁▁"
    assert draw_sparkline([0, float("nan"), 1], 30) == "▁?█"
    assert len(draw_sparkline(list(range(1000)), 30)) == 30


def test_tree_shortens_long_domains_and_breaks_long_lines():
    text = "a\n├─ b(x={1, 2, 3, 4, 5, 6, 7, 8}, y=" + "word " * 20 + ")   (1, 8, 8) -> (10,), 12 parameters\n└─ c"
    lines = wrap_tree(text, 60).splitlines()
    assert "{1, 2 .. 8: 8 values}" in lines[1]
    assert max(map(len, lines)) <= 60
    assert all(line.startswith("│") for line in lines[2:-1])
    assert lines[-2].strip("│ ") == "(1, 8, 8) -> (10,), 12 parameters".replace(" ", "\N{NO-BREAK SPACE}")


def test_a_space_of_more_architectures_than_python_prints_has_a_size():
    """Its size is a power of ten."""
    size = 10**6000
    assert format_space_size(size) == "about 10^6000.0"
    assert format_count(10**400).count(",") == 133
    assert format_count(1234.0) == format_count(1234) == "1,234"
