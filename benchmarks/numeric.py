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
from archwright.search.named import SEARCHER_KIND
from archwright.search.searcher import open_outcome_stream, open_proposal_stream

SEARCHERS = ("random", "mcts-bisection", "evolution", "local-search", "smbo")
HARTMANN_HEIGHTS = (1.0, 1.2, 3.0, 3.2)
HARTMANN3_PRECISIONS = ((3, 10, 30), (0.1, 10, 35), (3, 10, 30), (0.1, 10, 35))
HARTMANN3_CENTRES = (
    (0.3689, 0.117, 0.2673),
    (0.4699, 0.4387, 0.747),
    (0.1091, 0.8732, 0.5547),
    (0.0381, 0.5743, 0.8828),
)
HARTMANN6_PRECISIONS = (
    (10, 3, 17, 3.5, 1.7, 8),
    (0.05, 10, 17, 0.1, 8, 14),
    (3, 3.5, 1.7, 10, 17, 8),
    (17, 8, 0.05, 10, 0.1, 14),
)
HARTMANN6_CENTRES = (
    (0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886),
    (0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991),
    (0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650),
    (0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381),
)


def compute_branin(point: Sequence[float]) -> float:
    """Branin's function, which has three equal minima."""
    x, y = 15 * point[0] - 5, 15 * point[1]
    parabola = y - 5.1 / (4 * math.pi**2) * x**2 + 5 / math.pi * x - 6
    return parabola**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


def compute_hartmann(
    precisions: Sequence[Sequence[float]], centres: Sequence[Sequence[float]], point: Sequence[float]
) -> float:
    """Hartmann's function: four Gaussian minima of different depth and form."""
    distances = (
        sum(precision * (x - c) ** 2 for precision, x, c in zip(*terms, strict=True))
        for terms in zip(precisions, [point] * 4, centres, strict=True)
    )
    return -sum(height * math.exp(-distance) for height, distance in zip(HARTMANN_HEIGHTS, distances, strict=True))


@frozen
class Function:
    """A function on the unit cube, to be minimised."""

    compute: Callable[[Sequence[float]], float]
    dimensions: int
    minimum: float

    @property
    def space(self) -> aw.Term:
        """Its arguments as a search space."""
        names = {f"x{i}": aw.reals(0, 1) for i in range(self.dimensions)}
        return aw.sequential(aw.settings(**names), aw.affine(units=10))


FUNCTIONS = {
    "branin": Function(compute_branin, 2, 0.397887),
    "hartmann3": Function(partial(compute_hartmann, HARTMANN3_PRECISIONS, HARTMANN3_CENTRES), 3, -3.86278),
    "hartmann6": Function(partial(compute_hartmann, HARTMANN6_PRECISIONS, HARTMANN6_CENTRES), 6, -3.32237),
}


def run_searcher(searcher: str, function: Function, seed: int, trials: int) -> list[float]:
    """The values of the trials of a searcher of archwright."""
    algorithm = SEARCHER_KIND.find(searcher)
    objective = Objective("value", "minimize")
    problem = Problem(function.space, (1, 8, 8), Budget(1, "epochs"), objective)
    state, values = algorithm.start(problem), list[float]()
    for trial in range(trials):
        proposal = algorithm.propose(state, trial, open_proposal_stream(algorithm, seed, trial))
        assert proposal is not None
        values.append(function.compute([float(x) for _, x in proposal.path]))
        outcome = Outcome(proposal, "ok", values[-1])
        uniform = open_outcome_stream(algorithm, seed, trial)
        state = algorithm.tell(algorithm.adopt(state, proposal), outcome, uniform)
    return values


def run_optuna(function: Function, seed: int, trials: int) -> list[float]:
    """The values of the trials of optuna with its default sampler."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))

    def objective(trial: optuna.Trial) -> float:
        return function.compute([trial.suggest_float(f"x{i}", 0, 1) for i in range(function.dimensions)])

    study.optimize(objective, trials)
    return [trial.values[0] for trial in study.trials]


def compute_regrets(job: tuple[str, str, int, int]) -> tuple[float, float]:
    """The simple regret of a search half-way and at the end."""
    searcher, name, seed, trials = job
    function = FUNCTIONS[name]
    search = run_optuna if searcher == "optuna TPE" else partial(run_searcher, searcher)
    values = search(function, seed, trials)
    return min(values[: trials // 2]) - function.minimum, min(values) - function.minimum


def main(argv: Sequence[str] | None = None) -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description="Searchers on functions of a few numbers.")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--processes", type=int, default=count_cores())
    options = parser.parse_args(argv)
    print(f"| median regret after {options.trials // 2} / {options.trials} trials | {' | '.join(FUNCTIONS)} |")
    print("|---" * (len(FUNCTIONS) + 1) + "|")
    with get_context("spawn").Pool(options.processes) as pool:
        for searcher in (*SEARCHERS, "optuna TPE"):
            cells = list[str]()
            for name in FUNCTIONS:
                jobs = [(searcher, name, seed, options.trials) for seed in range(options.seeds)]
                halfways, finals = zip(*pool.map(compute_regrets, jobs, chunksize=1), strict=True)
                cells.append(f"{median(halfways):.2g} / {median(finals):.2g}")
            print(f"| {searcher} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
