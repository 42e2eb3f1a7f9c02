"""What the log holds of the searches of a comparison already."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from attrs import frozen

from archwright.core.budget import Budget
from archwright.core.ends import END_FIELDS, RunEnds
from archwright.core.json import JSON
from archwright.execution.same_search import require_compared_search
from archwright.search.running.compare import ComparedSearch
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.errors import LogMissing
from archwright.store.logged_terms import find_changed_kinds
from archwright.store.needed import explain_changed
from archwright.store.parts import NeededPart, find_changed, list_parts
from archwright.store.query import query

_LOGGED_SEARCHES = """
    SELECT run, first(payload) FILTER (kind = 'RunStarted'),
        list(payload->>'$.space') FILTER (kind = 'RunResumed' AND payload->>'$.space' IS NOT NULL),
        count(*) FILTER (kind = 'Scored'),
        arg_max(CASE kind WHEN 'RunStopped' THEN payload->>'$.reason' ELSE '' END, seq),
        arg_max(CASE kind WHEN 'RunStopped' THEN payload->>'$.detail' ELSE '' END, seq),
        arg_max(payload, seq) FILTER (kind IN ('RunStarted', 'RunResumed'))
    FROM events WHERE run IN (SELECT unnest(?)) GROUP BY run
"""


@frozen
class LoggedSearch:
    """How far a search of a comparison is in the log."""

    run: str
    parts: Sequence[NeededPart]  # with the hashes of the texts of the person's functions and classes
    kind_code: JSON  # the same of the person's kinds of modules
    scored: int  # trials
    reason: str  # why its last process left it; empty where none has left it in order
    detail: str

    ends: RunEnds  # that its last process was asked for

    def has_reached(self, ends: RunEnds) -> bool:
        """Whether it can have no more, or has come to one of these ends, as far as that is known without reading it."""
        if self.reason == "exhausted" or (ends.trials is not None and self.scored >= ends.trials):
            return True
        asked, known = ends.by_name, self.ends.by_name
        is_further = all(
            (end is None) == (known[name] is None) and (end is None or _get_amount(known[name]) >= _get_amount(end))
            for name, end in asked.items()
        )
        return self.reason == "finished" and is_further


def _get_amount(end: float | Budget) -> float:
    """How far an end is; totals of one comparison have one unit."""
    return end.amount if isinstance(end, Budget) else end


def read_logged_ends(payload: Mapping[str, JSON]) -> RunEnds:
    """The ends that the payload of an event holds."""
    total = payload.get("total")
    ends = {name: payload.get(name) for name in END_FIELDS}
    return RunEnds(**{**ends, "total": None if total is None else Budget(**total)})


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
        _, text, spaces, *standing, latest = rows[search.run]
        started = json.loads(text)
        require_compared_search(log, search, started, [json.loads(space) for space in spaces or ()])
        parts = list_parts(started["evaluator"], started["searcher"], started.get("stopping"))
        ends = read_logged_ends(json.loads(latest))
        logged[search.run] = LoggedSearch(search.run, parts, started.get("kind_code"), *standing, ends=ends)
    return logged


def find_unfinished(log: DuckDBLog, searches: Sequence[ComparedSearch]) -> Sequence[ComparedSearch]:
    """The searches that are still to be run, or gone on with; OtherSearch where a run in the log is another one."""
    logged = read_logged_searches(log.path, searches)
    return [
        search
        for search in searches
        if search.run not in logged or not logged[search.run].has_reached(search.started.ends)
    ]


def describe_changed_code(log: DuckDBLog, searches: Sequence[ComparedSearch]) -> Sequence[str]:
    """A sentence for each function or class that is another one, by its text, than a search was begun with.

    Such as the function that scores the trials, a stopping rule, or a kind of module. None where either has no text in
    the log.
    """
    logged, changed = read_logged_searches(log.path, searches), dict[str, str]()
    for search in searches:
        if (before := logged.get(search.run)) is None:
            continue
        for name in (*find_changed(before.parts, search.started.needed_parts), *find_changed_kinds(before.kind_code)):
            changed.setdefault(name, search.run)
    return [explain_changed(name, run) for name, run in changed.items()]
