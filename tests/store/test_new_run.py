"""Runs that are begun at once have names of their own."""

from contextlib import ExitStack
from itertools import islice

import pytest

from archwright.store.artifacts import locate_artifact, locate_run_folder, write_artifact
from archwright.store.claim import claim, claim_first_free
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.errors import RunExists
from archwright.store.events import Proposed
from archwright.store.log import START
from archwright.store.runs import generate_run_names, list_runs
from tests.search.instant import make_started


@pytest.fixture
def log(tmp_path) -> DuckDBLog:
    return DuckDBLog(tmp_path / "log.duckdb")


def test_searches_that_begin_at_once_take_the_next_names(log):
    """All three have looked at the log before any of them has written to it."""
    usual = [generate_run_names(log, "digits") for _ in range(3)]
    with ExitStack() as going:
        assert [going.enter_context(claim_first_free(log, names)) for names in usual] == [
            "digits-1",
            "digits-2",
            "digits-3",
        ]
    assert not log.path.exists()


def test_a_name_that_was_taken_and_is_done_with_is_passed_over(log):
    names = generate_run_names(log, "digits")
    log.append("digits-1", [make_started(1)], START)
    write_artifact(locate_artifact(locate_run_folder(log.path, "digits-2"), 0, "model"), b"weights")
    with claim_first_free(log, names) as name:
        assert name == "digits-3"
    with claim(log.path, "digits-1"), claim(log.path, "digits-2"), claim(log.path, "digits-3"):
        pass  # none of them is held any more


def test_a_start_that_fails_takes_no_name(log):
    def fail() -> None:
        with claim_first_free(log, generate_run_names(log, "digits")) as name:
            raise ValueError(name)

    for _ in range(2):
        with pytest.raises(ValueError, match="digits-1"):
            fail()
    assert list_runs(log) == []


def test_where_all_names_are_taken_another_one_is_asked_for(log):
    log.append("a", [make_started(1), Proposed(0, (), make_started(1).budget)], START)
    with pytest.raises(RunExists, match="name another one"), claim_first_free(log, ["a"]):
        pass


def test_numbers_go_on_after_the_last_one(log):
    log.append("digits-7", [make_started(1)], START)
    assert list(islice(generate_run_names(log, "digits"), 2)) == ["digits-8", "digits-9"]
