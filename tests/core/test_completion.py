"""Paths of which some choices are given by name: the rest is drawn so that all given ones are met."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archwright as aw
from archwright.core import completion
from archwright.core.completion import (
    MAX_TRIED_NODES,
    ChoicesExcluded,
    NoSuchChoice,
    complete_choices,
    find_all_names,
    find_choice_names,
)
from archwright.core.environment import EMPTY_ENVIRONMENT
from archwright.core.value import IllegalValue
from tests.core.analysis.test_edge_choices import cells, write_again
from tests.strategies import all_nodes, leaves, roots, seeds


def stream(seed=0):
    return random.Random(seed).random


def complete(space, choices, seed=0, shape=(1, 8, 8)):
    return complete_choices(aw.root(space, shape), choices, stream(seed))


@given(leaves, st.data(), seeds)
def test_any_choices_of_a_leaf_are_met_together(leaf, data, seed):
    """In any order of naming, whatever is drawn between them; the same numbers give the same leaf."""
    names = data.draw(st.permutations([name for name, _ in leaf.path]))
    names = names[: data.draw(st.integers(0, len(names)))]
    choices = {name: dict(leaf.path)[name] for name in names}
    start = aw.root(leaf.origin.space, leaf.origin.input_shape)
    found = complete_choices(start, choices, stream(seed))
    assert found.is_leaf
    assert choices.items() <= dict(found.path).items()
    assert found == complete_choices(start, choices, stream(seed))
    assert aw.replay(leaf.origin.space, leaf.origin.input_shape, found.path) == found


@given(leaves)
def test_a_whole_path_leads_to_its_leaf(leaf):
    """Nothing is drawn then."""
    start = aw.root(leaf.origin.space, leaf.origin.input_shape)
    assert complete_choices(start, dict(leaf.path), pytest.fail) == leaf


@given(all_nodes, seeds)
def test_without_given_choices_it_is_a_sample(node, seed):
    assert complete_choices(node, {}, stream(seed)) == aw.sample(node, stream(seed))


@given(roots, seeds)
def test_every_name_of_a_path_is_known(node, seed):
    names = find_all_names(node.origin.space)
    assert {name for name, _ in aw.sample(node, stream(seed)).path} <= names


@given(roots, st.text(min_size=1, max_size=5))
def test_a_name_that_is_never_asked_is_refused(node, name):
    known = find_all_names(node.origin.space)
    for unknown in {name, f"0.{name}"} - known:
        with pytest.raises(NoSuchChoice) as error:
            complete_choices(node, {unknown: 1}, stream())
        assert repr(unknown) in str(error.value)


@given(cells, st.data())
@settings(max_examples=60, deadline=None)
def test_the_names_in_a_cell_are_those_of_all_combinations(cell, data):
    """Whatever its first operations are, and also where operations have names."""
    k = data.draw(st.integers(0, len(cell.edges)))
    values = tuple(data.draw(st.lists(st.sampled_from(cell.labels), min_size=k, max_size=k)))
    by_edges = find_choice_names(cell, (), EMPTY_ENVIRONMENT, values)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(completion, "_find_names_by_edges", lambda *_: None)
        assert find_choice_names(write_again(cell), (), EMPTY_ENVIRONMENT, values) == by_edges


def test_a_choice_in_a_cell_of_many_edges_is_met():
    """3 ** 45 combinations of operations are not looked at."""
    edges = [(source, target) for target in range(1, 10) for source in range(target)]
    space = aw.cell(edges, connected=True, none=aw.zero(), skip=aw.relu(), conv=aw.conv2d([2, 3], 3))
    assert len(find_all_names(space)) == 90
    for name in ("cell.topology.9_8.conv2d.filters", "cell.topology.1_0.conv2d.filters"):
        assert dict(complete(space, {name: 3}).path)[name] == 3
    with pytest.raises(NoSuchChoice, match=r"cell\.topology\.9_8\.conv2d\.filters"):
        complete(space, {"cell.topology.9_8.conv2d.size": 3})


def nest(depth: int) -> aw.Term:
    """A dropout that is there only if every one of so many choices is taken."""
    term = aw.dropout([0.1, 0.2])
    for _ in range(depth):
        term = aw.either(aw.relu(), aw.sequential(term))
    return term


def test_choices_that_make_way_for_a_given_one_are_made():
    """Nobody would draw them: their probability is 2^-40."""
    name = f"{'either.0.' * 40}dropout.rate"
    leaf = complete(nest(40), {name: 0.2})
    assert dict(leaf.path)[name] == 0.2
    assert len(leaf.path) == 41


def test_what_is_drawn_among_the_values_that_make_way_is_uniform():
    """Of three options, two of which lead to the given choice, each of the two comes half of the time."""
    body = aw.conv2d(filters=[8, 16], size=3)
    space = aw.repeat(aw.sequential(body), [1, 2, 3])
    counts = [dict(complete(space, {"repeat.1.0.conv2d.filters": 8}, s).path)["repeat.count"] for s in range(400)]
    assert set(counts) == {2, 3}
    assert counts.count(2) == pytest.approx(200, abs=50)


def test_a_wrong_name_is_told_with_the_nearest_ones():
    space = aw.sequential(aw.conv2d(filters=[8, 16], size=[3, 5]), aw.affine(10))
    with pytest.raises(NoSuchChoice, match=r"never asks '0\.conv2d\.filter'; did you mean 0\.conv2d\.filters"):
        complete(space, {"0.conv2d.filter": 8})


def test_a_wrong_value_is_told_with_those_that_there_are():
    space = aw.sequential(aw.optional(aw.dropout([0.1, 0.3])), aw.conv2d(filters=[8, 16], size=[3, 5]), aw.affine(10))
    with pytest.raises(IllegalValue, match=r"1\.conv2d\.filters is 7; it may be one of \{8, 16\}"):
        complete(space, {"1.conv2d.filters": 7})


def test_choices_that_exclude_each_other_are_told():
    space = aw.either(aw.conv2d(filters=[8, 16], size=3), aw.affine(units=[1, 2]))
    with pytest.raises(
        ChoicesExcluded, match=r"either\.affine\.units is not asked with either\.option = conv2d; leave"
    ):
        complete(space, {"either.option": "conv2d", "either.affine.units": 1})
    with pytest.raises(
        ChoicesExcluded, match=r"either\.conv2d\.filters, either\.affine\.units are not asked on one path"
    ):
        complete(space, {"either.conv2d.filters": 8, "either.affine.units": 1})


def test_the_search_has_a_bound():
    """Two choices exclude each other behind so many others that nobody would see the end of trying them."""
    many = [aw.settings(**{f"x{i}": [1, 2, 3, 4]}) for i in range(30)]
    space = aw.sequential(*many, nest(1), aw.either(aw.relu(), aw.dropout([0.1, 0.2])))
    assert complete(space, {"30.either.0.dropout.rate": 0.1, "31.either.dropout.rate": 0.2}).is_leaf
    exclusive = aw.either(aw.conv2d(filters=[8, 16], size=3), aw.affine(units=[1, 2]))
    space = aw.sequential(*many, exclusive)
    with pytest.raises(ChoicesExcluded, match=f"{MAX_TRIED_NODES:,} partial paths"):
        complete(space, {"30.either.conv2d.filters": 8, "30.either.affine.units": 1})


def test_a_value_that_only_some_draws_leave_legal_is_met():
    """A window of 5 fits only where the pooling before it left enough."""
    space = aw.sequential(aw.max_pool2d(size=[1, 2, 4], stride=[1, 2, 4]), aw.conv2d(8, size=[1, 5], padding="valid"))
    name = "1.conv2d.size"
    assert {dict(complete(space, {name: 5}, seed).path)[name] for seed in range(30)} == {5}


def test_numbers_of_numpy_are_taken():
    import numpy as np

    space = aw.conv2d(filters=[8, 16], size=3)
    assert complete(space, {"conv2d.filters": np.int64(16)}).path == (("conv2d.filters", 16),)
