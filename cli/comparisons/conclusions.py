"""What follows from the searches of a comparison, printed."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from archwright.cli.comparisons.logged_searches import LoggedSearch, read_logged_searches
from archwright.cli.json_output import print_records
from archwright.display.console import make_console, say
from archwright.results.comparison import Comparison
from archwright.results.conclusions import check_scored
from archwright.search.running.compare import ComparedSearch
from archwright.search.running.loop import TrialsKeepFailing

MAX_RUNS_NAMED = 5  # in a message


def conclude(log: Path, searches: Sequence[ComparedSearch], optimum: float | None, as_json: bool) -> None:
    """Print what follows from searches that have come to their end, and raise what is wrong with them."""
    comparison = Comparison.read(log, searches, optimum)
    if comparison.has_score and as_json:
        print_records(comparison.rows)
    elif comparison.has_score:
        make_console().print(comparison.tabulate())
    for remark in comparison.remarks:
        say(remark, err=True)
    check_scored(log, comparison.groups)
    check_failing(read_logged_searches(log, searches).values())


def check_failing(searches: Iterable[LoggedSearch]) -> None:
    """TrialsKeepFailing where there are searches that stopped for it: which, and what the first of them said."""
    failing = [search for search in searches if search.reason == "failing"]
    if failing:
        names = ", ".join(search.run for search in failing[:MAX_RUNS_NAMED])
        names += " ..." if len(failing) > MAX_RUNS_NAMED else ""
        number = "1 search" if len(failing) == 1 else f"{len(failing)} searches"
        raise TrialsKeepFailing(
            f"{number} stopped as too many trials in a row failed: {names}; of {failing[0].run}, "
            f"{failing[0].detail}\nthe same command tries them again"
        )
