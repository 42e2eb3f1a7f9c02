"""A search with callbacks, to be killed: `python -m tests.callbacks.tracked_search LOG EVENTS FOLDER TOOLS` runs it."""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from archwright.callbacks import MLflow, TensorBoard, WandB, follow_run
from archwright.callbacks.protocol import Callback
from archwright.core.ends import RunEnds
from archwright.core.protocols import AttemptResult, Job
from archwright.search.running.callbacks import RunCallbacks
from archwright.search.running.runs import resume_run, start_run
from archwright.store.duckdb_log import DuckDBLog
from tests.search.instant import InstantEvaluator, make_started, score_job

NAME = "tracked-1"
TRIALS = 7
FAILING = 3  # the trial that fails


def judge(job: Job) -> AttemptResult:
    """The trial `FAILING` runs out of memory."""
    if job.trial == FAILING:
        return AttemptResult(job.trial, job.attempt, "out_of_memory", {}, 0.5, "no room, in line\n2")
    return score_job(job)


def run_tracked(path: Path, callbacks: Sequence, trials: int = TRIALS) -> None:
    """Start the run, or resume it."""
    log = DuckDBLog(path)
    with follow_run(callbacks, log, NAME) as follower:
        rest = {"callbacks": RunCallbacks(on_event=follower.on_event, begin=follower.begin)}
        if path.exists() and NAME in log.runs():
            resume_run(log, NAME, InstantEvaluator(2, judge), ends=RunEnds(trials=trials), **rest)
        else:
            start_run(log, NAME, make_started(trials), InstantEvaluator(2, judge), **rest)


class Killer:
    """Kills the process at an event, which the callbacks before it have seen."""

    def __init__(self, events: int) -> None:
        self.events = events

    def __call__(self, event) -> None:
        self.events -= 1
        if not self.events:
            os.kill(os.getpid(), signal.SIGKILL)


def make_callbacks(folder: Path, names: Sequence[str]) -> list[Callback]:
    """The callbacks of these names, which write below `folder`."""
    makers = {
        "tensorboard": lambda: TensorBoard(folder / "tensorboard"),
        "mlflow": lambda: MLflow(tracking_uri=f"sqlite:///{folder}/mlflow.db"),
        "wandb": lambda: WandB(folder=folder, mode="offline"),
    }
    return [makers[name]() for name in names]


if __name__ == "__main__":
    log_path, events, folder, *tools = sys.argv[1:]
    run_tracked(Path(log_path), [*make_callbacks(Path(folder), tools), Killer(int(events))])
    assert not {"torch", "tensorflow"} & set(sys.modules)
