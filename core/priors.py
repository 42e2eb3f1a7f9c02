"""Priors: domains whose values are as likely as a person believes that they are good."""

from collections.abc import Mapping
from typing import Any

from attrs import evolve

from archwright.core.builders import name_wrong_arguments
from archwright.core.domain import Domain, Values, as_domain
from archwright.core.errors import show, suggest_names
from archwright.core.expression import Shared
from archwright.core.normal import Normal
from archwright.core.ranges import Integers, Reals
from archwright.core.value import InvalidDomain, Value, format_exactly

CONFIDENCES: Mapping[str, float] = {"low": 0.25, "medium": 0.5, "high": 0.75}  # PriorBand's released code


@name_wrong_arguments
def prior(domain: Any, default: Value, confidence: str | float) -> Domain:
    """The domain, or list of values, with a belief: `default` is the best value, and others may be better all the same.

    It is written as `prior([16, 32, 64], 32, "medium")`.

    `confidence` is "low", "medium" or "high", for 0.25, 0.5 and 0.75, or a number c in (0, 1). In a finite set, the
    default has the share c, and never less than another value; the others have the same shares of the rest. In a range,
    also on a log scale, values have a normal distribution around the default that is cut off at the ends, of the
    deviation 1 - c where the range is 1 long. Weights and beliefs that the domain had go. InvalidDomain if the default
    is no value of the domain, or for another confidence. Source: PriorBand (arXiv 2306.12370) and its released code.
    """
    if isinstance(domain, Shared):
        raise InvalidDomain(
            f"the domain of a prior is the shared {domain.name}; give that the prior, as in shared({domain.name!r}, "
            "prior(...))"
        )
    plain = as_domain(domain).plain
    share = _read_confidence(confidence)
    try:
        center = plain.canonicalize(default)
    except (ValueError, TypeError):
        bounds = f"one of {plain}"
        if isinstance(plain, Integers | Reals):
            bounds = f"between {format_exactly(plain.lo)} and {format_exactly(plain.hi)}"
        whole = "a whole number " if isinstance(plain, Integers) else ""
        raise InvalidDomain(f"the default of a prior is {show(default)}; it must be {whole}{bounds}") from None
    match plain:
        case Values() if plain.size > 1:
            other = (1 - share) / (plain.size - 1)
            return evolve(plain, weights=[max(share, other) if option == center else other for option in plain])
        case Integers() | Reals():
            return evolve(plain, prior=Normal(center, (1 - share) * plain.width))
        case _:
            return plain


def _read_confidence(confidence: str | float) -> float:
    share = CONFIDENCES.get(confidence, None) if isinstance(confidence, str) else confidence
    is_share = isinstance(share, int | float) and not isinstance(share, bool) and 0 < share < 1
    if not is_share:
        nearest = suggest_names(confidence, CONFIDENCES) if isinstance(confidence, str) else ""
        raise InvalidDomain(
            f"the confidence of a prior is {show(confidence)}; it must be low, medium, high or a number above 0 and "
            f"below 1{f'; {nearest}' if nearest.endswith('?') else ''}"
        )
    return float(share)  # pyright: ignore[reportArgumentType]
