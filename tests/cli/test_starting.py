"""How a run begins: its name, the shape of its inputs, and what is said of its trials."""

import re

import pytest

import archwright as aw
from archwright.evaluate.evaluation import evaluation_to_json
from archwright.evaluate.functions.callables import wrap_callable
from archwright.evaluate.functions.evaluation import Function
from archwright.evaluate.logged_evaluations import read_evaluation
from archwright.evaluate.training.evaluation import Training
from archwright.execution.naming import claim_new_run, generate_numbered_names
from archwright.store.claim import claim
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.errors import LogIsGone, RunExists, RunIsBusy
from archwright.store.log import START
from tests.cli.running import read_json, run_command
from tests.search.instant import make_started


@pytest.fixture
def log(tmp_path) -> DuckDBLog:
    log = DuckDBLog(tmp_path / "log.duckdb")
    log.append("digits-1", [make_started(1)], START)
    return log


def test_a_name_that_a_person_gave_is_theirs_or_is_refused(log):
    def name(wanted: str | None) -> str:
        with claim_new_run(log, wanted, lambda: generate_numbered_names(log, "digits")) as name:
            return name

    assert (name("mine"), name(None)) == ("mine", "digits-2")
    with pytest.raises(RunExists, match="archwright resume digits-1"):
        name("digits-1")
    with claim(log.path, "mine"), pytest.raises(RunIsBusy, match=r"mine in .* is going on"):
        name("mine")


@pytest.mark.parametrize("wanted", [None, "mine"])
def test_a_log_that_was_deleted_does_not_come_back_for_a_new_run(log, wanted):
    """A person who has deleted the file, and not its journal, is asked what they want."""
    log.path.unlink()
    with (
        pytest.raises(LogIsGone, match="archwright runs"),
        claim_new_run(log, wanted, lambda: generate_numbered_names(log, "digits")),
    ):
        pass
    assert not log.path.exists()


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
    assert f"own.py:{function} has a parameter {parameter}, and there is none" in done.err
    assert "--input as in 3,32,32, 16 or tokens:50,20" in done.err
    assert not (tmp_path / "archwright.duckdb").exists()


def test_a_start_that_fails_in_its_first_worker_leaves_no_run(cli, tmp_path):
    (tmp_path / "broken.py").write_text("1 / 0\ndef score(architecture): ...\n")
    done = cli("search", "digits", "--evaluator", "broken.py:score", "--trials", "1")
    assert done.code == 2
    assert done.out == ""
    assert "ZeroDivisionError" in done.err
    assert not [*tmp_path.glob("archwright.duckdb*")], "nor a lock, nor a folder for it"


def test_what_a_run_s_function_was_told_of_the_shape_it_is_told_again():
    with_shape, without_shape = Function("own.py:both", input_shape=(16,)), Function("own.py:both")
    with_tokens = without_shape.with_input(aw.tokens(50, 20))
    assert (with_tokens.input_shape, with_tokens.model_input) == ((20,), aw.tokens(50, 20))
    for config in (with_shape, without_shape, with_tokens, Training()):
        assert read_evaluation(make_started(1, evaluator=evaluation_to_json(config))) == config
    older = {name: value for name, value in evaluation_to_json(without_shape).items() if name != "input_shape"}
    assert read_evaluation(make_started(1, evaluator=older)) == Function("own.py:both", input_shape=(1, 8, 8))


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


def test_a_run_whose_function_no_process_can_import_asks_for_it(cli, log):
    function = wrap_callable(lambda architecture: architecture)
    log.append("notebook-1", [make_started(1, evaluator=evaluation_to_json(function))], START)
    done = cli("resume", "notebook-1", "--log", log.path)
    assert (done.code, done.out) == (2, "")
    assert "define it again in Python and give it: run.resume(evaluation=function)" in done.err
