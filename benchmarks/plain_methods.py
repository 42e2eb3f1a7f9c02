"""Random search, ageing evolution and local search on NAS-Bench-201, implemented without archwright.

A reference for the searchers: mean regret in percentage points after 100 and 200 trials, and its
standard error, for the mean test accuracy after 200 epochs. Data sets share the seeds, so that they deviate together.

    python benchmarks/plain_methods.py nasbench201.npz [--seeds 500] [--first 0]
"""

import argparse
import random
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

import numpy as np

EDGES, OPERATIONS = 6, 5
TRIALS = (100, 200)
Cell = tuple[int, ...]
Search = Callable[[Callable[[Cell], float], random.Random], Iterator[float]]


def sample_cell(rng: random.Random) -> Cell:
    """A cell, drawn uniformly."""
    return tuple(rng.randrange(OPERATIONS) for _ in range(EDGES))


def mutate(cell: Cell, edge: int, operation: int) -> Cell:
    """The cell with another operation on one edge."""
    return (*cell[:edge], operation, *cell[edge + 1 :])


def run_random_search(score: Callable[[Cell], float], rng: random.Random) -> Iterator[float]:
    """Cells with replacement."""
    while True:
        yield score(sample_cell(rng))


def run_evolution(
    score: Callable[[Cell], float], rng: random.Random, population: int = 30, sample: int = 10
) -> Iterator[float]:
    """Real et al. 2019, algorithm 1, its sample drawn with replacement."""
    members: list[tuple[float, Cell]] = []
    while True:
        if len(members) < population:
            child = sample_cell(rng)
        else:
            _, parent = max((rng.choice(members) for _ in range(sample)), key=lambda member: member[0])
            edge = rng.randrange(EDGES)
            child = mutate(parent, edge, rng.choice([o for o in range(OPERATIONS) if o != parent[edge]]))
            members.pop(0)
        members.append((score(child), child))
        yield members[-1][0]


def run_local_search(score: Callable[[Cell], float], rng: random.Random) -> Iterator[float]:
    """Moves to the first neighbour that is better; restarts where there is none; no cell twice."""
    seen: set[Cell] = set()
    while True:
        best, untried = -1.0, [sample_cell(rng)]
        while untried:
            cell = untried.pop()
            if cell in seen:
                continue
            seen.add(cell)
            accuracy = score(cell)
            yield accuracy
            if accuracy > best:
                best, untried = accuracy, find_neighbours(cell, rng)


def find_neighbours(cell: Cell, rng: random.Random) -> list[Cell]:
    """The cells with another operation on one edge, in random order."""
    neighbours = [mutate(cell, e, o) for e in range(EDGES) for o in range(OPERATIONS) if o != cell[e]]
    rng.shuffle(neighbours)
    return neighbours


def describe_regrets(search: Search, score: Callable[[Cell], float], optimum: float, seeds: range) -> str:
    """Mean and standard error of the regret over the seeds, after each number of trials."""
    best = [
        np.maximum.accumulate(list(islice(search(score, random.Random(seed)), max(TRIALS))))[[n - 1 for n in TRIALS]]
        for seed in seeds
    ]
    regrets = optimum - np.array(best)
    errors = regrets.std(axis=0, ddof=1) / len(seeds) ** 0.5
    return " / ".join(f"{mean:.3f} ± {error:.3f}" for mean, error in zip(regrets.mean(axis=0), errors, strict=True))


def main(argv: Sequence[str] | None = None) -> None:
    """The table of the methods and the data sets."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("table")
    parser.add_argument("--seeds", type=int, default=500)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    options = parser.parse_args(argv)
    table = np.load(options.table)
    table_cells = list(map(tuple, table["ops"].tolist()))
    methods: dict[str, Search] = {
        "random": run_random_search,
        "evolution": run_evolution,
        "local-search": run_local_search,
    }
    for name, search in methods.items():
        for data in ("cifar10", "cifar100", "imagenet16_120"):
            accuracies = dict(zip(table_cells, table[f"{data}_test_acc_200ep"].tolist(), strict=True))
            seeds = range(options.first, options.first + options.seeds)
            regrets = describe_regrets(search, accuracies.__getitem__, max(accuracies.values()), seeds)
            print(f"{name:13}{data:15}", regrets)


if __name__ == "__main__":
    main()
