"""A search to be killed again and again: each line `SLOTS TRIALS LOG` begins or resumes the run in another process.

That is a fork of this one, which has imported everything: an interpreter takes longer to start than a search to die.
Two lines answer: the process's id as it begins, and its exit code once it is gone.
"""

import os
import sys
import time
from pathlib import Path

from archwright.search.running.runs import resume_run, start_run
from archwright.store.duckdb_log import DuckDBLog
from tests.search.instant import Instant, started


class Quick(Instant):
    """Instant, but for a millisecond a trial."""

    def collect(self, timeout):
        time.sleep(0.001)
        return super().collect(timeout)


def go_on(log: DuckDBLog, trials: int, slots: int) -> None:
    """Begin the run, or resume it."""
    if log.path.exists() and "killed" in log.runs():
        resume_run(log, "killed", Quick(slots), trials=trials)
    else:
        start_run(log, "killed", started(trials), Quick(slots))


def main() -> None:
    """Be the parent of one search after the other."""
    for line in sys.stdin:
        slots, trials, path = line.rstrip("\n").split(" ", 2)
        if not (pid := os.fork()):
            go_on(DuckDBLog(Path(path)), int(trials), int(slots))
            os._exit(0)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
