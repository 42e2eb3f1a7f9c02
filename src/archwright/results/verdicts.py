"""Verdicts on the runs of a log, as records."""

from archwright.results.records import VerdictRecord
from archwright.store.verify import Head, RunVerdict


def describe_verdict(verdict: RunVerdict) -> VerdictRecord:
    """The verdict as --json prints it."""
    broken = verdict.broken
    return {
        "run": verdict.run,
        "events": verdict.events,
        "broken": None if broken is None else {"event": broken.seq, "what": broken.reason},
        "head": None if broken else str(Head(verdict.run, verdict.head)),
        "journal": verdict.journal,
        "remark": verdict.remark,
    }
