"""Tabular benchmarks: the results of trainings done beforehand, with their times, and how jobs are looked up there."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol, get_args

import numpy as np
from attrs import frozen

from archwright.core.budget import Budget
from archwright.core.errors import ArchwrightError, suggest_names
from archwright.core.objective import require_metric_name
from archwright.core.protocols import AttemptResult, Job, Status
from archwright.core.term import Term
from archwright.core.tracebacks import format_traceback
from archwright.evaluate.workers.simulated import SimulatedJob, require_seconds
from archwright.store.named_paths import describe_file_kind, explain_relative_path

Runs = Literal["drawn", "mean"]
RUNS: tuple[Runs, ...] = get_args(Runs)


class BadTable(ArchwrightError, ValueError):
    """A file that does not hold the table that an evaluator needs, or a setting that the table has nothing for."""


class NotInTable(ArchwrightError, LookupError):
    """An architecture or a budget that the table has no row or column for."""


def require_one_of(*options: str) -> Callable[[object, Any, str], None]:
    """An attrs validator: BadTable unless the setting is one of `options`."""

    def check(_: object, attribute: Any, value: str) -> None:
        if value not in options:
            raise BadTable(f"{attribute.name} is {value!r}; {suggest_names(value, options)}")

    return check


@frozen
class TableEntry:
    """The result of one training in a table."""

    metrics: Mapping[str, float]
    seconds: float  # of training


def read_table(path: str, columns: Sequence[str], *, restores: bool = True) -> Mapping[str, np.ndarray]:
    """The named columns of an .npz file; raises BadTable if there is no such file or no such column.

    Of columns of float32, the decimals are restored, which takes a second for a million numbers, unless it `restores`
    none.
    """
    file = Path(path).expanduser()
    if file.exists() and not file.is_file():
        raise BadTable(f"{file} is {describe_file_kind(file)}; give the path of the benchmark's .npz")
    if not file.is_file():
        raise BadTable(f"there is no file {file}; give the path of the benchmark's .npz{explain_relative_path(path)}")
    try:
        with np.load(file) as archive:
            missing = [name for name in columns if name not in archive]
            if missing:
                raise BadTable(f"{file} has no column {missing[0]!r}; {suggest_names(missing[0], archive)}")
            return {name: restore_decimals(archive[name]) if restores else archive[name] for name in columns}
    except (OSError, ValueError) as error:
        if isinstance(error, ArchwrightError):
            raise
        raise BadTable(f"{file} cannot be read as an .npz: {error}") from error


def restore_decimals(column: np.ndarray) -> np.ndarray:
    """A column of float32 as the doubles nearest to its decimals: 93.66, and not 93.66000366210938."""
    return column.astype(str).astype(np.float64) if column.dtype == np.float32 else column


def select_run(values: np.ndarray, runs: Runs, seed: int) -> float:
    """The value of one run, which `seed` selects, or the mean of all; a value for each run, NaN where there is none."""
    values = values[~np.isnan(values)]
    return float(values[seed % len(values)] if runs == "drawn" else values.mean())


class LookUp(Protocol):
    """What a table is to the evaluator that looks trials up in it."""

    @property
    def can_continue(self) -> bool:
        """Whether its results at several budgets are of one training; else a larger budget costs all of it."""
        ...

    def look_up(self, architecture: Term, budget: Budget, seed: int) -> TableEntry:
        """The result of a training; raises NotInTable if the table has none."""
        ...


def look_up_job(table: LookUp, job: Job) -> SimulatedJob:
    """What a table has of a job; what it has not, or what it raises, is the job's end.

    A trial that continues another one takes the seconds that its budget adds, where both are of one training.
    """
    status: Status = "ok"
    metrics, seconds, error = dict[str, float](), 0.0, ""
    try:
        entry = table.look_up(job.architecture, job.budget, job.seed)
        metrics = {require_metric_name(name): value for name, value in entry.metrics.items()}
        seconds = max(0.0, require_seconds(entry.seconds) - _find_seconds_before(table, job))
    except NotInTable as problem:
        status, error = "invalid", str(problem)
    except ArchwrightError:
        raise
    except Exception as problem:  # noqa: BLE001  (a person's own table may raise anything)
        status, error = "crashed", format_traceback(problem)
    return SimulatedJob(AttemptResult(job.trial, job.attempt, status, metrics, seconds, error))


def _find_seconds_before(table: LookUp, job: Job) -> float:
    """What the training took that a job goes on with; 0 where it begins anew."""
    if job.continued_budget is None or not table.can_continue:
        return 0.0
    return require_seconds(table.look_up(job.architecture, job.continued_budget, job.seed).seconds)
