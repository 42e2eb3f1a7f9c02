"""The cost of an ask and a tell of each searcher, beside optuna on the same space.

The space is the paper's experimental one, which is slow to sample: about 19 choices a path, options that bring
choices of their own, and copies that share choices. optuna gets the same choices by name, one after the other.

Every searcher has observed the same random trials, rather than those of its own search. Each round's outcome is better
than all before, which is the most expensive case: local search then draws neighbours anew. Times are processor time, as
the machine may be shared: the median over some rounds, after one that is not counted.
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
from archwright.search.named import SEARCHER_KIND
from archwright.search.searcher import open_outcome_stream, open_proposal_stream
from archwright.search.searchers.random_search import RandomSearch

PROBLEM = Problem(aw.named_space("deeparchitect"), (3, 32, 32), Budget(1, "epochs"), Objective())
SEARCHERS = ("random", "mcts", "mcts-bisection", "evolution", "local-search", "smbo", "smbo-paper")
TARGETS = {"random": "1", "mcts": "3", "mcts-bisection": "3", "smbo": "50"}  # ms at 1,000 trials
TRIAL_COUNTS = (100, 1_000, 10_000)
SLOW_SECONDS = 0.02  # of what takes longer, a few rounds will do

Round = Callable[[], None]  # asks for a proposal and tells its outcome


@frozen
class Cost:
    """Milliseconds of an ask and a tell, by the number of trials before."""

    name: str
    milliseconds: Mapping[int, float]


def make_outcomes(n: int) -> list[Outcome]:
    """Random trials with random scores."""
    searcher, rng = RandomSearch(), random.Random(0)
    state = searcher.start(PROBLEM)
    outcomes: list[Outcome] = []
    for trial in range(n):
        proposal = searcher.propose(state, trial, open_proposal_stream(searcher, 0, trial))
        assert proposal is not None
        state = searcher.adopt(state, proposal)
        outcomes.append(Outcome(proposal, "ok", rng.random()))
    return outcomes


def make_searcher_round(name: str, observed: Sequence[Outcome]) -> Round:
    """A round of a searcher of archwright that has observed some outcomes."""
    searcher, scores = SEARCHER_KIND.find(name), itertools.count(1.0)
    state, trials = searcher.start(PROBLEM), itertools.count(len(observed))

    def tell(outcome: Outcome) -> None:
        nonlocal state
        uniform = open_outcome_stream(searcher, 0, outcome.proposal.trial)
        state = searcher.tell(searcher.adopt(state, outcome.proposal), outcome, uniform)

    for outcome in observed:
        tell(outcome)

    def ask_and_tell() -> None:
        trial = next(trials)
        proposal = searcher.propose(state, trial, open_proposal_stream(searcher, 0, trial))
        assert proposal is not None
        tell(Outcome(proposal, "ok", next(scores)))

    return ask_and_tell


def make_optuna_round(sampler: optuna.samplers.BaseSampler, observed: Sequence[Outcome]) -> Round:
    """A round of an optuna study with the same outcomes; each choice of a node is a categorical parameter."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study, scores = optuna.create_study(sampler=sampler, direction="maximize"), itertools.count(1.0)
    study.add_trials([_freeze(outcome) for outcome in observed])

    def ask_and_tell() -> None:
        trial = study.ask()
        node = aw.root(PROBLEM.space, PROBLEM.input_shape)
        while (choice := node.choice) is not None:
            value: Any = trial.suggest_categorical(choice.name, list(choice.domain))
            node = node.choose(value)
        study.tell(trial, next(scores))

    return ask_and_tell


def _freeze(outcome: Outcome) -> optuna.trial.FrozenTrial:
    nodes: list[Node] = [outcome.proposal.leaf]
    while (parent := nodes[-1].parent) is not None:
        nodes.append(parent)
    distributions: dict[str, Any] = {}
    for node in reversed(nodes[1:]):
        choice = node.choice
        assert choice is not None
        distributions[choice.name] = optuna.distributions.CategoricalDistribution(list(choice.domain))
    return optuna.trial.create_trial(
        params=dict(outcome.proposal.path), distributions=distributions, value=outcome.score
    )


def measure_milliseconds(ask_and_tell: Round, rounds: int = 40) -> float:
    """The median time of a round over `rounds`, or over 5 if it is slow."""
    ask_and_tell()
    seconds: list[float] = []
    while len(seconds) < (min(5, rounds) if seconds and max(seconds) > SLOW_SECONDS else rounds):
        start = time.process_time()
        ask_and_tell()
        seconds.append(time.process_time() - start)
    return median(seconds) * 1000


def measure_costs(trial_counts: Sequence[int] = TRIAL_COUNTS, rounds: int = 40) -> list[Cost]:
    """Those of each searcher, then of optuna's TPE and random samplers."""
    observed = make_outcomes(max(trial_counts))
    make_rounds: dict[str, Callable[[Sequence[Outcome]], Round]] = {
        name: lambda outcomes, name=name: make_searcher_round(name, outcomes) for name in SEARCHERS
    }
    make_rounds["optuna TPE"] = lambda outcomes: make_optuna_round(optuna.samplers.TPESampler(seed=0), outcomes)
    make_rounds["optuna random"] = lambda outcomes: make_optuna_round(optuna.samplers.RandomSampler(seed=0), outcomes)
    return [
        Cost(name, {n: measure_milliseconds(make_round(observed[:n]), rounds) for n in trial_counts})
        for name, make_round in make_rounds.items()
    ]
