"""Where two JSON values differ."""

import json

from hypothesis import given
from hypothesis import strategies as st

import archwright as aw
from archwright.core.json import differences, in_the_order_of
from tests.strategies import anything


def lines(old: aw.Term, new: aw.Term) -> list[str]:
    """The differences of two terms' JSON."""
    return list(differences(aw.to_json(old), aw.to_json(new)))


@given(anything, anything)
def test_there_are_differences_exactly_between_different_values(a, b):
    """Of equal ones nothing is said."""
    assert bool(lines(a, b)) == (aw.to_json(a) != aw.to_json(b))
    assert lines(a, a) == []


@given(st.integers() | st.text(max_size=3), st.integers() | st.text(max_size=3))
def test_plain_values_differ_as_they_are(a, b):
    """At the root."""
    assert list(differences(a, b)) == ([] if a == b else [f"$ was {a}, and is {b}"])


def test_a_difference_names_its_place():
    """As errors do; the outermost place at which the structure differs."""
    old = aw.sequential(aw.conv2d([8, 16], 3), aw.optional(aw.relu()), aw.affine(10))
    new = aw.sequential(aw.conv2d([8, 32], 5), aw.optional(aw.identity()), aw.affine(10))
    assert lines(old, new) == [
        "$.children[0].filters.values was [8, 16], and is [8, 32]",
        "$.children[0].size was 3, and is 5",
        "$.children[1].terms[1] was {'kind': 'activation', 'function': 'relu'}, and is {'kind': 'identity'}",
        "$.children[1].labels was ['identity', 'relu'], and is ['identity', 'identity_2']",
        "$.children[1].option.values was ['identity', 'relu'], and is ['identity', 'identity_2']",
    ]


def test_long_values_are_cut():
    """A line stays a line."""
    (line,) = lines(aw.relu(), aw.sequential(*[aw.conv2d(8, 3)] * 9))
    assert line.startswith("$ was {'kind': 'activation', 'function': 'relu'}, and is {'kind': 'sequential', ")
    assert line.endswith("...")
    assert len(line) < 220


def test_a_space_of_before_there_was_an_order_by_size_keeps_the_order_of_writing():
    """Whatever else has changed since; one that was logged with the order by size has it."""
    now = aw.to_json(aw.sequential(aw.conv2d([32, 8, 24], 3), aw.dropout([0.5, 0.1, 0.3])))
    before = json.loads(json.dumps(now).replace(', "order": "size"', ""))
    assert before != now
    assert in_the_order_of(before, now) == before
    assert in_the_order_of(now, now) == now
    wider = aw.to_json(aw.sequential(aw.conv2d([32, 8, 24, 1], 3), aw.dropout([0.5, 0.1, 0.3])))
    kept = in_the_order_of(before, wider)
    assert kept["children"] == [wider["children"][0], before["children"][1]]
    longer = aw.to_json(aw.sequential(aw.dropout([0.5, 0.1, 0.3])))
    assert in_the_order_of(before, longer) == longer
