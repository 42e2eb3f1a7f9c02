"""The runs from which a person has a new one start warm."""

from collections.abc import Iterable
from pathlib import Path
from typing import cast

from archwright.execution.checks import BadArgument
from archwright.results.log import Log
from archwright.results.run import Run
from archwright.search.running.run_view import RunView


def read_sources(warm_start: object, log: Path, *, trust: bool = False) -> list[RunView]:
    """The runs that are given, as they stand in their logs now; a name is that of a run in `log`.

    Code that the log names runs as `Log` says. Raises LogMissing and NoSuchRun, and BadArgument for anything else than
    runs and names.
    """
    is_several = isinstance(warm_start, Iterable) and not isinstance(warm_start, Run | str)
    items = list(cast(Iterable[object], warm_start)) if is_several else [warm_start]
    return [_read_source(item, Log(log, trust=trust)).view for item in items]


def _read_source(item: object, log: Log) -> Run:
    if isinstance(item, Run):
        return item.refresh() if item.view.at is None else item
    if isinstance(item, str):
        return log[item]
    raise BadArgument(
        f"warm_start is {item!r:.80}; it must be a run, as aw.search returns it or a study has it as study.run, "
        "the name of one in the log, or a list of them"
    )
