"""A search with two workers that loses a worker, is killed, goes on, and ends with a model to take home.

    python examples/killed_and_resumed.py tfref --data mnist --data-dir FOLDER --trials 6 --budget 1epochs
    python examples/killed_and_resumed.py digits --data digits --trials 4 --budget 1epochs

Everything goes through the archwright command, as a person would. Processes are found in /proc: for Linux.
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
    found = [(child, Path(f"/proc/{child}/cmdline")) for child in descendants(pid)]
    return [
        child for child, line in found if b"\0archwright.evaluate.worker\0" in line.read_bytes() and is_worker(line)
    ]


def is_worker(line: Path) -> bool:
    """Whether a process runs the worker itself, rather than guards it."""
    return b"guard.py" not in line.read_bytes()


def main() -> None:
    """The whole story."""
    parser = argparse.ArgumentParser()
    parser.add_argument("space")
    for option in ("--data", "--data-dir", "--trials", "--budget"):
        parser.add_argument(option)
    given = parser.parse_args()
    log, name, model = ("--log", "story.duckdb"), "story", Path("story-model")
    where = ["--data-dir", given.data_dir] if given.data_dir else []

    def count(view: str, condition: str) -> int:
        """How many rows of a view meet a condition."""
        rows = archwright("sql", f"select count(*) as n from {view} where {condition}", "--format", "json", *log)
        return json.loads(rows)[0]["n"]

    words = ["search", given.space, "--data", given.data, "--trials", given.trials, "--budget", given.budget]
    words += [*where, "--workers", "2", "--name", name, *log]
    searching = subprocess.Popen([*ARCHWRIGHT, *words], stdout=subprocess.PIPE, text=True)
    unharmed = True
    assert searching.stdout is not None
    for line in searching.stdout:
        print(line, end="", flush=True)
        if " epoch " in line and unharmed:
            victim = workers(searching.pid)[0]
            os.kill(victim, signal.SIGKILL)
            print(f"worker {victim} was killed", flush=True)
            unharmed = False
        elif re.match(r"trial \d+ .* in [0-9.]+ ", line):
            break
    searching.kill()
    searching.wait()
    print(f"the search itself was killed, with {count('scores', 'true')} trials scored", flush=True)

    print(archwright("resume", name, "--workers", "2", *where, *log))
    print(archwright("verify", log[1]))
    print(archwright("replay", name, "--verify", *log))
    assert count("scores", "true") == int(given.trials)
    assert count("trials", "status = 'in_flight'") == 0
    assert count("attempts", "status in ('crashed', 'interrupted')") >= 1

    best = json.loads(archwright("best", name, "-n", "1", "--json", *log))
    trial = str((best["trials"] if isinstance(best, dict) else best)[0]["trial"])
    print(archwright("export", name, trial, str(model), *where, *log))
    subprocess.run([sys.executable, "-I", "-c", RELOAD], cwd=model, check=True)
    print(archwright("show", name, trial, "--svg", str(model / "model.svg"), *log))


if __name__ == "__main__":
    main()
