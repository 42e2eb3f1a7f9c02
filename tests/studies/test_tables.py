"""Tables in simulated time, from Python: their workers, functions that are tables, and comparisons over them."""

from typing import ClassVar

import pytest
from attrs import frozen

import archwright as aw
from archwright.execution.same_search import OtherSearch
from archwright.store.events import AttemptEnded, AttemptStarted, Proposed, Scored
from tests.cli.running import run_command

SPACE = aw.sequential(aw.settings(x=aw.reals(0.0, 1.0), y=aw.reals(0.0, 1.0)), aw.affine([4, 8, 16]))
INPUT = (3,)


@frozen
class Slopes(aw.Table):
    """Results whose seconds follow from what was chosen."""

    benchmark: ClassVar[str] = "slopes"
    budgets: ClassVar[str] = "1epochs..9epochs"
    metric: ClassVar[str] = "loss"

    def load(self):
        """Nothing that would take time."""

    def require_architecture(self, architecture):
        """It has all of them."""

    def look_up(self, architecture, budget, seed):
        chosen = aw.settings_of(architecture)
        return aw.TableEntry({"loss": abs(chosen["x"] - 0.3) / budget.amount}, 1 + 4 * chosen["y"])


@pytest.fixture
def options(tmp_path, monkeypatch):
    monkeypatch.setenv("ARCHWRIGHT_CONFIG", str(tmp_path / "settings"))
    monkeypatch.chdir(tmp_path)
    return {"input": INPUT, "log": tmp_path / "archwright.duckdb", "progress": False}


def read_events(run, *kinds) -> list:
    return [event for event in run.view.run.events if isinstance(event, kinds)]


def test_a_run_keeps_the_number_of_its_workers(options):
    """However it goes on, but where a person says another one: then it is that."""
    run = aw.search(SPACE, Slopes("none"), trials=6, workers=3, **options)
    assert run.view.run.started.simulated_workers == 3
    ends = read_events(run, AttemptEnded)
    assert [end.clock for end in ends] == sorted(end.clock for end in ends)
    assert run.view.run.state.clock == max(end.clock for end in ends) < sum(end.seconds for end in ends)
    run = run.resume(trials="+3", progress=False)
    assert run.view.run.state.simulated_workers == 3
    assert run.resume(trials="+3", workers=2, progress=False).view.run.state.simulated_workers == 2
    assert run.fork(6).view.run.state.simulated_workers == 3
    row = run.sql("select clock_started, clock_ended, seconds from attempts where trial = 0")[0]
    assert row == (0.0, ends[0].clock if ends[0].trial == 0 else row[1], row[2])
    assert row[1] == pytest.approx(row[2], abs=1e-6)


def test_a_comparison_stands_for_several_workers(options):
    """Each search has its own, and a comparison with another number is another one."""
    searchers = ["random", "mcts"]
    more = {**options, "name": "c", "seeds": 2}
    aw.compare(SPACE, Slopes("none"), searchers, trials=5, workers=4, **more)
    aw.compare(SPACE, Slopes("none"), searchers, trials=8, workers=4, **more)
    run = aw.Log(options["log"])["c.mcts.1"]
    assert (run.view.run.state.simulated_workers, len(run.trials)) == (4, 8)
    assert {event.clock for event in read_events(run, AttemptStarted)[:4]} == {0.0}
    with pytest.raises(OtherSearch, match=r"its simulated_workers was 4, and is 2 in this comparison"):
        aw.compare(SPACE, Slopes("none"), searchers, trials=9, workers=2, **more)


LADDERS = ["asha", "asha,sampler=kde", "hyperband"]


def test_ladders_are_compared_by_the_time_of_several_workers(options):
    """The best of each search is worked out by hand: of the largest budget that had a score by then, the least loss."""
    more = {**options, "name": "c", "seeds": 3, "workers": 8, "budget": "1epochs..9epochs"}
    comparison = aw.compare(SPACE, Slopes("none"), ["random", *LADDERS], time=60.0, **more)
    assert [(row["by"], row["until"]) for row in comparison] == [("time", 60.0)] * 4
    log = aw.Log(options["log"])
    for row, stem in zip(comparison, ["random", "asha", "asha-sampler-kde", "hyperband"], strict=True):
        ends = []
        for seed in range(3):
            run = log[f"c.{stem}.{seed}"]
            assert run.verify()
            rows = run.sql(
                "select scores.score, trials.budget, attempts.clock_ended from scores join trials using (run, trial) "
                f"join attempts using (run, trial) where run = '{run.name}'"
            )
            budgets = {budget for _, budget, _ in rows}
            assert (budgets == {1.0, 3.0, 9.0}) == (stem != "random")
            ends.append(min((-budget, score) for score, budget, clock in rows if clock <= 60.0)[1])
        assert row["best"] == pytest.approx(sum(ends) / 3)


def test_a_function_of_this_process_is_compared_over_all_cores(options):
    """Also one that no other process can import, as that of a notebook's cell."""
    target = 0.3

    @aw.score("loss", table=True)
    def distance(settings):
        return {"loss": abs(settings["x"] - target), "seconds": 2.0}

    aw.compare(SPACE, distance, ["random", "mcts"], seeds=2, trials=6, workers=2, name="c", **options)
    log = aw.Log(options["log"])
    for name in ("c.random.0", "c.mcts.1"):
        assert len(log[name].trials) == 6
        assert log[name].view.run.state.clock == 3 * 2.0
    alone = aw.search(SPACE, distance, searcher="mcts", seed=1, trials=6, workers=2, **options)
    kinds = (Proposed, Scored)
    assert read_events(log["c.mcts.1"], *kinds) == read_events(alone, *kinds)


OWN = """
import archwright as aw


@aw.score("loss", table=True, can_continue=True)
def distance(settings, budget):
    return abs(settings["x"] - 0.3) / budget.amount
"""


def test_a_function_of_a_file_is_a_table_wherever_it_is_named(options, tmp_path):
    """It says so itself, and the run goes on in any process."""
    (tmp_path / "own.py").write_text(OWN)
    run = aw.search(SPACE, "own.py:distance", trials=3, workers=2, budget="4epochs", **options)
    assert (run.evaluation["is_table"], run.evaluation["can_continue"]) == (True, True)
    assert run.view.run.state.clock == 2 * 4.0
    done = run_command(tmp_path, "resume", run.name, "--trials", "+1")
    assert done.returncode == 0, done.stderr
    again = aw.Log(options["log"])[run.name]
    assert (len(again.trials), again.view.run.state.simulated_workers) == (4, 2)
    words = ("--evaluator", "own.py:distance", "--searcher", "random", "--searcher", "mcts", "--input", "3")
    done = run_command(tmp_path, "compare", "own.py:space", *words, "--seeds", "1", "--trials", "2")
    assert done.returncode == 2  # there is no space of that name
    (tmp_path / "spaces.py").write_text("import archwright as aw\nspace = aw.settings(x=aw.reals(0.0, 1.0))\n")
    done = run_command(tmp_path, "compare", "spaces.py:space", *words, "--seeds", "1", "--trials", "2")
    assert done.returncode == 0, done.stderr


def test_what_a_table_has_no_results_of_is_refused_before_a_search(options):
    with pytest.raises(aw.NotInTable, match=r"the budget is 10epochs; the table of slopes has 1epochs to 9epochs"):
        aw.search(SPACE, Slopes("none"), budget="10epochs", **options)
    with pytest.raises(aw.NotInTable, match=r"^the budget is 10epochs; the table of slopes"):
        aw.search(SPACE, Slopes("none"), budget="2epochs,10epochs", searcher="asha", **options)
    with pytest.raises(aw.NotInTable, match=r"has 1epochs to 9epochs; write --budget 1epochs\.\.9epochs, in Python"):
        aw.search(SPACE, Slopes("none"), budget="2epochs..90epochs", searcher="asha", **options)
    with pytest.raises(aw.NotInTable, match=r"the budget is 2s; the table of slopes"):
        aw.search(SPACE, Slopes("none"), budget="2s", **options)
