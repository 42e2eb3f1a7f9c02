"""What a run's searcher knew at some event, and whether it would propose the same recomputed."""

import sys
from pathlib import Path

from archwright.cli.json_output import print_records
from archwright.cli.reports.verdicts import explain_no_journal, show_verdict
from archwright.core.budget import parse_budget
from archwright.display.console import make_console, make_property_table
from archwright.display.text import format_budget, format_score, pluralize
from archwright.results.records import (
    MismatchRecord,
    RevisionCount,
    SearchStateRecord,
    VerificationRecord,
)
from archwright.results.run_text import name_best
from archwright.results.verification import RunVerification, Verification
from archwright.store.suggestions import format_command


def show_search_state(state: SearchStateRecord) -> None:
    """Print it."""
    out, best = make_console(), state["best"]
    waiting = ", ".join(map(str, state["open"]))
    out.print(f"{state['run']} after event {state['at']}, {state['event']}", style="bold")
    out.print(
        make_property_table(
            {
                "proposed": pluralize(state["proposed"], "trial"),
                "scored": pluralize(state["scored"], "trial"),
                "open": f"trial{'s' if len(state['open']) > 1 else ''} {waiting}" if waiting else "none",
                "best": f"{state['metric']} {format_score(best['score'])} ({name_best(best)})" if best else "none",
            }
        )
    )
    if state["left_out"]:
        out.print(f"\nwhat the searcher would propose next is not told: {state['left_out']}", soft_wrap=True)
    elif state["next"] is None:
        out.print("\nthe searcher proposes nothing before it is told more", style="bold")
    else:
        proposal = state["next"]
        budget = "" if proposal["budget"] is None else f", {format_budget(parse_budget(proposal['budget']))}"
        enqueued = ", enqueued" if "enqueued" in proposal else ""
        promoted = f", trial {proposal['promotes']} promoted" if "promotes" in proposal else ""
        out.print(f"\nnext: trial {proposal['trial']}{budget}{promoted}{enqueued}", style="bold")
        out.print(make_property_table(proposal["choices"]))
    logged, current = state["revision"]["logged"], state["revision"]["now"]
    if current is not None and logged != current:
        out.print(
            f"\nthat is what revision {current} of {state['searcher']} proposes, which this archwright has; "
            f"the log is of {_format_revision(logged)}",
            soft_wrap=True,
        )


def _format_revision(revision: int | None) -> str:
    return "one that it does not name" if revision is None else f"revision {revision}"


def conclude_verification(verification: Verification, log: Path, *, as_json: bool) -> None:
    """Print what was found of the run in `log`, and exit with 1 where something is wrong with it."""
    details = verification.details()
    print_records(details) if as_json else show_verification(details, log)
    if not verification:
        sys.exit(1)


def show_verification(verification: RunVerification, log: Path) -> None:
    """Print what was found of the proposals of the run in `log`, and first what is wrong with its events."""
    chain = verification["chain"]
    if chain["broken"] is not None or chain["journal"] == "damaged":
        show_verdict(chain)
    show_reproduction(verification, log)
    if chain["broken"] is None and chain["journal"] == "none":
        explain_no_journal(log)


def show_reproduction(verification: VerificationRecord, log: Path) -> None:
    """Print what other revisions proposed, and what comes of comparing the other proposals of the run in `log`."""
    out, run, proposals = make_console(), verification["run"], verification["proposals"]
    mismatch, unlike, current = verification["mismatch"], verification["unlike"], verification["revision"]
    others = [count for count in verification["by_revision"] if count["revision"] not in (None, current)]
    for count in others:
        explanation = _explain_other_revision(verification, count)
        out.print(f"{run}: {explanation} {_suggest_verification(log)}", soft_wrap=True)
    compared = proposals - sum(count["proposals"] for count in others)
    if mismatch is not None:
        out.print(f"{run}: event {mismatch['event']}, trial {mismatch['trial']}, is not what the searcher proposes:")
        out.print(f"  {mismatch['difference']}", soft_wrap=True)
    elif unlike is not None:
        explanation = _explain_unlike_proposals(verification, unlike)
        out.print(f"{run}: {explanation} {_suggest_verification(log)}", soft_wrap=True)
    elif compared == proposals:
        out.print(f"{run}: {_format_reproduction(compared, verification.get('enqueued', 0))}")
    elif compared:
        out.print(f"{run}: the searcher makes the other {pluralize(compared, 'proposal')} again, as logged")


def _format_reproduction(proposals: int, enqueued: int) -> str:
    """A sentence: all proposals are made again. Those of the queue, which no searcher makes, are counted apart."""
    if not enqueued:
        return f"the searcher makes all {proposals} proposals again, as they were logged"
    rest = "the other one has what was enqueued" if enqueued == 1 else f"the other {enqueued} have what was enqueued"
    return f"the searcher makes its {pluralize(proposals - enqueued, 'proposal')} again, as logged, and {rest}"


def _explain_other_revision(verification: VerificationRecord, count: RevisionCount) -> str:
    proposals = pluralize(count["proposals"], "proposal")
    return (
        f"revision {count['revision']} of {verification['searcher']} made {proposals}; this archwright has revision "
        f"{verification['revision']}, which proposes otherwise, so there is nothing to compare them with"
    )


def _explain_unlike_proposals(verification: VerificationRecord, unlike: MismatchRecord) -> str:
    revision = f"revision {verification['revision']} of {verification['searcher']}"
    return (
        f"from event {unlike['event']}, trial {unlike['trial']}, on, proposals are not those of {revision}, which this "
        "archwright has: the run was logged before revisions were, so that an earlier one may have made them"
    )


def _suggest_verification(log: Path) -> str:
    return f"(whether the log is whole: {format_command(log, 'verify')})"
