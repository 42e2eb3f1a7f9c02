"""What a person may give to the functions and methods of the package and should not: named, with nothing logged."""

import io
from typing import Any

import pytest

import archwright as aw

SPACE = aw.sequential(aw.settings(rate=[0.1, 0.2, 0.3]), aw.affine(units=[4, 8]))
HERE: dict[str, Any] = {"workers": 0, "progress": False}
NO_NAMES: tuple[Any, ...] = (3, 2.5, True, object(), b"x")
NO_PATHS: tuple[Any, ...] = (3, None, [], object(), b"x", "\0.csv", "\ud800.csv")
NO_FLAGS: tuple[Any, ...] = (3, None, "x", [])
CLOSED = io.BytesIO()
CLOSED.close()


def evaluate(settings):
    return settings["rate"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A finished run of three trials, which report nothing."""
    log = tmp_path_factory.mktemp("wrong calls") / "log.duckdb"
    return aw.search(SPACE, evaluate, trials=3, name="mine", log=log, **HERE)


def count_events(run):
    return len(aw.Log(run.log).sql("from events"))


CALLS: dict[str, tuple[Any, tuple[Any, ...], str]] = {  # what is called, with which values, and what is said of them
    "resume": (lambda run, bad: aw.resume(bad, log=run.log), NO_NAMES, "run is .*; it must be a run, or the name"),
    "resume: log": (lambda _, bad: aw.resume("mine", log=bad), NO_PATHS, "log is .*; it must be the path"),
    "resume: trust": (lambda run, bad: run.resume(trust=bad, **HERE), NO_FLAGS, "trust is .*; it must be True"),
    "fork": (lambda run, bad: aw.fork(bad, 3, log=run.log), NO_NAMES, "run is .*; it must be a run"),
    "retrain": (lambda run, bad: aw.retrain(bad, log=run.log), NO_NAMES, "run is .*; it must be a run"),
    "retrain: trust": (lambda run, bad: run.retrain(trust=bad, **HERE), NO_FLAGS, "trust is .*; it must be True"),
    "retrain: data_dir": (lambda run, bad: run.retrain(data_dir=bad, **HERE), (3, "", [], b"x"), "data_dir is"),
    "retrain: device": (lambda run, bad: run.retrain(device=bad, **HERE), ("", [], {}), "device is"),
    "retrain: image_size": (lambda run, bad: run.retrain(image_size=bad, **HERE), ("", [], {}), "image_size is"),
    "export": (lambda _, bad: aw.export(bad, "model"), (3, None, "best"), "trial is .*; it must be a trial"),
    "export: folder": (lambda run, bad: run[0].export(bad), (*NO_PATHS, ""), "folder is .*; it must be the path"),
    "export: force": (lambda run, bad: run[0].export("x", force=bad), NO_FLAGS, "force is .*; it must be True"),
    "plot": (
        lambda run, bad: aw.Log(run.log).plot(bad),
        (3, True),
        "runs is .*; it must be a list of names or patterns",
    ),
    "export: trust": (lambda run, bad: run[0].export("x", trust=bad), NO_FLAGS, "trust is .*; it must be True"),
    "export: untrained": (lambda run, bad: run[0].export("x", untrained=bad), NO_FLAGS, "untrained is"),
    "search: a text in a setting": (
        lambda run, bad: aw.search(SPACE, aw.function(evaluate, settings={"x": bad}), log=run.log, **HERE),
        ("\ud800",),
        "RunStarted cannot be logged: evaluator.settings.x is",
    ),
    "compile": (lambda _, bad: aw.compile(aw.affine(3), bad), (b"x", None, 2.5, []), "the input shape is"),
    "compile: seed": (lambda _, bad: aw.compile(aw.affine(3), (3,), seed=bad), (None, 2.5, "x"), "seed is"),
    "function: data_dir": (lambda _, bad: aw.function(evaluate, data_dir=bad), (3, "", b"x"), "data_dir is"),
    "function: settings": (lambda _, bad: aw.function(evaluate, settings=bad), (3, "x", []), "settings is"),
    "function: threads": (lambda _, bad: aw.function(evaluate, threads=bad), (-1, 2.5, True, None), "threads is"),
    "function: validation": (
        lambda _, bad: aw.function(evaluate, validation=bad),
        (0, 1, "x", None, True, float("nan")),
        "validation is .*; it is a fraction",
    ),
    "function: split_seed": (lambda _, bad: aw.function(evaluate, split_seed=bad), (2.5, "x"), "split_seed is"),
    "function: a setting": (
        lambda _, bad: aw.function(evaluate, valdation=bad),
        (0.2,),
        r"did you mean validation\?",
    ),
    "training": (lambda _, bad: aw.Training("digits", threads=bad), (-1, "x"), "threads is"),
    "training: a setting": (
        lambda run, bad: aw.search("digits", aw.Training(settings=bad), log=run.log, **HERE),
        ({"lerning_rate": 0.1}, {"recipe": "modren"}, {"batch_size": "x"}),
        "the training",
    ),
    "describe_space": (lambda _, bad: aw.describe_space(bad), (3, None, "digts"), "a space is|no built-in space"),
    "describe_space: classes": (lambda _, bad: aw.describe_space("figure1", classes=bad), (0, 2.5, "x"), "classes is"),
    "describe_space: samples": (lambda _, bad: aw.describe_space(SPACE, samples=bad), (-1, 2.5, "x"), "samples is"),
    "describe_space: seed": (lambda _, bad: aw.describe_space(SPACE, seed=bad), (2.5, "x", None), "seed is"),
    "compare": (
        lambda run, bad: aw.compare(SPACE, evaluate, bad, log=run.log),
        (3, None, "random", object()),
        "the searchers are .*; give a list",
    ),
    "compare: name": (
        lambda run, bad: aw.compare(SPACE, evaluate, ["random"], name=bad, log=run.log),
        (3, "", [], "a b"),
        "the name of a run is",
    ),
    "compare: log": (lambda _, bad: aw.compare(SPACE, evaluate, ["random"], log=bad), NO_PATHS, "log is"),
    "compare: optimum": (
        lambda run, bad: aw.compare(SPACE, evaluate, ["random"], optimum=bad, log=run.log),
        ("x", [], True, float("nan")),
        "optimum is .*; it must be a finite number",
    ),
    "study: log": (lambda _, bad: aw.study(SPACE, log=bad), NO_PATHS, "log is"),
    "study: trust": (lambda run, bad: aw.study(SPACE, trust=bad, log=run.log), NO_FLAGS, "trust is"),
    "study: enqueue": (lambda run, bad: aw.study(SPACE, enqueue=bad, log=run.log), (3, None), "enqueue is"),
    "study: callbacks": (lambda run, bad: aw.study(SPACE, callbacks=bad, log=run.log), (3, None), "callbacks is"),
    "run.best": (lambda run, bad: run.best(bad), (-1, 2.5, True, "x", []), "n is .*; it must be a whole number"),
    "run.best: inherited": (lambda run, bad: run.best(inherited=bad), NO_FLAGS, "inherited is"),
    "run.curves": (lambda run, bad: run.curves(bad), (3, [], object()), "metric is .*; it must be the name"),
    "run.frame": (lambda run, bad: run.frame(bad), (3, [], "panda"), "no data frames are made by"),
    "run.sql": (lambda run, bad: run.sql(bad), (3, None, []), "query is .*; it must be a text"),
    "run.plot": (lambda run, bad: run.plot(bad), (3, [], "incumbant"), "there is no kind of figure"),
    "run.plot: ax": (lambda run, bad: run.plot(ax=bad), (3, "x"), "ax is .*; it must be axes"),
    "run.plot: title": (lambda run, bad: run.plot(title=bad), (3, [], "\udcff"), "title is .*; it must be a text"),
    "run.plot: band": (
        lambda run, bad: run.plot(band=bad),
        (3, "sd", []),
        "band is .*; it must be 'error' or 'quartiles'",
    ),
    "run.plot: optimum": (lambda run, bad: run.plot(optimum=bad), ("x", True), "optimum is"),
    "Log": (lambda _, bad: aw.Log(bad), NO_PATHS, "log is .*; it must be the path of a file"),
    "Log: trust": (lambda run, bad: aw.Log(run.log, trust=bad), NO_FLAGS, "trust is"),
    "log[...]": (lambda run, bad: aw.Log(run.log)[bad], (3, None, [], "mines"), "the log holds no run"),
    "log.sql": (lambda run, bad: aw.Log(run.log).sql(bad), (3, None, []), "query is"),
    "log.describe_best": (
        lambda run, bad: aw.Log(run.log).describe_best(bad),
        (3, [], "mines"),
        "the log holds no run",
    ),
    "log.describe_best: inherited": (
        lambda run, bad: aw.Log(run.log).describe_best(inherited=bad),
        NO_FLAGS,
        "inherited is",
    ),
    "log.describe_best: n": (lambda run, bad: aw.Log(run.log).describe_best(n=bad), (0, -1, 2.5, True, "x"), "n is"),
    "log.export_sql": (lambda run, bad: aw.Log(run.log).export_sql(bad, "x.csv"), (3, None, []), "query is"),
    "log.export_sql: file": (
        lambda run, bad: aw.Log(run.log).export_sql("from runs", bad),
        (*NO_PATHS, "", "x.xls"),
        "file is",
    ),
    "log.export_sql: a stream": (
        lambda run, bad: aw.Log(run.log).export_sql("from runs", bad, "csv"),
        (io.StringIO(), CLOSED, io.BufferedReader(io.BytesIO())),
        "file is .*; it must be the path of a file, or a stream of bytes that is open for writing",
    ),
    "log.export_sql: format": (
        lambda run, bad: aw.Log(run.log).export_sql("from runs", "x.csv", bad),
        (3, "xls", [], ""),
        "format is",
    ),
    "log.verify": (lambda run, bad: aw.Log(run.log).verify(bad), (3, None, "mine:1:0"), "expect is .*; it must be a"),
    "log.verify: a head": (lambda run, bad: aw.Log(run.log).verify([bad]), (3, None, "mine"), "is no head of a run"),
    "log.verify: rescue": (lambda run, bad: aw.Log(run.log).verify(rescue=bad), NO_FLAGS, "rescue is"),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_wrong_value_is_named_and_nothing_is_logged(run, name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    call, values, words = CALLS[name]
    events = count_events(run)
    for value in values:
        with pytest.raises(aw.ArchwrightError, match=words):
            call(run, value)
    assert count_events(run) == events
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        *(({"metrics": bad}, "metrics is .*; it must be a mapping") for bad in (3, "x", [])),
        *(({"seconds": bad}, "seconds is .*; it must be a finite number") for bad in (-1, float("nan"), float("inf"))),
        *(({"trial": bad}, "was never asked for; open trials: 0") for bad in ([], {}, False, "0", None)),
    ],
)
def test_a_wrong_outcome_is_named_and_nothing_is_logged(tmp_path, options, words):
    with aw.study(SPACE, input=(3,), log=tmp_path / "log.duckdb") as study:
        trial = study.ask()
        events = study._writer.run_state.seq
        with pytest.raises(aw.ArchwrightError, match=words):
            study.tell(**{"trial": trial, "score": 0.5, **options})
        assert study._writer.run_state.seq == events
