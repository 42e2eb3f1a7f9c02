"""NAS-Bench-201 as an evaluator."""

from collections.abc import Mapping
from functools import cached_property
from typing import ClassVar, Literal, get_args

import numpy as np
from attrs import field, frozen

from archwright.core.budget import Budget
from archwright.core.builders import name_wrong_fields
from archwright.core.modules.graphs import Topology
from archwright.core.names import drop_names
from archwright.core.spaces.nasbench201 import CELLS, CHANNELS, EDGES, OPERATIONS, find_cell
from archwright.core.term import Term
from archwright.evaluate.data.builtin import BUILTIN_NAMES
from archwright.evaluate.tables.table import Table
from archwright.evaluate.tables.tabular import (
    RUNS,
    NotInTable,
    Runs,
    TableEntry,
    read_table,
    require_one_of,
    select_run,
)

Nasbench201Split = Literal["validation", "test"]
DATASET_CLASSES = {"cifar10": 10, "cifar100": 100, "imagenet16_120": 120}  # the number of classes of each


@name_wrong_fields
@frozen
class Nasbench201(Table):
    """Looks up a cell in NAS-Bench-201.

    The score `accuracy` is a fraction: of the validation images in one run, drawn by the trial's seed, or in the mean
    of the runs; or of the test images, in the mean, for comparisons without noise. `test_accuracy` is always a mean.
    """

    kind: ClassVar[str] = "nasbench201"
    benchmark: ClassVar[str] = "NAS-Bench-201"
    budgets: ClassVar[str] = (
        "12epochs,200epochs"  # two schedules: the first 12 epochs of the long one are not the other
    )

    dataset: str = field(default="cifar10", validator=require_one_of(*DATASET_CLASSES))
    split: Nasbench201Split = field(default="validation", validator=require_one_of(*get_args(Nasbench201Split)))
    runs: Runs = field(default="drawn", validator=require_one_of(*RUNS))

    @property
    def classes(self) -> int | None:
        """How many outputs the networks have."""
        return DATASET_CLASSES[self.dataset]

    @property
    def training_data(self) -> str | None:
        """The data set, where it is built in."""
        return self.dataset if self.dataset in BUILTIN_NAMES else None

    @cached_property
    def _columns(self) -> Mapping[str, np.ndarray]:
        dataset = self.dataset
        names = ("val_acc_200ep", "test_acc_200ep", "val_acc_12ep", "test_acc_12ep")
        names = (*names, "train_time_200ep_s", "params_M", "latency_s")
        columns = read_table(self.table, [*(f"{dataset}_{name}" for name in names), "ops", "op_names"])
        return {name.removeprefix(f"{dataset}_"): column for name, column in columns.items()}

    @cached_property
    def _index(self) -> Mapping[tuple[int, ...], int]:
        return {tuple(ops): i for i, ops in enumerate(self._columns["ops"].tolist())}

    @cached_property
    def _operations(self) -> Mapping[Term, int]:
        names = [name.decode() if isinstance(name, bytes) else str(name) for name in self._columns["op_names"]]
        return {OPERATIONS[name]: i for i, name in enumerate(names)}

    def load(self) -> None:
        """Read its file, once; raises BadTable if that is not there, or does not hold the table."""
        len(self._columns)

    def require_architecture(self, architecture: Term) -> None:
        """Raises NotInTable unless it is a cell of the benchmark, or its network."""
        self._index_operations(architecture)

    def look_up(self, architecture: Term, budget: Budget, seed: int) -> TableEntry:
        """The result of a cell after 12 or 200 epochs."""
        self.require_budget(budget)
        i = self._find_row(architecture)
        columns, epochs = self._columns, int(budget.amount)
        test = float(columns[f"test_acc_{epochs}ep"][i])
        validation = np.atleast_1d(columns[f"val_acc_{epochs}ep"][i])
        score = test if self.split == "test" else select_run(validation, self.runs, seed)
        metrics = {
            "accuracy": _fraction(score),
            "test_accuracy": _fraction(test),
            "parameters": float(round(columns["params_M"][i] * 1e6)),
            "latency_seconds": float(columns["latency_s"][i]),
        }
        return TableEntry(metrics, float(columns["train_time_200ep_s"][i]) * epochs / 200)

    def _find_row(self, architecture: Term) -> int:
        operations = self._index_operations(architecture)
        if operations not in self._index:
            raise NotInTable(f"{self.table} has no row for the operations {operations}; give the whole table")
        return self._index[operations]

    def _index_operations(self, architecture: Term) -> tuple[int, ...]:
        """The index of the operation on each edge, in the benchmark's order of edges; raises NotInTable."""
        network = find_cell(architecture)
        cell = drop_names(network.cell if network else architecture)
        if network and (network.channels, network.cells) != (CHANNELS, CELLS):
            raise NotInTable(
                f"the network has channels={network.channels} and cells={network.cells}; the table of NAS-Bench-201 "
                f"has networks of channels={CHANNELS} and cells={CELLS}"
            )
        if isinstance(cell, Topology) and cell.merging == "add" and set(cell.edges) == set(EDGES):
            on_edge = dict(zip(cell.edges, cell.children, strict=True))
            operations = tuple(self._operations.get(on_edge[edge], -1) for edge in EDGES)
            if -1 not in operations:
                return operations
        raise NotInTable(f"{cell.kind} is no cell of NAS-Bench-201; search the space nasbench201")


def _fraction(percent: float) -> float:
    """A percentage of the table, which has eight digits, as a fraction; rounded to undo the error of the division."""
    return round(percent / 100, 12)
