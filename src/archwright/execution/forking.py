"""A new run of another one's beginning."""

from archwright.core.json import JSON
from archwright.execution.naming import claim_new_run, generate_numbered_names
from archwright.execution.searching import EndMoves, move_run_ends
from archwright.search.running.run_view import RunView, view_run
from archwright.search.running.runs import make_fork_event
from archwright.store.claim import leave_to_others
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.runs import fork_run


def fork_in_log(view: RunView, at: int, searcher: JSON, seed: int | None, moves: EndMoves, name: str | None) -> str:
    """Make a run with the events of another one up to number `at`; its name. What is None is as in that one.

    Raises NoSuchEvent, InvalidEnd, and what `claim_new_run` does.
    """
    file, run = DuckDBLog(view.log), view_run(view.log, view.name, at).run
    started = make_fork_event(run, searcher, seed, move_run_ends(run, moves))
    with claim_new_run(file, name, lambda: generate_numbered_names(file, f"{view.name}-fork")) as new:
        fork_run(file, view.name, at, new, started)
        leave_to_others(file.path, new)
    return new
