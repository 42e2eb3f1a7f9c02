"""Which way a metric is better where only its name is given: the same through every door."""

from pathlib import Path

import pytest

import archwright as aw
from tests.cli.running import run_inline
from tests.studies.functions import INPUT

OWN = "def score(architecture): return {'val_loss': 0.5, 'f1': 0.5, 'accuracy': 0.5}\n"
SPACE = aw.affine(units=[8, 16, 32])
WORK = {"log": "log.duckdb", "input": INPUT}
DIRECTIONS = {"val_loss": "minimize", "f1": "maximize", "accuracy": "maximize"}


def score(architecture) -> dict[str, float]:
    return dict.fromkeys(DIRECTIONS, 1 / dict(architecture.hyperparameters)["units"])


@pytest.mark.parametrize("metric", DIRECTIONS)
def test_a_name_says_the_same_through_every_door(tmp_path, monkeypatch, metric):
    monkeypatch.chdir(tmp_path)
    Path("own.py").write_text(OWN)
    quiet = {**WORK, "workers": 0, "progress": False}
    searched = aw.search(SPACE, score, objective=metric, trials=3, name="searched", **quiet)
    choose = min if DIRECTIONS[metric] == "minimize" else max
    assert searched.best().score == choose(trial.score for trial in searched if trial.score is not None)
    aw.compare(SPACE, score, ["random"], objective=metric, seeds=1, trials=1, name="compared", **quiet)
    with aw.study(SPACE, objective=metric, name="told", **WORK) as study:
        study.tell(study.ask(), 0.5)
    options = ["--evaluator", "own.py:score", "--metric", metric, "--trials", "1", "--name", "typed"]
    assert run_inline(tmp_path, "search", "figure1", *options, "--log", "log.duckdb").returncode == 0
    searched.retrain(seeds=1, workers=0, progress=False, name="again")
    objectives = {run.objective for run in aw.Log("log.duckdb").values()}
    assert objectives == {aw.Objective(metric, DIRECTIONS[metric])}


@pytest.mark.parametrize(
    ("objective", "says"),
    [
        ("f1", ", maximize f1"),
        ("val_loss", ""),
        ("accuracy", ""),
        (aw.maximize("val_loss"), ", maximize val_loss"),
        (aw.minimize("accuracy"), ", minimize accuracy"),
    ],
)
def test_the_head_says_the_direction_that_the_name_does_not(tmp_path, monkeypatch, capsys, objective, says):
    monkeypatch.chdir(tmp_path)
    aw.search(SPACE, score, objective=objective, trials=1, name="one", workers=0, **WORK)
    assert capsys.readouterr().out.splitlines()[0].endswith(f", seed 0{says}")
    aw.compare(SPACE, score, ["random"], objective=objective, seeds=1, trials=1, name="two", workers=0, **WORK)
    lines = capsys.readouterr().out.splitlines()
    assert ([line for line in lines if line.startswith("the searches ")] == [f"the searches {says[2:]}"]) == bool(says)
