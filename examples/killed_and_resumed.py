"""A search with two workers that loses a worker, is killed, goes on, and ends with a model to take home.

    python examples/killed_and_resumed.py tfref --data mnist --data-dir FOLDER --trials 6 --budget 20s
    python examples/killed_and_resumed.py digits --data digits --trials 2 --budget 4s

It leaves story.duckdb and what lies beside it; remove these, as by `rm -r story*`, before it is begun again.

The search runs in a process of its own, which is killed; this one goes on with it. Processes are found in /proc: for
Linux. A worker is killed when its first epoch is reported, up to two seconds after it ended: the budget must be longer
than that.
"""

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import archwright as aw
from archwright.events import Event, Reported, Scored

NAME, LOG, FOLDER = "story", "story.duckdb", Path("story-model")
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


def search(options: argparse.Namespace, events: Connection) -> None:
    """Search, in a process of its own, and send each event, once it is logged, to whoever listens."""
    evaluation = aw.Training(options.data, data_dir=options.data_dir)
    aw.search(
        options.space,
        evaluation,
        trials=options.trials,
        budget=options.budget,
        workers=2,
        name=NAME,
        log=LOG,
        on_event=events.send,
    )


def receive_events(events: Connection) -> Iterator[Event]:
    """The events of a search, until its process ends."""
    with suppress(EOFError):
        while True:
            yield events.recv()


def search_and_kill(options: argparse.Namespace) -> None:
    """Begin the search; kill a worker after its first epoch, and the search itself after its first score."""
    context = get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=search, args=(options, sender))
    process.start()
    sender.close()
    assert process.pid is not None
    worker_pid = None
    for event in receive_events(receiver):
        if isinstance(event, Reported) and worker_pid is None:
            worker_pid = find_workers(process.pid)[0]
            os.kill(worker_pid, signal.SIGKILL)
            print(f"worker {worker_pid} was killed", flush=True)
        elif isinstance(event, Scored):
            break
    process.kill()
    process.join()


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


def count_trials() -> dict[str, int]:
    """The counts of COUNTS_QUERY."""
    rows = aw.Log(LOG).sql(COUNTS_QUERY)
    return dict(zip(rows.columns, rows[0], strict=True))


def main() -> None:
    """Search, kill a worker and the search, resume, verify, and export the best model."""
    parser = argparse.ArgumentParser()
    parser.add_argument("space")
    for option in ("--data", "--data-dir", "--budget"):
        parser.add_argument(option)
    parser.add_argument("--trials", type=int)
    options = parser.parse_args()
    if Path(LOG).exists():
        parser.error(
            f"{LOG} is there already; remove it and what lies beside it, as by rm -r {NAME}*, or stay elsewhere"
        )

    search_and_kill(options)
    print(f"the search itself was killed, with {count_trials()['scored']} trials scored", flush=True)

    run = aw.resume(NAME, workers=2, data_dir=options.data_dir, log=LOG)
    print(run)
    verification = run.verify()
    print(verification)
    assert verification, "the log is not as it was written, or not as the searcher proposes"
    counts = count_trials()
    assert (counts["scored"], counts["open"]) == (options.trials, 0)
    assert counts["crashed"] >= 1, "the worker had finished when it was killed"
    assert counts["interrupted"] >= 1, "nothing was under way when the search was killed"

    best = run.best()
    print(best, best.export(FOLDER, data_dir=options.data_dir), flush=True)
    subprocess.run([sys.executable, "-I", "-c", RELOAD_CODE], cwd=FOLDER, check=True)
    run.plot().figure.savefig(FOLDER / "search.svg")


if __name__ == "__main__":
    main()
