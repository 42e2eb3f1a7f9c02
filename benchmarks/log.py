"""How fast the log takes events, how fast a run is resumed and read, and what the coordinator costs a trial."""

import time
from collections.abc import Sequence
from pathlib import Path

import archwright as aw
from archwright.core.budget import Budget
from archwright.core.ends import RunEnds
from archwright.core.json import to_json
from archwright.core.objective import Objective
from archwright.core.protocols import AttemptResult, Job, Report
from archwright.search.running.callbacks import RunCallbacks
from archwright.search.running.loop import SearchLoop
from archwright.search.running.runs import read_run, resume_run
from archwright.search.running.search_state import make_initial_state, replay_search, to_proposed
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import AttemptEnded, AttemptStarted, Event, Reported, RunStarted, Scored
from archwright.store.fold import RunState
from archwright.store.log import START
from starting import measure_processor_seconds


def make_started(trials: int) -> RunStarted:
    """A random search in the paper's experimental space."""
    space, shape = to_json(aw.named_space("deeparchitect")), (3, 32, 32)
    searcher, evaluator, versions = {"name": "random"}, {"kind": "instant"}, {}
    budget = Budget(1, "epochs")
    return RunStarted(space, "deeparchitect", shape, searcher, evaluator, Objective(), budget, 0, trials, versions)


class InstantEvaluator:
    """An evaluator that takes no time, so that only the coordinator's is measured."""

    slots = 1
    simulates_time = False

    def __init__(self) -> None:
        self._job: Job | None = None

    def submit(self, job: Job) -> None:
        """Keep it until `collect`."""
        self._job = job

    def collect(self, timeout: float) -> Sequence[Report | AttemptResult]:
        """The end of the job."""
        del timeout
        assert self._job is not None
        return [AttemptResult(self._job.trial, self._job.attempt, "ok", {"accuracy": 0.5}, 0.0)]

    def stop_early(self, trial: int, reason: str) -> None:
        """Nothing: the job has ended."""

    def close(self) -> None:
        """Nothing to release."""


def measure_append_rate(folder: Path, batch_size: int, n: int) -> float:
    """Events appended a second, `batch_size` of them a transaction."""
    log = DuckDBLog(folder / f"batches-of-{batch_size}.duckdb")
    position = log.append("run", [make_started(1)], START)
    metrics = {"accuracy": 0.5, "loss": 1.25, "train_loss": 1.5, "seconds": 0.25}
    events: list[Event] = [Reported(0, 1, epoch, metrics) for epoch in range(batch_size)]
    start = time.perf_counter()
    for _ in range(n // batch_size):
        position = log.append("run", events, position)
    return n / (time.perf_counter() - start)


def make_long_log(folder: Path, trials: int) -> DuckDBLog:
    """A log with a run of `trials` trials."""
    log = DuckDBLog(folder / "prepared.duckdb")
    buffer = _BufferedLog(log)
    started = make_started(trials)
    SearchLoop(buffer, "run", START, RunState(), make_initial_state(started), InstantEvaluator()).run(started)
    buffer.write()
    return log


def make_reports_log(folder: Path, reports: int) -> DuckDBLog:
    """A log with a run of one trial, which has sent `reports` reports."""
    log = DuckDBLog(folder / "reports.duckdb")
    started = make_started(1)
    proposal = make_initial_state(started).propose()
    assert proposal is not None
    reported = (Reported(0, 1, epoch, {"accuracy": epoch / reports}) for epoch in range(1, reports + 1))
    metrics = {"accuracy": 1.0}
    buffer = _BufferedLog(log)
    buffer.append("run", [started, to_proposed(proposal), AttemptStarted(0, 1), *reported], START)
    buffer.append("run", [AttemptEnded(0, 1, "ok", 0.0, metrics), Scored(0, "ok", 1.0, metrics)], START)
    buffer.write()
    return log


def measure_resume_seconds(log: DuckDBLog) -> float:
    """Seconds to read and replay a run and make its next proposal."""
    start = time.perf_counter()
    replay_search(read_run(log, "run").events).propose()
    return time.perf_counter() - start


def measure_command_seconds(log: DuckDBLog, *arguments: str) -> float:
    """Processor seconds of a command over the log, with the start of Python."""
    return measure_processor_seconds("-m", "archwright", *arguments, "--log", str(log.path))


def measure_coordinator_seconds(log: DuckDBLog, new_trials: int) -> float:
    """Seconds a trial for everything but the evaluation: propose, decode, log in one transaction, tell."""
    proposed_trials, scored_at = read_run(log, "run").state.proposal_count, list[float]()

    def on_event(event: Event) -> None:
        if isinstance(event, Scored):
            scored_at.append(time.perf_counter())

    callbacks = RunCallbacks(on_event=on_event)
    resume_run(log, "run", InstantEvaluator(), ends=RunEnds(trials=proposed_trials + new_trials), callbacks=callbacks)
    return (scored_at[-1] - scored_at[0]) / (len(scored_at) - 1)


class _BufferedLog:
    """A log in memory that is written to a file in a few large transactions, to prepare a benchmark quickly."""

    def __init__(self, log: DuckDBLog) -> None:
        self._log = log
        self._events: list[Event] = []

    def append(self, run: str, events: Sequence[Event], after, times=None):
        """Buffer them."""
        del run, times
        self._events.extend(events)
        return after

    def read(self, run: str, after=0, upto=None):
        """Nothing: no append fails, after which a run is read again."""
        del run, after, upto
        return []

    def write(self) -> None:
        """Into the file, 2,000 at a time."""
        position = START
        for i in range(0, len(self._events), 2_000):
            position = self._log.append("run", self._events[i : i + 2_000], position)
