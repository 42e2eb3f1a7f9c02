"""The learning curves of TaskSet as an evaluator."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from attrs import field, frozen

from archwright.core.architecture import settings_of
from archwright.core.budget import Budget
from archwright.core.builders import name_wrong_fields
from archwright.core.errors import show, suggest_names
from archwright.core.names import drop_names
from archwright.core.spaces.taskset import ROW, ROWS, build_taskset, taskset
from archwright.core.term import Term
from archwright.core.value import as_integer
from archwright.evaluate.tables.table import Table
from archwright.evaluate.tables.tabular import BadTable, NotInTable, TableEntry, read_table, restore_decimals

TASKS = tuple(
    f"imdb_patch{name}"
    for name in (
        "128_LSTM128_avg_bs64",
        "128_LSTM128_bs64",
        "128_LSTM128_embed128_bs64",
        "32_GRU128_bs128",
        "32_GRU64_avg_bs128",
        "32_IRNN64_relu_avg_bs128",
        "32_IRNN64_relu_last_bs128",
        "32_LSTM128_E128_bs128",
        "32_LSTM128_bs128",
        "32_VRNN128_tanh_bs128",
        "32_VRNN64_relu_avg_bs128",
        "32_VRNN64_tanh_avg_bs128",
    )
)  # of text classification by a recurrent network, in the order of the file
SPLITS = ("valid", "test", "train")  # of the data that a loss is of
TASK_PREFIX = "FixedTextRNNClassification_"  # of their names there
SETTING_DIGITS = 8  # of a setting that a space has: enough to tell a beta of 0.99999 from 1


def _as_task(task: Any) -> Any:
    """The name of a task that is given by its number."""
    number = as_integer(task)
    return TASKS[number] if type(number) is int and 0 <= number < len(TASKS) else task


def _require_task(_: object, __: object, task: Any) -> None:
    if task not in TASKS:
        remedy = suggest_names(task, TASKS) if isinstance(task, str) else f"{TASKS[0]}, say"
        raise BadTable(f"task is {show(task)}; it is a number from 0 to {len(TASKS) - 1}, or a name: {remedy}")


@name_wrong_fields
@frozen
class TaskSet(Table):
    """Looks up the learning curve of a setting of Adam on one of twelve text tasks.

    The score `loss` is the validation loss at the point of the curve that the budget says, of 51; where the training
    diverged by then it is NaN. A point takes a second of simulated time, as the benchmark has no times.
    """

    kind: ClassVar[str] = "taskset"
    benchmark: ClassVar[str] = "TaskSet"
    budgets: ClassVar[str] = "1epochs..51epochs"
    metric: ClassVar[str] = "loss"

    task: str = field(default=TASKS[0], converter=_as_task, validator=_require_task)

    @property
    def can_continue(self) -> bool:
        """True: a curve is one training."""
        return True

    @cached_property
    def _columns(self) -> Mapping[str, np.ndarray]:
        names = ["tasks", "hp", "hp_names", "valid_loss", "test_loss", "train_loss"]
        columns = read_table(self.table, names, restores=False)
        names = [str(name).removeprefix(TASK_PREFIX) for name in columns["tasks"]]
        if self.task not in names:
            raise BadTable(f"{self.table} has no task {self.task!r}; {suggest_names(self.task, names)}")
        task = names.index(self.task)
        curves = {split: restore_decimals(columns[f"{split}_loss"][task]) for split in SPLITS}
        return {**curves, "hp": columns["hp"], "hp_names": columns["hp_names"]}

    def load(self) -> None:
        """Read its file, once; raises BadTable if that is not there, or does not hold the table."""
        len(self._columns)

    def read_curves(self, split: str = "valid") -> np.ndarray:
        """The losses of the task on a split, valid, test or train, [rows, points]; NaN from where a training diverged.

        Raises BadTable.
        """
        if split not in SPLITS:
            raise BadTable(f"split is {show(split)}; it may be {', '.join(SPLITS)}")
        return self._columns[split]

    def complete_space(self, space: Term) -> Term:
        """The named space with the eight settings that each row has, so that a surrogate sees those."""
        if space != taskset(0):
            return space
        columns = self._columns
        numbers = [[float(f"{number:.{SETTING_DIGITS}g}") for number in column] for column in columns["hp"].T.tolist()]
        return build_taskset(dict(zip(map(str, columns["hp_names"]), numbers, strict=True)))

    def require_architecture(self, architecture: Term) -> None:
        """Raises NotInTable unless it names a row."""
        _find_row(architecture)

    def look_up(self, architecture: Term, budget: Budget, seed: int) -> TableEntry:
        """The losses at the point of the curve that the budget says."""
        self.require_budget(budget)
        row, point = _find_row(architecture), int(budget.amount) - 1
        curves = self._columns
        metrics = {
            "loss": float(curves["valid"][row, point]),
            "test_loss": float(curves["test"][row, point]),
            "train_loss": float(curves["train"][row, point]),
        }
        return TableEntry(metrics, float(budget.amount))


def _find_row(architecture: Term) -> int:
    settings: Mapping[str, Any] = settings_of(drop_names(architecture)) if architecture.plan.is_specified else {}
    row = settings.get(ROW)
    if type(row) is not int or not 0 <= row < ROWS:
        raise NotInTable(f"{architecture.kind} names no row of the table; search the space taskset")
    return row
