"""Figures that show trials one by one."""

import math
from itertools import pairwise

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import pyplot
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from archwright.core.budget import Budget
from archwright.core.objective import Objective
from archwright.plots.axes import FigureOptions
from archwright.plots.budget_colours import colour_budgets, list_legend_budgets, sort_budgets
from archwright.plots.coordinates import Coordinate, UnknownHyperparameter, cut_label
from archwright.plots.evaluations import choose_time_unit
from archwright.plots.figures import FIGURE_KINDS, TrialFigureKind, plot_view
from archwright.plots.hyperparameters import choose_last_trials, split_at_gaps
from archwright.plots.learning_curves import trace_training
from archwright.plots.model_share import WINDOW, compute_moving_share
from archwright.plots.trial_histories import NothingToShow, make_trial_history
from archwright.search.running.run_view import view_run
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import AttemptEnded, AttemptStarted
from archwright.store.log import START
from tests.ladder_logs import LadderLog

TRIAL_KINDS = [name for name, kind in FIGURE_KINDS.items() if isinstance(kind, TrialFigureKind)]


@pytest.fixture(scope="module")
def log(tmp_path_factory) -> DuckDBLog:
    """A log of ladders. Only to be read."""
    log = DuckDBLog(tmp_path_factory.mktemp("ladders") / "log.duckdb")
    LadderLog("one-1", failing=frozenset({2})).append_to(log)
    LadderLog("one-2", seed=1).append_to(log)
    LadderLog("down-1", started={"objective": Objective("accuracy", "minimize")}).append_to(log)
    LadderLog("all-1", promotes=False, has_model=False).append_to(log)
    LadderLog("huge-1", started={"objective": Objective("accuracy", "minimize")}, scale=1e300).append_to(log)
    LadderLog("unread-1", started={"reads_budget": False}).append_to(log)
    return log


def draw(log, run: str, kind: str, **options):
    """The axes of a figure of one run."""
    axes = Figure(layout="constrained").subplots()
    plot_view(view_run(log.path, run), kind, axes, FigureOptions(**options))
    axes.figure.draw_without_rendering()
    return axes


def read_history(log, run: str = "one-1"):
    return make_trial_history(view_run(log.path, run))


def list_points(axes) -> dict[str, list[tuple[float, float]]]:
    """The points of each budget, by its name in the legend."""
    return {str(points.get_label()): [tuple(point) for point in points.get_offsets()] for points in axes.collections}


def list_texts(axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def test_trials_are_read_as_they_were(log):
    """Nine configurations of an epoch each, of which the third fails; the best three and the best one go on."""
    history = read_history(log)
    trials = history.trials
    assert [trial.budget.amount for trial in trials] == [1] * 9 + [3] * 3 + [9]
    assert [trial.ended for trial in trials] == [*range(1, 10), 11, 13, 15, 21]
    assert [trial.began for trial in trials] == [*range(9), 9, 11, 13, 15]
    assert [trial.trial for trial in trials if not trial.has_score] == [2]
    assert [epoch for epoch, _ in trials[12].curve] == [4, 5, 6, 7, 8, 9]
    assert trials[12].promotes == trials[12].continues
    assert {trial.by_model for trial in trials[9:]} == {None}
    assert not any(trial.is_open for trial in trials)


def test_an_open_trial_has_no_score_and_no_end(log):
    """The run as it stood when its first trial was under way."""
    history = make_trial_history(view_run(log.path, "one-1", 3))
    (trial,) = history.trials
    assert (trial.is_open, trial.has_score, trial.began) == (True, False, 0.0)
    assert math.isnan(trial.ended)
    assert (history.scored, history.incumbents) == ([], [])


def test_simulated_time_is_that_of_the_attempts(tmp_path):
    """Which take as long as they say, however fast they were logged."""
    log = DuckDBLog(tmp_path / "log.duckdb")
    LadderLog("fast-1", started={"simulates_time": True}, speed=1000.0).append_to(log)
    assert [trial.ended for trial in read_history(log, "fast-1").trials] == [*range(1, 10), 11, 13, 15, 21]


def test_the_clock_of_a_simulation_is_what_it_says(tmp_path):
    """Of two workers at once: trials begin and end together, which the seconds of their attempts do not tell."""
    log = DuckDBLog(tmp_path / "log.duckdb")
    ladder = LadderLog("two-1", started={"simulates_time": True})
    events = [
        evolve(event, clock=time / 2) if isinstance(event, AttemptStarted | AttemptEnded) else event
        for event, time in ladder.make_events()
    ]
    log.append("two-1", events, START)
    trials = read_history(log, "two-1").trials
    assert [trial.ended for trial in trials] == [t / 2 for t in (*range(1, 10), 11, 13, 15, 21)]
    assert [trial.began for trial in trials][:3] == [0.0, 0.5, 1.0]


@pytest.mark.parametrize("run", ["one-1", "down-1"])
def test_a_larger_budget_is_better_and_within_it_the_score(log, run):
    history = read_history(log, run)
    incumbents = history.incumbents
    assert [trial.budget.amount for trial in incumbents] == sorted(trial.budget.amount for trial in incumbents)
    for earlier, later in pairwise(incumbents):
        if earlier.budget == later.budget:
            assert history.sign * earlier.score < history.sign * later.score
    best = [trial for trial in history.scored if trial.budget.amount == 9]
    assert incumbents[-1] in best


def test_every_evaluation_is_a_point_of_its_budget(log):
    """Whole budgets have no point, a failed one is below; the line begins anew with each budget."""
    axes, history = draw(log, "one-1", "evaluations"), read_history(log)
    points = list_points(axes)
    assert {name: len(some) for name, some in points.items()} == {"1 epoch": 8, "3 epochs": 3, "9 epochs": 1}
    assert points["9 epochs"] == [(21.0, history.trials[12].score)]
    failed, *stretches = axes.lines
    assert (failed.get_label(), list(failed.get_xdata())) == ("failed", [3.0])
    assert [line.get_label() == "best of random" for line in stretches] == [True, False, False]
    assert [line.get_xdata()[-1] for line in stretches] == [11.0, 21.0, 21.0]
    for line in stretches:
        assert (np.diff(line.get_ydata()) >= 0).all()
    assert axes.get_xlabel() == "seconds since the run began"


def test_evaluations_may_be_distances_to_the_optimum(log):
    axes, history = draw(log, "down-1", "evaluations", optimum=0.05), read_history(log, "down-1")
    assert list_points(axes)["9 epochs"] == [(21.0, pytest.approx(history.trials[12].score - 0.05))]
    assert axes.get_ylabel() == "regret: accuracy from the optimum"


def test_budgets_that_nothing_reads_are_none(log):
    assert draw(log, "unread-1", "evaluations").get_legend_handles_labels()[1] == ["best of random"]
    assert draw(log, "unread-1", "hyperparameter").get_legend_handles_labels()[1] == []


def test_several_searches_have_one_line_in_a_band(log):
    """From where both have a score to where the first one ends."""
    from archwright.plots.figures import plot_runs

    axes = Figure().subplots()
    plot_runs(log.path, ["one-1", "one-2"], "evaluations", axes, FigureOptions(band="quartiles"))
    _, line = axes.lines
    assert (line.get_label(), line.get_xdata()[0], line.get_xdata()[-1]) == ("best of random (n=2)", 1.0, 21.0)
    ends = [history.incumbents[-1].score for history in (read_history(log, "one-1"), read_history(log, "one-2"))]
    assert line.get_ydata()[-1] == pytest.approx(np.median(ends))


def test_time_is_told_in_a_unit_that_people_read():
    for seconds, unit in {59: "seconds", 599: "seconds", 601: "minutes", 3 * 3600: "hours", 9 * 86400: "days"}.items():
        assert choose_time_unit(seconds)[1] == unit


def test_a_rung_is_a_row_and_a_promotion_a_line(log):
    axes, history = draw(log, "one-1", "rungs"), read_history(log)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["1 epoch", "3 epochs", "9 epochs"]
    assert list_texts(axes) == ["9 trials", "3 trials", "1 trial"]
    promotions = [line for line in axes.lines if line.get_label().startswith("_")]
    drawn = {tuple(zip(line.get_xdata(), line.get_ydata(), strict=True)) for line in promotions}
    assert len(drawn) == 4
    for trial in history.trials[9:]:
        earlier = history.trials[trial.promotes]
        row = {1: 0, 3: 1, 9: 2}
        assert ((earlier.ended, row[earlier.budget.amount]), (trial.ended, row[trial.budget.amount])) in drawn


def test_a_curve_begins_where_that_of_what_it_continues_ended(log):
    """And the best trial's is the whole training, from its first epoch to the last."""
    history = read_history(log)
    last = history.trials[12]
    epochs, values = zip(*trace_training(history, last), strict=True)
    assert epochs == (3, 4, 5, 6, 7, 8, 9)
    assert values[0] == history.trials[last.continues].score
    axes = draw(log, "one-1", "curves")
    best = axes.lines[-1]
    assert (best.get_label(), list(best.get_xdata())) == ("the best trial", list(range(1, 10)))
    assert best.get_ydata()[-1] == last.score
    assert [line.get_label() for line in axes.lines[:-1]] == ["1 epoch", "3 epochs", "9 epochs"]
    assert [len(curves.get_segments()) for curves in axes.collections] == [8, 3, 1]  # one failed, and reported nothing


def test_trials_trained_anew_have_curves_of_their_own(log):
    history = read_history(log, "all-1")
    assert trace_training(history, history.trials[20]) == list(history.trials[20].curve)


def test_parallel_coordinates_have_a_line_for_each_configuration(log):
    """Its last one at the largest budget; what never varies is no axis, and a choice that is not asked leaves a gap."""
    history = read_history(log)
    last = choose_last_trials([history])
    assert sorted(trial.budget.amount for trial in last) == [1] * 5 + [3] * 2 + [9]
    axes = draw(log, "one-1", "parallel")
    names = [label.get_text() for label in axes.get_xticklabels()]
    assert sorted(names) == ["layers", "learning_rate", "momentum", "optimizer"]
    (lines,) = axes.collections
    segments = lines.get_segments()
    vertices = [tuple(point) for points in segments for point in points]
    for place, name in enumerate(names):
        assert sum(x == place for x, _ in vertices) == sum(name in trial.path for trial in last)
    assert all(0 <= height <= 1 for points in segments for height in points[:, 1])
    only = draw(log, "one-1", "parallel", hyperparameter="l*")
    assert [label.get_text() for label in only.get_xticklabels()] == ["learning_rate", "layers"]


def test_a_line_is_split_at_its_gaps():
    """What stands alone is a dash."""
    nan = math.nan
    assert split_at_gaps(np.array([0.1, 0.2, nan, 0.4])) == [[(0, 0.1), (1, 0.2)], [(2.95, 0.4), (3.05, 0.4)]]
    assert split_at_gaps(np.array([nan, nan])) == []


def test_the_best_configuration_is_bright_whichever_way_is_better(log):
    """And is drawn last, on top of the others."""
    for run in ("one-1", "down-1"):
        history = read_history(log, run)
        trials = choose_last_trials([history])
        best = max(history.sign * trial.score for trial in trials)
        brightest = pyplot.get_cmap("viridis")(1.0)
        (lines,) = draw(log, run, "parallel").collections
        assert tuple(lines.get_colors()[-1][:3]) == tuple(to_rgba(brightest)[:3])
        assert best == max(history.sign * trial.score for trial in trials)


def test_scores_stand_at_the_values_of_a_hyperparameter(log):
    """Of the first that varies, on a scale where equal factors are equal steps; of options around their places."""
    history = read_history(log)
    axes = draw(log, "one-1", "hyperparameter")
    assert (axes.get_xlabel(), axes.get_xscale()) == ("learning_rate", "log")
    shown = [point for points in list_points(axes).values() for point in points]
    assert sorted(shown) == sorted((trial.path["learning_rate"], trial.score) for trial in history.scored)
    some = draw(log, "one-1", "hyperparameter", hyperparameter="momentum")
    count = sum("momentum" in trial.path for trial in history.scored)
    assert some.get_xlabel() == f"momentum (of the {count} of 12 trials that have it)"
    options = draw(log, "one-1", "hyperparameter", hyperparameter="optimizer")
    assert [label.get_text() for label in options.get_xticklabels()] == ["adam", "sgd"]
    places = {round(x) for points in list_points(options).values() for x, _ in points}
    assert places == {0, 1}


def test_hyperparameters_that_are_not_there_or_do_not_vary_are_named(log):
    with pytest.raises(UnknownHyperparameter, match="no choice of one-1 is called 'optimiser'; did you mean optimizer"):
        draw(log, "one-1", "hyperparameter", hyperparameter="optimiser")
    with pytest.raises(NothingToShow, match="the trials of one-1 that have a score agree in 'size'"):
        draw(log, "one-1", "hyperparameter", hyperparameter="size")


@given(
    st.lists(st.integers(-5, 5) | st.floats(-1e300, 1e300) | st.sampled_from(["a", "b"]), min_size=2, unique_by=repr)
)
def test_a_coordinate_has_its_values_from_bottom_to_top(values):
    """Numbers in their order, also the largest; options each at a place of its own."""
    coordinate = Coordinate("x", list(dict.fromkeys(values)))
    if len(coordinate.values) < 2:
        return
    places = [coordinate.place(value) for value in coordinate.values]
    assert all(0 <= place <= 1 for place in places)
    assert {min(places), max(places)} == {0.0, 1.0}
    if coordinate.numbers is not None:
        order = np.argsort(coordinate.values)
        assert (np.diff(np.array(places)[order]) >= 0).all()
    else:
        assert len(set(places)) == len(coordinate.options)


def test_whole_numbers_are_labelled_without_a_point():
    assert [text for _, text in Coordinate("layers", [1, 16]).ticks] == ["1", "16"]
    assert [text for _, text in Coordinate("rate", [0.001, 0.1]).ticks] == ["0.001", "0.1"]
    assert [text for _, text in Coordinate("flag", [True, False]).ticks] == ["false", "true"]


def test_long_labels_lose_their_middle():
    assert [cut_label(name, 8) for name in ("nor_conv_1x1", "nor_conv_3x3", "none")] == ["nor_…1x1", "nor_…3x3", "none"]


@given(st.text(max_size=20), st.integers(3, 12))
def test_a_label_has_at_most_its_letters(text, letters):
    assert len(cut_label(text, letters)) == min(len(text), letters)


def test_a_moving_share_by_hand():
    assert compute_moving_share([False, True, True]).tolist() == [0.0, 0.5, pytest.approx(2 / 3)]
    assert compute_moving_share([False] * WINDOW + [True])[-1] == 1 / WINDOW


@given(st.lists(st.booleans(), min_size=1, max_size=30))
def test_a_moving_share_is_that_of_the_last_ones(flags):
    shares = compute_moving_share(flags)
    expected = [np.mean(flags[max(0, end - WINDOW) : end]) for end in range(1, len(flags) + 1)]
    np.testing.assert_allclose(shares, expected)


def test_the_share_of_a_model_is_of_new_configurations(log):
    """Of which the searcher says whether a model made them: promotions are none."""
    history = read_history(log)
    made = sum(bool(trial.by_model) for trial in history.trials)
    axes = draw(log, "one-1", "models")
    (line,) = axes.lines
    assert (line.get_label(), list(line.get_xdata())) == (f"random: {made} of 9", list(range(1, 10)))
    with pytest.raises(NothingToShow, match="the log of all-1 does not say which configurations a model made"):
        draw(log, "all-1", "models")


def test_budgets_are_matched_by_their_pairs(log):
    """Nine that were all trained at three budgets; three survivors of nine, which are too few."""
    cells = list_texts(draw(log, "all-1", "correlation"))
    assert len(cells) == 3
    assert all(cell.endswith("\nn = 9") and ".." in cell for cell in cells)
    axes = draw(log, "one-2", "correlation")
    assert sorted(list_texts(axes)) == ["too few\nn = 1*", "too few\nn = 1*", "too few\nn = 3*"]
    assert axes.get_xlabel() == "* survivors among them"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["1 epoch", "3 epochs", "9 epochs"]


def test_budgets_are_coloured_in_their_order():
    """From dark to bright; a legend of very many names some of them, the smallest and the largest among them."""
    budgets = [Budget(amount, "epochs") for amount in (9, 1, 3)]
    brightness = [sum(colour[:3]) for budget, colour in colour_budgets(budgets).items() if budget is not None]
    assert sort_budgets([*budgets, None, *budgets]) == [budgets[1], budgets[2], budgets[0]]
    assert brightness == sorted(brightness)
    many = [Budget(amount, "epochs") for amount in range(1, 41)]
    named = list_legend_budgets(many)
    assert (len(named), named[0], named[-1]) == (8, many[0], many[-1])


@pytest.mark.parametrize("kind", TRIAL_KINDS)
def test_scores_of_any_size_are_drawn_one_by_one(log, kind):
    """In a unit of their own, as no float holds their squares."""
    axes = draw(log, "huge-1", kind, optimum=1e299)
    texts = [axes.get_ylabel(), *(other.get_ylabel() for other in axes.figure.axes)]
    assert any("accuracy in 1e29" in text for text in texts) == (kind not in ("rungs", "models", "correlation"))


@pytest.mark.parametrize("kind", TRIAL_KINDS)
def test_a_run_whose_scores_are_all_alike_is_drawn(tmp_path, kind, caplog):
    log = DuckDBLog(tmp_path / "log.duckdb")
    LadderLog("flat-1", scale=0.0).append_to(log)
    draw(log, "flat-1", kind)
    assert caplog.messages == []
