"""How fast the paper's experimental space is sampled, and how much memory the nodes of a traversal take."""

import gc
import random
import time
import tracemalloc

import archwright as aw
from archwright.core.spaces.deeparchitect import FILTER_COUNTS

SPACE = aw.named_space("deeparchitect")
SHAPE = (3, 32, 32)


def sample(chance: random.Random) -> aw.Node:
    """A complete architecture of the space: about 19 choices."""
    return aw.sample(aw.root(SPACE, SHAPE), chance.random)


def chosen(chance: random.Random) -> aw.Node:
    """The same, choice by choice, as a person's searcher does."""
    node = aw.root(SPACE, SHAPE)
    while (choice := node.choice) is not None:
        node = node.choose(choice.domain.sample(chance.random()))
    return node


def plain_sample(chance: random.Random) -> dict[str, object]:
    """The same choices into a dict, with no space, shapes or tree: what a person would write for this space alone."""
    pick, path = chance.choice, {}
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


def rate(make, n: int) -> float:
    """Calls of `make` a second."""
    chance = random.Random(0)
    begun = time.perf_counter()
    for _ in range(n):
        make(chance)
    return n / (time.perf_counter() - begun)


def samples_per_second(rounds: int = 7, n: int = 3_000) -> tuple[float, float, float]:
    """By `aw.sample`, choice by choice, and the plain dict's, each in the best of several rounds, which take turns."""
    rate(sample, 3 * n)  # what is worked out once for a space is worked out
    turns = [(rate(sample, n), rate(chosen, n), rate(plain_sample, 6 * n)) for _ in range(rounds)]
    ours, by_choice, plain = (max(each) for each in zip(*turns, strict=True))
    return ours, by_choice, plain


def bytes_per_node(walks: int = 3_000) -> float:
    """Memory of a node, where a searcher keeps every node that it has visited."""
    chance = random.Random(1)
    rate(sample, walks)
    kept: list[aw.Node] = []
    gc.collect()
    tracemalloc.start()
    for _ in range(walks):
        node = aw.root(SPACE, SHAPE)
        kept.append(node)
        while node.domain is not None:
            node = node.choose(node.domain.sample(chance.random()))
            kept.append(node)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size / len(kept)
