"""What surrogates see of a leaf."""

import json
import os
import subprocess
import sys

import pytest

import archwright as aw
from archwright.search.surrogates.features import extract_leaf_features, list_chosen_parts
from tests.search.surrogates.spaces import IMAGE, leaf_of


def test_leaf_features_of_options_and_numbers():
    """A number is its position in its domain, on the domain's own scale; anything else is an option."""
    space = aw.settings(
        optimizer=["adam", "sgd"],
        nesterov=[False, True],
        rate=aw.reals(1e-4, 1.0, log=True),
        batch=[16, 32, 64, 128],
        depth=aw.integers(1, 4),
    )
    leaf = leaf_of(space, "sgd", True, 1e-3, 32, 4)
    seen = extract_leaf_features(leaf, leaf.path)
    assert seen.options == {"settings.optimizer=sgd": 1.0, "settings.nesterov=True": 1.0}
    assert dict(seen.numbers) == pytest.approx(
        {"settings.rate": 0.25, "settings.batch": 0.375, "settings.depth": 0.875}
    )
    assert seen.structure == {}


def test_of_a_closed_skeleton_only_what_is_chosen_for_its_places_is_seen():
    """Each term once, in the order of the let; where anything else is open, and in any other space, it is all seen."""
    a, b, convolution = aw.place("a"), aw.place("b"), aw.conv2d([4, 8], 3)
    terms = {"a": convolution, "b": aw.max_pool2d([2, 4])}
    leaf = leaf_of(aw.let(inside=aw.sequential(b, aw.residual(a), aw.relu(), a), **terms), 4, 8)
    assert list_chosen_parts(leaf) == [aw.conv2d(8, 3), aw.max_pool2d(4)]
    for inside in (aw.sequential(a, aw.either(b, aw.relu())), aw.sequential(b, aw.dropout([0.1, 0.5]), a)):
        leaf = aw.root(aw.let(inside=inside, **terms), IMAGE)
        while not leaf.is_leaf:
            leaf = leaf.choose(leaf.choice.domain.options[0])
        assert list_chosen_parts(leaf) == [leaf.architecture]
    leaf = leaf_of(aw.sequential(aw.let(inside=aw.sequential(a, a), a=convolution), aw.relu()), 4)
    assert list_chosen_parts(leaf) == [leaf.architecture]


def test_features_are_the_same_in_every_process():
    """Nothing depends on the salt of Python's hash: a process of its own, with another salt, finds the same."""
    script = (
        "import json, archwright as aw; from archwright.core.traversal import sample;"
        "from archwright.search.surrogates.features import extract_leaf_features;"
        "from archwright.search.surrogates.ngrams import extract_ngram_features;"
        "import random;"
        "leaf = sample(aw.root(aw.named_space('nasbench201'), (3, 32, 32)), random.Random(3).random);"
        "seen = extract_leaf_features(leaf, leaf.path);"
        "ngrams = extract_ngram_features(leaf.architecture).ngrams;"
        "print(json.dumps([seen.options, seen.numbers, seen.structure, ngrams]))"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": salt},
            capture_output=True,
            text=True,
            check=True,
        )
        for salt in ("1", "2")
    ]
    first, second = (json.loads(run.stdout) for run in runs)
    assert first == second
    assert len(first[0]) == 6
