"""ASHA that stops trials instead of promoting them: the rule by hand and by brute force, and the searcher beside it."""

import math

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

import archwright as aw
from archwright.core.budget import InvalidBudget, parse_budgets
from archwright.core.objective import Objective
from archwright.evaluate.settings import WrongMetric
from archwright.execution.arguments import choose_rule, make_own_rule, read_stopping_rule
from archwright.execution.checks import BadArgument
from archwright.execution.same_search import OtherSearch
from archwright.search.ladders.asha import Asha
from archwright.search.ladders.ladder import NoRungs
from archwright.search.rules.halving import HalvingRule
from archwright.search.running.runs import read_run
from archwright.search.stopping_rule import TrialBegun, TrialFinished, ValueReported
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.log import START
from tests.search.contract import Session, replay_session
from tests.search.ladders.sessions import climb, make_problem

RULE = HalvingRule(3.0, (1, 3, 9))
WHOLE_RANGE = parse_budgets("1epochs..27epochs")


def judge(state, *news, rule=RULE):
    """The state after some news, and whether the trial of the last is hopeless."""
    for each in news:
        state = rule.fold(state, each)
    return state, bool(rule.find_stop_reason(state, news[-1].trial))


def test_the_rule_by_hand():
    """The first to come goes on; of two the better one; of six the best two."""
    state = RULE.start(Objective())
    verdicts = []
    for trial, value in enumerate([0.5, 0.4, 0.6, 0.55, 0.6, 0.7]):
        state, hopeless = judge(state, TrialBegun(trial), ValueReported(trial, 1, value))
        verdicts.append(hopeless)
    # 0.55 is the second of four, of which one goes on; the second 0.6 is as good as the best of five.
    assert verdicts == [False, True, False, True, False, False]


def test_a_reason_in_words():
    state, _ = judge(RULE.start(Objective("loss", "minimize")), TrialBegun(0), ValueReported(0, 1, 0.25))
    state, _ = judge(state, TrialBegun(1), ValueReported(1, 1, 0.5))
    assert RULE.find_stop_reason(state, 1) == (
        "its loss after epoch 1 was 0.5, not among the best 1 of the 2 that have come there"
    )
    assert RULE.find_stop_reason(state, 0) == ""
    assert RULE.find_stop_reason(state, 5) == ""


def test_a_milestone_that_is_skipped_is_judged_at_the_next_report():
    """Epoch 4 counts for the milestone of 3; between milestones the last verdict stands."""
    state, hopeless = judge(RULE.start(Objective()), TrialBegun(0), ValueReported(0, 1, 0.5), ValueReported(0, 4, 0.8))
    assert not hopeless
    state, hopeless = judge(state, TrialBegun(1), ValueReported(1, 1, 0.9), ValueReported(1, 2, 0.1))
    assert not hopeless
    assert judge(state, ValueReported(1, 3, 0.7))[1]


def test_who_comes_later_makes_no_difference():
    """A trial that went on from a milestone is not stopped before the next one, however many better ones follow."""
    state, hopeless = judge(RULE.start(Objective()), TrialBegun(0), ValueReported(0, 3, 0.5))
    for trial in range(1, 5):
        state, _ = judge(state, TrialBegun(trial), ValueReported(trial, 3, 0.9))
    state, later = judge(state, ValueReported(0, 4, 0.5))
    assert (hopeless, later) == (False, False)
    assert judge(state, ValueReported(1, 9, 0.9), ValueReported(0, 9, 0.6))[1]


def test_another_attempt_forgets_the_values_of_the_last():
    state, _ = judge(RULE.start(Objective()), TrialBegun(0), ValueReported(0, 1, 0.9), TrialBegun(0))
    assert not judge(state, TrialBegun(1), ValueReported(1, 1, 0.1))[1]


def test_what_is_not_finite_is_worst_and_what_ended_still_counts():
    state, hopeless = judge(RULE.start(Objective()), TrialBegun(0), ValueReported(0, 1, math.nan))
    assert not hopeless
    state, hopeless = judge(state, TrialBegun(1), ValueReported(1, 1, -math.inf))
    assert not hopeless  # as bad as the other
    state, hopeless = judge(state, TrialBegun(2), ValueReported(2, 1, -5.0))
    assert not hopeless
    state = RULE.fold(state, TrialFinished(2, "ok", -5.0))
    assert judge(state, TrialBegun(3), ValueReported(3, 1, -6.0))[1]


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=30, unique=True), st.sampled_from([2.0, 3.0, 4.0]))
def test_as_many_go_on_as_the_rule_says(values, eta):
    """At one milestone, by brute force: at its coming a trial is among the best max(1, floor(n / eta))."""
    rule = HalvingRule(eta, (1,))
    state = rule.start(Objective())
    for trial, value in enumerate(values):
        state, hopeless = judge(state, TrialBegun(trial), ValueReported(trial, 1, value), rule=rule)
        better = sum(other > value for other in values[:trial])
        assert hopeless == (better >= max(1, (trial + 1) // int(eta)))


def test_the_searcher_brings_the_rule_of_its_rungs():
    """All rungs below the last; none where it promotes; with another rule of the person's it is refused."""
    searcher = Asha(promotion=False)
    assert searcher.make_stopping_rule(WHOLE_RANGE) == HalvingRule(3.0, (1, 3, 9))
    assert Asha().make_stopping_rule(WHOLE_RANGE) is None
    assert make_own_rule(searcher, WHOLE_RANGE) == HalvingRule(3.0, (1, 3, 9))
    median = read_stopping_rule("median")
    assert choose_rule(searcher, WHOLE_RANGE, None, None) == read_stopping_rule(HalvingRule(3.0, (1, 3, 9)))
    assert choose_rule(Asha(), WHOLE_RANGE, *median) == median
    with pytest.raises(BadArgument, match="stopping is 'median', and the searcher asha stops trials by a rule of"):
        choose_rule(searcher, WHOLE_RANGE, *median)
    with pytest.raises(InvalidBudget, match=r"the budgets are 1s\.\.9s, and asha,promotion=false stops trials by"):
        searcher.make_stopping_rule(parse_budgets("1s..9s"))


def test_without_promotion_every_trial_has_the_largest_budget():
    session = Session(Asha(promotion=False), make_problem())
    climb(session, 12, 3, 0, 0.2)
    assert {(p.budget.amount, p.promotes, p.horizon, p.rung) for p in session.proposals} == {(27, None, None, 3)}
    assert replay_session(session) == session.state
    assert session.searcher.promotable(session.state) == frozenset()


QUALITIES = aw.settings(quality=aw.integers(1, 1000))
STOPPING = "asha,promotion=false"
HALVING = {"name": "halving", "revision": 1, "eta": 3.0, "milestones": [1, 3]}


def evaluate(settings, report, budget):
    """Its quality, and a little more with each epoch."""
    for epoch in range(1, int(budget.amount) + 1):
        report(epoch, accuracy=settings["quality"] / 1000 + epoch / 1e6)
    return settings["quality"] / 1000


def search(log, searcher=STOPPING, **changes) -> aw.Run:
    options = {"budget": "1epochs..9epochs", "trials": 12, "workers": 0, "log": log, "progress": False}
    return aw.search(QUALITIES, evaluate, searcher=searcher, **{**options, **changes})


def list_stopped(run) -> list[int]:
    return [trial.number for trial in run.trials if trial.stopped is not None]


def test_a_run_that_stops_trials(tmp_path):
    """Functions report their epochs; the rule of the searcher ends those that are behind."""
    run = search(tmp_path / "log.duckdb")
    stopped = {trial.number: trial.curves["accuracy"] for trial in run.trials if trial.stopped is not None}
    assert stopped
    assert all(len(curve) in (1, 3) for curve in stopped.values())
    assert run.stopping == HALVING
    assert run.verify()


@pytest.mark.parametrize("searchers", [[STOPPING, "random"], ["random", STOPPING]])
def test_a_comparison_stops_the_trials_of_that_searcher_alone(tmp_path, searchers):
    """In whatever order they are named: it comes out as the search does, and the others have no rule of its."""
    options = {"budget": "1epochs..9epochs", "trials": 12, "workers": 0, "progress": False}
    log = tmp_path / "all.duckdb"
    aw.compare(QUALITIES, evaluate, searchers, seeds=1, log=log, name="c", **options)
    runs = {run.searcher["name"]: run for run in map(aw.Log(log).__getitem__, DuckDBLog(log).runs())}
    alone = search(tmp_path / "alone.duckdb")
    assert list_stopped(runs["asha"]) == list_stopped(alone) != []
    assert runs["asha"].stopping == HALVING
    assert (runs["random"].stopping, list_stopped(runs["random"])) == (None, [])
    with pytest.raises(BadArgument, match="stopping is 'median', and the searcher asha stops trials by a rule of"):
        aw.compare(QUALITIES, evaluate, searchers, seeds=1, log=log, stopping="median", **options)


def test_over_a_table_nothing_can_be_stopped(tmp_path):
    """A comparison refuses it as a search does, and a fork does."""
    table = aw.Table(lambda settings, budget: settings["quality"] * budget.amount)
    options = {"budget": "1epochs..9epochs", "trials": 4, "log": tmp_path / "log.duckdb", "progress": False}
    expected = "no trial can be stopped early: .* has no epochs to stop at; .*promotion=false of asha"
    with pytest.raises(WrongMetric, match=expected):
        aw.search(QUALITIES, table, searcher=STOPPING, **options)
    with pytest.raises(WrongMetric, match=expected):
        aw.compare(QUALITIES, table, ["random", STOPPING], seeds=1, **options)
    run = aw.search(QUALITIES, table, searcher="asha", **options)
    with pytest.raises(WrongMetric, match=expected):
        run.fork(at="last", searcher=STOPPING)


def test_a_rule_that_hears_of_no_epoch_is_told(tmp_path, caplog):
    """Of all searches that bring it, once."""
    options = {"budget": "1epochs..9epochs", "trials": 2, "log": tmp_path / "log.duckdb", "progress": False}
    searchers = [STOPPING, "asha,promotion=false,eta=2", "random"]
    aw.compare(QUALITIES, lambda settings: settings["quality"], searchers, seeds=1, workers=0, **options)
    told = [record.getMessage() for record in caplog.records if "stopping rule" in record.getMessage()]
    assert len(told) == 1
    assert "the stopping rule does nothing" in told[0]


def test_a_fork_has_the_rule_of_its_own_searcher(tmp_path):
    """To one that stops, with another eta, and back; a rule of the person's stays, or is in the way."""
    run = search(tmp_path / "log.duckdb", "asha")
    assert run.stopping is None
    last = run.events[-1].number
    fork = run.fork(at=last, searcher=STOPPING, trials="+12").resume(workers=0, progress=False)
    assert fork.stopping == HALVING
    assert [number for number in list_stopped(fork) if number >= 12]
    other = fork.fork(at=fork.events[-1].number, settings={"eta": 2}, trials="+8").resume(workers=0, progress=False)
    assert other.stopping == {**HALVING, "eta": 2.0, "milestones": [1, 2, 5]}
    back = other.fork(at=other.events[-1].number, searcher="asha", trials="+8").resume(workers=0, progress=False)
    assert back.stopping is None
    assert not [number for number in list_stopped(back) if number >= 32]
    assert all(each.verify() for each in (fork, other, back))
    own = search(tmp_path / "log.duckdb", "asha", stopping="median", name="own")
    assert own.fork(at=own.events[-1].number, searcher="random").stopping == own.stopping is not None
    with pytest.raises(
        BadArgument, match=r"the run own has the rule median, which its forks keep; take a searcher that"
    ):
        own.fork(at=own.events[-1].number, searcher=STOPPING)


def test_a_fork_away_from_a_searcher_whose_file_is_gone_keeps_the_rule(tmp_path, monkeypatch):
    """Nothing of the old searcher is loaded for it."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "gone.py"
    file.write_text("from archwright.search.searchers.random_search import RandomSearch as Own\n")
    run = search(tmp_path / "log.duckdb", f"{file}:Own", stopping="median", budget="3epochs", trials=2)
    file.unlink()
    fork = run.fork(at="last", searcher="random", trials="+1").resume(workers=0, progress=False)
    assert (fork.stopping, len(fork)) == (run.stopping, 3)


def test_a_comparison_that_stopped_nothing_is_not_gone_on_with_by_one_that_does(tmp_path):
    """Earlier releases gave such a searcher no rule there; its log can still be read, and the rest has another name."""
    options = {"budget": "1epochs..9epochs", "trials": 3, "workers": 0, "progress": False, "seeds": 1}
    log = tmp_path / "log.duckdb"
    aw.compare(QUALITIES, evaluate, ["random", STOPPING], name="new", log=log, **options)
    file = DuckDBLog(log)
    begun, *others = read_run(file, "new.asha-promotion-false.0").events
    file.append("old.asha-promotion-false.0", [evolve(begun, stopping=None), *others], START)
    with pytest.raises(OtherSearch, match=r"its stopping was None.*another --name.*stopped no trial of a comparison"):
        aw.compare(QUALITIES, evaluate, [STOPPING], name="old", log=log, **options)
    assert len(aw.Log(log)["old.asha-promotion-false.0"]) == 3


def test_a_fork_is_refused_a_ladder_that_its_budgets_cannot_carry(tmp_path):
    """As a search is; nothing is left that could not go on."""
    run = search(tmp_path / "log.duckdb", "asha", trials=2)
    for searcher in ("asha,eta=20", "hyperband,eta=20", "asha,promotion=false,eta=20"):
        with pytest.raises(NoRungs, match=r"the budgets 1epochs\.\.9epochs have one rung with eta=20"):
            run.fork(at="last", searcher=searcher)
    with pytest.raises(InvalidBudget, match=r"1epochs\.\.9epochs, of which eta=1\.001 makes more than 300 rungs"):
        run.fork(at="last", settings={"eta": 1.001})
    assert DuckDBLog(tmp_path / "log.duckdb").runs() == [run.name]


def test_a_fork_of_a_study_stops_nothing(tmp_path):
    study = aw.study(QUALITIES, searcher="asha", budget="1epochs..9epochs", log=tmp_path / "log.duckdb", name="s")
    study.tell(study.ask(), 0.5)
    study.close()
    with pytest.raises(BadArgument, match="searcher asha is to stop trials early, and the trials of a study"):
        aw.fork("s", 4, log=tmp_path / "log.duckdb", searcher=STOPPING)


def test_rungs_within_one_epoch_have_one_milestone_and_one_rung_none():
    """What is reported is the end of an epoch; of one rung the searcher itself says that it is no ladder."""
    searcher = Asha(promotion=False)
    assert searcher.make_stopping_rule(parse_budgets("0.5epochs,0.8epochs,3epochs")) == HalvingRule(3.0, (1,))
    assert searcher.make_stopping_rule(parse_budgets("1epochs..2epochs")) is None
