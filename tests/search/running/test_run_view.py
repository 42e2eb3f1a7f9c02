"""What others see of a run."""

import os

from archwright.search.running.run_view import find_open_status
from archwright.store.claim import NOBODY, locate_lock
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.log import START
from tests.store.processes import CLAIMER_CODE, run_process
from tests.store.strategies import make_run_started


def test_a_run_is_running_if_its_lock_is_held_whatever_process_it_names(tmp_path):
    """One that died is not shown as running where another process has its number by now."""
    log = tmp_path / "log.duckdb"
    DuckDBLog(log).append("a-1", [make_run_started()], START)
    assert find_open_status(log, "a-1") == "new"
    with run_process(CLAIMER_CODE, log, "a-1") as holder:
        locate_lock(log, "a-1").write_text("999999999")
        assert find_open_status(log, "a-1") == "running"
        holder.kill()
        holder.wait()
    for said, status in ((str(os.getpid()), "died"), ("", "died"), (NOBODY, "new")):
        locate_lock(log, "a-1").write_text(said)
        assert find_open_status(log, "a-1") == status
    locate_lock(log, "a-1").unlink()
    locate_lock(log, "a-1").symlink_to(log)
    assert find_open_status(log, "a-1") == "died"
