"""A new run from another one's prefix."""

import pytest
from attrs import evolve
from hypothesis import given

from archwright.store.errors import NoSuchEvent, NoSuchRun, RunExists
from archwright.store.events import ForkPoint, RunResumed, RunStarted, RunStopped
from archwright.store.fold import fold_events
from archwright.store.log import START
from archwright.store.memory_log import MemoryLog
from archwright.store.runs import fork_run
from tests.store.strategies import histories, run_of, started, trial


def log_with(events):
    log = MemoryLog(clock=lambda: 50.0)
    log.append("a-1", events, START, [float(second) for second in range(len(events))])
    return log


def events(log, run):
    return [recorded.event for recorded in log.read(run)]


@given(histories(longest=15))
def test_a_fork_believes_what_its_parent_believed(history):
    """At every prefix, the trials of a fork are the parent's trials then."""
    log = log_with(history)
    for at in range(1, len(history) + 1):
        fork_run(log, "a-1", at, f"b-{at}", started())
        parent, child = fold_events(history[:at]), fold_events(events(log, f"b-{at}"))
        assert child.in_flight == parent.in_flight
        assert [(t.path, t.status, t.score, t.seconds) for t in child.trials.values()] == [
            (t.path, t.status, t.score, t.seconds) for t in parent.trials.values()
        ]


def test_a_fork_begins_with_its_own_start():
    """The start says where the run comes from; its time is now, the copies keep theirs."""
    log = log_with(run_of(2))
    position = fork_run(log, "a-1", 4, "b-1", started(seed=9), clock=lambda: 77.0)
    assert position == log.read("b-1")[-1].position
    assert events(log, "b-1") == [evolve(started(seed=9), forked_from=ForkPoint("a-1", 4, 3)), *run_of(2)[1:4]]
    assert [recorded.time for recorded in log.read("b-1")] == [77.0, 1.0, 2.0, 3.0]
    assert events(log, "a-1") == run_of(2), "the parent is as it was"


def test_comings_and_goings_of_processes_are_not_copied():
    """A fork has neither the stops nor the resumptions of its parent, and counts without them."""
    log = log_with([started(), *trial(0), RunStopped("finished"), RunResumed(20, {}), *trial(1)])
    fork_run(log, "a-1", 9, "b-1", started(trials=3))
    assert events(log, "b-1")[1:] == [*trial(0), trial(1)[0]]
    state = fold_events(events(log, "b-1"))
    assert isinstance(state.started, RunStarted)
    assert state.started.forked_from == ForkPoint("a-1", 9, 6)
    assert (state.target, state.stopped) == (3, None)


def test_a_fork_can_be_forked():
    """The events that a fork inherited are its own."""
    log = log_with(run_of(2))
    fork_run(log, "a-1", 6, "b-1", started())
    fork_run(log, "b-1", 3, "c-1", started())
    assert events(log, "c-1")[1:] == events(log, "a-1")[1:3]


@pytest.mark.parametrize("at", [-1, 0, 8, 1000])
def test_an_event_that_is_not_there(at):
    """The range of events is the remedy."""
    with pytest.raises(NoSuchEvent, match=f"event {at} of a-1 is not there; it has events 1 to 7"):
        fork_run(log_with(run_of(1)), "a-1", at, "b-1", started())


def test_runs_that_are_not_there_or_there_already():
    """Unknown parents and taken names are refused before anything is written."""
    log = log_with(run_of(1))
    with pytest.raises(NoSuchRun, match="did you mean a-1"):
        fork_run(log, "a-2", 1, "b-1", started())
    with pytest.raises(RunExists, match="a-1 already"):
        fork_run(log, "a-1", 3, "a-1", started())
    assert log.runs() == ["a-1"]
