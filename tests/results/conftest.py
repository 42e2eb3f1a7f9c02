"""A log for the tests to read, made once."""

import pytest

from archwright.results.run import Run
from tests.results.logs import log_runs


@pytest.fixture(scope="session")
def log_path(tmp_path_factory):
    """The path of a log with two runs. Only to be read."""
    return log_runs(tmp_path_factory.mktemp("results"))


@pytest.fixture(params=["up-1", "down-1"])
def run(log_path, request) -> Run:
    """Each of its runs."""
    return Run.read(log_path, request.param)
