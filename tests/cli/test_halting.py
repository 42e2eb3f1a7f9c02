"""Hopeless trials of a real search are halted, and the log says why."""

import json

import pytest

from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import Reported
from tests.cli.running import read_json, run_command, run_inline

SPACE = """
import archwright as aw

space = aw.sequential(
    aw.either(
        good=aw.settings(optimizer="sgd", learning_rate=0.1, batch_size=512, stop_patience=30),
        slow=aw.settings(optimizer="sgd", learning_rate=1e-9, batch_size=512),
    ),
    aw.affine(units=[16, 32]), aw.relu(), aw.affine(units=10),
)
"""
FUNCTION = """
import time

def score(architecture, budget, seed, report):
    level = 0.9 if architecture.subterms[1].units == 32 else 0.1
    for epoch in range(1, 50 if level == 0.9 else 10**6):
        report(epoch, accuracy=level)
        time.sleep(0.01)
    return level
"""
EPOCHS = 100_000  # without end, but for a halt or for patience


@pytest.mark.slow
def test_hopeless_trials_are_halted_with_the_reason_and_cost_fewer_epochs(tmp_path):
    """Half of the models learn at a rate of almost 0; the others stop by themselves, the first of the seed 1 too."""
    (tmp_path / "rates.py").write_text(SPACE)
    words = ("--trials", "6", "--budget", f"{EPOCHS}epochs", "--seed", "1", "--stopping", "median,warmup=3,startup=2")
    done = run_command(tmp_path, "search", "rates.py:space", *words)
    assert done.returncode == 0, done.stderr
    facts = read_json(tmp_path, "show")
    assert facts["stopping"] == {"name": "median", "revision": 1, "warmup": 3, "startup": 2}
    slow = [t for t in facts["trials"] if t["choices"]["0.either.option"] == "slow"]
    halted = [t for t in facts["trials"] if t["stopped"]["by"] == "hopeless"]
    assert len(slow) >= 3
    assert all(trial in halted for trial in slow)
    assert sum(trial["stopped"]["by"] == "patience" for trial in facts["trials"]) >= 2
    events = [each.event for each in DuckDBLog(tmp_path / "archwright.duckdb").read("rates-1")]
    for trial in slow:
        curve = [e.metrics["accuracy"] for e in events if isinstance(e, Reported) and e.trial == trial["trial"]]
        assert (trial["status"], trial["score"]) == ("ok", max(curve))
        assert trial["metrics"]["epochs"] == trial["stopped"]["epoch"] == len(curve) < EPOCHS
        assert "test_accuracy" in trial["metrics"]
        assert trial["stopped"]["by"] == "hopeless"
        assert trial["stopped"]["why"].startswith("its best accuracy by epoch 4 was ")
    assert f"stopped after epoch {len(curve)} (hopeless)" in done.stdout
    shown = run_inline(tmp_path, "show", "rates-1", str(halted[0]["trial"])).stdout
    assert f"(hopeless): {halted[0]['stopped']['why']}" in shown
    assert "stopping   median, warmup 3, startup 2" in run_inline(tmp_path, "show").stdout
    where = "where kind = 'AttemptEnded' and payload->>'$.stopped.by' = 'hopeless'"
    asked = run_inline(tmp_path, "sql", f"select count(*) as n from events {where}", "--json")
    assert json.loads(asked.stdout) == [{"n": len(halted)}]
    assert run_inline(tmp_path, "replay", "--verify").returncode == run_inline(tmp_path, "verify").returncode == 0


@pytest.mark.slow
def test_a_function_is_halted_at_a_report_and_scores_the_best_that_it_reported(tmp_path):
    """In a run that is resumed, the rule is still the one that it was begun with."""
    (tmp_path / "rates.py").write_text(SPACE)
    (tmp_path / "levels.py").write_text(FUNCTION)
    words = ("--evaluator", "levels.py:score", "--trials", "2", "--seed", "1", "--stopping", "median,startup=1")
    assert run_command(tmp_path, "search", "rates.py:space", *words).returncode == 0
    assert run_command(tmp_path, "resume", "--trials", "6").returncode == 0
    trials = read_json(tmp_path, "show")["trials"]
    first = next(t["trial"] for t in trials if t["choices"]["1.affine.units"] == 32)
    worse = [t for t in trials[first + 1 :] if t["choices"]["1.affine.units"] == 16]
    assert worse
    for trial in worse:
        assert (trial["status"], trial["score"], trial["stopped"]["by"]) == ("ok", 0.1, "hopeless")
        assert trial["stopped"]["epoch"] < 10**6
    assert all(t["stopped"] is None for t in trials if t["choices"]["1.affine.units"] == 32)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--stopping", "mean"), "did you mean median"),
        (
            ("--stopping", "median,startup=0"),
            "startup of the stopping rule median is 0; it may be a whole number of 1",
        ),
        (("--stopping", "median,5"), "write name=value"),
        (
            ("--stopping", "median", "--metric", "parameters"),
            "metric is 'parameters', which is not known after each",
        ),
        (("--stopping", "median", "--evaluator", "nasbench201:t.npz"), "the table t.npz has no epochs to stop at"),
    ],
)
def test_a_rule_that_cannot_be_is_said_before_anything_is_logged(cli, tmp_path, words, says):
    done = cli("search", "nasbench201" if "--evaluator" in words else "digits", *words)
    assert (done.code, done.out) == (2, "")
    assert says in done.err
    assert not (tmp_path / "archwright.duckdb").exists()
