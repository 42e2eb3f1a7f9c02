"""Grammars as the spaces of searches: by every searcher, resumed, verified, replayed and compiled."""

import random

import pytest

import archwright as aw
from archwright.search.named import SEARCHERS, UNLISTED_SEARCHERS
from archwright.search.searcher import LadderSearcher
from tests.core.modules.test_grammar import CELLS, CHAIN
from tests.search.contract import RUNGS
from tests.studies.functions import measure_size

RECURSIVE = aw.sequential(aw.grammar("E", depth=4, **CHAIN), aw.affine(2))


@pytest.mark.parametrize("searcher", sorted(SEARCHERS.keys() - UNLISTED_SEARCHERS))
def test_every_searcher_searches_a_grammar(searcher, tmp_path):
    """A run that is stopped, resumed, verified and replayed; what it proposes fits the space."""
    is_ladder = isinstance(SEARCHERS[searcher], LadderSearcher)
    run = aw.search(
        RECURSIVE,
        measure_size,
        searcher=searcher,
        input=aw.features(4),
        budget=RUNGS if is_ladder else None,
        trials=5,
        workers=0,
        log=tmp_path / "archwright.duckdb",
        progress=False,
    )
    run = run.resume(trials=9, progress=False)
    assert len(run.trials) == 9
    assert run.verify()
    for trial in run.trials:
        leaf = aw.replay(RECURSIVE, (4,), list(trial.choices.items()))
        assert leaf.architecture == trial.architecture


@pytest.mark.parametrize("searcher", ["mcts", "mcts-bisection", "random,replacement=false"])
def test_a_grammar_is_searched_until_nothing_is_left(searcher, tmp_path):
    """All of 12 architectures, each once."""
    run = aw.search(
        CELLS,
        measure_size,
        searcher=searcher,
        input=aw.features(4),
        trials=40,
        workers=0,
        log=tmp_path / "archwright.duckdb",
        progress=False,
    )
    assert len({trial.architecture for trial in run.trials}) == 12


def test_a_leaf_of_a_grammar_is_compiled():
    leaf = aw.sample(aw.root(RECURSIVE, (4,)), random.Random(4).random)
    model = aw.compile(leaf.architecture, aw.features(4))
    assert sum(p.numel() for p in model.parameters()) == leaf.architecture.parameters((4,))
