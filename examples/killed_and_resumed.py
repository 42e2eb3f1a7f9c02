"""A search with two workers that loses a worker, is killed, goes on, and ends with a model to take home.

    python examples/killed_and_resumed.py tfref --data mnist --data-dir FOLDER --trials 6 --budget 20s
    python examples/killed_and_resumed.py digits --data digits --trials 2 --budget 4s

Everything goes through the archwright command, as a person would. Processes are found in /proc: for Linux. A worker is
killed when its first epoch is told, up to two seconds after it ended: the budget must be longer than that.
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
COUNTS = """
select
    (select count(*) from scores) as scored,
    (select count(*) from trials where status = 'in_flight') as open,
    (select count(*) from attempts where status = 'crashed') as crashed,
    (select count(*) from attempts where status = 'interrupted') as interrupted
"""
RELOAD = """
import sys
import numpy, torch
sys.modules["archwright"] = None  # what was exported runs without it
sys.path.insert(0, ".")
from model import load
model = load()
print(sum(p.numel() for p in model.parameters()), "parameters, read back")
"""


def archwright(*words: str) -> str:
    """What a command prints; CalledProcessError if it fails."""
    return subprocess.run([*ARCHWRIGHT, *words], check=True, stdout=subprocess.PIPE, text=True).stdout


def descendants(pid: int) -> Iterator[int]:
    """The processes that a process has started, and those that they have."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    for child in map(int, children):
        yield child
        yield from descendants(child)


def workers(pid: int) -> list[int]:
    """The workers of a search."""
    return [child for child in descendants(pid) if is_worker(command_line(child))]


def command_line(pid: int) -> bytes:
    """What a process was started with; nothing of one that is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def is_worker(line: bytes) -> bool:
    """Whether a process runs the worker itself, rather than guards it."""
    return b"\0archwright.evaluate.workers.worker\0" in line and b"guard.py" not in line


def main() -> None:
    """The whole story."""
    parser = argparse.ArgumentParser()
    parser.add_argument("space")
    for option in ("--data", "--data-dir", "--trials", "--budget"):
        parser.add_argument(option)
    given = parser.parse_args()
    log, name, model = ("--log", "story.duckdb"), "story", Path("story-model")
    where = ["--data-dir", given.data_dir] if given.data_dir else []

    def counts() -> dict[str, int]:
        """What COUNTS asks the log."""
        return json.loads(archwright("sql", COUNTS, "--format", "json", *log))[0]

    words = ["search", given.space, "--data", given.data, "--trials", given.trials, "--budget", given.budget]
    words += [*where, "--workers", "2", "--name", name, *log]
    searching = subprocess.Popen([*ARCHWRIGHT, *words], stdout=subprocess.PIPE, text=True)
    victim = None
    assert searching.stdout is not None
    for line in searching.stdout:
        print(line, end="", flush=True)
        if " epoch " in line and victim is None:
            victim = workers(searching.pid)[0]
            os.kill(victim, signal.SIGKILL)
            print(f"worker {victim} was killed", flush=True)
        elif re.match(r"trial \d+ .* in [0-9.]+ ", line):
            break
    searching.kill()
    searching.wait()
    print(f"the search itself was killed, with {counts()['scored']} trials scored", flush=True)

    print(archwright("resume", name, "--workers", "2", *where, *log))
    print(archwright("verify", log[1]))
    print(archwright("replay", name, "--verify", *log))
    found = counts()
    assert (found["scored"], found["open"]) == (int(given.trials), 0)
    assert found["crashed"] >= 1, "the worker had finished when it was killed"
    assert found["interrupted"] >= 1, "nothing was under way when the search was killed"

    best = json.loads(archwright("best", name, "-n", "1", "--json", *log))
    trial = str((best["trials"] if isinstance(best, dict) else best)[0]["trial"])
    print(archwright("export", name, trial, str(model), *where, *log))
    subprocess.run([sys.executable, "-I", "-c", RELOAD], cwd=model, check=True)
    print(archwright("show", name, trial, "--svg", str(model / "model.svg"), *log))


if __name__ == "__main__":
    main()
