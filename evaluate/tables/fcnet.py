"""The tabular regression benchmark (protein structures) as an evaluator."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from attrs import field, frozen

from archwright.core.budget import Budget
from archwright.core.spaces.fcnet import HYPERPARAMETERS, build_fcnet
from archwright.core.term import Term
from archwright.evaluate.tables.tabular import RUNS, NotInTable, Row, Runs, among, drawn, read_table, require_budget

# Where an architecture holds each hyperparameter of the table: the kind of module and the name there.
PLACES = (
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

OUTPUTS = 1  # of each network
EPOCHS = (100,)  # of each training


@frozen
class FcnetConfig:
    """Looks a configuration up; the score `loss` is the validation error, in one run or in the mean of four."""

    table: str  # path of the .npz
    runs: Runs = field(default="drawn", validator=among(*RUNS))

    @property
    def classes(self) -> int:
        """One number."""
        return OUTPUTS

    @property
    def budget(self) -> str:
        """That of a trial, if the person does not say."""
        return f"{EPOCHS[-1]}epochs"

    def require_budget(self, budget: Budget) -> None:
        """Nothing if it is that of the whole training; else NotInTable. Runs that were begun with another one go on."""
        require_budget(budget, EPOCHS, "fcnet")


@frozen
class FcnetTable:
    """The table's rows by configuration."""

    config: FcnetConfig

    @cached_property
    def _columns(self) -> Mapping[str, np.ndarray]:
        return read_table(self.config.table, ["config_index", "val_loss", "train_time_s", "n_params"])

    @cached_property
    def _index(self) -> Mapping[tuple[int, ...], int]:
        return {tuple(values): i for i, values in enumerate(self._columns["config_index"].tolist())}

    def read(self) -> None:
        """Read its file, once. BadTable if that is not there, or does not hold the table."""
        len(self._columns)

    def require(self, architecture: Term) -> None:
        """Nothing if it is a network of the benchmark with values of its hyperparameters; else NotInTable."""
        _indices(architecture)

    def row(self, architecture: Term, budget: Budget, seed: int) -> Row:
        """What the table says at the end of the training, whatever the budget."""
        columns, runs = self._columns, self.config.runs
        i = self._row_of(architecture)
        loss = drawn(columns["val_loss"][i], runs, seed)
        metrics = {"loss": loss, "parameters": float(columns["n_params"][i])}
        return Row(metrics, drawn(columns["train_time_s"][i], runs, seed))

    def _row_of(self, architecture: Term) -> int:
        indices = _indices(architecture)
        if indices not in self._index:
            raise NotInTable(f"{self.config.table} has no row for the indices {indices}; give the whole table")
        return self._index[indices]


def _indices(architecture: Term) -> tuple[int, ...]:
    """Of its hyperparameters' values among the benchmark's."""
    chosen = [(inside.kind, name, value) for inside in architecture.subterms for name, value in inside.hyperparameters]
    try:
        values = [_take(chosen, kind, name) for kind, name in PLACES]
        indices = tuple(known.index(value) for known, value in zip(HYPERPARAMETERS.values(), values, strict=True))
    except (StopIteration, ValueError):
        indices = None
    if indices is None or architecture != build_fcnet(dict(zip(HYPERPARAMETERS, values, strict=True)), OUTPUTS):
        raise NotInTable(f"{architecture.kind} is no configuration of the table; search the space fcnet")
    return indices


def _take(chosen: list[Any], kind: str, name: str) -> Any:
    """The first value of that kind of module and name, which is taken away."""
    found = next(each for each in chosen if each[:2] == (kind, name))
    chosen.remove(found)
    return found[2]
