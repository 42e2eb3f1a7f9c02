"""Runs and trials, as values."""

import math
import re
import shutil
from html.parser import HTMLParser
from io import BytesIO

import duckdb
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from archwright.core.objective import Objective
from archwright.core.protocols import AttemptResult
from archwright.core.setting import UnknownSetting
from archwright.execution.checks import BadArgument
from archwright.results.log import Log
from archwright.results.run import Run
from archwright.results.trial_table import TRIAL_COLUMNS
from archwright.search.named import SEARCHER_KIND
from archwright.search.running.loop import NothingScored
from archwright.search.running.run_view import NoSuchTrial
from archwright.search.running.runs import read_run
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.errors import LogMissing, NoSuchEvent, NoSuchRun
from archwright.store.events import Scored
from archwright.store.journal import locate_journal
from archwright.store.log import START
from archwright.store.query import QueryFailed
from tests.results.logs import TRIALS, log_run, log_runs
from tests.search.instant import SPACE


class TagCollector(HTMLParser):
    """The names of the elements in a text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert not any(name.startswith("on") for name, _ in attrs)


def collect_tags(text: str) -> set[str]:
    collector = TagCollector()
    collector.feed(text)
    return collector.tags


def test_a_run_says_what_it_is(run):
    assert run.name in ("up-1", "down-1")
    assert (run.status, run.space, run.space_source, run.seed) == (
        "finished",
        SPACE,
        "tests",
        {"up-1": 0, "down-1": 3}[run.name],
    )
    assert (run.searcher["name"], run.evaluation["kind"], str(run.budget), run.stopping) == (
        "random",
        "instant",
        "1epochs",
        None,
    )
    assert run.objective.metric == "accuracy"
    assert run.input.shape == (1, 8, 8)
    assert re.fullmatch(rf"<Run {run.name}: finished, 7 of 7 trials, best accuracy 0\.\d{{4}} \(trial \d\)>", repr(run))


def test_its_trials_are_a_sequence_in_the_order_of_proposing(run):
    assert [trial.number for trial in run] == [trial.number for trial in run.trials] == list(range(TRIALS))
    assert len(run) == TRIALS
    assert (run[3], run["3"], run["last"], run["best"]) == (
        run.trials[3],
        run.trials[3],
        run.trials[-1],
        run.best(),
    )
    assert run[2:4] == run.trials[2:4]
    assert run[3] in run
    assert len({*run, *run}) == TRIALS


@pytest.mark.parametrize("name", [7, -8, -1.0, "-1", "first", "1.0", "+1"])
def test_a_trial_that_is_not_there_is_told_with_those_that_are(run, name):
    with pytest.raises(NoSuchTrial, match=rf"has no trial {re.escape(str(name))}; it has trials 0 to 6, best and last"):
        run[name]


@given(number=st.integers(-TRIALS, TRIALS - 1))
def test_a_number_below_zero_counts_from_the_end(log_path, number):
    run = Run.read(log_path, "up-1")
    assert run[number] == list(run)[number] == run.trials[number]


def test_a_trial_is_taken_in_place_of_its_number(run, log_path, tmp_path):
    earlier = run.at(15)
    assert run[run[3]] == run[3]
    assert run[earlier[1]] == run[1]
    assert earlier[run[0]] == earlier[0] != run[0]
    with pytest.raises(NoSuchTrial, match="has no trial 6; it has trials 0 to"):
        earlier[run[6]]
    other = next(other for other in Log(log_path).values() if other.name != run.name)
    with pytest.raises(
        NoSuchTrial, match=f"trial 2 is of the run {other.name} in .*, and this is {run.name} in .*; give"
    ):
        run[other[2]]
    copy = tmp_path / "copy.duckdb"
    copy.write_bytes(log_path.read_bytes())
    with pytest.raises(NoSuchTrial, match="give a trial of this run"):
        Run.read(copy, run.name)[run[2]]


@given(n=st.integers(0, 12))
def test_the_best_are_those_with_the_best_scores(log_path, n):
    for name, sign in (("up-1", -1), ("down-1", 1)):
        run = Run.read(log_path, name)
        scores = sorted((t.score for t in run if t.score is not None), key=lambda score: sign * score)
        assert [trial.score for trial in run.best(n)] == scores[:n]
        assert run.best().score == scores[0]


@given(at=st.integers(2, 30))
def test_a_run_at_an_event_is_what_was_read_up_to_it(log_path, at):
    run = Run.read(log_path, "up-1")
    earlier, record = run.at(at), read_run(DuckDBLog(log_path), "up-1", at)
    assert len(earlier) == record.state.proposal_count
    assert [t.score for t in earlier] == [record.state.trials[n].score for n in range(len(earlier))]
    assert earlier == Run.read(log_path, "up-1", at=at) != run
    assert earlier.refresh() == run
    assert len(earlier.sql("from events")) == at
    assert earlier.sql("select count(*) from trials")[0] == (len(earlier),)


def test_an_event_that_is_not_there_is_refused(run):
    with pytest.raises(NoSuchEvent):
        run.at(10_000)
    with pytest.raises(NoSuchEvent, match=r"trial 0 of .* has not ended as yet"):
        run.at(3).at(run[0])


def test_its_events_have_the_numbers_at_which_it_is_read(run):
    events = run.events
    assert [event.number for event in events] == list(range(1, len(events) + 1))
    assert [event.event for event in events] == run.view.run.events
    assert [event.time.timestamp() for event in events] == pytest.approx(run.view.run.times)
    assert (repr(events[0]), repr(events[1])) == ("<Event 1: RunStarted>", "<Event 2: Proposed of trial 0>")
    for event in events[::5]:
        assert run.at(event) == run.at(event.number)
        assert [earlier.event for earlier in run.at(event).events] == [e.event for e in events[: event.number]]


def test_after_a_trial_it_has_its_score_and_no_later_one(run):
    for trial in run:
        earlier = run.at(trial)
        assert earlier[trial].score == trial.score
        assert earlier.events[-1].event == Scored(trial.number, trial.status, trial.score, trial.metrics)
    with pytest.raises(NoSuchTrial, match="give a trial of this run"):
        Run.read(run.log, "down-1" if run.name == "up-1" else "up-1").at(run[0])


def test_attempts_say_how_they_went(run):
    (ok,), (crashed,) = run[0].attempts, run[2].attempts
    assert (ok.number, ok.seconds, ok.error, ok.stopped) == (1, 0.5, "", None)
    assert ok.metrics == run[0].metrics
    assert [point["epoch"] for point in ok.curve] == [1]
    assert repr(ok) == "<Attempt 1: ok after 0.5 s>"
    assert repr(crashed) == "<Attempt 1: crashed after 0.2 s, <script>alert(1)</script>>"
    (running,) = run.at(3)[0].attempts
    assert (running.status, running.seconds) == ("running", None)
    assert repr(running) == "<Attempt 1: running>"
    assert ok.started == running.started


def test_what_is_not_there_is_refused(tmp_path, log_path):
    with pytest.raises(LogMissing):
        Run.read(tmp_path / "none.duckdb")
    with pytest.raises(NoSuchRun, match="did you mean up-1"):
        Run.read(str(log_path), "up-2")
    assert Run.read(str(log_path)).name == "down-1"


def test_a_trial_says_how_it_went(run):
    for trial in run:
        is_crashed = trial.number % 3 == 2
        assert trial.status == ("crashed" if is_crashed else "ok")
        assert (trial.score is None) is is_crashed
        assert trial.metrics == ({} if is_crashed else {"accuracy": trial.score})
        assert trial.error == ("it broke\n<script>alert(1)</script>" if is_crashed else "")
        assert trial.seconds == (0.25 if is_crashed else 0.5)
        assert trial.curves == {"accuracy": [0.5]}
        assert trial.choices == dict(trial.path) == dict(trial.leaf.path)
        assert trial.leaf.is_leaf
        assert trial.architecture.parameters((1, 8, 8)) == trial.parameters
        assert [attempt.status for attempt in trial.attempts] == [trial.status]
        assert (trial.run, trial.stopped, trial.continues, str(trial.budget)) == (run.name, None, None, "1epochs")
        assert trial.details()["choices"] == trial.choices
    assert len({trial.seed for trial in run}) == TRIALS
    assert repr(run[2]) == f"<Trial 2 of {run.name}: crashed>"
    assert repr(run[0]) == f"<Trial 0 of {run.name}: ok, accuracy {run[0].score:.4f}>"


def test_curves_are_told_by_trial(run):
    assert run.curves() == run.curves("accuracy") == {number: [0.5] for number in range(TRIALS)}
    assert run.curves("loss") == {}


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_frame_has_a_row_for_each_trial(run, library):
    pytest.importorskip(library)
    frame = run.frame(library)
    assert len(frame) == TRIALS
    assert tuple(frame.columns)[: len(TRIAL_COLUMNS)] == TRIAL_COLUMNS
    assert list(frame["trial"]) == list(range(TRIALS))
    scores = [None if score is None or math.isnan(score) else score for score in frame["score"].to_list()]
    assert scores == [trial.score for trial in run]
    for name in ("optimizer", "learning_rate"):
        column = next(column for column in frame.columns if column.endswith(name))
        assert list(frame[column]) == [trial.choices[column] for trial in run]


def test_a_frame_of_nothing_has_the_columns_of_every_trial(tmp_path):
    pytest.importorskip("pandas")
    path = tmp_path / "log.duckdb"
    log_run(path, "up-1")
    frame = Run.read(path, at=1).frame()
    assert (list(frame.columns), len(frame)) == (list(TRIAL_COLUMNS), 0)


def test_queries_see_the_run_alone(run):
    rows = run.sql("select distinct run from trials")
    assert (rows.columns, list(rows)) == (("run",), [(run.name,)])
    assert run.sql("select run from runs")[0] == (run.name,)
    assert (len(run.sql("from trials", limit=2)), run.sql("from trials", 2).is_whole) == (2, False)
    run.export_sql("select distinct run from trials", stream := BytesIO(), "csv")
    assert stream.getvalue().decode() == f"run\n{run.name}\n"
    with pytest.raises(QueryFailed):
        run.sql("from nothing")


def test_a_run_is_verified(run, tmp_path):
    verification = run.verify()
    assert verification
    assert (verification.is_whole, verification.is_reproduced) == (True, True)
    assert repr(verification) == (
        f"<Verification of {run.name}: {run.view.run.state.seq} events, whole; 7 proposals, as the searcher makes them>"
    )
    other = DuckDBLog(tmp_path / "other.duckdb")
    events = list(run.view.run.events)
    events[0] = evolve(events[0], seed=100)
    other.append("other", events, START)
    verification = Run.read(other.path).verify()
    assert (bool(verification), verification.is_whole, verification.is_reproduced) == (False, True, False)
    assert "trial 0, is not what the searcher proposes" in repr(verification)


def fail_all(job):
    return AttemptResult(job.trial, job.attempt, "crashed", {}, 0.1, "the disk is full")


def test_without_a_score_there_is_no_best_and_no_picture(tmp_path):
    path = tmp_path / "log.duckdb"
    log_run(path, "up-1", trials=2, verdict=fail_all)
    run = Run.read(path)
    for ask in (run.best, run.plot, lambda: run.best(2), lambda: run["best"]):
        with pytest.raises(NothingScored, match="no trial of up-1 has a score; trial 0 crashed: the disk is full"):
            ask()
    assert "table" in collect_tags(run._repr_html_())
    with pytest.raises(NothingScored, match=r"no trial of up-1 has a score yet; go on with: archwright resume up-1"):
        run.at(1).best()


def test_it_is_drawn_on_the_axes_that_are_given(run):
    axes = Figure().subplots()
    assert run.plot(ax=axes, title="costs $5_000 or $") is axes
    (line,) = axes.lines
    assert len(line.get_xdata()) == TRIALS
    assert list(line.get_ydata())[-1] == run.best().score
    axes.figure.canvas.draw()


def test_a_picture_of_its_own_has_new_axes(run):
    from matplotlib import pyplot

    axes = run.plot("histogram")
    assert axes.get_xlabel() == "accuracy"
    pyplot.close(axes.figure)


def test_notebooks_show_it_and_nobody_s_code(run, tmp_path):
    """Names, errors and metrics may be a stranger's."""
    for text in (run._repr_html_(), *(trial._repr_html_() for trial in run)):
        assert "svg" in (tags := collect_tags(text))
        assert "script" not in tags
    path = tmp_path / "log.duckdb"
    evil = "<img src=x onerror=alert(1)>"
    log_run(path, "evil", objective=Objective(evil), space_source=evil, verdict=lambda job: score_as(job, evil))
    evil_run = Run.read(path)
    for text in (evil_run._repr_html_(), evil_run.best()._repr_html_(), evil_run.sql(f"select '{evil}'")._repr_html_()):
        assert "img" not in collect_tags(text)
        assert "&lt;img" in text


def score_as(job, metric):
    return AttemptResult(job.trial, job.attempt, "ok", {metric: float(job.trial)}, 0.1)


def test_a_run_is_replayed_as_the_command_does(run):
    """What its searcher knew then, and what it proposes next."""
    state = run.at(2).replay()
    assert (state["at"], state["proposed"], state["scored"]) == (2, 1, 0)
    assert state["next"]["choices"] == run[1].choices
    assert run[0].left_out == ""
    assert run[0].draw().svg.startswith("<svg")


def test_a_fork_has_other_settings_of_its_searcher(log_path, tmp_path):
    run = Run.read(shutil.copy(log_path, tmp_path / "log.duckdb"), "up-1")
    fork = run.fork(2, settings={"replacement": False})
    assert fork.searcher == SEARCHER_KIND.to_json("random", {"replacement": False})
    with pytest.raises(UnknownSetting, match="no setting 'x'"):
        run.fork(2, settings={"x": 1})
    with pytest.raises(BadArgument, match="settings is for the searcher that the run has"):
        run.fork(2, searcher="mcts", settings={"parts": 2})
    with pytest.raises(BadArgument, match="settings is 3; it must be a mapping"):
        run.fork(2, settings=3)


def test_a_run_is_a_sequence(run):
    """Also for what Python's sequences do with what is not in them."""
    assert [run.index(trial) for trial in run] == [*range(len(run))]
    assert [run.count(trial) for trial in run] == [1] * len(run)
    assert list(reversed(run)) == list(run)[::-1]
    for absent in ("up-1", 99, None):
        assert absent not in run
        with pytest.raises(ValueError):  # noqa: PT011  (without a message, as of every sequence of Python's)
            run.index(absent)
    for number in (len(run), -len(run) - 1):
        with pytest.raises(IndexError, match="it has trials 0 to"):
            run[number]


def test_a_run_is_verified_alone(tmp_path):
    """As the whole log is, run by run, whatever is wrong with the others."""
    log = log_runs(tmp_path)
    runs = list(Log(log).values())
    with duckdb.connect(log) as database:
        database.execute("UPDATE events SET time = 0 WHERE run = 'up-1' AND seq = 5")
    verdicts = {verdict.run: verdict for verdict in Log(log).verify()}
    assert {run.name: run.verify().chain for run in runs} == verdicts
    assert [verdict.is_whole for verdict in verdicts.values()] == [name != "up-1" for name in verdicts]


def test_a_run_that_is_gone_is_not_whole(tmp_path):
    """Not even where the journal, which would have it, is gone as well."""
    log = log_runs(tmp_path)
    runs = list(Log(log).values())
    locate_journal(log).unlink()
    with duckdb.connect(log) as database:
        database.execute("DELETE FROM events WHERE run = 'up-1'")
    for run in runs:
        verification = run.verify()
        assert bool(verification) == (run.name != "up-1")
    with pytest.raises(NoSuchRun):
        Log(log)["up-1"]


def test_a_finished_run_says_how_its_ends_are_moved_to_go_on(run):
    """As `run.resume` takes it; one that has not ended needs no more."""
    assert run.suggest_moves() == {"trials": "+16"}
    assert run.at(5).suggest_moves() == {}
