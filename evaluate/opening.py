"""The evaluator that a configuration describes."""

from functools import cache

from archwright.core.trial import Evaluator
from archwright.evaluate.config import Config, TabularConfig, WorkerConfig
from archwright.evaluate.tables.fcnet import FcnetTable
from archwright.evaluate.tables.nasbench201 import Nasbench201Config, Nasbench201Table
from archwright.evaluate.tables.tabular import Table, TabularEvaluator
from archwright.evaluate.workers.pool import WorkerPool


def open_evaluator(
    config: Config, *, workers: int = 1, space_source: str | None = None, trial_timeout: float | None = None
) -> Evaluator:
    """A table that answers at once, or `workers` processes, each of whose jobs is killed after `trial_timeout` seconds.

    `space_source` names the file that defines a person's own kinds of module, for the workers to import. Raises
    BadTable where there is no such table: it is read here, before any trial.
    """
    if isinstance(config, WorkerConfig):
        return WorkerPool(config, workers=workers, space_source=space_source, trial_timeout=trial_timeout)
    return TabularEvaluator(_table(config))


@cache
def _table(config: TabularConfig) -> Table:
    """The table, read once in a process however many searches look things up in it."""
    table = Nasbench201Table(config) if isinstance(config, Nasbench201Config) else FcnetTable(config)
    table.read()
    return table
