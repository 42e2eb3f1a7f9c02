"""One domain for a hyperparameter that was chosen of several, as what fits depends on what was chosen before."""

from collections.abc import Iterable, Sequence

from archwright.core.domain import Domain, Values, values
from archwright.core.ranges import Integers, Reals
from archwright.core.value import Value


def join_domains(domains: Iterable[Domain], chosen: Iterable[Value]) -> Domain:
    """The domain in which the values of all `domains` have their places, whatever is believed of them.

    One that holds all others is that one; ranges of one kind and scale give the range around them; lists the list of
    all their values; ranges of several kinds the reals around them; and what has no place among numbers the list of the
    values that were `chosen`.
    """
    parts = list(dict.fromkeys(domain.plain for domain in domains))
    whole = next((part for part in parts if all(part.includes(other) for other in parts)), None)
    if whole is not None:
        return whole
    return _surround(parts) or _unite(parts) or values(*dict.fromkeys(chosen))


def _surround(parts: Sequence[Domain]) -> Domain | None:
    """The range around ranges, or around ranges and lists of numbers; None where something else is among them."""
    ranges = [part for part in parts if isinstance(part, Integers | Reals)]
    numbers = [float(end) for part in parts for end in _find_ends(part)]
    if not ranges or len(numbers) < 2 * len(parts):
        return None
    low, high = min(numbers), max(numbers)
    is_log = any(part.log for part in ranges)
    if all(isinstance(part, Integers) and part.log == is_log for part in parts):
        return Integers(int(low), int(high), is_log)
    return Reals(low, high, is_log and low > 0)


def _find_ends(part: Domain) -> Sequence[int | float]:
    """The least and the largest of its numbers; none where it holds something else."""
    if isinstance(part, Integers | Reals):
        return part.lo, part.hi
    numbers = [value for value in part if isinstance(value, int | float) and not isinstance(value, bool)]
    return (min(numbers), max(numbers)) if len(numbers) == part.size else ()


def _unite(parts: Sequence[Domain]) -> Domain | None:
    """The list of the values of lists; None where one is none. They have an order if each of them has the numbers'."""
    options = dict.fromkeys(value for part in parts if isinstance(part, Values) for value in part)
    if not all(isinstance(part, Values) for part in parts):
        return None
    return (
        values(*options) if all(isinstance(part, Values) and part.ordered for part in parts) else Values(tuple(options))
    )
