"""By what searches are measured, and how far they are held against each other."""

import math

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from archwright.core.budget import Budget
from archwright.core.ends import RunEnds
from archwright.core.protocols import EarlyStop
from archwright.plots.axes import FigureOptions
from archwright.plots.figures import plot_searches
from archwright.plots.histories import SearchHistory, make_history, read_histories
from archwright.plots.stretches import AXES, Stretch, UnknownAxis, choose_stretch, read_axis
from archwright.results.conclusions import compute_conclusions, list_remarks
from archwright.search.running.run_view import view_run
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import (
    AttemptEnded,
    AttemptStarted,
    ForkPoint,
    Proposed,
    Reported,
    RunResumed,
    RunStopped,
    Scored,
)
from archwright.store.log import START
from tests.store.strategies import make_run_started

ONE, THREE, NINE = (Budget(n, "epochs") for n in (1, 3, 9))


# The two ways to a search: by SQL, of many at once, and by its events.
READERS = {
    "query": lambda path: read_histories(path, ["run"])[0],
    "events": lambda path: make_history(view_run(path)),
}


def make_ladder_events():
    """Three configurations of 1 epoch; two are promoted to 3, of which one goes on, and stops after 7 of 9 epochs."""
    plan = [
        (0, ONE, None, 0.5, None),
        (1, ONE, None, 0.6, None),
        (2, ONE, None, None, None),
        (3, THREE, 1, 0.4, None),
        (4, THREE, 0, 0.7, None),
        (5, NINE, 4, 0.65, 7),
    ]
    for trial, budget, promotes, score, stopped in plan:
        status, metrics = ("crashed", {}) if score is None else ("ok", {"accuracy": score})
        stop = None if stopped is None else EarlyStop("patience", stopped, "no better")
        continues = promotes if trial != 4 else None  # that one is trained from the beginning
        yield Proposed(trial, (("a", trial),), budget, continues, promotes=promotes)
        yield AttemptStarted(trial, 1)
        yield AttemptEnded(trial, 1, status, 2.0, metrics, stopped=stop)
        yield Scored(trial, status, score, metrics)


def write_ladder(folder, **changes):
    log, events = DuckDBLog(folder / "log.duckdb"), list(make_ladder_events())
    started = evolve(make_run_started(), budget=NINE, **changes)
    times = [100.0 + n for n in range(len(events) + 1)]
    log.append("run", [started, *events], START, times)
    return log.path


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_what_a_search_has_come_to_by_hand(tmp_path, read):
    """What continues counts what it adds, what is trained afresh all; time is that of the events, 4 s a trial."""
    history = read(write_ladder(tmp_path))
    assert history.measure("trials").tolist() == [1, 2, 3, 4, 5, 6]
    assert history.measure("configurations").tolist() == [1, 2, 3, 3, 3, 3]
    assert history.measure("total").tolist() == [1, 2, 3, 5, 8, 12]
    assert history.measure("time").tolist() == [4, 8, 12, 16, 20, 24]
    assert history.best.tolist() == [0.5, 0.6, 0.6, 0.4, 0.7, 0.65]
    assert (history.unit, history.count_until("total", 5.0)) == ("epochs", 4)
    places = np.array([0.5, 1.0, 4.9, 5.0, 7.0, 99.0])
    looked_up = history.look_up(history.best, "total", places)
    assert np.array_equal(looked_up, [math.nan, 0.5, 0.6, 0.4, 0.4, 0.65], equal_nan=True)


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_simulated_time_is_that_of_the_attempts(tmp_path, read):
    """And where nothing reads a budget, none was spent."""
    history = read(write_ladder(tmp_path, simulates_time=True, reads_budget=False))
    assert history.measure("time").tolist() == [2, 4, 6, 8, 10, 12]
    assert history.measure("total").tolist() == [0] * 6
    assert history.best.tolist() == [0.5, 0.6, 0.6, 0.6, 0.7, 0.7]


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_time_between_processes_is_nobodys(tmp_path, read):
    """Of a fork that began with 50 s, 3 events of which are copies; its process is killed, and another one goes on."""
    trial, (_, _, end, scored) = list(make_ladder_events())[:4], list(make_ladder_events())[:4]
    second = [Proposed(1, (("a", 1),), ONE), AttemptStarted(1, 1), Reported(1, 1, 1, {"accuracy": 0.1})]
    again = [RunResumed(9, {}), AttemptStarted(1, 2), evolve(end, trial=1, attempt=2), evolve(scored, trial=1)]
    started = evolve(make_run_started(), forked_from=ForkPoint("other", 9, 4, 50.0))
    events = [started, *trial, RunResumed(9, {}), *second, *again, RunStopped("interrupted")]
    times = [0.0, 1, 2, 3, 4, 1000, 1001, 1002, 1005, 9000, 9001, 9003, 9004, 9009]
    log = DuckDBLog(tmp_path / "log.duckdb")
    log.append("run", events, START, times)
    assert read(log.path).measure("time").tolist() == [50, 59]


axes = st.sampled_from(AXES)


@given(st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 1.0, 2.5])), min_size=1, max_size=12), axes)
def test_a_search_is_cut_where_it_is_looked_up(steps, axis):
    """The last value up to a place is the last one of what is cut there; and nothing goes back."""
    scores = np.array([float(n) for n in range(len(steps))])
    columns = np.array(steps, dtype=np.float64).T
    nothing = np.full(len(steps), math.nan)
    history = SearchHistory(
        "run", "random", "accuracy", "maximize", scores, columns[1], nothing, fresh=columns[0], spent=columns[1]
    )
    measured = history.measure(axis)
    assert (np.diff(measured) >= 0).all()
    for place in (0.0, *measured.tolist(), measured[-1] / 2, measured[-1] + 1):
        cut = Stretch(axis, place).cut(history)
        value = history.look_up(history.best, axis, np.array([place]))[0]
        assert (math.isnan(value) and not len(cut.scores)) or value == cut.best[-1]
        assert Stretch(axis, place).is_short(history) == (measured[-1] < place * (1 - 1e-9))


def make_search(label, *steps):
    """A search of steps of so many epochs, each with its score."""
    spent, scores = np.array(steps, dtype=np.float64).T
    nothing = np.full(len(scores), math.nan)
    return SearchHistory(label, label, "accuracy", "maximize", scores, spent * 10, nothing, spent=spent)


GROUPS = {
    "random": [
        make_search("random", (9, 0.5), (9, 0.6), (9, 0.7)),
        make_search("random", (9, 0.3), (9, 0.4), (9, 0.8)),
    ],
    "asha": [
        make_search("asha", (1, 0.1), (1, 0.2), (2, 0.4), (6, 0.6), (10, 0.9)),
        make_search("asha", (1, 0.1), (1, 0.2), (2, 0.4), (6, 0.7), (1, 0.7)),
    ],
}


def test_conclusions_at_equal_totals_by_hand():
    """At 9 epochs 0.4 against 0.6 and 0.7, and at 18 epochs 0.5 against 0.7; what goes beyond does not count."""
    stretch = Stretch("total", 18.0)
    random, asha = compute_conclusions(GROUPS, stretch, None)
    assert (random["half"], random["best"], random["trials"]) == pytest.approx((0.4, 0.5, 2))
    assert (asha["half"], asha["best"], asha["trials"]) == pytest.approx((0.4, 0.65, 5))
    assert (asha["better_by"], asha["low"], asha["high"], asha["pairs"]) == pytest.approx((0.15, 0.0, 0.3, 2))
    assert (random["ended_early"], asha["ended_early"], asha["by"], asha["until"]) == (0, 1, "total", 18.0)
    assert list_remarks([random, asha], stretch) == [
        "half-way is after 9 epochs, and the end after 18 epochs",
        "asha: 1 of 2 searches ended before 18 epochs; what they had found stands for the rest",
    ]


def test_searches_are_followed_as_far_as_their_end_or_as_all_of_them_go():
    ends = RunEnds(trials=5, total=Budget(20, "epochs"))
    assert choose_stretch(GROUPS, ends) == Stretch("trials", 5)
    assert choose_stretch(GROUPS, ends, "total") == Stretch("total", 20.0)
    assert choose_stretch(GROUPS, ends, "time") == Stretch("time", 110.0)
    assert choose_stretch(GROUPS, RunEnds(time_limit=90.0)) == Stretch("time", 90.0)
    assert choose_stretch(GROUPS, RunEnds(configurations=4), "configurations").half == 2


def test_half_of_what_is_counted_is_whole():
    assert [Stretch("trials", n).half for n in (1, 2, 5, 64)] == [1, 1, 3, 32]
    assert Stretch("total", 5).half == 2.5
    names = [Stretch(axis, 90.0).name_point(90.0) for axis in AXES]
    assert names == ["90 trials", "90 configurations", "90 epochs", "90s"]


@pytest.mark.parametrize("axis", AXES)
def test_incumbents_are_drawn_by_what_one_asks_for(axis):
    """A line has a value from where all have a score on."""
    axes = Figure().subplots()
    histories = [history for group in GROUPS.values() for history in group]
    plot_searches(histories, "incumbent", axes, FigureOptions(by=axis), list)
    lines = {str(line.get_label()): line for line in axes.lines}
    assert set(lines) == {"random (n=2)", "asha (n=2)"}
    x, y = lines["random (n=2)"].get_data()
    assert np.isfinite(y).all()
    assert list(x) == {"total": [9, 18, 27], "time": [90, 180, 270]}.get(axis, [1, 2, 3])
    assert list(y) == pytest.approx([0.4, 0.5, 0.75])
    wanted = {"total": "epochs spent", "time": "seconds since the search began"}
    assert axes.get_xlabel() == wanted.get(axis, axes.get_xlabel())


def test_what_nothing_is_measured_by():
    with pytest.raises(UnknownAxis, match="by is 'trails', by which no search is measured; did you mean trials"):
        read_axis("trails")
    for unit in ("epochs", "examples"):
        with pytest.raises(UnknownAxis, match=rf"; did you mean total, the {unit} that were spent\?$"):
            read_axis(unit)
    with pytest.raises(UnknownAxis, match="by is 3, by which no search is measured; write one of trials, config"):
        read_axis(3)
    with pytest.raises(UnknownAxis, match="by is 'time', and the kind histogram has axes of its own; leave it out"):
        plot_searches(GROUPS["random"], "histogram", Figure().subplots(), FigureOptions(by="time"), list)
