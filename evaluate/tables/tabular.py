"""Benchmarks that were trained beforehand: an evaluator that looks results up, with simulated training time."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol, get_args

import numpy as np
from attrs import frozen

from archwright.core.budget import Budget
from archwright.core.errors import ArchwrightError, suggest_names
from archwright.core.protocols import Finished, Job, Report
from archwright.core.term import Term
from archwright.evaluate.paths import describe_file_kind, explain_relative_path

Runs = Literal["drawn", "mean"]
RUNS: tuple[Runs, ...] = get_args(Runs)


class BadTable(ArchwrightError, ValueError):
    """A file that does not hold the table that an evaluator needs, or a setting that the table has nothing for."""


class NotInTable(ArchwrightError, LookupError):
    """An architecture or a budget that the table has no row or column for."""


def among(*options: str) -> Callable[[object, Any, str], None]:
    """A check that a setting is one of `options`."""

    def check(_: object, attribute: Any, value: str) -> None:
        if value not in options:
            raise BadTable(f"{attribute.name} is {value!r}; {suggest_names(value, options)}")

    return check


@frozen
class Row:
    """What a table says of a trial."""

    metrics: Mapping[str, float]
    seconds: float  # of training


def read_table(path: str, columns: Sequence[str]) -> Mapping[str, np.ndarray]:
    """The named columns of an .npz file."""
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
            return {name: _as_written(archive[name]) for name in columns}
    except (OSError, ValueError) as error:
        if isinstance(error, ArchwrightError):
            raise
        raise BadTable(f"{file} cannot be read as an .npz: {error}") from error


def _as_written(column: np.ndarray) -> np.ndarray:
    """A column of float32 as the doubles nearest to its decimals: 93.66, and not 93.66000366210938."""
    return column.astype(str).astype(np.float64) if column.dtype == np.float32 else column


def drawn(values: np.ndarray, runs: Runs, seed: int) -> float:
    """The value of one of the runs that there are, which `seed` draws, or their mean; NaN stands for no run."""
    there = values[~np.isnan(values)]
    return float(there[seed % len(there)] if runs == "drawn" else there.mean())


def require_budget(budget: Budget, schedules: Sequence[int], table: str) -> None:
    """Nothing if it is one of the `schedules`, in epochs, that `table` has results of; else NotInTable."""
    if budget.unit != "epochs" or budget.amount not in schedules:
        there = " and ".join(f"{epochs}epochs" for epochs in schedules)
        raise NotInTable(f"the budget is {budget}; the table of {table} has {there}")


class Table(Protocol):
    """What every benchmark's table can do."""

    def read(self) -> None:
        """Read its file, once. BadTable if that is not there, or does not hold the table."""
        ...

    def require(self, architecture: Term) -> None:
        """Nothing if the table may have a row for it, being made for such architectures; else NotInTable."""
        ...

    def row(self, architecture: Term, budget: Budget, seed: int) -> Row:
        """What the table says of a trial. NotInTable if it says nothing."""
        ...


class TabularEvaluator:
    """An Evaluator without a process: every result is there when it is asked for."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._arrived: list[Report | Finished] = []

    @property
    def slots(self) -> int:
        """1: there is nothing to wait for."""
        return 1

    def submit(self, job: Job) -> None:
        """Look the job up."""
        try:
            row = self._table.row(job.architecture, job.budget, job.seed)
        except NotInTable as error:
            self._arrived.append(Finished(job.trial, job.attempt, "invalid", {}, 0.0, str(error)))
        else:
            self._arrived.append(Finished(job.trial, job.attempt, "ok", row.metrics, row.seconds))

    def collect(self, timeout: float) -> Sequence[Report | Finished]:
        """What was looked up since the last call."""
        arrived, self._arrived = self._arrived, []
        return arrived

    def stop_early(self, trial: int, reason: str) -> None:
        """Nothing: every job has ended when it was submitted."""

    def close(self) -> None:
        """Nothing to give back."""
