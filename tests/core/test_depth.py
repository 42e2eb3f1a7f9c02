"""Nesting: as deep as is said, everywhere; and refused by name and place where it is deeper, or has no end."""

import json
import pickle
import random
from functools import partial

import pytest

import archwright as aw
from archwright.core.drawing.svg import as_svg
from archwright.core.drawing.text import as_text
from archwright.core.errors import DEEPEST, TooDeep
from archwright.core.json import from_json, to_json
from tests.core.own import Nested, Recursion
from tests.strategies import subterms

SHAPE = (3, 4, 4)
WRAPS = {
    "residual": aw.residual,
    "sequential": lambda term: aw.sequential(term),
    "optional": aw.optional,
    "branches": lambda term: aw.branches(term, merge=["add", "concatenate"]),
}


def nested(wrap, levels: int) -> aw.Term:
    """A module in so many levels, with itself."""
    term = aw.dropout([0.1, 0.2])
    for _ in range(levels - 1):
        term = wrap(term)
    return term


@pytest.mark.parametrize("kind", WRAPS)
def test_as_deep_as_is_said_everything_works(kind):
    """Counted, checked, walked, written, read, compared and drawn."""
    space = nested(WRAPS[kind], DEEPEST)
    assert aw.count(space, SHAPE) == aw.count(space) > 1
    aw.check(space, SHAPE)
    leaf = aw.sample(aw.root(space, SHAPE), random.Random(0).random)
    assert aw.replay(space, SHAPE, leaf.path) == leaf
    assert from_json(json.loads(json.dumps(to_json(space)))) == space
    assert pickle.loads(pickle.dumps(space)) == space
    assert hash(leaf) == hash(pickle.loads(pickle.dumps(leaf)))
    assert len(as_text(space).splitlines()) == sum(1 for _ in subterms(space))
    assert as_svg(space).endswith("</svg>")


@pytest.mark.parametrize("kind", WRAPS)
@pytest.mark.parametrize("levels", [DEEPEST + 1, 500])
def test_deeper_is_refused_by_name(kind, levels):
    """When it is written."""
    with pytest.raises(TooDeep, match=rf"more than {DEEPEST} levels are nested in each other at .*; a module"):
        nested(WRAPS[kind], levels)


def test_json_that_is_too_deep_is_refused_by_name():
    """However deep it is."""
    for levels in (DEEPEST + 1, 5000):
        data = to_json(aw.relu())
        for _ in range(levels):
            data = {"kind": "residual", "body": data}
        with pytest.raises(TooDeep):
            from_json(data)


@pytest.mark.parametrize("through_choices", [False, True])
@pytest.mark.parametrize(
    "look",
    [aw.count, *(partial(look, input_shape=SHAPE) for look in (aw.count, aw.dead_ends, aw.root))],
    ids=["count", "count for a shape", "dead ends", "root"],
)
def test_a_module_that_expands_to_itself_without_end_is_refused_with_its_place(look, through_choices):
    """Whether it says so at once, or as an option; wherever in a space it is."""
    space = aw.sequential(aw.relu(), Recursion(aw.relu(), optional=through_choices))
    with pytest.raises(TooDeep, match=r"in each other at .*recursion\.1.*; a module that expands to itself must"):
        look(space)


def test_a_module_that_expands_to_itself_so_many_times_is_a_space():
    """As many as a hyperparameter says: each with a choice of its own, in two levels each."""
    space = Nested([1, 3, DEEPEST // 2 - 2])
    assert aw.count(space, SHAPE) == 2 + 2**3 + 2 ** (DEEPEST // 2 - 2)
    leaf = aw.sample(aw.root(space, SHAPE).choose(3), random.Random(0).random)
    assert [name for name, _ in leaf.path] == [
        "nested.levels",
        "nested.0.dropout.rate",
        "nested.1.nested.0.dropout.rate",
        "nested.1.nested.1.nested.0.dropout.rate",
    ]
    for levels in ([1, DEEPEST], aw.integers(1, 10**6)):
        for look in (aw.count, lambda space: aw.dead_ends(space, SHAPE)):
            with pytest.raises(TooDeep, match="nested"):
                look(Nested(levels))


def test_computations_nest_as_deep():
    """And no deeper."""
    width = total = aw.shared("width", [1, 2])
    for _ in range(DEEPEST):
        total = total + 1
    assert total.evaluate({"width": 2}) == DEEPEST + 2
    assert str(total).count("+") == DEEPEST
    space = aw.sequential(aw.conv2d(width, 1), aw.conv2d(total, 1))
    assert from_json(json.loads(json.dumps(to_json(space)))) == space
    with pytest.raises(TooDeep, match="at a computed hyperparameter"):
        _ = total + 1


def test_it_is_a_recursion_error_that_crosses_processes():
    """As a worker's does."""
    assert issubclass(TooDeep, RecursionError)
    error = pickle.loads(pickle.dumps(TooDeep("a.b.c")))
    assert "at a.b.c; a module" in str(error)
    assert len(str(TooDeep("long." * 999))) < 300
