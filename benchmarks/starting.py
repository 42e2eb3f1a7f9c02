"""What every command costs before it does anything: Python, and the modules that it imports."""

import resource
import subprocess
import sys
from statistics import median

IMPORT = ("-c", "import archwright")
HELP = ("-m", "archwright", "--help")
BARE = ("-c", "")


def seconds(rounds: int) -> tuple[float, float, float]:
    """The processor's seconds of `import archwright`, of `archwright --help` and of Python alone: medians, in turn."""
    turns = [tuple(spent(*words) for words in (IMPORT, HELP, BARE)) for _ in range(rounds)]
    imported, helped, bare = (median(each) for each in zip(*turns, strict=True))
    return imported, helped, bare


def spent(*words: str) -> float:
    """The processor's seconds of a Python with these words, which prints into nothing."""
    before = _children()
    subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
    return _children() - before


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
