"""The examples run by the command that they document, in a short form."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.running import read_json, run

EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["train_pytorch", "train_lightning"])
def test_an_own_training_searches_the_digits(tmp_path, name):
    shutil.copytree(EXAMPLES, tmp_path / "examples")
    (command,) = re.findall(r"^archwright (search .*)$", (EXAMPLES / f"{name}.py").read_text(), flags=re.MULTILINE)
    words = command.replace("--trials 4 --budget 2epochs", "--trials 2 --budget 1epochs").split()
    assert words[-4:] == ["--trials", "2", "--budget", "1epochs"]
    done = run(tmp_path, *words, "--device", "cpu")
    assert done.returncode == 0, done.stderr
    trials = read_json(tmp_path, "show")["trials"]
    assert [trial["status"] for trial in trials] == ["ok", "ok"]
    best = read_json(tmp_path, "show", "digits-1", "0")
    assert best["score"] == best["metrics"]["accuracy"] > 0.5  # one in ten by chance
    assert [row["epoch"] for row in best["attempts"][0]["curve"]] == [1]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the example finds its processes in /proc")
def test_a_search_that_is_faulted_killed_and_resumed_ends_with_a_model(tmp_path):
    """On the digits; its other command does the same on MNIST."""
    words = ["digits", "--data", "digits", "--trials", "4", "--budget", "2epochs"]
    program = [sys.executable, str(EXAMPLES / "killed_and_resumed.py"), *words]
    done = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the search itself was killed" in done.stdout
    assert "4 of 4" in done.stdout or "best of 4 trials" in done.stdout
    assert "parameters, read back" in done.stdout
    assert (tmp_path / "story-model" / "model.svg").read_text().startswith("<svg")
