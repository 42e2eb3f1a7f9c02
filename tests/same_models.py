"""When two architectures are the same model, said of both alone."""

import archwright as aw
from archwright.core.membership.same_model import simplify


def is_same_model(a: aw.Term, b: aw.Term) -> bool:
    """Whether they compute the same, and have the same training settings."""
    return simplify(a) == simplify(b) and aw.settings_of(a) == aw.settings_of(b)
