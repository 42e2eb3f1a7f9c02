"""What every command costs before it does anything: Python, and the modules that it imports."""

import resource
import subprocess
import sys
from statistics import median

IMPORT_ARCHWRIGHT = ("-c", "import archwright")
SHOW_HELP = ("-m", "archwright", "--help")
NO_CODE = ("-c", "")


def measure_starts(rounds: int) -> tuple[float, float, float]:
    """Median processor seconds of `import archwright`, of `archwright --help` and of Python alone, in turn."""
    programs = (IMPORT_ARCHWRIGHT, SHOW_HELP, NO_CODE)
    seconds = [[measure_processor_seconds(*arguments) for arguments in programs] for _ in range(rounds)]
    import_seconds, help_seconds, python_seconds = map(median, zip(*seconds, strict=True))
    return import_seconds, help_seconds, python_seconds


def measure_processor_seconds(*arguments: str) -> float:
    """Processor seconds of a Python with these arguments, whose output is discarded."""
    start = _read_children_seconds()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return _read_children_seconds() - start


def _read_children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
