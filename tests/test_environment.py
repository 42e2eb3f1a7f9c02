"""What tests find around them does not follow from how they were started."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.paths import ROOT

# What decides how a process behaves, once it has settled.
PROGRAM = """
import json, os, signal, sys
sys.path.insert(0, sys.argv[1])
from tests.environment import reset_process
reset_process()
os.umask(mask := os.umask(0))
print(json.dumps({
    "environment": dict(os.environ),
    "home": os.listdir(os.environ["HOME"]),
    "signals": {int(number): str(signal.getsignal(number)) for number in signal.valid_signals()},
    "blocked": [int(number) for number in signal.pthread_sigmask(signal.SIG_BLOCK, ())],
    "umask": mask,
    "bytecode": sys.dont_write_bytecode,
}, default=str))
"""
IN_THE_BACKGROUND = "trap '' INT QUIT HUP USR1; umask 077; ulimit -c unlimited; exec \"$@\" <&-"
ODD = {
    "ARCHWRIGHT_LOG": "elsewhere.duckdb", "COLUMNS": "7", "FORCE_COLOR": "1", "GITHUB_ACTIONS": "true", "LC_ALL": "C",
    "NO_COLOR": "1", "OMP_NUM_THREADS": "64", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONWARNINGS": "error",
    "TERM": "dumb", "TORCH_LOGS": "dynamo", "TZ": "Asia/Kathmandu", "XDG_CONFIG_HOME": "/somebody",
}  # fmt: skip


def seen(environment: dict[str, str], *start: str) -> dict[str, Any]:
    """What a process sees that is started with `start`, but for the name of its home."""
    command = [*start, sys.executable, "-c", PROGRAM, str(ROOT)]
    done = subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    del found["environment"]["HOME"]
    return found


def test_a_process_finds_the_same_however_it_is_started():
    """As in a terminal, and in the background of an odd shell by somebody without a home."""
    # A process of the test run's own takes its home over, which here nobody has given it.
    started = {name: value for name, value in os.environ.items() if name != "PYTEST_XDIST_WORKER"}
    usual = seen({**started, "HOME": str(Path.home())})
    without_home = {name: value for name, value in started.items() if name != "HOME"}
    assert seen(without_home | ODD, "sh", "-c", IN_THE_BACKGROUND, "sh") == usual
    assert (usual["home"], usual["blocked"], usual["umask"]) == ([], [], 0o022)
    assert "default_int_handler" in usual["signals"]["2"]
