"""Random search, ageing evolution and local search on NAS-Bench-201, written anew without any of archwright.

What the searchers find can be held against it: mean regret in percentage points after 100 and 200 trials, and its
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


def cells(chance: random.Random) -> Cell:
    """A cell, all alike in likelihood."""
    return tuple(chance.randrange(OPERATIONS) for _ in range(EDGES))


def changed(cell: Cell, edge: int, operation: int) -> Cell:
    """The cell with another operation on an edge."""
    return (*cell[:edge], operation, *cell[edge + 1 :])


def random_search(score: Callable[[Cell], float], chance: random.Random) -> Iterator[float]:
    """Cells with replacement."""
    while True:
        yield score(cells(chance))


def evolution(
    score: Callable[[Cell], float], chance: random.Random, population: int = 30, sample: int = 10
) -> Iterator[float]:
    """Real et al. 2019, algorithm 1, its sample drawn with replacement."""
    members: list[tuple[float, Cell]] = []
    while True:
        if len(members) < population:
            child = cells(chance)
        else:
            _, parent = max((chance.choice(members) for _ in range(sample)), key=lambda member: member[0])
            edge = chance.randrange(EDGES)
            child = changed(parent, edge, chance.choice([o for o in range(OPERATIONS) if o != parent[edge]]))
            members.pop(0)
        members.append((score(child), child))
        yield members[-1][0]


def local_search(score: Callable[[Cell], float], chance: random.Random) -> Iterator[float]:
    """The first neighbour that is better; a fresh start where there is none; no cell twice."""
    seen: set[Cell] = set()
    while True:
        best, untried = -1.0, [cells(chance)]
        while untried:
            cell = untried.pop()
            if cell in seen:
                continue
            seen.add(cell)
            found = score(cell)
            yield found
            if found > best:
                best, untried = found, neighbours(cell, chance)


def neighbours(cell: Cell, chance: random.Random) -> list[Cell]:
    """The cells with another operation on one edge, in random order."""
    found = [changed(cell, e, o) for e in range(EDGES) for o in range(OPERATIONS) if o != cell[e]]
    chance.shuffle(found)
    return found


def regrets(search: Search, score: Callable[[Cell], float], optimum: float, seeds: range) -> str:
    """Mean and standard error over the seeds, after each number of trials."""
    best = [
        np.maximum.accumulate(list(islice(search(score, random.Random(seed)), max(TRIALS))))[[n - 1 for n in TRIALS]]
        for seed in seeds
    ]
    found = optimum - np.array(best)
    errors = found.std(axis=0, ddof=1) / len(seeds) ** 0.5
    return " / ".join(f"{mean:.3f} ± {error:.3f}" for mean, error in zip(found.mean(axis=0), errors, strict=True))


def main(words: Sequence[str] | None = None) -> None:
    """The table of the methods and the data sets."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("table")
    parser.add_argument("--seeds", type=int, default=500)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    given = parser.parse_args(words)
    table = np.load(given.table)
    found = list(map(tuple, table["ops"].tolist()))
    methods: dict[str, Search] = {"random": random_search, "evolution": evolution, "local-search": local_search}
    for name, search in methods.items():
        for data in ("cifar10", "cifar100", "imagenet16_120"):
            accuracies = dict(zip(found, table[f"{data}_test_acc_200ep"].tolist(), strict=True))
            seeds = range(given.first, given.first + given.seeds)
            print(f"{name:13}{data:15}", regrets(search, accuracies.__getitem__, max(accuracies.values()), seeds))


if __name__ == "__main__":
    main()
