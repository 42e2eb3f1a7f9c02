"""Going through a space: samples and enumeration, and nodes gone on from in any order."""

import json
import pickle
import random
from itertools import islice

import pytest
from attrs import evolve, frozen
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

import archwright as aw
from archwright.core.node import Choice, Node
from archwright.core.traversal import Uncountable
from archwright.core.value import Path
from tests.strategies import all_nodes, enumerate_leaves, open_cases, roots, uniforms


@given(open_cases)
def test_enumeration_visits_every_leaf_once(case):
    """In the order of going through the values depth first."""
    assert list(aw.enumerate_leaves(case.space, case.shape)) == enumerate_leaves(case.space, case.shape)[0]


@given(all_nodes, st.lists(uniforms, min_size=1))
def test_a_sample_consumes_a_number_for_each_choice(node, numbers):
    """And ends at a leaf below its node."""
    drawn = []

    def uniform() -> float:
        drawn.append(numbers[len(drawn) % len(numbers)])
        return drawn[-1]

    leaf = aw.sample(node, uniform)
    assert leaf.is_leaf
    assert len(drawn) == len(leaf.path) - len(node.path)
    assert leaf.path[: len(node.path)] == node.path


@given(roots, st.integers(0, 99))
def test_samples_depend_on_their_numbers_alone(node, seed):
    """The same numbers, the same leaf."""
    first, second = (aw.sample(node, random.Random(seed).random) for _ in range(2))
    assert first == second


def test_choices_are_uniform_but_leaves_are_not():
    """Half of the samples take the option with one leaf, half share the option with nine."""
    space = aw.either(aw.relu(), aw.conv2d([1, 2, 3], [1, 3, 5]))
    uniform = random.Random(0).random
    options = [aw.sample(aw.root(space, (1, 8, 8)), uniform).path[0][1] for _ in range(1000)]
    assert options.count("relu") == pytest.approx(500, abs=60)


def test_enumeration_takes_its_time():
    """The first leaves of a space that has more than could be listed come at once."""
    space = aw.named_space("resnet")
    first, second = islice(aw.enumerate_leaves(space, (3, 32, 32)), 2)
    assert first.path[-1] == ("1.either.option", "identity")
    assert second.path[: len(first.path) - 1] == first.path[:-1]


def test_reals_cannot_be_enumerated():
    """The error names the hyperparameter."""
    space = aw.sequential(aw.conv2d([1, 2], 1), aw.dropout(aw.reals(0, 1)))
    with pytest.raises(
        Uncountable, match=r"^1.dropout.rate has no end of values; sample the space, or use values inst"
    ):
        list(aw.enumerate_leaves(space, (1, 8, 8)))


@frozen
class Expected:
    """A node, and all that the model expects of it."""

    node: Node
    path: Path
    choice: Choice | None

    @classmethod
    def of(cls, node: Node, path: Path) -> "Expected":
        """What the model expects of a node that is new."""
        return cls(node, path, node.choice)


class Traversal(RuleBasedStateMachine):
    """A persistent tree is a list of choices, and nodes of several spaces, of which none is ever changed."""

    nodes = Bundle("nodes")

    def __init__(self) -> None:
        super().__init__()
        self.all: list[Expected] = []

    def record(self, expected: Expected) -> Expected:
        self.all.append(expected)
        return expected

    @rule(target=nodes, case=open_cases)
    def begin(self, case):
        return self.record(Expected.of(aw.root(case.space, case.shape), ()))

    @rule(target=nodes, expected=nodes, u=uniforms)
    def choose(self, expected, u):
        if expected.choice is None:
            return expected
        value = expected.choice.domain.sample(u)
        return self.record(Expected.of(expected.node.choose(value), (*expected.path, (expected.choice.name, value))))

    @rule(target=nodes, expected=nodes, parts=st.integers(2, 3), u=uniforms)
    def narrow(self, expected, parts, u):
        if expected.choice is None:
            return expected
        split = expected.choice.domain.split(parts)
        part = split[int(u * len(split))]
        if part.size == 1:
            step = (expected.choice.name, part.from_unit(0.5))
            return self.record(Expected.of(expected.node.narrow(part), (*expected.path, step)))
        return self.record(evolve(expected, node=expected.node.narrow(part), choice=Choice(expected.choice.name, part)))

    @rule(expected=nodes)
    def replay(self, expected):
        path = json.loads(json.dumps(expected.path))
        replayed = aw.replay(expected.node.origin.space, expected.node.origin.input_shape, path)
        assert replayed.path == expected.path
        assert replayed.is_leaf == (expected.choice is None)
        assert replayed.choice is None or replayed.choice.domain.includes(expected.choice.domain)

    @rule(target=nodes, expected=nodes)
    def send(self, expected):
        return self.record(evolve(expected, node=pickle.loads(pickle.dumps(expected.node))))

    @rule(expected=nodes, u=uniforms)
    def finish(self, expected, u):
        leaf = aw.sample(expected.node, lambda: u)
        assert leaf.path[: len(expected.path)] == expected.path
        assert leaf.architecture.out_shape(leaf.origin.input_shape) == leaf.out_shape

    @rule(a=nodes, b=nodes)
    def compare(self, a, b):
        same = (a.node.origin, a.path, a.choice) == (b.node.origin, b.path, b.choice)
        assert (a.node == b.node) == same
        assert not same or hash(a.node) == hash(b.node)

    @invariant()
    def no_node_has_changed(self):
        for expected in self.all:
            assert expected.node.path == expected.path
            assert expected.node.choice == expected.choice


TestTraversal = Traversal.TestCase
TestTraversal.settings = settings(max_examples=25, stateful_step_count=25)
