"""Whatever tells the best trial of a run whose trials have several budgets tells the same one."""

import re

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from archwright.callbacks.trials import RunPoint, TrackedTrial
from archwright.cli.reports.show import show_runs
from archwright.core.budget import Budget
from archwright.core.ends import RunEnds
from archwright.execution.progress import start_progress
from archwright.plots.histories import have_several_budgets, make_history, read_histories
from archwright.results.describing import describe_best_trials, describe_run, describe_runs
from archwright.results.run import Run
from archwright.search.running.ends import find_ends
from archwright.search.running.retention import choose_artifacts_to_keep
from archwright.search.running.run_view import view_best_trials, view_run
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import AttemptEnded, AttemptStarted, Proposed, Scored
from archwright.store.fold import RunState, fold_events
from archwright.store.log import START
from archwright.store.query import query
from tests.store.strategies import make_run_started

results = st.lists(
    st.tuples(st.sampled_from([1, 3, 9]), st.none() | st.sampled_from([0.25, 0.5, 0.75, 0.0])), min_size=1, max_size=7
)


def generate_trials(results, order):
    """Proposed in their order, and scored in another."""
    for number, (epochs, _) in enumerate(results):
        yield Proposed(number, (("width", number),), Budget(epochs, "epochs"))
        yield AttemptStarted(number, 1)
    for number in order:
        status, score = ("crashed", None) if results[number][1] is None else ("ok", results[number][1])
        metrics = {} if score is None else {"accuracy": score, "test_accuracy": score}
        yield AttemptEnded(number, 1, status, 1.0, metrics)
        yield Scored(number, status, score, metrics)


def write_run(folder, results, order, direction="maximize", *, reads_budget=True):
    """A log with one run of these trials."""
    log = DuckDBLog(folder / "log.duckdb")
    started = evolve(make_run_started(direction=direction), reads_budget=reads_budget)
    log.append("run", [started, *generate_trials(results, order)], START)
    return log.path


def follow_progress(run, events):
    progress = start_progress(RunState(), run.started.objective, 0.0)
    for event in events:
        progress = progress.apply(event, 0.0)
    return progress


def follow_points(run, events):
    point = RunPoint()
    for event in events:
        if isinstance(event, Scored):
            point = point.advance(TrackedTrial(run.started, run.state.trials[event.trial], 0.0), run.started)
    return point


@settings(max_examples=25, deadline=None)
@given(st.data(), results, st.sampled_from(["maximize", "minimize"]), st.booleans())
def test_all_agree(tmp_path_factory, data, results, direction, reads_budget):
    """The state, the views of SQL, the orders, the progress, the curves, the pictures and the models that are kept."""
    order = data.draw(st.permutations(range(len(results))))
    path = write_run(tmp_path_factory.mktemp("run"), results, order, direction, reads_budget=reads_budget)
    view = view_run(path)
    run, ranked = view.run, view.best
    best = ranked[0] if ranked else None
    expected = None if best is None else (best.trial, best.score)
    budget = None if best is None or not reads_budget else best.budget.amount

    sign = -1 if direction == "minimize" else 1  # in the words of the rule itself
    scored = [(trial, epochs if reads_budget else 0, score) for trial, (epochs, score) in enumerate(results)]
    scored = [result for result in scored if result[2] is not None]
    wanted = sorted(scored, key=lambda result: (-result[1], -sign * result[2], result[0]))
    assert [trial.trial for trial in ranked] == [trial for trial, _, _ in wanted]

    incumbents = [run.state.incumbent, follow_progress(run, run.events).best, follow_points(run, run.events).incumbent]
    for incumbent in incumbents:
        assert (None if incumbent is None else (incumbent.trial, incumbent.score)) == expected
    rows = query(path, "SELECT trial, score, budget FROM incumbents ORDER BY n").rows
    assert rows[-1:] == ([] if best is None else [(best.trial, best.score, budget)])
    (row,) = describe_runs(path)
    unit = "epochs" if reads_budget else None
    assert (row["best_trial"], row["best"], row["best_budget"], row["unit"]) == (
        *(expected or (None, None)),
        budget,
        unit,
    )

    assert row["has_several_budgets"] == view.has_several_budgets

    histories = [make_history(view), *read_histories(path, ["run"])]
    reached = [history.best_budgets[-1] for history in histories]
    assert np.array_equal(reached, [np.nan if budget is None else budget] * 2, equal_nan=True)
    assert have_several_budgets(histories) == (reads_budget and len({epochs for epochs, _ in results}) > 1)
    for history in histories:
        reached = [-1 if i < 0 else int(history.trials[i]) for i in history.incumbents]
        states = [fold_events(run.events[: i + 1]) for i, event in enumerate(run.events) if isinstance(event, Scored)]
        assert reached == [-1 if state.incumbent is None else state.incumbent.trial for state in states]
        assert np.array_equal(history.best, history.best_tests, equal_nan=True)
    for name in ("scores", "seconds", "tests", "levels", "trials", "fresh", "spent", "budgets", "best_budgets"):
        assert np.array_equal(*(getattr(history, name) for history in histories), equal_nan=True)

    there = {number: frozenset(["model"]) for number in run.state.trials}
    kept = choose_artifacts_to_keep(there, evolve(run.state, keep_models=2), ())
    assert {number for number, files in kept.items() if files} == {trial.trial for trial in ranked[:2]}
    some = view_best_trials(path, n=2)
    assert describe_best_trials(some, 2) == describe_best_trials(view, 2)


def test_each_says_the_budget_where_there_are_several(tmp_path):
    """0.9 after 1 epoch, then 0.7 after 9: that is the best."""
    path = write_run(tmp_path, [(1, 0.9), (9, 0.7), (9, 0.6)], [0, 1, 2])
    run = Run.read(path)
    assert "best accuracy 0.7000 (trial 1, 9 epochs)" in repr(run)
    assert run.best().number == 1
    assert describe_run(run.view)["best"] == {"trial": 1, "score": 0.7, "budget": "9epochs"}
    assert "<td>9 epochs</td>" in run._repr_html_()
    assert follow_progress(run.view.run, run.view.run.events).name_best() == "trial 1, 9 epochs"
    values = follow_points(run.view.run, run.view.run.events).values
    assert values == {"score": 0.6, "best": 0.7, "best_trial": 1, "best_budget": 9, "seconds": 3.0}
    assert run.view.run.state.scored_since_best == 1
    assert repr(run.best()) == "<Trial 1 of run, 9 epochs: ok, accuracy 0.7000>"
    assert repr(run[0]) == "<Trial 0 of run, 1 epoch: ok, accuracy 0.9000>"


def test_the_list_of_runs_says_at_which_budget_the_best_scores_are(tmp_path, capsys):
    """Of all of them, where one has several; so scores at different budgets are not taken for the same."""
    path = write_run(tmp_path, [(1, 0.9), (9, 0.7)], [0, 1])
    log = DuckDBLog(path)
    log.append("one", [make_run_started(), *generate_trials([(1, 0.8)], [0])], START)
    log.append("none", [evolve(make_run_started(), reads_budget=False), *generate_trials([(1, 0.6)], [0])], START)
    log.append("new", [make_run_started()], START)
    rows = {row["run"]: row for row in describe_runs(path)}
    assert {name: row["has_several_budgets"] for name, row in rows.items()} == {
        "run": True,
        "one": False,
        "none": False,
        "new": False,
    }
    show_runs(list(rows.values()))
    head, *lines = capsys.readouterr().out.splitlines()
    assert re.search(r" best +at budget +started$", head)
    shown = {line.split()[0]: line for line in lines}
    assert re.search(r" 0\.7000 +9 epochs ", shown["run"])
    assert re.search(r" 0\.8000 +1 epoch ", shown["one"])
    assert re.search(r" 0\.6000 +\d{4}-", shown["none"])
    assert "epoch" not in shown["none"] + shown["new"]
    show_runs([rows["one"], rows["none"]])
    assert "budget" not in capsys.readouterr().out


@pytest.mark.parametrize("reads_budget", [True, False])
def test_no_budget_is_said_where_there_is_one(tmp_path, reads_budget):
    epochs = 1 if reads_budget else 9
    path = write_run(tmp_path, [(1, 0.9), (epochs, 0.7)], [0, 1], reads_budget=reads_budget)
    run = Run.read(path)
    assert "best accuracy 0.9000 (trial 0)" in repr(run)
    assert repr(run.best()) == "<Trial 0 of run: ok, accuracy 0.9000>"
    assert describe_run(run.view)["best"] == {"trial": 0, "score": 0.9}
    assert follow_progress(run.view.run, run.view.run.events).name_best() == "trial 0"


def test_a_score_is_reached_by_the_best():
    """Not by a trial of a smaller budget than the best had."""
    events = [make_run_started(), *generate_trials([(9, 0.7), (1, 0.9), (1, 0.95)], [0, 1, 2])]
    state = fold_events(events)
    assert find_ends(state, 0.0, RunEnds(until_score=0.8)) == []
    assert find_ends(state, 0.0, RunEnds(until_score=0.7, no_improvement=2)) == ["until_score", "no_improvement"]
