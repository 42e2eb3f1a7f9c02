"""What a run's searcher knew at some event, and whether it would propose the same recomputed."""

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import TypedDict

from archwright.core.errors import ArchwrightError, to_one_line
from archwright.core.protocols import Proposal
from archwright.core.value import Value
from archwright.display.text import humanize_value
from archwright.execution.given_values import NOTHING_GIVEN, GivenValues
from archwright.execution.restoring import restore_configured
from archwright.results.describing import describe_best_score, describe_budget, describe_ladder
from archwright.results.records import MismatchRecord, ProposalRecord, SearchStateRecord, VerificationRecord
from archwright.search.named import SEARCHER_KIND
from archwright.search.running.revisions import (
    Mismatch,
    find_mismatches,
    find_own_proposals,
    is_close,
    iterate_revisions,
)
from archwright.search.running.run_view import RunView, explain_omission
from archwright.search.running.search_state import replay_search
from archwright.search.searcher import AnySearcher, get_total_revision
from archwright.store.events import Event, Proposed, RunResumed
from archwright.store.logged_terms import load_logged_term
from archwright.store.suggestions import format_replay_call


def describe_search_state(
    view: RunView, *, must_propose: bool = True, given: GivenValues = NOTHING_GIVEN
) -> SearchStateRecord:
    """What the searcher, the logged one unless it is `given`, knew at that point, and what it proposes next.

    Unless it `must_propose`, its proposal is left out where it takes code of others; else that runs, or NotTrusted is
    raised.
    """
    state = view.run.state
    omission = "" if must_propose else explain_omission(view)
    proposal = searcher = None
    try:
        searcher = restore_searcher(view, given)
    except ArchwrightError as error:  # a person's own, that may not run, or cannot
        if must_propose:
            raise
        omission = omission or to_one_line(str(error))
    if searcher is not None and not omission:
        _import_module_kinds(view)
        proposal = replay_search(view.run.events, searcher).propose()
    *_, logged = iterate_revisions(view.run.events)
    return {
        "run": view.name,
        "searcher": view.run.started.searcher["name"],
        "revision": {"logged": logged, "now": None if searcher is None else get_total_revision(searcher)},
        "at": state.seq,
        "event": type(view.run.events[-1]).__name__,
        "proposed": state.proposal_count,
        "scored": state.score_count,
        "open": list(state.open_trials),
        "metric": view.run.started.objective.metric,
        "best": describe_best_score(view),
        "left_out": omission,
        "next": None if proposal is None else _describe_proposal(view, proposal),
    }


def restore_searcher(view: RunView, given: GivenValues = NOTHING_GIVEN) -> AnySearcher:
    """The searcher that the log names, or the one that is given again: as a value, or as a class.

    Raises NotTrusted, OtherExtension, and ExtensionNeeded where nothing is given of one that no other process can
    import.
    """
    started = view.run.started
    suggest = partial(format_replay_call, view.log, view.name)
    whole = given.complete(started, suggest, among=["searcher"], trusted=view.trusted)
    return restore_configured(SEARCHER_KIND, started.searcher, whole, trusted=view.trusted)


def _describe_proposal(view: RunView, proposal: Proposal) -> ProposalRecord:
    record: ProposalRecord = {
        "trial": proposal.trial,
        "budget": describe_budget(view.run.started, proposal.budget),
        "choices": dict(proposal.path),
        **describe_ladder(proposal),
    }
    return record if proposal.enqueued is None else {**record, "enqueued": proposal.enqueued}


def verify_proposals(view: RunView, given: GivenValues = NOTHING_GIVEN) -> VerificationRecord:
    """How many proposals there are, of which revisions, and the first that the searcher does not make again.

    The searcher is the one that the log names unless it is `given`.
    Where a log does not name the revision, another one may have made the first that is `unlike` today's.
    """
    _import_module_kinds(view)
    events = view.run.events
    searcher = restore_searcher(view, given)
    mismatches = list[Mismatch]()
    for mismatch in find_mismatches(events, searcher):  # which takes long: the first that is certain will do
        mismatches.append(mismatch)
        if mismatch.revision is not None:
            break
    unlike = next((mismatch for mismatch in mismatches if mismatch.revision is None), None)
    first = next((mismatch for mismatch in mismatches if mismatch.revision is not None), None)
    return {
        "run": view.name,
        "searcher": view.run.started.searcher["name"],
        "revision": get_total_revision(searcher),
        "events": len(events),
        "proposals": sum(isinstance(event, Proposed) for event in events),
        **_count_enqueued(events),
        "by_revision": [
            {"revision": revision, "proposals": count}
            for revision, count in Counter(revision for _, _, revision in find_own_proposals(events)).items()
        ],
        "unlike": None if unlike is None else _describe_mismatch(unlike),
        "mismatch": None if first is None else _describe_mismatch(first),
    }


class _Enqueued(TypedDict, total=False):
    enqueued: int


def _count_enqueued(events: Sequence[Event]) -> _Enqueued:
    """How many proposals were of the queue; nothing where none was."""
    count = sum(isinstance(event, Proposed) and event.enqueued is not None for event in events)
    return {"enqueued": count} if count else {}


def _describe_mismatch(mismatch: Mismatch) -> MismatchRecord:
    recomputed = mismatch.recomputed
    return {
        "event": mismatch.seq,
        "trial": mismatch.trial,
        "logged": dict(mismatch.logged.path),
        "recomputed": None if recomputed is None else dict(recomputed.path),
        "difference": _describe_difference(mismatch),
    }


def _describe_difference(mismatch: Mismatch) -> str:
    """The first step in which two proposals differ, or what else does."""
    logged, recomputed = mismatch.logged, mismatch.recomputed
    if recomputed is None:
        return "the searcher proposes nothing at that point"
    for step, (old, new) in enumerate(zip(logged.path, recomputed.path, strict=False), start=1):
        if old[0] != new[0] or not is_close(old[1], new[1]):
            return f"choice {step} was {_format_choice(old, new)}, and is {_format_choice(new, old)}"
    if len(logged.path) != len(recomputed.path):
        return f"it had {len(logged.path)} choices, and has {len(recomputed.path)}"
    budgets = f"the budget was {logged.budget}, and is {recomputed.budget}"
    return f"{budgets}; it continued {logged.continues}, and {recomputed.continues}"


def _format_choice(choice: tuple[str, Value], other: tuple[str, Value]) -> str:
    """A choice, with as many digits as tell it from the other one."""
    name, value = choice
    return (
        f"{name}={value!r}" if humanize_value(value) == humanize_value(other[1]) else f"{name}={humanize_value(value)}"
    )


def _import_module_kinds(view: RunView) -> None:
    """Import a person's own kinds of module, if the run's space holds any."""
    started = view.run.started
    load_logged_term(started.space, started, trusted=view.trusted)
    for event in view.run.events:
        if isinstance(event, RunResumed) and event.space is not None:
            load_logged_term(event.space, started, trusted=view.trusted)
