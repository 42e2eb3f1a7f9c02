"""The names of runs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archwright.store.duckdb_log import DuckDBLog
from archwright.store.errors import NoSuchRun
from archwright.store.log import START
from archwright.store.memory_log import MemoryLog
from archwright.store.runs import check_run_name, find_run, suggest_run_name
from tests.store.strategies import started


def log_of(*runs):
    log = MemoryLog()
    for run in runs:
        log.append(run, [started()], START)
    return log


@pytest.mark.parametrize(
    ("runs", "stem", "name"),
    [
        ([], "digits", "digits-1"),
        (["digits-1", "digits-2"], "digits", "digits-3"),
        (["digits-7"], "digits", "digits-8"),
        (["digits-10", "digits-9"], "digits", "digits-11"),
        (["digits-x", "digits", "digits-1-1", "my-digits-5"], "digits", "digits-1"),
        (["digits-1-1"], "digits-1", "digits-1-2"),
        ([], "my/space.py:attr", "my-space.py-attr-1"),
        ([], "...", "run-1"),
    ],
)
def test_a_new_run_s_name(runs, stem, name):
    """The stem and the number after the highest one; what a name may not hold becomes a dash."""
    assert suggest_run_name(log_of(*runs), stem) == name


@given(st.text(), st.lists(st.integers(1, 30), unique=True, max_size=4))
def test_a_new_name_is_new_and_valid(stem, numbers):
    """Whatever the stem and the runs that are there."""
    taken = [suggest_run_name(log_of(), stem).removesuffix("1") + str(number) for number in numbers]
    name = suggest_run_name(log_of(*taken), stem)
    assert name not in taken
    assert check_run_name(name) == name


def test_a_log_that_is_not_there_has_no_runs(tmp_path):
    """The name of the first run can be asked for before the file is made."""
    assert suggest_run_name(DuckDBLog(tmp_path / "log.duckdb"), "digits") == "digits-1"


def test_names_that_are_taken_elsewhere_are_passed_over(tmp_path):
    log = DuckDBLog(tmp_path / "log.duckdb")
    assert suggest_run_name(log, "digits", ["digits-4", "mnist-9"]) == "digits-5"


def test_a_run_is_found():
    """By its name, or the one started last."""
    log = log_of("digits-2", "digits-1")
    assert find_run(log, "digits-2") == "digits-2"
    assert find_run(log) == "digits-1"


def test_an_unknown_run_is_named_with_its_neighbours():
    """The nearest names are the remedy; in an empty log it is to start one."""
    with pytest.raises(LookupError, match=r"the log holds no run 'digit-1'; did you mean digits-1"):
        find_run(log_of("digits-1", "mnist-1"), "digit-1")
    with pytest.raises(NoSuchRun, match="archwright search starts one"):
        find_run(log_of())
