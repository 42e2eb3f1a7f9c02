"""Whether memory returns to where it was: that of a coordinator and of a warm worker over many trials, some failing.

`python benchmarks/memory.py [--trials 200]` trains small networks on digits, about a quarter of which fail in ways that
leave the worker warm, and prints how much memory each process holds, early and late.
"""

import argparse
import resource
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from attrs import frozen

import archwright as aw
from archwright.core.budget import Budget
from archwright.core.objective import Objective
from archwright.evaluate.logged_evaluations import evaluation_to_json
from archwright.evaluate.training.evaluation import Training
from archwright.evaluate.workers.pool import WorkerPool
from archwright.search.running.callbacks import RunCallbacks
from archwright.search.running.runs import start_run
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import RunStarted, Scored
from archwright.store.user_code import load_object
from rows import Row, print_table

WARM_UP_TRIALS = 20  # before the first sample that counts
WINDOW_TRIALS = 20  # at either end, of which a median is taken
MIB = 1 << 20

USER_MODULE = """
import archwright as aw

@aw.module
class RaisesAfterwards(aw.Basic):
    def out_shape(self, in_shape):
        return in_shape

    def compile(self, in_shape):
        import torch

        class Layer(torch.nn.Module):
            def forward(self, x):
                if self.training:
                    raise RuntimeError("no good")
                return x

        return Layer()

kind = RaisesAfterwards()
"""


@frozen
class Sample:
    """The resident memory of each process once a trial is scored, in bytes."""

    coordinator: int
    worker: int
    guard: int
    failed: bool  # the trial


@frozen
class Growth:
    """The medians of the first samples after the warm-up, and of the last ones, in bytes."""

    early: float
    late: float

    @property
    def bytes(self) -> float:
        """The difference."""
        return self.late - self.early


def take_samples(folder: Path, trials: int) -> Sequence[Sample]:
    """A sample after each trial of a search whose trials are all done by one worker."""
    source = folder / "own_kind.py"
    source.write_text(USER_MODULE)
    config = Training(device="cpu", threads=1)
    samples: list[Sample] = []
    with WorkerPool(config, space_source=f"{source}:kind") as pool:

        def take_sample(event):
            if isinstance(event, Scored):
                (guard,) = pool.pids
                (worker,) = Path(f"/proc/{guard}/task/{guard}/children").read_text().split()
                coordinator_bytes, worker_bytes, guard_bytes = map(read_memory, ("self", worker, guard))
                samples.append(Sample(coordinator_bytes, worker_bytes, guard_bytes, event.status != "ok"))

        started = _make_started(make_space(load_object(f"{source}:kind")), config, trials)
        log, callbacks = DuckDBLog(folder / "memory.duckdb"), RunCallbacks(on_event=take_sample)
        start_run(log, "memory", started, pool, callbacks=callbacks, max_consecutive_failures=trials)
    return samples


def make_space(raising_module):
    """Networks of several sizes; one in four diverges, raises, or does not fit the data."""
    valid = aw.sequential(
        aw.conv2d(filters=[8, 16, 32, 64], size=[3, 5]), aw.optional(aw.batch_norm()), aw.relu(), aw.affine(units=10)
    )
    divergent = aw.settings(optimizer="sgd", learning_rate=1e30)
    failing = aw.either(
        diverges=aw.sequential(divergent, aw.conv2d(filters=32, size=3), aw.affine(units=10)),
        raises=aw.sequential(raising_module, aw.affine(units=10)),
        misfits=aw.affine(units=7),
    )
    return aw.either(good=valid, fine=valid, well=valid, bad=failing)


def read_memory(pid: int | str) -> int:
    """The resident memory of a process, in bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()


def measure_growth(values: Sequence[int]) -> Growth:
    """From just after the warm-up to the end; of few trials, from the first half to the second."""
    warm_up, window = min(WARM_UP_TRIALS, len(values) // 3), min(WINDOW_TRIALS, (len(values) + 1) // 3)
    return Growth(median(values[warm_up : warm_up + window]), median(values[-window:]))


def _make_started(term, config: Training, trials: int) -> RunStarted:
    return RunStarted(
        space=aw.to_json(term),
        space_source="memory",
        input_shape=(1, 8, 8),
        searcher={"name": "random"},
        evaluator=evaluation_to_json(config),
        objective=Objective(),
        budget=Budget(500, "examples"),
        seed=0,
        trials=trials,
        versions={},
    )


def make_rows(samples: Sequence[Sample]) -> Iterator[Row]:
    """The memory of each process, early and late."""
    trials, failed = len(samples), sum(sample.failed for sample in samples)
    warm_up = min(WARM_UP_TRIALS, trials // 3)
    yield Row("trials in one warm worker", f"{trials}", "", f"{failed} of which failed")
    for name in ("coordinator", "worker", "guard"):
        values = [getattr(sample, name) for sample in samples]
        growth = measure_growth(values)
        beside = f"after {warm_up} trials and at the end: {growth.bytes / MIB:+.1f}; {max(values) / MIB:.1f} at most"
        yield Row(f"MiB that the {name} holds", f"{growth.early / MIB:.1f} / {growth.late / MIB:.1f}", "", beside)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description="Memory over many trials.")
    parser.add_argument("--trials", type=int, default=200)
    trials = parser.parse_args(argv).trials
    with tempfile.TemporaryDirectory() as folder:
        samples = take_samples(Path(folder), trials)
    print_table(f"Memory over {trials} trials", make_rows(samples))


if __name__ == "__main__":
    main()
