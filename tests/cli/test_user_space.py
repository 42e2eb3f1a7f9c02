"""A person's own space and their own kind of module, from the search to its replay; and a file that changes."""

import json
from pathlib import Path

import pytest

from tests.cli.running import SCORE, run_command

OWN = """
import archwright as aw

@aw.module
class Scale(aw.Basic):
    factor: aw.Hyperparameter[float] = aw.hyperparameter(aw.number(0.0))

    def out_shape(self, in_shape):
        return in_shape

    def compile(self, in_shape):
        import torch

        class Times(torch.nn.Module):
            def __init__(self, factor):
                super().__init__()
                self.factor = torch.nn.Parameter(torch.tensor(float(factor)))

            def forward(self, images):
                return images * self.factor

        return Times(self.factor)

def space(input_shape, classes):
    return aw.sequential(Scale(factor=[0.5, 1.0, 2.0]), aw.affine(units=[16, 32]), aw.affine(units=classes))
"""
PLAIN = """
import archwright as aw

def space(input_shape, classes):
    return aw.sequential(aw.affine(units=[16, 32, 64]), aw.relu(), aw.affine(units=classes))
"""


def read_json(folder: Path, *words: str):
    """What a command prints: in a process of its own, as there are other modules of these names in the tests'."""
    done = run_command(folder, *words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_own_module_is_trained_resumed_and_replayed(tmp_path):
    (tmp_path / "own.py").write_text(OWN)
    search = run_command(tmp_path, "search", "own.py:space", "--trials", "1", "--budget", "1epochs")
    assert search.returncode == 0, search.stderr
    assert "scale.factor" in search.stdout
    resumed = run_command(tmp_path, "resume", "--trials", "+1")
    assert resumed.returncode == 0, resumed.stderr
    assert "has changed" not in resumed.stdout
    facts = read_json(tmp_path, "show", "own-1", "1")
    assert facts["status"] == "ok"
    assert "scale(factor=" in facts["architecture"]
    assert run_command(tmp_path, "replay", "--verify").returncode == 0
    assert "next: trial 2" in run_command(tmp_path, "replay", "--trust").stdout
    assert "scale(factor=" in run_command(tmp_path, "show", "own-1", "1", "--trust").stdout
    (tmp_path / "own.py").unlink()
    assert "scale(factor=" in run_command(tmp_path, "show", "own-1", "1").stdout
    assert "cannot be drawn: there is no file" in run_command(tmp_path, "show", "own-1", "1", "--trust").stdout
    gone = run_command(tmp_path, "resume", "--trials", "+1")
    assert (gone.returncode, gone.stdout) == (2, "")
    assert "no file" in gone.stderr


@pytest.fixture
def searched(tmp_path):
    (tmp_path / "score.py").write_text(SCORE)
    (tmp_path / "plain.py").write_text(PLAIN)
    words = ("--evaluator", "score.py:score", "--trials", "6", "--input-shape", "1,8,8")
    assert run_command(tmp_path, "search", "plain.py:space", *words).returncode == 0
    return tmp_path


def test_resume_in_a_file_that_has_changed_says_what_differs(searched):
    (searched / "plain.py").write_text(PLAIN.replace("64]", "64, 128]"))
    done = run_command(searched, "resume", "--trials", "+6")
    assert done.returncode == 0, done.stderr
    assert "plain.py:space has changed since plain-1 was last in it" in done.stdout
    assert "units" in done.stdout
    assert "128" in done.stdout
    trials = read_json(searched, "show")["trials"]
    assert any(trial["choices"]["0.affine.units"] == 128 for trial in trials)
    assert run_command(searched, "replay", "--verify").returncode == 0
    assert "has changed" not in run_command(searched, "resume", "--trials", "+1").stdout
    fork = run_command(searched, "fork", "plain-1", "--at", "20", "--seed", "9", "--trials", "+2")
    assert fork.returncode == 0, fork.stderr
    assert run_command(searched, "resume", "plain-1-fork-1").returncode == 0


def test_resume_in_a_file_that_has_lost_a_model_is_refused(searched):
    (searched / "plain.py").write_text(PLAIN.replace("[16, 32, 64]", "[16, 99]"))
    before = read_json(searched, "show")["events"]
    done = run_command(searched, "resume", "--trials", "+2")
    assert (done.returncode, done.stdout) == (2, "")
    assert "plain.py:space has changed since the run began" in done.stderr
    assert "is not in the new space" in done.stderr
    assert read_json(searched, "show")["events"] == before


def test_space_that_breaks_in_the_middle_of_a_search_shows_their_traceback(tmp_path):
    """The space is checked before; but code of a person's own may fail at any time. What was logged is kept."""
    (tmp_path / "score.py").write_text(SCORE)
    fails = "        calls.append(1)\n        assert len(calls) < 40, 'too often'\n        return in_shape\n"
    own = OWN.replace("        return in_shape\n", fails).replace("[0.5, 1.0, 2.0]", "aw.reals(0.1, 2.0)")
    (tmp_path / "own.py").write_text("calls = []\n" + own)
    done = run_command(tmp_path, "search", "own.py:space", "--evaluator", "score.py:score", "--trials", "100")
    assert done.returncode == 2
    assert done.stderr.endswith("AssertionError: too often\n")
    assert "archwright/" not in done.stderr
    assert "archwright resume own-1" in done.stdout
    assert read_json(tmp_path, "show")["counts"]["ok"] > 0


def test_a_module_that_does_not_know_its_parameters_is_shown_as_far_as_it_is_known(tmp_path):
    """A search that is not about them comes to its end, and its trials can be looked at."""
    (tmp_path / "score.py").write_text(SCORE)
    counts = "    def parameters(self, in_shape):\n        raise ValueError('no count')\n\n    def compile"
    (tmp_path / "own.py").write_text(OWN.replace("    def compile", counts))
    done = run_command(tmp_path, "search", "own.py:space", "--trials", "2", "--evaluator", "score.py:score")
    assert (done.returncode, done.stderr) == (0, "")
    facts = read_json(tmp_path, "show", "own-1", "0", "--trust")
    assert facts["all_parameters"] is None
    assert facts["architecture"].startswith("the architecture cannot be drawn: Traceback")
    assert facts["architecture"].endswith("ValueError: no count")
    assert "archwright" not in facts["architecture"]
    best = run_command(tmp_path, "best", "own-1", "--trust")
    assert (best.returncode, best.stderr) == (0, "")
    drawn = run_command(tmp_path, "space", "own.py:space", "--sample", "1")
    assert (drawn.returncode, "your code failed" in drawn.stderr, "no count" in drawn.stderr) == (2, True, True)
