"""Whether and with what a run goes on."""

from pathlib import Path

from archwright.cli.output import pluralize, say
from archwright.cli.own_code import load_logged_space, load_logged_term
from archwright.cli.runs.starting import space_now
from archwright.cli.suggestion import format_command
from archwright.core.json import JSON, find_differences, restore_written_order, to_json
from archwright.evaluate.config import Config, FunctionConfig
from archwright.evaluate.data.dataset import DataInfo
from archwright.evaluate.permission import require_trusted
from archwright.evaluate.user_code import is_source
from archwright.search.running.revisions import find_new_revision, trace_revisions
from archwright.search.running.runs import RunRecord, check_paths


def is_done(log: Path, name: str, run: RunRecord, target: int | None) -> bool:
    """Whether the run has all its trials, which is said then."""
    wanted = run.state.target if target is None else target
    if run.state.in_flight or run.state.proposed < wanted:
        return False
    again = format_command(log, "resume", name, "--trials", "+16")
    say(f"{name} has its {pluralize(run.state.scored, 'trial')} already; for more: {again}")
    return True


def say_revised(name: str, run: RunRecord) -> None:
    """Say where the searcher is not in the revision any more in which it has proposed so far."""
    now, searcher = find_new_revision(run.events), run.started.searcher["name"]
    if now is None:
        return
    *_, logged = trace_revisions(run.events)
    before = f"the log of {name} names none" if logged is None else f"{name} was proposed by revision {logged}"
    say(f"this archwright has revision {now} of {searcher}, and {before}; it goes on with revision {now}")


def require_permission(config: Config, *, trusted: bool) -> None:
    """NotTrusted where the run's evaluator is code that this person does not let run."""
    if isinstance(config, FunctionConfig):
        require_trusted(config.source, trusted=trusted, named_by="archwright search SPACE --evaluator")


def changed_space(name: str, run: RunRecord, images: DataInfo | None, *, trusted: bool) -> JSON:
    """The space that the person's file gives now, for a run in a space of their own; None for a built-in one.

    Says what differs from the space that the run was in. Raises SpaceChanged where it holds the run no longer, and
    NotTrusted where this person does not let the file run.
    """
    source = run.started.space_source
    if not is_source(source):
        return None
    found = load_logged_space(source, trusted=trusted)
    load_logged_term(run.space, source, trusted=trusted)
    space = restore_written_order(run.space, to_json(space_now(found, run, images)))
    if space != run.space:
        check_paths(run, space)
        say(f"{source} has changed since {name} was last in it; the run goes on in the new space:")
        for line in find_differences(run.space, space):
            say(f"  {line}")
    return space
