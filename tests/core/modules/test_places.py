"""Terms that are chosen once and used in many places."""

import json
import random

import pytest
from hypothesis import assume, given, settings

import archwright as aw
from archwright.core.analysis.counting import dead_ends
from archwright.core.hyperparameter import InvalidHyperparameter
from archwright.core.modules.places import PlaceWithoutLet
from archwright.core.node import DeadEnd
from archwright.core.path_lengths import count_longest_path
from archwright.core.spaces.nasbench201 import build_network, build_space
from tests.strategies import Case, cases, enumerate_leaves, seeds

SHAPE = (3, 8, 8)
CHOICE = aw.conv2d([4, 8], [1, 3])
HERE = aw.place("cell")


def choose(space: aw.Term, *values: aw.Domain | int | str) -> aw.Node:
    node = aw.root(space, SHAPE)
    for value in values:
        node = node.choose(value)
    assert node.is_leaf
    return node


def test_a_term_is_chosen_at_its_first_place_and_stands_in_all():
    """Under the name that the let gives to it; the let and its places are no part of the architecture."""
    space = aw.let(inside=aw.sequential(aw.conv2d([2, 6], 3), aw.residual(HERE), aw.max_pool2d(), HERE), cell=CHOICE)
    leaf = choose(space, 6, 8, 3)
    assert [name for name, _ in leaf.path] == ["let.0.conv2d.filters", "cell.conv2d.filters", "cell.conv2d.size"]
    chosen = aw.conv2d(8, 3)
    assert leaf.architecture == aw.sequential(aw.conv2d(6, 3), aw.residual(chosen), aw.max_pool2d(), chosen)
    assert leaf.out_shape == (8, 4, 4)
    assert aw.count(space, SHAPE) == 8
    assert count_longest_path(space) == 3


def test_every_copy_of_a_let_chooses_for_itself():
    """Of `repeat` as many times as there are copies, of `repeat_tied` once."""
    twice = aw.let(inside=aw.sequential(HERE, HERE), cell=CHOICE)
    assert aw.count(aw.repeat(twice, 2), SHAPE) == 16
    assert aw.count(aw.repeat_tied(twice, 2), SHAPE) == 4
    leaf = choose(aw.repeat(twice, 2), 4, 1, 8, 3)
    assert [name for name, _ in leaf.path][::2] == ["repeat.0.cell.conv2d.filters", "repeat.1.cell.conv2d.filters"]
    first, second = aw.conv2d(4, 1), aw.conv2d(8, 3)
    assert leaf.architecture == aw.sequential(aw.sequential(first, first), aw.sequential(second, second))


def test_an_inner_let_hides_an_outer_one_of_the_same_name():
    inner = aw.let(inside=aw.sequential(HERE, HERE), cell=aw.conv2d([1, 2], 1))
    leaf = choose(aw.let(inside=aw.sequential(HERE, inner, HERE), cell=aw.conv2d([4, 8], 3)), 4, 2)
    outer, inside = aw.conv2d(4, 3), aw.conv2d(2, 1)
    assert leaf.architecture == aw.sequential(outer, aw.sequential(inside, inside), outer)
    assert [name for name, _ in leaf.path] == ["cell.conv2d.filters", "let.1.cell.conv2d.filters"]


def test_terms_of_terms():
    """What an outer let chooses may stand in the term of an inner one: motifs of motifs (Liu et al. 2018)."""
    motif = aw.topology([(0, 1), (0, 2), (1, 2)], *[aw.place("operation")] * 3)
    network = aw.sequential(aw.place("motif"), aw.max_pool2d(), aw.place("motif"))
    space = aw.let(
        inside=aw.let(inside=network, motif=aw.either(motif, aw.identity())),
        operation=aw.either(aw.relu_conv_bn([1, 3]), aw.avg_pool2d(3, 1, "same")),
    )
    leaf_nodes, dead = enumerate_leaves(space, SHAPE)
    assert (len(leaf_nodes), dead) == (4, [])
    assert aw.count(space, SHAPE) == 4
    names = [name for name, _ in leaf_nodes[0].path]
    assert names == ["let.motif.either.option", "operation.either.option", "operation.either.relu_conv_bn.size"]


def test_a_given_name_is_that_of_the_module_in_its_place():
    space = aw.let(inside=aw.sequential(first=HERE, second=HERE), cell=CHOICE, name="net")
    leaf = choose(space, 4, 3)
    assert [name for name, _ in leaf.path] == ["net.cell.conv2d.filters", "net.cell.conv2d.size"]
    assert [child.given_name for child in leaf.architecture.subterms] == ["first", "second"]
    assert leaf.architecture.given_name == "net"


def test_what_does_not_fit_a_later_place_is_a_dead_end_that_is_named():
    """A pool of 2 or more takes two rows away in its first place, and of 3 the last place has none."""
    space = aw.let(inside=aw.sequential(HERE, HERE), cell=aw.max_pool2d([1, 2], stride=1))
    shape = (1, 2, 2)
    assert aw.count(space, shape) == 1
    assert [end.place for end in dead_ends(space, shape)] == ["let.1.place"]
    with pytest.raises(DeadEnd, match=r"nothing fits at let\.1\.place after cell\.max_pool2d\.size = 2"):
        aw.root(space, shape).choose(2)
    with pytest.raises(DeadEnd, match=r"at let\.1\.place"):
        aw.check(space, shape)


def test_an_option_that_only_some_terms_fit_is_offered_after_those_alone():
    """So it is no dead end."""
    space = aw.let(
        inside=aw.sequential(HERE, aw.either(again=HERE, flat=aw.flatten())), cell=aw.max_pool2d([1, 2], stride=1)
    )
    shape = (1, 2, 2)
    leaf_nodes, dead = enumerate_leaves(space, shape)
    assert (len(leaf_nodes), dead, aw.count(space, shape), dead_ends(space, shape)) == (3, [], 3, ())


def test_json_has_each_term_once():
    space = aw.let(inside=aw.sequential(HERE, HERE), cell=CHOICE)
    written = aw.to_json(space)
    assert aw.from_json(written) == space
    assert json.dumps(written).count("conv2d") == 1
    assert written["inside"]["children"] == [{"kind": "place", "term_name": "cell"}] * 2


@given(cases, seeds)
@settings(max_examples=60, deadline=None)
def test_places_in_a_row_are_tied_copies(case: Case, seed: int):
    """The same choices and shapes, and as many architectures and parameters."""
    tied = aw.repeat_tied(case.space, 3)
    placed = aw.let(inside=aw.sequential(HERE, HERE, HERE), cell=case.space)
    assert aw.count(placed, case.shape) == aw.count(tied, case.shape)
    assume(not dead_ends(placed, case.shape) and not dead_ends(tied, case.shape))
    first, second = (aw.sample(aw.root(s, case.shape), random.Random(seed).random) for s in (placed, tied))
    assert [value for _, value in first.path] == [value for _, value in second.path]
    assert first.out_shape == second.out_shape
    assert first.architecture.parameters(case.shape) == second.architecture.parameters(case.shape)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: aw.let(inside=HERE), "let has 0 terms"),
        (
            lambda: aw.let(inside=aw.relu(), cell=CHOICE),
            r"the term 'cell' of a let has no place; write place\('cell'\)",
        ),
        (lambda: aw.let(inside=HERE, cell=aw.residual(HERE)), "the term 'cell' of a let has a place for itself"),
        (lambda: aw.let(inside=HERE, **{"a b": CHOICE}), "a name in a let is 'a b'; write an identifier"),
        (lambda: aw.place("a b"), r"the name of a place is 'a b'; write that .* as in place\('cell'\)"),
        (lambda: aw.place(aw.relu()), "the name of a place is Activation"),
    ],
    ids=["no term", "unused", "recursive", "no identifier", "place of no identifier", "place of a term"],
)
def test_lets_that_make_no_sense_are_refused(build, message):
    with pytest.raises(InvalidHyperparameter, match=message):
        build()


def test_a_place_without_a_let_is_refused():
    """Wherever a question comes to it; also where the let has another name for its term."""
    without, other = aw.sequential(aw.relu(), HERE), aw.let(inside=aw.sequential(aw.place("a"), HERE), a=CHOICE)
    for ask, space in ((aw.root, HERE), (aw.root, without), (aw.check, without), (aw.check, other), (aw.count, other)):
        with pytest.raises(PlaceWithoutLet, match=r"place\('cell'\) stands in no let .*cell=conv2d\(8, 3\)\)"):
            ask(space, SHAPE)


def test_the_network_of_earlier_releases_is_read():
    """As a space and as an architecture, of any size; its choices have the names that they had."""
    cell = aw.cell([(0, 1), (0, 2), (1, 2)], none=aw.zero(), conv=aw.relu_conv_bn(3))
    old = {"kind": "nasbench201", "cell": aw.to_json(cell), "classes": 7, "channels": 4, "cells": 2}
    space = aw.from_json(old)
    assert space == build_space(cell, 7, 4, 2)
    leaf = aw.sample(aw.root(space, SHAPE), random.Random(0).random)
    assert [name for name, _ in leaf.path] == [f"nasbench201.cell.op_{edge}" for edge in ("1_0", "2_0", "2_1")]
    inner = aw.root(cell, (4, 8, 8)).choose("conv").choose("none").choose("conv").architecture
    assert aw.from_json(old | {"cell": aw.to_json(inner)}) == build_network(inner, 7, 4, 2)


def test_a_dead_end_at_a_later_place_has_choices_that_do_not_fit_there():
    """One group fits three channels, and two do not: whether that is chosen in the term or around it."""
    here, groups = aw.place("block"), aw.shared("groups", [1, 2])
    for grouped, name in (
        (aw.conv2d(2, 1, groups=[1, 2]), "block.conv2d.groups"),
        (aw.conv2d(2, 1, groups=groups), "groups"),
    ):
        space = aw.let(inside=aw.sequential(here, aw.conv2d([2, 3], 1), here), block=grouped)
        (end,) = aw.dead_ends(space, (2, 8, 8))
        assert (end.place, end.path) == ("let.2.place", ((name, 2), ("let.1.conv2d.filters", 3)))
