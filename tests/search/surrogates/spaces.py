"""Spaces and leaves of which surrogates see something."""

import archwright as aw
from archwright.core.node import Node

IMAGE = (3, 32, 32)
PAPER = aw.sequential(
    aw.settings(rate=aw.reals(0.001, 1.0, log=True)),
    aw.repeat_tied(aw.sequential(aw.conv2d(filters=[8, 16], size=3), aw.relu()), [1, 2]),
    aw.optional(aw.dropout(0.5)),
    aw.affine(10),
)


def leaf_of(space, *values, shape=IMAGE) -> Node:
    """The leaf that these values choose, in order."""
    node = aw.root(space, shape)
    for value in values:
        node = node.choose(value)
    assert node.is_leaf
    return node


def cell(*ops: str) -> Node:
    """A NAS-Bench-201 network; one operation for each edge, in the order 1<-0, 2<-0, 2<-1, 3<-0, 3<-1, 3<-2."""
    return leaf_of(aw.named_space("nasbench201"), *ops)
