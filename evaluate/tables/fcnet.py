"""The tabular regression benchmark (protein structures) as an evaluator."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from attrs import field, frozen

from archwright.core.budget import Budget
from archwright.core.builders import name_wrong_fields
from archwright.core.names import drop_names
from archwright.core.spaces.fcnet import HYPERPARAMETERS, build_fcnet
from archwright.core.term import Term
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

# Where an architecture holds each hyperparameter of the table: the kind of module and the name there.
HYPERPARAMETER_PLACES = (
    ("activation", "function"),
    ("activation", "function"),
    ("settings", "batch_size"),
    ("dropout", "rate"),
    ("dropout", "rate"),
    ("settings", "init_lr"),
    ("settings", "lr_schedule"),
    ("affine", "units"),
    ("affine", "units"),
)

FCNET_OUTPUTS = 1  # of each network


@name_wrong_fields
@frozen
class Fcnet(Table):
    """Looks up a configuration; the score `loss` is the validation error of one of four runs, or their mean."""

    kind: ClassVar[str] = "fcnet"
    benchmark: ClassVar[str] = "fcnet"
    budgets: ClassVar[str] = "100epochs"
    metric: ClassVar[str] = "loss"

    runs: Runs = field(default="drawn", validator=require_one_of(*RUNS))

    @property
    def classes(self) -> int | None:
        """1: the networks predict one number."""
        return FCNET_OUTPUTS

    @cached_property
    def _columns(self) -> Mapping[str, np.ndarray]:
        return read_table(self.table, ["config_index", "val_loss", "train_time_s", "n_params"])

    @cached_property
    def _index(self) -> Mapping[tuple[int, ...], int]:
        return {tuple(values): i for i, values in enumerate(self._columns["config_index"].tolist())}

    def load(self) -> None:
        """Read its file, once; raises BadTable if that is not there, or does not hold the table."""
        len(self._columns)

    def require_architecture(self, architecture: Term) -> None:
        """Raises NotInTable unless it is a network of the benchmark with values of its hyperparameters."""
        _index_values(architecture)

    def look_up(self, architecture: Term, budget: Budget, seed: int) -> TableEntry:
        """The result at the end of the training, whatever the budget."""
        columns, runs = self._columns, self.runs
        i = self._find_row(architecture)
        loss = select_run(columns["val_loss"][i], runs, seed)
        metrics = {"loss": loss, "parameters": float(columns["n_params"][i])}
        return TableEntry(metrics, select_run(columns["train_time_s"][i], runs, seed))

    def _find_row(self, architecture: Term) -> int:
        indices = _index_values(architecture)
        if indices not in self._index:
            raise NotInTable(f"{self.table} has no row for the indices {indices}; give the whole table")
        return self._index[indices]


def _index_values(architecture: Term) -> tuple[int, ...]:
    """The index of each hyperparameter's value among the benchmark's values; raises NotInTable."""
    architecture = drop_names(architecture)
    chosen = [(module.kind, name, value) for module in architecture.subterms for name, value in module.hyperparameters]
    try:
        values = [_take(chosen, kind, name) for kind, name in HYPERPARAMETER_PLACES]
        indices = tuple(domain.index(value) for domain, value in zip(HYPERPARAMETERS.values(), values, strict=True))
    except (StopIteration, ValueError):
        indices = None
    if indices is None or architecture != build_fcnet(dict(zip(HYPERPARAMETERS, values, strict=True)), FCNET_OUTPUTS):
        raise NotInTable(f"{architecture.kind} is no configuration of the table; search the space fcnet")
    return indices


def _take(chosen: list[Any], kind: str, name: str) -> Any:
    """The first value with that kind of module and name, which is removed from `chosen`; raises StopIteration."""
    entry = next(entry for entry in chosen if entry[:2] == (kind, name))
    chosen.remove(entry)
    return entry[2]
