"""A search that goes on by the call that began it, as of a script or a notebook that is run again."""

from pathlib import Path
from typing import Any

import pytest

import archwright as aw
from archwright.core.ends import RunEnds
from archwright.evaluate.told import TrialsAreTold
from archwright.execution.checks import BadArgument
from archwright.execution.same_search import OtherSearch
from archwright.search.searchers.mcts import Mcts
from archwright.store.errors import RunExists
from archwright.store.events import Proposed
from tests.cli.running import TIMEOUT_SECONDS
from tests.processes import find_children, wait_until_gone
from tests.search.own_rules import define_rule
from tests.studies.functions import INPUT, SPACE, build_space, fail_when_small, measure_size
from tests.studies.killable_script import DEFINITIONS, StartedScript
from tests.studies.test_searching import list_events, list_trials, search

OTHER_SPACE = aw.sequential(aw.affine(units=aw.integers(1, 400)), aw.affine(units=3))

DIGITS = aw.sequential(aw.affine(units=aw.integers(1, 400)), aw.affine(units=10))


def search_again(folder: Path, *given: Any, **options: Any) -> aw.Run:
    return search(folder, *given, **{"name": "mine", "resume": True} | options)


@pytest.mark.parametrize("searcher", ["random", Mcts(exploration=0.5)])
def test_the_same_call_begins_a_search_and_goes_on_with_it(tmp_path, searcher, capsys):
    """Its trials are those of one that is not stopped; once it has ended, nothing is logged any more, and that is said.

    What the call says of its ends now holds.
    """
    whole = search(tmp_path, searcher=searcher, trials=6, name="whole")
    begun = search_again(tmp_path, searcher=searcher)
    assert (len(begun), begun.status) == (4, "finished")
    run = search_again(tmp_path, searcher=searcher, trials=6)
    assert list_trials(run) == list_trials(whole)
    assert run.verify()
    capsys.readouterr()
    again = search_again(tmp_path, searcher=searcher, trials=6, progress=True)
    assert list_events(again) == list_events(run)
    out = capsys.readouterr().out
    assert out.startswith("mine has ended: it has its 6 trials; to go on: aw.resume('mine', trials='+16', log=")
    assert len(search_again(tmp_path, searcher=searcher, trials=5)) == 6
    moved = search_again(tmp_path, searcher=searcher, trials=7, until_score=2.0, no_improvement=50)
    assert moved.view.run.state.ends == RunEnds(trials=7, until_score=2.0, no_improvement=50)
    back = search_again(tmp_path, searcher=searcher, trials=8)
    assert back.view.run.state.ends == RunEnds(trials=8)


def test_the_same_call_says_that_a_function_of_a_notebook_has_its_text(tmp_path, capsys):
    """Once of a function that was defined again, and not of one that this process has begun or gone on with."""

    def define():
        def score(seed):
            return seed % 97

        return score

    options = {"input": INPUT, "name": "mine", "resume": True, "workers": 0, "log": tmp_path / "archwright.duckdb"}
    first, again = define(), define()
    said = f"the evaluation is the function {__name__}:{first.__qualname__}, with the same text as in the log"
    for trials, (score, times) in enumerate(((first, 0), (first, 0), (again, 1), (again, 0), (first, 0)), 1):
        aw.search(SPACE, score, trials=trials, **options)
        assert capsys.readouterr().out.splitlines().count(said) == times


def test_the_same_call_takes_an_object_that_nothing_may_refer_to_weakly(tmp_path):
    class Score:
        __slots__ = ()

        def __call__(self, seed):
            return seed % 97

    score = Score()
    for trials in (1, 2):
        run = search_again(tmp_path, score, trials=trials, workers=0)
    assert len(run) == 2


def change(**options: Any) -> dict[str, Any]:
    return options


OTHERS = {
    "space": (change(space=OTHER_SPACE), r"its space\.children was "),
    "evaluation": (
        change(evaluation=fail_when_small),
        r"its evaluator\.source was tests\.studies\.functions:measure_size, and is .*:fail_when_small",
    ),
    "kind": (
        change(evaluation=aw.Training("digits"), space=DIGITS, input=None),
        r"its input_shape was \[12\], and is \[1, 8, 8\]",
    ),
    "searcher": (change(searcher="mcts"), r"its searcher was \{'name': 'random'"),
    "setting": (change(searcher="random,replacement=false"), r"its searcher\.replacement was True, and is False"),
    "metric": (change(objective="cost"), r"its evaluator\.metric was accuracy, and is cost"),
    "direction": (change(minimize=True), r"its objective\.direction was maximize, and is minimize"),
    "budget": (change(budget="7epochs"), r"its budget was 5epochs, and is 7epochs"),
    "stopping": (change(stopping="median"), r"its stopping was None, and is \{'name': 'median'"),
    "seed": (change(seed=1), r"its seed was 0, and is 1"),
    "input": (change(input=aw.features(6)), r"its input_shape was \[12\], and is \[6\]"),
}


@pytest.mark.parametrize("other", OTHERS)
def test_another_search_of_that_name_is_refused_with_what_differs(tmp_path, other):
    """The run stays as it is, whether it has ended or not; the error names the remedies."""
    begun = search_again(tmp_path)
    changes, words = OTHERS[other]
    given = dict(changes)
    evaluation, space = given.pop("evaluation", measure_size), given.pop("space", SPACE)
    for trials in (4, 8):
        with pytest.raises(OtherSearch, match=f"has another search named mine: {words}") as raised:
            search_again(tmp_path, evaluation, space, trials=trials, **given)
        assert "give this one another --name (name= in Python)" in str(raised.value)
        assert f"aw.fork('mine', at={len(begun.view.run.events)}, log=" in str(raised.value)
    assert list_events(begun.refresh()) == list_events(begun)


def test_what_decides_nothing_may_be_another(tmp_path):
    """How it is named and worked on, how many models are kept, and a fork's beginning."""
    begun = search_again(tmp_path, by := "tests.studies.functions:measure_size")
    written = search_again(tmp_path, measure_size, build_space, trials=5, workers=1, keep_models=3)
    assert list_trials(written)[:4] == list_trials(begun)
    assert (len(written), written.view.run.state.keep_models) == (5, 3)
    assert len(search_again(tmp_path, by, "tests.studies.functions:build_space", trials=6)) == 6
    fork = begun.fork(len(begun.view.run.events), name="other")
    assert len(search(tmp_path, trials=5, name="other", resume=True)) == len(fork) + 1


def test_a_search_of_that_name_begins_where_there_is_none(tmp_path):
    assert search_again(tmp_path, name="first").name == "first"
    assert search_again(tmp_path, name="second", seed=1).seed == 1


def test_it_goes_on_with_the_run_of_a_name_alone(tmp_path):
    with pytest.raises(BadArgument, match=r"resume needs the name of the run.* --name \(name= in Python\)"):
        search(tmp_path, resume=True)
    with pytest.raises(BadArgument, match=r"resume is 'yes'; it must be True or False"):
        search(tmp_path, resume="yes", name="mine")
    assert not list(tmp_path.iterdir())
    run = search(tmp_path, name="mine")
    with pytest.raises(RunExists, match=r"a run mine already; name another one, or: add --resume \(resume=True in Py"):
        search(tmp_path, name="mine", trials=9)
    assert list_events(run.refresh()) == list_events(run)


def test_a_study_of_that_name_is_refused(tmp_path):
    with aw.study(SPACE, name="mine", input=INPUT, log=tmp_path / "archwright.duckdb") as study:
        study.tell(study.ask(), 0.5)
    with pytest.raises(TrialsAreTold, match=r"mine is a study.*aw\.study\(name='mine'"):
        search_again(tmp_path)


def test_what_was_enqueued_before_is_not_enqueued_again(tmp_path):
    known, new = {"0.affine.units": 7}, {"0.affine.units": 9}
    search_again(tmp_path, enqueue=[known])
    run = search_again(tmp_path, enqueue=[known, new], trials=6)
    proposed = [event for event in run.view.run.events if isinstance(event, Proposed)]
    assert [(event.trial, dict(event.path)["0.affine.units"]) for event in proposed if event.enqueued is not None] == [
        (0, 7),
        (4, 9),
    ]
    assert len(run) == 6


def test_a_rule_and_a_function_whose_text_has_changed_are_said_to_have(tmp_path, caplog):
    def make(level: float):
        def evaluate(report):
            report(1, accuracy=level)
            return level

        return evaluate

    rule = define_rule()
    search_again(tmp_path, make(0.5), stopping=rule(least=0.3))
    assert not caplog.records
    run = search_again(tmp_path, make(0.25), stopping=rule(least=0.3), trials=5)
    assert not caplog.records  # it has the same text
    assert run[4].stopped is not None

    def evaluate(report):
        report(1, accuracy=0.75)
        return 0.75

    source = evaluate.__qualname__
    evaluate.__qualname__ = make(0.5).__qualname__
    again = search_again(tmp_path, evaluate, stopping=rule(least=0.3), trials=6)
    assert source != evaluate.__qualname__
    assert again[5].score == 0.75
    assert [record.getMessage() for record in caplog.records if "its text has changed" in record.getMessage()] == [
        f"the function {__name__}:{evaluate.__qualname__} is another one than mine was begun with: its text has changed"
    ]


SCORE = """
def score(settings):
    return settings["rate"]
"""


def test_code_that_only_a_worker_imports_is_compared_once_that_says_what_it_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("own.py").write_text(SCORE)
    space = aw.sequential(aw.settings(rate=aw.reals(0.1, 1.0)))
    options = {"input": None, "workers": 1, "name": "mine", "resume": True}
    search(tmp_path, "own.py:score", space, **options)
    run = search(tmp_path, "own.py:score", space, **options, trials=6)
    assert (len(run), run.status) == (6, "finished")
    with pytest.raises(OtherSearch, match=r"evaluator\.metric was accuracy, and is loss"):
        search(tmp_path, "own.py:score", space, **options, objective="loss")


def test_the_command_goes_on_as_python_does(tmp_path, monkeypatch, cli):
    monkeypatch.chdir(tmp_path)
    by_text = "tests.studies.functions:measure_size"
    words = ("search", "tests.studies.functions:build_space", "--evaluator", by_text, "--input", "12", "--workers", "0")
    assert cli(*words, "--trials", "2", "--name", "mine", "--resume").code == 0
    done = cli(*words, "--trials", "3", "--name", "mine", "--resume")
    assert done.code == 0, done.err
    assert "mine: 2 of 3 trials done" in done.out
    ended = cli(*words, "--trials", "3", "--name", "mine", "--resume")
    assert (
        ended.code,
        ended.out.startswith("mine has ended: it has its 3 trials; to go on: archwright resume mine"),
    ) == (
        0,
        True,
    )
    assert len(aw.Log("archwright.duckdb")["mine"]) == 3
    unnamed = cli(*words, "--resume")
    assert (unnamed.code, "--resume needs the name of the run" in unnamed.err) == (2, True)
    other = cli(*words, "--seed", "1", "--name", "mine", "--resume")
    assert (other.code, "its seed was 0, and is 1" in other.err) == (2, True)
    exists = cli(*words, "--name", "mine")
    assert (exists.code, "add --resume (resume=True in Python)" in exists.err) == (2, True)


SCRIPT = f"""{DEFINITIONS}
run = aw.search(
    space, evaluate, searcher=Own(), trials=6, workers=2, name="mine", resume=True,
    enqueue=[{{"0.settings.rate": 0.25}}]
)
print(run, [trial.status for trial in run], run.verify())
"""


@pytest.mark.slow
def test_a_script_that_is_killed_goes_on_when_it_is_run_again_as_it_is(tmp_path):
    """SIGKILL within its trials: none is lost or scored twice, and they are those of a script that is not killed."""
    (tmp_path / "script.py").write_text(SCRIPT)
    with StartedScript(tmp_path) as script:
        script.wait_for("accuracy", times=2)
        children = find_children(script.pid)
        script.kill()
        script.wait(TIMEOUT_SECONDS)
    assert wait_until_gone(children, 30.0)
    (tmp_path / "go").touch()
    outputs = []
    for folder in (tmp_path, tmp_path, tmp_path / "whole"):
        folder.mkdir(exist_ok=True)
        (folder / "script.py").write_text(SCRIPT)
        (folder / "go").touch()
        with StartedScript(folder) as script:
            out, err = script.wait_to_end()
        assert (script.returncode, err) == (0, ""), out + err
        outputs.append(out)
    for out in outputs:
        assert "<Run mine: finished, 6 of 6 trials" in out.splitlines()[-1]
        assert f"{['ok'] * 6} <Verification of mine: " in out
        assert "whole; 6 proposals, as the searcher makes them" in out
    assert outputs[1].startswith("mine has ended: it has its 6 trials")
    killed, whole = (aw.Log(folder / "archwright.duckdb")["mine"] for folder in (tmp_path, tmp_path / "whole"))
    assert [(trial.path, trial.score) for trial in killed] == [(trial.path, trial.score) for trial in whole]
    assert killed[0].choices == {"0.settings.rate": 0.25}
