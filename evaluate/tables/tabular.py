"""Tabular benchmarks: an evaluator that looks up the results of trainings done beforehand, with their times."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol, get_args

import numpy as np
from attrs import frozen

from archwright.core.budget import Budget
from archwright.core.errors import ArchwrightError, suggest_names
from archwright.core.objective import require_metric_name
from archwright.core.protocols import AttemptResult, Job, Report
from archwright.core.term import Term
from archwright.core.tracebacks import format_traceback
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


def read_table(path: str, columns: Sequence[str]) -> Mapping[str, np.ndarray]:
    """The named columns of an .npz file; raises BadTable if there is no such file or no such column."""
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
            return {name: _restore_decimals(archive[name]) for name in columns}
    except (OSError, ValueError) as error:
        if isinstance(error, ArchwrightError):
            raise
        raise BadTable(f"{file} cannot be read as an .npz: {error}") from error


def _restore_decimals(column: np.ndarray) -> np.ndarray:
    """A column of float32 as the doubles nearest to its decimals: 93.66, and not 93.66000366210938."""
    return column.astype(str).astype(np.float64) if column.dtype == np.float32 else column


def select_run(values: np.ndarray, runs: Runs, seed: int) -> float:
    """The value of one run, which `seed` selects, or the mean of all; a value for each run, NaN where there is none."""
    values = values[~np.isnan(values)]
    return float(values[seed % len(values)] if runs == "drawn" else values.mean())


class BenchmarkTable(Protocol):
    """The results of a benchmark, by architecture."""

    def load(self) -> None:
        """Read its file, once; raises BadTable if that is not there, or does not hold the table."""
        ...

    def require_architecture(self, architecture: Term) -> None:
        """Raises NotInTable unless the architecture is one of those that the benchmark is about."""
        ...

    def look_up(self, architecture: Term, budget: Budget, seed: int) -> TableEntry:
        """The result of a training; raises NotInTable if the table has none."""
        ...


class TabularEvaluator:
    """An Evaluator without a process: it has every result at once."""

    def __init__(self, table: BenchmarkTable) -> None:
        self._table = table
        self._arrived: list[Report | AttemptResult] = []

    @property
    def slots(self) -> int:
        """1: there is nothing to wait for."""
        return 1

    @property
    def simulates_time(self) -> bool:
        """True: a result has the seconds of the training that it was taken from."""
        return True

    def submit(self, job: Job) -> None:
        """Look the job up."""
        try:
            entry = self._table.look_up(job.architecture, job.budget, job.seed)
            metrics = {require_metric_name(name): value for name, value in entry.metrics.items()}
        except NotInTable as error:
            self._arrived.append(AttemptResult(job.trial, job.attempt, "invalid", {}, 0.0, str(error)))
        except ArchwrightError:
            raise
        except Exception as error:  # noqa: BLE001  (a person's own table may raise anything)
            self._arrived.append(AttemptResult(job.trial, job.attempt, "crashed", {}, 0.0, format_traceback(error)))
        else:
            self._arrived.append(AttemptResult(job.trial, job.attempt, "ok", metrics, entry.seconds))

    def collect(self, timeout: float) -> Sequence[Report | AttemptResult]:
        """The results that were looked up since the last call."""
        arrived, self._arrived = self._arrived, []
        return arrived

    def stop_early(self, trial: int, reason: str) -> None:
        """Nothing: every job has ended when it was submitted."""

    def close(self) -> None:
        """Nothing to give back."""
