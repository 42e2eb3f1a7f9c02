"""What is left of a space after some of its leaves."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archwright as aw
from archwright.core.value import Path
from archwright.search.searchers import unseen as module

SPACE = aw.sequential(
    aw.settings(x=aw.integers(1, 5, log=True)),
    aw.either(aw.relu(), aw.conv2d(filters=[8, 16], size=[3, 5]), aw.sequential(aw.optional(aw.dropout([0.1, 0.2])))),
)
ROOT = aw.root(SPACE, (1, 8, 8))
LEAVES = list(aw.enumerate_leaves(SPACE, (1, 8, 8)))


def sample_remaining(node: aw.Node, seen: list[Path], uniform) -> Path | None:
    leaf = module.sample_remaining(node, seen, uniform)
    return None if leaf is None else leaf.path


def probability(leaf: aw.Node) -> float:
    """That of a uniform walk."""
    found, node = 1.0, ROOT
    for _, value in leaf.path:
        assert node.domain is not None
        found *= node.domain.probability(value)
        node = node.choose(value)
    return found


@given(st.sets(st.integers(0, len(LEAVES) - 1)), st.integers(0, 100))
def test_no_leaf_that_was_seen_and_none_only_if_all_were(seen, seed):
    paths = [LEAVES[i].path for i in seen]
    path = sample_remaining(ROOT, paths, random.Random(seed).random)
    if path is None:
        assert len(seen) == len(LEAVES)
    else:
        assert path not in paths
        assert aw.replay(SPACE, (1, 8, 8), path).is_leaf


def test_all_seen_is_nothing_left():
    assert sample_remaining(ROOT, [leaf.path for leaf in LEAVES], random.Random(0).random) is None


@pytest.mark.parametrize("seed", range(3))
def test_probabilities_are_those_of_drawing_until_one_is_new(seed):
    """Of 1,500 draws after a random half of the leaves, each other leaf's share is within 5 standard deviations."""
    chance = random.Random(seed)
    paths = [leaf.path for leaf in chance.sample(LEAVES, len(LEAVES) // 2)]
    rest = {leaf.path: probability(leaf) for leaf in LEAVES if leaf.path not in paths}
    drawn = [sample_remaining(ROOT, paths, chance.random) for _ in range(1500)]
    for path, p in ((path, p / sum(rest.values())) for path, p in rest.items()):
        assert abs(drawn.count(path) - 1500 * p) < 5 * (1500 * p * (1 - p)) ** 0.5


def test_unseen_leaves_are_drawn_and_then_worked_out():
    """The first draw where nothing was seen; what is left where all that is drawn was."""
    first = aw.sample(ROOT, random.Random(5).random)
    assert module.sample_unseen(ROOT, set(), random.Random(5).random) == first
    rest = {leaf.path for leaf in LEAVES} - {LEAVES[7].path}
    assert module.sample_unseen(ROOT, rest, lambda: 0.0).path == LEAVES[7].path  # type: ignore[union-attr]
    assert module.sample_unseen(ROOT, {leaf.path for leaf in LEAVES}, random.Random(0).random) is None


@pytest.mark.parametrize("draws", [1, 3])
def test_unseen_leaves_have_the_same_probabilities_however_many_are_drawn(monkeypatch, draws):
    """Of 2,000 after a random half of the leaves, each other leaf's share is within 5 standard deviations."""
    monkeypatch.setattr(module, "MAX_DRAWS", draws)
    chance = random.Random(draws)
    seen = {leaf.path for leaf in chance.sample(LEAVES, len(LEAVES) // 2)}
    rest = {leaf.path: probability(leaf) for leaf in LEAVES if leaf.path not in seen}
    drawn = [module.sample_unseen(ROOT, seen, chance.random).path for _ in range(2000)]  # type: ignore[union-attr]
    for path, p in ((path, p / sum(rest.values())) for path, p in rest.items()):
        assert abs(drawn.count(path) - 2000 * p) < 5 * (2000 * p * (1 - p)) ** 0.5


def test_finitely_many_of_the_reals_are_nothing_of_them():
    """Below the option that has a real, everything is left; of the other, which has one leaf, nothing."""
    space = aw.either(aw.relu(), aw.dropout(aw.reals(0.1, 0.9)))
    root, chance = aw.root(space, (1, 8, 8)), random.Random(0)
    paths = [aw.sample(root, chance.random).path for _ in range(20)]
    assert len(set(paths)) > 5
    for _ in range(20):
        path = sample_remaining(root, paths, chance.random)
        assert path is not None
        assert path[0][1] == "dropout"
        assert path not in paths


def test_what_is_left_below_a_node():
    """Only the leaves below it count: those of a node one choice further on."""
    node = ROOT.choose(3)
    below = [leaf.path for leaf in LEAVES if leaf.path[0][1] == 3]
    path = sample_remaining(node, below[1:], random.Random(0).random)
    assert path == below[0]
