"""A run whose choices and metrics have names and values that some tools refuse."""

from attrs import evolve

from archwright.core.budget import Budget
from archwright.store.events import AttemptEnded, AttemptStarted, Proposed, Reported, Scored
from archwright.store.log import LoggedEvent
from tests.search.instant import make_started

LONG = "x" * 10_000
PATH = (("a.b", LONG), ("a-b", True), ("höhe (m)", 3), ("../../etc", 0.5), ("n" * 300, "adam"))
METRICS = {"top 5": 0.5, "top(5)": 0.25, "top[5]": float("nan"), "_hidden/../x": float("inf")}


def make_odd_history() -> list[LoggedEvent]:
    """Its events: one trial."""
    events = [
        evolve(make_started(1), space_source="a" * 1000),
        Proposed(0, PATH, Budget(1, "epochs")),
        AttemptStarted(0, 1),
        Reported(0, 1, 1, METRICS),
        AttemptEnded(0, 1, "ok", 0.5, METRICS, error=LONG),
        Scored(0, "ok", 0.5, METRICS),
    ]
    return [LoggedEvent(seq, 1e9 + seq, event, "f" * 32) for seq, event in enumerate(events, start=1)]
