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
from tests.cli.running import (
    SCORE,
    TORCH_REPORTING_MAIN,
    ForkedCommand,
    RecordedCommand,
    StartedCommand,
    run_command,
    run_started,
)


@frozen
class CommandResult:
    """The exit code and the output of a command."""

    code: int
    out: str
    err: str


Command = Callable[..., CommandResult]


@pytest.fixture
def cli(tmp_path, monkeypatch, capsys) -> Command:
    """The command in this process, in a folder of its own with a score.py; for what starts no search."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))  # a person's file may import its neighbours
    for name in ("ARCHWRIGHT_LOG", "ARCHWRIGHT_DATA", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "score.py").write_text(SCORE)

    def command(*words: str) -> CommandResult:
        capsys.readouterr()
        with pytest.raises(SystemExit) as raised:
            main(words)
        code = raised.value.code
        return CommandResult(code if isinstance(code, int) else 0, *capsys.readouterr())

    return command


@pytest.fixture
def start() -> Iterator[Callable[..., RecordedCommand]]:
    """Starts a command in a folder, in a fork unless it has `popen_options`; killed after the test if it still runs.

    A command that a test sends signals to has its own workers, as with users.
    """
    with ExitStack() as commands:

        def start_command(*words: Any, **popen_options: Any) -> RecordedCommand:
            return commands.enter_context(
                StartedCommand(*words, **popen_options) if popen_options else ForkedCommand(*words, own_workers=True)
            )

        yield start_command


@pytest.fixture(scope="session")
def shared(tmp_path_factory, pytestconfig) -> Callable[[str, Callable[[Path], Any]], tuple[Path, Any]]:
    """A folder that is filled once, by the first of the processes that test side by side, and the result of filling."""
    base = tmp_path_factory.getbasetemp()
    root = base.parent if hasattr(pytestconfig, "workerinput") else base  # of xdist, with which not everybody tests

    def fill_once(name: str, fill: Callable[[Path], Any]) -> tuple[Path, Any]:
        folder, result = root / name, root / f"{name}.json"
        with FileLock(root / f"{name}.lock"):
            if not result.exists():
                folder.mkdir()
                result.write_text(json.dumps(fill(folder)))
        return folder, json.loads(result.read_text())

    return fill_once


@pytest.fixture(scope="session")
def trained(shared) -> tuple[Path, CommandResult]:
    """A folder whose log has a search of the digits, for real, and what the search printed. Only to be read."""

    def fill(folder: Path) -> tuple[int, str, str]:
        process = run_started(
            folder, "search", "digits", "--trials", "3", "--budget", "1epochs", program=TORCH_REPORTING_MAIN
        )
        return process.returncode, process.stdout, process.stderr

    folder, result = shared("trained", fill)
    return folder, CommandResult(*result)


@pytest.fixture(scope="session")
def scored(shared) -> Path:
    """A folder whose log has two searches with a function; in half-1, some trials fail. Only to be read."""

    def fill(folder: Path) -> None:
        (folder / "score.py").write_text(SCORE)
        for name, words in {
            "run-1": ["digits", "--evaluator", "score.py:score", "--trials", "8", "--workers", "2"],
            "half-1": ["figure1", "--evaluator", "score.py:half", "--metric", "cost", "--minimize", "--trials", "12"],
        }.items():
            process = run_command(folder, "search", *words, "--name", name)
            assert process.returncode in (0, 1), process.stderr

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
