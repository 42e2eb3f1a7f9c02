"""A search under random faults: trials that do anything, workers and coordinators that are killed at any instant.

`python benchmarks/chaos.py [--trials 1000] [--workers 2] [--seed 0]` runs one until each trial has its outcome, and
checks that none is lost and none told twice. The faults are drawn anew each time; the seed is that of the killer.
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
from archwright.core.objective import Objective
from archwright.evaluate.config import FunctionConfig, config_to_json
from archwright.evaluate.workers.pool import WorkerPool
from archwright.search.running.revisions import find_mismatches
from archwright.search.running.runs import read_run, resume_run, start_run
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import AttemptEnded, AttemptStarted, Event, Proposed, RunStarted, Scored
from archwright.store.verify import verify_log
from rows import Row, show

RUN = "chaos"
LIMIT = 0.5  # seconds for a trial
GONE = 5.0  # seconds after its coordinator within which a worker must be gone, with all that it started
SPACE = aw.sequential(aw.settings(x=aw.reals(0, 1), y=aw.reals(0, 1)), aw.affine(units=10))
STRAY = os.environ.get("CHAOS_STRAY", f"1000.{os.getpid()}")  # argument of the `sleep`s that trials leave behind


# What a trial may do, in its worker.


def misbehave(seed, report):
    """A score, or one of the faults, by real chance: another attempt may do something else."""
    chance = random.Random(os.urandom(8))
    report(1, accuracy=0.1)
    time.sleep(chance.uniform(0, 0.03))
    if chance.random() < 0.25:
        return chance.choice(FAULTS)()
    return seed % 997 / 997


def is_nan():
    return float("nan")


def raises():
    raise ValueError("no good")


def runs_out():
    raise MemoryError


def leaves():
    os._exit(3)


def segfaults():
    ctypes.string_at(0)


def is_killed():
    os.kill(os.getpid(), signal.SIGKILL)


def is_stopped():
    os.kill(os.getpid(), signal.SIGSTOP)


def kills_its_guard():
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(1000)


def hangs():
    while True:
        pass


def hangs_in_native_code():
    ctypes.PyDLL(None).sleep(1000)


def gives_text():
    return "0.9"


def writes_everywhere():
    for fd in range(3, 30):
        with suppress(OSError):
            os.write(fd, b"\x00garbage\n")
    return 0.5


def floods():
    sys.stderr.write("x\n" * 500_000)
    return 0.5


def leaves_children():
    for elsewhere in (False, True):
        subprocess.Popen(["sleep", STRAY], start_new_session=elsewhere)
    os._exit(4)


FAULTS = (
    is_nan,
    raises,
    runs_out,
    leaves,
    segfaults,
    is_killed,
    is_stopped,
    kills_its_guard,
    hangs,
    hangs_in_native_code,
    gives_text,
    writes_everywhere,
    floods,
    leaves_children,
)


# The search, in a process that will be killed.


def coordinate(log: DuckDBLog, trials: int, workers: int) -> None:
    """Begin the run, or go on with it, until it is done."""
    config = FunctionConfig(f"{Path(__file__).resolve()}:misbehave")
    known = log.path.exists() and RUN in log.runs()
    print("ready", flush=True)
    with WorkerPool(config, workers=workers, trial_timeout=LIMIT) as pool:
        if known:
            resume_run(log, RUN, pool, trials=trials, max_consecutive_failures=trials + 1)
        else:
            start_run(log, RUN, _started(config, trials), pool, max_consecutive_failures=trials + 1)


def _started(config: FunctionConfig, trials: int) -> RunStarted:
    return RunStarted(
        space=aw.to_json(SPACE),
        space_source="chaos",
        input_shape=(1, 8, 8),
        searcher={"name": "random"},
        evaluator=config_to_json(config),
        objective=Objective(),
        budget=Budget(1, "epochs"),
        seed=0,
        trials=trials,
        versions={},
    )


# The killer.


@frozen
class Found:
    """What a search under faults came to."""

    events: Sequence[Event]
    coordinators: int  # that were killed
    workers: int  # that got a signal from outside
    slowest: float  # seconds until all that a killed coordinator had started was gone
    seconds: float

    @property
    def outcomes(self) -> Counter[str]:
        """How many trials have each status."""
        return Counter(event.status for event in self.events if isinstance(event, Scored))

    def of(self, kind: type) -> list:
        """The events of a kind."""
        return [event for event in self.events if isinstance(event, kind)]


@define
class Killer:
    """Starts coordinators and kills them, and their workers, at random instants."""

    log: DuckDBLog
    trials: int
    workers: int
    chance: random.Random
    life: float  # seconds of a coordinator, on average; twice as long after each in a row that has scored nothing
    coordinators: int = field(default=0, init=False)
    fruitless: int = field(default=0, init=False)  # the coordinators in a row that have scored nothing
    workers_killed: int = field(default=0, init=False)
    slowest: float = field(default=0.0, init=False)
    events: Sequence[Event] = field(factory=list[Event], init=False)

    def until_done(self) -> None:
        """Let one coordinator after the other work, until one has come to the end."""
        while not self._worked():
            self.coordinators += 1
            self._check_prefix()
        self._check_prefix()

    def _worked(self) -> bool:
        """Whether a coordinator came to the end before it was killed."""
        command = [sys.executable, __file__, "--coordinate", str(self.log.path)]
        command += ["--trials", str(self.trials), "--workers", str(self.workers)]
        environment = os.environ | {"CHAOS_STRAY": STRAY}
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n", "the coordinator could not start"
            slower = 2**self.fruitless  # a busy machine may take longer to start a worker than one lives
            until = time.monotonic() + self.chance.uniform(0, 2 * self.life * slower)
            strike = time.monotonic() + self.chance.expovariate(1 / slower)
            while not self._is_due(until):
                with suppress(subprocess.TimeoutExpired):
                    assert process.wait(0.05) == 0, "the coordinator failed"
                    return True
                if time.monotonic() >= strike:
                    self._strike(process.pid)
                    strike = time.monotonic() + self.chance.expovariate(1 / slower)
            left = list(descendants(process.pid))
            process.send_signal(signal.SIGKILL)
            self._wait(left)
        return False

    def _is_due(self, until: float) -> bool:
        """Whether a coordinator has lived long enough: the first one, once a trial is scored, however fast it is."""
        if time.monotonic() >= until:
            return True
        if self.coordinators or not self.log.path.exists():
            return False
        return any(isinstance(recorded.event, Scored) for recorded in self.log.read(RUN))

    def _strike(self, coordinator: int) -> None:
        """Send a signal to a worker."""
        if there := [worker for guard in children(coordinator) for worker in children(guard)]:
            numbers = [signal.SIGKILL, signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM, signal.SIGSTOP]
            with suppress(ProcessLookupError):
                os.kill(self.chance.choice(there), self.chance.choice(numbers))
                self.workers_killed += 1

    def _wait(self, pids: Sequence[int]) -> None:
        """Return once all of `pids` are gone, which must be soon."""
        began = time.monotonic()
        while left := [pid for pid in pids if _state(pid) not in ("", "Z")]:
            assert time.monotonic() - began < GONE, f"{left} outlived their coordinator by {GONE:g} s"
            time.sleep(0.02)
        self.slowest = max(self.slowest, time.monotonic() - began)

    def _check_prefix(self) -> None:
        """All that was ever read from the log is still there."""
        if self.log.path.exists() and self.log.runs():
            events = read_run(self.log, RUN).events
            there, before = (list(map(repr, some)) for some in (events, self.events))  # NaN does not equal itself
            assert there[: len(before)] == before, "the log has changed behind its end"
            new, self.events = events[len(self.events) :], events
            self.fruitless = 0 if any(isinstance(event, Scored) for event in new) else self.fruitless + 1


def chaos(folder: Path, trials: int, workers: int = 2, seed: int = 0, life: float = 8.0) -> Found:
    """What a search under faults came to, once it is checked: each trial has one outcome and the chain is whole."""
    began = time.monotonic()
    killer = Killer(DuckDBLog(folder / "chaos.duckdb"), trials, workers, random.Random(seed), life)
    killer.until_done()
    events, expected = killer.events, list(range(trials))
    assert [e.trial for e in events if isinstance(e, Proposed)] == expected, "a trial is missing, or there twice"
    assert sorted(e.trial for e in events if isinstance(e, Scored)) == expected, "not every trial has one outcome"
    for kind in (AttemptStarted, AttemptEnded):
        each = Counter((e.trial, e.attempt) for e in events if isinstance(e, kind))
        assert set(each.values()) == {1}, f"an attempt has more than one {kind.__name__}"
    assert [verdict.broken for verdict in verify_log(killer.log.path)] == [None], "the chain is broken"
    assert not list(find_mismatches(events)), "a proposal is not the one that would be made again"
    until = time.monotonic() + GONE
    while list(strays()):
        assert time.monotonic() < until, "what a trial left behind is still there"
        time.sleep(0.02)
    seconds = time.monotonic() - began
    return Found(events, killer.coordinators, killer.workers_killed, killer.slowest, seconds)


def descendants(pid: int) -> Iterator[int]:
    """The processes that a process has started, and those that they have."""
    for child in children(pid):
        yield child
        yield from descendants(child)


def children(pid: int) -> Sequence[int]:
    """The processes that a process has started."""
    with suppress(OSError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def strays() -> Iterator[int]:
    """The processes that faulty trials left behind and nobody ended."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (folder / "cmdline").read_bytes().split(b"\0")[:2] == [b"sleep", STRAY.encode()]:
                yield int(folder.name)


def _state(pid: int) -> str:
    """The letter that Linux has for what a process does; empty for none."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return ""


def rows(found: Found, workers: int) -> Iterator[Row]:
    """The figures."""
    ends = ", ".join(f"{n} {status}" for status, n in found.outcomes.most_common())
    trials, seconds = f"{found.outcomes.total():,}", f"{workers} workers, {found.seconds:.0f} s"
    yield Row("trials with one outcome each", trials, "all", f"{ends}; {seconds}")
    started, ended = len(found.of(AttemptStarted)), len(found.of(AttemptEnded))
    yield Row("attempts", f"{started:,}", "", f"{started - ended} died with their coordinator")
    yield Row("coordinators killed", f"{found.coordinators}", "", f"{found.workers} signals to workers")
    gone = f"{found.slowest:.2f} s at most"
    yield Row("until all was gone that a killed coordinator had started", gone, f"{GONE:g} s")


def main(words: Sequence[str] | None = None) -> None:
    """The table."""
    parser = argparse.ArgumentParser(description="A search under random faults.")
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--coordinate", type=Path, metavar="LOG", help=argparse.SUPPRESS)
    given = parser.parse_args(words)
    if given.coordinate is not None:
        coordinate(DuckDBLog(given.coordinate), given.trials, given.workers)
        return
    with tempfile.TemporaryDirectory() as folder:
        found = chaos(Path(folder), given.trials, given.workers, given.seed)
    show("A search under random faults", rows(found, given.workers))


if __name__ == "__main__":
    main()
