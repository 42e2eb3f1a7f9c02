"""A space that is a value and says its input: through every door by which a space comes in."""

import json
from pathlib import Path
from typing import Any

import pytest

import archwright as aw
from archwright.execution.spaces import UNNAMED_TERM, find_space
from tests.cli.running import read_json, run_command
from tests.evaluate.token_modules import Embedding

TOKENS = aw.tokens(50, 20)
TERM = aw.sequential(Embedding(50, [2, 4, 8, 16]), aw.flatten(), aw.affine([4, 8]), aw.affine(2))
SPACE = aw.takes(TOKENS)(TERM)


def grade(architecture: aw.Term, input: aw.Input, input_shape: aw.Shape) -> dict[str, float]:  # noqa: A002
    """A score that follows from the architecture and from what it is told of the input."""
    assert input.shape == input_shape
    return {"accuracy": architecture.parameters(input) / 10_000, "vocabulary": float(input.vocabulary or 0)}


def search(folder: Path, space: Any = SPACE, evaluation: Any = grade, **options: Any) -> aw.Run:
    usual = {"trials": 3, "workers": 0, "log": folder / "archwright.duckdb", "progress": False}
    return aw.search(space, evaluation, **usual | options)


def read_start(run: aw.Run) -> Any:
    return run.view.run.started


def test_a_search_is_about_the_input_that_the_space_takes(tmp_path):
    """It is logged as the term alone with that input is; and goes on in another process as any other."""
    run = search(tmp_path)
    alone = search(tmp_path, TERM, input=TOKENS, name="alone")
    started = read_start(run)
    assert (started.space_source, started.model_input) == (UNNAMED_TERM, TOKENS)
    assert started == read_start(alone)
    assert [trial.score for trial in run] == [trial.score for trial in alone]
    assert {trial.metrics["vocabulary"] for trial in run} == {50}
    again = aw.resume(run.name, log=tmp_path / "archwright.duckdb", trials="+1", workers=0, progress=False)
    assert [trial.metrics["vocabulary"] for trial in again] == [50] * 4
    assert again.verify().is_whole


def test_what_the_person_says_counts_more(tmp_path):
    run = search(tmp_path, input=aw.tokens(60, 10))
    assert read_start(run).model_input == aw.tokens(60, 10)
    run = search(tmp_path, aw.takes((8,))(aw.affine([2, 3])), input="features:5", name="other")
    assert read_start(run).model_input == aw.features(5)


def test_what_the_data_say_counts_more(tmp_path):
    """Than what the space says; the digits are of 1x8x8."""
    run = search(tmp_path, aw.takes((3, 4, 4))(aw.affine([10, 11])), aw.function(grade, data="digits"), trials=1)
    assert read_start(run).model_input == aw.image(1, 8, 8)


def test_a_study_is_about_it_and_goes_on(tmp_path):
    log = tmp_path / "archwright.duckdb"
    for _ in range(2):  # begun, and gone on with by the same call
        with aw.study(SPACE, name="mine", log=log) as study:
            assert study.run.view.run.started is not None
            assert study.run.view.run.started.model_input == TOKENS
            study.tell(study.ask(), 0.5)
    assert len(aw.Log(log)["mine"].trials) == 2


def test_a_comparison_is_about_it(tmp_path):
    log = tmp_path / "archwright.duckdb"
    aw.compare(SPACE, grade, ["random", "mcts"], seeds=1, trials=2, log=log, progress=False, workers=1)
    assert {read_start(run).model_input for run in aw.Log(log).values()} == {TOKENS}


FILE = """
import archwright as aw


@aw.module
class Embed(aw.Basic):
    vocabulary: int
    width: aw.Hyperparameter[int] = aw.hyperparameter(aw.integer(1))

    def out_shape(self, in_shape):
        return (*in_shape, self.width)


term = aw.sequential(Embed(50, [2, 4, 8, 16]), aw.flatten(), aw.affine([4, 8]), aw.affine(2))
space = aw.takes(aw.tokens(50, 20))(term)


def grade(architecture, input):
    return {"accuracy": architecture.parameters(input) / 10_000, "vocabulary": input.vocabulary}
"""


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "mine.py").write_text(FILE)
    return tmp_path


def run_well(folder: Path, *words: str) -> str:
    done = run_command(folder, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_file_names_one(folder):
    """Shown, searched and gone on with by the command line, with workers."""
    assert "for inputs of tokens 50x20" in run_well(folder, "space", "mine.py:space")
    run_well(folder, "search", "mine.py:space", "--evaluator", "mine.py:grade", "--trials", "3", "--workers", "2")
    run_well(folder, "resume", "--trials", "+1")
    details = read_json(folder, "show", "mine-1")
    assert (details["input"], len(details["trials"])) == ("tokens:50,20", 4)
    assert {json.dumps(trial["status"]) for trial in details["trials"]} == {'"ok"'}
    run_well(
        folder, "search", "mine.py:space", "--evaluator", "mine.py:grade", "--trials", "1", "--input", "tokens:50,7"
    )
    assert read_json(folder, "show", "mine-2")["input"] == "tokens:50,7"
    assert find_space(f"{folder / 'mine.py'}:space").input == TOKENS
