"""A person's function says which metric is the score: as it is written, or as importing it shows."""

import json
from contextlib import suppress

import pytest

import archwright as aw
from archwright.core.objective import Objective
from archwright.evaluate.functions.evaluation import Function
from archwright.evaluate.workers.pool import NoWorker, WorkerPool
from archwright.search.running.loop import NoSuchMetric
from tests.cli.running import read_json, run_command, run_inline

OWN = """
import functools
import archwright
import archwright as aw
from archwright.search.running.loop import NoSuchMetric
from archwright import score as counts

@aw.score("f1")
def train(architecture, seed, report):
    f1 = (seed % 97) / 97
    report(1, f1=f1 / 2)
    return {"f1": f1, "loss": 1 - f1, "accuracy": 0.5}

@counts("loss", minimize=True)
def bare(architecture, budget):
    return 3

@archwright.score("loss", minimize=not 0)
def computed(architecture, budget): return 1

@functools.cache
@aw.score("f1")
def cached(architecture, budget): return 1

@aw.score("last")
@aw.score("first")
def twice(architecture, budget): return 1

def silent(architecture, budget): return 1

@aw.score("test_f1")
def peeks(architecture, budget): return 1

another = cached
print("noise on stdout")
"""
FORGOT = """
import archwright as aw
from archwright.search.running.loop import NoSuchMetric

@aw.score
def train(architecture, budget): return 1
"""
NAMELESS = FORGOT.replace("@aw.score", '@aw.score("")')


@pytest.fixture
def own(tmp_path):
    (tmp_path / "own.py").write_text(OWN)
    return tmp_path


@pytest.mark.parametrize(
    ("source", "objective"),
    [
        ("own.py:train", Objective("f1")),
        ("own.py:bare", Objective("loss", "minimize")),
        ("own.py:computed", Objective("loss", "minimize")),
        ("own.py:cached", Objective("f1")),
        ("own.py:twice", Objective("last")),
        ("own.py:silent", None),
        ("own:another", Objective("f1")),
    ],
)
def test_what_it_says_is_found_however_it_is_written(own, monkeypatch, source, objective):
    monkeypatch.chdir(own)
    with WorkerPool(Function(source)) as pool:
        pool.warm_up()
        assert pool.description is not None
        assert pool.description.objective == objective


def test_what_an_import_raises_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.py").write_text("train = lambda a, b: 1\nraise ValueError('no such fold')\n")
    with WorkerPool(Function("bad.py:train")) as pool, pytest.raises(NoWorker, match="ValueError: no such fold"):
        pool.warm_up()


def test_files_of_the_current_folder_stand_for_nothing_that_is_installed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "attrs.py").write_text("raise ValueError('not the one that archwright means')\n")
    (tmp_path / "own.py").write_text("train = lambda a, b: 1\n")
    with WorkerPool(Function("own.py:train")) as pool:
        pool.warm_up()


def test_a_search_is_about_what_the_function_says_and_goes_on_so(own):
    """Also once the function says something else: the log has what the run is about."""
    searched = run_command(own, "search", "digits", "--evaluator", "own.py:train", "--trials", "3", "--name", "mine")
    assert searched.returncode == 0, searched.stderr
    assert "f1 0." in searched.stdout
    (own / "own.py").write_text(OWN.replace('@aw.score("f1")\ndef train', '@aw.score("loss")\ndef train'))
    assert run_command(own, "resume", "mine", "--trials", "+1").returncode == 0
    facts = read_json(own, "show", "mine")
    assert facts["objective"] == {"metric": "f1", "direction": "maximize"}
    assert [trial["score"] for trial in facts["trials"]] == [trial["metrics"]["f1"] for trial in facts["trials"]]
    assert run_inline(own, "replay", "mine", "--verify").returncode == 0


@pytest.mark.parametrize(
    ("name", "metric", "minimize", "objective"),
    [
        ("bare", None, None, Objective("loss", "minimize")),
        ("bare", "loss", None, Objective("loss", "minimize")),
        ("bare", None, False, Objective("loss", "maximize")),
        ("bare", "cost", None, Objective("cost", "maximize")),
        ("train", "loss", True, Objective("loss", "minimize")),
        ("silent", None, None, Objective("accuracy")),
        ("silent", "auc", None, Objective("auc")),
        ("silent", "flops", None, Objective("flops", "minimize")),
    ],
)
def test_the_command_line_overrules_the_function(own, monkeypatch, name, metric, minimize, objective):
    monkeypatch.chdir(own)
    with suppress(NoSuchMetric):  # the function need not give what is asked for
        aw.search("digits", f"own.py:{name}", objective=metric, minimize=minimize, trials=1, progress=False)
    assert aw.Run.read("archwright.duckdb").objective == objective


def test_a_bare_number_is_what_the_function_says_it_is(own):
    done = run_command(own, "search", "digits", "--trials", "1", "--evaluator", "own.py:bare", "--metric", "cost")
    assert done.returncode == 2, done.stderr
    trial = read_json(own, "show", "digits-1", "0")
    assert trial["status"] == "invalid"
    assert "gave no metric 'cost' (did you mean loss?)" in json.dumps(trial["attempts"])


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("own.py:peeks", "the score of own.py:peeks is 'test_f1'; what test images say is for reports"),
        ("nameless.py:train", "the score of a function is ''; write the name of a metric"),
        ("forgot.py:train", "write the name of a metric: @aw.score"),
    ],
)
def test_a_score_that_cannot_be_is_told_before_anything_is_logged(cli, tmp_path, source, says):
    (tmp_path / "forgot.py").write_text(FORGOT)
    (tmp_path / "nameless.py").write_text(NAMELESS)
    (tmp_path / "own.py").write_text(OWN)
    done = cli("search", "digits", "--evaluator", source, "--trials", "1")
    assert done.code == 2
    assert says in done.err
    assert not (tmp_path / "archwright.duckdb").exists()
