"""Ladders that are asked and told, by any number of workers, with failures."""

import random

import archwright as aw
from archwright.core.budget import Budget, parse_budgets
from archwright.core.objective import Objective
from archwright.core.protocols import Problem, Proposal
from tests.search.contract import Session

WIDE = aw.sequential(aw.affine(units=aw.integers(1, 10**6)), aw.affine(units=10))
NARROW = aw.sequential(aw.affine(units=aw.integers(1, 40)), aw.affine(units=10))  # 40 leaves


def make_problem(budgets: str = "1epochs..27epochs", direction: str = "maximize", *, space=WIDE, can_continue=True):
    """A problem with several budgets."""
    parsed = parse_budgets(budgets)
    assert not isinstance(parsed, Budget)
    objective = Objective("accuracy", direction)  # type: ignore[arg-type]
    return Problem(space, (1, 8, 8), parsed.largest, objective, parsed, can_continue)


def climb(session: Session, trials: int, workers: int, seed: int, failures: float = 0.0, check=lambda _: None):
    """Ask for `trials` proposals in all, in any order of outcomes; `check` is called before each proposal."""
    rng = random.Random(seed)
    while len(session.proposals) < trials or session.open:
        may_ask = len(session.proposals) < trials and len(session.open) < workers
        if may_ask:
            check(session)
        if may_ask and session.ask() is not None:
            continue
        if not session.open:
            break
        proposal = rng.choice(session.open)
        session.tell(proposal, None if rng.random() < failures else rng.choice([0.1, 0.2, 0.3, rng.random()]))


def list_rung(session: Session, bracket: int, rung: int) -> list[Proposal]:
    """The proposals on a rung."""
    return [proposal for proposal in session.proposals if (proposal.bracket, proposal.rung) == (bracket, rung)]
