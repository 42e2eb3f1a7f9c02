"""Resuming a run: whether it is done already, its searcher's revision, and the current state of its space."""

from pathlib import Path

from archwright.cli.runs.starting import rebuild_space
from archwright.cli.user_code import load_logged_space
from archwright.cli.values import name_option
from archwright.core.ends import InvalidEnd, RunEnds, move_ends
from archwright.core.json import JSON, find_differences, restore_written_order, to_json
from archwright.display.console import say
from archwright.display.suggestion import format_command
from archwright.evaluate.data.dataset import DataInfo
from archwright.search.running.ends import explain_ends, has_ended, measure_seconds, suggest_moves
from archwright.search.running.revisions import find_new_revision, iterate_revisions
from archwright.search.running.runs import RunRecord, check_paths
from archwright.search.searcher import AnySearcher
from archwright.store.logged_terms import load_logged_term
from archwright.store.user_code import is_source


def is_done(log: Path, name: str, run: RunRecord, ends: RunEnds) -> bool:
    """Whether the run has come to one of `ends`; if so, prints which, and how to move it."""
    seconds = measure_seconds(run.state, run.run_time)
    if not has_ended(run.state, seconds, ends):
        return False
    command = format_command(log, "resume", name, *list_move_options(run, ends))
    say(f"{name} has ended: {explain_ends(run.state, seconds, ends)}; to go on: {command}")
    return True


def list_move_options(run: RunRecord, ends: RunEnds) -> list[str]:
    """The options that move each of the `ends` that the run has reached; none where it has reached none."""
    moves = suggest_moves(run.state, measure_seconds(run.state, run.run_time), ends)
    return [word for name, text in moves.items() for word in (f"--{name.replace('_', '-')}", text)]


def read_moved_ends(run: RunRecord, *texts: str | None) -> RunEnds:
    """The ends of a run as its options move them: those for trials, time, a score and no improvement; BadOption."""
    seconds = measure_seconds(run.state, run.run_time)
    try:
        return move_ends(run.state.ends, *texts, trials_so_far=run.state.proposal_count, seconds_so_far=seconds)
    except InvalidEnd as error:
        raise name_option(error) from None


def say_new_revision(name: str, run: RunRecord, current_searcher: AnySearcher | None = None) -> None:
    """Print where the searcher has another revision now than the one in which it has proposed so far."""
    revision, searcher = find_new_revision(run.events, current_searcher), run.started.searcher["name"]
    if revision is None:
        return
    *_, logged = iterate_revisions(run.events)
    past = f"the log of {name} names none" if logged is None else f"{name} was proposed by revision {logged}"
    say(f"this archwright has revision {revision} of {searcher}, and {past}; it goes on with revision {revision}")


def load_current_space(name: str, run: RunRecord, images: DataInfo | None, *, trusted: bool) -> JSON:
    """The space that the user's file defines now, for a run in a user-defined space; None for a built-in one.

    Prints the differences from the space that the run was in. Raises SpaceChanged where it no longer holds the run, and
    NotTrusted where this user does not let the file run.
    """
    source = run.started.space_source
    if not is_source(source):
        return None
    source_space = load_logged_space(source, trusted=trusted)
    load_logged_term(run.space, source, trusted=trusted)
    space = restore_written_order(run.space, to_json(rebuild_space(source_space, run, images)))
    if space != run.space:
        check_paths(run, space)
        say(f"{source} has changed since {name} was last in it; the run goes on in the new space:")
        for line in find_differences(run.space, space):
            say(f"  {line}")
    return space
