"""Whether the runs of a log are the searches of a comparison."""

import pytest
from attrs import evolve

from archwright.core.budget import Budget
from archwright.core.ends import RunEnds
from archwright.core.objective import Objective
from archwright.evaluate.functions.evaluation import Function
from archwright.evaluate.logged_evaluations import evaluation_to_json
from archwright.evaluate.tables.nasbench201 import Nasbench201
from archwright.evaluate.training.evaluation import Training
from archwright.execution.logged_searches import find_unfinished, read_logged_searches
from archwright.execution.same_search import OtherSearch
from archwright.search.named import SEARCHER_KIND
from archwright.search.named_rules import RULE_KIND
from archwright.search.running.compare import ComparedSearch
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import ForkPoint, RunResumed, RunStopped
from archwright.store.log import START
from tests.comparison_logs import log_search, make_search
from tests.search.instant import make_started

BEGUN = evolve(make_started(8), evaluator=evaluation_to_json(Training("mnist")), searcher=SEARCHER_KIND.to_json("mcts"))
OTHER_SPACE = {**BEGUN.space, "kind": "other"}
# What a comparison wants now, and what is said of the run that is there.
OTHERS = {
    "dataset": ({"evaluator": evaluation_to_json(Training("cifar10"))}, "evaluator.data was mnist, and is cifar10"),
    "evaluator": ({"evaluator": evaluation_to_json(Nasbench201("t.npz"))}, "evaluator was {'kind': 'training'"),
    "recipe": (
        {"evaluator": evaluation_to_json(Training("mnist", settings={"flip": True}))},
        "evaluator.settings was {}, and is {'flip': True}",
    ),
    "budget": ({"budget": Budget(12, "epochs")}, "budget was 1epochs, and is 12epochs"),
    "metric": ({"objective": Objective("loss")}, "objective.metric was accuracy, and is loss"),
    "direction": (
        {"objective": Objective("accuracy", "minimize")},
        "objective.direction was maximize, and is minimize",
    ),
    "searcher": (
        {"searcher": SEARCHER_KIND.to_json("mcts", {"exploration": 1})},
        "searcher.exploration was 0.25, and is 1.0",
    ),
    "seed": ({"seed": 3}, "seed was 0, and is 3"),
    "shape": ({"input_shape": (3, 8, 8)}, "input_shape was [1, 8, 8], and is [3, 8, 8]"),
    "stopping": ({"stopping": RULE_KIND.to_json("median")}, "stopping was None, and is {'name': 'median'"),
    "space": ({"space": OTHER_SPACE}, "space was {'kind': 'sequential'"),
}


@pytest.fixture
def log(tmp_path) -> DuckDBLog:
    log = DuckDBLog(tmp_path / "log.duckdb")
    log.append("c.mcts.0", [BEGUN], START)
    return log


@pytest.mark.parametrize("other", OTHERS)
def test_a_run_that_is_another_search_is_refused(log, other):
    """The run, what differs with both values, and what to do."""
    changes, difference = OTHERS[other]
    with pytest.raises(OtherSearch) as raised:
        read_logged_searches(log.path, [ComparedSearch("c.mcts.0", evolve(BEGUN, **changes))])
    assert str(raised.value).startswith(f"{log.path} has another search named c.mcts.0: its {difference}")
    assert str(raised.value).endswith(
        "give the comparison another --name (name= in Python), or what the search was begun with"
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"trials": 100},
        {"versions": {"python": "4"}},
        {"keep_models": 3},
        {"space_source": "./tests.py:space"},
        {"evaluator": evaluation_to_json(Training("mnist", device="cpu", data_dir="elsewhere", threads=3))},
    ],
)
def test_what_decides_nothing_may_be_another(log, changes):
    """How long the search is, and where and with what it runs."""
    logged = read_logged_searches(log.path, [ComparedSearch("c.mcts.0", evolve(BEGUN, **changes))])
    assert logged["c.mcts.0"].scored == 0


def test_a_table_may_be_named_in_another_way(log, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    begun = evolve(BEGUN, evaluator=evaluation_to_json(Nasbench201("folder/../t.npz")))
    log.append("c.mcts.1", [begun], START)
    same = evolve(begun, evaluator=evaluation_to_json(Nasbench201(str(tmp_path / "t.npz"))))
    assert list(read_logged_searches(log.path, [ComparedSearch("c.mcts.1", same)])) == ["c.mcts.1"]
    other = evolve(begun, evaluator=evaluation_to_json(Nasbench201("u.npz")))
    with pytest.raises(OtherSearch, match=r"evaluator\.table was .*/t\.npz, and is .*/u\.npz"):
        read_logged_searches(log.path, [ComparedSearch("c.mcts.1", other)])


def test_a_setting_that_has_come_to_be_since_has_its_usual_value(log):
    """Logs of earlier releases do not have it."""
    evaluator = {name: value for name, value in BEGUN.evaluator.items() if name != "overrides"}
    searcher = {"name": "mcts", "exploration": 0.25}
    log.append("c.mcts.1", [evolve(BEGUN, evaluator=evaluator, searcher=searcher)], START)
    assert list(read_logged_searches(log.path, [ComparedSearch("c.mcts.1", BEGUN)])) == ["c.mcts.1"]


def test_a_function_that_reads_no_budget_is_the_one_of_which_an_earlier_release_did_not_say_so(log):
    begun = evolve(BEGUN, evaluator=evaluation_to_json(Function("own.py:score")))
    log.append("c.mcts.1", [begun], START)
    now = evolve(begun, evaluator=evaluation_to_json(Function("own.py:score", ignores_budget=True)), reads_budget=False)
    assert (begun.reads_budget, now.reads_budget) == (True, False)
    assert list(read_logged_searches(log.path, [ComparedSearch("c.mcts.1", now)])) == ["c.mcts.1"]


def test_a_rule_that_an_earlier_release_has_logged_is_the_same_rule(log):
    log.append("c.mcts.1", [evolve(BEGUN, stopping={"rule": "median", "warmup": 2, "startup": 5})], START)
    same = evolve(BEGUN, stopping=RULE_KIND.to_json("median", {"warmup": 2}))
    assert list(read_logged_searches(log.path, [ComparedSearch("c.mcts.1", same)])) == ["c.mcts.1"]
    other = evolve(BEGUN, stopping=RULE_KIND.to_json("median", {"warmup": 3}))
    with pytest.raises(OtherSearch, match=r"stopping\.warmup was 2, and is 3"):
        read_logged_searches(log.path, [ComparedSearch("c.mcts.1", other)])


def test_images_are_those_that_the_search_was_begun_with(log):
    """As far as its log tells; and they are read as they were then, which --reader says."""
    now = evolve(BEGUN, data={"classes": ["a", "b"], "train": 8})
    assert list(read_logged_searches(log.path, [ComparedSearch("c.mcts.0", now)])) == ["c.mcts.0"]
    log.append("c.mcts.1", [now], START)
    with pytest.raises(OtherSearch, match=r"c\.mcts\.1: its data\.train was 8, and is 9 in this comparison"):
        read_logged_searches(
            log.path, [ComparedSearch("c.mcts.1", evolve(now, data={"classes": ["a", "b"], "train": 9}))]
        )
    evaluator = {name: value for name, value in BEGUN.evaluator.items() if name != "reader"}
    log.append("c.mcts.2", [evolve(BEGUN, evaluator=evaluator)], START)
    with pytest.raises(OtherSearch, match=r"its evaluator\.reader was 1, and is 2"):
        read_logged_searches(log.path, [ComparedSearch("c.mcts.2", BEGUN)])
    again = evolve(BEGUN, evaluator=evaluation_to_json(Training("mnist", reader=1)))
    assert list(read_logged_searches(log.path, [ComparedSearch("c.mcts.2", again)])) == ["c.mcts.2"]


def test_a_fork_is_another_search(log):
    log.append("c.mcts.1", [evolve(BEGUN, forked_from=ForkPoint("other", 9, 8))], START)
    with pytest.raises(OtherSearch, match=r"c\.mcts\.1: its forked_from was .*'other'.*, and is None"):
        read_logged_searches(log.path, [ComparedSearch("c.mcts.1", BEGUN)])


def test_a_run_that_went_on_in_another_space_is_another_search(log):
    recorded = log.read("c.mcts.0")
    log.append("c.mcts.0", [RunResumed(8, {}, OTHER_SPACE)], recorded[-1].position)
    for space in (BEGUN.space, OTHER_SPACE):
        with pytest.raises(OtherSearch, match=r"c\.mcts\.0: its space was"):
            read_logged_searches(log.path, [ComparedSearch("c.mcts.0", evolve(BEGUN, space=space))])


def test_standings_by_hand(tmp_path):
    """Trials that are scored, and why the run was left; what is exhausted has as many as it could have."""
    log = DuckDBLog(tmp_path / "log.duckdb")
    log_search(log, "a.random.0", [0.1, None, 0.3])
    log_search(log, "a.random.1", [0.1], stopped=RunStopped("exhausted"))
    log_search(log, "a.random.2", [None], stopped=RunStopped("failing", "trial 0 was ill"))
    logged = read_logged_searches(log.path, [make_search(f"a.random.{seed}", 9) for seed in (2, 1, 0, 4)])
    assert [(search.run, search.scored, search.reason, search.detail) for search in logged.values()] == [
        ("a.random.2", 1, "failing", "trial 0 was ill"),
        ("a.random.1", 1, "exhausted", ""),
        ("a.random.0", 3, "", ""),
    ]
    assert [search.has_reached(RunEnds(trials=3)) for search in logged.values()] == [False, True, True]
    assert [search.has_reached(RunEnds(trials=4)) for search in logged.values()] == [False, True, False]


def test_a_search_that_has_finished_has_come_to_ends_that_are_no_further(tmp_path):
    """Where its last process was asked for the same ones, or for more; of others nobody knows without reading it."""
    log = DuckDBLog(tmp_path / "log.duckdb")
    asked = RunEnds(time_limit=60.0, total=Budget(500, "epochs"))
    search = make_search("a.random.0", 9)
    start = evolve(search.started, **asked.by_name)
    log.append("a.random.0", [start, RunStopped("finished")], START)
    (logged,) = read_logged_searches(log.path, [evolve(search, started=start)]).values()
    assert logged.ends == asked
    assert logged.has_reached(asked)
    assert logged.has_reached(evolve(asked, time_limit=30.0))
    for ends in (
        evolve(asked, time_limit=90.0),
        evolve(asked, total=Budget(501, "epochs")),
        RunEnds(time_limit=60.0),
        RunEnds(trials=9),
        evolve(asked, configurations=9),
    ):
        assert not logged.has_reached(ends), ends


def test_a_log_that_is_not_there_has_no_searches(tmp_path):
    assert read_logged_searches(tmp_path / "none.duckdb", [make_search("a.random.0", 3)]) == {}


def test_a_search_is_unfinished_until_it_has_its_trials_or_has_no_more_to_propose(tmp_path):
    """Two have four trials each, of which one has no more to propose; one is not there."""
    log = DuckDBLog(tmp_path / "log.duckdb")
    log_search(log, "a.random.0", [0.1, 0.2, None, 0.4])
    log_search(log, "a.random.1", [0.1, 0.2, 0.3, 0.4], stopped=RunStopped("exhausted"))

    def list_unfinished(trials: int) -> list[str]:
        searches = [make_search(f"a.random.{seed}", trials) for seed in range(3)]
        return [search.run for search in find_unfinished(log, searches)]

    assert list_unfinished(4) == list_unfinished(3) == ["a.random.2"]
    assert list_unfinished(5) == ["a.random.0", "a.random.2"]
    empty = DuckDBLog(tmp_path / "none.duckdb")
    assert len(find_unfinished(empty, [make_search("a.random.0", 4)])) == 1
