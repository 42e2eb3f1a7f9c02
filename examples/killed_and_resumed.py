"""A search with two workers that loses a worker, is killed, goes on, and ends with a model to take home.

    python examples/killed_and_resumed.py tfref --data mnist --data-dir FOLDER --trials 6 --budget 20s
    python examples/killed_and_resumed.py digits --data digits --trials 2 --budget 4s

Everything goes through the archwright command, as a person would. Processes are found in /proc: for Linux. A worker is
killed when its first epoch is reported, up to two seconds after it ended: the budget must be longer than that.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ARCHWRIGHT = (sys.executable, "-P", "-c", "from archwright.cli.main import main; main()")
COUNTS_QUERY = """
select
    (select count(*) from scores) as scored,
    (select count(*) from trials where status = 'in_flight') as open,
    (select count(*) from attempts where status = 'crashed') as crashed,
    (select count(*) from attempts where status = 'interrupted') as interrupted
"""
RELOAD_CODE = """
import sys
import numpy, torch
sys.modules["archwright"] = None  # what was exported runs without it
sys.path.insert(0, ".")
from model import load
model = load()
print(sum(p.numel() for p in model.parameters()), "parameters, read back")
"""


def run_archwright(*arguments: str) -> str:
    """Run a command and return what it prints; CalledProcessError if it fails."""
    return subprocess.run([*ARCHWRIGHT, *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


def find_descendants(pid: int) -> Iterator[int]:
    """The children of a process, their children, and so on."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    for child in map(int, children):
        yield child
        yield from find_descendants(child)


def find_workers(pid: int) -> list[int]:
    """The workers of a search."""
    return [child for child in find_descendants(pid) if is_worker(read_command_line(child))]


def read_command_line(pid: int) -> bytes:
    """The command line of a process; empty if it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def is_worker(line: bytes) -> bool:
    """Whether a process runs the worker itself, rather than guards it."""
    return b"\0archwright.evaluate.workers.worker\0" in line and b"guard.py" not in line


def main() -> None:
    """Search, kill a worker and the search, resume, verify, and export the best model."""
    parser = argparse.ArgumentParser()
    parser.add_argument("space")
    for option in ("--data", "--data-dir", "--trials", "--budget"):
        parser.add_argument(option)
    options = parser.parse_args()
    log, name, model = ("--log", "story.duckdb"), "story", Path("story-model")
    data_arguments = ["--data-dir", options.data_dir] if options.data_dir else []

    def count_trials() -> dict[str, int]:
        """The counts of COUNTS_QUERY."""
        return json.loads(run_archwright("sql", COUNTS_QUERY, "--format", "json", *log))[0]

    arguments = ["search", options.space, "--data", options.data, *data_arguments]
    arguments += ["--trials", options.trials, "--budget", options.budget, "--workers", "2", "--name", name, *log]
    search = subprocess.Popen([*ARCHWRIGHT, *arguments], stdout=subprocess.PIPE, text=True)
    worker_pid = None
    assert search.stdout is not None
    for line in search.stdout:
        print(line, end="", flush=True)
        if " epoch " in line and worker_pid is None:
            worker_pid = find_workers(search.pid)[0]
            os.kill(worker_pid, signal.SIGKILL)
            print(f"worker {worker_pid} was killed", flush=True)
        elif re.match(r"trial \d+ .* in [0-9.]+ ", line):
            break
    search.kill()
    search.wait()
    print(f"the search itself was killed, with {count_trials()['scored']} trials scored", flush=True)

    print(run_archwright("resume", name, "--workers", "2", *data_arguments, *log))
    print(run_archwright("verify", log[1]))
    print(run_archwright("replay", name, "--verify", *log))
    counts = count_trials()
    assert (counts["scored"], counts["open"]) == (int(options.trials), 0)
    assert counts["crashed"] >= 1, "the worker had finished when it was killed"
    assert counts["interrupted"] >= 1, "nothing was under way when the search was killed"

    best_trials = json.loads(run_archwright("best", name, "-n", "1", "--json", *log))
    trial = str((best_trials["trials"] if isinstance(best_trials, dict) else best_trials)[0]["trial"])
    print(run_archwright("export", name, trial, str(model), *data_arguments, *log))
    subprocess.run([sys.executable, "-I", "-c", RELOAD_CODE], cwd=model, check=True)
    print(run_archwright("show", name, trial, "--svg", str(model / "model.svg"), *log))


if __name__ == "__main__":
    main()
