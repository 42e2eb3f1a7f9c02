"""How long it takes to check, count and sample large spaces: one with shared choices, and a cell of many edges."""

import random
import time
from collections.abc import Callable, Sequence
from typing import Any

import archwright as aw
from archwright.core.modules.basic import Zero
from archwright.core.modules.graphs import Edge, topology

SHAPE = (3, 32, 32)
# The edges of each topology, and for each edge the number of the shared choice of its operation.
TOPOLOGIES: Sequence[tuple[Sequence[Edge], Sequence[int]]] = (
    ([(0, 1), (1, 2), (2, 3), (3, 4)], [1, 2, 3, 4]),
    ([(0, 1), (0, 2), (1, 2), (2, 3)], [1, 2, 2, 3]),
    ([(0, 1), (1, 2), (1, 3), (2, 3)], [1, 2, 3, 4]),
    ([(0, 1), (0, 2), (1, 3), (2, 3)], [1, 2, 3, 4]),
    ([(0, 1), (1, 2), (0, 3), (1, 3), (2, 3)], [1, 2, 3, 3, 3]),
    ([(0, 1), (0, 2), (1, 2), (1, 3), (2, 3)], [1, 2, 2, 3, 4]),
    ([(0, 1), (1, 2), (1, 3), (2, 4), (3, 4)], [1, 2, 3, 4, 4]),
    ([(0, 1), (0, 2), (0, 3), (1, 4), (2, 4), (3, 4)], [1, 2, 3, 4, 4, 4]),
    ([(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)], [1, 2, 2, 3, 3, 4]),
)


def make_space() -> aw.Term:
    """One of nine topologies, each over up to four choices of nine operations; nothing is cached for it as yet."""
    operations = {
        "none": Zero(),
        "skip": aw.identity(),
        "relu": aw.relu(),
        "norm": aw.batch_norm(),
        "conv_1x1": aw.conv2d(16, 1),
        "conv_3x3": aw.conv2d(16, 3),
        "conv_5x5": aw.conv2d(16, 5),
        "max_pool": aw.max_pool2d(3, 1, "same"),
        "avg_pool": aw.avg_pool2d(3, 1, "same"),
    }
    labels = tuple(operations)
    edges = [aw.Either(tuple(operations.values()), labels, aw.shared(f"op{i}", list(labels))) for i in range(1, 5)]
    topologies = [topology(pairs, *(edges[i - 1] for i in choices)) for pairs, choices in TOPOLOGIES]
    return aw.either(**{f"topology_{number}": term for number, term in enumerate(topologies)})


def make_cell() -> aw.Term:
    """One of three operations on each of the 45 edges between ten nodes; nothing is cached for it as yet."""
    edges = [(source, target) for target in range(1, 10) for source in range(target)]
    return aw.cell(edges, connected=True, none=Zero(), skip=aw.identity(), conv=aw.relu_conv_bn(3))


def measure_cell_seconds(rounds: int) -> float:
    """The time of the first sample of such a cell: the mean of some, each drawn otherwise."""
    seconds = 0.0
    for seed in range(rounds):
        cell, rng = make_cell(), random.Random(seed)
        start = time.perf_counter()
        aw.sample(aw.root(cell, SHAPE), rng.random)
        seconds += time.perf_counter() - start
    return seconds / rounds


def measure_seconds(ask: Callable[[aw.Term], Any], rounds: int) -> float:
    """The time of a question about a space of which nothing is known: the best of some rounds."""
    times: list[float] = []
    for _ in range(rounds):
        space = make_space()
        start = time.perf_counter()
        ask(space)
        times.append(time.perf_counter() - start)
    return min(times)


def measure_sample_seconds(n: int) -> float:
    """The mean time of a sample after the first."""
    space, rng = make_space(), random.Random(0)
    aw.sample(aw.root(space, SHAPE), rng.random)
    start = time.perf_counter()
    for _ in range(n):
        aw.sample(aw.root(space, SHAPE), rng.random)
    return (time.perf_counter() - start) / n
