"""How long processes have spent on a run, by hand."""

from archwright.store.events import ForkPoint, RunResumed, RunStarted, RunStopped
from archwright.store.log import START
from archwright.store.run_time import NO_TIME, fold_run_time
from archwright.store.runs import fork_run
from tests.store.memory_log import MemoryLog
from tests.store.strategies import make_run_started, make_trial_events


def test_only_the_time_of_processes_counts():
    """5 s of a process that left, 3 s up to the last event of one that was killed, 1 s of the third so far."""
    trial = make_trial_events(0)
    events = [make_run_started(), *trial[:2], RunStopped("interrupted"), RunResumed(9, {}), *trial[1:2]]
    times = [100.0, 101.0, 102.0, 105.0, 1000.0, 1003.0]
    killed = fold_run_time(events, times)
    assert (killed.seconds, killed.latest) == (8.0, 1003.0)
    assert killed.get_seconds(1010.0) == 15.0, "as if the process were still there"
    third = fold_run_time([RunResumed(9, {}), trial[2]], [5000.0, 5001.0], killed)
    assert (third.seconds, third.get_seconds(5004.0)) == (9.0, 12.0)
    left = third.fold(RunStopped("finished"), 5002.0)
    assert left.get_seconds(9999.0) == left.seconds == 10.0, "nobody has the run"


def test_a_clock_that_is_set_back_takes_nothing_away():
    events = [make_run_started(), *make_trial_events(0)[:3]]
    assert fold_run_time(events, [100.0, 110.0, 50.0, 52.0]).seconds == 12.0
    assert fold_run_time(events[:2], [100.0, 110.0]).get_seconds(90.0) == 10.0


def test_a_fork_goes_on_from_the_time_that_its_run_had_taken():
    """Also where the run had another process after that, and where the fork is forked."""
    log, trial = MemoryLog(), make_trial_events(0)
    events = [make_run_started(), *trial[:2], RunResumed(9, {}), *trial[1:]]
    log.append("a-1", events, START, [10.0, 12.0, 14.0, 100.0, 101.0, 102.0, 103.0, 104.0])
    fork_run(log, "a-1", 5, "b-1", make_run_started(), clock=lambda: 500.0)
    fork = log.read("b-1")
    start = fork[0].event
    assert isinstance(start, RunStarted)
    assert start.forked_from == ForkPoint("a-1", 5, 3, 5.0)
    state = fold_run_time([logged.event for logged in fork], [logged.time for logged in fork])
    assert (state.seconds, state.latest) == (5.0, None), "no process has it yet, and the copies are older than it is"
    resumed = fold_run_time([RunResumed(9, {}), RunStopped("interrupted")], [600.0, 602.0], state)
    assert resumed.seconds == 7.0
    log.append("b-1", [RunResumed(9, {}), RunStopped("interrupted")], fork[-1].position, [600.0, 602.0])
    fork_run(log, "b-1", len(fork) + 2, "c-1", make_run_started(), clock=lambda: 700.0)
    start = log.read("c-1")[0].event
    assert isinstance(start, RunStarted)
    assert start.forked_from is not None
    assert start.forked_from.seconds == 7.0


def test_events_without_a_start_take_no_time():
    assert fold_run_time(make_trial_events(0), [1.0, 2.0, 3.0, 4.0, 5.0]) == NO_TIME
