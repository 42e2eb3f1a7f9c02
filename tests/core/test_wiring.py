"""Wirings: what may be written, and what is refused with its place."""

import numpy as np
import pytest

import archwright as aw
from archwright.core.builders import WrongArguments
from archwright.core.user_modules import InvalidResult
from archwright.core.wiring import InvalidWiring, chain, fan_out
from tests.core.user_modules import Net


def test_a_joint_is_written_as_its_sources():
    """One alone, several, or a joint."""
    wiring = aw.Wiring([0, [0, 1], aw.Joint(np.array([1, 2]), "mean")], output=np.int64(3))
    assert wiring.inputs == (aw.Joint((0,), "add"), aw.Joint((0, 1), "add"), aw.Joint((1, 2), "mean"))
    assert wiring.output == aw.Joint(3)
    assert all(type(source) is int for joint in wiring.joints for source in joint.sources)


def test_equal_joints_are_one():
    """In the order in which they are merged."""
    assert aw.Wiring([0, [0, 1], 2, [0, 1]], [0, 1]).joints == (aw.Joint(0), aw.Joint([0, 1]), aw.Joint(2))


def test_wirings_of_the_built_in_kinds():
    """A chain, the input and a body, side by side, and a joint for each node of a graph."""
    a = aw.identity()
    assert aw.sequential(a, a, a).wiring() == chain(3) == aw.Wiring([0, 1, 2], 3)
    assert aw.sequential().wiring() == aw.branches().wiring() == aw.Wiring([], 0)
    assert aw.residual(a).wiring() == aw.Wiring([0], [0, 1])
    assert aw.branches(a, a, merge="concatenate").wiring() == fan_out(2, "concatenate")
    assert fan_out(2, "mean") == aw.Wiring([0, 0], aw.Joint([1, 2], "mean"))
    assert aw.repeat_tied(a, 3).wiring() == chain(1)
    edges = [(0, 1), (0, 2), (1, 2), (1, 3), (2, 3)]
    assert aw.topology(edges, a, a, a, a, a).wiring() == aw.Wiring([0, 0, 1, 1, [2, 3]], [4, 5])


@pytest.mark.parametrize(
    ("sources", "merge", "parameters"),
    [(0, "weighted", 0), ([0, 1, 2], "weighted", 3), ([0, 1, 2], "attention", 4), ([0, 1], "mean", 0), (1, "add", 0)],
)
def test_what_a_joint_learns(sources, merge, parameters):
    """A number for each source, one more for attention; nothing of one source, which is passed through."""
    assert aw.Joint(sources, merge).parameters == parameters


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: aw.Joint([]), r"the sources of a joint are \[\]; they must be rising numbers, 0 for the input"),
        (lambda: aw.Joint([1, 0]), r"the sources of a joint are \[1, 0\]"),
        (lambda: aw.Joint([1, 1]), r"the sources of a joint are \[1, 1\]"),
        (lambda: aw.Joint(-1), "the sources of a joint are -1"),
        (lambda: aw.Joint("body"), "the sources of a joint are 'body'"),
        (lambda: aw.Joint([True]), r"the sources of a joint are \[True\]"),
        (
            lambda: aw.Joint([0, 1], "sum"),
            "a joint merges by 'sum'; there are: add, attention, concatenate, mean, shake, shake_softmax, tuple",
        ),
        (lambda: aw.Joint([0, 1], "wieghted"), "a joint merges by 'wieghted'; did you mean weighted?"),
        (lambda: aw.Joint([0, 1], ["add"]), r"a joint merges by \['add'\]"),
        (lambda: aw.Wiring(0, 1), "the inputs of a wiring are 0; they must be a list with one for each child"),
        (
            lambda: aw.Wiring([0, 2], 2),
            r"child 1 of a wiring takes from \[2\]; it may take from what comes before it, which is 0, the input, and "
            "the outputs of children up to 1",
        ),
        (lambda: aw.Wiring([1], 1), r"child 0 of a wiring takes from \[1\]; .* which is 0, the input$"),
        (
            lambda: aw.Wiring([0, 0], [1, 3]),
            r"the output of a wiring takes from \[1, 3\]; it may .* children up to 2, as many as it has inputs for$",
        ),
    ],
)
def test_what_is_no_wiring(make, message):
    """Refused with the value and the place."""
    with pytest.raises(InvalidWiring, match=message):
        make()


class Undecorated(aw.Composite):
    """A class that is no kind of module, for want of its decorator."""

    body: aw.Term = aw.child()


@aw.module
class Plain(aw.Composite):
    """Fields that hold modules, and do not say so."""

    body: aw.Term

    def wiring(self):
        return aw.Wiring([0], 1)


def test_a_class_says_what_it_is():
    """By its decorator, and by those of its fields that hold modules."""
    with pytest.raises(
        WrongArguments, match=r"Undecorated is no kind of module yet; write @aw\.module above its class"
    ):
        Undecorated(aw.relu())
    with pytest.raises(InvalidWiring, match=r"gave 1 inputs for its 0 children; .* that they are aw\.child\(\) or"):
        aw.count(aw.sequential(Plain(aw.relu())), (3,))


@aw.module
class Unwired(aw.Composite):
    """A kind that does not say how its children are connected, or says it by `say`."""

    pair: tuple[aw.Term, ...] = aw.children()


@aw.module
class Saying(aw.Composite):
    """A kind with the wiring that its field gives next."""

    pair: tuple[aw.Term, ...] = aw.children()
    say: object = None

    def wiring(self):
        return self.say()


PAIR = (aw.relu(), aw.conv2d([2, 3], 1))


@pytest.mark.parametrize(
    ("space", "error", "message"),
    [
        (Unwired(PAIR), InvalidWiring, "unwired does not say how its children are connected; give its class a method "),
        (Net(PAIR, ((0,), (1,))), InvalidWiring, "wiring of net gave 1 inputs for its 2 children; give one for each"),
        (
            Net(PAIR, ((0,), (0,), (1, 3))),
            InvalidWiring,
            r"wiring of net failed: the output of a wiring takes from \[1",
        ),
        (
            Saying(PAIR, lambda: None),
            InvalidResult,
            "wiring of saying gave None; it must give what flows into each chi",
        ),
        (
            Saying(PAIR, iter([chain(2), fan_out(2, "add")]).__next__),
            InvalidResult,
            "wiring of saying gave Wiring.*; it must give the same whenever it is asked, and next it gave Wiring",
        ),
    ],
    ids=range(5),
)
def test_a_wrong_wiring_of_a_kind_is_refused_with_its_name(space, error, message):
    """Where it is first needed: before a search."""
    with pytest.raises(error, match=message):
        aw.root(space, (2, 4, 4))


def test_a_field_in_the_place_of_a_method_is_refused():
    """It would be called."""
    with pytest.raises(InvalidResult, match="the field merge of Merging hides a method; give it another name"):

        @aw.module
        class Merging(aw.Composite):
            body: aw.Term = aw.child()
            merge: str = "add"
