"""Messages between searchers, the run loop and evaluators."""

from hypothesis import given

import archwright as aw
from archwright.core.budget import Budget
from archwright.core.protocols import Proposal
from tests.strategies import leaves


@given(leaves)
def test_a_proposal_replays_its_leaf(leaf):
    """From the origin and the path, once."""
    proposal = Proposal(0, leaf.origin, leaf.path, Budget(1, "epochs"))
    assert proposal.leaf == leaf
    assert proposal.leaf is proposal.leaf
    assert proposal == Proposal(0, leaf.origin, leaf.path, aw.Budget(1, "epochs"))


@given(leaves)
def test_a_proposal_of_a_leaf_is_equal(leaf):
    """And has the leaf without replaying its path."""
    proposal = Proposal.of(3, leaf, Budget(1, "epochs"))
    assert proposal.leaf is leaf
    assert proposal == Proposal(3, leaf.origin, leaf.path, Budget(1, "epochs"))
