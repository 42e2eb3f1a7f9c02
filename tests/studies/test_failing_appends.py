"""What an append raises about has not happened: a study, and the log of it, are as they were before the call.

But for what the log holds all the same, as where the disk was full just after it: that has happened then.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from attrs import define, field
from hypothesis import given
from hypothesis import strategies as st

import archwright as aw
from archwright.search.running.runs import read_run
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.errors import LogIsBusy, LogIsFull
from archwright.store.events import Scored
from archwright.studies.ask_tell import BadOutcome, NoSuchOpenTrial, NothingToAsk
from tests.search.instant import SPACE
from tests.store.memory_log import MemoryLog

WIDTHS = aw.settings(width=[1, 2, 3, 4, 5, 6, 7, 8])


@pytest.fixture
def study(tmp_path):
    with aw.study(WIDTHS, searcher="random", log=tmp_path / "log.duckdb", name="mine") as opened:
        yield opened


@define
class FailingLog:
    """A log whose next appends raise, before they write or after it."""

    log: DuckDBLog | MemoryLog
    failures: list[str] = field(factory=list)  # "before", "after", or "" for none
    reads: int = 0

    def append(self, run, events, after, times=None):
        failure = self.failures.pop(0) if self.failures else ""
        if failure == "before":
            raise LogIsFull("the disk is full")
        position = self.log.append(run, events, after, times)
        if failure == "after":
            raise LogIsFull("the disk is full")
        return position

    def read(self, run, after=0, upto=None):
        self.reads += 1
        return self.log.read(run, after, upto)


def fail(study, *failures):
    study._writer.log = FailingLog(study._writer.log, list(failures))


def read_state(study):
    return read_run(DuckDBLog(study._writer.log.log.path), "mine").state


def test_what_was_not_told_is_told_again(study):
    trial = study.ask()
    fail(study, "before", "before")
    for score in (0.1, 0.2):
        with pytest.raises(LogIsFull):
            study.tell(trial, score)
        assert study._writer.run_state.trials[0].status is None
    assert study.tell(trial, 0.3) == "ok"
    assert read_state(study).trials[0].score == 0.3


def test_what_was_not_asked_is_asked_again(study):
    fail(study, "before")
    with pytest.raises(LogIsFull):
        study.ask()
    assert study.open_trials == []
    assert study.ask().trial == 0
    assert read_state(study).proposal_count == 1


def test_what_was_not_reported_and_enqueued_is_again(study):
    trial = study.ask()
    fail(study, "before", "", "before", "")
    with pytest.raises(LogIsFull):
        study.report(trial, 1, score=0.1)
    study.report(trial, 1, score=0.2)
    with pytest.raises(LogIsFull):
        study.enqueue(dict.fromkeys(trial.choices, 3))
    assert study._writer.run_state.queue.entry_count == 0


def test_what_the_log_holds_all_the_same_has_happened(study):
    """The disk was full after the append: another one of the same trial would be a second score."""
    fail(study, "after", "after")
    with pytest.raises(LogIsFull):
        study.ask()
    with pytest.raises(LogIsFull):
        study.tell(0, 0.5)
    with pytest.raises(NoSuchOpenTrial, match="was told already: it ended well"):
        study.tell(0, 0.5)
    assert study.ask().trial == 1
    assert read_state(study) == study._writer.run_state


def test_a_callback_gets_what_the_log_holds_all_the_same(tmp_path):
    seen = []
    with aw.study(WIDTHS, log=tmp_path / "log.duckdb", name="mine", on_event=seen.append) as study:
        trial = study.ask()
        fail(study, "after")
        with pytest.raises(LogIsFull):
            study.tell(trial, 0.5)
        assert not any(isinstance(event, Scored) for event in seen)
    assert seen == read_run(DuckDBLog(tmp_path / "log.duckdb"), "mine").events


def test_a_log_that_another_thread_holds_is_waited_for_in_vain_and_then_written(study):
    from archwright.store.database import take_turn

    log = study._writer.log
    study._writer.log = DuckDBLog(log.path, wait_seconds=0.05)
    trial, is_held, may_go = study.ask(), threading.Event(), threading.Event()

    def hold():
        with take_turn(log.path, 60.0):
            is_held.set()
            may_go.wait()

    holder = threading.Thread(target=hold)
    holder.start()
    is_held.wait()
    try:
        with pytest.raises(LogIsBusy):
            study.tell(trial, 0.1)
    finally:
        may_go.set()
        holder.join()
    assert study.tell(trial, 0.2) == "ok"
    assert study._writer.run_state.trials[0].score == 0.2


ATTEMPTS = st.lists(
    st.tuples(st.sampled_from(["ask", "tell", "report", "enqueue"]), st.sampled_from(["", "before", "after"])),
    max_size=12,
)


@given(ATTEMPTS)
def test_what_a_study_knows_is_what_its_log_holds(attempts):
    """Whatever fails when: after the next call the state is the fold of the log, and no trial is scored twice."""
    study, log = make_study_in_memory()
    for number, (method, failure) in enumerate(attempts):
        log.failures = [failure]
        calls: dict[str, Callable[[], object]] = {
            "ask": study.ask,
            "tell": lambda seconds=number: study.tell(
                next(iter(study._writer.run_state.open_trials), 0), 0.5, seconds=seconds
            ),
            "report": lambda: study.report(next(iter(study._writer.run_state.open_trials), 0), 1, accuracy=0.5),
            "enqueue": lambda: study.enqueue({}),
        }
        with suppress(LogIsFull, NoSuchOpenTrial, NothingToAsk):
            calls[method]()
    study._writer.settle()
    run = read_run(log.log, "mine")
    assert study._writer.run_state == run.state
    assert study._writer.position == run.position
    assert set(study._writer.running_jobs) == {number for number, trial in run.state.trials.items() if trial.running}
    log.failures = []
    for trial in study.open_trials:
        study.tell(trial, 0.5)
    study.close()


def make_study_in_memory():
    import weakref

    from archwright.search.running.run_writer import RunWriter
    from archwright.search.running.search_state import make_initial_state
    from archwright.store.fold import RunState
    from archwright.store.log import START
    from archwright.studies.ask_tell import Study
    from tests.studies.test_ask_tell import make_started

    started = make_started("random", space=SPACE)
    log = FailingLog(MemoryLog())
    writer = RunWriter(log, "mine", START, RunState(), make_initial_state(started))
    writer.record(started)
    writer.commit()
    study = Study(writer, Path("none.duckdb"), False)
    study._release = weakref.finalize(study, lambda: None)
    return study, log


@pytest.mark.parametrize("whole", [np.int64(0), np.uint8(0), 0])
def test_a_trial_s_number_may_be_numpy_s(study, whole):
    study.ask()
    study.report(whole, np.int64(1), score=np.float32(0.5))
    study.tell(whole, 0.5)
    study.ask()
    assert study.tell(np.int64(1), 0.5) == "ok"


@pytest.mark.parametrize("odd", [0.0, np.float64(0), True, np.True_, "0", None, [0]], ids=repr)
def test_what_is_no_trial_changes_nothing(study, odd):
    study.ask()
    for call in (lambda: study.tell(odd, 0.5), lambda: study.report(odd, 1, score=0.5)):
        with pytest.raises(NoSuchOpenTrial, match="was never asked for; open trials: 0"):
            call()
    with pytest.raises(BadOutcome):
        study.report(0, 1.0, score=0.5)
    assert study.tell(0, 0.5) == "ok"


def test_what_a_searcher_raises_changes_nothing(study, monkeypatch):
    """The outcome is not logged that it cannot take: the study goes on with the others."""
    trials = [study.ask(), study.ask()]
    searcher = type(study.searcher)

    def refuse(*_):
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(searcher, "tell", refuse)
        with pytest.raises(ZeroDivisionError):
            study.tell(trials[0], 0.5)
    assert study._writer.run_state.open_trials == (0, 1)
    assert [study.tell(trial, 0.5) for trial in trials] == ["ok", "ok"]


def test_threads_share_a_study(study):
    """Each gets trials of its own, and all of what they tell is in the log."""
    told, errors, together = [], [], threading.Barrier(4)

    def work():
        try:
            together.wait()
            for _ in range(6):
                trial = study.ask()
                study.report(trial, 1, score=0.1)
                study.tell(trial, float(trial.trial))
                told.append(trial.trial)
        except Exception as error:  # noqa: BLE001  (of a thread, which the test would not see)
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sorted(told) == list(range(24))
    run = read_run(study._writer.log, "mine").state
    assert {number: trial.score for number, trial in run.trials.items()} == {number: float(number) for number in told}
