"""A log that somebody sends runs none of their code when it is looked at, and none that nobody has let run."""

import re
from itertools import count
from pathlib import Path

import pytest
from attrs import field, frozen

import archwright as aw
from archwright.core.budget import Budget
from archwright.core.errors import ArchwrightError
from archwright.core.objective import Objective
from archwright.evaluate.functions.evaluation import Function
from archwright.evaluate.logged_evaluations import evaluation_to_json
from archwright.evaluate.training.evaluation import Training
from archwright.results.log import Log
from archwright.results.run import Run
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import AttemptEnded, AttemptStarted, Proposed, RunStarted, RunStopped, Scored
from archwright.store.log import START
from archwright.store.permission import NotTrusted, trust_file
from tests.cli.running import run_command

NUMBERS = count()  # of kinds: one that a test has imported is known to the process from then on
CODE = """
from pathlib import Path

Path({mark!r}).touch()

import archwright as aw

@aw.module
class Scale(aw.Basic):
    kind = {kind!r}
    factor: aw.Hyperparameter[float] = aw.hyperparameter(aw.number(0.0))

    def out_shape(self, in_shape):
        return in_shape

    def parameters(self, in_shape):
        return 12345

def space(input_shape, classes):
    return aw.sequential(Scale([0.5, 1.0]), aw.affine([16, 32]), aw.affine(classes))

def score(architecture, budget):
    return 0.5
"""


class Enough(ArchwrightError):
    """A command that has come to where it would begin with its work."""


@frozen
class Sent:
    """A log that somebody has sent, and the file that it names."""

    folder: Path
    kind: str = field(factory=lambda: f"theirs_{next(NUMBERS)}")
    place: str = "space.py"
    is_own: bool = True  # whether its space holds a kind of module that is not built in

    @property
    def file(self) -> Path:
        return self.folder / self.place

    @property
    def ran(self) -> bool:
        """Whether the file was run."""
        return (self.folder / "ran").exists()

    def written(self, evaluator: object = None, searcher: object = None) -> "Sent":
        """The file and the log, which nobody has run anything of."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(CODE.format(mark=str(self.folder / "ran"), kind=self.kind))
        space = aw.to_json(aw.sequential(aw.dropout([0.5, 1.0]), aw.affine([16, 32]), aw.affine(10)))
        if self.is_own:
            space["children"][0] = {"kind": self.kind, "factor": space["children"][0]["rate"]}
        started = RunStarted(
            space=space,
            space_source=f"{self.place}:space",
            input_shape=(1, 8, 8),
            searcher=searcher or {"name": "random"},
            evaluator=evaluation_to_json(evaluator or Training()),
            objective=Objective(),
            budget=Budget(1, "epochs"),
            seed=0,
            trials=1,
            versions={},
        )
        first = f"0.{self.kind}.factor" if self.is_own else "0.dropout.rate"
        path = ((first, 0.5), ("1.affine.units", 32))
        events = [
            started,
            Proposed(0, path, Budget(1, "epochs")),
            AttemptStarted(0, 1),
            AttemptEnded(0, 1, "ok", 1.0, {"accuracy": 0.5}),
            Scored(0, "ok", 0.5, {"accuracy": 0.5}),
            RunStopped("finished"),
        ]
        DuckDBLog(self.folder / "archwright.duckdb").append("theirs-1", events, START)
        return self


@pytest.fixture(autouse=True)
def nothing_trusted(tmp_path, monkeypatch):
    monkeypatch.setenv("ARCHWRIGHT_CONFIG", str(tmp_path / "settings"))


@pytest.fixture
def sent(cli, tmp_path) -> Sent:
    assert cli
    return Sent(tmp_path).written()


@pytest.fixture(autouse=True)
def no_work(monkeypatch):
    """Commands end where they would start workers or write a model: what is asked here is what ran by then."""

    def enough(*_, **__):
        raise Enough("enough")

    monkeypatch.setattr("archwright.evaluate.data_evaluation.open_workers", enough)
    monkeypatch.setattr("archwright.evaluate.export.folder.export_model", enough)


READING = [
    ["runs"],
    ["show"],
    ["show", "--json"],
    ["show", "theirs-1", "0"],
    ["show", "theirs-1", "0", "--json"],
    ["show", "theirs-1", "0", "--derivation"],
    ["show", "theirs-1", "0", "--svg", "model.svg"],
    ["best"],
    ["best", "--json"],
    ["replay"],
    ["replay", "--json"],
    ["plot", "theirs-1"],
    ["sql", "from choices"],
    ["verify"],
    ["fork", "theirs-1", "--at", "5"],
]
REPLAYING = [
    ["replay", "--verify"],
    ["replay", "--at", "2"],
    ["show", "theirs-1", "0", "--derivation", "--svg", "tree.svg"],
]
RUNNING = [
    ["resume", "--trials", "+1"],
    ["retrain", "theirs-1", "0"],
    ["export", "theirs-1", "0", "model", "--untrained"],
]


def test_values_run_no_code_of_others_unless_they_may(sent):
    log = sent.folder / "archwright.duckdb"
    run = Run.read(log)
    assert run.best().choices == {f"0.{sent.kind}.factor": 0.5, "1.affine.units": 32}
    assert run.best().parameters is None
    for text in (
        repr(run),
        run._repr_html_(),
        run.best()._repr_html_(),
        repr(run.frame()),
        repr(run.sql("from trials")),
    ):
        assert text
    for ask in (lambda: run.space, lambda: run.best().architecture, run.verify):
        with pytest.raises(NotTrusted, match=re.escape(str(sent.file))):
            ask()
    assert not sent.ran
    assert Log(log, trust=True)["theirs-1"].best().architecture.parameters((1, 8, 8)) > 12345
    assert sent.ran


@pytest.mark.parametrize("is_listed", [False, True])
@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_what_only_reads_runs_nothing(cli, sent, words, is_listed):
    """Also not what this person trusts: looking at a log is looking at it."""
    if is_listed:
        trust_file(str(sent.file))
    done = cli(*words)
    assert done.code == 0, done.err
    assert not sent.ran


@pytest.mark.parametrize("words", [*REPLAYING, *RUNNING], ids=" ".join)
def test_what_must_run_code_says_which_file_it_would_run(cli, sent, words):
    done = cli(*words)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"error: the log names code in {sent.file}, which no command of yours has named;")
    assert "--trust" in done.err
    assert not sent.ran


@pytest.mark.parametrize("words", [*REPLAYING, *RUNNING], ids=" ".join)
def test_it_runs_where_its_file_is_on_the_list_whatever_is_in_it_by_now(cli, sent, words):
    """One goes on editing a space of one's own."""
    trust_file(str(sent.file))
    sent.file.write_text(sent.file.read_text() + "\n# edited\n")
    done = cli(*words)
    assert "the log names code" not in done.err
    assert sent.ran


FUNCTION = ["--evaluator", "score.py:score"]


@pytest.mark.parametrize(
    ("words", "files"),
    [
        (["space", "space.py:space", "--count"], ["space.py"]),
        (["search", "space.py:space"], ["space.py"]),
        (["search", "space.py:space", *FUNCTION], ["score.py", "space.py"]),
        (["search", "digits", *FUNCTION], ["score.py"]),
        (["search", "digits"], []),
        (["compare", "space.py:space", "--searcher", "random", *FUNCTION], ["score.py", "space.py"]),
    ],
    ids=str,
)
def test_every_command_that_names_a_file_puts_it_on_the_list(cli, sent, monkeypatch, words, files):
    monkeypatch.setattr("archwright.studies.comparing.run_comparison", lambda *_: exit(0))
    cli(*words, "--input-shape", "1,8,8") if FUNCTION[1] in words or words[0] == "space" else cli(*words)
    listed = sent.folder / "settings/trusted"
    assert (listed.read_text().splitlines() if files else []) == [str(sent.folder / file) for file in files]
    assert listed.exists() == bool(files)


@pytest.mark.parametrize("words", [*REPLAYING, *RUNNING, ["show", "theirs-1", "0"], ["best"], ["replay"]], ids=" ".join)
def test_it_runs_with_trust_which_is_for_this_once(cli, sent, words):
    done = cli(*words, "--trust")
    assert "the log names code" not in done.err
    assert sent.ran
    assert not (sent.folder / "settings/trusted").exists()


@pytest.mark.parametrize("words", [*REPLAYING, *RUNNING, ["show", "theirs-1", "0"]], ids=" ".join)
def test_what_lies_among_the_artifacts_runs_with_trust_alone(cli, tmp_path, words):
    """They travel with a log: neither was it named by a person who runs a log from there, nor do they know it."""
    sent = Sent(tmp_path, place="archwright.duckdb.artifacts/theirs-1/space.py").written()
    trust_file(str(sent.file))
    done = cli(*words)
    assert not sent.ran
    assert ("travels with logs" in done.err) == (words in [*REPLAYING, *RUNNING])
    cli(*words, "--trust")
    assert sent.ran


def test_naming_what_lies_among_artifacts_lets_it_run_and_puts_it_on_no_list(cli, tmp_path):
    sent = Sent(tmp_path, place="archwright.duckdb.artifacts/theirs-1/space.py").written()
    assert cli("space", f"{sent.place}:space").code == 0
    assert sent.ran
    assert not (tmp_path / "settings/trusted").exists()


def test_a_function_that_scores_is_asked_for_as_well(cli, tmp_path):
    """Also where the space is built in."""
    sent = Sent(tmp_path).written(Function(f"{tmp_path}/theirs.py:score"))
    (tmp_path / "theirs.py").write_text("def score(architecture, budget):\n    return 0.5\n")
    trust_file(str(sent.file))
    done = cli("resume", "--trials", "+1")
    assert f"the log names code in {tmp_path / 'theirs.py'}" in done.err
    assert not sent.ran
    trust_file(str(tmp_path / "theirs.py"))
    assert "enough" in cli("resume", "--trials", "+1").err


def test_a_retraining_of_built_in_modules_runs_no_code_of_others(cli, tmp_path, monkeypatch):
    """Neither here nor in its workers: nothing of it is needed."""
    given = {}

    def enough(*_, **more):
        given.update(more)
        raise Enough("enough")

    monkeypatch.setattr("archwright.evaluate.data_evaluation.open_workers", enough)
    sent = Sent(tmp_path, is_own=False).written()
    assert "enough" in cli("retrain", "theirs-1", "0").err
    assert given["space_source"] == ""
    assert not sent.ran


def test_an_unknown_kind_is_shown_by_what_the_log_has(cli, sent):
    done = cli("show", "theirs-1", "0")
    assert f"{sent.kind}(factor=0.5)" in done.out
    assert "affine(units=32)" in done.out
    assert (
        f"what only the code of {sent.kind} tells, such as shapes, is left out; "
        f"--trust (trust=True in Python) runs it, from {sent.file}" in done.out
    )
    assert "12,345 parameters" in cli("show", "theirs-1", "0", "--trust").out
    assert "left out" not in cli("show", "theirs-1", "0", "--trust").out


def test_the_picture_of_an_unknown_kind(cli, sent):
    done = cli("show", "theirs-1", "0", "--svg", "model.svg")
    picture = (sent.folder / "model.svg").read_text()
    assert sent.kind in picture
    assert "factor 0.5" in picture
    assert "--trust" in done.err


def test_the_best_and_the_belief_say_what_they_leave_out(cli, sent):
    assert f"--trust (trust=True in Python) runs it, from {sent.file}" in cli("best").out
    assert "what the searcher would propose next is not told" in cli("replay").out


def test_a_file_that_is_gone_keeps_nobody_from_looking(cli, sent):
    sent.file.unlink()
    assert f"{sent.kind}(factor=0.5)" in cli("show", "theirs-1", "0").out
    assert "there is no file" in cli("resume", "--trials", "+1").err


def test_a_list_that_cannot_be_written_stops_nothing(cli, sent, monkeypatch):
    (sent.folder / "no folder").touch()
    monkeypatch.setenv("ARCHWRIGHT_CONFIG", str(sent.folder / "no folder"))
    done = cli("space", f"{sent.file}:space", "--count")
    assert (done.code, done.out) == (0, "4\n")
    assert f"{sent.file} cannot be put on the list of trusted files" in done.err


def test_workers_run_what_was_named_and_a_search_of_ones_own_goes_on(tmp_path):
    """In processes: naming it in a search is enough for all that comes after."""
    sent = Sent(tmp_path).written()
    words = ["--evaluator", "space.py:score", "--input-shape", "1,8,8", "--trials", "1", "--name", "mine"]
    search = run_command(tmp_path, "search", "space.py:space", *words)
    assert search.returncode == 0, search.stderr
    sent.file.write_text(sent.file.read_text() + "\n# edited\n")
    resumed = run_command(tmp_path, "resume", "mine", "--trials", "+1")
    assert resumed.returncode == 0, resumed.stderr
    assert run_command(tmp_path, "replay", "mine", "--verify").returncode == 0
    assert (tmp_path / "settings/trusted").read_text() == f"{sent.file}\n"
