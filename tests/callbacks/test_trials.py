"""What a tracker shows is what the log has, wherever a process was killed."""

from pathlib import Path

import pytest
from attrs import define, evolve, field
from hypothesis import given
from hypothesis import strategies as st

from archwright.callbacks import CallbackFailed, FollowedRun, follow_run
from archwright.callbacks.trials import TrialTracker, name_budget
from archwright.core.objective import Objective
from archwright.search.running.callbacks import RunCallbacks
from archwright.store.events import AttemptEnded, AttemptStarted, Reported, RunResumed, Scored
from archwright.store.log import START
from tests.callbacks.tracked_search import FAILING, TRIALS, judge
from tests.search.instant import InstantEvaluator, make_started
from tests.search.running.test_loop import events_of, make_loop, resume_loop, start_loop
from tests.store.memory_log import MemoryLog


@define(eq=False)
class Board(TrialTracker):
    """A tracker in memory, which outlives the callback that wrote it."""

    trials: dict = field(factory=dict)  # the curve and the end of each
    curves: dict = field(factory=dict)  # of the run, by step
    fails_at: int = -1  # the writing, counted from 0, at which the process is killed
    reasons: list = field(factory=list)

    def _write(self) -> None:
        self.fails_at -= 1
        if self.fails_at == -1:
            raise KeyboardInterrupt

    def _open(self, run, started):
        self.require_points()
        return {number for number, (_, end) in self.trials.items() if end}

    def require_points(self) -> None:
        """The run's curves have the points of all trials that are whole."""
        count = sum(bool(end) for _, end in self.trials.values())
        assert set(range(1, count + 1)) <= self.curves.keys()

    def _begin(self, trial) -> None:
        self._write()
        self.trials[trial.number] = ([], {})

    def _add_point(self, trial, point) -> None:
        self._write()
        self.trials[trial.number][0].append((point.epoch, dict(point.metrics)))

    def _end(self, trial) -> None:
        self._write()
        assert self.trials[trial.number][1] == {}
        self.trials[trial.number][1].update({**trial.facts, **trial.results})
        self.require_points()

    def _write_whole(self, trial) -> None:
        self._begin(trial)
        for point in trial.curve:
            self._add_point(trial, point)
        self._end(trial)

    def _write_run_points(self, points) -> None:
        for point in points:
            self._write()
            self.curves[point.scored_trials] = dict(point.values)

    def _close(self, reason) -> None:
        self.reasons.append(reason)

    def _abandon(self) -> None:
        self.reasons.append("abandoned")


@define
class MemoryFile(MemoryLog):
    """A log in memory that names a file."""

    path = Path("log.duckdb")


def make_history(log: MemoryLog) -> FollowedRun:
    """The run as the history of a process that goes on with it."""
    return FollowedRun("run", MemoryFile.path, "0" * 32, log.read("run"))


def test_what_a_tracker_holds_is_let_go_where_it_fails_and_the_next_process_writes_the_rest():
    class Full(Board):
        def _write(self) -> None:
            self.fails_at -= 1
            if self.fails_at == -1:
                raise OSError("no room")

    log, trials, curves, reasons = MemoryFile(), {}, {}, []
    with pytest.warns(CallbackFailed, match="the callback Full raised OSError: no room"):
        search(log, Full(trials, curves, 5, reasons), TRIALS)
    assert reasons == ["abandoned"]
    search(log, Board(trials, curves, -1, reasons), TRIALS + 1)
    assert reasons == ["abandoned", "finished"]
    shown = show_log(log)
    assert (trials, curves) == (shown.trials, shown.curves)


def show_log(log: MemoryLog) -> Board:
    """What a tracker shows that is given the whole log at once."""
    board = Board()
    board.start(make_history(log))
    return board


def search(log: MemoryFile, board: Board, trials: int) -> None:
    """Start the run, or resume it, in two slots."""
    with follow_run([board], log, "run") as follower:
        go_on = resume_loop if log.runs() else start_loop
        go_on(
            log,
            InstantEvaluator(2, judge),
            trials,
            callbacks=RunCallbacks(on_event=follower.on_event, begin=follower.begin),
        )


@given(st.lists(st.integers(0, 12), max_size=4))
def test_a_killed_and_resumed_run_shows_each_point_once(kills):
    """Killed between any two writings to the tracker, which lacks what the log has by then."""
    log, trials, curves = MemoryFile(), {}, {}
    count = TRIALS + 5 * len(kills)
    for kill in kills:
        with pytest.raises(KeyboardInterrupt):
            search(log, Board(trials, curves, kill), count)
    search(log, Board(trials, curves), count)
    shown = show_log(log)
    assert (trials, curves) == (shown.trials, shown.curves)
    assert [len(curve) for curve, _ in trials.values()] == [1] * count


def test_what_is_shown_of_a_run_is_its_trials_and_its_incumbents():
    log, board = MemoryFile(), Board()
    search(log, board, TRIALS)
    assert board.reasons == ["finished"]
    assert board.trials[FAILING][1] == {
        "trial": FAILING,
        "budget": "1epochs",
        "attempts": 1,
        "status": "out_of_memory",
        "error": "no room, in line\n2",
        "seconds": 0.5,
    }
    scores = {event.trial: event.score for event in events_of(log) if isinstance(event, Scored) and event.score}
    best = max(scores, key=scores.__getitem__)
    assert board.curves[TRIALS] == {**board.curves[TRIALS], "best": scores[best], "best_trial": best, "seconds": 3.5}
    for number, score in scores.items():
        assert board.trials[number][1]["score"] == board.trials[number][1]["final/accuracy"] == score
    bests = [point["best"] for point in board.curves.values() if "best" in point]
    assert bests == sorted(bests)


def test_the_best_is_the_lowest_where_less_is_better():
    log = MemoryFile()
    first = evolve(make_started(4), objective=Objective("accuracy", "minimize"))
    make_loop(log, first, InstantEvaluator()).run(first)
    board = show_log(log)
    assert board.curves[4]["best"] == min(end["score"] for _, end in board.trials.values())


def test_a_budget_that_nothing_reads_is_left_out():
    """As of a function of one's own without such a parameter; of all trackers alike."""
    log = MemoryFile()
    first = evolve(make_started(2), evaluator={"kind": "function", "ignores_budget": True}, reads_budget=False)
    make_loop(log, first, InstantEvaluator()).run(first)
    assert [end["status"] for _, end in show_log(log).trials.values()] == ["ok", "ok"]
    assert not any("budget" in end for _, end in show_log(log).trials.values())
    assert (name_budget(first, "1epochs"), name_budget(make_started(1), "1epochs")) == ({}, {"budget": "1epochs"})


def test_the_last_attempt_counts_and_the_cost_is_that_of_all():
    """A trial whose first attempt was cut off after a report, in another process."""
    log, cut_log = MemoryFile(), MemoryFile()
    search(log, Board(), 1)
    events = events_of(log)
    cut = next(i for i, event in enumerate(events) if isinstance(event, Reported)) + 1
    history = [*events[:cut], RunResumed(1, {}), AttemptStarted(0, 2), Reported(0, 2, 1, {"accuracy": 0.25})]
    cut_log.append("run", history, START)
    board = show_log(cut_log)
    assert board.trials == {}
    end = next(event for event in events if isinstance(event, AttemptEnded))
    for event in (evolve(end, attempt=2), next(event for event in events if isinstance(event, Scored))):
        board.on_event(event)
    curve, results = board.trials[0]
    assert curve == [(1, {"accuracy": 0.25})]
    assert (results["attempts"], results["seconds"]) == (2, 0.5)
    board.stop()
    assert board.reasons == ["interrupted"]
