"""How near searchers come to the best of functions of a few numbers, beside optuna.

`python benchmarks/numeric.py [--seeds 20] [--trials 100] [--processes N]` prints the median regret over the seeds,
half-way and at the end. The functions are minimised: Branin's of two numbers, and Hartmann's of three and of six (Dixon
and Szego 1978), each on the unit cube.
"""

import argparse
import math
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing import get_context
from statistics import median

import optuna
from attrs import frozen

import archwright as aw
from archwright.core.budget import Budget
from archwright.core.objective import Objective
from archwright.core.protocols import Outcome, Problem
from archwright.evaluate.workers.machine import count_cores
from archwright.search.searcher import open_outcome_stream, open_proposal_stream
from archwright.search.searchers.named import find_searcher

SEARCHERS = ("random", "mcts-bisection", "evolution", "local-search", "smbo")
HEIGHTS = (1.0, 1.2, 3.0, 3.2)
NARROW3 = ((3, 10, 30), (0.1, 10, 35), (3, 10, 30), (0.1, 10, 35))
CENTRES3 = ((0.3689, 0.117, 0.2673), (0.4699, 0.4387, 0.747), (0.1091, 0.8732, 0.5547), (0.0381, 0.5743, 0.8828))
NARROW6 = (
    (10, 3, 17, 3.5, 1.7, 8),
    (0.05, 10, 17, 0.1, 8, 14),
    (3, 3.5, 1.7, 10, 17, 8),
    (17, 8, 0.05, 10, 0.1, 14),
)
CENTRES6 = (
    (0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886),
    (0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991),
    (0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650),
    (0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381),
)


def branin(at: Sequence[float]) -> float:
    """Three valleys that are equally deep."""
    x, y = 15 * at[0] - 5, 15 * at[1]
    bent = y - 5.1 / (4 * math.pi**2) * x**2 + 5 / math.pi * x - 6
    return bent**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


def hartmann(narrow: Sequence[Sequence[float]], centres: Sequence[Sequence[float]], at: Sequence[float]) -> float:
    """Four hollows of different depth and form."""
    far = (
        sum(a * (x - c) ** 2 for a, x, c in zip(*each, strict=True))
        for each in zip(narrow, [at] * 4, centres, strict=True)
    )
    return -sum(height * math.exp(-each) for height, each in zip(HEIGHTS, far, strict=True))


@frozen
class Function:
    """What is to be minimised."""

    of: Callable[[Sequence[float]], float]
    numbers: int
    least: float

    @property
    def space(self) -> aw.Term:
        """Its numbers as a search space."""
        names = {f"x{i}": aw.reals(0, 1) for i in range(self.numbers)}
        return aw.sequential(aw.settings(**names), aw.affine(units=10))


FUNCTIONS = {
    "branin": Function(branin, 2, 0.397887),
    "hartmann3": Function(partial(hartmann, NARROW3, CENTRES3), 3, -3.86278),
    "hartmann6": Function(partial(hartmann, NARROW6, CENTRES6), 6, -3.32237),
}


def ours(searcher: str, function: Function, seed: int, trials: int) -> list[float]:
    """The values in a search of ours."""
    search = find_searcher(searcher)
    objective = Objective("value", "minimize")
    problem = Problem(function.space, (1, 8, 8), Budget(1, "epochs"), objective)
    state, found = search.start(problem), list[float]()
    for trial in range(trials):
        proposal = search.propose(state, trial, open_proposal_stream(search, seed, trial))
        assert proposal is not None
        found.append(function.of([float(x) for _, x in proposal.path]))
        outcome = Outcome(proposal, "ok", found[-1])
        state = search.tell(search.adopt(state, proposal), outcome, open_outcome_stream(search, seed, trial))
    return found


def optunas(function: Function, seed: int, trials: int) -> list[float]:
    """The values in a study with optuna's usual sampler."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    study.optimize(lambda t: function.of([t.suggest_float(f"x{i}", 0, 1) for i in range(function.numbers)]), trials)
    return [trial.values[0] for trial in study.trials]


def regrets(job: tuple[str, str, int, int]) -> tuple[float, float]:
    """How far a search is from the least value half-way and at the end."""
    searcher, name, seed, trials = job
    function = FUNCTIONS[name]
    search = optunas if searcher == "optuna TPE" else partial(ours, searcher)
    values = search(function, seed, trials)
    return min(values[: trials // 2]) - function.least, min(values) - function.least


def main(words: Sequence[str] | None = None) -> None:
    """The table."""
    parser = argparse.ArgumentParser(description="Searchers on functions of a few numbers.")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--processes", type=int, default=count_cores())
    given = parser.parse_args(words)
    print(f"| median regret after {given.trials // 2} / {given.trials} trials | {' | '.join(FUNCTIONS)} |")
    print("|---" * (len(FUNCTIONS) + 1) + "|")
    with get_context("spawn").Pool(given.processes) as pool:
        for searcher in (*SEARCHERS, "optuna TPE"):
            cells = list[str]()
            for name in FUNCTIONS:
                jobs = [(searcher, name, seed, given.trials) for seed in range(given.seeds)]
                halves, ends = zip(*pool.map(regrets, jobs, chunksize=1), strict=True)
                cells.append(f"{median(halves):.2g} / {median(ends):.2g}")
            print(f"| {searcher} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
