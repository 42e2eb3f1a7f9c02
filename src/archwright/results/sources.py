"""The runs from which a person has a new one start warm."""

from collections.abc import Iterable
from pathlib import Path
from typing import cast

from archwright.core.errors import show
from archwright.execution.checks import BadArgument, check_flag
from archwright.execution.warm_start import WarmStart
from archwright.results.log import Log
from archwright.results.run import Run


def read_warm_start(warm_start: object, log: Path, *, comparable: bool = False, trust: bool = False) -> WarmStart:
    """The runs that are given, as they stand in their logs now; a name is that of a run in `log`.

    `comparable` is as `search` takes it. Code that the log names runs as `Log` says. Raises LogMissing and NoSuchRun,
    and BadArgument for anything else than runs and names, or where nothing is given that would be comparable.
    """
    is_several = isinstance(warm_start, Iterable) and not isinstance(warm_start, Run | str)
    items = list(cast(Iterable[object], warm_start)) if is_several else [warm_start]
    sources = [_read_source(item, Log(log, trust=trust)).view for item in items]
    if check_flag("comparable", comparable) and not sources:
        raise BadArgument(
            "comparable says that the scores of other runs mean the same as those of this one, and no runs are given; "
            "name some by --from (warm_start= in Python), or leave it out"
        )
    return WarmStart(sources, comparable)


def _read_source(item: object, log: Log) -> Run:
    if isinstance(item, Run):
        return item.refresh() if item.view.at is None else item
    if isinstance(item, str):
        return log[item]
    raise BadArgument(
        f"warm_start is {show(item)}; it must be a run, as aw.search returns it or a study has it as study.run, "
        "the name of one in the log, or a list of them"
    )
