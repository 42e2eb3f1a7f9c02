"""Configurations that a person enqueues: tried first of all, in order, each once, whatever the searcher is."""

import random

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

import archwright as aw
from archwright.core.budget import Budget
from archwright.core.completion import ChoicesExcluded, NoSuchChoice
from archwright.core.ends import RunEnds
from archwright.core.json import to_json
from archwright.core.value import IllegalValue
from archwright.search.named import SEARCHER_KIND, SEARCHERS, UNLISTED_SEARCHERS
from archwright.search.running.enqueuing import BadChoices, EnqueuingRefused, enqueue_all, read_choices
from archwright.search.running.revisions import find_mismatches
from archwright.search.running.runs import SpaceChanged, make_fork_event, read_run, resume_run, start_run
from archwright.search.running.search_state import make_initial_state, replay_search
from archwright.search.searcher import LadderSearcher
from archwright.search.surrogates import forest
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import Enqueued, Proposed, RunResumed, Scored
from archwright.store.fold import fold_events
from archwright.store.log import START
from archwright.store.query import query
from archwright.store.runs import fork_run
from tests.search.contract import RUNGS
from tests.search.instant import LAYER, SPACE, InstantEvaluator, make_started
from tests.search.running.test_loop import Crash, CrashingLog, SearchLoop, events_of, make_loop
from tests.store.memory_log import MemoryLog

NAMES = [*(SEARCHERS.keys() - UNLISTED_SEARCHERS), "smbo,surrogate=forest"]
QUICK = {
    "smbo": {"initial": 2, "variants": 8, "rollouts": 8},
    "smbo-paper": {"rollouts": 8},
    "evolution": {"population": 4, "sample": 2},
}
searchers = pytest.mark.parametrize("name", sorted(NAMES))


@pytest.fixture(autouse=True)
def few_trees(monkeypatch):
    """A forest that is quickly grown."""
    monkeypatch.setattr(forest, "TREES", 3)


def started_with(name: str, trials: int = 8, seed: int = 0):
    name, _, setting = name.partition(",")
    given = dict([setting.split("=")]) if setting else {}
    searcher = SEARCHER_KIND.to_json(name, QUICK.get(name, {}) | given)
    budgets = {"budget": Budget(9, "epochs"), "budgets": RUNGS} if isinstance(SEARCHERS[name], LadderSearcher) else {}
    return evolve(make_started(trials, seed), searcher=searcher, **budgets)


def some_choices(seed: int, whole: bool) -> tuple:
    """All choices of a leaf, or some of them, in any order."""
    chance = random.Random(seed)
    path = list(aw.sample(aw.root(SPACE, (1, 8, 8)), chance.random).path)
    chance.shuffle(path)
    return tuple(path if whole else path[: chance.randrange(len(path))])


configurations = st.lists(st.builds(some_choices, st.integers(0, 10_000), st.booleans()), max_size=3)


def enqueue(started, choices, first=0) -> list[Enqueued]:
    state = make_initial_state(started)
    return enqueue_all(state.problem, state.searcher, choices, first)


def resume(log, evaluator, trials, choices=()):
    recorded = log.read("run")
    events = [entry.event for entry in recorded]
    state, search_state, resumed = fold_events(events), replay_search(events), RunResumed(trials, {})
    enqueued = enqueue_all(search_state.problem, search_state.searcher, choices, state.queue.entry_count)
    return SearchLoop(log, "run", recorded[-1].position, state, search_state, evaluator).run(resumed, *enqueued)


@searchers
@settings(max_examples=12)
@given(configurations, configurations, st.integers(1, 3), st.integers(0, 12), st.booleans())
def test_entries_come_first_in_order_each_once_whatever_kills_the_run(name, first, later, slots, crash, after):
    """Before the search and in between, for any searcher; what was not named is drawn again the same."""
    started, log = started_with(name), CrashingLog(crash, after)
    entries = enqueue(started, first)
    try:
        make_loop(log, started, InstantEvaluator(slots)).run(started, *entries)
    except Crash:
        log.crash = None
        if not log.runs():
            make_loop(log, started, InstantEvaluator(slots)).run(started, *entries)
    log.crash = None
    resume(log, InstantEvaluator(slots), 12, later)
    events = events_of(log)
    enqueued = {e.entry: dict(e.choices) for e in events if isinstance(e, Enqueued)}
    assert list(enqueued.values()) == [dict(choices) for choices in (*first, *later)]
    proposals = [e for e in events if isinstance(e, Proposed)]
    assert [e.enqueued for e in proposals if e.enqueued is not None] == list(enqueued)
    for proposal in proposals[: len(first)]:
        assert proposal.enqueued is not None
    for proposal in proposals:
        if proposal.enqueued is not None:
            assert enqueued[proposal.enqueued].items() <= dict(proposal.path).items()
    assert sorted(e.trial for e in events if isinstance(e, Scored)) == list(range(12))
    assert list(find_mismatches(events)) == []


def test_a_path_that_is_not_what_its_entry_gives_is_found():
    """Also where only what was drawn differs."""
    log, started = MemoryLog(), started_with("random")
    named = ("0.settings.optimizer", "sgd")
    make_loop(log, started, InstantEvaluator()).run(started, *enqueue(started, [[named]]))
    events = events_of(log)
    at = next(i for i, event in enumerate(events) if isinstance(event, Proposed))
    path = dict(events[at].path) | {"0.settings.learning_rate": 0.05}
    events[at] = evolve(events[at], path=tuple(path.items()))
    (found,) = find_mismatches(events)
    assert (found.trial, found.recomputed.enqueued) == (0, 0)
    assert found.recomputed.path[0] == named


def test_the_searcher_is_asked_as_if_it_had_not_been_interrupted():
    """Random search draws trial n from the numbers of trial n, whoever proposed those before."""
    started = started_with("random")
    plain, mixed = MemoryLog(), MemoryLog()
    make_loop(plain, started, InstantEvaluator()).run(started)
    make_loop(mixed, started, InstantEvaluator()).run(started, *enqueue(started, [some_choices(1, True)] * 2))
    paths = [[e.path for e in events_of(log) if isinstance(e, Proposed)] for log in (plain, mixed)]
    assert paths[0][2:] == paths[1][2:]
    assert paths[0][:2] != paths[1][:2]


def test_entries_beyond_the_last_trial_wait_for_more():
    log, started = MemoryLog(), started_with("random", trials=2)
    make_loop(log, started, InstantEvaluator(4)).run(started, *enqueue(started, [[]] * 5))
    assert [entry.entry for entry in fold_events(events_of(log)).queue.entries] == [2, 3, 4]
    resume(log, InstantEvaluator(4), 6)
    assert [e.enqueued for e in events_of(log) if isinstance(e, Proposed)] == [0, 1, 2, 3, 4, None]


def test_a_fork_keeps_the_entries_that_are_open_there(tmp_path):
    """And proposes them with its own random numbers, before its own searcher is asked."""
    log = DuckDBLog(tmp_path / "log.duckdb")
    named = {"0.settings.optimizer": "sgd"}
    start_run(log, "a-1", started_with("random", trials=4), InstantEvaluator(), enqueue=[named] * 3)
    events = read_run(log, "a-1").events
    at = 1 + next(i for i, event in enumerate(events) if isinstance(event, Scored))
    started = make_fork_event(read_run(log, "a-1", at), SEARCHER_KIND.to_json("mcts"), seed=9)
    fork_run(log, "a-1", at, "a-2", started)
    assert [entry.entry for entry in read_run(log, "a-2").state.queue.entries] == [1, 2]
    resume_run(log, "a-2", InstantEvaluator())
    forked = read_run(log, "a-2").events
    assert [e.enqueued for e in forked if isinstance(e, Proposed)] == [0, 1, 2, None]
    assert list(find_mismatches(forked)) == []
    assert query(log.path, "SELECT entry, trial FROM queue WHERE run = 'a-2' ORDER BY entry").rows == [
        (0, 0),
        (1, 1),
        (2, 2),
    ]


def test_a_changed_space_must_hold_what_waits(tmp_path):
    log = DuckDBLog(tmp_path / "log.duckdb")
    deep = {"1.repeat.count": 2}
    start_run(log, "a-1", started_with("random", trials=1), InstantEvaluator(), enqueue=[{"1.repeat.count": 1}, deep])
    before = read_run(log, "a-1").events
    changed = to_json(evolve(SPACE, children=(SPACE.children[0], aw.repeat(LAYER, [1, 3]), SPACE.children[2])))
    with pytest.raises(SpaceChanged, match=r"entry 1 of the queue is not in the new space: 1\.repeat\.count is 2"):
        resume_run(log, "a-1", InstantEvaluator(), ends=RunEnds(trials=2), space=changed)
    assert read_run(log, "a-1").events == before


@pytest.mark.parametrize(
    ("choices", "error", "says"),
    [
        ({"0.settings.optimiser": "sgd"}, NoSuchChoice, r"did you mean 0\.settings\.optimizer"),
        ({"0.settings.optimizer": "adamw"}, IllegalValue, r"0\.settings\.optimizer is adamw; .* \{adam, sgd\}"),
        ({"1.repeat.count": 1, "1.repeat.1.0.conv2d.size": 3}, ChoicesExcluded, r"not asked with 1\.repeat\.count = 1"),
        ({1: 2}, BadChoices, "the name of a choice is 1"),
        ({"a": None}, BadChoices, "a cannot be None"),
        ({"a": float("nan")}, BadChoices, "a cannot be nan"),
        ([("a", 1), ("a", 2)], BadChoices, "a is given twice, as 1 and 2"),
        ([("a", 1, 2)], BadChoices, "pairs of a name and a value"),
        ("0.settings.optimizer", BadChoices, "choices by name"),
        (7, BadChoices, "a configuration is 7"),
    ],
)
def test_what_cannot_be_tried_is_refused_before_anything_is_logged(tmp_path, choices, error, says):
    log = DuckDBLog(tmp_path / "log.duckdb")
    with pytest.raises(error, match=says):
        start_run(log, "a-1", started_with("random"), InstantEvaluator(), enqueue=[{}, choices])
    assert not log.path.exists()
    start_run(log, "a-1", started_with("random", trials=1), InstantEvaluator())
    before = read_run(log, "a-1").events
    with pytest.raises(error, match=says):
        resume_run(log, "a-1", InstantEvaluator(), ends=RunEnds(trials=4), enqueue=[{}, choices])
    assert read_run(log, "a-1").events == before


def test_a_retraining_takes_none(tmp_path):
    """It trains one architecture, again and again."""
    path = list(aw.sample(aw.root(SPACE, (1, 8, 8)), random.Random(0).random).path)
    started = evolve(make_started(2), searcher=SEARCHER_KIND.to_json("given", {"path": path}))
    with pytest.raises(EnqueuingRefused, match="trains one architecture"):
        start_run(DuckDBLog(tmp_path / "log.duckdb"), "a-1", started, InstantEvaluator(), enqueue=[path])


def test_numbers_of_other_libraries_become_plain_ones():
    assert read_choices({"a": np.int64(3), "b": np.float32(0.5)}) == (("a", 3), ("b", 0.5))
    assert read_choices([["a", 1], ("b", "x")]) == (("a", 1), ("b", "x"))


def test_what_a_stranger_enqueued_is_no_more_than_data():
    """A log may hold anything there; to propose it is refused by name."""
    started = started_with("random")
    log = MemoryLog()
    log.append("run", [started, Enqueued(0, (("0.settings.optimizer", {"$": []}),))], START)
    with pytest.raises(IllegalValue, match=r"0\.settings\.optimizer"):
        replay_search(events_of(log)).propose()
