"""Logs for the tests to read, each made once, and the command within this process."""

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen
from filelock import FileLock

from archwright.cli.main import main
from tests.cli.running import SCORE, WATCHED, Forked, Heard, Started, run, started


@frozen
class Done:
    """What a command did."""

    code: int
    out: str
    err: str


Command = Callable[..., Done]


@pytest.fixture
def cli(tmp_path, monkeypatch, capsys) -> Command:
    """The command in this process, in a folder of its own with a score.py; for what starts no search."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))  # a person's file may import its neighbours
    for name in ("ARCHWRIGHT_LOG", "ARCHWRIGHT_DATA", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "score.py").write_text(SCORE)

    def command(*words: str) -> Done:
        capsys.readouterr()
        with pytest.raises(SystemExit) as raised:
            main(words)
        code = raised.value.code
        return Done(code if isinstance(code, int) else 0, *capsys.readouterr())

    return command


@pytest.fixture
def start() -> Iterator[Callable[..., Heard]]:
    """Starts a command in a folder, in a fork unless there is `more` to it; what goes on after the test is killed.

    What a test sends signals to has the processes that it has with people.
    """
    with ExitStack() as commands:

        def begun(*words: Any, **more: Any) -> Heard:
            return commands.enter_context(Started(*words, **more) if more else Forked(*words, own_workers=True))

        yield begun


@pytest.fixture(scope="session")
def shared(tmp_path_factory, pytestconfig) -> Callable[[str, Callable[[Path], Any]], tuple[Path, Any]]:
    """A folder that is filled once, whichever of the processes that test side by side is first, and what that told."""
    base = tmp_path_factory.getbasetemp()
    root = base.parent if hasattr(pytestconfig, "workerinput") else base  # of xdist, with which not everybody tests

    def filled(name: str, fill: Callable[[Path], Any]) -> tuple[Path, Any]:
        folder, told = root / name, root / f"{name}.json"
        with FileLock(root / f"{name}.lock"):
            if not told.exists():
                folder.mkdir()
                told.write_text(json.dumps(fill(folder)))
        return folder, json.loads(told.read_text())

    return filled


@pytest.fixture(scope="session")
def trained(shared) -> tuple[Path, Done]:
    """A folder whose log has a search of the digits, for real, and what the search printed. Only to be read."""

    def fill(folder: Path) -> tuple[int, str, str]:
        done = started(folder, "search", "digits", "--trials", "3", "--budget", "1epochs", program=WATCHED)
        return done.returncode, done.stdout, done.stderr

    folder, told = shared("trained", fill)
    return folder, Done(*told)


@pytest.fixture(scope="session")
def scored(shared) -> Path:
    """A folder whose log has two searches with a function; in half-1, some trials fail. Only to be read."""

    def fill(folder: Path) -> None:
        (folder / "score.py").write_text(SCORE)
        for name, words in {
            "run-1": ["digits", "--evaluator", "score.py:score", "--trials", "8", "--workers", "2"],
            "half-1": ["figure1", "--evaluator", "score.py:half", "--metric", "cost", "--minimize", "--trials", "12"],
        }.items():
            done = run(folder, "search", *words, "--name", name)
            assert done.returncode in (0, 1), done.stderr

    return shared("scored", fill)[0]


@pytest.fixture
def log(scored, tmp_path) -> Path:
    """A copy of that log in the command's folder."""
    return Path(shutil.copy(scored / "archwright.duckdb", tmp_path / "archwright.duckdb"))


@pytest.fixture
def digits_log(trained, tmp_path) -> Path:
    """A copy of the log with a search of the digits, and of what lies beside it, in the command's folder."""
    beside = "archwright.duckdb.artifacts"
    shutil.copytree(trained[0] / beside, tmp_path / beside)
    return Path(shutil.copy(trained[0] / "archwright.duckdb", tmp_path / "archwright.duckdb"))


@pytest.fixture
def reader(cli, log) -> Command:
    """The command in a folder with a log."""
    assert log.exists()
    return cli
