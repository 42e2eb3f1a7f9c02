"""What every searcher must keep is not kept by one that proposes something else."""

import pytest
from attrs import evolve, frozen

import archwright as aw
from archwright.core import protocols
from archwright.core.errors import ArchwrightError
from archwright.core.protocols import Proposal
from archwright.search.searchers.random_search import RandomSearch
from tests.search.contract import Session, check_proposals, drop_leaf, make_problem, score_path
from tests.search.instant import SPACE


@frozen
class Odd:
    """A searcher whose proposals are random search's, changed."""

    change: object

    def start(self, problem):
        return RandomSearch().start(problem)

    def propose(self, state, trial, uniform):
        return self.change(RandomSearch().propose(state, trial, uniform))  # type: ignore[operator]

    def adopt(self, state, proposal):
        return RandomSearch().adopt(state, proposal)

    def tell(self, state, outcome, uniform):
        return RandomSearch().tell(state, outcome, uniform)


def with_path(proposal: Proposal, path) -> Proposal:
    """Another path, and the leaf still at hand, as a searcher might have it that names its choices wrongly."""
    changed = evolve(proposal, path=path)
    object.__setattr__(changed, "leaf", proposal.leaf)
    return changed


def odd(change) -> Session:
    session = Session(Odd(change), make_problem(SPACE))
    session.run(3, score_path)
    return session


def test_proposals_as_they_are_pass():
    check_proposals(odd(lambda proposal: proposal))


@pytest.mark.parametrize(
    "change",
    [
        lambda proposal: with_path(proposal, proposal.path[:-1]),
        lambda proposal: with_path(proposal, (*proposal.path, ("x", 1))),
        lambda proposal: with_path(proposal, (("0.settings.optimizer", "adamw"), *proposal.path[1:])),
        lambda proposal: with_path(proposal, proposal.path[::-1]),
        lambda proposal: evolve(proposal, origin=aw.root(aw.relu(), (1, 8, 8)).origin, path=()),
        lambda proposal: evolve(proposal, trial=7),
    ],
    ids=["short", "long", "no such value", "another order", "another space", "another number"],
)
def test_proposals_of_something_else_do_not(change):
    with pytest.raises((AssertionError, ArchwrightError)):
        check_proposals(odd(change))


def test_what_a_log_gives_back_is_walked_again(monkeypatch):
    """The leaf that a searcher has at hand is not; what a log gives back is the same proposal."""
    walked = []
    monkeypatch.setattr(protocols, "replay", lambda *arguments: walked.append(arguments) or aw.replay(*arguments))
    proposal = odd(lambda proposal: proposal).proposals[0]
    assert proposal.leaf.path == proposal.path
    assert not walked
    assert drop_leaf(proposal) == proposal
    assert drop_leaf(proposal).leaf == proposal.leaf
    assert len(walked) == 1
