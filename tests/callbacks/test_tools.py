"""Names and values for trackers, and what is said where a tracker's package is missing."""

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archwright import ArchwrightError
from archwright.callbacks import MissingPackage
from archwright.callbacks.tools import import_tool, make_legal_name, to_plain_value
from archwright.callbacks.trials import TrialTracker

ILLEGAL = r"[^\w.]"


@given(st.text(), st.text(), st.integers(12, 40))
def test_two_names_never_become_one(first, second, length):
    names = [make_legal_name(name, ILLEGAL, length) for name in (first, second)]
    assert (names[0] == names[1]) == (first == second)
    assert all(0 < len(name) <= length for name in names)


def test_a_legal_name_stays_and_another_says_what_it_was():
    assert make_legal_name("conv2d.filters", ILLEGAL, 20) == "conv2d.filters"
    assert make_legal_name("top 5", ILLEGAL, 20) == "top_5-4c5f76cc"
    assert make_legal_name("a" * 30, ILLEGAL, 20).startswith("aaaaaaaaaaa-")


def test_values_stay_what_they_are_where_they_can():
    for value in (True, 3, 2.5, "adam"):
        assert to_plain_value(value, 10) is value
    assert json.loads(str(to_plain_value([1, {"a": None}], 30))) == [1, {"a": None}]


def test_a_missing_package_names_its_extra():
    with pytest.raises(MissingPackage, match=r"no_such_tool.*pip install 'archwright\[wandb\]'") as caught:
        import_tool("no_such_tool", "wandb")
    assert isinstance(caught.value, ArchwrightError)
    assert isinstance(caught.value, ImportError)


def test_callbacks_are_imported_without_their_tools():
    """In a Python in which those packages would be found: an import of one would be an error."""
    code = (
        "import sys\n"
        "for name in ('wandb', 'mlflow', 'tensorboard', 'torch', 'numpy', 'duckdb'): sys.modules[name] = None\n"
        "import archwright, archwright.callbacks\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_tracker_is_abstract():
    with pytest.raises(TypeError, match="abstract"):
        TrialTracker()  # pyright: ignore[reportAbstractUsage]
