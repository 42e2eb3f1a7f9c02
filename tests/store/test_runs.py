"""The names of runs, and a new run from another one's prefix."""

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from archwright.store.duckdb_log import DuckDBLog
from archwright.store.errors import NoSuchEvent, NoSuchRun, RunExists
from archwright.store.events import ForkPoint, RunResumed, RunStarted, RunStopped
from archwright.store.fold import fold_events
from archwright.store.log import START
from archwright.store.runs import check_run_name, find_run, fork_run, generate_run_names
from tests.store.memory_log import MemoryLog
from tests.store.strategies import histories, make_run_events, make_run_started, make_trial_events


def log_with_runs(*runs):
    log = MemoryLog()
    for run in runs:
        log.append(run, [make_run_started()], START)
    return log


@pytest.mark.parametrize(
    ("runs", "stem", "name"),
    [
        ([], "digits", "digits-1"),
        (["digits-1", "digits-2"], "digits", "digits-3"),
        (["digits-7"], "digits", "digits-8"),
        (["digits-10", "digits-9"], "digits", "digits-11"),
        (["digits-x", "digits", "digits-1-1", "my-digits-5"], "digits", "digits-1"),
        (["digits-1-1"], "digits-1", "digits-1-2"),
        ([], "my/space.py:attr", "my-space.py-attr-1"),
        ([], "...", "run-1"),
    ],
)
def test_a_new_run_s_name(runs, stem, name):
    """The stem and the number after the highest one; what a name may not hold becomes a dash."""
    assert next(generate_run_names(log_with_runs(*runs), stem)) == name


@given(st.text(), st.lists(st.integers(1, 30), unique=True, max_size=4))
def test_a_new_name_is_new_and_valid(stem, numbers):
    """Whatever the stem and the runs that are there."""
    taken = [next(generate_run_names(log_with_runs(), stem)).removesuffix("1") + str(number) for number in numbers]
    name = next(generate_run_names(log_with_runs(*taken), stem))
    assert name not in taken
    assert check_run_name(name) == name


def test_a_log_that_is_not_there_has_no_runs(tmp_path):
    """The name of the first run can be asked for before the file is made."""
    assert next(generate_run_names(DuckDBLog(tmp_path / "log.duckdb"), "digits")) == "digits-1"


def test_names_that_are_taken_elsewhere_are_passed_over(tmp_path):
    log = DuckDBLog(tmp_path / "log.duckdb")
    assert next(generate_run_names(log, "digits", ["digits-4", "mnist-9"])) == "digits-5"


def test_a_run_is_found():
    """By its name, or the one started last."""
    log = log_with_runs("digits-2", "digits-1")
    assert find_run(log, "digits-2") == "digits-2"
    assert find_run(log) == "digits-1"


def test_an_unknown_run_is_named_with_its_neighbours():
    """The nearest names are the remedy; in an empty log it is to start one."""
    with pytest.raises(LookupError, match=r"the log holds no run 'digit-1'; did you mean digits-1"):
        find_run(log_with_runs("digits-1", "mnist-1"), "digit-1")
    with pytest.raises(NoSuchRun, match="archwright search starts one"):
        find_run(log_with_runs())


def log_with_events(events):
    log = MemoryLog(clock=lambda: 50.0)
    log.append("a-1", events, START, [float(second) for second in range(len(events))])
    return log


def events_of(log, run):
    return [recorded.event for recorded in log.read(run)]


@given(histories(longest=15))
def test_a_fork_has_the_state_that_its_parent_had(history):
    """At every prefix, the trials of a fork are the parent's trials then."""
    log = log_with_events(history)
    for at in range(1, len(history) + 1):
        fork_run(log, "a-1", at, f"b-{at}", make_run_started())
        parent, child = fold_events(history[:at]), fold_events(events_of(log, f"b-{at}"))
        assert child.open_trials == parent.open_trials
        assert [(t.path, t.status, t.score, t.seconds) for t in child.trials.values()] == [
            (t.path, t.status, t.score, t.seconds) for t in parent.trials.values()
        ]


def test_a_fork_begins_with_its_own_start():
    """The start says where the run comes from; its time is now, the copies keep theirs."""
    log = log_with_events(make_run_events(2))
    position = fork_run(log, "a-1", 4, "b-1", make_run_started(seed=9), clock=lambda: 77.0)
    assert position == log.read("b-1")[-1].position
    assert events_of(log, "b-1") == [
        evolve(make_run_started(seed=9), forked_from=ForkPoint("a-1", 4, 3, 3.0)),
        *make_run_events(2)[1:4],
    ]
    assert [recorded.time for recorded in log.read("b-1")] == [77.0, 1.0, 2.0, 3.0]
    assert events_of(log, "a-1") == make_run_events(2), "the parent is as it was"


def test_comings_and_goings_of_processes_are_not_copied():
    """A fork has neither the stops nor the resumptions of its parent, and counts without them."""
    log = log_with_events(
        [make_run_started(), *make_trial_events(0), RunStopped("finished"), RunResumed(20, {}), *make_trial_events(1)]
    )
    fork_run(log, "a-1", 9, "b-1", make_run_started(trials=3))
    assert events_of(log, "b-1")[1:] == [*make_trial_events(0), make_trial_events(1)[0]]
    state = fold_events(events_of(log, "b-1"))
    assert isinstance(state.started, RunStarted)
    assert state.started.forked_from == ForkPoint("a-1", 9, 6, 7.0)  # 1 to 7, then 8 to 9
    assert (state.target_trials, state.stopped) == (3, None)


def test_a_fork_can_be_forked():
    """The events that a fork inherited are its own."""
    log = log_with_events(make_run_events(2))
    fork_run(log, "a-1", 6, "b-1", make_run_started())
    fork_run(log, "b-1", 3, "c-1", make_run_started())
    assert events_of(log, "c-1")[1:] == events_of(log, "a-1")[1:3]


@pytest.mark.parametrize("at", [-1, 0, 8, 1000])
def test_an_event_that_is_not_there(at):
    """The range of events is the remedy."""
    with pytest.raises(NoSuchEvent, match=f"event {at} of a-1 is not there; it has events 1 to 7"):
        fork_run(log_with_events(make_run_events(1)), "a-1", at, "b-1", make_run_started())


def test_runs_that_are_not_there_or_there_already():
    """Unknown parents and taken names are refused before anything is written."""
    log = log_with_events(make_run_events(1))
    with pytest.raises(NoSuchRun, match="did you mean a-1"):
        fork_run(log, "a-2", 1, "b-1", make_run_started())
    with pytest.raises(RunExists, match="a-1 already"):
        fork_run(log, "a-1", 3, "a-1", make_run_started())
    assert log.runs() == ["a-1"]
