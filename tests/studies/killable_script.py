"""A script that searches with what it defines itself, to be killed within its trials and run again."""

import subprocess
import sys
from pathlib import Path

from tests.cli.running import RecordedCommand, make_environment

# Its beginning; after two trials, the next ones wait for the file `go`.
DEFINITIONS = """
import time
from pathlib import Path
from typing import ClassVar
from attrs import frozen
import archwright as aw

def evaluate(settings, seed, report):
    report(1, accuracy=settings["rate"])
    while len(list(Path().glob("done-*"))) >= 2 and not Path("go").exists():
        time.sleep(0.02)
    Path(f"done-{seed}").touch()
    return settings["rate"]

@frozen
class Own(aw.searchers.RandomSearch):
    name: ClassVar[str] = "own"

space = aw.sequential(aw.settings(rate=aw.reals(0.1, 1.0)))
"""


class StartedScript(RecordedCommand, subprocess.Popen[bytes]):
    """A script in a folder, in a process that is started for it; it is killed at the end of the block."""

    def __init__(self, folder: Path, name: str = "script.py") -> None:
        super().__init__([sys.executable, name], cwd=folder, env=make_environment(), **self._open_files())
