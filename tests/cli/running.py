"""The command as people run it: in a process of its own, in a folder of its own."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack, chdir, redirect_stderr, redirect_stdout
from functools import cache
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from tests.cli import forking

MAIN = "import sys; from archwright.cli.main import main; main(sys.argv[1:])"
# A coordinator must never import torch: it prints whether it did when it ends.
TORCH_REPORTING_MAIN = """
import atexit, sys
atexit.register(lambda: print("torch imported:", "torch" in sys.modules, file=sys.stderr))
from archwright.cli.main import main
main(sys.argv[1:])
"""
TIMEOUT_SECONDS = 240  # which no command here may take, on the slowest machine

SCORE = """
import os
import time
from pathlib import Path

def score(architecture, budget, seed, report):
    for epoch in range(1, 4):
        report(epoch, accuracy=0.1 * epoch)
    return (seed % 997) / 997

def paced(architecture, budget, seed):
    time.sleep(0.05)
    with Path("paced").open("a") as begun:
        begun.write(".")
    while Path("paced").stat().st_size >= 16 and not Path("go").exists():
        time.sleep(0.02)
    return (seed % 997) / 997

def waits(architecture, budget, seed, report):
    report(1, accuracy=0.1)
    while not Path("go").exists():
        time.sleep(0.02)
    return (seed % 997) / 997

def fails(architecture, budget):
    raise ValueError("the score has no number")

def killed(architecture, budget, seed):
    if not Path("killed").exists():
        Path("killed").touch()
        os.kill(os.getpid(), 9)
    return 0.5

def half(architecture, budget, seed):
    if seed % 2:
        raise ValueError("an odd seed")
    return {"accuracy": 0.5, "cost": seed % 7}
"""


def make_environment() -> dict[str, str]:
    """This process's, without what would change what commands do.

    Threads that wait must not spin: on cores that others use too, that makes training several times as slow.
    """
    ignored = ("ARCHWRIGHT_LOG", "ARCHWRIGHT_DATA", "COLUMNS")
    environment = {name: value for name, value in os.environ.items() if name not in ignored}
    return environment | {"OMP_WAIT_POLICY": "PASSIVE"}


class RecordedCommand:
    """A command whose output goes to files, where it can be read while it runs."""

    def _open_files(self) -> dict[str, Any]:
        self._files = {stream: tempfile.TemporaryFile("ab+") for stream in ("stdout", "stderr")}  # noqa: SIM115
        return self._files

    def get_output(self, stream: str) -> str:
        """All that it has written to a stream so far."""
        file = self._files[stream].fileno()
        return os.pread(file, os.fstat(file).st_size, 0).decode()

    def wait_for(self, words: str, stream: str = "stdout", times: int = 1) -> None:
        """Return once it has printed `words` so many times; fails if it ends before."""
        while self.get_output(stream).count(words) < times:
            has_ended = self.poll() is not None
            if has_ended and self.get_output(stream).count(words) < times:
                output = self.get_output("stdout") + self.get_output("stderr")
                pytest.fail(f"it never said {words!r}; it ended with {self.returncode} after\n{output}")
            time.sleep(0.01)

    def wait_to_end(self) -> tuple[str, str]:
        """All that it has written to stdout and to stderr, once it has ended."""
        self.wait(TIMEOUT_SECONDS)
        return self.get_output("stdout"), self.get_output("stderr")

    def __exit__(self, *error: Any) -> None:
        self.kill()
        super().__exit__(*error)
        for file in self._files.values():
            file.close()


class StartedCommand(RecordedCommand, subprocess.Popen[bytes]):
    """A command in `folder`, in a process that is started for it, as users do; it is killed at the end of the block."""

    def __init__(self, folder: Path, *words: str, program: str = MAIN, **popen_options: Any) -> None:
        command = [sys.executable, "-P", "-c", program, *words]
        super().__init__(command, cwd=folder, env=make_environment(), **{**self._open_files(), **popen_options})


class ForkedCommand(RecordedCommand, forking.Command):
    """The same in a fork, which costs less; so are its workers, unless it is to start its `own_workers`."""

    def __init__(self, folder: Path, *words: str, own_workers: bool = False) -> None:
        environment = make_environment() | ({forking.OWN_WORKERS: "1"} if own_workers else {})
        with Path(os.devnull).open() as devnull:
            streams = [stream.fileno() for stream in (devnull, *self._open_files().values())]
            super().__init__(get_fork_server().socket, words, str(folder), environment, streams)


SESSION_STACK = ExitStack()  # what lasts until the tests are over


@cache
def get_fork_server() -> forking.Commands:
    """The server that commands are forked from, which is started with the first of them."""
    folder = SESSION_STACK.enter_context(tempfile.TemporaryDirectory(prefix="commands"))
    return SESSION_STACK.enter_context(forking.Commands(Path(folder), make_environment()))


def run_command(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The result of a command in `folder`, in a fork."""
    return _wait_for_result(ForkedCommand(folder, *words), words)


def run_started(folder: Path, *words: str, program: str = MAIN) -> subprocess.CompletedProcess[str]:
    """The same in a process that is started for it."""
    return _wait_for_result(StartedCommand(folder, *words, program=program), words)


def _wait_for_result(command: StartedCommand | ForkedCommand, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    with command:
        out, err = command.wait_to_end()
    return subprocess.CompletedProcess(words, command.returncode, out, err)


def run_inline(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The same within this process, for a command that only reads the log: at a third of the cost.

    Not for a log with modules of a person's own: other tests define others of their names here.
    """
    from archwright.cli.main import main  # only here, since what tests are configured with imports this

    out, err = (TextIOWrapper(BytesIO(), encoding="utf-8") for _ in range(2))
    environment = {name: value for name, value in make_environment().items() if name in os.environ}
    with patch.dict(os.environ, environment, clear=True), chdir(folder), redirect_stdout(out), redirect_stderr(err):
        with pytest.raises(SystemExit) as exit_:
            main(words)
        output = []
        for stream in (out, err):
            stream.flush()
            output.append(stream.buffer.getvalue().decode())
    return subprocess.CompletedProcess(words, exit_.value.code or 0, *output)


def read_json(folder: Path, *words: str) -> Any:
    """What a command that only reads prints with --json."""
    done = run_inline(folder, *words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
