"""Which revision of a searcher made each proposal of a run, and whether the current one makes the same proposals.

Searchers change, and each change of what one proposes raises its revision. The proposals of another revision are taken
from the log as they are: a search can be resumed after them, but the current searcher need not propose them again.
"""

import math
from collections import deque
from collections.abc import Iterator, Sequence

from attrs import evolve, frozen

from archwright.core.json import JSON
from archwright.core.value import Value
from archwright.search.named import SEARCHER_KIND, SEARCHERS
from archwright.search.running.search_state import iterate_search_states, to_proposed
from archwright.search.searcher import AnySearcher, get_revision, get_total_revision
from archwright.store.events import Event, Proposed, RunResumed, RunStarted
from archwright.store.needed import is_configured

# Numbers may differ by this much where another processor or another C library has computed them.
RELATIVE_TOLERANCE = 1e-12


@frozen
class Mismatch:
    """A logged proposal, and what the searcher proposes at that point instead."""

    seq: int
    trial: int
    logged: Proposed
    recomputed: Proposed | None
    revision: int | None  # of the searcher that made the logged proposal; None where the log does not name it


def get_current_revision(started: RunStarted, searcher: AnySearcher | None = None) -> int:
    """The current revision of a run's `searcher`, which is the logged one unless it is given."""
    return get_total_revision(SEARCHER_KIND.from_json(started.searcher) if searcher is None else searcher)


def compute_logged_revision(data: JSON) -> int | None:
    """The revision of a searcher that a log holds, with those of its samplers; None where the log does not name it.

    Early logs name none; it is then 1 if the searcher never had another revision.
    """
    name, revision, settings = SEARCHER_KIND.parse(data)
    if revision is None:
        return 1 if name in SEARCHERS and get_revision(SEARCHERS[name]) == 1 else None
    nested = [compute_logged_revision(value) for value in settings.values() if is_configured(value)]
    return revision + sum((each or 1) - 1 for each in nested)


def iterate_revisions(events: Sequence[Event]) -> Iterator[int | None]:
    """The revision of the run's searcher at each of `events`; None where the log does not name it."""
    started = events[0]
    assert isinstance(started, RunStarted)
    revision = compute_logged_revision(started.searcher)
    for event in events:
        if isinstance(event, RunResumed) and event.revision is not None:
            revision = event.revision
        yield revision


def find_new_revision(events: Sequence[Event], searcher: AnySearcher | None = None) -> int | None:
    """The current revision of a run's searcher; None if the run is at that revision already."""
    started, logged_revision = events[0], deque(iterate_revisions(events), maxlen=1).pop()
    assert isinstance(started, RunStarted)
    current_revision = get_current_revision(started, searcher)
    return None if logged_revision == current_revision else current_revision


def find_own_proposals(events: Sequence[Event]) -> Iterator[tuple[int, Proposed, int | None]]:
    """The proposals that a run has not inherited by a fork: event number, proposal, and the revision that made it."""
    started = events[0]
    assert isinstance(started, RunStarted)
    inherited = 1 + (started.forked_from.inherited if started.forked_from else 0)
    for seq, (event, revision) in enumerate(zip(events, iterate_revisions(events), strict=True), start=1):
        if isinstance(event, Proposed) and seq > inherited:
            yield seq, event, revision


def find_mismatches(events: Sequence[Event], searcher: AnySearcher | None = None) -> Iterator[Mismatch]:
    """Each logged proposal of `events` that is not what the searcher proposes at that point, up to rounding.

    Not compared: proposals that a fork has inherited, and those of another revision.
    """
    started = events[0]
    assert isinstance(started, RunStarted)
    current_revision = get_current_revision(started, searcher)
    own_proposals = find_own_proposals(events)
    comparable = {seq: revision for seq, _, revision in own_proposals if revision in (None, current_revision)}
    if not comparable:
        return
    for seq, (search_state, event) in enumerate(
        zip(iterate_search_states(events, searcher), events, strict=False), start=1
    ):
        if isinstance(event, Proposed) and seq in comparable:
            proposal = search_state.propose()
            recomputed = None if proposal is None else to_proposed(proposal)
            if not _is_same_proposal(recomputed, event):
                yield Mismatch(seq, event.trial, event, recomputed, comparable[seq])


def _is_same_proposal(recomputed: Proposed | None, logged: Proposed) -> bool:
    """Whether the proposals are the same, up to rounding of numbers."""
    if recomputed is not None and logged.by_model is None:  # logs of earlier releases do not say it
        recomputed = evolve(recomputed, by_model=None)
    if recomputed is None or recomputed == logged:
        return recomputed is not None
    if [name for name, _ in recomputed.path] != [name for name, _ in logged.path]:
        return False
    value_pairs = zip((value for _, value in recomputed.path), (value for _, value in logged.path), strict=True)
    return all(is_close(*pair) for pair in value_pairs) and evolve(recomputed, path=logged.path) == logged


def is_close(value: Value, other: Value) -> bool:
    """Whether the values are the same, up to rounding of numbers."""
    if isinstance(value, float) and isinstance(other, float):
        return math.isclose(value, other, rel_tol=RELATIVE_TOLERANCE)
    return value == other
