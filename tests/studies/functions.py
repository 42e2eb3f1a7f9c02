"""Functions and spaces that the tests of searches from Python give: importable ones, which run fast."""

import archwright as aw
from archwright.core.budget import Budget

INPUT = aw.features(12)
SPACE = aw.sequential(aw.affine(units=aw.integers(1, 400)), aw.relu(), aw.affine(units=3))


def build_space(input_shape: aw.Shape, classes: int) -> aw.Term:
    """The same space, by a function."""
    del input_shape, classes
    return SPACE


def measure_size(architecture: aw.Term, seed: int, budget: Budget) -> dict[str, float]:
    """A score that follows from the architecture, the seed and the budget alone."""
    parameters = architecture.parameters(INPUT.shape)
    return {"accuracy": parameters / 10_000, "cost": float(parameters), "seed": float(seed), "spent": budget.amount}


def fail_when_small(architecture: aw.Term) -> float:
    """A score, or an error where the model has few parameters."""
    parameters = architecture.parameters(INPUT.shape)
    if parameters < 1000:
        raise ValueError("too small")
    return parameters / 10_000
