"""Everything of a person's own at once, from outside of the package: one run, in many processes of the command.

The searcher, the rule, the data and the kind of module are those of docs/extending.md; the evaluation is a training
that says its score otherwise.
"""

import re
import subprocess
import sys

import pytest

from tests.cli.running import StartedCommand, make_environment, run_started
from tests.paths import ROOT

FRUGAL = """
import time
from pathlib import Path

from attrs import evolve, frozen

import archwright as aw


@frozen
class Frugal(aw.Training):
    price: float = 0.0

    def prepare(self, index, threads):
        evaluate = super().prepare(index, threads)

        def evaluate_frugally(job, report):
            with Path("begun").open("a") as begun:
                begun.write(".")
            while Path("begun").stat().st_size > 3 and not Path("go").exists():
                time.sleep(0.02)
            verdict = evaluate(job, report)
            accuracy = verdict.metrics["accuracy"] - self.price * job.architecture.parameters((8,))
            return evolve(verdict, metrics={**verdict.metrics, "accuracy": accuracy})

        return evaluate_frugally
"""
SEARCH = """
import sys

import archwright as aw
from clouds import load
from floor import Floor
from frugal import Frugal
from largest import Largest
from leaky import Leaky

space = aw.sequential(aw.affine([16, 32]), Leaky([0.01, 0.1]), aw.affine(3))
evaluation = Frugal(load, price=1e-6)
extensions = {"searcher": Largest(draws=3), "stopping": Floor(least=0.01)}
aw.search(space, evaluation, **extensions, budget="2epochs", trials=6, workers=2, name="own")
"""
GO_ON = """
import torch

import archwright as aw

run = aw.Log("archwright.duckdb")["own"].resume(trials="+1", workers=2)
assert len(run.trials) == 8, run
assert all(trial.score is not None for trial in run.trials)
assert run.space.children[1].kind == "leaky"
assert run.best().model()(torch.zeros(1, 8)).shape == (1, 3)
print(run.verify())
run.best().export("from-python")
fork = run.fork(at=8).resume(trials=4)
print(fork.verify())
print(run.view.run.started.evaluator["kind"], run.view.run.started.searcher["name"])
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the files of the page and the evaluation; nothing of it is trusted as yet."""
    page = (ROOT / "docs" / "extending.md").read_text()
    for name, text in re.findall(r"^cat > (\S+) << 'END'\n(.*?)^END$", page, flags=re.DOTALL | re.MULTILINE):
        (tmp_path / name).write_text(text)
    (tmp_path / "frugal.py").write_text(FRUGAL)
    monkeypatch.setenv("ARCHWRIGHT_CONFIG", str(tmp_path / "settings"))
    return tmp_path


def run_python(folder, text: str) -> str:
    """What a script of a person's prints, in a process of its own."""
    (folder / "script.py").write_text(text)
    command = [sys.executable, "script.py"]
    done = subprocess.run(command, cwd=folder, env=make_environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def kill_when_trials_wait(folder, command: StartedCommand) -> None:
    """SIGKILL once the first trials have scores and the next ones are under way."""
    command.wait_for("accuracy", times=2)
    while (folder / "begun").stat().st_size < 4:
        assert command.poll() is None, command.get_output("stderr")
    command.kill()
    command.wait()
    (folder / "go").touch()


def go_on_elsewhere(folder) -> None:
    """Other processes resume, verify, replay and export the killed run, and Python goes on with it."""
    for words in (
        ("resume", "own", "--workers", "2"),
        ("verify",),
        ("replay", "own", "--verify"),
        ("resume", "own", "--trials", "+1"),
        ("export", "own", "best", "from-command"),
        ("show", "own", "0"),
    ):
        done = run_started(folder, *words)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
    assert "leaky.slope" in done.stdout
    told = run_python(folder, GO_ON)
    assert told.count("as the searcher makes them") == 2
    for model in ("from-command", "from-python"):
        assert (folder / model / "model.safetensors").exists()
        assert "LeakyReLU" in (folder / model / "model.py").read_text()


@pytest.mark.slow
def test_a_run_of_extensions_alone_is_killed_and_goes_on_by_their_names(folder):
    """Each by a text of the command line."""
    words = [
        *("search", "leaky.py:space", "--evaluator", "frugal.py:Frugal,data=clouds.py:load,price=1e-6"),
        *("--searcher", "largest.py:Largest,draws=3", "--stopping", "floor.py:Floor,least=0.01"),
        *("--budget", "2epochs", "--trials", "6", "--workers", "2", "--name", "own"),
    ]
    with StartedCommand(folder, *words) as command:
        kill_when_trials_wait(folder, command)
    go_on_elsewhere(folder)


@pytest.mark.slow
def test_a_run_of_extensions_alone_is_killed_and_goes_on_by_where_its_values_are_defined(folder):
    """Each as a value of Python."""
    (folder / "begin.py").write_text(SEARCH)
    program = "import runpy, sys; sys.path.insert(0, ''); runpy.run_path('begin.py', run_name='__main__')"
    with StartedCommand(folder, program=program) as command:
        kill_when_trials_wait(folder, command)
    go_on_elsewhere(folder)
