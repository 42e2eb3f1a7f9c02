"""The evaluator that a configuration describes."""

import random
from collections.abc import Sequence
from functools import cache

from archwright.core.node import root
from archwright.core.protocols import Evaluator
from archwright.core.shape import Shape
from archwright.core.term import Term
from archwright.core.traversal import sample
from archwright.evaluate.config import Config, Function, TabularConfig, Training, WorkerConfig
from archwright.evaluate.data.builtin import BUILTIN_NAMES
from archwright.evaluate.tables.fcnet import FcnetTable
from archwright.evaluate.tables.nasbench201 import Nasbench201, Nasbench201Table
from archwright.evaluate.tables.tabular import BenchmarkTable, NotInTable, TabularEvaluator
from archwright.evaluate.workers.in_process import InProcessEvaluator
from archwright.evaluate.workers.pool import WorkerPool

DRAWN = 16  # architectures of a space that are held against a table


def require_space(config: Config, space: Term, input_shape: Shape) -> None:
    """Nothing if the evaluator is no table, or made for some architectures of the space; else NotInTable.

    What a table is not made for is a trial's end where it is met; a space of nothing else, as far as a few drawings
    show it, is refused.
    """
    if isinstance(config, WorkerConfig):
        return
    table, start, why = _table(config), root(space, input_shape), None
    uniform = random.Random(0).random  # noqa: S311  (nothing secret)
    for _ in range(DRAWN):
        try:
            table.require_architecture(sample(start, uniform).architecture)
        except NotInTable as error:
            why = error
        else:
            return
    raise NotInTable(f"{config.table} has no results for this space: {why}")


def open_evaluator(
    config: Config,
    *,
    workers: int = 1,
    space_source: str | None = None,
    kinds: Sequence[type[Term]] = (),
    trial_timeout: float | None = None,
) -> Evaluator:
    """A table that answers at once, or `workers` processes, each of whose jobs is killed after `trial_timeout` seconds.

    With no workers, jobs run in this process, for debugging, and no time limit can be kept. `space_source` names the
    file that defines a person's own kinds of module, for the workers to import; `kinds` are those that no source
    defines, as `collect_user_kinds` lists them, and are sent to the workers. Raises BadTable where there is no such
    table: it is read here, before any trial. Raises FunctionNeeded, CannotTravel and NothingToKill.
    """
    if isinstance(config, WorkerConfig) and workers == 0:
        return InProcessEvaluator(config, space_source=space_source, trial_timeout=trial_timeout)
    if isinstance(config, WorkerConfig):
        return WorkerPool(config, workers=workers, space_source=space_source, kinds=kinds, trial_timeout=trial_timeout)
    return TabularEvaluator(_table(config))


@cache
def _table(config: TabularConfig) -> BenchmarkTable:
    """The table, read once in a process however many searches look things up in it."""
    table = Nasbench201Table(config) if isinstance(config, Nasbench201) else FcnetTable(config)
    table.load()
    return table


def find_training_data(config: Config) -> str | None:
    """The data that a run's architectures can be trained on, as far as it is known."""
    if isinstance(config, Training | Function):
        return config.data
    return config.dataset if isinstance(config, Nasbench201) and config.dataset in BUILTIN_NAMES else None
