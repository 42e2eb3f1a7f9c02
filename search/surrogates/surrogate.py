"""What a surrogate is: a model that is fitted to the scores, and gives the posterior of the scores elsewhere."""

from collections.abc import Callable, Sequence
from functools import cache, wraps
from statistics import NormalDist
from typing import Any, ParamSpec, Protocol, TypeVar, final

import numpy as np
from attrs import frozen

from archwright.search.magnitude import FloatArray
from archwright.search.randomness import UniformStream

P = ParamSpec("P")
R = TypeVar("R")

_STANDARD_NORMAL = NormalDist()


@final
@frozen(eq=False)
class Posterior:
    """The distribution of the target at some candidates, each a normal one."""

    mean: FloatArray  # [candidates]
    standard_deviation: FloatArray  # [candidates], above 0

    def __getitem__(self, candidates: slice) -> "Posterior":
        """The posterior at some of the candidates."""
        return Posterior(self.mean[candidates], self.standard_deviation[candidates])


class Surrogate(Protocol):
    """A model that is fitted and asked at once, a function of nothing but its arguments."""

    def __call__(
        self, groups: Sequence[FloatArray], targets: FloatArray, pending: int, uniform: UniformStream
    ) -> Posterior:
        """The posterior at the last rows of the groups, the candidates.

        Each group is [rows, features]: of one kind, on a scale of its own. First come the rows of `targets`, then
        `pending` rows whose targets are not known yet, then the candidates. A pending row is taken to have its
        posterior mean as its target (the kriging believer of Ginsbourger et al. 2010). Says what it consumes of
        `uniform`.
        """
        ...


def to_normal_quantiles(utilities: Sequence[float]) -> FloatArray:
    """Normal quantiles of the ranks, ties at their middle: the same for any scale and any tail of the utilities."""
    _, ranks, ties = np.unique(np.array(utilities), return_inverse=True, return_counts=True)
    quantiles = (np.cumsum(ties) - 0.5 * ties) / len(utilities)
    return np.array([_STANDARD_NORMAL.inv_cdf(quantile) for quantile in quantiles.tolist()])[ranks]


def on_one_thread(function: Callable[P, R]) -> Callable[P, R]:
    """`function` without threads in its linear algebra.

    They change the last digits with the number of cores, and where cores are shared they cost a hundred times more than
    they save on matrices of this size (measured: 38 ms instead of 0.1 for a Cholesky factor of 128 rows).
    """

    @wraps(function)
    def inner(*args: P.args, **kwargs: P.kwargs) -> R:
        with _find_thread_pools().limit(limits=1, user_api="blas"):
            return function(*args, **kwargs)

    return inner


@cache
def _find_thread_pools() -> Any:
    """What limits the threads of numpy's linear algebra; to look for its library takes as long as some of that."""
    from threadpoolctl import ThreadpoolController  # pyright: ignore[reportMissingTypeStubs]

    return ThreadpoolController()
