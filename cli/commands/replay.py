"""The commands that go back in a run."""

from typing import Annotated

import typer
from attrs import asdict

from archwright.cli import end_options, options, values
from archwright.cli.option_groups import spread_options
from archwright.display.console import say

AtOption = Annotated[
    str | None,
    typer.Option(
        "--at",
        metavar="N|best|last",
        help="After event number N, or the end of the best trial or the last; by itself, after all.",
    ),
]


def replay_run(
    run: options.LastRunArgument = None,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify",
            help="Compare every proposal with what the searcher proposes now; exit 1 if any differs that is of its "
            "revision, or if an event was changed or lost.",
        ),
    ] = False,
    at: AtOption = None,
    trust: options.TrustOption = False,
    json: options.JsonOption = False,
    log: options.LogOption = options.DEFAULT_LOG,
) -> None:
    """Show what a run's searcher believed at some point, or check that it would propose the same again."""
    from archwright.cli.json_output import print_records
    from archwright.cli.outcomes import name_options
    from archwright.cli.reports.replaying import conclude_verification, show_search_state
    from archwright.results.run import Run

    replayed = Run.read(log, run, trust=trust)
    if at is not None:
        with name_options():
            replayed = replayed.at(values.parse_event(at))
    if verify:
        conclude_verification(replayed.verify(), log, as_json=json)
    else:
        state = replayed.replay(must_propose=at is not None)
        print_records(state) if json else show_search_state(state)


@spread_options
def fork(
    run: options.RunArgument,
    *,
    at: Annotated[
        str,
        typer.Option(
            "--at",
            metavar="N|best|last",
            help="The last event that both runs share: number N, or the end of the best trial or the last.",
        ),
    ],
    searcher: Annotated[str | None, typer.Option(help=f"Another searcher: {options.SEARCHERS_HELP}.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A setting of that searcher.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Another seed.")] = None,
    ends: end_options.MovedEndOptions,
    name: Annotated[str | None, typer.Option(metavar="RUN", help="The new run's name.")] = None,
    trust: options.TrustOption = False,
    log: options.LogOption = options.DEFAULT_LOG,
) -> None:
    """Make a new run of another one's beginning, to go on differently from there: with another searcher or seed."""
    import archwright
    from archwright.cli.outcomes import name_options
    from archwright.store.suggestions import suggest_continuation

    set_options, event = set_ or (), values.parse_event(at)
    with name_options():
        new = archwright.fork(
            run,
            event,
            log=log,
            trust=trust,
            searcher=None if searcher is None else values.merge_searcher_words(searcher, set_options),
            settings=values.parse_set_options(set_options) if searcher is None and set_options else None,
            seed=seed,
            **asdict(ends),
            name=name,
        )
    continuation = suggest_continuation(log, new.name, new.evaluation, new.searcher, new.stopping)
    shared = f"events 1 to {at}" if isinstance(event, int) else f"the events up to the end of the {at} trial"
    say(f"{new.name} shares {shared} with {run}; to go on:\n{continuation.for_shell}")
