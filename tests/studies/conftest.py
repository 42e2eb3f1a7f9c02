"""The command line, beside which Python is tested; and the tests' own functions, importable by every process."""

import pytest

from tests.cli.conftest import cli
from tests.paths import ROOT

__all__ = ["cli"]


@pytest.fixture(autouse=True)
def _importable_tests(monkeypatch) -> None:
    """The path of a person whose modules lie in the current folder."""
    monkeypatch.syspath_prepend(str(ROOT))
