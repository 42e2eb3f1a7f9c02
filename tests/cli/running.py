"""The command as people run it: in a process of its own, in a folder of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

MAIN = "import sys; from archwright.cli.main import main; main(sys.argv[1:])"
# What a coordinator must never do is to import torch: it says whether it did when it ends.
WATCHED = """
import atexit, sys
atexit.register(lambda: print("torch imported:", "torch" in sys.modules, file=sys.stderr))
from archwright.cli.main import main
main(sys.argv[1:])
"""
TIME = 60  # seconds that no command here may take

SCORE = """
import os
import time
from pathlib import Path

def score(architecture, budget, seed, report):
    for epoch in range(1, 4):
        report(epoch, accuracy=0.1 * epoch)
    return (seed % 997) / 997

def paced(architecture, budget, seed):
    time.sleep(0.5)
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
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ARCHWRIGHT", "COLUMNS"))}
    return kept | {"OMP_WAIT_POLICY": "PASSIVE"}


@contextmanager
def started(folder: Path, *words: str, program: str = MAIN, **more: Any) -> Iterator[subprocess.Popen[str]]:
    """A command that has been started in `folder`, and is gone after the block, however that ended."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    command = [sys.executable, "-P", "-c", program, *words]
    with subprocess.Popen(command, cwd=folder, env=environment(), **pipes, **more) as process:
        try:
            yield process
        finally:
            process.kill()


def run(folder: Path, *words: str, program: str = MAIN) -> subprocess.CompletedProcess[str]:
    """A command that has come to its end in `folder`."""
    with started(folder, *words, program=program) as process:
        out, err = process.communicate(timeout=TIME)
    return subprocess.CompletedProcess(words, process.returncode, out, err)


def wait_for(process: subprocess.Popen[str], said: str, stream: str = "stdout") -> None:
    """Return once a command has said something; fails with all that it said, if it ends before."""
    lines: list[str] = []
    for line in iter(getattr(process, stream).readline, ""):
        if said in line:
            return
        lines.append(line)
    out, err = process.communicate(timeout=TIME)
    pytest.fail(f"it never said {said!r}; it ended with {process.returncode} after {''.join(lines)}{out}{err}")


def read_json(folder: Path, *words: str) -> Any:
    """What a command prints with --json."""
    done = run(folder, *words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
