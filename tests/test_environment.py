"""The environment of tests does not depend on how they were started."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.paths import ROOT

# Prints what decides how a process behaves after `reset_process`.
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
BACKGROUND_SHELL = "trap '' INT QUIT HUP USR1; umask 077; ulimit -c unlimited; exec \"$@\" <&-"
UNUSUAL_VARIABLES = {
    "ARCHWRIGHT_LOG": "elsewhere.duckdb", "COLUMNS": "7", "FORCE_COLOR": "1", "GITHUB_ACTIONS": "true", "LC_ALL": "C",
    "NO_COLOR": "1", "OMP_NUM_THREADS": "64", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONWARNINGS": "error",
    "TERM": "dumb", "TORCH_LOGS": "dynamo", "TZ": "Asia/Kathmandu", "XDG_CONFIG_HOME": "/somebody",
}  # fmt: skip


def inspect_process(environment: dict[str, str], *command_prefix: str) -> dict[str, Any]:
    """The state of a process started with `command_prefix`, without the name of its home."""
    command = [*command_prefix, sys.executable, "-c", PROGRAM, str(ROOT)]
    completed = subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True, check=True)
    process_state = json.loads(completed.stdout)
    del process_state["environment"]["HOME"]
    return process_state


def test_the_environment_is_the_same_however_a_process_is_started():
    """As in a terminal, and in the background of an odd shell by somebody without a home."""
    # A worker of pytest-xdist keeps its home, which here none was made for.
    variables = {name: value for name, value in os.environ.items() if name != "PYTEST_XDIST_WORKER"}
    expected = inspect_process({**variables, "HOME": str(Path.home())})
    without_home = {name: value for name, value in variables.items() if name != "HOME"}
    assert inspect_process(without_home | UNUSUAL_VARIABLES, "sh", "-c", BACKGROUND_SHELL, "sh") == expected
    assert (expected["home"], expected["blocked"], expected["umask"]) == ([], [], 0o022)
    assert "default_int_handler" in expected["signals"]["2"]
