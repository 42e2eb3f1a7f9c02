"""A search under random faults: trials that do anything, workers and coordinators that are killed at any instant.

`python benchmarks/chaos.py [--trials 1000] [--workers 2] [--seed 0]` runs one until each trial has its outcome, and
checks that no outcome is lost or logged twice. The faults are drawn anew each time; the seed is that of the killer.
"""

import argparse
import ctypes
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from attrs import define, field, frozen

import archwright as aw
from archwright.core.budget import Budget
from archwright.core.ends import RunEnds
from archwright.core.objective import Objective
from archwright.evaluate.functions.evaluation import Function
from archwright.evaluate.logged_evaluations import evaluation_to_json
from archwright.evaluate.workers.pool import WorkerPool
from archwright.search.running.revisions import find_mismatches
from archwright.search.running.runs import read_run, resume_run, start_run
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import AttemptEnded, AttemptStarted, Event, Proposed, RunStarted, Scored
from archwright.store.verify import verify_log
from rows import Row, print_table

RUN = "chaos"
TRIAL_TIMEOUT_SECONDS = 0.5
EXIT_TIMEOUT_SECONDS = 5.0  # from the death of a coordinator to the end of its workers and all that they started
SPACE = aw.sequential(aw.settings(x=aw.reals(0, 1), y=aw.reals(0, 1)), aw.affine(units=10))
STRAY_SECONDS = os.environ.get("CHAOS_STRAY", f"1000.{os.getpid()}")  # of the `sleep`s left behind


# Faults of a trial, in its worker.


def misbehave(seed, report):
    """A score, or one of the faults; drawn from real entropy, so that another attempt may do something else."""
    rng = random.Random(os.urandom(8))
    report(1, accuracy=0.1)
    time.sleep(rng.uniform(0, 0.03))
    if rng.random() < 0.25:
        return rng.choice(FAULTS)()
    return seed % 997 / 997


def return_nan():
    return float("nan")


def raise_error():
    raise ValueError("no good")


def raise_memory_error():
    raise MemoryError


def exit_worker():
    os._exit(3)


def segfault():
    ctypes.string_at(0)


def kill_worker():
    os.kill(os.getpid(), signal.SIGKILL)


def stop_worker():
    os.kill(os.getpid(), signal.SIGSTOP)


def kill_guard():
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(1000)


def hang():
    while True:
        pass


def hang_in_native_code():
    ctypes.PyDLL(None).sleep(1000)


def return_text():
    return "0.9"


def write_everywhere():
    for fd in range(3, 30):
        with suppress(OSError):
            os.write(fd, b"\x00garbage\n")
    return 0.5


def flood_stderr():
    sys.stderr.write("x\n" * 500_000)
    return 0.5


def leave_children():
    for new_session in (False, True):
        subprocess.Popen(["sleep", STRAY_SECONDS], start_new_session=new_session)
    os._exit(4)


FAULTS = (
    return_nan,
    raise_error,
    raise_memory_error,
    exit_worker,
    segfault,
    kill_worker,
    stop_worker,
    kill_guard,
    hang,
    hang_in_native_code,
    return_text,
    write_everywhere,
    flood_stderr,
    leave_children,
)


# The search, in a process that will be killed.


def coordinate(log: DuckDBLog, trials: int, workers: int) -> None:
    """Start the run, or resume it, until it is finished."""
    config = Function(f"{Path(__file__).resolve()}:misbehave")
    run_exists = log.path.exists() and RUN in log.runs()
    print("ready", flush=True)
    with WorkerPool(config, workers=workers, trial_timeout=TRIAL_TIMEOUT_SECONDS) as pool:
        if run_exists:
            resume_run(log, RUN, pool, ends=RunEnds(trials=trials), max_consecutive_failures=trials + 1)
        else:
            start_run(log, RUN, _make_started(config, trials), pool, max_consecutive_failures=trials + 1)


def _make_started(config: Function, trials: int) -> RunStarted:
    return RunStarted(
        space=aw.to_json(SPACE),
        space_source="chaos",
        input_shape=(1, 8, 8),
        searcher={"name": "random"},
        evaluator=evaluation_to_json(config),
        objective=Objective(),
        budget=Budget(1, "epochs"),
        seed=0,
        trials=trials,
        versions={},
    )


# The killer.


@frozen
class ChaosResult:
    """The events of a search under faults, and what was killed."""

    events: Sequence[Event]
    coordinators: int  # that were killed
    signals: int  # that were sent to workers
    slowest_exit_seconds: float  # until all that a killed coordinator had started was gone
    seconds: float

    @property
    def outcomes(self) -> Counter[str]:
        """How many trials have each status."""
        return Counter(event.status for event in self.events if isinstance(event, Scored))

    def events_of(self, kind: type) -> list:
        """The events of a kind."""
        return [event for event in self.events if isinstance(event, kind)]


@define
class Killer:
    """Starts coordinators and kills them, and their workers, at random instants."""

    log: DuckDBLog
    trials: int
    workers: int
    rng: random.Random
    mean_life_seconds: float  # of a coordinator; doubled after each in a row that has scored nothing
    coordinators: int = field(default=0, init=False)
    unscored_coordinators: int = field(default=0, init=False)  # in a row, that have scored nothing
    signals: int = field(default=0, init=False)
    slowest_exit_seconds: float = field(default=0.0, init=False)
    events: Sequence[Event] = field(factory=list[Event], init=False)

    def run_until_done(self) -> None:
        """Run one coordinator after the other, until one finishes the run."""
        while not self._run_coordinator():
            self.coordinators += 1
            self._check_prefix()
        self._check_prefix()

    def _run_coordinator(self) -> bool:
        """Run a coordinator and kill it after a while; True if it finished the run first."""
        command = [sys.executable, __file__, "--coordinate", str(self.log.path)]
        command += ["--trials", str(self.trials), "--workers", str(self.workers)]
        env = os.environ | {"CHAOS_STRAY": STRAY_SECONDS}
        with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n", "the coordinator could not start"
            slowdown = 2**self.unscored_coordinators  # a busy machine may take longer to start a worker than one lives
            deadline = time.monotonic() + self.rng.uniform(0, 2 * self.mean_life_seconds * slowdown)
            next_signal = time.monotonic() + self.rng.expovariate(1 / slowdown)
            while not self._should_kill(deadline):
                with suppress(subprocess.TimeoutExpired):
                    assert process.wait(0.05) == 0, "the coordinator failed"
                    return True
                if time.monotonic() >= next_signal:
                    self._signal_worker(process.pid)
                    next_signal = time.monotonic() + self.rng.expovariate(1 / slowdown)
            remaining = list(find_descendants(process.pid))
            process.send_signal(signal.SIGKILL)
            self._wait_until_gone(remaining)
        return False

    def _should_kill(self, deadline: float) -> bool:
        """Whether a coordinator is to be killed now: after its time; the first one as soon as a trial is scored."""
        if time.monotonic() >= deadline:
            return True
        if self.coordinators or not self.log.path.exists():
            return False
        return any(isinstance(recorded.event, Scored) for recorded in self.log.read(RUN))

    def _signal_worker(self, coordinator: int) -> None:
        """Send a random signal to a random worker."""
        if worker_pids := [worker for guard in find_children(coordinator) for worker in find_children(guard)]:
            signal_numbers = [signal.SIGKILL, signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM, signal.SIGSTOP]
            with suppress(ProcessLookupError):
                os.kill(self.rng.choice(worker_pids), self.rng.choice(signal_numbers))
                self.signals += 1

    def _wait_until_gone(self, pids: Sequence[int]) -> None:
        """Return once all of `pids` are gone, which must be soon."""
        start = time.monotonic()
        while remaining := [pid for pid in pids if _read_state(pid) not in ("", "Z")]:
            outlived = f"{remaining} outlived their coordinator by {EXIT_TIMEOUT_SECONDS:g} s"
            assert time.monotonic() - start < EXIT_TIMEOUT_SECONDS, outlived
            time.sleep(0.02)
        self.slowest_exit_seconds = max(self.slowest_exit_seconds, time.monotonic() - start)

    def _check_prefix(self) -> None:
        """Assert that all events that were ever read from the log are still there."""
        if self.log.path.exists() and self.log.runs():
            events = read_run(self.log, RUN).events
            read, previous = (list(map(repr, sequence)) for sequence in (events, self.events))  # NaN != NaN
            assert read[: len(previous)] == previous, "the log has changed behind its end"
            new_events, self.events = events[len(self.events) :], events
            has_scored = any(isinstance(event, Scored) for event in new_events)
            self.unscored_coordinators = 0 if has_scored else self.unscored_coordinators + 1


def run_chaos(
    folder: Path, trials: int, workers: int = 2, seed: int = 0, mean_life_seconds: float = 8.0
) -> ChaosResult:
    """Run a search under faults and assert that each trial has one outcome and that the chain is whole."""
    start = time.monotonic()
    killer = Killer(DuckDBLog(folder / "chaos.duckdb"), trials, workers, random.Random(seed), mean_life_seconds)
    killer.run_until_done()
    events, expected = killer.events, list(range(trials))
    assert [e.trial for e in events if isinstance(e, Proposed)] == expected, "a trial is missing, or there twice"
    assert sorted(e.trial for e in events if isinstance(e, Scored)) == expected, "not every trial has one outcome"
    for kind in (AttemptStarted, AttemptEnded):
        attempts = Counter((e.trial, e.attempt) for e in events if isinstance(e, kind))
        assert set(attempts.values()) == {1}, f"an attempt has more than one {kind.__name__}"
    assert [verdict.broken for verdict in verify_log(killer.log.path)] == [None], "the chain is broken"
    assert not list(find_mismatches(events)), "a proposal is not the one that would be made again"
    deadline = time.monotonic() + EXIT_TIMEOUT_SECONDS
    while list(find_strays()):
        assert time.monotonic() < deadline, "what a trial left behind is still there"
        time.sleep(0.02)
    seconds = time.monotonic() - start
    return ChaosResult(events, killer.coordinators, killer.signals, killer.slowest_exit_seconds, seconds)


def find_descendants(pid: int) -> Iterator[int]:
    """The children of a process, their children, and so on."""
    for child in find_children(pid):
        yield child
        yield from find_descendants(child)


def find_children(pid: int) -> Sequence[int]:
    """The children of a process; none of one that is gone."""
    with suppress(OSError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def find_strays() -> Iterator[int]:
    """The processes that faulty trials left behind and that are still running."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (folder / "cmdline").read_bytes().split(b"\0")[:2] == [b"sleep", STRAY_SECONDS.encode()]:
                yield int(folder.name)


def _read_state(pid: int) -> str:
    """The state of a process as /proc has it, Z for a zombie; empty if it is gone."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return ""


def make_rows(result: ChaosResult, workers: int) -> Iterator[Row]:
    """The rows of the table."""
    statuses = ", ".join(f"{n} {status}" for status, n in result.outcomes.most_common())
    trials, seconds = f"{result.outcomes.total():,}", f"{workers} workers, {result.seconds:.0f} s"
    yield Row("trials with one outcome each", trials, "all", f"{statuses}; {seconds}")
    started, ended = len(result.events_of(AttemptStarted)), len(result.events_of(AttemptEnded))
    yield Row("attempts", f"{started:,}", "", f"{started - ended} died with their coordinator")
    yield Row("coordinators killed", f"{result.coordinators}", "", f"{result.signals} signals to workers")
    exit_figure = f"{result.slowest_exit_seconds:.2f} s at most"
    yield Row("until all was gone that a killed coordinator had started", exit_figure, f"{EXIT_TIMEOUT_SECONDS:g} s")


def main(argv: Sequence[str] | None = None) -> None:
    """Run the benchmark and print its table, or be its coordinator."""
    parser = argparse.ArgumentParser(description="A search under random faults.")
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--coordinate", type=Path, metavar="LOG", help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.coordinate is not None:
        coordinate(DuckDBLog(options.coordinate), options.trials, options.workers)
        return
    with tempfile.TemporaryDirectory() as folder:
        result = run_chaos(Path(folder), options.trials, options.workers, options.seed)
    print_table("A search under random faults", make_rows(result, options.workers))


if __name__ == "__main__":
    main()
