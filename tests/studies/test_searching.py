"""`aw.search` as people call it: with values or texts, by any number of workers, and with mistakes."""

import asyncio
import json
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from attrs import field, frozen
from hypothesis import given
from hypothesis import strategies as st

import archwright as aw
from archwright.callbacks.protocol import BadCallback, CallbackFailed
from archwright.core.budget import Budget, InvalidBudget
from archwright.core.completion import NoSuchChoice
from archwright.core.ends import InvalidEnd
from archwright.core.input import BadInput
from archwright.core.setting import BadSetting, UnknownSetting
from archwright.core.shape import Misfit
from archwright.core.spaces.named import UnknownSpace
from archwright.core.taken_input import NotASpace
from archwright.evaluate.evaluation import NotAnEvaluation
from archwright.evaluate.evaluation_kinds import UnknownEvaluation
from archwright.evaluate.functions.signature import NotCallable
from archwright.evaluate.settings import WrongMetric
from archwright.evaluate.tables.tabular import BadTable
from archwright.execution.arguments import TwoDirections
from archwright.execution.call_options import UnknownRunOption
from archwright.execution.checks import BadArgument, read_seed
from archwright.execution.spaces import SpaceFailed
from archwright.execution.written_configurations import BadEnqueueFile
from archwright.search.named import NotASearcher, UnknownSearcher
from archwright.search.named_rules import NotAStoppingRule, UnknownStoppingRule
from archwright.search.running.enqueuing import BadChoices
from archwright.search.running.loop import NoSuchMetric, NothingScored
from archwright.search.searchers.mcts import Mcts
from archwright.store.errors import InvalidRunName, LogIsFolder, LogMissing, NotALog, RunExists, RunIsBusy
from archwright.store.events import Event, RunStopped, Scored, event_to_json
from tests.studies.functions import INPUT, SPACE, build_space, fail_when_small, measure_size


def search(folder: Path, evaluation: Any = measure_size, space: Any = SPACE, **options: Any) -> aw.Run:
    """A short search that prints nothing; by itself in this process."""
    usual = {"input": INPUT, "trials": 4, "workers": 0, "log": folder / "archwright.duckdb", "progress": False}
    return aw.search(space, evaluation, **usual | options)


def list_events(run: aw.Run) -> list[tuple[str, dict[str, Any]]]:
    """The events of a run as the log has them, without what each process and each second changes."""
    varying = {"seconds", "worker", "pid", "versions", "host", "id", "time", "run_id", "process"}
    events = [event_to_json(event) for event in run.view.run.events]
    return [(kind, {k: value for k, value in json.loads(body).items() if k not in varying}) for kind, body in events]


def list_trials(run: aw.Run) -> list[tuple[Any, ...]]:
    return [(trial.number, trial.path, trial.score, trial.status, trial.metrics, trial.budget) for trial in run]


# --- the same search, however it is asked for


@pytest.mark.parametrize("searcher", ["random", "mcts", "smbo,initial=2,variants=8,rollouts=8"])
def test_any_number_of_workers_gives_the_same_scores(tmp_path, searcher):
    """One process or none proposes and scores the same; two have other trials where the searcher learns."""
    runs = [search(tmp_path, searcher=searcher, workers=workers, trials=5) for workers in (0, 1, 2)]
    assert list_trials(runs[0]) == list_trials(runs[1])
    for trial in runs[2]:
        architecture, seed = trial.architecture, trial.seed
        assert trial.metrics == measure_size(architecture, seed, trial.budget)
    if searcher == "random":
        assert list_trials(runs[2]) == list_trials(runs[0])
    assert all(run.status == "finished" and run.verify() for run in runs)


def test_the_command_line_searches_as_python_does(tmp_path, monkeypatch, cli):
    by_text = "tests.studies.functions:measure_size"
    monkeypatch.chdir(tmp_path)
    options = {"searcher": "mcts,exploration=0.5", "seed": 7, "budget": "2epochs", "objective": "cost"}
    in_python = search(tmp_path, by_text, "tests.studies.functions:build_space", minimize=True, **options)
    done = cli(
        *("search", "tests.studies.functions:build_space", "--evaluator", by_text, "--input", "12"),
        *("--searcher", "mcts", "--set", "exploration=0.5", "--seed", "7", "--budget", "2epochs", "--trials", "4"),
        *("--metric", "cost", "--minimize", "--name", "by-command", "--workers", "0"),
    )
    assert done.code == 0, done.err
    by_command = aw.Log("archwright.duckdb")["by-command"]
    assert list_events(by_command) == list_events(in_python)


VALUES_AND_TEXTS = {
    "searcher": (Mcts(exploration=0.5), "mcts,exploration=0.5"),
    "evaluation": (measure_size, "tests.studies.functions:measure_size"),
    "function": (aw.Function("tests.studies.functions:measure_size"), measure_size),
    "space": (build_space, "tests.studies.functions:build_space"),
    "budget": (Budget(3, "epochs"), "3epochs"),
    "input": (aw.features(12), "12"),
    "shape": ((12,), "features:12"),
    "objective": (aw.minimize("cost"), "cost"),
    "stopping": (aw.MedianRule(startup=3), "median,startup=3"),
    "time": (7200, "2h"),
}


@pytest.mark.parametrize("kind", VALUES_AND_TEXTS)
def test_a_value_and_its_text_are_the_same_run(tmp_path, kind):
    runs = []
    for given_value in VALUES_AND_TEXTS[kind]:
        options: dict[str, Any] = {{"shape": "input", "function": "evaluation"}.get(kind, kind): given_value}
        if kind == "objective" and given_value == "cost":
            options["minimize"] = True
        runs.append(search(tmp_path, **options))
    assert list_events(runs[0]) == list_events(runs[1])


@given(seed=st.integers())
def test_a_seed_is_any_whole_number(seed):
    assert read_seed(seed) == seed


# --- ends


def test_a_search_ends_at_whichever_end_comes_first(tmp_path):
    assert len(search(tmp_path, trials=3)) == 3
    assert len(search(tmp_path, trials=None, no_improvement=1, seed=1)) < 64
    at_a_score = search(tmp_path, trials=None, until_score=0.01)
    assert at_a_score.best().score >= 0.01
    assert len(search(tmp_path, trials=50, time="1s", evaluation=measure_size)) <= 50
    assert [len(search(tmp_path, trials=None, time=3600, until_score=-1.0))] == [1]


# --- what is shown, and who is called


def test_nothing_is_printed_without_progress(tmp_path, capfd):
    search(tmp_path, workers=1)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_during_the_last_trial_is_told_once_the_run_has_ended(tmp_path, capsys, number, code):
    """So that nothing begins that was to follow."""

    def interrupt() -> float:
        os.kill(os.getpid(), number)
        return 0.5

    with pytest.raises(aw.RunInterrupted, match=r"^mine was interrupted; it has ended") as interrupted:
        search(tmp_path, interrupt, trials=1, name="mine", progress=True)
    assert interrupted.value.exit_code == code
    run = aw.Log(tmp_path / "archwright.duckdb")["mine"]
    assert (run.status, run[0].score) == ("finished", 0.5)
    assert "the running trials" in capsys.readouterr().out


def test_a_plain_stream_gets_a_line_for_each_event(tmp_path, capsys):
    run = search(tmp_path, progress=True, trials=2)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"{run.name}: random search of a sequential of 3 modules, seed 0")
    assert [line for line in lines if line.startswith("trial 0  began")]
    assert sum("accuracy" in line for line in lines) == 2


def test_callbacks_get_every_event_in_order(tmp_path):
    called: list[Event] = []
    listed: list[Event] = []
    run = search(tmp_path, on_event=called.append, callbacks=[listed.append])
    assert called == listed == list(run.view.run.events)
    assert isinstance(called[-1], RunStopped)
    run.resume(trials="+1", workers=0, progress=False, on_event=called.append)
    assert called == list(run.refresh().view.run.events)


def test_a_callback_that_raises_is_switched_off(tmp_path):
    called: list[Event] = []

    def fail(event: Event) -> None:
        called.append(event)
        raise ValueError("no")

    with pytest.warns(CallbackFailed, match="no"):
        run = search(tmp_path, on_event=fail)
    assert len(called) == 1
    assert len(run) == 4


def test_a_callback_reads_the_log_of_its_run_and_searches_on_its_own(tmp_path):
    """What it is called for is in the log by then; the run that is under way is nobody else's to go on with."""
    scores, others, refused = [], [], []

    def look(event: Event) -> None:
        if not isinstance(event, Scored):
            return
        run = aw.Log(tmp_path / "archwright.duckdb")["mine"]
        scores.append(run[event.trial].score == event.score)
        try:
            run.resume(trials="+1", workers=0, progress=False)
        except aw.ArchwrightError as error:
            refused.append(f"{type(error).__name__}: {error}")
        if not others:
            others.append(search(tmp_path, name="other"))

    run = search(tmp_path, on_event=look, name="mine")
    assert scores == [True] * 4
    assert [(other.name, other.status, len(other)) for other in others] == [("other", "finished", 4)]
    assert (run.status, len(run)) == ("finished", 4)
    assert len(refused) == 4
    assert all(error.startswith("RunIsBusy: mine in ") for error in refused)


def test_a_thread_that_is_not_the_main_one_searches(tmp_path):
    found: list[aw.Run] = []
    thread = threading.Thread(target=lambda: found.append(search(tmp_path, workers=1)))
    thread.start()
    thread.join()
    assert [run.status for run in found] == ["finished"]


def test_searches_of_two_threads_are_two_runs_of_one_log(tmp_path):
    with ThreadPoolExecutor() as pool:
        runs = list(pool.map(lambda workers: search(tmp_path, workers=workers), [0, 2, 0]))
    assert {run.name for run in runs} == {"search-1", "search-2", "search-3"}
    assert [list_trials(run) for run in runs] == [list_trials(runs[0])] * 3
    assert all(run.verify().is_whole for run in runs)


def test_a_run_is_gone_on_with_by_one_thread_at_a_time(tmp_path):
    """Also where both want to at once; the other one is told so, and what is logged is whole."""
    run, begun = search(tmp_path), threading.Event()

    def go_on(_: Event) -> None:
        if not begun.is_set():
            begun.set()
            with pytest.raises(RunIsBusy, match=f"{run.name} in .* is going on in this process; wait for its search"):
                pool.submit(run.resume, trials="+1", workers=0, progress=False).result()

    with ThreadPoolExecutor() as pool:
        resumed = run.resume(trials="+2", workers=0, progress=False, on_event=go_on)
    assert begun.is_set()
    assert (resumed.status, len(resumed)) == ("finished", 6)
    assert resumed.verify().is_whole


def test_a_program_of_asyncio_searches_in_its_own_thread_and_in_others(tmp_path):
    async def program() -> list[aw.Run]:
        others = [asyncio.to_thread(search, tmp_path, workers=workers) for workers in (0, 1)]
        return [*await asyncio.gather(*others), search(tmp_path)]

    assert [run.status for run in asyncio.run(program())] == ["finished"] * 3


# --- known configurations


UNITS = "0.affine.units"


def test_known_configurations_are_tried_first(tmp_path):
    file = tmp_path / "known.json"
    file.write_text(json.dumps([{UNITS: 17}, [[UNITS, 18]]]))
    forms: list[Any] = [[{UNITS: 17}, [(UNITS, 18)]], ({UNITS: units} for units in (17, 18)), file, str(file)]
    runs = [search(tmp_path, enqueue=form) for form in forms]
    for run in runs:
        assert [trial.choices[UNITS] for trial in run[:2]] == [17, 18]
        assert list_trials(run) == list_trials(runs[0])
    alone = search(tmp_path, enqueue={UNITS: 19})
    assert alone[0].choices[UNITS] == 19
    again = alone.resume(trials="+1", enqueue=[{UNITS: 20}], workers=0, progress=False)
    assert again[4].choices[UNITS] == 20


# --- mistakes


def build_nothing(input_shape: aw.Shape, classes: int) -> Any:
    del input_shape, classes


def raise_error(input_shape: aw.Shape, classes: int) -> aw.Term:
    raise RuntimeError(f"{input_shape}, {classes}")


@frozen
class Needing(Mcts):
    """A searcher with a setting that has to be given."""

    draws: int = field(kw_only=True)


MISTAKES: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"space": None}, NotASpace, r"the space is None; a space is a module"),
    ({"space": dict}, NotASpace, r"the space is .*dict.*; a space is a module"),
    ({"space": "digitz"}, UnknownSpace, r"no built-in space 'digitz'; did you mean digits\?"),
    ({"space": build_nothing}, NotASpace, r"build_nothing returned None; it must return a module"),
    ({"space": raise_error}, SpaceFailed, r"raise_error failed:\n"),
    ({"space": lambda: SPACE}, NotASpace, r"cannot be called with \(input_shape, classes\)"),
    (
        {"evaluation": 3},
        NotCallable,
        r"the evaluation is 3; it must be a function .*; it may ask for architecture, bud",
    ),
    ({"space": len, "evaluation": SPACE}, NotCallable, r"is a search space; .* aw\.search\(space, evaluation\)"),
    ({"evaluation": aw.takes((4,))(SPACE)}, NotCallable, r"the evaluation is a search space; the space comes first"),
    ({"evaluation": Path("score.py")}, NotCallable, r"the evaluation is PosixPath"),
    ({"evaluation": "digits"}, UnknownEvaluation, r"no built-in evaluation 'digits'; .* aw\.Training"),
    ({"evaluation": "nasbench201:none"}, BadTable, r"there is no file none; give the path"),
    ({"searcher": object()}, NotASearcher, r"has no start, propose, adopt, tell"),
    ({"searcher": None}, NotASearcher, r"a searcher is a frozen attrs class"),
    ({"searcher": Mcts}, NotASearcher, r"Mcts is a class, and a searcher is a value of one; write searcher=Mcts\(\)"),
    ({"searcher": Needing}, NotASearcher, r"write searcher=Needing\(draws=\.\.\.\)"),
    ({"searcher": dict}, NotASearcher, r"builtins:dict is .*, and it has no start, propose, adopt, tell"),
    (
        {"stopping": aw.MedianRule},
        NotAStoppingRule,
        r"a stopping rule is a value of one; write stopping=MedianRule\(\)",
    ),
    (
        {"evaluation": aw.Training},
        NotAnEvaluation,
        r"Training is a class, and an .* value of one; write evaluation=Training\(\)",
    ),
    ({"searcher": "mct"}, UnknownSearcher, r"did you mean mcts\?"),
    ({"searcher": "mcts,explore=1"}, UnknownSetting, r"no setting 'explore'"),
    ({"searcher": "mcts,exploration=much"}, BadSetting, r"exploration of the searcher mcts is 'much'"),
    ({"stopping": 3}, NotAStoppingRule, r"a stopping rule is a frozen attrs class"),
    ({"stopping": "medien"}, UnknownStoppingRule, r"did you mean median\?"),
    *(({"trials": bad}, InvalidEnd, r"trials is .*; write how many") for bad in (0, -1, 2.5, True, "many", [3])),
    *(({"time": bad}, InvalidEnd, r"time is .*; write a time") for bad in ("soon", 0, -1, True, [1], "3epochs")),
    *(({"until_score": bad}, InvalidEnd, r"until_score is .*; write a finite") for bad in ("high", float("nan"), [1])),
    *(({"no_improvement": bad}, InvalidEnd, r"no_improvement is .*; write how many") for bad in (0, 1.5, True)),
    *(({"workers": bad}, BadArgument, r"workers is .*; it must be a whole number") for bad in (-1, "two", 1.5, True)),
    *(({"retries": bad}, BadArgument, r"retries is .*; it must be a whole number") for bad in (-1, "x", None)),
    *(({"keep_models": bad}, BadArgument, r"keep_models is .*; it must be a whole") for bad in (-1, "x", 1.5, True)),
    *(({"seed": bad}, BadArgument, r"seed is .*; it must be a whole number") for bad in ("x", None, 1.5, True)),
    *(({"trial_timeout": bad}, BadArgument, r"trial_timeout is .*; write a time") for bad in (-1, 0, "x", [], True)),
    *(({"grace": bad}, BadArgument, r"grace is .*; write a time") for bad in (-1, "x", None, [], False)),
    *(({"callbacks": bad}, BadArgument, r"callbacks is .*; it must be a list") for bad in (3, "x", None, print)),
    *(({"callbacks": [bad]}, BadCallback, r"a callback is") for bad in (3, "x", None)),
    ({"on_event": 3}, BadCallback, r"a callback is 3; a callback is a function of an event"),
    *(({"progress": bad}, BadArgument, r"progress is .*; it must be True or False") for bad in (3, "x", None)),
    *(({"name": bad}, InvalidRunName, r"the name of a run is .*; it may hold") for bad in (3, "a b", "", [], "a/b")),
    *(({"log": bad}, BadArgument, r"log is .*; it must be the path of a file") for bad in (3, None, [])),
    *(({"budget": bad}, InvalidBudget, r"budget is .*; write a number and a unit") for bad in (3, "x", True, {})),
    ({"budget": [3]}, InvalidBudget, r"the budget is 3; write one such as Budget\(3, 'epochs'\), or '3epochs'"),
    *(
        ({"budget": bad}, InvalidBudget, r"the budgets are .*; write two or more, the smallest first")
        for bad in (["9epochs", "1epochs"], ["1epochs"], [])
    ),
    ({"budget": "0epochs"}, InvalidBudget, r"it must be more than 0"),
    *(({"objective": bad}, BadArgument, r"objective is .*; write the name of a metric") for bad in (3, True, [3])),
    ({"objective": ""}, WrongMetric, r"metric is ''; write a name"),
    ({"objective": aw.maximize("cost"), "minimize": True}, TwoDirections, r"leave minimize out"),
    *(({"minimize": bad}, BadArgument, r"minimize is .*; it must be True or False") for bad in (3, "yes")),
    *(({"input": bad}, Misfit, r"the input shape is .*; it must be positive integers") for bad in (3, (0,), object())),
    ({"input": "x"}, BadInput, r"the input is 'x'; write positive integers"),
    *(({"enqueue": bad}, BadArgument, r"enqueue is .*; it must be a list") for bad in (3, None)),
    ({"enqueue": [3]}, BadChoices, r"a configuration is 3; it must be choices by name"),
    ({"enqueue": {"0.affine.unit": 3}}, NoSuchChoice, r"0\.affine\.units"),
    ({"enqueue": "no.json"}, BadEnqueueFile, r"no\.json cannot be read"),
    ({"worker": 3}, UnknownRunOption, r"there is no option 'worker'; did you mean workers\?"),
]


@pytest.mark.parametrize("mistake", range(len(MISTAKES)))
def test_a_mistake_is_named_and_leaves_nothing(tmp_path, mistake):
    options, error, words = MISTAKES[mistake]
    ends = {"trials": None} if {"time", "until_score", "no_improvement"} & options.keys() else {}
    with pytest.raises(error, match=words) as raised:
        search(tmp_path, **ends | options)
    assert isinstance(raised.value, aw.ArchwrightError)
    assert list(tmp_path.iterdir()) == []


def test_a_log_that_is_none_stays_as_it_is(tmp_path):
    with pytest.raises(LogIsFolder, match="name a file in it"):
        search(tmp_path, log=tmp_path)
    with pytest.raises(LogMissing, match="make it with mkdir -p"):
        search(tmp_path, log=tmp_path / "none" / "archwright.duckdb")
    (text := tmp_path / "text").write_text("no log")
    with pytest.raises(NotALog, match="not a DuckDB file"):
        search(tmp_path, log=text)
    assert text.read_text() == "no log"


def test_a_name_that_exists_is_refused_and_the_run_stays(tmp_path):
    run = search(tmp_path, name="mine")
    with pytest.raises(RunExists, match="the log holds a run mine already"):
        search(tmp_path, name="mine", seed=1)
    assert list_events(run.refresh()) == list_events(run)


def test_a_metric_that_the_function_does_not_give_is_named(tmp_path):
    with pytest.raises(NoSuchMetric, match=r"did you mean accuracy\?.*objective= in Python"):
        search(tmp_path, objective="acuracy")


BAD_NAMES: list[tuple[dict[Any, float], str]] = [
    ({"\ud800": 1.0, "?": 3.0}, r"the name of a metric is '\ud800' (str); it is a text that UTF-8 can write"),
    ({3: 1.0, "3": 2.0}, "the name of a metric is 3 (int)"),
    ({None: 4.0}, "the name of a metric is None (NoneType)"),
    ({"": 4.0}, "the name of a metric is '' (str)"),
]


@pytest.mark.parametrize(("metrics", "says"), BAD_NAMES)
def test_a_metric_that_no_log_can_hold_is_an_error_of_its_trial(tmp_path, metrics, says):
    """Whether it is returned or reported; nothing of it is written under another name, and other trials go on."""

    def measure(architecture, report):
        count = architecture.children[0].units
        if count == 1 and all(isinstance(name, str) for name in metrics):
            report(1, **metrics)
        return {"accuracy": 0.5} if count == 3 else {"accuracy": 0.5, **metrics}

    each: Any = [{"0.affine.units": units} for units in (1, 2, 3)]
    run = search(tmp_path, measure, aw.sequential(aw.affine(units=[1, 2, 3])), trials=3, enqueue=each)
    assert [trial.status for trial in run] == ["crashed", "crashed", "ok"]
    for trial in run:
        assert not trial.curves
        assert trial.status == "ok" or says in trial.error
    assert run.best().metrics == {"accuracy": 0.5}


def test_a_search_without_a_score_says_the_first_error(tmp_path):
    with pytest.raises(NothingScored, match=r"no trial of search-1 has a score; trial 0 crashed: Traceback[^$]*small"):
        search(tmp_path, fail_when_small, aw.sequential(aw.affine(units=[1, 2]), aw.affine(units=3)), trials=2)


def test_searchers_are_values_under_one_name():
    assert aw.searchers.__all__ == sorted(aw.searchers.__all__)
    assert aw.searchers.Mcts(exploration=0.02).exploration == 0.02
