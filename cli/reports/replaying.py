"""What a run's searcher believed, and whether it would do the same again."""

from collections.abc import Sequence

from archwright.cli.output import named, score, screen, several, shown
from archwright.cli.reports.facts import Facts
from archwright.cli.reports.reading import Reading
from archwright.cli.space import known_term
from archwright.cli.values import pairs, searcher_parts
from archwright.core.serial import JSON
from archwright.search.named import searcher_to_json
from archwright.search.replay import Mismatch, believed, mismatches
from archwright.store.events import Proposed, RunResumed


def belief(reading: Reading) -> Facts:
    """What the searcher knew at that point, and what it would have had evaluated next."""
    _know_kinds(reading)
    state, best = reading.run.state, next(iter(reading.best), None)
    proposal = believed(reading.run.events).propose()
    return {
        "run": reading.name,
        "at": state.seq,
        "event": type(reading.run.events[-1]).__name__,
        "proposed": state.proposed,
        "scored": state.scored,
        "open": list(state.in_flight),
        "metric": reading.run.started.objective.metric,
        "best": None if best is None else {"trial": best.trial, "score": best.score},
        "next": None
        if proposal is None
        else {"trial": proposal.trial, "budget": str(proposal.budget), "choices": dict(proposal.path)},
    }


def show_belief(facts: Facts) -> None:
    """Print it."""
    out, best = screen(), facts["best"]
    waiting = ", ".join(map(str, facts["open"]))
    out.print(f"{facts['run']} after event {facts['at']}, {facts['event']}", style="bold")
    out.print(
        named(
            {
                "proposed": several(facts["proposed"], "trial"),
                "scored": several(facts["scored"], "trial"),
                "open": f"trial {waiting}" if waiting else "none",
                "best": f"{facts['metric']} {score(best['score'])} (trial {best['trial']})" if best else "none",
            }
        )
    )
    if facts["next"] is None:
        out.print("\nthe searcher proposes nothing before it is told more", style="bold")
    else:
        out.print(f"\nnext: trial {facts['next']['trial']}, {facts['next']['budget']}", style="bold")
        out.print(named(facts["next"]["choices"]))


def verified(reading: Reading) -> Facts:
    """How many proposals there are, and the first that the searcher does not make again."""
    _know_kinds(reading)
    events = reading.run.events
    first = next(mismatches(events), None)
    return {
        "run": reading.name,
        "events": len(events),
        "proposals": sum(isinstance(event, Proposed) for event in events),
        "mismatch": None if first is None else _told(first),
    }


def _told(mismatch: Mismatch) -> Facts:
    again = mismatch.recomputed
    return {
        "event": mismatch.seq,
        "trial": mismatch.trial,
        "logged": dict(mismatch.logged.path),
        "recomputed": None if again is None else dict(again.path),
        "difference": _difference(mismatch),
    }


def _difference(mismatch: Mismatch) -> str:
    """The first step in which two proposals differ, or what else does."""
    logged, again = mismatch.logged, mismatch.recomputed
    if again is None:
        return "the searcher proposes nothing at that point"
    for step, (was, now) in enumerate(zip(logged.path, again.path, strict=False), start=1):
        if was != now:
            return f"choice {step} was {was[0]}={shown(was[1])}, and is {now[0]}={shown(now[1])}"
    if len(logged.path) != len(again.path):
        return f"it had {len(logged.path)} choices, and has {len(again.path)}"
    return (
        f"the budget was {logged.budget}, and is {again.budget}; it continued {logged.continues}, and {again.continues}"
    )


def show_verified(facts: Facts) -> None:
    """Print it."""
    out, first = screen(), facts["mismatch"]
    if first is None:
        out.print(f"{facts['run']}: the searcher makes all {facts['proposals']} proposals again, as they were logged")
        return
    out.print(f"{facts['run']}: event {first['event']}, trial {first['trial']}, is not what the searcher proposes:")
    out.print(f"  {first['difference']}", soft_wrap=True)


def made_searcher(reading: Reading, name: str | None, settings: Sequence[str]) -> JSON:
    """The JSON of a fork's searcher: another one, or the run's with other settings; None if it stays as it is."""
    if name is not None:
        return searcher_to_json(*searcher_parts(name, settings))
    if not settings:
        return None
    kept = dict(reading.run.started.searcher)
    return searcher_to_json(kept.pop("name"), kept | pairs("--set", settings))


def _know_kinds(reading: Reading) -> None:
    """Import a person's own kinds of module, if the run's space holds any."""
    source = reading.run.started.space_source
    known_term(reading.run.started.space, source)
    for event in reading.run.events:
        if isinstance(event, RunResumed) and event.space is not None:
            known_term(event.space, source)
