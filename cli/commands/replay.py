"""The commands that go back in a run."""

import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from attrs import asdict

from archwright.cli import options, values
from archwright.cli.option_groups import spread_options
from archwright.display.console import say

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


def choose_fork_searcher(
    logged: Mapping[str, Any], text: str | None, set_options: Sequence[str], *, trusted: bool
) -> str | None:
    """The text of a fork's searcher: another one, or the run's with other settings; None if it stays as it is.

    Raises NotTrusted where the run's is code that this user does not let run.
    """
    from archwright.core.words import format_words
    from archwright.search.named import parse_searcher, searcher_from_json

    if text is not None:
        return values.merge_searcher_words(text, set_options)
    if not set_options:
        return None
    searcher_from_json(logged, trusted=trusted)  # raises NotTrusted
    name, _, settings = parse_searcher(logged)
    return format_words(name, settings | values.parse_set_options(set_options))


@spread_options
def fork(
    run: options.RunArgument,
    *,
    at: Annotated[int, typer.Option("--at", min=1, metavar="N", help="The last event that both runs share.")],
    searcher: Annotated[str | None, typer.Option(help=f"Another searcher: {options.SEARCHERS_HELP}.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A setting of that searcher.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Another seed.")] = None,
    ends: options.MovedEndOptions,
    name: Annotated[str | None, typer.Option(metavar="RUN", help="The new run's name.")] = None,
    trust: options.TrustOption = False,
    log: options.LogOption = options.DEFAULT_LOG,
) -> None:
    """Make a new run of another one's beginning, to go on differently from there: with another searcher or seed."""
    import archwright
    from archwright.cli.outcomes import name_options
    from archwright.display.going_on import format_continuation
    from archwright.results.run import Run

    forked = Run.read(log, run, trust=trust)
    words = choose_fork_searcher(forked.searcher, searcher, set_ or (), trusted=trust)
    with name_options():
        new = archwright.fork(
            forked,
            at,
            searcher=words,
            seed=seed,
            **asdict(ends),
            name=name,
        )
    continuation = format_continuation(log, new.name, new.evaluation, new.searcher, new.stopping)
    say(f"{new.name} shares events 1 to {at} with {run}; to go on:\n{continuation}")
