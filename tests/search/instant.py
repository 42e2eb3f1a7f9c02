"""An evaluator in this process whose score is a function of the architecture, and runs to use it in."""

import json
import random
from collections.abc import Callable, Sequence
from hashlib import blake2b

import archwright as aw
from archwright.core.budget import Budget
from archwright.core.json import to_json
from archwright.core.objective import Objective
from archwright.core.protocols import AttemptResult, Job, Report
from archwright.store.events import RunStarted

LAYER = aw.sequential(aw.conv2d(filters=[8, 16, 32], size=[3, 5]), aw.maybe_swap(aw.relu(), aw.batch_norm()))
SPACE = aw.sequential(
    aw.settings(optimizer=["adam", "sgd"], learning_rate=aw.reals(1e-4, 1e-1, log=True)),
    aw.repeat(LAYER, [1, 2]),
    aw.affine(10),
)


def make_started(trials: int, seed: int = 0, **rest) -> RunStarted:
    """The beginning of a random search in a small space."""
    return RunStarted(
        space=to_json(SPACE),
        space_source="tests",
        input_shape=(1, 8, 8),
        searcher={"name": "random"},
        objective=Objective(),
        budget=Budget(1, "epochs"),
        seed=seed,
        trials=trials,
        versions={},
        **{"evaluator": {"kind": "instant"}, **rest},
    )


def score_job(job: Job) -> AttemptResult:
    """A score in [0, 1) that only the architecture decides."""
    digest = blake2b(json.dumps(to_json(job.architecture)).encode(), digest_size=4).digest()
    return AttemptResult(job.trial, job.attempt, "ok", {"accuracy": int.from_bytes(digest) / 2**32}, 0.5)


class InstantEvaluator:
    """Ends jobs at once, several slots in a shuffled order, with a report before each end."""

    simulates_time = False

    def __init__(self, slots: int = 1, verdict: Callable[[Job], AttemptResult] = score_job, seed: int = 0) -> None:
        self.slots = slots
        self.jobs: list[Job] = []
        self.seen: list[Job] = []
        self._verdict = verdict
        self._random = random.Random(seed)

    def submit(self, job: Job) -> None:
        assert len(self.jobs) < self.slots
        self.jobs.append(job)
        self.seen.append(job)

    def collect(self, timeout: float) -> Sequence[Report | AttemptResult]:
        del timeout
        job = self.jobs.pop(self._random.randrange(len(self.jobs)))
        return [Report(job.trial, job.attempt, 1, {"accuracy": 0.5}), self._verdict(job)]

    def stop_early(self, trial: int, reason: str) -> None:
        """A job that has reported has ended."""

    def close(self) -> None:
        self.jobs.clear()
