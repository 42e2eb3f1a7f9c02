"""`aw.study`: what is given, what is gone on with, what is refused; and the results of a study as of any run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import archwright as aw
from archwright.callbacks.protocol import BadCallback
from archwright.core.budget import Budget
from archwright.core.completion import NoSuchChoice
from archwright.core.errors import ArchwrightError
from archwright.core.spaces.named import UnknownSpace
from archwright.evaluate.evaluation import NothingToRetrain
from archwright.evaluate.logged_evaluations import evaluation_from_json
from archwright.evaluate.settings import UnusedSetting, WrongMetric
from archwright.evaluate.told import Told, TrialsAreTold
from archwright.execution.arguments import TwoDirections
from archwright.search.logged_extensions import OtherExtension
from archwright.search.running.loop import NothingScored
from archwright.store.errors import RunIsBusy
from archwright.store.events import Proposed, RunStarted, RunStopped, Scored
from archwright.studies.ask_tell import NotAStudy
from archwright.studies.studying import SpaceNeeded, StudyDiffers
from tests.paths import ROOT
from tests.results.logs import log_run
from tests.search.instant import SPACE

INPUT = aw.image(1, 8, 8)


@pytest.fixture
def log(tmp_path) -> Path:
    return tmp_path / "log.duckdb"


def begin(log: Path, **options):
    return aw.study(SPACE, input=INPUT, name="mine", log=log, **options)


def tell_all(log: Path, scores=(0.25, 0.75, 0.5)) -> None:
    """A study of three trials, the first two from the queue, with one that waits and one that is open."""
    queue = [{"0.settings.optimizer": "sgd"}, {"0.settings.optimizer": "adam"}]
    with begin(log, enqueue=queue) as study:
        for score in scores:
            trial = study.ask()
            study.report(trial, 1, score=score / 2)
            study.tell(trial, score, metrics={"parameters": 12})
        study.tell(study.ask(), failed="out of memory")
        study.ask()
        study.enqueue({"1.repeat.count": 2})


def test_what_is_left_out_is_as_usual(log):
    with aw.study("digits", log=log) as study:
        started = study.run.view.run.started
        assert started is not None
        assert started.searcher["name"] == "random"
        assert started.objective == aw.maximize("score")
        assert started.model_input == aw.image(1, 8, 8)
        assert (started.seed, started.space_source, study.name) == (0, "digits", "study-1")
        assert evaluation_from_json(started.evaluator) == Told()
        assert study.tell(study.ask(), 0.5) == "ok"
    assert aw.Log(log)["study-1"].best().score == 0.5


def test_a_study_shows_itself_in_a_line_and_has_its_run(log):
    with aw.study(SPACE, input=INPUT, log=log, name="mine") as study:
        assert repr(study) == "<Study mine: 0 of 0 trials told>"
        for score in (0.5, 0.9, 0.7):
            study.tell(study.ask(), score)
        study.ask()
        assert repr(study) == "<Study mine: 3 of 4 trials told, best score 0.9000 (trial 1)>"
        assert (study.run.name, study.run.status, len(study.run)) == ("mine", "running", 4)
        assert study.best() == study.run[1]
        assert list(study.frame("pandas")["score"][:3]) == [0.5, 0.9, 0.7]
        assert "mine: running" in study._repr_html_()
    assert [name for name in dir(study) if name in ("writer", "state")] == []


def test_a_trial_has_the_settings_of_its_architecture(log):
    space = aw.sequential(aw.settings(rate=aw.reals(0.1, 0.2), width=[8, 16]), aw.affine(2))
    with aw.study(space, input=INPUT, log=log, name="mine") as study:
        trial = study.ask()
        assert trial.settings == {name.removeprefix("0.settings."): value for name, value in trial.choices.items()}
        study.tell(trial, 0.5)
    assert aw.Log(log)["mine"][0].settings == trial.settings
    assert set(trial.settings) == {"rate", "width"}


def test_values_or_texts(log):
    """As aw.search takes them."""
    texts = {"searcher": "mcts,exploration=0.5", "objective": "loss", "budget": "3epochs", "input": "1,8,8", "seed": 7}
    with aw.study(SPACE, log=log, **texts) as one:
        started, read = one.run.view.run.started, one.run.budget
    assert started is not None
    assert read == started.budget == Budget(3, "epochs")
    assert (started.searcher["exploration"], started.objective) == (0.5, aw.minimize("loss"))
    with aw.study(SPACE, log=log, objective=aw.maximize("f1"), budget=started.budget, input=INPUT, seed=7) as other:
        assert other.run.view.run.started is not None
        assert other.run.view.run.started.objective == aw.maximize("f1")
    with aw.study(SPACE, log=log, input=INPUT) as unlimited:
        assert unlimited.run.budget is None, "nobody has named one, and random search gives none"


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"space": "digit"}, UnknownSpace, "did you mean digits"),
        ({"searcher": "randon"}, ArchwrightError, "did you mean random"),
        ({"objective": "test_accuracy"}, WrongMetric, "test_accuracy"),
        ({"objective": aw.maximize("f1"), "minimize": True}, TwoDirections, "leave minimize out"),
        ({"budget": "3epocs"}, ValueError, "3epocs"),
        ({"input": "1,x"}, ValueError, "1,x"),
        ({"enqueue": [{"0.settings.optimiser": "sgd"}]}, NoSuchChoice, r"did you mean 0\.settings\.optimizer"),
        ({"on_event": 7}, BadCallback, "a callback is 7"),
        (
            {"searcher": "asha,promotion=false", "budget": "1epochs..9epochs"},
            aw.errors.BadArgument,
            "asha is to stop trials early, and the trials of a study are trained by whoever asks for them",
        ),
        ({"space": None}, SpaceNeeded, "needs a space"),
        ({"space": None, "name": "mine"}, SpaceNeeded, "holds no study 'mine'; give a space"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_logged(log, options, error, says):
    with pytest.raises(error, match=says):
        aw.study(**{"space": SPACE, "input": INPUT, "log": log, **options})
    assert not log.exists()


def test_the_name_is_enough_to_go_on(log):
    """In the same state; what is given again may be what the log has, and is else refused with nothing logged."""
    tell_all(log)
    events = aw.Log(log)["mine"].details()["events"]
    other_space = aw.sequential(aw.affine([8, 16]))
    for options, says in [
        ({"space": other_space}, r"another space.*\$"),
        ({"searcher": "mcts"}, "not mcts"),
        ({"objective": "accuracy"}, "the objective score, and accuracy is given; leave objective out"),
        ({"minimize": True}, "an objective to maximize, and one to minimize is given"),
        ({"objective": aw.minimize("score")}, "one to minimize is given"),
        ({"budget": "9epochs"}, "the budget 5epochs, and 9epochs is given"),
        ({"input": (3, 8, 8)}, "the input .* is given"),
        ({"seed": 3}, "the seed 0, and 3 is given; leave seed out to go on with it, or begin another study"),
        ({"enqueue": [{"a": 1}]}, "a"),
    ]:
        with pytest.raises((StudyDiffers, OtherExtension, NoSuchChoice, ArchwrightError), match=rf"(?s){says}"):
            aw.study(name="mine", log=log, **options)
    with pytest.raises(SpaceNeeded, match="did you mean mine"):
        aw.study(name="mines", log=log)
    assert aw.Log(log)["mine"].details()["events"] == events
    with aw.study(name="mine", log=log) as study:
        assert [trial.trial for trial in study.open_trials] == [4]
        with pytest.raises(
            RunIsBusy, match=r"mine in .* this process; .* close the study that it has open, or watch it"
        ):
            aw.study(name="mine", log=log)
    with begin(log, searcher="random", objective="score", budget="5epochs", seed=0) as study:
        assert study.ask().choices["1.repeat.count"] == 2


def test_a_script_may_begin_and_go_on_by_one_call(log):
    """What it enqueues is enqueued once."""
    known = [{"0.settings.optimizer": "sgd"}, {"0.settings.optimizer": "adam", "1.repeat.count": 2}]
    with begin(log, enqueue=known) as study:
        study.tell(study.ask(), 1)
    with begin(log, enqueue=[{"1.repeat.count": 2, "0.settings.optimizer": "adam"}, *known, {}]) as study:
        assert study.run.view.run.state.queue.entry_count == 3
        assert [entry.entry for entry in study.run.view.run.state.queue.entries] == [1, 2]


def test_a_search_is_no_study(log):
    log_run(log, "up-1")
    with pytest.raises(NotAStudy, match="instant"):
        aw.study(name="up-1", log=log)


def test_callbacks_see_what_is_logged(log):
    """A function gets each event; an object is started, and stopped when the study is left."""
    seen: list[str] = []

    class Follower:
        def start(self, run) -> None:
            seen.append(f"start {run.name}, {len(run.history)}")

        def on_event(self, event) -> None:
            pass

        def stop(self) -> None:
            seen.append("stop")

    events = []
    with begin(log, callbacks=[Follower()], on_event=events.append) as study:
        study.tell(study.ask(), 0.5)
    assert [type(event) for event in events if isinstance(event, RunStarted | Proposed | Scored | RunStopped)] == [
        RunStarted,
        Proposed,
        Scored,
        RunStopped,
    ]
    with aw.study(name="mine", log=log, callbacks=[Follower()]):
        pass
    assert seen == ["start mine, 0", "stop", f"start mine, {len(events)}", "stop"]


def test_a_study_is_a_run(log):
    """Whatever reads a run reads it; what runs trials says how one goes on."""
    tell_all(log)
    run = aw.Log(log)["mine"]
    assert run.status == "closed"
    assert (run.best().number, run.best().score, len(run)) == (1, 0.75, 5)
    assert [trial.status for trial in run] == ["ok", "ok", "ok", "out_of_memory", "interrupted"]
    assert run.curves() == {0: [0.125], 1: [0.375], 2: [0.25]}
    assert run[3].error == "out of memory"
    assert run.verify()
    assert list(run.frame("pandas")["score"])[:3] == [0.25, 0.75, 0.5]
    assert run.sql("select count(*) from trials")[0] == (5,)
    assert run.sql("select status from runs")[0] == ("closed",)
    assert "best score so far" in run._repr_html_()
    assert repr(run) == "<Run mine: closed, 4 trials, best score 0.7500 (trial 1)>"
    assert run.best()._repr_html_()
    assert run.plot() is not None
    assert isinstance(run.best().architecture, aw.Term)
    details = run.details()
    assert [trial.get("enqueued") for trial in details["trials"]] == [0, 1, None, None, None]
    assert details.get("queue") == [{"entry": 2, "choices": {"1.repeat.count": 2}}]
    for resume in (run.resume, lambda: aw.resume("mine", log=log)):
        with pytest.raises(TrialsAreTold, match=r"not run: go on with aw\.study\(name='mine', log='.*log\.duckdb'\)"):
            resume()
    with pytest.raises(TrialsAreTold, match="not run"):
        Told().open()
    with pytest.raises(NothingToRetrain, match="say what to train on"):
        run.retrain()
    with pytest.raises(UnusedSetting, match="device"):
        Told().move_to("cpu", None)


def test_a_run_without_a_score_says_how_a_study_goes_on(log):
    begin(log).close()
    with pytest.raises(NothingScored, match=r"go on with: aw\.study\(name='mine'"):
        aw.Log(log)["mine"].best()


def test_a_fork_of_a_study_is_a_study(log):
    tell_all(log)
    fork = aw.Log(log)["mine"].fork(at=8, searcher="local-search", name="other")
    with aw.study(name="other", log=log) as study:
        assert study.run.view.run.started is not None
        assert study.run.view.run.started.searcher["name"] == "local-search"
        open_trials = study.open_trials
        study.tell(study.ask(), 0.5)
    assert [trial.trial for trial in open_trials] == [trial.number for trial in fork if trial.score is None]
    assert fork.refresh().verify()


SCRIPT = """
import archwright as aw
from archwright.search.searchers.random_search import RandomSearch
{classes}
with aw.study({arguments} log="log.duckdb") as study:
    trial = study.ask()
    study.tell(trial, 0.5)
    print(study.name, trial.trial)
"""
CLASSES = """
from attrs import frozen
@aw.module
class Halving(aw.Basic):
    def out_shape(self, in_shape):
        return in_shape

@frozen
class Mine(RandomSearch):
    name = "mine"

space = aw.sequential(Halving(), aw.affine([4, 8, 16]))
"""


def run_script(folder: Path, classes: str, arguments: str) -> subprocess.CompletedProcess[str]:
    """A script of its own process."""
    script = folder / "script.py"
    script.write_text(SCRIPT.format(classes=classes, arguments=arguments))
    path = os.pathsep.join([os.environ.get("PYTHONPATH", ""), str(ROOT / "src")])
    return subprocess.run(
        [sys.executable, str(script)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_what_a_script_defines_is_defined_again_by_the_next_process(tmp_path):
    """Kinds of module and a searcher of `__main__`: without them, an error says what is needed."""
    first = run_script(tmp_path, CLASSES, "space, searcher=Mine(), name='mine',")
    assert first.stdout == "mine 0\n", first.stderr
    second = run_script(tmp_path, "", "name='mine',")
    assert "UnreadableTerm" in second.stderr
    assert "halving" in second.stderr
    assert "halving; define their classes again, as they were" in second.stderr
    changed = CLASSES.replace('name = "mine"', 'name = "changed"')
    third = run_script(tmp_path, changed, "name='mine',")
    assert "ExtensionNeeded" in third.stderr
    assert "aw.study(name='mine', searcher=Mine(replacement=True), log='log.duckdb')" in third.stderr
    fourth = run_script(tmp_path, CLASSES, "name='mine',")
    assert fourth.stdout == "mine 1\n", fourth.stderr
    fifth = run_script(tmp_path, CLASSES, "space, searcher=Mine(), name='mine',")
    assert fifth.stdout == "mine 2\n", fifth.stderr
