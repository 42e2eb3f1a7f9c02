"""Walking through a space: what a node promises."""

import copy
import json
import math
import pickle
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import archwright as aw
from archwright.core.domain import Values
from archwright.core.frame import Frame
from archwright.core.node import DeadEnd, NotALeaf, NothingToChoose, PathMismatch
from archwright.core.value import IllegalValue
from tests.strategies import (
    all_nodes,
    cases,
    enumerate_leaves,
    iterate_subterms,
    leaves,
    nodes,
    roots,
    seeds,
    uniforms,
    walk_randomly,
)

CONV = aw.conv2d(filters=[16, 32, 64], size=[3, 5])
SPACE = aw.sequential(CONV, aw.optional(aw.dropout(rate=aw.reals(0, 1))), aw.affine(10))
SHAPE = (3, 8, 8)


def seen(node: aw.Node) -> tuple:
    """Everything that a person can see of a node."""
    return (node.path, node.choice, node.is_leaf, node.focus, node.shape, node.environment, repr(node), hash(node))


def frames(node: aw.Node) -> list[Frame]:
    """The modules around the focus, outermost first."""
    found, frame = [], node.frame
    while frame is not None:
        found.append(frame)
        frame = frame.outer
    return found[::-1]


@given(all_nodes, uniforms, st.integers(2, 4))
def test_choosing_leaves_its_node_unchanged(node, u, parts):
    """After choosing, narrowing and sampling, a node is what it was, and equal to itself before."""
    before, twin = seen(node), pickle.loads(pickle.dumps(node))
    node.choose(node.choice.domain.sample(u))
    for part in node.choice.domain.split(parts):
        node.narrow(part)
    aw.sample(node, lambda: u)
    assert seen(node) == before
    assert node == twin


@given(all_nodes, uniforms)
def test_choosing_adds_one_step_to_the_path(node, u):
    """The name that was asked and the value that was chosen."""
    value = node.choice.domain.sample(u)
    assert node.choose(value).path == (*node.path, (node.choice.name, value))


@given(all_nodes, seeds)
def test_replaying_a_path_gives_an_equal_leaf(node, seed):
    """The same path, architecture and output shape; also from the path as JSON."""
    leaf = aw.sample(node, random.Random(seed).random)
    for path in (leaf.path, json.loads(json.dumps(leaf.path))):
        again = aw.replay(leaf.origin.space, leaf.origin.input_shape, path)
        assert again == leaf
        assert hash(again) == hash(leaf)
        assert (again.path, again.architecture, again.out_shape) == (leaf.path, leaf.architecture, leaf.out_shape)
        assert [type(value) for _, value in again.path] == [type(value) for _, value in leaf.path]


@given(all_nodes, seeds, st.data())
def test_replaying_part_of_a_path_gives_the_node_there(node, seed, data):
    """replay(a + b) is replay(a), gone on from with b."""
    path = aw.sample(node, random.Random(seed).random).path
    n = data.draw(st.integers(0, len(path)))
    middle = aw.replay(node.origin.space, node.origin.input_shape, path[:n])
    assert middle.path == path[:n]
    for _, value in path[n:]:
        middle = middle.choose(value)
    assert middle == aw.replay(node.origin.space, node.origin.input_shape, path)


@given(cases)
def test_paths_name_leaves(case):
    """No two leaves have one path, and no path is the beginning of another."""
    paths = [leaf.path for leaf in enumerate_leaves(case.space, case.shape)[0]]
    assert len(set(paths)) == len(paths)
    beginnings = {path[:n] for path in paths for n in range(len(path))}
    assert not beginnings & set(paths)


@given(all_nodes, seeds)
def test_a_choice_offers_two_values_or_more(node, seed):
    """What has one legal value is never asked."""
    for each in walk_randomly(node, seed):
        assert each.is_leaf == (each.choice is None)
        assert each.is_leaf or each.choice.domain.size is None or each.choice.domain.size >= 2


@given(all_nodes, seeds)
def test_names_are_unique_along_a_path(node, seed):
    """Shared hyperparameters, which have no dot, come once; so does every module's own."""
    *before, leaf = walk_randomly(node, seed)
    names = [name for name, _ in leaf.path]
    assert len(set(names)) == len(names)
    assert [each.choice.name for each in before] == names[len(node.path) :]


@given(cases, st.integers(2, 3))
def test_narrowing_reaches_the_leaves_that_choosing_reaches(case, parts):
    """Bisection, or splitting in more parts, is another way to the same set of leaves."""
    chosen, narrowed = enumerate_leaves(case.space, case.shape)[0], enumerate_leaves(case.space, case.shape, parts)[0]
    assert {leaf.path for leaf in narrowed} == {leaf.path for leaf in chosen}
    assert set(narrowed) == set(chosen)
    assert len(narrowed) == len(chosen)


@given(all_nodes, st.integers(2, 4), st.data())
def test_a_narrowed_node_asks_the_same_with_a_smaller_domain(node, parts, data):
    """Down to one value, which is choosing it; the path is as before."""
    part = data.draw(st.sampled_from(node.choice.domain.split(parts)))
    narrowed = node.narrow(part)
    if part.size == 1:
        assert narrowed == node.choose(part.from_unit(0))
    else:
        assert (narrowed.choice.name, narrowed.choice.domain, narrowed.path) == (node.choice.name, part, node.path)
        assert narrowed != node
        value = part.sample(0.4)
        assert narrowed.choose(value) == node.choose(value)


@given(nodes)
def test_siblings_share_what_the_choice_did_not_touch(node):
    """By identity: every frame that was not left, and in the others every child before and after the one in focus."""
    around = frames(node)
    for value in node.choice.domain:
        after = node.choose(value)
        for old, new in zip(around, frames(after), strict=False):
            if new is not old:  # a module that went on to its next child; what was in it has been left
                assert len(new.specified_children) > len(old.specified_children)
                assert new.term is old.term
                assert new.children is old.children
                assert new.outer is old.outer
                assert all(a is b for a, b in zip(old.specified_children, new.specified_children, strict=False))
                break


@given(leaves)
def test_what_has_nothing_to_choose_is_not_copied(leaf):
    """A term of the space that is specified stands in every architecture itself, and its children with it."""
    specified = {id(term) for term in iterate_subterms(leaf.origin.space) if term.plan.is_specified}
    for term in iterate_subterms(leaf.architecture):
        if id(term) in specified:
            assert all(id(inside) in specified for inside in term.subterms)
    space = leaf.origin.space
    if isinstance(space, aw.Composite) and space.subterms:
        for before, after in zip(space.subterms, leaf.architecture.subterms, strict=True):
            assert before is after or not before.plan.is_specified


@given(all_nodes)
def test_nodes_pickle_and_copy(node):
    """As their path: the copy is equal and goes on in the same way."""
    for again in (pickle.loads(pickle.dumps(node)), copy.copy(node), copy.deepcopy(node)):
        assert again == node
        assert seen(again) == seen(node)
        assert aw.sample(again, lambda: 0.7) == aw.sample(node, lambda: 0.7)


@given(all_nodes, st.data())
def test_narrowed_nodes_pickle(node, data):
    """With the domain that they were narrowed to."""
    narrowed = node.narrow(data.draw(st.sampled_from(node.choice.domain.split(2))))
    assert pickle.loads(pickle.dumps(narrowed)) == narrowed
    assert pickle.loads(pickle.dumps(narrowed)).choice == narrowed.choice


def test_long_paths_pickle():
    """A leaf of a thousand choices, of which Python's stack would not hold the chain."""
    space = aw.repeat(aw.conv2d(filters=[1, 2], size=1), count=1000)
    leaf = aw.sample(aw.root(space, SHAPE), random.Random(0).random)
    assert len(leaf.path) == 1000
    assert pickle.loads(pickle.dumps(leaf)) == leaf


@given(roots)
def test_nodes_of_different_spaces_or_shapes_differ(node):
    """Where a traversal began is part of a node."""
    wider = (*node.origin.input_shape[:-1], node.origin.input_shape[-1] + 1)
    try:
        other = aw.root(node.origin.space, wider)
    except DeadEnd:
        return
    assert other != node
    assert aw.root(aw.sequential(node.origin.space), node.origin.input_shape) != node
    assert node != "node"


def test_a_walk_by_hand():
    """Names, domains and shapes of a small space, one choice after the other."""
    node = aw.root(SPACE, SHAPE)
    assert (node.choice.name, node.choice.domain) == ("0.conv2d.filters", aw.values(16, 32, 64))
    node = node.choose(32)
    assert (node.choice.name, node.choice.domain) == ("0.conv2d.size", aw.values(3, 5))
    node = node.narrow(aw.values(5))
    assert (node.choice.name, str(node.choice.domain)) == ("1.either.option", "{identity, dropout}")
    assert node.choose("identity").architecture == aw.sequential(aw.conv2d(32, 5), aw.identity(), aw.affine(10))
    node = node.choose("dropout")
    assert (node.choice.name, node.choice.domain) == ("1.either.dropout.rate", aw.reals(0, 1))
    leaf = node.choose(0.25)
    assert leaf.is_leaf
    assert leaf.choice is None
    assert leaf.architecture == aw.sequential(aw.conv2d(32, 5), aw.dropout(0.25), aw.affine(10))
    assert leaf.out_shape == (10,)
    assert leaf.path == (
        ("0.conv2d.filters", 32),
        ("0.conv2d.size", 5),
        ("1.either.option", "dropout"),
        ("1.either.dropout.rate", 0.25),
    )
    assert repr(leaf) == (
        "<leaf 0.conv2d.filters=32, 0.conv2d.size=5, 1.either.option=dropout, 1.either.dropout.rate=0.25>"
    )
    assert repr(aw.root(SPACE, SHAPE).choose(16)) == "<node 0.conv2d.filters=16 | 0.conv2d.size in {3, 5}>"


def test_tied_copies_are_named_as_one():
    """`3.tied.0.conv2d.filters`, as in the paper's experimental space: a name for all the copies."""
    layer = aw.sequential(aw.conv2d([8, 16], 3), aw.dropout([0.1, 0.5]))
    space = aw.sequential(aw.relu(), aw.repeat_tied(layer, [1, 2]))
    leaf = aw.root(space, SHAPE).choose(2).choose(16).choose(0.5)
    assert [name for name, _ in leaf.path] == [
        "1.repeat_tied.count",
        "1.tied.0.conv2d.filters",
        "1.tied.1.dropout.rate",
    ]


def test_a_shared_hyperparameter_is_asked_once():
    """Where the traversal first meets it; then it is known in every place, also inside an expression."""
    width = aw.shared("width", [16, 32])
    space = aw.sequential(
        aw.conv2d(width, [3, 5]), aw.relu(), aw.conv2d(width * 2, 3), aw.branches(aw.conv2d(width, 1))
    )
    leaf = aw.root(space, SHAPE).choose(32).choose(3)
    assert leaf.path == (("width", 32), ("0.conv2d.size", 3))
    first, _, second, third = leaf.architecture.children
    assert (first.filters, second.filters, third.children[0].filters) == (32, 64, 32)


def test_shared_hyperparameters_in_repeats_and_tied_copies():
    """Asked once for all copies, whether these have choices of their own or not."""
    width = aw.shared("width", [2, 4])
    layer = aw.sequential(aw.conv2d(width, [1, 3]), aw.conv2d(width + 1, 1))
    names = [name for name, _ in aw.root(aw.repeat(layer, 2), SHAPE).choose(4).choose(1).choose(3).path]
    assert names == ["width", "repeat.0.0.conv2d.size", "repeat.1.0.conv2d.size"]
    tied = aw.root(aw.repeat_tied(layer, 2), SHAPE).choose(4).choose(3)
    assert [name for name, _ in tied.path] == ["width", "tied.0.conv2d.size"]
    assert tied.out_shape == (5, 8, 8)


def test_values_of_shared_hyperparameters_that_do_not_fit_are_not_offered():
    """Where they are first met: width 3 cannot be split into 2 groups, and at width - 2 = 0 nothing is left."""
    width = aw.shared("width", [2, 3, 4])
    assert list(aw.root(aw.conv2d(width, 1, groups=2), (4, 8, 8)).choice.domain) == [2, 4]
    assert list(aw.root(aw.conv2d(width - 2, 1), (4, 8, 8)).choice.domain) == [3, 4]


def test_values_of_shared_hyperparameters_that_make_no_sense_are_not_offered():
    """Also where the shape has nothing to do with it: 3 * 0.5 is no rate of dropout."""
    rate = aw.shared("rate", [0.1, 0.25, 0.5])
    assert list(aw.root(aw.dropout(rate * 3), SHAPE).choice.domain) == [0.1, 0.25]


def test_a_shared_hyperparameter_with_one_legal_value_is_known():
    """It is not asked, and counts as chosen in later places."""
    width = aw.shared("width", [2, 3])
    leaf = aw.root(aw.sequential(aw.conv2d(width, 1, groups=2), aw.affine(width * 5)), (4, 8, 8))
    assert (leaf.path, leaf.out_shape) == ((), (10,))


def test_input_shapes_are_positive_integers():
    """Without a batch axis; the error shows an example."""
    for shape in ((), (0, 8, 8), (3.0, 8, 8), (-1,)):
        with pytest.raises(
            aw.Misfit, match=r"the input shape is .*; it must be positive integers, such as \(3, 32, 32"
        ):
            aw.root(SPACE, shape)
    with pytest.raises(aw.Misfit, match=r"is 64; .* for a row of 64 numbers write aw\.features\(64\)"):
        aw.root(SPACE, 64)
    assert aw.root(SPACE, [3, 8, 8]) == aw.root(SPACE, SHAPE)


def test_numpy_scalars_are_chosen_as_plain_values():
    """Whatever a searcher computes with, the path is JSON."""
    space = aw.sequential(aw.conv2d(aw.integers(1, 64), [3, 5]), aw.dropout(aw.reals(0, 1)))
    leaf = aw.root(space, SHAPE).choose(np.int64(7)).choose(np.int32(5)).choose(np.float32(0.5))
    assert json.loads(json.dumps(leaf.path)) == [["0.conv2d.filters", 7], ["0.conv2d.size", 5], ["1.dropout.rate", 0.5]]


def test_what_is_no_value_of_any_kind_is_refused():
    """Arrays, and whatever else Python's comparisons stumble over; on a path, by its step."""
    node = aw.root(aw.conv2d([8, 16], 3), SHAPE)
    for wrong in (np.array([8, 16]), np.eye(2), object(), {8}, math.nan, 10**400, 10**9999):
        with pytest.raises(IllegalValue, match=r"conv2d.filters is [^;]*; it may be one of"):
            node.choose(wrong)
        with pytest.raises(PathMismatch, match=r"step 0 of the path is conv2d.filters = [^;]*; it may be one of"):
            aw.replay(aw.conv2d([8, 16], 3), SHAPE, [("conv2d.filters", wrong)])
    assert aw.replay(aw.conv2d([8, 16], 3), SHAPE, [("conv2d.filters", np.int64(8))]) == node.choose(8)


def test_an_input_shape_may_be_numpys():
    """It is Python's then, as JSON needs it; wherever one is given."""
    node = aw.root(SPACE, np.array(SHAPE))
    assert node == aw.root(SPACE, SHAPE)
    assert all(type(axis) is int for axis in node.origin.input_shape)
    assert aw.count(SPACE, np.array(SHAPE)) == aw.count(SPACE, SHAPE)
    for look in (aw.count, aw.check, aw.dead_ends, aw.root):
        with pytest.raises(aw.Misfit, match=r"the input shape is .*; it must be positive integers"):
            look(SPACE, (3, 0, 8))


def test_narrowing_to_equal_values_keeps_the_domains_own():
    """1.0 and True are 1 in [1, 2, 3]: what the architecture holds is an integer."""
    node = aw.root(aw.conv2d([1, 2, 3], 1), SHAPE)
    for narrowed in (node.narrow(aw.values(True, 2)), node.narrow(aw.values(1.0, 2.0))):
        assert type(narrowed.choose(1).architecture.filters) is int
    rate = aw.root(aw.dropout(aw.reals(0, 1)), SHAPE).narrow(aw.integers(0, 1)).choose(1)
    assert type(rate.architecture.rate) is float


def test_illegal_values():
    """The error names the hyperparameter, the value, and what it may be."""
    node = aw.root(SPACE, SHAPE)
    message = r"0.conv2d.filters is {}; it may be one of \{{16, 32, 64\}}"
    for wrong in (7, "16", None, [16], np.int64(7), 16.5):
        with pytest.raises(IllegalValue, match=message.format(r".*")):
            node.choose(wrong)
    with pytest.raises(IllegalValue, match=message.format("7")):
        node.choose(7)
    with pytest.raises(IllegalValue, match=message.format(r"\{16, 7\}")):
        node.narrow(aw.values(16, 7))
    with pytest.raises(IllegalValue, match=r"0.conv2d.filters is 64; it may be one of \{16, 32\}"):
        node.narrow(aw.values(16, 32)).choose(64)
    with pytest.raises(IllegalValue, match=message.format(r"\[0, 100\]")):
        node.narrow(aw.reals(0, 100))
    with pytest.raises(IllegalValue, match=message.format("16")):
        node.narrow(16)


def test_choosing_at_a_leaf_and_reading_before_one():
    """The error says which of the two it is."""
    node = aw.root(CONV, SHAPE)
    leaf = node.choose(16).choose(3)
    with pytest.raises(NothingToChoose, match="3 cannot be chosen: this node is a leaf, and nothing is left to choose"):
        leaf.choose(3)
    with pytest.raises(NothingToChoose, match=r"\{3\} cannot be chosen: this node is a leaf"):
        leaf.narrow(Values((3,)))
    with pytest.raises(NotALeaf, match=r"<node  \| conv2d.filters in .*> has no architecture yet; choose until is_l"):
        _ = node.architecture
    with pytest.raises(NotALeaf, match="has no output shape yet; choose until is_leaf"):
        _ = node.out_shape


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ([("0.conv2d.size", 3)], "step 0 of the path is 0.conv2d.size = 3; the space asks 0.conv2d.filters there"),
        (
            [("0.conv2d.filters", 16), ("0.conv2d.size", 4)],
            r"step 1 of the path is 0.conv2d.size = 4; it may be one of \{3, 5\}",
        ),
        (
            [("0.conv2d.filters", 16), ("0.conv2d.size", 3), ("1.either.option", "identity"), ("width", 3)],
            "step 3 of the path is width = 3; the space asks nothing more there",
        ),
        ([("0.conv2d.filters", "16")], r"step 0 of the path is 0.conv2d.filters = '16'; it may be one of \{"),
        ({"0.conv2d.filters": 16}, "the path is {'0.conv2d.filters': 16}; it must be pairs of a name and a value in"),
        (["0.conv2d.filters", 16], "the path is .'0.conv2d.filters', 16.; it must be pairs"),
        (None, "the path is None; it must be pairs"),
    ],
)
def test_paths_of_another_space(path, message):
    """The error names the first step that does not fit, and what would."""
    with pytest.raises(PathMismatch, match=message):
        aw.replay(SPACE, SHAPE, path)


def test_a_dead_end_names_place_choices_and_reason():
    """Also where the module that does not fit has no choices of its own, or is in a place of its own."""
    convs = aw.conv2d(8, 3, stride=[1, 2, 4])
    space = aw.sequential(convs, aw.relu(), aw.sequential(aw.relu(), aw.max_pool2d(3)), aw.relu())
    with pytest.raises(DeadEnd) as caught:
        aw.root(space, SHAPE).choose(4)
    assert str(caught.value) == (
        "nothing fits at 2.sequential after 0.conv2d.stride = 4: "
        "max_pool2d with size 3 and padding 'valid' does not fit an axis of 2"
    )
    with pytest.raises(DeadEnd, match=r"nothing fits at 1.max_pool2d after 0.conv2d.stride = 4: max_pool2d with"):
        aw.root(aw.sequential(convs, aw.max_pool2d(3)), SHAPE).choose(4)
    with pytest.raises(DeadEnd, match="nothing fits at max_pool2d after no choice at all: max_pool2d with size 9"):
        aw.root(aw.max_pool2d(9), SHAPE)


def test_a_place_is_left_when_all_in_it_is_chosen():
    """Repeats of zero copies and empty sequences ask nothing and stop nothing, wherever they stand."""
    empty = aw.sequential(aw.sequential(), aw.repeat(CONV, 0), aw.branches(), aw.optional(aw.sequential()))
    leaf = aw.root(aw.sequential(empty, CONV, empty), SHAPE)
    for value in ("identity", 16, 3, "sequential"):
        leaf = leaf.choose(value)
    assert leaf.is_leaf
    assert leaf.out_shape == (16, 8, 8)
