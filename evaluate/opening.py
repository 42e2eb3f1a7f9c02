"""The evaluator that a configuration describes."""

from archwright.core.trial import Evaluator
from archwright.evaluate.config import Config
from archwright.evaluate.fcnet import FcnetConfig, FcnetTable
from archwright.evaluate.nasbench201 import Nasbench201Config, Nasbench201Table
from archwright.evaluate.pool import WorkerPool
from archwright.evaluate.tabular import TabularEvaluator


def open_evaluator(
    config: Config, *, workers: int = 1, space_source: str | None = None, trial_timeout: float | None = None
) -> Evaluator:
    """A table that answers at once, or `workers` processes, each of whose jobs is killed after `trial_timeout` seconds.

    `space_source` names the file that defines a person's own kinds of module, for the workers to import.
    """
    if isinstance(config, Nasbench201Config):
        return TabularEvaluator(Nasbench201Table(config))
    if isinstance(config, FcnetConfig):
        return TabularEvaluator(FcnetTable(config))
    return WorkerPool(config, workers=workers, space_source=space_source, trial_timeout=trial_timeout)
