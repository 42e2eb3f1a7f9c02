"""What the log holds of the searches of a comparison already, and whether those are the searches that it wants."""

import json
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

from attrs import fields, frozen

from archwright.core.budget import Budget
from archwright.core.errors import ArchwrightError
from archwright.core.json import JSON, find_differences
from archwright.evaluate.logged_evaluations import evaluation_from_json, evaluation_to_json
from archwright.search.named import SEARCHER_KIND
from archwright.search.named_rules import RULE_KIND
from archwright.search.running.compare import ComparedSearch
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.errors import LogMissing
from archwright.store.events import RunStarted, event_to_json
from archwright.store.needed import CLASS_CODE_KEY, CODE_KEY, DATA_CODE_KEY, explain_changed, leave_out
from archwright.store.parts import NeededPart, find_changed, list_parts
from archwright.store.query import query
from archwright.store.written_paths import shorten

# The fields of RunStarted that may differ for the same search: its end, which may be moved; what it ran on; of how
# many trials the models are kept; how the space's file was written, since the space itself is compared; and what its
# evaluation, which is compared, says of itself, but earlier releases do not log.
UNCOMPARED_FIELDS = {"trials", "versions", "keep_models", "space_source", "kind_sources", "reads_budget"}
# Where it runs, as `archwright resume` may be told anew; the shape of the inputs, which the run itself has; and the
# text of a person's function, of which a change is told.
UNCOMPARED_EVALUATOR_FIELDS = {
    "device",
    "data_dir",
    "threads",
    "input_shape",
    "input",
    "source_text",
    "ignores_budget",
    "source_hash",
    "by_value",
    "in_main",
    CLASS_CODE_KEY,
    DATA_CODE_KEY,
}
FIELDS_OF_LATER_RELEASES = {"data"}  # which runs of earlier releases do not log
FIELD_COMPARED_LAST = "space"  # it often differs because the data does

_LOGGED_SEARCHES = """
    SELECT run, first(payload) FILTER (kind = 'RunStarted'),
        list(payload->>'$.space') FILTER (kind = 'RunResumed' AND payload->>'$.space' IS NOT NULL),
        count(*) FILTER (kind = 'Scored'),
        arg_max(CASE kind WHEN 'RunStopped' THEN payload->>'$.reason' ELSE '' END, seq),
        arg_max(CASE kind WHEN 'RunStopped' THEN payload->>'$.detail' ELSE '' END, seq)
    FROM events WHERE run IN (SELECT unnest(?)) GROUP BY run
"""


class OtherSearch(ArchwrightError, ValueError):
    """A run of the log that has the name of a search that is asked for, and is another one."""


@frozen
class LoggedSearch:
    """How far a search of a comparison is in the log."""

    run: str
    parts: Sequence[NeededPart]  # with the hashes of the texts of the person's functions and classes
    scored: int  # trials
    reason: str  # why its last process left it; empty where none has left it in order
    detail: str

    @property
    def trials_done(self) -> float:
        """How many trials it has; infinity if it can have no more."""
        return math.inf if self.reason == "exhausted" else self.scored


def read_logged_searches(log: Path, searches: Sequence[ComparedSearch]) -> Mapping[str, LoggedSearch]:
    """How far those of the searches are that have begun, by their runs.

    Raises OtherSearch where a run of that name is another search than that of the comparison.
    """
    try:
        rows = {row[0]: row for row in query(log, _LOGGED_SEARCHES, [[search.run for search in searches]]).rows}
    except LogMissing:  # the first run makes the file
        return {}
    begun, logged = [search for search in searches if search.run in rows], dict[str, LoggedSearch]()
    for search in begun:
        _, text, spaces, *standing = rows[search.run]
        started = json.loads(text)
        _require_same_search(log, search, started, [json.loads(space) for space in spaces or ()])
        parts = list_parts(started["evaluator"], started["searcher"], started.get("stopping"))
        logged[search.run] = LoggedSearch(search.run, parts, *standing)
    return logged


def find_unfinished(log: DuckDBLog, searches: Sequence[ComparedSearch]) -> Sequence[ComparedSearch]:
    """The searches that are still to be run, or gone on with; OtherSearch where a run in the log is another one."""
    logged = read_logged_searches(log.path, searches)
    return [search for search in searches if search.run not in logged or logged[search.run].trials_done < search.trials]


def describe_changed_code(log: DuckDBLog, searches: Sequence[ComparedSearch]) -> Sequence[str]:
    """A sentence for each function or class that is another one, by its text, than a search was begun with.

    Such as the function that scores the trials, or a stopping rule. None where either has no text in the log.
    """
    logged, changed = read_logged_searches(log.path, searches), dict[str, str]()
    for search in searches:
        before = logged[search.run].parts if search.run in logged else ()
        for name in find_changed(before, search.started.needed_parts):
            changed.setdefault(name, search.run)
    return [explain_changed(name, run) for name, run in changed.items()]


def _require_same_search(log: Path, search: ComparedSearch, logged: Mapping[str, JSON], spaces: Sequence[JSON]) -> None:
    planned = json.loads(event_to_json(search.started)[1])
    differences = chain(
        find_setting_differences(logged, planned, UNCOMPARED_FIELDS),
        *(find_differences(space, planned["space"], "space") for space in spaces),  # in which it was resumed
    )
    difference = next(differences, None)
    if difference is not None:
        raise OtherSearch(
            f"{shorten(log)} has another search named {search.run}: its {difference} in this comparison; give the "
            "comparison another --name (name= in Python), or what the search was begun with"
        )


def find_setting_differences(
    logged: Mapping[str, JSON], planned: Mapping[str, JSON], uncompared: Collection[str]
) -> Iterator[str]:
    """The differences between two starts of a run, of all fields but those that are `uncompared`."""
    names = [attribute.name for attribute in fields(RunStarted) if attribute.name not in uncompared]
    for name in sorted(names, key=lambda name: name == FIELD_COMPARED_LAST):
        old, new = logged.get(name), planned.get(name)
        if old != new and not (name in FIELDS_OF_LATER_RELEASES and old is None):
            # An evaluator of a kind that this command does not name may be code: it is not loaded.
            if name != "evaluator" or dict(old or {}).get("kind") == dict(new or {}).get("kind"):
                old, new = _fill_in_defaults(name, old), _fill_in_defaults(name, new)
            yield from find_differences(old, new, name)


def _fill_in_defaults(name: str, value: JSON) -> JSON:
    """A field with all its settings, those too that were added after it was logged, and without the texts of code."""
    if name == "searcher":
        return leave_out(SEARCHER_KIND.complete(value), CODE_KEY)
    if name == "stopping":
        return None if value is None else leave_out(RULE_KIND.complete(value), CODE_KEY)
    if name == "evaluator":
        is_whole = CLASS_CODE_KEY not in value  # else its class is not here
        settings = evaluation_to_json(evaluation_from_json(value)) if is_whole else dict(value)
        settings |= {"table": str(Path(settings["table"]).expanduser().resolve())} if "table" in settings else {}
        return {key: setting for key, setting in settings.items() if key not in UNCOMPARED_EVALUATOR_FIELDS}
    return str(Budget(**value)) if name == "budget" else value
