"""A person's function says which metric is the score: as it is written, or as importing it shows."""

import json
from contextlib import suppress

import pytest

import archwright as aw
from archwright.core.objective import Objective
from archwright.search.running.loop import NoSuchMetric
from tests.cli.running import read_json, run_command, run_inline
from tests.own_scores import OWN

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
        ("bare", "cost", None, Objective("cost", "minimize")),
        ("train", "loss", True, Objective("loss", "minimize")),
        ("silent", None, None, Objective("accuracy")),
        ("silent", "auc", None, Objective("auc")),
        ("silent", "flops", None, Objective("flops", "minimize")),
        ("silent", "loss", None, Objective("loss", "minimize")),
        ("silent", "loss", False, Objective("loss", "maximize")),
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
        ("own.py:peeks", "the score of own.py:peeks is 'test_f1'; what the test split says is for reports"),
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
