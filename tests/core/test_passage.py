"""The passage through the children of a module: what comes after each, which is worked out once."""

import random
import re

import pytest
from hypothesis import given

import archwright as aw
from archwright.core.environment import EMPTY_ENVIRONMENT
from archwright.core.node import DeadEnd
from archwright.core.passage import MAX_STOPS, Exit, Waypoint
from archwright.core.step import Descent, take_step
from tests.strategies import iterate_subterms, shapes, terms

CONV = aw.conv2d([4, 8], 3)
SHAPE = (3, 8, 8)


def enter(term: aw.Term, shape: aw.Shape = SHAPE) -> Waypoint:
    return take_step(term, shape, EMPTY_ENVIRONMENT, ()).waypoint


@given(terms, shapes)
def test_what_was_specified_from_the_beginning_is_passed(term, shape):
    """A waypoint is at an open child, after all that are not; and it is the same when it is come to again."""
    try:
        step = take_step(term, shape, EMPTY_ENVIRONMENT, ())
    except aw.Misfit:
        return
    if isinstance(step, Descent):
        waypoint = step.waypoint
        assert waypoint.passed == step.children[: waypoint.i]
        assert all(child.plan.is_specified for child in waypoint.passed)
        assert waypoint.child is step.children[waypoint.i]
        assert not waypoint.child.plan.is_specified
        assert waypoint.shape == waypoint.passage.module.child_in_shape(waypoint.i, shape, waypoint.outs)


def test_a_passage_goes_from_one_open_child_to_the_next():
    """With the shapes between them; the last children are passed at its end."""
    pool = aw.max_pool2d(2)
    first = enter(aw.sequential(pool, CONV, aw.relu(), pool, CONV, aw.relu()))
    assert (first.i, first.shape, first.passed) == (1, (3, 4, 4), (pool,))
    second = first.follow(aw.conv2d(8, 3), (8, 4, 4))
    assert (second.i, second.shape, second.passed) == (4, (8, 2, 2), (aw.relu(), pool))
    last = second.follow(aw.conv2d(4, 3), (4, 2, 2))
    assert isinstance(last, Exit)
    assert (last.passed, last.out_shape) == ((aw.relu(),), (4, 2, 2))
    assert first.follow(aw.conv2d(8, 5), (8, 4, 4)) is second  # of a child, its output shape alone matters


def test_copies_run_in_a_chain():
    """It depends on the child how the shape goes on from copy to copy."""
    waypoint = enter(aw.repeat_tied(aw.max_pool2d([2, 3], stride=2), 2))
    assert waypoint.follow(aw.max_pool2d(2, 2), (3, 4, 4)).out_shape == (3, 2, 2)
    assert waypoint.follow(aw.max_pool2d(3, 2), (3, 3, 3)).out_shape == (3, 1, 1)


def test_shapes_that_hardly_come_again_are_not_kept_for_good():
    """A module may come to a million widths."""
    space = aw.sequential(aw.conv2d(aw.integers(1, 10**6), 1), aw.optional(aw.relu()), aw.optional(aw.batch_norm()))
    uniform = random.Random(0).random
    for _ in range(2 * MAX_STOPS):
        aw.sample(aw.root(space, SHAPE), uniform)
    assert all(len(term.plan.stops) <= MAX_STOPS for term in iterate_subterms(space))


@pytest.mark.parametrize(
    ("space", "message"),
    [
        (aw.sequential(aw.max_pool2d(9), CONV), "nothing fits at 0.max_pool2d after no choice at all: "),
        (aw.sequential(aw.relu(), aw.sequential(aw.max_pool2d(9), CONV)), "nothing fits at 1.0.max_pool2d after no"),
        (aw.sequential(CONV, aw.relu(), aw.max_pool2d(9)), "nothing fits at 2.max_pool2d after 0.conv2d.filters = 4: "),
        (
            aw.sequential(aw.sequential(CONV), aw.sequential(aw.max_pool2d(9), name="stem")),
            "nothing fits at stem.sequential after 0.0.conv2d.filters = 4: ",
        ),
    ],
)
def test_what_does_not_fit_is_found_where_it_is_passed(space, message):
    """A child that was specified from the beginning has a place, too, also once others were chosen."""
    with pytest.raises(DeadEnd, match=re.escape(message)):
        aw.root(space, SHAPE).choose(4)


def test_places_of_what_was_chosen_are_filled_at_once():
    """Alone, in modules, and in copies; what comes out is what the traversal through each of them gives."""
    stage = aw.sequential(aw.place("cell"), aw.residual(aw.place("cell", name="named")))
    inside = aw.sequential(stage, aw.max_pool2d(2), stage, aw.repeat_tied(aw.place("cell"), 2), aw.affine([5, 10]))
    space = aw.let(inside=inside, cell=aw.conv2d([3, 6], [1, 3]))
    node = aw.root(space, SHAPE).choose(6).choose(3)
    passed = node.frame.specified_children
    assert passed == aw.replay(space, SHAPE, node.path).frame.specified_children
    cell = aw.conv2d(6, 3)
    filled = aw.sequential(cell, aw.residual(cell.with_name("named")))
    assert passed == (filled, aw.max_pool2d(2), filled, aw.repeat_tied(cell, 2))
    leaf = node.choose(10)
    assert leaf.out_shape == leaf.architecture.out_shape(SHAPE) == (10,)


def test_what_does_not_fit_in_a_later_place_is_found_there():
    """As if the traversal had come to it by steps."""
    stage = aw.sequential(aw.relu(), aw.place("pool"))
    space = aw.let(inside=aw.sequential(aw.place("pool"), stage, stage), pool=aw.max_pool2d([1, 2, 3], padding="valid"))
    assert aw.root(space, SHAPE).choose(2).is_leaf
    with pytest.raises(DeadEnd, match=re.escape("nothing fits at let.2.1.place after pool.max_pool2d.size = 3: ")):
        aw.root(space, (3, 9, 9)).choose(3)
