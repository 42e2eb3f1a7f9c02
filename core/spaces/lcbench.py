"""The space of LCBench: the training and the size of a fully connected network (Zimmer, Lindauer and Hutter 2021)."""

from collections.abc import Mapping

from archwright.core.domain import Domain, values
from archwright.core.modules.basic import settings
from archwright.core.ranges import integers, reals
from archwright.core.term import Term

# In the order in which the benchmark's surrogate takes them. The layers form a funnel from `max_units` down to the
# number of classes, and so do their rates of dropout from `max_dropout` down to 0.
LCBENCH_DOMAINS: Mapping[str, Domain] = {
    "batch_size": integers(16, 512, log=True),
    "learning_rate": reals(1e-4, 1e-1, log=True),
    "momentum": reals(0.1, 0.99),
    "weight_decay": reals(1e-5, 1e-1),
    "num_layers": values(1, 2, 3, 4, 5),
    "max_units": integers(64, 1024, log=True),
    "max_dropout": reals(0.0, 1.0),
}


def lcbench(classes: int) -> Term:
    """Seven hyperparameters; the number of classes follows from the task, so the space is the same for any."""
    del classes
    return settings(**LCBENCH_DOMAINS)
