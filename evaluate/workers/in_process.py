"""An evaluator that runs its jobs in this process, one at a time, for whoever wants to look into them.

Here a debugger stops where it is told to, and what a function prints is seen. In turn a job that never ends cannot be
killed, and one that takes the process with it takes the search. This is the one evaluator that has torch imported in
the coordinator.
"""

import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from archwright.core.errors import ArchwrightError
from archwright.core.protocols import AttemptResult, HandleReport, Job, Report
from archwright.evaluate.building import guard_evaluation
from archwright.evaluate.description import FunctionDescription
from archwright.evaluate.evaluation import Evaluation
from archwright.evaluate.verdict import Evaluate, ReportEpoch, Verdict
from archwright.evaluate.workers.machine import count_cores
from archwright.evaluate.workers.seeding import keep_generators
from archwright.evaluate.workers.worker import attempt
from archwright.store.user_code import is_source, load_object


class NothingToKill(ArchwrightError, ValueError):
    """A time limit for trials that run in the coordinator, where nothing can end them."""


class _Abandoned(KeyboardInterrupt):
    """Ends a job, since the run is to stop at once."""


class InProcessEvaluator:
    """An Evaluator with one slot, whose job runs within `collect`, by the same code as in a worker.

    Whoever handles reports gets each while its job waits, see `HandleReport`; else they come with the job's end. Ctrl-C
    goes through the job to the caller of `collect`: the attempt has no end then, as if the process had been killed.
    While a job runs, the global random generators and the number of torch's threads are as in a worker, and after it
    as they were before; but for the order of sets of strings, which is this process's own.
    """

    def __init__(
        self, evaluation: Evaluation, *, space_source: str | None = None, trial_timeout: float | None = None
    ) -> None:
        if trial_timeout is not None:
            raise NothingToKill(
                f"the time limit of a trial is {trial_timeout:g} s, and with workers=0 trials run in this process, "
                "where nothing can end them; leave it out, or use workers=1"
            )
        self._evaluation = evaluation
        self._space_source = space_source
        self._evaluate: Evaluate | None = None  # once it is prepared
        self._description: FunctionDescription | None = None
        self._job: Job | None = None
        self._stop_reason = ""  # of the job; empty if it may go on
        self._interrupt: BaseException | None = None  # that goes through the job
        self._is_in_job = False  # in its code, and not in that which handles its reports
        self._threads: int | None = None  # of torch, in a job; None where torch is not needed
        self._arrived: list[Report | AttemptResult] = []
        self._handle_report: HandleReport | None = None

    @property
    def slots(self) -> int:
        """1."""
        return 1

    @property
    def simulates_time(self) -> bool:
        """False: jobs take the time that they take."""
        return False

    @property
    def description(self) -> FunctionDescription | None:
        """What the person's function says of itself; None before `warm_up`, and where there is none."""
        return self._description

    def warm_up(self, stop: Callable[[], object] = lambda: False) -> None:
        """Import and load what the jobs need; raises what is wrong with it.

        Errors come as they are; what a person's own evaluation raises comes as ExtensionFailed, with its traceback.
        """
        del stop
        if self._evaluate is None:
            if self._space_source is not None and is_source(self._space_source):
                load_object(self._space_source)
            threads = self._evaluation.threads or count_cores()
            with guard_evaluation(self._evaluation), keep_generators():
                self._description = self._evaluation.describe_function()
                self._evaluate = self._evaluation.prepare(0, threads)
            self._threads = threads if "torch" in sys.modules else None

    def handle_reports(self, handle: HandleReport) -> None:
        """From now on `handle` gets each report, within `collect`; where it says so, the job is given up."""
        self._handle_report = handle

    def give_up_job(self) -> None:
        """Raise within the code of the job, if this is called in the midst of it, as by the handler of a signal.

        No message about the job follows, whatever it makes of that.
        """
        if self._is_in_job:
            self._interrupt = _Abandoned()
            raise self._interrupt

    def submit(self, job: Job) -> None:
        """Take the job, which begins with the next `collect`."""
        assert self._job is None  # there is one slot
        self.warm_up()
        self._job, self._stop_reason = job, ""

    def collect(self, timeout: float) -> Sequence[Report | AttemptResult]:
        """Run the job that waits, if there is one, to its end, however long it takes; its reports and its end."""
        del timeout
        if (job := self._job) is not None:
            with keep_generators():
                self._set_threads()
                end = attempt(self._evaluate_job, job, self._deliver, lambda: self._stop_reason)
            self._job, interrupt, self._interrupt = None, self._interrupt, None
            if interrupt is None:
                self._arrived.append(end.result)
            elif not isinstance(interrupt, _Abandoned):
                raise interrupt
        arrived, self._arrived = self._arrived, []
        return arrived

    def stop_early(self, trial: int, reason: str) -> None:
        """Have the trial's job end with the report that is being handled."""
        if self._job is not None and self._job.trial == trial:
            self._stop_reason = reason

    def close(self) -> None:
        """Forget the job that waits."""
        self._job = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _evaluate_job(self, job: Job, report: ReportEpoch) -> Verdict:
        assert self._evaluate is not None
        try:
            with self._in_job(is_in_job=True):
                return self._evaluate(job, report)
        except KeyboardInterrupt as interrupt:  # of which `attempt` would make an end
            self._interrupt = self._interrupt or interrupt
            raise

    @contextmanager
    def _in_job(self, *, is_in_job: bool) -> Generator[None]:
        before, self._is_in_job = self._is_in_job, is_in_job
        try:
            yield
        finally:
            self._is_in_job = before

    def _set_threads(self) -> None:
        if self._threads is not None:
            sys.modules["torch"].set_num_threads(self._threads)

    def _deliver(self, report: Report) -> None:
        if self._handle_report is None:
            self._arrived.append(report)
            return
        try:
            with self._in_job(is_in_job=False):
                goes_on = self._handle_report(report)
        except BaseException as error:  # of the log, say, and no fault of the job
            self._interrupt = error
            raise _Abandoned from error
        if not goes_on:
            self._interrupt = _Abandoned()
            raise self._interrupt
