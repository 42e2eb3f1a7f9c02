"""What any stopping rule may rely on, also a person's own: it is told what the log holds, whoever resumes the run."""

import math
import re
from functools import reduce

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from archwright.core.budget import Budget
from archwright.core.ends import RunEnds
from archwright.core.errors import ArchwrightError
from archwright.core.objective import Objective
from archwright.core.protocols import EarlyStop
from archwright.core.setting import BadSetting, UnknownSetting
from archwright.core.words import BadWords
from archwright.search.logged_extensions import pair_code
from archwright.search.named_rules import RULE_KIND, STOPPING_RULES, NotAStoppingRule, UnknownStoppingRule
from archwright.search.rules.median import MedianRule
from archwright.search.running.runs import make_fork_event, read_run, resume_run, start_run
from archwright.search.running.stopping import EarlyStopping, fold_early_stopping, load_rule
from archwright.search.stopping_rule import TrialBegun, TrialFinished, ValueReported
from archwright.store.configured import ExtensionFailed
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import AttemptEnded, AttemptStarted, Proposed, Reported, RunResumed, Scored
from archwright.store.needed import CODE_KEY, ExtensionNeeded
from archwright.store.origins import describe_code
from archwright.store.permission import NotTrusted
from archwright.store.user_code import BadSourceName, NoSuchAttribute, NoSuchSource
from tests.search.instant import make_started
from tests.search.own_rules import define_rule, write_own_rules
from tests.search.paced import PacedEvaluator
from tests.search.running.test_loop import events_of, make_loop
from tests.store.memory_log import MemoryLog


@pytest.fixture(scope="module")
def own_rules(tmp_path_factory):
    return write_own_rules(tmp_path_factory.mktemp("own"))


@st.composite
def histories(draw):
    """The events of a run of trials that report, fail, run again, are stopped early and continue others."""
    events, epochs, attempts, finished = [], {}, {}, []
    for _ in range(draw(st.integers(0, 40))):
        step = draw(st.sampled_from(["propose", "report", "report", "report", "again", "end"]))
        if step == "propose" or not epochs:
            trial = len(attempts)
            continues = draw(st.none() | st.sampled_from(finished)) if finished else None
            events += [Proposed(trial, (), Budget(9, "epochs"), continues=continues), AttemptStarted(trial, 1)]
            epochs[trial], attempts[trial] = draw(st.integers(0, 3)) if continues is not None else 0, 1
            continue
        trial = draw(st.sampled_from(sorted(epochs)))
        if step == "report":
            epochs[trial] = max(1, epochs[trial] + draw(st.sampled_from([1, 1, 1, 2, 0, -1])))
            value = draw(st.sampled_from([0.1, 0.2, 0.5, 0.5, 0.9, math.inf, None]))
            metrics = {"loss": 1.0} if value is None else {"accuracy": value}
            events.append(Reported(trial, attempts[trial], epochs[trial], metrics))
        elif step == "again":
            attempts[trial], epochs[trial] = attempts[trial] + 1, 0
            events += [RunResumed(9, {}), AttemptStarted(trial, attempts[trial])]
        else:
            status, by = draw(st.sampled_from(["ok", "crashed"])), draw(st.sampled_from([None, "hopeless", "patience"]))
            stopped = by and EarlyStop(by, epochs[trial], "so it was")
            events.append(AttemptEnded(trial, attempts[trial], status, 1.0, {}, "", stopped))
            events.append(Scored(trial, status, 0.5 if status == "ok" else None))
            finished += [trial] if status == "ok" else []
            del epochs[trial]
    return events


def make_stopping(rule, direction="maximize") -> EarlyStopping:
    started = evolve(
        make_started(9, stopping=RULE_KIND.value_to_json(rule)), objective=Objective("accuracy", direction)
    )
    return fold_early_stopping(started, (), rule)


def load_own(path, name, **settings):
    return RULE_KIND.find(f"{path}:{name}", settings)


@given(events=histories(), cut=st.integers(0, 200), name=st.sampled_from(["median", "Behind", "Diary"]))
def test_a_run_that_is_resumed_after_any_event_decides_as_one_that_was_not(own_rules, events, cut, name):
    """The state is that of all events; what a process knows at its start is what the last one knew."""
    rule = MedianRule(warmup=0, startup=1) if name == "median" else load_own(own_rules, name)
    states = [make_stopping(rule)]
    for event in events:
        states.append(states[-1].fold(event))
    cut = min(cut, len(events))
    started = make_started(9, stopping=RULE_KIND.value_to_json(rule))
    resumed = fold_early_stopping(started, events[:cut], rule)
    for seq in range(cut, len(events) + 1):
        assert resumed == states[seq]
        for trial in list_running_trials(events[:seq]):
            assert resumed.find_stop_reason(trial) == states[seq].find_stop_reason(trial)
        resumed = resumed.fold(events[seq]) if seq < len(events) else resumed


def list_running_trials(events) -> set[int]:
    started = {event.trial for event in events if isinstance(event, AttemptStarted)}
    return started - {event.trial for event in events if isinstance(event, Scored)}


@given(events=histories())
def test_a_rule_is_told_all_that_the_log_holds_of_its_trials_and_nothing_else(own_rules, events):
    told = reduce(EarlyStopping.fold, events, make_stopping(load_own(own_rules, "Diary"))).rule_state
    begun = [(e.trial, e.continues) for e in told if isinstance(e, TrialBegun)]
    continues = {e.trial: e.continues for e in events if isinstance(e, Proposed)}
    assert begun == [(e.trial, continues[e.trial]) for e in events if isinstance(e, AttemptStarted)]
    assert [(e.trial, e.epoch, e.value) for e in told if isinstance(e, ValueReported)] == [
        (e.trial, e.epoch, e.metrics["accuracy"]) for e in events if isinstance(e, Reported) and "accuracy" in e.metrics
    ]
    stops = {e.trial: e.stopped for e in events if isinstance(e, AttemptEnded)}
    hopeless = {trial for trial, stop in stops.items() if stop is not None and stop.by == "hopeless"}
    assert [e for e in told if isinstance(e, TrialFinished)] == [
        TrialFinished(e.trial, e.status, e.score, e.trial in hopeless) for e in events if isinstance(e, Scored)
    ]


@given(events=histories(), direction=st.sampled_from(["maximize", "minimize"]))
def test_the_best_value_of_a_running_trial_is_that_of_its_last_attempt(own_rules, events, direction):
    """Whatever the rule is: of those epochs that no later report has done again."""
    best = max if direction == "maximize" else min
    stopping = make_stopping(load_own(own_rules, "Diary"), direction)
    values: dict[int, dict[int, float]] = {}
    for seq, event in enumerate(events, start=1):
        stopping = stopping.fold(event)
        match event:
            case AttemptStarted(trial):
                values[trial] = {}
            case Reported(trial, _, epoch, {"accuracy": value}) if math.isfinite(value):
                values[trial] = {e: v for e, v in values[trial].items() if e < epoch} | {epoch: value}
            case _:
                pass
        for trial in list_running_trials(events[:seq]):
            if stopping.continues.get(trial) is None:
                assert stopping.find_best(trial) == best(values[trial].values(), default=None)


@given(levels=st.lists(st.integers(1, 9), min_size=8, max_size=8), slots=st.integers(1, 3), seed=st.integers(0, 99))
def test_decisions_of_a_rule_of_ones_own_are_a_function_of_the_log(own_rules, levels, slots, seed):
    """A trial is stopped when, and only when, the rule says so of the events that are logged by then."""
    rule = load_own(own_rules, "Behind", factor=2.0)
    first = make_started(8, stopping=RULE_KIND.to_json(f"{own_rules}:Behind", {"factor": 2.0}))
    log, evaluator, decisions = MemoryLog(), PacedEvaluator(lambda job: [levels[job.trial] / 9] * 4, slots, seed), []
    evaluator.on_stop = lambda trial, _, why: decisions.append((len(log.read("run")), trial, why))
    loop = make_loop(log, first, evaluator, rule=rule)
    loop.run(first)
    events, stopping, expected, told = events_of(log), make_stopping(rule), [], set()
    for seq, event in enumerate(events, start=1):
        stopping = stopping.fold(event)
        if isinstance(event, Reported) and event.trial not in told and (why := stopping.find_stop_reason(event.trial)):
            told.add(event.trial)
            expected.append((seq, event.trial, why))
    assert decisions == expected
    assert loop.early_stopping == stopping


def test_a_rule_of_a_notebook_has_its_code_in_the_log_and_its_class_gets_the_logged_settings(tmp_path):
    at_least = define_rule()
    log, rule = DuckDBLog(tmp_path / "log.duckdb"), at_least(least=0.5)
    first = make_started(2, stopping=RULE_KIND.value_to_json(rule))
    assert "class AtLeast" in first.stopping[CODE_KEY]["text"]
    evaluator = PacedEvaluator(lambda job: [0.6, 0.4, 0.4] if job.trial % 2 else [0.6] * 3)
    start_run(log, "run", first, evaluator, stopping=rule)
    assert evaluator.stops == [(1, 2, "0.4 is less than 0.5")]
    with pytest.raises(
        ExtensionNeeded, match=r"the stopping rule is tests.*AtLeast, which no .* and give it: stopping=AtLeast$"
    ):
        resume_run(log, "run", evaluator, ends=RunEnds(trials=4))
    logged = read_run(log, "run").started.stopping
    again = RULE_KIND.give_again(logged, at_least)
    assert again == rule
    assert [*pair_code(logged, again)] == [(logged[CODE_KEY]["sha256"], at_least)]
    assert logged[CODE_KEY] == describe_code(at_least)
    resume_run(log, "run", evaluator, ends=RunEnds(trials=4), stopping=again)
    assert [trial for trial, _, _ in evaluator.stops] == [1, 3]
    assert make_fork_event(read_run(log, "run")).stopping == logged


def test_a_rule_of_an_earlier_log_is_the_rule_that_it_was(tmp_path):
    """Its name was under "rule", and it named no revision; a fork has it as of today."""
    earlier = {"rule": "median", "warmup": 2, "startup": 3}
    assert RULE_KIND.from_json(earlier) == MedianRule(2, 3)
    assert RULE_KIND.format(earlier) == "median,warmup=2,startup=3"
    log = DuckDBLog(tmp_path / "log.duckdb")
    start_run(log, "run", make_started(2, stopping=earlier), PacedEvaluator(lambda _: [0.5]))
    assert read_run(log, "run").started.stopping == earlier
    now = {"name": "median", "revision": 1, "warmup": 2, "startup": 3}
    assert make_fork_event(read_run(log, "run")).stopping == now == RULE_KIND.read("median,warmup=2,startup=3")
    assert RULE_KIND.value_to_json(MedianRule(2, 3)) == now


def test_a_rule_that_a_log_names_runs_if_this_person_trusts_it(own_rules, monkeypatch, tmp_path):
    monkeypatch.setenv("ARCHWRIGHT_CONFIG", str(tmp_path))
    started = make_started(2, stopping=RULE_KIND.to_json(f"{own_rules}:Behind", {"factor": 3}))
    with pytest.raises(NotTrusted, match=r"archwright search SPACE --stopping .*mine\.py:Behind"):
        load_rule(started)
    rule = load_rule(started, trusted=True)
    assert (type(rule).__name__, rule.factor, rule.patience) == ("Behind", 3.0, 2)
    assert RULE_KIND.format(started.stopping) == f"{own_rules}:Behind,factor=3.0,patience=2"
    assert load_rule(make_started(2)) is None


@pytest.mark.parametrize(
    ("method", "says"),
    [
        ("start", "mine.py:Broken failed at its start"),
        ("fold", "mine.py:Broken failed at ValueReported(trial=0, epoch=1"),
        ("find_stop_reason", "mine.py:Broken gave None for trial 0; it gives"),
    ],
)
def test_a_rule_that_fails_is_named_with_its_place_and_loses_nothing(own_rules, tmp_path, method, says):
    log, rule = DuckDBLog(tmp_path / "log.duckdb"), load_own(own_rules, "Broken", method=method)
    first, evaluator = make_started(2, stopping=RULE_KIND.value_to_json(rule)), PacedEvaluator(lambda _: [0.5] * 3)
    error = NotAStoppingRule if method == "find_stop_reason" else ExtensionFailed
    with pytest.raises(error, match=re.escape(says)) as raised:
        start_run(log, "run", first, evaluator, stopping=rule)
    assert isinstance(raised.value, ArchwrightError)
    assert method in str(raised.value)
    if error is ExtensionFailed:
        assert "ZeroDivisionError" in str(raised.value)
    if method != "start":
        evaluator.jobs.clear()
        assert resume_run(log, "run", evaluator, stopping=load_own(own_rules, "Diary")).reason == "finished"


WRONG_VALUES = (3, RULE_KIND, "median")


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (MedianRule, "MedianRule is a class, and a stopping rule is a value of one; write stopping=MedianRule()"),
        *((value, "a stopping rule is a frozen attrs class, or a value of one, with start") for value in WRONG_VALUES),
    ],
)
def test_what_is_no_rule_is_refused_in_python(value, says):
    with pytest.raises(NotAStoppingRule, match=re.escape(says)):
        RULE_KIND.value_to_json(value)


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("mine.py:Behnid", NoSuchAttribute, "mine.py has no 'Behnid'; did you mean Behind or Broken?"),
        ("mine.py", BadSourceName, "mine.py is a file; name the stopping rule in it too, as in mine.py:rule"),
        ("mien.py:Behind", NoSuchSource, "did you mean mine.py?"),
        ("mine.py:CODE", NoSuchAttribute, "mine.py has no 'CODE'"),
        (
            "mine.py:Plain",
            NotAStoppingRule,
            "it has no start, fold, find_stop_reason; a stopping rule is a frozen attrs class",
        ),
        (
            "mine.py:Behind,fcator=2",
            UnknownSetting,
            "the stopping rule mine.py:Behind has no setting 'fcator'; did you mean factor?",
        ),
        (
            "mine.py:impatient,factor=0",
            BadSetting,
            "factor of the stopping rule mine.py:impatient is 0; it may be a number of 1",
        ),
        ("meidan", UnknownStoppingRule, "there is no built-in stopping rule 'meidan'; did you mean median?"),
        ("Behind", UnknownStoppingRule, "(one of your own is file.py:attribute or module:attribute)"),
        ("median,warmup=1,warmup=2", BadWords, "warmup is given twice, as 1 and as 2; keep one of them"),
    ],
)
def test_a_text_that_names_no_rule_is_refused_with_the_remedy(own_rules, monkeypatch, text, error, says):
    monkeypatch.chdir(own_rules.parent)
    with pytest.raises(error, match=re.escape(says)):
        RULE_KIND.read(text)


def test_each_rule_says_what_its_settings_mean():
    for name, rule in STOPPING_RULES.items():
        assert RULE_KIND.from_json(RULE_KIND.to_json(name)) == rule
