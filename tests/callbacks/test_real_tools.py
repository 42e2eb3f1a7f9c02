"""Callbacks with the real trackers, in an environment of their own: their packages stay out of that of the project.

It lies in `.tools-venv`, sees the packages of this environment, and is made anew where the extras have changed.
"""

import os
import re
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest
from filelock import FileLock

from tests.paths import ROOT

FOLDER = ROOT / ".tools-venv"
EXTRAS = ("tensorboard", "mlflow", "wandb")
NO_INDEX = re.compile("No matching distribution|Failed to establish a new connection|Name or service not known")


def read_requirements() -> list[str]:
    """What the three extras install, and pytest's environment that it must fit."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    return [requirement for extra in EXTRAS for requirement in extras[extra]]


@pytest.fixture(scope="module")
def interpreter() -> Path:
    """The interpreter of the environment, which is made unless it is there; skips where pip reaches no index."""
    requirements, python, ready = read_requirements(), FOLDER / "bin" / "python", FOLDER / "ready"
    site_packages = sysconfig.get_path("purelib")
    wanted = "\n".join([sys.version, site_packages, *requirements])
    with FileLock(f"{FOLDER}.lock"):
        if not ready.exists() or ready.read_text() != wanted:
            subprocess.run([sys.executable, "-m", "venv", "--clear", FOLDER], check=True)
            for site in FOLDER.glob("lib/python*/site-packages"):
                (site / "project.pth").write_text(f"{site_packages}\n")
            command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements]
            installed = subprocess.run(command, capture_output=True, text=True, check=False)
            if NO_INDEX.search(installed.stderr):
                pytest.skip(f"pip reaches no index that has the trackers: {installed.stderr.splitlines()[-1]}")
            assert installed.returncode == 0, installed.stderr
            ready.write_text(wanted)
    return python


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_trackers_show_a_killed_and_resumed_run_as_it_is(interpreter):
    """The tests of `real_tools.py`, there."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    environment = {name: value for name, value in environment.items() if not name.startswith("PYTEST_")}
    command = [interpreter, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/callbacks/real_tools.py"]
    completed = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert completed.returncode == 0, completed.stdout + completed.stderr
    assert "skipped" not in completed.stdout
