"""What a surrogate is: a model of the scores that says what it expects elsewhere, and how sure it is."""

from collections.abc import Callable, Sequence
from functools import cache, wraps
from typing import Any, ParamSpec, Protocol, TypeVar

from archwright.search.surrogates.features import Matrix

P = ParamSpec("P")
R = TypeVar("R")


class Surrogate(Protocol):
    """A model that is fitted and asked at once, a function of nothing but what it is given."""

    def __call__(
        self, groups: Sequence[Matrix], targets: Matrix, pending: int, uniform: Callable[[], float]
    ) -> tuple[Matrix, Matrix]:
        """The mean and the standard deviation, above 0, at the last rows of the groups.

        Each group is [rows, features]: of one kind, on a scale of its own. First come the rows of `targets`, then
        `pending` rows whose targets are not known yet, then those to predict. A pending row is believed to turn out at
        its own mean (the kriging believer of Ginsbourger et al. 2010). Says what it consumes of `uniform`.
        """
        ...


def on_one_thread(function: Callable[P, R]) -> Callable[P, R]:
    """`function` without threads in its linear algebra.

    They change the last digits with the number of cores, and where cores are shared they cost a hundred times more than
    they save on matrices of this size (measured: 38 ms instead of 0.1 for a Cholesky factor of 128 rows).
    """

    @wraps(function)
    def inner(*args: P.args, **kwargs: P.kwargs) -> R:
        with _threads().limit(limits=1, user_api="blas"):
            return function(*args, **kwargs)

    return inner


@cache
def _threads() -> Any:
    """What limits the threads of numpy's linear algebra; to look for its library takes as long as some of that."""
    from threadpoolctl import ThreadpoolController  # pyright: ignore[reportMissingTypeStubs]

    return ThreadpoolController()
