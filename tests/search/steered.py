"""An evaluator that files steer, and one that cannot be opened; processes that import them start soon."""

import os
import signal
import time
from pathlib import Path

from archwright.core.protocols import AttemptResult, Job
from tests.search.instant import InstantEvaluator, score_job


class SteeredEvaluator(InstantEvaluator):
    """An evaluator that looks at the files of a folder: with one named `ill`, trials fail from the third on.

    With one named `deadly`, its process is killed in the fourth trial; with one named `slow`, a trial takes a second,
    and without it a hundredth of one; with one named `held`, it waits until that is gone. Each process leaves one.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(verdict=self.judge)
        self.folder = folder

    def judge(self, job: Job) -> AttemptResult:
        (self.folder / f"begun-{os.getpid()}").touch()
        while (self.folder / "held").exists():
            time.sleep(0.01)
        time.sleep(1 if (self.folder / "slow").exists() else 0.01)
        if (self.folder / "deadly").exists() and job.trial == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        if (self.folder / "ill").exists() and job.trial >= 2:
            return AttemptResult(job.trial, job.attempt, "invalid", {}, 0.0, f"trial {job.trial} is ill")
        return score_job(job)


def open_broken_evaluator() -> InstantEvaluator:
    """An evaluator that cannot be opened."""
    return 1 / 0
