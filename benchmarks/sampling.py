"""How fast the paper's experimental space is sampled, and how much memory the nodes of a traversal take."""

import gc
import random
import time
import tracemalloc

import archwright as aw
from archwright.core.spaces.deeparchitect import FILTER_COUNTS

SPACE = aw.named_space("deeparchitect")
SHAPE = (3, 32, 32)


def sample(rng: random.Random) -> aw.Node:
    """A complete architecture of the space: about 19 choices."""
    return aw.sample(aw.root(SPACE, SHAPE), rng.random)


def sample_by_choice(rng: random.Random) -> aw.Node:
    """The same, choice by choice, as a person's searcher does."""
    node = aw.root(SPACE, SHAPE)
    while (choice := node.choice) is not None:
        node = node.choose(choice.domain.sample(rng.random()))
    return node


def sample_plain_dict(rng: random.Random) -> dict[str, object]:
    """The same choices into a dict, with no space, shapes or tree: what a person would write for this space alone."""
    pick, path = rng.choice, {}
    path["optimizer"] = pick(("adam", "sgd_mom"))
    path["lr_init"] = pick(range(32))
    path["rate_mult"] = pick(range(8))
    path["rate_patience"] = pick(range(8))
    for stage in ("first", "second"):
        path[f"{stage}.conv.filters"] = pick(FILTER_COUNTS)
        path[f"{stage}.conv.size"] = pick((3, 5, 7))
        path[f"{stage}.count"] = pick((1, 2, 4, 8, 16, 32))
        path[f"{stage}.filters"] = pick(FILTER_COUNTS)
        path[f"{stage}.size"] = pick((3, 5))
        path[f"{stage}.swap"] = pick((0, 1))
        path[f"{stage}.optional"] = pick((0, 1))
        if path[f"{stage}.optional"]:
            path[f"{stage}.rate"] = pick((0.5, 0.1))
    return path


def measure_rate(draw_sample, n: int) -> float:
    """Calls of `draw_sample` a second."""
    rng = random.Random(0)
    start = time.perf_counter()
    for _ in range(n):
        draw_sample(rng)
    return n / (time.perf_counter() - start)


def measure_sampling_rates(rounds: int = 7, n: int = 3_000) -> tuple[float, float, float]:
    """Samples a second by `aw.sample`, choice by choice, and into a plain dict: the best of rounds that take turns."""
    measure_rate(sample, 3 * n)  # warms up what is cached for a space
    rates = [
        (measure_rate(sample, n), measure_rate(sample_by_choice, n), measure_rate(sample_plain_dict, 6 * n))
        for _ in range(rounds)
    ]
    by_sample, by_choice, by_dict = map(max, zip(*rates, strict=True))
    return by_sample, by_choice, by_dict


def measure_bytes_per_node(walks: int = 3_000) -> float:
    """Bytes of a node, where a searcher keeps every node that it has visited."""
    rng = random.Random(1)
    measure_rate(sample, walks)
    nodes: list[aw.Node] = []
    gc.collect()
    tracemalloc.start()
    for _ in range(walks):
        node = aw.root(SPACE, SHAPE)
        nodes.append(node)
        while node.domain is not None:
            node = node.choose(node.domain.sample(rng.random()))
            nodes.append(node)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size / len(nodes)
