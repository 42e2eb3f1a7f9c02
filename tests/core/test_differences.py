"""Where the JSON of two terms differs."""

import json
import re

from hypothesis import given
from hypothesis import strategies as st

import archwright as aw
from archwright.core.differences import find_differences, restore_written_order, rewrite_old_kinds
from tests.strategies import terms


def compare(old: aw.Term, new: aw.Term) -> list[str]:
    """The differences of the JSON of two terms."""
    return list(find_differences(aw.to_json(old), aw.to_json(new)))


@given(terms, terms)
def test_there_are_differences_exactly_between_different_values(a, b):
    """None between equal ones."""
    assert bool(compare(a, b)) == (aw.to_json(a) != aw.to_json(b))
    assert compare(a, a) == []


@given(st.integers() | st.text(max_size=3), st.integers() | st.text(max_size=3))
def test_plain_values_differ_at_the_root(a, b):
    assert list(find_differences(a, b)) == ([] if a == b else [f"$ was {a}, and is {b}"])


def test_a_difference_names_its_place():
    """The outermost place at which the structure differs, as errors name it."""
    old = aw.sequential(aw.conv2d([8, 16], 3), aw.optional(aw.relu()), aw.affine(10))
    new = aw.sequential(aw.conv2d([8, 32], 5), aw.optional(aw.identity()), aw.affine(10))
    assert compare(old, new) == [
        "$.children[0].filters.values was [8, 16], and is [8, 32]",
        "$.children[0].size was 3, and is 5",
        "$.children[1].terms[1] was {'kind': 'activation', 'function': 'relu'}, and is {'kind': 'identity'}",
        "$.children[1].labels was ['identity', 'relu'], and is ['identity', 'identity_2']",
        "$.children[1].option.values was ['identity', 'relu'], and is ['identity', 'identity_2']",
    ]


def test_long_values_are_shortened():
    (line,) = compare(aw.relu(), aw.sequential(*[aw.conv2d(8, 3)] * 9))
    assert line.startswith("$ was {'kind': 'activation', 'function': 'relu'}, and is {'kind': 'sequential', ")
    assert line.endswith("...")
    assert len(line) < 220


def test_long_values_are_cut_around_their_first_difference():
    old = aw.sequential(*[aw.conv2d(8, 3)] * 9)
    (line,) = compare(old, aw.sequential(*old.children, aw.relu()))
    was, now = line.split(", and is ")
    assert was.startswith("$.children was ...")
    assert was.endswith("}]")
    assert now.endswith("}, {'kind': 'activation', 'function': 'relu'}]")
    (line,) = find_differences(list(range(1000)), [*range(900), 7, *range(901, 1000)])
    assert re.fullmatch(r"\$ was \.\.\..* 899, 900, 901, .*\.\.\., and is \.\.\..* 899, 7, 901, .*\.\.\.", line)
    assert len(line) < 220
    edges = [[[0, i], [i, i + 1]] for i in range(40)]
    other = [*edges[:-1], [[0, 39], [39, 41]]]
    assert list(find_differences(edges, other)) == ["$[39][1] was [39, 40], and is [39, 41]"]


def test_a_space_without_order_by_size_keeps_the_order_of_writing():
    """Whatever else has changed since; one that was logged with the order by size has it."""
    new = aw.to_json(aw.sequential(aw.conv2d([32, 8, 24], 3), aw.dropout([0.5, 0.1, 0.3])))
    old = json.loads(json.dumps(new).replace(', "order": "size"', ""))
    assert old != new
    assert restore_written_order(old, new) == old
    assert restore_written_order(new, new) == new
    wider = aw.to_json(aw.sequential(aw.conv2d([32, 8, 24, 1], 3), aw.dropout([0.5, 0.1, 0.3])))
    restored = restore_written_order(old, wider)
    assert restored["children"] == [wider["children"][0], old["children"][1]]
    longer = aw.to_json(aw.sequential(aw.dropout([0.5, 0.1, 0.3])))
    assert restore_written_order(old, longer) == longer


def test_old_kinds_differ_by_what_they_mean():
    """Of the network of NAS-Bench-201, as earlier releases wrote it; an evaluation of that kind is no module."""
    new = aw.to_json(aw.named_space("nasbench201"))
    cell = next(term for name, term in zip(new["names"], new["terms"], strict=True) if name == "nasbench201")
    old = {"kind": "nasbench201", "cell": cell, "classes": 10, "channels": 16, "cells": 5}
    assert list(find_differences([old], [new])) == []
    assert restore_written_order(old, new) == old
    assert rewrite_old_kinds({"space": [old]}) == {"space": [new]}
    evaluation = {"kind": "nasbench201", "data": "cifar10"}
    assert rewrite_old_kinds(evaluation) == evaluation
    (line,) = find_differences(old | {"classes": 7}, new)
    assert line.endswith(".units was 7, and is 10")
