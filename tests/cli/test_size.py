"""How large models and spaces are, as people read it."""

import pytest

from archwright.cli.json_output import print_json
from archwright.cli.reports.show_trial import format_model_size
from archwright.display import text


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
    assert format_model_size({"parameters": trained, "all_parameters": whole}) == text


def test_a_space_of_more_architectures_than_python_prints_is_printed(capsys):
    """Its size has 6,000 digits; where a person reads it, it is a power of ten."""
    size = 10**6000
    print_json({"size": size})
    assert str(size) in capsys.readouterr().out
    assert text.format_space_size(size) == "about 10^6000.0"
    assert text.format_count(10**400).count(",") == 133
    assert text.format_count(1234.0) == text.format_count(1234) == "1,234"
