"""A trial trained anew is a run of its own: reported, killed, resumed and verified as any other."""

import signal
import statistics

import pytest
from attrs import evolve

from archwright.core.objective import Objective
from archwright.results.records import RunDetails
from archwright.results.repeats import compute_repeats, explain_repeats, format_repeats
from archwright.search.running.attempts import derive_training_seed
from archwright.store.duckdb_log import DuckDBLog
from tests.cli.records import find_faults, read_records
from tests.cli.running import MAIN, SCORE, TORCH_REPORTING_MAIN, read_json, run_command, run_inline, run_started
from tests.search.instant import make_started

DEADLY = f"""
import os, signal
from archwright.evaluate.workers.pool import WorkerPool

def submit(pool, job, submit=WorkerPool.submit):
    submit(pool, job)
    if job.trial == 1:
        os.kill(os.getpid(), signal.SIGKILL)

WorkerPool.submit = submit
{MAIN}
"""  # the command, whose process is killed when it has begun the second training
RETRAIN = ("retrain", "digits-1", "0", "--seeds", "2", "--budget", "600examples")


@pytest.mark.slow
def test_retraining_that_was_killed_and_resumed_equals_one_that_was_not(digits_log):
    folder = digits_log.parent
    whole = run_started(folder, *RETRAIN, program=TORCH_REPORTING_MAIN)
    assert (whole.returncode, whole.stderr.strip()) == (0, "torch imported: False")
    assert run_started(folder, *RETRAIN, "--name", "killed", program=DEADLY).returncode == -signal.SIGKILL
    facts = read_json(folder, "show", "killed")
    assert (facts["status"], facts["repeats"]["scores"], facts["repeats"]["deviation"]) == ("died", 1, None)
    assert run_command(folder, "resume", "killed", "--trials", "+1").returncode == 0

    facts, again = (read_json(folder, "show", name) for name in ("digits-1.retrain-0", "killed"))
    scores = [trial["score"] for trial in facts["trials"]]
    assert scores == [trial["score"] for trial in again["trials"]][:2]
    assert [t["metrics"]["test_accuracy"] for t in facts["trials"]] == scores
    assert not any("accuracy" in t["metrics"] for t in facts["trials"])
    repeats = facts["repeats"]
    assert (repeats["mean"], repeats["deviation"]) == (statistics.fmean(scores), statistics.stdev(scores))
    assert (repeats["run"], repeats["trial"], repeats["scores"], repeats["trainings"]) == ("digits-1", 0, 2, 2)
    told = f"test_accuracy {repeats['mean']:.4f} ± {repeats['deviation']:.4f}   mean and standard deviation of 2"
    assert told in whole.stdout
    assert told in run_inline(folder, "show", "digits-1.retrain-0").stdout
    seeds = [derive_training_seed(derive_training_seed(0, 0), trial) for trial in (0, 1)]
    assert [t["seed"] for t in facts["trials"]] == seeds
    assert all(str(seed) in whole.stdout for seed in seeds)
    models = folder / "archwright.duckdb.artifacts" / "killed"
    assert run_inline(folder, "replay", "killed", "--verify").returncode == run_inline(folder, "verify").returncode == 0
    assert sorted(path.parent.name for path in models.glob("*/model.safetensors")) == ["trial-0", "trial-1", "trial-2"]


@pytest.mark.slow
def test_what_a_function_scored_is_trained_where_data_is_named(log):
    """With --json, only JSON goes to stdout."""
    folder = log.parent
    words = ("--data", "digits", "--budget", "64examples", "--seeds", "1", "--train", "batch_size=32")
    done = run_command(folder, "retrain", "run-1", "2", *words, "--json")
    assert done.returncode == 0, done.stderr
    (facts,) = read_records(done.stdout)
    assert find_faults(facts, RunDetails) == []
    assert facts["evaluator"]["overrides"] == {"batch_size": 32}
    assert facts["repeats"]["mean"] == facts["trials"][0]["metrics"]["test_accuracy"]
    assert "trial 0  test_accuracy" in done.stderr
    original = read_json(folder, "show", "run-1", "2")
    assert facts["trials"][0]["choices"] == original["choices"]
    assert facts["trials"][0]["metrics"]["parameters"] == original["parameters"]


@pytest.mark.slow
def test_a_function_is_called_again_with_a_larger_budget_and_other_seeds(log):
    """For the metric that it was searched by; the run can be resumed, verified and shown as any."""
    folder = log.parent
    (folder / "score.py").write_text(SCORE)
    words = ("retrain", "run-1", "2", "--budget", "20epochs", "--seeds", "2")
    assert "the log names code in" in run_command(folder, *words).stderr
    done = run_command(folder, *words, "--trust")
    assert done.returncode == 0, done.stderr
    facts, original = read_json(folder, "show", "run-1.retrain-2"), read_json(folder, "show", "run-1", "2")
    assert [trial["budget"] for trial in facts["trials"]] == ["20epochs"] * 2
    assert facts["objective"] == read_json(folder, "show", "run-1")["objective"]
    assert facts["evaluator"] == read_json(folder, "show", "run-1")["evaluator"]
    seeds = {original["seed"], *(trial["seed"] for trial in facts["trials"])}
    assert len(seeds) == 3
    assert "mean and standard deviation of 2 trainings" in done.stdout
    assert run_inline(folder, "replay", "run-1.retrain-2", "--verify").returncode == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("run-2", "0"), "did you mean run-1"),
        (("run-1", "8"), "run-1 has no trial 8; it has trials 0 to 7"),
        (
            ("run-1", "0", "--device", "cpu", "--trust"),
            "device does nothing: score.py:score has no parameter model or device or",
        ),
        (
            ("run-1", "0", "--train", "crop=1", "--trust"),
            "--train does nothing: score.py:score has no parameter settings",
        ),
        (
            ("run-1", "0", "--image-size", "8", "--trust"),
            "image_size is for the images of a folder, and there is no data",
        ),
        (("run-1", "0", "--data", "cifar"), "did you mean cifar10"),
        (("run-1", "0", "--data", "mnist"), "takes inputs of 1x8x8 and gives 10 outputs, and mnist has images of 1x28"),
        (("run-1", "0", "--data", "digits", "--train", "batchsize=3"), "did you mean batch_size"),
        (("run-1", "0", "--data", "digits", "--budget", "20"), "5epochs, 30s or 50000examples"),
        (("run-1", "0", "--data", "digits", "--device", "gpu"), "auto, cpu, cuda"),
        (("run-1", "0", "--data", "digits", "--trial-timeout", "soon"), "--trial-timeout is 'soon'; write a time of"),
        (("run-1", "0", "--data", "digits", "--trial-timeout", "0s"), "--trial-timeout is '0s'; write a time of more"),
        (("run-1", "0", "--data", "digits", "--train", "crop=1", "--train", "crop=2"), "--train gives crop twice"),
        (("run-1", "0", "--data", "digits", "--seeds", "0"), "seeds"),
        (("run-1", "0", "--data", "digits", "--name", "half-1"), "half-1 already"),
    ],
)
def test_mistakes_are_said_before_anything_is_logged(reader, tmp_path, words, says):
    done = reader("retrain", *words)
    assert (done.code, done.out) == (2, "")
    assert says in done.err
    assert DuckDBLog(tmp_path / "archwright.duckdb").runs() == ["run-1", "half-1"]


@pytest.mark.parametrize(
    ("scores", "told"),
    [
        ([0.5, 0.75], "test_accuracy 0.6250 ± 0.1768   mean and standard deviation of 2 trainings"),
        ([0.5], "test_accuracy 0.5000   of 1 training"),
        ([0.5, None], "test_accuracy 0.5000   of 1 of 2 trainings"),
        ([None], "no test_accuracy yet   of 0 of 1 training"),
    ],
)
def test_what_trainings_come_to_is_said_of_as_many_as_there_are(scores, told):
    """A deviation only where there is one."""
    given = {"name": "given", "path": [], "run": "a", "trial": 0}
    started = evolve(make_started(1), searcher=given, objective=Objective("test_accuracy"))
    repeats = compute_repeats(started, scores)
    assert f"{format_repeats(repeats)}   {explain_repeats(repeats)}" == told
