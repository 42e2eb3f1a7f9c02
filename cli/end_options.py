"""The options that say how far a run goes: of a new one, of one that there is, and of all searches of a comparison."""

from functools import partial
from typing import Annotated

import typer
from attrs import frozen

from archwright.cli.options import SEARCH_PANEL
from archwright.core.defaults import DEFAULT_TRIALS

_search_option = partial(typer.Option, rich_help_panel=SEARCH_PANEL)


@frozen(kw_only=True)
class EndOptions:
    """The ends of a new run."""

    trials: Annotated[
        int | None,
        _search_option(
            min=1, metavar="N", help=f"End after so many trials; after {DEFAULT_TRIALS} if no end is given."
        ),
    ] = None
    time: Annotated[
        str | None,
        _search_option(
            metavar="TIME",
            help="End after this long, as in 90s, 10min or 2h: of all processes that go on with the run together, and "
            "of a table, the time that the trainings took. Running trials are let end.",
        ),
    ] = None
    until_score: Annotated[
        float | None, _search_option(metavar="X", help="End once a trial has a score as good as this.")
    ] = None
    no_improvement: Annotated[
        int | None,
        _search_option(min=1, metavar="N", help="End after so many trials in a row without a new best."),
    ] = None
    configurations: Annotated[
        int | None,
        _search_option(
            min=1, metavar="N", help="End after so many configurations, and the promotions of the best of them."
        ),
    ] = None
    total: Annotated[
        str | None,
        _search_option(metavar="BUDGET", help="End once the budgets of all trials come to this, as in 500epochs."),
    ] = None


@frozen(kw_only=True)
class ComparisonEndOptions:
    """The ends that all searches of a comparison have."""

    trials: Annotated[
        int | None, _search_option(min=1, metavar="N", help=f"Of each search; {DEFAULT_TRIALS} if no end is given.")
    ] = None
    configurations: Annotated[
        int | None,
        _search_option(min=1, metavar="N", help="Of each search, and the promotions of the best of them."),
    ] = None
    total: Annotated[
        str | None, _search_option(metavar="BUDGET", help="Of the budgets of all trials of a search, as in 500epochs.")
    ] = None
    time: Annotated[
        str | None, _search_option(metavar="TIME", help="Of each search, as in 2h; of a table, that of the trainings.")
    ] = None
    by: Annotated[
        str | None,
        _search_option(
            metavar="AXIS",
            help="Hold the searches against each other at the same trials, configurations, total (of budgets) or time; "
            "by what ends them if not given.",
        ),
    ] = None


@frozen(kw_only=True)
class MovedEndOptions:
    """The ends of a run that there is; None where one stays as it is."""

    trials: Annotated[
        str | None,
        _search_option(
            metavar="N|+N",
            help="End after how many in all, as in 64, or how many more, as in +32; or none.",
        ),
    ] = None
    time: Annotated[
        str | None,
        _search_option(metavar="TIME|+TIME", help="End after how long in all, as in 2h, or +1h more; or none."),
    ] = None
    until_score: Annotated[
        str | None,
        _search_option(metavar="X", help="End at another score than before, as in 0.95; or none."),
    ] = None
    no_improvement: Annotated[
        str | None,
        _search_option(
            metavar="N|+N",
            help="End after so many trials in a row without a new best, as in 30, or so many more; or none.",
        ),
    ] = None
    configurations: Annotated[
        str | None,
        _search_option(metavar="N|+N", help="End after how many configurations in all, or how many more; or none."),
    ] = None
    total: Annotated[
        str | None,
        _search_option(
            metavar="BUDGET|+BUDGET", help="End at what sum of budgets, as in 500epochs, or +100epochs more; or none."
        ),
    ] = None
