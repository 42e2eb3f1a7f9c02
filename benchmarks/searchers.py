"""What it costs to ask a searcher and to tell it the outcome, beside optuna on the same space.

The space is the paper's experimental one, which has what makes asking slow: about 19 choices a path, options that bring
choices of their own, and copies that share theirs. optuna is given the same choices by name, one after the other.

Every searcher has been told the same random trials, so that none is measured where its own search leads. Each round's
outcome is better than all before, which is the dearest case: local search then looks for neighbours anew. Times are
processor time, as the machine may be shared: the median over some rounds, after one that is not counted.
"""

import itertools
import random
import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any

import optuna
from attrs import frozen

import archwright as aw
from archwright.core.budget import Budget
from archwright.core.node import Node
from archwright.core.objective import Objective
from archwright.core.protocols import Outcome, Problem
from archwright.search.searcher import open_outcome_stream, open_proposal_stream
from archwright.search.searchers.named import find_searcher
from archwright.search.searchers.random_search import RandomSearch

PROBLEM = Problem(aw.named_space("deeparchitect"), (3, 32, 32), Budget(1, "epochs"), Objective())
SEARCHERS = ("random", "mcts", "mcts-bisection", "evolution", "local-search", "smbo", "smbo-paper")
BARS = {"random": "1", "mcts": "3", "mcts-bisection": "3", "smbo": "50"}  # ms at 1,000 trials
AFTER = (100, 1_000, 10_000)  # trials
SLOW = 0.02  # seconds; of what takes longer, a few rounds will do

Round = Callable[[], None]  # asks for a proposal and tells its outcome


@frozen
class Cost:
    """Milliseconds of an ask and a tell, by how many trials there were before."""

    name: str
    after: Mapping[int, float]


def outcomes(n: int) -> list[Outcome]:
    """Random trials with random scores."""
    searcher, chance = RandomSearch(), random.Random(0)
    state = searcher.start(PROBLEM)
    made: list[Outcome] = []
    for trial in range(n):
        proposal = searcher.propose(state, trial, open_proposal_stream(searcher, 0, trial))
        assert proposal is not None
        state = searcher.adopt(state, proposal)
        made.append(Outcome(proposal, "ok", chance.random()))
    return made


def ours(name: str, told: Sequence[Outcome]) -> Round:
    """A searcher of ours that knows some outcomes."""
    searcher, scores = find_searcher(name), itertools.count(1.0)
    state, trials = searcher.start(PROBLEM), itertools.count(len(told))

    def tell(outcome: Outcome) -> None:
        nonlocal state
        uniform = open_outcome_stream(searcher, 0, outcome.proposal.trial)
        state = searcher.tell(searcher.adopt(state, outcome.proposal), outcome, uniform)

    for outcome in told:
        tell(outcome)

    def round_() -> None:
        trial = next(trials)
        proposal = searcher.propose(state, trial, open_proposal_stream(searcher, 0, trial))
        assert proposal is not None
        tell(Outcome(proposal, "ok", next(scores)))

    return round_


def optunas(sampler: optuna.samplers.BaseSampler, told: Sequence[Outcome]) -> Round:
    """A study of optuna's that knows the same outcomes; each choice of a node is a categorical parameter."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study, scores = optuna.create_study(sampler=sampler, direction="maximize"), itertools.count(1.0)
    study.add_trials([_frozen(outcome) for outcome in told])

    def round_() -> None:
        trial = study.ask()
        node = aw.root(PROBLEM.space, PROBLEM.input_shape)
        while (choice := node.choice) is not None:
            drawn: Any = trial.suggest_categorical(choice.name, list(choice.domain))
            node = node.choose(drawn)
        study.tell(trial, next(scores))

    return round_


def _frozen(outcome: Outcome) -> optuna.trial.FrozenTrial:
    steps: list[Node] = [outcome.proposal.leaf]
    while (above := steps[-1].parent) is not None:
        steps.append(above)
    distributions: dict[str, Any] = {}
    for node in reversed(steps[1:]):
        choice = node.choice
        assert choice is not None
        distributions[choice.name] = optuna.distributions.CategoricalDistribution(list(choice.domain))
    return optuna.trial.create_trial(
        params=dict(outcome.proposal.path), distributions=distributions, value=outcome.score
    )


def milliseconds(round_: Round, rounds: int = 40) -> float:
    """Of a round: the median of so many, or of 5 that are slow."""
    round_()
    taken: list[float] = []
    while len(taken) < (min(5, rounds) if taken and max(taken) > SLOW else rounds):
        begun = time.process_time()
        round_()
        taken.append(time.process_time() - begun)
    return median(taken) * 1000


def costs(after: Sequence[int] = AFTER, rounds: int = 40) -> list[Cost]:
    """Ours, and then optuna's TPE and random samplers."""
    told = outcomes(max(after))
    make: dict[str, Callable[[Sequence[Outcome]], Round]] = {
        name: lambda some, name=name: ours(name, some) for name in SEARCHERS
    }
    make["optuna TPE"] = lambda some: optunas(optuna.samplers.TPESampler(seed=0), some)
    make["optuna random"] = lambda some: optunas(optuna.samplers.RandomSampler(seed=0), some)
    return [Cost(name, {n: milliseconds(of(told[:n]), rounds) for n in after}) for name, of in make.items()]
