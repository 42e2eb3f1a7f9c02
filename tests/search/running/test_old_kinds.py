"""Runs and models of a kind of module that earlier releases had, the network of NAS-Bench-201: they go on as a term."""

import json

import pytest

import archwright as aw
from archwright.core.json import from_json
from archwright.core.membership.same_model import find_same_model
from archwright.core.spaces.nasbench201 import nasbench201
from archwright.search.named import SEARCHERS
from archwright.search.running.revisions import find_mismatches, get_revision
from archwright.search.running.search_state import replay_search
from archwright.store.events import Proposed, Scored
from archwright.store.fold import fold_events
from tests.conftest import GOLDENS
from tests.goldens.make_runs import read_golden
from tests.same_models import is_same_model

FOLDER = GOLDENS / "nasbench201"  # what the last commit wrote that had the kind
RUNS = sorted(FOLDER.glob("*.events"))
SHAPE = (3, 32, 32)


@pytest.fixture(params=RUNS, ids=lambda file: file.name.removesuffix(".events"))
def events(request):
    return read_golden(request.param)


def is_of_today(events) -> bool:
    searcher = events[0].searcher
    return searcher["revision"] == get_revision(SEARCHERS[searcher["name"]])


def test_each_case_of_then_but_the_forest_has_a_run():
    then = {"random", "random-once", "mcts", "mcts-rescaled", "mcts-bisection", "evolution", "local-search", "smbo"}
    assert {file.name.split(".")[0] for file in RUNS} == {*then, "smbo-paper"}


def test_a_run_of_the_old_kind_is_proposed_as_the_term_is(events):
    """By today's code, to the last choice, as long as its searcher has the revision that it had."""
    assert events[0].space["kind"] == "nasbench201"
    assert from_json(events[0].space) == nasbench201()
    if is_of_today(events):
        assert list(find_mismatches(events)) == []


def test_a_run_of_the_old_kind_goes_on(events):
    """Its trials are those of the term, and another one is proposed in it."""
    state = replay_search(events)
    assert fold_events(events).score_count == state.proposal_count == 16
    proposal = state.propose()
    assert proposal is not None
    assert aw.replay(nasbench201(), SHAPE, proposal.path).is_leaf
    for event in events:
        if isinstance(event, Proposed):
            assert aw.replay(nasbench201(), SHAPE, event.path).path == event.path
    assert any(isinstance(event, Scored) for event in events)


def test_a_run_of_the_old_kind_is_one_to_start_from():
    """In the term's own space, and in the one of connected cells, each model that is there is found."""
    (event, *_) = (event for event in read_golden(FOLDER / "random.1.events") if isinstance(event, Proposed))
    old = aw.replay(from_json(read_golden(FOLDER / "random.1.events")[0].space), SHAPE, event.path)
    for space in (
        nasbench201(),
        nasbench201(connected=True),
        aw.sequential(aw.optional(aw.dropout(0.1)), nasbench201()),
    ):
        found = find_same_model(aw.root(space, SHAPE), old)
        assert isinstance(found, aw.Node), found
        assert is_same_model(found.architecture, old.architecture)


def test_the_weights_of_a_model_of_the_old_kind_have_the_same_names():
    """So what was saved of it, a model or a checkpoint, is loaded into the term."""
    golden = json.loads((FOLDER / "weights.json").read_text(encoding="utf-8"))
    architecture = from_json(golden["architecture"])
    assert architecture.parameters((1, 9, 9)) == golden["parameters"]
    tensors = aw.compile(architecture, (1, 9, 9), seed=0).state_dict()
    assert [[name, list(tensor.shape)] for name, tensor in tensors.items()] == golden["tensors"]
