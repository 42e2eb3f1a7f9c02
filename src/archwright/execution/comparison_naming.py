"""The name of a comparison, under which no other process runs one meanwhile."""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import chain, count

from archwright.core.errors import ArchwrightError
from archwright.execution.logged_searches import find_unfinished
from archwright.search.running.compare import ComparedSearch
from archwright.store.artifacts import find_runs_with_artifacts
from archwright.store.claim import claim
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.errors import RunIsBusy
from archwright.store.runs import check_run_name, list_runs
from archwright.store.written_paths import shorten


class ComparisonIsBusy(ArchwrightError, BlockingIOError):
    """Another process is running a comparison of that name."""


@contextmanager
def claim_comparison(
    log: DuckDBLog, name: str | None, default_name: str, plan: Callable[[str], Sequence[ComparedSearch]]
) -> Generator[tuple[str, Sequence[ComparedSearch]]]:
    """The name of a comparison and its searches under that, as `plan` makes them of a name.

    No other process runs a comparison of that name while the block lasts. It is `name` or else the `default_name`: one
    that was stopped under it is gone on with. Where another process is at the default one, it is the first with a
    number that is free; at `name`, ComparisonIsBusy.
    """
    searches = plan(name or default_name)
    check_run_name(max((search.run for search in searches), key=len))
    if not find_unfinished(log, searches):  # nobody need be kept out, nor the log be written
        yield name or default_name, searches
        return
    for candidate in [name] if name else chain([default_name], _generate_free_names(log, default_name)):
        with ExitStack() as claims:
            try:
                claims.enter_context(claim(log.path, f"{candidate}.all"))
            except RunIsBusy:
                continue
            yield candidate, plan(candidate)
            return
    raise ComparisonIsBusy(
        f"a comparison named {name} is going on in {shorten(log.path)}; "
        "let it finish or stop it, or give this one another --name (name= in Python)"
    )


def _generate_free_names(log: DuckDBLog, stem: str) -> Iterator[str]:
    """Those of stem-2, stem-3 ... after which no run is named."""
    runs = {*list_runs(log), *find_runs_with_artifacts(log.path)}
    names = (f"{stem}-{number}" for number in count(2))
    return (name for name in names if not any(run.startswith(f"{name}.") for run in runs))
