"""What a person says of the evaluator, before anything is evaluated."""

import json

import pytest
from safetensors import safe_open

from archwright.cli.values import BadOption, parse_settings
from tests.cli.running import read_json, run_command
from tests.terminal_text import find_controls

OWN = """
def train(model, data):
    return float(sum(weights.abs().sum() for weights in model.parameters()))

def counts(architecture, budget):
    return 1
"""


@pytest.mark.slow
def test_a_training_of_ones_own_keeps_its_best_model_and_one_without_a_model_nothing(tmp_path):
    (tmp_path / "own.py").write_text(OWN)
    words = ("search", "digits", "--data", "digits", "--evaluator")
    assert run_command(tmp_path, *words, "own.py:counts", "--name", "counts", "--trials", "1").returncode == 0
    assert not (tmp_path / "archwright.duckdb.artifacts").exists()
    assert run_command(tmp_path, *words, "own.py:train", "--name", "own", "--trials", "3").returncode == 0
    best = read_json(tmp_path, "best", "own", "-n", "1")[0]["trial"]
    kept = list((tmp_path / "archwright.duckdb.artifacts" / "own").glob("*/model.safetensors"))
    assert [path.parent.name for path in kept] == [f"trial-{best}"]
    with safe_open(kept[0], "np") as file:
        normalisation = json.loads(file.metadata()["normalisation"])
    assert normalisation["mean"] == [pytest.approx(77.86, abs=0.005)]


def test_a_setting_that_is_given_twice_is_refused():
    """As under two names."""
    assert parse_settings("--train", ["flip=true", "crop=2"]) == {"flip": True, "crop": 2}
    with pytest.raises(BadOption, match=r"--train gives flip twice, as True and as False; keep one of them"):
        parse_settings("--train", ["flip=true", "crop=2", "flip = false"])


def test_a_search_says_what_does_nothing_and_what_is_given_twice(cli, tmp_path):
    """The latter is a mistake."""
    (tmp_path / "score.py").write_text("def score(architecture, settings): return 1")
    words = ("search", "digits", "--data", "digits", "--trials", "1", "--train", "learning_rate=0.5")
    done = cli(*words, "--train", "learning_rate=0.25", "--evaluator", "score.py:score")
    assert (done.code, done.out) == (2, "")
    assert "--train gives learning_rate twice, as 0.5 and as 0.25" in done.err
    done = cli(*words, "--train", "other=1", "--evaluator", "score.py:score", "--name", "a/b")
    assert "learning_rate does nothing: the space sets learning_rate in every model\n" in done.err
    assert "--train other" not in done.err


@pytest.mark.parametrize(
    "words",
    [
        ["--metric", "a\nb"],
        ["--train", "a\x1b[2J=1"],
        ["--train", "a=\x1b[2J"],
        ["--train", 'a="\\u202e"'],
        ["--set", "a\x00=1"],
    ],
)
def test_names_and_settings_that_would_steer_a_terminal_are_refused_by_name(cli, words):
    done = cli("search", "digits", "--evaluator", "score.py:score", *words)
    assert done.code == 2
    assert f"error: {words[0]}" in done.err
    assert "control character" in done.err
    assert not find_controls(done.err) - {"\n"}
