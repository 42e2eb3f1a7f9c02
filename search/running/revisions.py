"""Which revision of a searcher made each proposal of a run, and whether today's makes them again.

Searchers change, and each change of what one proposes raises its revision. What another revision proposed is taken over
as it is logged: it can be gone on from, but nobody can propose it again.
"""

import math
from collections import deque
from collections.abc import Iterator, Sequence

from attrs import evolve, frozen

from archwright.core.value import Value
from archwright.search.running.search_state import to_event, trace_search
from archwright.search.searcher import get_revision
from archwright.search.searchers.named import parse_searcher, searcher_from_json
from archwright.store.events import Event, Proposed, RunResumed, RunStarted

# Relative: by so much a number may differ that another processor or another C library has worked out.
ROUNDING_TOLERANCE = 1e-12


@frozen
class Mismatch:
    """A logged proposal that the searcher does not make again."""

    seq: int
    trial: int
    logged: Proposed
    recomputed: Proposed | None
    revision: int | None  # of the searcher that made it; None where the log does not say, so that it may be another one


def get_current_revision(started: RunStarted) -> int:
    """The revision that a run's searcher has by now."""
    return get_revision(searcher_from_json(started.searcher))


def trace_revisions(events: Sequence[Event]) -> Iterator[int | None]:
    """The revision of the run's searcher at each of `events`; None where the log does not say which of several it is.

    Logs did not always name it: there it is the first, if there never was another one.
    """
    started = events[0]
    assert isinstance(started, RunStarted)
    _, revision, _ = parse_searcher(started.searcher)
    if revision is None and get_current_revision(started) == 1:
        revision = 1
    for event in events:
        if isinstance(event, RunResumed) and event.revision is not None:
            revision = event.revision
        yield revision


def find_new_revision(events: Sequence[Event]) -> int | None:
    """The revision in which the searcher of a run goes on; None if it is the one that the log has already."""
    started, logged_revision = events[0], deque(trace_revisions(events), maxlen=1).pop()
    assert isinstance(started, RunStarted)
    current_revision = get_current_revision(started)
    return None if logged_revision == current_revision else current_revision


def find_own_proposals(events: Sequence[Event]) -> Iterator[tuple[int, Proposed, int | None]]:
    """The number of the event, the proposal, and the revision that made it: each that a fork has not inherited."""
    started = events[0]
    assert isinstance(started, RunStarted)
    inherited = 1 + (started.forked_from.inherited if started.forked_from else 0)
    for seq, (event, revision) in enumerate(zip(events, trace_revisions(events), strict=True), start=1):
        if isinstance(event, Proposed) and seq > inherited:
            yield seq, event, revision


def find_mismatches(events: Sequence[Event]) -> Iterator[Mismatch]:
    """Each logged proposal of `events` that is not what the searcher proposes at that point, up to rounding.

    Proposals that a fork has inherited are its parent's, and those of another revision are another searcher's: they are
    taken over, not compared.
    """
    started = events[0]
    assert isinstance(started, RunStarted)
    current_revision = get_current_revision(started)
    own_proposals = find_own_proposals(events)
    comparable = {seq: revision for seq, _, revision in own_proposals if revision in (None, current_revision)}
    if not comparable:
        return
    for seq, (search_state, event) in enumerate(zip(trace_search(events), events, strict=False), start=1):
        if isinstance(event, Proposed) and seq in comparable:
            proposal = search_state.propose()
            recomputed = None if proposal is None else to_event(proposal)
            if not _is_same_proposal(recomputed, event):
                yield Mismatch(seq, event.trial, event, recomputed, comparable[seq])


def _is_same_proposal(recomputed: Proposed | None, logged: Proposed) -> bool:
    """Whether it is the same proposal, but for what rounding makes of a number."""
    if recomputed is None or recomputed == logged:
        return recomputed is not None
    if [name for name, _ in recomputed.path] != [name for name, _ in logged.path]:
        return False
    values = zip((value for _, value in recomputed.path), (value for _, value in logged.path), strict=True)
    return all(is_close(*both) for both in values) and evolve(recomputed, path=logged.path) == logged


def is_close(value: Value, other: Value) -> bool:
    """Whether it is the same value, but for what rounding makes of a number."""
    if isinstance(value, float) and isinstance(other, float):
        return math.isclose(value, other, rel_tol=ROUNDING_TOLERANCE)
    return value == other
