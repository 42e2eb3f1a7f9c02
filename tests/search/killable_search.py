"""A search to be killed again and again: each line `SLOTS TRIALS LOG` starts or resumes the run in another process.

That is a fork of this one, which has imported everything: an interpreter takes longer to start than a search to die.
Two lines answer: the process's id as it begins, and its exit code once it is gone.
"""

import os
import sys
import time
from pathlib import Path

from archwright.core.ends import RunEnds
from archwright.search.running.runs import resume_run, start_run
from archwright.store.duckdb_log import DuckDBLog
from tests.search.instant import InstantEvaluator, make_started


class MillisecondEvaluator(InstantEvaluator):
    """Takes a millisecond a trial."""

    def collect(self, timeout):
        time.sleep(0.001)
        return super().collect(timeout)


def start_or_resume(log: DuckDBLog, trials: int, slots: int) -> None:
    """Start the run, or resume it."""
    if log.path.exists() and "killed" in log.runs():
        resume_run(log, "killed", MillisecondEvaluator(slots), ends=RunEnds(trials=trials))
    else:
        start_run(log, "killed", make_started(trials), MillisecondEvaluator(slots))


def main() -> None:
    """Be the parent of one search after the other."""
    for line in sys.stdin:
        slots, trials, path = line.rstrip("\n").split(" ", 2)
        if not (pid := os.fork()):
            start_or_resume(DuckDBLog(Path(path)), int(trials), int(slots))
            os._exit(0)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
