"""Modules under names: which are taken, in which order, and what is refused."""

import re

import pytest

import archwright as aw
from archwright.core.hyperparameter import InvalidHyperparameter

CONV = aw.conv2d([8, 16], 3)


@pytest.mark.parametrize(
    "build", [aw.sequential, aw.branches, lambda *args, **named: aw.topology([(0, 1), (0, 2), (1, 2)], *args, **named)]
)
def test_modules_under_names_come_after_the_others(build):
    """A text under `name` is the name of the whole; a module under it is one more, of that name."""
    built = build(aw.relu(), CONV, head=CONV, name="whole")
    assert (built.children, built.given_name) == ((aw.relu(), CONV, CONV.with_name("head")), "whole")
    built = build(aw.relu(), stem=CONV.with_name("stem"), name=CONV)
    assert (built.children, built.given_name) == ((aw.relu(), CONV.with_name("stem"), CONV.with_name("name")), "")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: aw.conv2d(8, 3, name="a b"), "the name of conv2d is 'a b'; it must be an identifier, such as stem"),
        (lambda: aw.conv2d(8, 3, name=3), "the name of conv2d is 3; it must be a text, as in name='stem'"),
        (lambda: aw.relu(name="class"), "the name of activation is 'class'; it must be an identifier"),
        (lambda: aw.optional(aw.relu(), name="0"), "the name of optional is '0'; it must be an identifier"),
        (lambda: aw.sequential(**{"a.b": CONV}), "the name of a module in sequential is 'a.b'; it must be an"),
        (
            lambda: aw.branches(left=CONV.with_name("right")),
            "left of branches is a module with the name 'right'; give it one name, here or there",
        ),
    ],
)
def test_names_that_are_refused(call, message):
    with pytest.raises(InvalidHyperparameter, match=re.escape(message)):
        call()
