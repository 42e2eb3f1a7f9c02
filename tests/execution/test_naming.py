"""A new run has a name that nobody else has."""

import pytest

from archwright.execution.naming import claim_new_run, generate_numbered_names
from archwright.store.claim import claim
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.errors import LogIsGone, RunExists, RunIsBusy
from archwright.store.log import START
from tests.search.instant import make_started


@pytest.fixture
def log(tmp_path) -> DuckDBLog:
    log = DuckDBLog(tmp_path / "log.duckdb")
    log.append("digits-1", [make_started(1)], START)
    return log


def test_a_name_that_a_person_gave_is_theirs_or_is_refused(log):
    def name(wanted: str | None) -> str:
        with claim_new_run(log, wanted, lambda: generate_numbered_names(log, "digits")) as name:
            return name

    assert (name("mine"), name(None)) == ("mine", "digits-2")
    with pytest.raises(RunExists, match="archwright resume digits-1"):
        name("digits-1")
    with claim(log.path, "mine"), pytest.raises(RunIsBusy, match=r"mine in .* is going on"):
        name("mine")


@pytest.mark.parametrize("wanted", [None, "mine"])
def test_a_log_that_was_deleted_does_not_come_back_for_a_new_run(log, wanted):
    """A person who has deleted the file, and not its journal, is asked what they want."""
    log.path.unlink()
    with (
        pytest.raises(LogIsGone, match="archwright runs"),
        claim_new_run(log, wanted, lambda: generate_numbered_names(log, "digits")),
    ):
        pass
    assert not log.path.exists()
