"""Traversal against a model: a persistent tree is a list of choices, and nodes of which none is ever changed."""

import json
import pickle

from attrs import evolve, frozen
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

import archwright as aw
from archwright.core.node import Choice, Node
from archwright.core.value import Path
from tests.strategies import open_cases, uniforms


@frozen
class Known:
    """A node, and all that the model knows of it."""

    node: Node
    path: Path
    choice: Choice | None

    @classmethod
    def reached(cls, node: Node, path: Path) -> "Known":
        """The node, as it is when it is new."""
        return cls(node, path, node.choice)


class Traversal(RuleBasedStateMachine):
    """Nodes of several spaces, gone on from in any order; each is what it was when it was new."""

    nodes = Bundle("nodes")

    def __init__(self) -> None:
        super().__init__()
        self.all: list[Known] = []

    def seen(self, known: Known) -> Known:
        self.all.append(known)
        return known

    @rule(target=nodes, case=open_cases)
    def begin(self, case):
        return self.seen(Known.reached(aw.root(case.space, case.shape), ()))

    @rule(target=nodes, known=nodes, u=uniforms)
    def choose(self, known, u):
        if known.choice is None:
            return known
        value = known.choice.domain.sample(u)
        return self.seen(Known.reached(known.node.choose(value), (*known.path, (known.choice.name, value))))

    @rule(target=nodes, known=nodes, parts=st.integers(2, 3), u=uniforms)
    def narrow(self, known, parts, u):
        if known.choice is None:
            return known
        split = known.choice.domain.split(parts)
        part = split[int(u * len(split))]
        if part.size == 1:
            step = (known.choice.name, part.from_unit(0.5))
            return self.seen(Known.reached(known.node.narrow(part), (*known.path, step)))
        return self.seen(evolve(known, node=known.node.narrow(part), choice=Choice(known.choice.name, part)))

    @rule(known=nodes)
    def replay(self, known):
        path = json.loads(json.dumps(known.path))
        again = aw.replay(known.node.origin.space, known.node.origin.input_shape, path)
        assert again.path == known.path
        assert again.is_leaf == (known.choice is None)
        assert again.choice is None or again.choice.domain.includes(known.choice.domain)

    @rule(target=nodes, known=nodes)
    def send(self, known):
        return self.seen(evolve(known, node=pickle.loads(pickle.dumps(known.node))))

    @rule(known=nodes, u=uniforms)
    def finish(self, known, u):
        leaf = aw.sample(known.node, lambda: u)
        assert leaf.path[: len(known.path)] == known.path
        assert leaf.architecture.out_shape(leaf.origin.input_shape) == leaf.out_shape

    @rule(a=nodes, b=nodes)
    def compare(self, a, b):
        same = (a.node.origin, a.path, a.choice) == (b.node.origin, b.path, b.choice)
        assert (a.node == b.node) == same
        assert not same or hash(a.node) == hash(b.node)

    @invariant()
    def no_node_has_changed(self):
        for known in self.all:
            assert known.node.path == known.path
            assert known.node.choice == known.choice


TestTraversal = Traversal.TestCase
TestTraversal.settings = settings(max_examples=25, stateful_step_count=25)
