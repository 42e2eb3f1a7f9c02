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
# What a coordinator must never do is to import torch: it says whether it did when it ends.
WATCHED = """
import atexit, sys
atexit.register(lambda: print("torch imported:", "torch" in sys.modules, file=sys.stderr))
from archwright.cli.main import main
main(sys.argv[1:])
"""
TIME = 240  # seconds that no command here may take, on the slowest machine

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


def environment() -> dict[str, str]:
    """This process's, without what would change what commands do.

    Threads that wait must not spin: on cores that others use too, that makes training several times as slow.
    """
    others = ("ARCHWRIGHT_LOG", "ARCHWRIGHT_DATA", "COLUMNS")
    kept = {name: value for name, value in os.environ.items() if name not in others}
    return kept | {"OMP_WAIT_POLICY": "PASSIVE"}


class Heard:
    """A command whose words go to files, where they can be read while it runs."""

    def _listen(self) -> dict[str, Any]:
        self._said = {stream: tempfile.TemporaryFile("ab+") for stream in ("stdout", "stderr")}  # noqa: SIM115
        return self._said

    def said(self, stream: str) -> str:
        """All that it has said so far."""
        file = self._said[stream].fileno()
        return os.pread(file, os.fstat(file).st_size, 0).decode()

    def wait_for(self, words: str, stream: str = "stdout", times: int = 1) -> None:
        """Return once it has said something so many times; fails if it ends before."""
        while self.said(stream).count(words) < times:
            ended = self.poll() is not None
            if ended and self.said(stream).count(words) < times:
                said = self.said("stdout") + self.said("stderr")
                pytest.fail(f"it never said {words!r}; it ended with {self.returncode} after\n{said}")
            time.sleep(0.01)

    def ended(self) -> tuple[str, str]:
        """What it has said to stdout and to stderr, once it has come to its end."""
        self.wait(TIME)
        return self.said("stdout"), self.said("stderr")

    def __exit__(self, *about: Any) -> None:
        self.kill()
        super().__exit__(*about)
        for file in self._said.values():
            file.close()


class Started(Heard, subprocess.Popen[bytes]):
    """A command in `folder`, in a process that is started for it, as people do; it ends with the block."""

    def __init__(self, folder: Path, *words: str, program: str = MAIN, **more: Any) -> None:
        command = [sys.executable, "-P", "-c", program, *words]
        super().__init__(command, cwd=folder, env=environment(), **{**self._listen(), **more})


class Forked(Heard, forking.Command):
    """The same in a fork, which costs less; so have its workers, unless it is to start its `own_workers`."""

    def __init__(self, folder: Path, *words: str, own_workers: bool = False) -> None:
        there = environment() | ({forking.OWN_WORKERS: "1"} if own_workers else {})
        with Path(os.devnull).open() as nothing:
            streams = [stream.fileno() for stream in (nothing, *self._listen().values())]
            super().__init__(commands().socket, words, str(folder), there, streams)


SESSION = ExitStack()  # what lasts until the tests are over


@cache
def commands() -> forking.Commands:
    """What commands are forked from; it is begun with the first of them."""
    folder = SESSION.enter_context(tempfile.TemporaryDirectory(prefix="commands"))
    return SESSION.enter_context(forking.Commands(Path(folder), environment()))


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A command that has come to its end in `folder`."""
    return _done(Forked(folder, *words), words)


def started(folder: Path, *words: str, program: str = MAIN) -> subprocess.CompletedProcess[str]:
    """The same in a process that was started for it."""
    return _done(Started(folder, *words, program=program), words)


def _done(command: Started | Forked, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    with command:
        out, err = command.ended()
    return subprocess.CompletedProcess(words, command.returncode, out, err)


def look(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The same within this process, where a command only looks at the log: at a third of the cost.

    Not for a log with modules of a person's own: other tests define others of their names here.
    """
    from archwright.cli.main import main  # only here, since what tests are configured with imports this

    out, err = (TextIOWrapper(BytesIO(), encoding="utf-8") for _ in range(2))
    kept = {name: value for name, value in environment().items() if name in os.environ}
    with patch.dict(os.environ, kept, clear=True), chdir(folder), redirect_stdout(out), redirect_stderr(err):
        with pytest.raises(SystemExit) as left:
            main(words)
        said = []
        for stream in (out, err):
            stream.flush()
            said.append(stream.buffer.getvalue().decode())
    return subprocess.CompletedProcess(words, left.value.code or 0, *said)


def read_json(folder: Path, *words: str) -> Any:
    """What a command that only looks prints with --json."""
    done = look(folder, *words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
