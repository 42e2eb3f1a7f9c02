"""What the log holds of the searches of a comparison already, and whether those are the searches that it wants."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from attrs import fields, frozen

from archwright.cli.values import BadOption
from archwright.core.budget import Budget
from archwright.core.json import JSON, find_differences
from archwright.evaluate.config import config_from_json, config_to_json
from archwright.search.running.compare import ComparedSearch
from archwright.search.searchers.named import parse_searcher, searcher_to_json
from archwright.store.errors import LogMissing
from archwright.store.events import RunStarted, event_to_json
from archwright.store.query import query

# Of the beginning of a run, what may be another for the same search: its end, which may be moved; what it ran on; of
# how many trials the models are kept; and how the space's file was written, since the space itself is compared.
UNCOMPARED_FIELDS = {"trials", "versions", "keep_models", "space_source"}
# Where it runs, as `archwright resume` may be told anew; and the shape of the inputs, which the run itself has.
UNCOMPARED_EVALUATOR_FIELDS = {"device", "data_dir", "threads", "input_shape"}
FIELDS_OF_LATER_RELEASES = {"data"}  # which runs of earlier releases do not tell
FIELD_COMPARED_LAST = "space"  # is compared last: it is often another one because the data is

_LOGGED_SEARCHES = """
    SELECT run, first(payload) FILTER (kind = 'RunStarted'),
        list(payload->>'$.space') FILTER (kind = 'RunResumed' AND payload->>'$.space' IS NOT NULL),
        count(*) FILTER (kind = 'Scored'),
        arg_max(CASE kind WHEN 'RunStopped' THEN payload->>'$.reason' ELSE '' END, seq),
        arg_max(CASE kind WHEN 'RunStopped' THEN payload->>'$.detail' ELSE '' END, seq)
    FROM events WHERE run IN (SELECT unnest(?)) GROUP BY run
"""


@frozen
class LoggedSearch:
    """How a search of a comparison stands in the log."""

    run: str
    scored: int  # trials
    reason: str  # why its last process left it; empty where none has left it in order
    detail: str

    @property
    def reached(self) -> float:
        """How many trials it has, of as many as it could have."""
        return math.inf if self.reason == "exhausted" else self.scored


def read_logged_searches(log: Path, entries: Sequence[ComparedSearch]) -> Mapping[str, LoggedSearch]:
    """How those of the searches stand that have begun, by their runs.

    Raises BadOption where a run of that name is another search than the comparison wants.
    """
    try:
        rows = {row[0]: row for row in query(log, _LOGGED_SEARCHES, [[entry.run for entry in entries]]).rows}
    except LogMissing:  # the first run makes the file
        return {}
    there = [entry for entry in entries if entry.run in rows]
    for entry in there:
        _, started, spaces, *_ = rows[entry.run]
        _require_same_search(log, entry, json.loads(started), [json.loads(space) for space in spaces or ()])
    return {entry.run: LoggedSearch(entry.run, *rows[entry.run][3:]) for entry in there}


def _require_same_search(log: Path, entry: ComparedSearch, was: Mapping[str, JSON], spaces: Sequence[JSON]) -> None:
    difference = next(_find_setting_differences(was, spaces, json.loads(event_to_json(entry.started)[1])), None)
    if difference is not None:
        raise BadOption(
            f"{log} has another search named {entry.run}: its {difference} in this comparison; give the comparison "
            "another --name, or what the search was begun with"
        )


def _find_setting_differences(
    was: Mapping[str, JSON], spaces: Sequence[JSON], now: Mapping[str, JSON]
) -> Iterator[str]:
    """What tells the beginning of a run from that of another search, of all that decides what its trials come to."""
    names = [each.name for each in fields(RunStarted) if each.name not in UNCOMPARED_FIELDS]
    for name in sorted(names, key=lambda name: name == FIELD_COMPARED_LAST):
        then, there = was.get(name), now.get(name)
        if then != there and not (name in FIELDS_OF_LATER_RELEASES and then is None):
            yield from find_differences(_fill_in_defaults(name, then), _fill_in_defaults(name, there), name)
    for space in spaces:  # the run was in, later on
        yield from find_differences(space, now["space"], "space")


def _fill_in_defaults(name: str, value: JSON) -> JSON:
    """A field with all its settings, those too that have come to be only after it was logged."""
    if name == "searcher":
        searcher, revision, settings = parse_searcher(value)
        known = {} if revision is None else {"revision": revision}
        return searcher_to_json(searcher, settings) | known
    if name == "evaluator":
        whole = config_to_json(config_from_json(value))
        whole |= {"table": str(Path(whole["table"]).expanduser().resolve())} if "table" in whole else {}
        return {name: each for name, each in whole.items() if name not in UNCOMPARED_EVALUATOR_FIELDS}
    return str(Budget(**value)) if name == "budget" else value
