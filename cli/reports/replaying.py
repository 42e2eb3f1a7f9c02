"""What a run's searcher believed, and whether it would do the same again."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from archwright.cli.output import (
    format_budget,
    format_score,
    humanize_value,
    make_console,
    make_property_table,
    pluralize,
)
from archwright.cli.reports.facts import Facts, explain_omission
from archwright.cli.reports.reading import RunView
from archwright.cli.suggestion import format_command
from archwright.cli.user_code import load_logged_term
from archwright.cli.values import parse_searcher_text, parse_settings
from archwright.core.budget import parse_budget
from archwright.core.json import JSON
from archwright.core.value import Value
from archwright.search.running.revisions import (
    Mismatch,
    find_mismatches,
    find_own_proposals,
    get_current_revision,
    is_close,
    trace_revisions,
)
from archwright.search.running.search_state import replay_search
from archwright.search.searchers.named import parse_searcher, searcher_to_json
from archwright.store.events import Proposed, RunResumed


def describe_search_state(reading: RunView, *, wanted: bool = True) -> Facts:
    """What the searcher knew at that point, and what it would have had evaluated next.

    Unless that is `wanted`, it is left out where it takes code of others; else that runs, or NotTrusted is raised.
    """
    state, best = reading.run.state, next(iter(reading.best), None)
    untold = "" if wanted else explain_omission(reading)
    proposal = None
    if not untold:
        _import_module_kinds(reading)
        proposal = replay_search(reading.run.events).propose()
    *_, logged = trace_revisions(reading.run.events)
    return {
        "run": reading.name,
        "searcher": reading.run.started.searcher["name"],
        "revision": {"logged": logged, "now": get_current_revision(reading.run.started)},
        "at": state.seq,
        "event": type(reading.run.events[-1]).__name__,
        "proposed": state.proposed,
        "scored": state.scored,
        "open": list(state.in_flight),
        "metric": reading.run.started.objective.metric,
        "best": None if best is None else {"trial": best.trial, "score": best.score},
        "left_out": untold,
        "next": None
        if proposal is None
        else {"trial": proposal.trial, "budget": str(proposal.budget), "choices": dict(proposal.path)},
    }


def show_search_state(facts: Facts) -> None:
    """Print it."""
    out, best = make_console(), facts["best"]
    waiting = ", ".join(map(str, facts["open"]))
    out.print(f"{facts['run']} after event {facts['at']}, {facts['event']}", style="bold")
    out.print(
        make_property_table(
            {
                "proposed": pluralize(facts["proposed"], "trial"),
                "scored": pluralize(facts["scored"], "trial"),
                "open": f"trial{'s' if len(facts['open']) > 1 else ''} {waiting}" if waiting else "none",
                "best": f"{facts['metric']} {format_score(best['score'])} (trial {best['trial']})" if best else "none",
            }
        )
    )
    if facts["left_out"]:
        out.print(f"\nwhat the searcher would propose next is not told: {facts['left_out']}", soft_wrap=True)
    elif facts["next"] is None:
        out.print("\nthe searcher proposes nothing before it is told more", style="bold")
    else:
        out.print(
            f"\nnext: trial {facts['next']['trial']}, {format_budget(parse_budget(facts['next']['budget']))}",
            style="bold",
        )
        out.print(make_property_table(facts["next"]["choices"]))
    logged, now = facts["revision"]["logged"], facts["revision"]["now"]
    if logged != now:
        out.print(
            f"\nthat is what revision {now} of {facts['searcher']} proposes, which this archwright has; the log is of "
            f"{_format_revision(logged)}",
            soft_wrap=True,
        )


def _format_revision(revision: int | None) -> str:
    return "one that it does not name" if revision is None else f"revision {revision}"


def verify_proposals(reading: RunView) -> Facts:
    """How many proposals there are, of which revisions, and the first that the searcher does not make again.

    Where a log does not name the revision, another one may have made the first that is `unlike` today's.
    """
    _import_module_kinds(reading)
    events = reading.run.events
    found = list[Mismatch]()
    for mismatch in find_mismatches(events):  # which takes long: the first that is certain will do
        found.append(mismatch)
        if mismatch.revision is not None:
            break
    unlike = next((mismatch for mismatch in found if mismatch.revision is None), None)
    first = next((mismatch for mismatch in found if mismatch.revision is not None), None)
    return {
        "run": reading.name,
        "searcher": reading.run.started.searcher["name"],
        "revision": get_current_revision(reading.run.started),
        "events": len(events),
        "proposals": sum(isinstance(event, Proposed) for event in events),
        "by_revision": [
            {"revision": revision, "proposals": count}
            for revision, count in Counter(revision for _, _, revision in find_own_proposals(events)).items()
        ],
        "unlike": None if unlike is None else _describe_mismatch(unlike),
        "mismatch": None if first is None else _describe_mismatch(first),
    }


def _describe_mismatch(mismatch: Mismatch) -> Facts:
    again = mismatch.recomputed
    return {
        "event": mismatch.seq,
        "trial": mismatch.trial,
        "logged": dict(mismatch.logged.path),
        "recomputed": None if again is None else dict(again.path),
        "difference": _describe_difference(mismatch),
    }


def _describe_difference(mismatch: Mismatch) -> str:
    """The first step in which two proposals differ, or what else does."""
    logged, again = mismatch.logged, mismatch.recomputed
    if again is None:
        return "the searcher proposes nothing at that point"
    for step, (was, now) in enumerate(zip(logged.path, again.path, strict=False), start=1):
        if was[0] != now[0] or not is_close(was[1], now[1]):
            return f"choice {step} was {_format_choice(was, now)}, and is {_format_choice(now, was)}"
    if len(logged.path) != len(again.path):
        return f"it had {len(logged.path)} choices, and has {len(again.path)}"
    return (
        f"the budget was {logged.budget}, and is {again.budget}; it continued {logged.continues}, and {again.continues}"
    )


def _format_choice(choice: tuple[str, Value], other: tuple[str, Value]) -> str:
    """A choice, with as many digits as tell it from the other one."""
    name, value = choice
    return (
        f"{name}={value!r}" if humanize_value(value) == humanize_value(other[1]) else f"{name}={humanize_value(value)}"
    )


def show_verification(facts: Facts, log: Path) -> None:
    """Print it, of a run in `log`: what other revisions proposed, and what comes of comparing the rest."""
    out, first, now = make_console(), facts["mismatch"], facts["revision"]
    for part in facts["by_revision"]:
        if part["revision"] not in (None, now):
            out.print(
                f"{facts['run']}: {_explain_other_revision(facts, part)} {_suggest_verification(log)}", soft_wrap=True
            )
    compared = facts["proposals"] - sum(
        p["proposals"] for p in facts["by_revision"] if p["revision"] not in (None, now)
    )
    if first is not None:
        out.print(f"{facts['run']}: event {first['event']}, trial {first['trial']}, is not what the searcher proposes:")
        out.print(f"  {first['difference']}", soft_wrap=True)
    elif facts["unlike"] is not None:
        out.print(f"{facts['run']}: {_explain_unlike_proposals(facts)} {_suggest_verification(log)}", soft_wrap=True)
    elif compared == facts["proposals"]:
        out.print(f"{facts['run']}: the searcher makes all {compared} proposals again, as they were logged")
    elif compared:
        out.print(f"{facts['run']}: the searcher makes the other {pluralize(compared, 'proposal')} again, as logged")


def _explain_other_revision(facts: Facts, part: Facts) -> str:
    return (
        f"revision {part['revision']} of {facts['searcher']} made {pluralize(part['proposals'], 'proposal')}; this "
        f"archwright has revision {facts['revision']}, which proposes otherwise, so there is nothing to compare them "
        "with"
    )


def _explain_unlike_proposals(facts: Facts) -> str:
    unlike = facts["unlike"]
    return (
        f"from event {unlike['event']}, trial {unlike['trial']}, on, proposals are not those of revision "
        f"{facts['revision']} of {facts['searcher']}, which this archwright has: the run was logged before revisions "
        "were, so that an earlier one may have made them"
    )


def _suggest_verification(log: Path) -> str:
    return f"(whether the log is whole: {format_command(log, 'verify')})"


def parse_fork_searcher(reading: RunView, name: str | None, settings: Sequence[str]) -> JSON:
    """The JSON of a fork's searcher: another one, or the run's with other settings; None if it stays as it is."""
    if name is not None:
        return searcher_to_json(*parse_searcher_text(name, settings))
    if not settings:
        return None
    kept, _, usual = parse_searcher(reading.run.started.searcher)
    return searcher_to_json(kept, usual | parse_settings("--set", settings))


def _import_module_kinds(reading: RunView) -> None:
    """Import a person's own kinds of module, if the run's space holds any."""
    source = reading.run.started.space_source
    load_logged_term(reading.run.started.space, source, trusted=reading.trusted)
    for event in reading.run.events:
        if isinstance(event, RunResumed) and event.space is not None:
            load_logged_term(event.space, source, trusted=reading.trusted)
