"""What the modules around a term demand of its completions: what they are told of them, and which of them they take."""

from typing import Any, Literal

from attrs import frozen

from archwright.core.connection import ZERO_REFUSED, Connection
from archwright.core.modules.basic import Zero
from archwright.core.shape import Misfit
from archwright.core.term import Rewriting, Term

Zeros = Literal["allowed", "refused", "only"]  # bare zeros
Keys = frozenset[Any]  # of the environment: the names of shared hyperparameters, for one

NO_KEYS: Keys = frozenset()


@frozen(cache_hash=True)
class Demand:
    """What modules after a term need to know, and whether it may become a bare `zero()`."""

    needed: Keys = NO_KEYS
    zeros: Zeros = "allowed"


NO_DEMAND = Demand()
REFUSING_ZERO = Demand(zeros="refused")


def require_zeros(term: Term, demand: Demand) -> None:
    """Misfit for a bare zero that is refused, and for any other module where only a zero is taken.

    A module that is rewritten is what it becomes.
    """
    if demand.zeros == "allowed" or isinstance(term, Rewriting):
        return
    if isinstance(term, Zero):
        if demand.zeros == "refused":
            raise Misfit(ZERO_REFUSED)
    elif demand.zeros == "only":
        raise Misfit(f"{term.kind} is not zero()")


def split_by_zeros(
    connection: Connection | None, i: int, reached: int, demand: Demand
) -> tuple[Demand, list[tuple[Demand, int]]]:
    """What is demanded of the `i`-th child of a module, and its parts, each with the nodes that are reached after it.

    Where zeros decide which nodes the input comes to, the parts are the completions that are no bare zero, and those
    that are one. `connection` is the rule of the module; without one, the child is demanded what `demand` says.
    """
    if connection is None:
        return demand, [(demand, reached)]
    without = Demand(demand.needed, "refused")
    parts = [(without, connection.follow(i, reached, is_zero=False))]
    if connection.refuses_zero(i, reached):
        return without, parts
    return Demand(demand.needed), [
        *parts,
        (Demand(demand.needed, "only"), connection.follow(i, reached, is_zero=True)),
    ]
