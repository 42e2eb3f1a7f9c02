"""A search to be killed: `python victim.py LOG TRIALS` begins or resumes the run and says so."""

import sys
import time

from archwright.search.session import resume, start
from archwright.store.duck import DuckDBLog
from tests.search.instant import Instant, started


class Quick(Instant):
    """Instant, but for a millisecond a trial."""

    def collect(self, timeout):
        time.sleep(0.001)
        return super().collect(timeout)


if __name__ == "__main__":
    log, trials, slots = DuckDBLog(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    known = log.path.exists() and "killed" in log.runs()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    if known:
        resume(log, "killed", Quick(slots), trials=trials)
    else:
        start(log, "killed", started(trials), Quick(slots))
