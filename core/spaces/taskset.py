"""The space of TaskSet's tables: a row of 1,000 settings of Adam, drawn once for all tasks (Metz et al. 2020)."""

from collections.abc import Mapping, Sequence

from archwright.core.domain import values
from archwright.core.expression import pick, shared
from archwright.core.modules.basic import settings
from archwright.core.term import Term

ROW = "row"  # the one choice
ROWS = 1000


def taskset(classes: int) -> Term:
    """The choice of a row alone; what is in the rows, only the table knows: see `build_taskset`."""
    del classes
    return build_taskset({})


def build_taskset(columns: Mapping[str, Sequence[float]]) -> Term:
    """The choice of a row, with what is there in each column as settings that follow from it."""
    row = shared(ROW, values(*range(ROWS), ordered=False))
    return settings(**{ROW: row, **{name: pick(column, row) for name, column in columns.items()}})
