"""How a run begins: the shape of its inputs, and what is said of its trials."""

import re

import pytest

from archwright.evaluate.functions.callables import wrap_callable
from archwright.evaluate.logged_evaluations import evaluation_to_json
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.log import START
from tests.cli.running import read_json, run_command
from tests.search.instant import make_started

FUNCTIONS = """
import archwright as aw

def with_model(model): ...
def with_shape(architecture, input_shape): ...
space = aw.affine(units=[1, 2])
"""


@pytest.mark.parametrize(("function", "parameter"), [("with_model", "model"), ("with_shape", "input_shape")])
def test_a_function_that_asks_for_a_model_needs_to_be_told_the_shape(cli, tmp_path, function, parameter):
    """Nothing is made up, and no name is taken."""
    (tmp_path / "own.py").write_text(FUNCTIONS)
    done = cli("search", "own.py:space", "--evaluator", f"own.py:{function}", "--trials", "1")
    assert (done.code, done.out) == (2, "")
    assert f"own.py:{function} reads {parameter}, and nothing says the input of the models: give it, " in done.err
    assert "as in --input 64, --input 3,32,32 or --input tokens:50,20 (input=aw.features(64), " in done.err
    assert not (tmp_path / "archwright.duckdb").exists()


def test_a_start_that_fails_in_its_first_worker_leaves_no_run(cli, tmp_path):
    (tmp_path / "broken.py").write_text("1 / 0\ndef score(architecture): ...\n")
    done = cli("search", "digits", "--evaluator", "broken.py:score", "--trials", "1")
    assert done.code == 2
    assert done.out == ""
    assert "ZeroDivisionError" in done.err
    assert not [*tmp_path.glob("archwright.duckdb*")], "nor a lock, nor a folder for it"


def test_only_a_function_that_reads_the_budget_is_told_to_have_one(cli, tmp_path):
    (tmp_path / "own.py").write_text("def score(architecture): return 1\ndef spends(architecture, budget): return 1\n")
    words = ("search", "digits", "--trials", "1", "--budget", "3epochs", "--evaluator")
    done = cli(*words, "own.py:score")
    assert done.out.splitlines()[1] == "1 trial, logged in archwright.duckdb"
    assert "budget does nothing: own.py:score has no parameter budget" in done.err
    done = cli(*words, "own.py:spends")
    assert done.out.splitlines()[1] == "1 trial of 3 epochs each, logged in archwright.duckdb"
    assert done.err == ""


def test_with_no_workers_trials_run_in_the_search_s_own_process(tmp_path):
    """And the run has the scores that it has with one."""
    (tmp_path / "own.py").write_text(
        "import os, random\ndef score(architecture):\n    print('scored by', os.getpid())\n    return random.random()\n"
    )
    words = ("search", "digits", "--trials", "3", "--evaluator", "own.py:score")
    done = run_command(tmp_path, *words, "--workers", "0", "--name", "here")
    assert done.returncode == 0, done.stderr
    assert len(set(re.findall(r"scored by (\d+)", done.stdout))) == 1
    assert "archwright resume here --workers 0 --trials" in done.stdout
    assert run_command(tmp_path, *words, "--name", "worker").returncode == 0
    scores = [[trial["score"] for trial in read_json(tmp_path, "show", name)["trials"]] for name in ("here", "worker")]
    assert scores[0] == scores[1]
    refused = run_command(tmp_path, *words, "--workers", "0", "--trial-timeout", "9s")
    assert refused.returncode == 2
    assert "with workers=0 trials run in this process, where nothing can end them" in refused.stderr


def test_a_run_whose_function_no_process_can_import_asks_for_it(cli, tmp_path):
    log = DuckDBLog(tmp_path / "log.duckdb")
    function = wrap_callable(lambda architecture: architecture)
    log.append("notebook-1", [make_started(1, evaluator=evaluation_to_json(function))], START)
    done = cli("resume", "notebook-1", "--log", log.path)
    assert (done.code, done.out) == (2, "")
    call = f"define it again in Python and give it: aw.resume('notebook-1', evaluation=function, log='{log.path}')"
    assert call in done.err
