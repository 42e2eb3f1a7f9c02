"""The commands that go back in a run."""

import sys
from typing import Annotated

import typer

from archwright.cli import options
from archwright.display.console import say
from archwright.display.suggestion import format_command

AtOption = Annotated[
    int | None, typer.Option("--at", min=1, metavar="N", help="After event number N; by itself, after all.")
]


def replay_run(
    run: options.LastRunArgument = None,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify",
            help="Compare every proposal with what the searcher proposes now; exit 1 if any differs that is of its "
            "revision.",
        ),
    ] = False,
    at: AtOption = None,
    trust: options.TrustOption = False,
    json: options.JsonOption = False,
    log: options.LogOption = options.DEFAULT_LOG,
) -> None:
    """Show what a run's searcher believed at some point, or check that it would propose the same again."""
    from archwright.cli.json_output import print_records
    from archwright.cli.reports.replaying import show_search_state, show_verification
    from archwright.results.replaying import describe_search_state, verify_proposals
    from archwright.search.running.run_view import view_run

    view = view_run(log, run, at, trusted=trust)
    if not verify:
        state = describe_search_state(view, must_propose=at is not None)
        print_records(state) if json else show_search_state(state)
        return
    verification = verify_proposals(view)
    print_records(verification) if json else show_verification(verification, log)
    if verification["mismatch"]:
        sys.exit(1)


def fork(
    run: options.RunArgument,
    at: Annotated[int, typer.Option("--at", min=1, metavar="N", help="The last event that both runs share.")],
    searcher: Annotated[str | None, typer.Option(help=f"Another searcher: {options.SEARCHERS_HELP}.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A setting of that searcher.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Another seed.")] = None,
    trials: options.MovedTrialsOption = None,
    time: options.MovedTimeOption = None,
    until_score: options.MovedUntilScoreOption = None,
    no_improvement: options.MovedNoImprovementOption = None,
    name: Annotated[str | None, typer.Option(metavar="RUN", help="The new run's name.")] = None,
    trust: options.TrustOption = False,
    log: options.LogOption = options.DEFAULT_LOG,
) -> None:
    """Make a new run of another one's beginning, to go on differently from there: with another searcher or seed."""
    from archwright.cli.reports.replaying import parse_fork_searcher
    from archwright.cli.runs.resuming import read_moved_ends
    from archwright.cli.runs.starting import claim_new_run, generate_numbered_names
    from archwright.search.running.run_view import view_run
    from archwright.search.running.runs import make_fork_event
    from archwright.store.claim import leave_to_others
    from archwright.store.duckdb_log import DuckDBLog
    from archwright.store.runs import fork_run

    view, duckdb_log = view_run(log, run, at, trusted=trust), DuckDBLog(log)
    ends = read_moved_ends(view.run, trials, time, until_score, no_improvement)
    started = make_fork_event(view.run, parse_fork_searcher(view, searcher, set_ or ()), seed, ends)
    with claim_new_run(duckdb_log, name, lambda: generate_numbered_names(duckdb_log, f"{run}-fork")) as new:
        fork_run(duckdb_log, run, at, new, started)
        leave_to_others(log, new)
    say(f"{new} shares events 1 to {at} with {run}; to go on:\n{format_command(log, 'resume', new)}")
