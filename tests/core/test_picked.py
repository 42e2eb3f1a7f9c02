"""What a choice picks from lists: its value, its JSON, its inverse, and what stands in the place of the choice."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archwright as aw
from archwright.core.domain import values
from archwright.core.expression import Picked
from archwright.core.membership.solving import solve
from archwright.core.path_lengths import count_longest_path
from archwright.core.picked import find_picked
from archwright.core.value import InvalidDomain
from archwright.search.surrogates.features import extract_leaf_features

lists = st.lists(st.floats(-1e6, 1e6) | st.integers(-9, 9), min_size=1, max_size=6)


def make_row(size: int) -> aw.Domain:
    return aw.shared("row", values(*range(size), ordered=False))


@given(lists)
def test_every_leaf_has_what_is_at_its_place(options):
    """Through JSON, too; and each is found again by what it has, if not by its number."""
    space = aw.settings(rate=aw.pick(options, make_row(len(options))))
    assert aw.from_json(json.loads(json.dumps(aw.to_json(space)))) == space
    assert aw.count(space) == len(options)
    for leaf in aw.enumerate_leaves(space, (1,)):
        row = leaf.path[0][1] if leaf.path else 0  # of one option, no choice is left
        rate = aw.settings_of(leaf.architecture)["rate"]
        assert (rate, type(rate)) == (options[row], type(options[row]))
        again = aw.path_of(space, (1,), leaf.architecture)
        assert not leaf.path or options[again[0][1]] == rate


@given(lists, st.integers(0, 5))
def test_what_gives_a_value_are_the_places_that_have_it(options, place):
    row = make_row(len(options))
    value = options[place % len(options)]
    solutions = solve(aw.pick(options, row), value, {})
    assert solutions == [i for i, option in enumerate(options) if option == value]
    assert all(Picked(tuple(options), row).evaluate({"row": i}) == value for i in solutions)


def test_a_place_that_a_list_does_not_have_is_not_offered():
    """Nor does one make sense that is no whole number."""
    row = aw.shared("row", [0, 1, 2, 3])
    node = aw.root(aw.sequential(aw.affine(aw.pick([8, 16], row)), aw.affine(2)), (4,))
    assert list(node.domain) == [0, 1]
    assert node.choose(1).architecture.children[0].units == 16
    deeper = aw.affine(aw.pick([8, 16, 32], row // 2))
    assert [leaf.architecture.units for leaf in aw.enumerate_leaves(deeper, (4,))] == [8, 8, 16, 16]
    with pytest.raises(ValueError, match=r"it has the places 0 to 1, and none that is 0\.5"):
        aw.pick([8, 16], row / 2).evaluate({"row": 1})


def test_a_count_that_is_picked_is_known_to_be_of_the_list():
    body = aw.sequential(aw.affine([2, 4]), aw.relu())
    space = aw.repeat(body, count=aw.pick([3, 1], aw.shared("row", [0, 1])))
    assert count_longest_path(space) == 1 + 3


def test_what_makes_no_sense_is_refused():
    row = make_row(2)
    with pytest.raises(InvalidDomain, match=r"pick takes from 3; write a list of one value or more"):
        aw.pick(3, row)
    with pytest.raises(InvalidDomain, match=r"pick takes from \[\]; write a list"):
        aw.pick([], row)
    with pytest.raises(InvalidDomain, match=r"from place 1; write a shared hyperparameter"):
        aw.pick([1, 2], 1)


def test_what_is_picked_stands_in_the_place_of_a_row():
    """Numbers at their rank, texts as options; what has an order of its own is seen by that."""
    row = make_row(4)
    space = aw.sequential(
        aw.settings(rate=aw.pick([1e-3, 1.0, 1e-2, 1e-3], row), rule=aw.pick(["a", "b", "b", "a"], row)),
        aw.settings(rate=aw.pick([1, 2, 3, 4], row)),
        aw.affine([4, 8]),
    )
    assert [picked.name for picked in find_picked(space)["row"]] == ["row.rate", "row.rule", "row.rate_2"]
    leaf = aw.replay(space, (1,), [("row", 2), ("2.affine.units", 8)])
    features = extract_leaf_features(leaf, leaf.path)
    assert features.options == {"row.rule=b": 1.0}
    assert features.numbers == {"row.rate": 0.5, "row.rate_2": 0.625, "2.affine.units": 0.75}
    width = aw.shared("width", [16, 32])
    assert find_picked(aw.sequential(aw.affine(width), aw.settings(rate=aw.pick([1, 2], width // 16 - 1)))) == {}
    assert find_picked(aw.settings(rate=aw.pick([1, 2], aw.shared("row", [0, 1])))) == {}


def test_what_is_the_same_at_every_place_tells_no_models_apart():
    row = make_row(3)
    space = aw.settings(rate=aw.pick([0.1, 0.2, 0.2], row), decay=aw.pick([0.5, 0.5, 0.5], row))
    assert [picked.name for picked in find_picked(space)["row"]] == ["row.rate"]
