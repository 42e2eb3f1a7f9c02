"""Other processes that use the log, which tests kill and wait for."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import archwright

_SOURCE = Path(archwright.__file__).parents[1]  # so that it works without an installed archwright, too

HOLDER_CODE = """
import duckdb
database = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == "read")
print("held", flush=True)
sys.stdin.read()
"""  # any DuckDB client that sits on the log until its stdin ends

CLAIMER_CODE = """
from archwright.store.claim import claim
with claim(sys.argv[1], sys.argv[2]):
    print("claimed", flush=True)
    sys.stdin.read()
"""

POLLER_CODE = """
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.query import query
log, seen = DuckDBLog(sys.argv[1]), 0
print("ready", flush=True)
while seen < int(sys.argv[2]):
    seen = len(log.read("a-1"))
    assert query(sys.argv[1], "SELECT count(*) FROM events").rows[0][0] >= seen
    time.sleep(0.1)
print(seen)
"""  # what `archwright show` in a loop does


def start_process(code: str, *arguments: object) -> subprocess.Popen[str]:
    """A process that runs `code`, with sys and time imported."""
    code = f"import sys, time\nsys.path.insert(0, {str(_SOURCE)!r})\n{code}"
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/")


@contextmanager
def run_process(code: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """A process that has printed its first line, and is gone after the block."""
    with start_process(code, *arguments) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        try:
            yield process
        finally:
            process.kill()
