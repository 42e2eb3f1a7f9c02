"""The code that must type-check also runs."""

from tests.typing.public_api import walk


def test_public_api_runs():
    assert walk().is_leaf
