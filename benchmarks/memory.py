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
from archwright.evaluate.config import TrainingConfig, config_to_json
from archwright.evaluate.user_code import load_object
from archwright.evaluate.workers.pool import WorkerPool
from archwright.search.running.loop import RunCallbacks
from archwright.search.running.runs import start_run
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import RunStarted, Scored
from rows import Row, show

WARM = 20  # trials before the first sample that counts
WINDOW = 20  # samples at either end
MIB = 1 << 20

OWN_KIND = """
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
    """What the processes hold once a trial is scored, in bytes."""

    coordinator: int
    worker: int
    guard: int
    failed: bool


@frozen
class Growth:
    """The medians of the first samples after the warm-up, and of the last ones, in bytes."""

    early: float
    late: float

    @property
    def bytes(self) -> float:
        """How much more it is."""
        return self.late - self.early


def samples(folder: Path, trials: int) -> Sequence[Sample]:
    """A sample after each trial of a search whose trials are all done by one worker."""
    source = folder / "own_kind.py"
    source.write_text(OWN_KIND)
    config = TrainingConfig(device="cpu", threads=1)
    taken: list[Sample] = []
    with WorkerPool(config, space_source=f"{source}:kind") as pool:

        def take_sample(event):
            if isinstance(event, Scored):
                (guard,) = pool.pids
                (worker,) = Path(f"/proc/{guard}/task/{guard}/children").read_text().split()
                taken.append(Sample(held("self"), held(worker), held(guard), event.status != "ok"))

        begin = _started(space(load_object(f"{source}:kind")), config, trials)
        log, callbacks = DuckDBLog(folder / "memory.duckdb"), RunCallbacks(on_event=take_sample)
        start_run(log, "memory", begin, pool, callbacks=callbacks, max_consecutive_failures=trials)
    return taken


def space(raises):
    """Networks of several sizes; one in four diverges, raises, or does not fit the data."""
    good = aw.sequential(
        aw.conv2d(filters=[8, 16, 32, 64], size=[3, 5]), aw.optional(aw.batch_norm()), aw.relu(), aw.affine(units=10)
    )
    wild = aw.settings(optimizer="sgd", learning_rate=1e30)
    bad = aw.either(
        diverges=aw.sequential(wild, aw.conv2d(filters=32, size=3), aw.affine(units=10)),
        raises=aw.sequential(raises, aw.affine(units=10)),
        misfits=aw.affine(units=7),
    )
    return aw.either(good=good, fine=good, well=good, bad=bad)


def held(pid: int | str) -> int:
    """The memory that a process holds, in bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()


def growth(values: Sequence[int]) -> Growth:
    """From just after the warm-up to the end; of few trials, from the first half to the second."""
    warm, window = min(WARM, len(values) // 3), min(WINDOW, (len(values) + 1) // 3)
    return Growth(median(values[warm : warm + window]), median(values[-window:]))


def _started(term, config: TrainingConfig, trials: int) -> RunStarted:
    return RunStarted(
        space=aw.to_json(term),
        space_source="memory",
        input_shape=(1, 8, 8),
        searcher={"name": "random"},
        evaluator=config_to_json(config),
        objective=Objective(),
        budget=Budget(500, "examples"),
        seed=0,
        trials=trials,
        versions={},
    )


def rows(taken: Sequence[Sample]) -> Iterator[Row]:
    """What each process holds early and late."""
    trials, failed = len(taken), sum(sample.failed for sample in taken)
    warm = min(WARM, trials // 3)
    yield Row("trials in one warm worker", f"{trials}", "", f"{failed} of which failed")
    for name in ("coordinator", "worker", "guard"):
        values = [getattr(sample, name) for sample in taken]
        found = growth(values)
        beside = f"after {warm} trials and at the end: {found.bytes / MIB:+.1f}; {max(values) / MIB:.1f} at most"
        yield Row(f"MiB that the {name} holds", f"{found.early / MIB:.1f} / {found.late / MIB:.1f}", "", beside)


def main(words: Sequence[str] | None = None) -> None:
    """The table."""
    parser = argparse.ArgumentParser(description="Memory over many trials.")
    parser.add_argument("--trials", type=int, default=200)
    trials = parser.parse_args(words).trials
    with tempfile.TemporaryDirectory() as folder:
        taken = samples(Path(folder), trials)
    show(f"Memory over {trials} trials", rows(taken))


if __name__ == "__main__":
    main()
