"""The same environment for the tests, however they are started: in a terminal or the background, by CI or a batch job.

What a process inherits decides what it does: a shell's background job ignores SIGINT, and so does all that it starts.
"""

import atexit
import os
import resource
import signal
import site
import sys
import tempfile
from functools import cache
from pathlib import Path

# What a process needs, or what was set for the tests; any other variable might change output, warnings or results.
KEPT_VARIABLES = {
    "CI", "PATH", "PYTHONHOME", "PYTHONPATH", "TMPDIR", "USER", "LOGNAME", "VIRTUAL_ENV",
    "CC", "CXX", "SDKROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "CUDA_HOME", "CUDA_VISIBLE_DEVICES",
    "NVIDIA_VISIBLE_DEVICES",
}  # fmt: skip
KEPT_PREFIXES = ("COVERAGE_", "COV_CORE_", "HYPOTHESIS_", "PIP_", "PYTEST_")
FIXED_VARIABLES = {
    "OMP_NUM_THREADS": "1",  # tests run in several processes, which would compete for cores
    # A font cache takes seconds to make: it is kept between test runs, and not in the user's folder.
    "MPLCONFIGDIR": str(Path(tempfile.gettempdir()) / f"archwright-tests-{os.getuid()}"),
}
SIGNALS_IGNORED_BY_PYTHON = {signal.SIGPIPE, signal.SIGXFSZ}  # which its children do not ignore


def reset_process() -> None:
    """Reset signals, variables, umask and limits, for this process and those that it starts."""
    reset_signals()
    clear_environment(dict(os.environ))
    os.umask(0o022)
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    sys.dont_write_bytecode = False  # or else each process would compile all that it imports


def reset_signals() -> None:
    """Restore the default handlers of ignored signals and unblock all."""
    for number in signal.valid_signals() - SIGNALS_IGNORED_BY_PYTHON:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def clear_environment(environment: dict[str, str]) -> None:
    """Remove all other variables and set an empty home, which the processes of one test run share."""
    variables = {
        name: value for name, value in environment.items() if name in KEPT_VARIABLES or name.startswith(KEPT_PREFIXES)
    }
    variables["PYTHONUSERBASE"] = site.getuserbase()  # where packages of the user are installed
    os.environ.clear()
    os.environ.update(variables | FIXED_VARIABLES | {"HOME": _home(environment)})


def _home(environment: dict[str, str]) -> str:
    return environment["HOME"] if "PYTEST_XDIST_WORKER" in environment else _empty_home().name


@cache
def _empty_home() -> tempfile.TemporaryDirectory[str]:
    home = tempfile.TemporaryDirectory(prefix="home")
    atexit.register(home.cleanup)
    return home
