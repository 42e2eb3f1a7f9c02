"""The laws of every searcher, and sessions to check them in."""

import random
from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from typing import Any

from attrs import evolve

from archwright.core.budget import Budget, parse_budgets
from archwright.core.node import replay
from archwright.core.objective import Objective
from archwright.core.protocols import Outcome, Problem, Proposal
from archwright.core.term import Term
from archwright.search.searcher import open_outcome_stream, open_proposal_stream

RUNGS = "1epochs..9epochs"  # budgets for tests of all searchers, of which those that are no ladders use the largest
PROPOSALS_PER_REPEAT = 4  # one in so many is asked for twice: to ask is most of the cost of a test


def make_problem(space: Term, direction: str = "maximize", shape=(1, 8, 8), budgets: str = "1epochs") -> Problem:
    """A problem of one budget, or of several."""
    parsed = parse_budgets(budgets)
    largest, several = (parsed, None) if isinstance(parsed, Budget) else (parsed.largest, parsed)
    return Problem(space, shape, largest, Objective("accuracy", direction), several)  # type: ignore[arg-type]


def score_path(path: tuple, salt: str = "") -> float:
    """A score in [0, 1) that is a hash of the path."""
    return int.from_bytes(blake2b(f"{salt}{path}".encode(), digest_size=6).digest()) / 2**48


class Session:
    """A searcher that is asked and told: proposals in order, outcomes in any order."""

    def __init__(self, searcher: Any, problem: Problem, seed: int = 0) -> None:
        self.searcher, self.problem, self.seed = searcher, problem, seed
        self.state = searcher.start(problem)
        self.trials = 0  # the number of the next one
        self.proposals: list[Proposal] = []
        self.open: list[Proposal] = []
        self.events: list[Proposal | Outcome] = []

    def propose(self, state: Any = None) -> Any:
        """What the searcher proposes next, in its state or in `state`."""
        uniform = open_proposal_stream(self.searcher, self.seed, self.trials)
        return self.searcher.propose(self.state if state is None else state, self.trials, uniform)

    def ask(self) -> Proposal | None:
        proposal = self.propose()
        if len(self.proposals) % PROPOSALS_PER_REPEAT == 0:
            assert self.propose() == proposal, "to propose must change nothing"
        if proposal is not None:
            self._fold(proposal)
            self.proposals.append(proposal)
            self.open.append(proposal)
            self.events.append(proposal)
        return proposal

    def tell(self, proposal: Proposal, score: float | None) -> None:
        outcome = Outcome(proposal, "ok" if score is not None else "crashed", score)
        self.open.remove(proposal)
        self._fold(outcome)
        self.events.append(outcome)

    def take_over(self, events: Iterable[Proposal | Outcome]) -> None:
        """Adopt and observe what another searcher proposed and was told."""
        for event in events:
            if isinstance(event, Proposal):
                self._fold(drop_leaf(event))
            else:
                self._fold(evolve(event, proposal=drop_leaf(event.proposal)))

    def _fold(self, event: Proposal | Outcome) -> None:
        if isinstance(event, Proposal):
            self.state = self.searcher.adopt(self.state, event)
            self.trials = max(self.trials, event.trial + 1)
        else:
            uniform = open_outcome_stream(self.searcher, self.seed, event.proposal.trial)
            self.state = self.searcher.tell(self.state, event, uniform)

    def run(
        self, n: int, score: Callable[[tuple], float | None], workers: int = 1, seed: int = 0
    ) -> Sequence[Proposal]:
        """`n` proposals, up to `workers` of them open at once, told in an order that `seed` shuffles."""
        rng = random.Random(seed)
        while len(self.proposals) < n:
            while len(self.open) < workers and len(self.proposals) < n:
                if self.ask() is None:
                    break
            if not self.open:
                break
            proposal = rng.choice(self.open)
            self.tell(proposal, score(proposal.path))
        for proposal in list(self.open):
            self.tell(proposal, score(proposal.path))
        return self.proposals


def drop_leaf(proposal: Proposal) -> Proposal:
    """A proposal as it is read from a log: without its leaf."""
    return evolve(proposal)


def fold_events(session: Session, events: Iterable[Proposal | Outcome]) -> Any:
    """The state that some events alone give, this searcher's or another's."""
    replayed = Session(session.searcher, session.problem, session.seed)
    replayed.take_over(events)
    return replayed.state


def replay_session(session: Session) -> Any:
    """The state that the events alone give."""
    return fold_events(session, session.events)


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
