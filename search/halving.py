"""The arithmetic of successive halving: how many trials a rung has, and how many of them go on."""

import math
from collections.abc import Sequence
from functools import cache
from typing import Literal

from archwright.core.budget import SLACK

Rounding = Literal["floor", "ceil"]


@cache
def list_bracket_sizes(rung_count: int, start: int, eta: float, rounding: Rounding) -> Sequence[int]:
    """How many trials each rung of a bracket has that begins at the rung `start` of a ladder of so many rungs.

    With S rungs and s = S - 1 - start promotions, the first rung has floor(S / (s + 1)) * eta^s trials, rounded as by
    the authors of BOHB (Falkner et al. 2018, in their released code), or ceil(S / (s + 1) * eta^s), as in the paper of
    Hyperband (Li et al. 2018, Algorithm 1). The j-th after it has the whole part of that / eta^j, and one at least.
    """
    promotions = rung_count - 1 - start
    shares, power = rung_count / (promotions + 1), eta**promotions
    if rounding == "floor":
        first = math.floor(math.floor(shares + SLACK) * power + SLACK)
    else:
        first = math.ceil(shares * power - SLACK)
    return tuple(max(1, math.floor(first / eta**j + SLACK)) for j in range(promotions + 1))


def count_promotions(finished: int, eta: float) -> int:
    """How many of so many trials of a rung that have ended may go on: floor(n / eta)."""
    return math.floor(finished / eta + SLACK)
