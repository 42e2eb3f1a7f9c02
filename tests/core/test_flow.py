"""Shapes through a wiring are folded as they come, and are what merging them all at their joint gives."""

from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archwright as aw
from archwright.core.flow import concatenate_shapes, pad_shapes, plan_flow
from archwright.core.node import DeadEnd
from archwright.core.wiring import MERGES
from tests.core.user_modules import Net
from tests.strategies import sources_of_nets

shapes = st.lists(st.integers(1, 6), min_size=1, max_size=3).map(tuple)


@pytest.mark.parametrize(
    ("a", "b", "concatenated"),
    [
        ((3, 8, 8), (3, 8, 8), (6, 8, 8)),
        ((3, 8, 8), (16, 4, 9), (19, 8, 9)),  # other axes to the longer
        ((10,), (4,), (14,)),
        ((3, 2, 2), (10,), (22,)),  # unlike ranks: both flattened
    ],
)
def test_concatenation_by_hand(a, b, concatenated):
    assert concatenate_shapes(a, b) == concatenate_shapes(b, a) == concatenated


@st.composite
def wirings(draw: st.DrawFn) -> aw.Wiring:
    sources = draw(sources_of_nets(draw(st.integers(0, 6))))
    *inputs, output = (aw.Joint(own, draw(st.sampled_from(MERGES))) for own in sources)
    return aw.Wiring(inputs, output)


def merge_all(joint: aw.Joint, values: list[aw.Shape]) -> aw.Shape:
    """The shape of a joint, of all its sources at once."""
    return reduce(
        concatenate_shapes if joint.merge == "concatenate" else pad_shapes, [values[source] for source in joint.sources]
    )


@given(wirings(), shapes, st.data())
def test_what_is_kept_is_enough_and_no_more(wiring, in_shape, data):
    """Each child gets, and the module gives, what its joint is by itself; an output that nobody needs is not kept."""
    outputs = [data.draw(shapes) for _ in wiring.inputs]
    module = Net((aw.identity(),) * len(outputs), [joint.sources for joint in (*wiring.inputs, wiring.output)])
    object.__setattr__(module, "_flow", plan_flow(wiring))
    values, kept = [in_shape], ()
    for i, (joint, out) in enumerate(zip(wiring.inputs, outputs, strict=True)):
        assert module.child_in_shape(i, in_shape, kept) == merge_all(joint, values)
        values.append(out)
        kept = module.keep_shapes(i, in_shape, kept, out)
        later = {other for other in (*wiring.inputs[i + 1 :], wiring.output) if other.sources != (0,)}
        begun = [joint for joint in later if next(s for s in joint.sources if s) <= i + 1]
        assert len(kept) == len(begun)
    assert module.merge(in_shape, kept) == merge_all(wiring.output, values)


def test_states_that_no_later_joint_tells_apart_are_joined():
    """Of 2^10 widths of ten branches, the analysis goes on with the largest so far: two states after each."""
    space = aw.branches(*[aw.conv2d([8, 16], 1)] * 10)
    assert aw.count(space, (3, 4, 4)) == 2**10
    edges = [(node, node + step) for node in range(9) for step in (1, 2) if node + step < 10]
    graph = aw.topology(sorted(edges, key=lambda edge: (edge[1], edge[0])), *[aw.conv2d([2, 4], 1)] * len(edges))
    assert aw.count(graph, (3, 4, 4)) == 2 ** len(edges)


def test_a_wiring_may_depend_on_what_was_chosen():
    """The merge of a joint is a hyperparameter, asked before what is inside."""
    space = Net((aw.conv2d([2, 3], 1),), ((0,), (0, 1)), ["add", "concatenate"])
    leaves = list(aw.enumerate_leaves(space, (3, 4, 4)))
    assert [(dict(leaf.path)["net.merging"], leaf.out_shape[0]) for leaf in leaves] == [
        ("add", 3),
        ("add", 3),
        ("concatenate", 5),
        ("concatenate", 6),
    ]


@aw.module
class Alike(aw.Composite):
    """Two modules, the second of which takes only what has the shape of the input."""

    pair: tuple[aw.Term, ...] = aw.children()

    def wiring(self):
        return aw.Wiring([0, 1], [1, 2])

    def child_in_shape(self, i, in_shape, outs):
        shape = super().child_in_shape(i, in_shape, outs)
        if shape != in_shape:
            raise aw.Misfit(f"alike needs {in_shape} again, and gets {shape}")
        return shape


def test_a_kind_may_refuse_shapes_and_leave_the_rest_to_its_wiring():
    """By `child_in_shape` alone."""
    space = Alike((aw.conv2d([2, 3], 1), aw.relu()))
    assert aw.count(space, (3, 4, 4)) == 1
    with pytest.raises(
        DeadEnd, match=r"nothing fits at alike.1.activation after alike.0.conv2d.filters = 2: alike needs"
    ):
        aw.root(space, (3, 4, 4)).choose(2)
