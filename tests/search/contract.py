"""What every searcher must keep, and the means to see it."""

import random
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any

from attrs import evolve

from archwright.core.budget import Budget
from archwright.core.node import replay
from archwright.core.objective import Objective
from archwright.core.protocols import Outcome, Problem, Proposal
from archwright.core.term import Term

TWICE = 4  # one proposal in so many is asked for a second time: asking is most of what a test costs


def problem(space: Term, seed: int = 0, direction: str = "maximize", shape=(1, 8, 8)) -> Problem:
    return Problem(space, shape, seed, Budget(1, "epochs"), Objective("accuracy", direction))  # type: ignore[arg-type]


def noise(path: tuple, salt: str = "") -> float:
    """A score in [0, 1) that only the path decides."""
    return int.from_bytes(blake2b(f"{salt}{path}".encode(), digest_size=6).digest()) / 2**48


class Session:
    """A searcher at work: proposals in order, outcomes in whatever order they are told."""

    def __init__(self, searcher: Any, of: Problem) -> None:
        self.searcher, self.problem = searcher, of
        self.state = searcher.start(of)
        self.proposals: list[Proposal] = []
        self.open: list[Proposal] = []
        self.events: list[Proposal | Outcome] = []

    def ask(self) -> Proposal | None:
        proposal = self.searcher.propose(self.state)
        if len(self.proposals) % TWICE == 0:
            assert self.searcher.propose(self.state) == proposal, "to propose must change nothing"
        if proposal is not None:
            self.state = self.searcher.adopt(self.state, proposal)
            self.proposals.append(proposal)
            self.open.append(proposal)
            self.events.append(proposal)
        return proposal

    def tell(self, proposal: Proposal, score: float | None) -> None:
        outcome = Outcome(proposal, "ok" if score is not None else "crashed", score)
        self.open.remove(proposal)
        self.state = self.searcher.tell(self.state, outcome)
        self.events.append(outcome)

    def run(
        self, n: int, score: Callable[[tuple], float | None], workers: int = 1, seed: int = 0
    ) -> Sequence[Proposal]:
        """`n` proposals, up to `workers` of them open at once, told in a shuffled order."""
        chance = random.Random(seed)
        while len(self.proposals) < n:
            while len(self.open) < workers and len(self.proposals) < n:
                if self.ask() is None:
                    break
            if not self.open:
                break
            done = chance.choice(self.open)
            self.tell(done, score(done.path))
        for proposal in list(self.open):
            self.tell(proposal, score(proposal.path))
        return self.proposals


def logged(proposal: Proposal) -> Proposal:
    """A proposal as a log gives it back: without the leaf that its searcher had at hand."""
    return Proposal(proposal.trial, proposal.origin, proposal.path, proposal.budget, proposal.continues)


def told(session: Session, events: Sequence[Proposal | Outcome]) -> Any:
    """The state that some events alone give, this searcher's or another's."""
    state = session.searcher.start(session.problem)
    for event in events:
        if isinstance(event, Proposal):
            state = session.searcher.adopt(state, logged(event))
        else:
            state = session.searcher.tell(state, evolve(event, proposal=logged(event.proposal)))
    return state


def replayed(session: Session) -> Any:
    """The state that the events alone give."""
    return told(session, session.events)


def check_proposals(session: Session) -> None:
    """Every path leads through the space to a leaf, the one that the proposal has; they are numbered in order."""
    space, shape = session.problem.space, session.problem.input_shape
    for number, proposal in enumerate(session.proposals):
        leaf = replay(space, shape, proposal.path)
        assert leaf.is_leaf
        assert leaf.path == proposal.path
        assert proposal.leaf == leaf
        assert proposal.leaf.architecture == leaf.architecture
        assert proposal.origin == leaf.origin
        assert proposal.trial == number
