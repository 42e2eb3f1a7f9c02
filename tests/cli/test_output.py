"""How what commands print is worded."""

import pytest

from archwright.cli.output import spelled
from archwright.core.trial import parse_budget


@pytest.mark.parametrize(
    ("budget", "words"),
    {
        "1epochs": "1 epoch",
        "0.5epochs": "0.5 epochs",
        "2min": "120 seconds",
        "1.5s": "1.5 seconds",
        "50000examples": "50,000 examples",
    }.items(),
)
def test_budgets_are_spelled_out(budget, words):
    assert spelled(parse_budget(budget)) == words
