"""Runs that go on, are forked and retrained, and models that are exported: as methods, and as functions of a name."""

import re
from typing import Any

import duckdb
import pytest

import archwright as aw
from archwright.core.budget import InvalidBudget
from archwright.core.ends import InvalidEnd
from archwright.core.setting import BadSetting
from archwright.evaluate.settings import UnusedSetting
from archwright.execution.call_options import UnknownRunOption
from archwright.execution.checks import BadArgument
from archwright.execution.restoring import EvaluationDiffers
from archwright.execution.resuming import NoStoppingRule
from archwright.results.exporting import NoWeights
from archwright.search.logged_extensions import OtherExtension
from archwright.search.named import NotASearcher, UnknownSearcher
from archwright.search.running.run_view import NoSuchTrial, RunHasGoneOn
from archwright.search.searchers.mcts import Mcts
from archwright.store.errors import LogIsDamaged, LogMissing, NoSuchEvent, NoSuchRun, RunExists
from archwright.store.journal import locate_journal
from archwright.store.needed import FunctionNeeded
from tests.studies.functions import measure_size
from tests.studies.test_searching import list_events, list_trials, search

HERE: dict[str, Any] = {"workers": 0, "progress": False}


@pytest.fixture
def run(tmp_path) -> aw.Run:
    return search(tmp_path, searcher="mcts", name="mine")


# --- resume


def test_a_run_that_goes_on_is_the_run_that_never_stopped(tmp_path):
    whole = search(tmp_path, searcher="mcts", trials=6)
    parts = search(tmp_path, searcher="mcts", trials=2)
    for _ in range(4):
        parts = parts.resume(trials="+1", **HERE)
    assert list_trials(parts) == list_trials(whole)
    assert parts.verify()


def test_a_run_that_has_ended_is_returned_and_says_so(run, capsys):
    again = run.resume(workers=0)
    assert list_events(again) == list_events(run)
    out = capsys.readouterr().out.replace("\n", " ")
    assert "mine has ended: it has its 4 trials; to go on: aw.resume('mine', trials='+16', log=" in out


def test_a_run_at_an_event_does_not_go_on_and_a_fork_does(run):
    """Nothing is logged; the remedies that the error names do what it says."""
    earlier = run.at(9)
    for past in (earlier, aw.Run.read(run.log, "mine", at=9)):
        with pytest.raises(
            RunHasGoneOn, match=r"mine as it stood after event 9, .*: call run\.fork\(at=9\)\.resume\(\)"
        ):
            past.resume(trials="+1", **HERE)
    assert list_events(run.refresh()) == list_events(run)
    assert len(earlier.fork(at=9).resume(**HERE)) == 4
    assert len(earlier.refresh().resume(trials="+1", **HERE)) == 5


def test_ends_are_moved(run):
    assert len(run.resume(trials=5, **HERE)) == 5
    assert len(run.refresh().resume(trials="+2", **HERE)) == 7
    endless = run.refresh().resume(trials="none", no_improvement=3, **HERE)
    assert endless.status == "finished"
    assert "None" not in repr(endless)
    assert len(endless.resume(no_improvement="none", trials="+1", **HERE)) == len(endless) + 1


def test_functions_take_a_run_or_its_name(run):
    assert len(aw.resume(run, trials="+1", **HERE)) == 5
    assert len(aw.resume("mine", log=run.log, trials="+1", **HERE)) == 6
    assert len(aw.resume(log=run.log, trials="+1", **HERE)) == 7
    assert aw.fork("mine", 5, log=run.log, name="other").name == "other"
    assert aw.retrain("mine", "last", log=run.log, seeds=1, **HERE).name == "mine.retrain-6"
    with pytest.raises(NoSuchRun, match=r"did you mean mine\?"):
        aw.resume("mien", log=run.log)
    with pytest.raises(LogMissing, match="there is no log"):
        aw.resume(run.name, log=run.log.parent / "none.duckdb")


def test_another_evaluation_is_refused(run):
    with pytest.raises(EvaluationDiffers, match=r"mine goes on with its own evaluation, .*; leave evaluation out"):
        run.resume(evaluation=aw.Training("digits"), trials="+1", **HERE)
    assert list_events(run.refresh()) == list_events(run)


def test_runs_of_values_and_texts_go_on_as_they_were(tmp_path):
    """An evaluation that the log holds whole need not be given again, and is not held against itself."""
    by_text = search(tmp_path, "tests.studies.functions:measure_size", trials=2)
    assert len(by_text.resume(trials="+1", **HERE).resume(trials="+1", **HERE)) == 4
    assert len(by_text.refresh().resume(evaluation=measure_size, trials="+1", **HERE)) == 5
    assert len(by_text.refresh().retrain(seeds=1, **HERE).resume(trials="+1", **HERE)) == 2
    trained = search(tmp_path, aw.Training("digits"), "digits", trials=1, budget="1epochs", input=None, workers=1)
    assert len(trained.resume(trials="+1", progress=False)) == 2
    best = trained.refresh().retrain(seeds=1, budget="1epochs", progress=False)
    assert best.resume(trials="+1", progress=False).status == "finished"


# --- fork


@pytest.mark.parametrize("searcher", [None, "random", "smbo,initial=2", Mcts(exploration=0.5)])
def test_a_fork_shares_what_came_before_and_goes_its_own_way(run, searcher):
    fork = run.fork(9, searcher=searcher, seed=3, trials="+2")
    assert list_events(fork)[1:9] == list_events(run)[1:9]
    assert fork.seed == 3
    done = fork.resume(**HERE)
    assert [trial.status for trial in done] == ["ok"] * 6
    assert done.verify()
    assert list_events(run.refresh()) == list_events(run)


def test_a_fork_with_nothing_else_proposes_the_same(run):
    assert list_trials(run.fork(9).resume(**HERE)) == list_trials(run)


def test_a_run_that_is_broken_is_forked_by_its_name_where_the_error_says(run):
    """A fork reads no further than its event; what it then does is what the whole run would have done."""
    locate_journal(run.log).unlink()
    with duckdb.connect(run.log) as database:
        database.execute("UPDATE events SET time = time + 1 WHERE seq = 10")
    with pytest.raises(LogIsDamaged, match="event 10 of mine is broken") as broken:
        aw.fork("mine", 10, log=run.log)
    assert re.findall(r"aw\.fork\('mine', at=(\d+)", str(broken.value)) == ["9"]
    assert list_trials(aw.fork("mine", at=9, log=run.log).resume(**HERE)) == list_trials(run)


def test_a_fork_at_the_end_is_finished_once_it_is_resumed(run, capsys):
    """Nothing is left to do, which is said and logged, once."""
    fork = run.fork(at=run.view.run.position.seq, name="other")
    assert fork.status == "new"
    done = fork.resume(workers=0)
    assert "other has ended: it has its 4 trials" in capsys.readouterr().out.replace("\n", " ")
    assert (done.status, done.details()["detail"]) == ("finished", "it has its 4 trials")
    assert list_events(done.resume(**HERE)) == list_events(done)
    assert done.verify()
    assert len(done.resume(trials="+1", **HERE)) == 5


def test_the_best_and_the_last_trial_stand_for_the_events_in_which_they_ended(run):
    for name, trial in (("best", run.best()), ("last", run[-1])):
        ended = run.at(trial).view.run.position.seq
        assert run.at(name) == run.at(trial)
        for fork in (run.fork(name), aw.fork("mine", name, log=run.log), aw.fork(run, name)):
            point = fork.details()["forked_from"]
            assert point is not None
            assert (point["run"], point["at"]) == ("mine", ended)
    with pytest.raises(NoSuchEvent, match="trial 0 of mine has not ended as yet"):
        run.at(4).fork("last")


FORK_MISTAKES: list[tuple[dict[str, Any], type[Exception], str]] = [
    *(({"at": bad}, BadArgument, "at is .*; it must be a whole number") for bad in ("x", "3", None, 2.5, True)),
    *(({"at": bad}, NoSuchEvent, "it has events 1 to") for bad in (0, -1, 999)),
    ({"seed": "x"}, BadArgument, "seed is 'x'; it must be a whole number"),
    ({"searcher": "mct"}, UnknownSearcher, r"did you mean mcts\?"),
    ({"searcher": 3}, NotASearcher, "a searcher is a frozen attrs class"),
    ({"name": "mine"}, RunExists, "the log holds a run mine already"),
    ({"trials": 0}, InvalidEnd, "trials is 0; write how many"),
]


@pytest.mark.parametrize("mistake", range(len(FORK_MISTAKES)))
def test_a_mistake_in_a_fork_makes_none(run, mistake):
    options, error, words = FORK_MISTAKES[mistake]
    with pytest.raises(error, match=words):
        run.fork(**{"at": 5} | options)
    assert [row["run"] for row in aw.Log(run.log).runs()] == ["mine"]


# --- retrain


def test_a_function_is_called_again_with_a_larger_budget_and_other_seeds(run):
    best = run.best()
    retrained = run.retrain(budget="20epochs", seeds=3, **HERE)
    assert [trial.path for trial in retrained] == [best.path] * 3
    assert [trial.metrics["spent"] for trial in retrained] == [20.0] * 3
    seeds = {trial.metrics["seed"] for trial in retrained}
    assert len(seeds) == 3
    assert not seeds & {trial.metrics["seed"] for trial in run}
    assert retrained.resume(trials="+1", **HERE)[3].metrics["spent"] == 20.0
    for trial in (best, best.number):
        assert [again.path for again in run.retrain(trial, seeds=1, **HERE)] == [best.path]
    with pytest.raises(NoSuchTrial, match=r"trial 0 is of the run mine\.retrain-\d in .*; give a trial of this run"):
        aw.retrain(run, retrained[0], seeds=1, **HERE)


@pytest.mark.parametrize("seeds", [0, 2.0])
def test_a_number_of_seeds_that_is_none_is_refused_as_in_a_comparison(run, seeds):
    said = set[str]()
    for call in (
        lambda: run.retrain(seeds=seeds, **HERE),
        lambda: aw.compare("digits", measure_size, ["random"], seeds=seeds, log=run.log, **HERE),
    ):
        with pytest.raises(BadArgument, match=f"^seeds is {seeds}; it must be a whole number of 1 or more") as refused:
            call()
        said.add(str(refused.value))
    assert len(said) == 1


def test_a_retraining_shows_the_mean_and_the_deviation_of_its_seeds(tmp_path):
    """Worked out by hand: of 0.25, 0.5 and 0.75 the mean is 0.5, and the deviation of the sample 0.25."""
    scores = iter([0.125, 0.25, 0.5, 0.75])

    def score(architecture: aw.Term) -> float:
        del architecture
        return next(scores)

    run = aw.search(
        aw.affine(units=[8, 16]), score, input=(4,), log=tmp_path / "log.duckdb", trials=1, name="mine", **HERE
    )
    assert run.repeats is None
    retrained = run.retrain("best", seeds=3, **HERE)
    assert retrained.repeats is not None
    assert (retrained.repeats["mean"], retrained.repeats["deviation"]) == (0.5, 0.25)
    assert repr(retrained) == f"<Run {retrained.name}: finished, 3 of 3 trials, mean accuracy 0.5000 ± 0.2500>"
    shown = retrained._repr_html_()
    assert "mean and standard deviation of 3 trainings</th><td>accuracy 0.5000 ± 0.2500" in shown
    assert "so far" not in shown
    assert retrained.best().score == 0.75


def test_a_function_that_no_process_finds_is_given_again(tmp_path):
    def score(architecture: aw.Term, budget: aw.Budget) -> float:
        del architecture
        return budget.amount

    run = search(tmp_path, score, name="mine")
    assert run.retrain(budget="7epochs", seeds=1, **HERE)[0].score == 7.0
    read = aw.Log(run.log)["mine"]
    with pytest.raises(FunctionNeeded, match=r"give it: aw\.retrain\('mine', \d, evaluation=score, log=.*\)$"):
        read.retrain(seeds=1, **HERE)
    again = read.retrain(seeds=1, budget="8epochs", evaluation=score, **HERE)
    assert again[0].score == 8.0
    assert again.resume(trials="+1", **HERE)[1].score == 8.0
    assert read.fork(5).resume(evaluation=score, trials="+1", **HERE).status == "finished"


MISTAKES: list[tuple[str, dict[str, Any], type[Exception], str]] = [
    *(("retrain", {"trial": bad}, NoSuchTrial, "it has trials 0 to 3") for bad in ("worst", 99, -9, 1.5)),
    *(("retrain", {"seeds": bad}, BadArgument, "seeds is .*; it must be a whole") for bad in (0, -1, "x", 1.5, True)),
    ("retrain", {"seed": "x"}, BadArgument, "seed is 'x'; it must be a whole number"),
    ("retrain", {"budget": 3}, InvalidBudget, "budget is 3; write a number and a unit"),
    ("retrain", {"settings": 3}, BadArgument, "settings is 3; it must be a mapping"),
    ("retrain", {"settings": {"schedule": "cosine"}}, UnusedSetting, "has no parameter settings"),
    *(("retrain", {"image_size": bad}, BadSetting, "image_size is") for bad in (3, (8,), "8x8", (8.5, 8))),
    *(("retrain", {"device": bad}, BadSetting, "device is .*; it may be auto") for bad in ("gpu7", 3)),
    ("retrain", {"name": "mine"}, RunExists, "the log holds a run mine already"),
    ("retrain", {"worker": 3}, UnknownRunOption, r"did you mean workers\?"),
    *(("resume", {"device": bad}, BadSetting, "device is .*; it may be auto") for bad in ("gpu7", 3)),
    ("resume", {"keep_models": "x"}, BadArgument, "keep_models is 'x'; it must be a whole number"),
    ("resume", {"trust": "x"}, BadArgument, "trust is 'x'; it must be True or False"),
    ("resume", {"searcher": 3}, NotASearcher, "a searcher is a frozen attrs class"),
    (
        "resume",
        {"searcher": "mcts"},
        OtherExtension,
        r"a run keeps its searcher.*, as in run\.fork\(at=\.\.\., searcher=",
    ),
    ("resume", {"warm_start": "mine"}, UnknownRunOption, "a run keeps its warm_start: one takes over trials when it"),
    ("resume", {"stopping": "median"}, NoStoppingRule, "has no stopping rule, and is given 'median'"),
    ("resume", {"worker": 3}, UnknownRunOption, r"did you mean workers\?"),
    ("resume", {"time": "soon"}, InvalidEnd, "time is 'soon'; write a time"),
]


@pytest.mark.parametrize("mistake", range(len(MISTAKES)))
def test_a_mistake_leaves_the_log_as_it_was(run, mistake):
    verb, options, error, words = MISTAKES[mistake]
    files = {file.name for file in run.log.parent.iterdir()}
    with pytest.raises(error, match=words):
        getattr(run, verb)(**HERE | ({"trials": "+1"} if verb == "resume" else {}) | options)
    assert list_events(run.refresh()) == list_events(run)
    assert [row["run"] for row in aw.Log(run.log).runs()] == ["mine"]
    assert {file.name for file in run.log.parent.iterdir()} == files


# --- models


def test_the_model_of_a_function_is_kept_exported_and_retrained(tmp_path):
    def train(architecture: aw.Term, model: Any, seed: int) -> float:
        import torch

        del architecture
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.fill_(seed % 7 + 1)
        return seed % 7 / 7

    run = search(tmp_path, train, trials=2, name="mine")
    best = run.best()
    values = {float(value) for parameter in best.model().parameters() for value in parameter.detach().flatten()}
    assert values == {best.seed % 7 + 1}
    result = aw.export(best, tmp_path / "model")
    for n, call in enumerate(
        [
            lambda folder: aw.export("mine", "best", folder, log=run.log),
            lambda folder: aw.export(run, best, folder),
            lambda folder: aw.export(run=run, trial=best.number, folder=folder),
            lambda folder: aw.export(trial=best, folder=folder),
        ]
    ):
        assert call(tmp_path / str(n)).files == tuple(tmp_path / str(n) / file.name for file in result.files)
    with pytest.raises(BadArgument, match=r"run is <Trial \d of mine.*>; it must be a run, or the name"):
        aw.export(best, "best", tmp_path / "other")  # pyright: ignore[reportCallIssue, reportArgumentType]
    assert {file.name for file in result.files} >= {"model.safetensors", "model.py", "architecture.json", "README.md"}
    worst = min(run, key=lambda trial: trial.score or 0.0)
    with pytest.raises(NoWeights, match=r"untrained=True in Python"):
        worst.export(tmp_path / "other")
    retrained = run.retrain(seeds=2, **HERE)
    assert [trial.model() is not None for trial in retrained] == [True, True]


@pytest.mark.parametrize(
    ("model_input", "architecture"),
    [
        (aw.image(1, 8, 8), aw.sequential(aw.conv2d(4, 3), aw.flatten(), aw.affine(3))),
        (aw.features(12), aw.affine(3)),
        ("features:12", aw.affine(3)),
        ((12,), aw.affine(3)),
        (aw.signal(2, 16), aw.sequential(aw.flatten(), aw.affine(3))),
    ],
)
def test_an_architecture_is_compiled_for_its_input(model_input, architecture):
    import torch

    model = aw.compile(architecture, model_input, seed=1)
    assert not model.training
    again = aw.compile(architecture, model_input, seed=1)
    assert all(torch.equal(*pair) for pair in zip(model.parameters(), again.parameters(), strict=True))


def test_what_is_no_architecture_is_not_compiled():
    with pytest.raises(aw.ArchwrightError, match=r"the architecture is 3; it must be a module such as aw\.sequential"):
        aw.compile(3, (12,))  # type: ignore[arg-type]
    with pytest.raises(aw.ArchwrightError, match="choices left"):
        aw.compile(aw.affine([3, 4]), (12,))
    with pytest.raises(aw.Misfit, match="the input shape is 3"):
        aw.compile(aw.affine(3), 3)  # type: ignore[arg-type]
    assert measure_size(aw.affine(3), 0, aw.Budget(1, "epochs"))["spent"] == 1
