"""How large a model is, as `show` says it."""

import pytest

from archwright.cli.reports.show_trial import size


@pytest.mark.parametrize(
    ("trained", "whole", "text"),
    [
        (None, None, ""),
        (1234, None, ", 1,234 parameters"),
        (1234, 1234, ", 1,234 parameters"),
        (1234, 5678, ", 1,234 trainable parameters, 5,678 in all of its architecture"),
    ],
)
def test_two_numbers_of_parameters_are_told_apart(trained, whole, text):
    """The one that training changes, and the one that the tree below adds up to."""
    assert size({"parameters": trained, "all_parameters": whole}) == text
