"""Logs of successive halving, written without running any."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from attrs import evolve, field, frozen

from archwright.core.budget import Budget
from archwright.core.objective import Objective
from archwright.search.named import SEARCHER_KIND
from archwright.store.chain import chain_events
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import (
    AttemptEnded,
    AttemptStarted,
    Event,
    Proposed,
    Reported,
    RunStarted,
    RunStopped,
    Scored,
)
from archwright.store.log import START
from tests.search.instant import make_started

ETA = 3


@frozen
class LadderLog:
    """A run of successive halving: the best third of each rung is promoted, and goes on with its training.

    The score is a configuration's own quality, less 1 / epochs times what differs from one to the next, so that the
    smallest budget says least. Each epoch takes a second; no two trials run at once.
    """

    run: str
    configurations: int = 9
    epochs: Sequence[int] = (1, 3, 9)
    seed: int = 0
    searcher: str = "random"
    has_model: bool = True
    failing: frozenset[int] = frozenset()  # configurations whose first trial crashes
    promotes: bool = True  # else all configurations are trained anew at every budget
    scale: float = 1.0  # of all scores
    speed: float = 1.0  # how many of its seconds pass in one of the log's
    started: Mapping[str, Any] = field(factory=dict[str, Any])  # of RunStarted, beside the rest

    def append_to(self, log: DuckDBLog) -> None:
        """Write it to a log."""
        events = self.make_events()
        times = [1_000.0 + time / self.speed for _, time in events]
        log.append_all([chain_events(self.run, [event for event, _ in events], times, START)])

    def make_events(self) -> list[tuple[Event, float]]:
        """All that happened, each with its time in seconds."""
        started = evolve(make_started(1000, self.seed), searcher=SEARCHER_KIND.to_json(self.searcher))
        objective = Objective("accuracy", "maximize")
        budget = Budget(max(self.epochs), "epochs")
        metric = self.started.get("objective", objective).metric
        first: RunStarted = evolve(started, **{"objective": objective, "budget": budget, **self.started})
        events: list[tuple[Event, float]] = [(first, 0.0)]
        chance = np.random.default_rng(self.seed)
        quality, penalty = chance.uniform(0.5, 0.9, self.configurations), chance.uniform(0, 0.4, self.configurations)
        paths = [_make_path(chance) for _ in range(self.configurations)]
        trials: dict[int, int] = {}  # the last trial of each configuration
        time, alive = 0.0, list(range(self.configurations))
        for rung, epochs in enumerate(self.epochs):
            scores: dict[int, float] = {}
            for configuration in alive:
                trial = sum(isinstance(event, Proposed) for event, _ in events)
                earlier = trials.get(configuration) if self.promotes else None
                beginning = self.epochs[rung - 1] if earlier is not None else 0
                by_model = chance.random() < trial / 10 if self.has_model and earlier is None else None
                proposed = Proposed(
                    trial,
                    paths[configuration],
                    Budget(epochs, "epochs"),
                    earlier,
                    rung=rung,
                    bracket=0,
                    by_model=by_model,
                )
                events += [(proposed, time), (AttemptStarted(trial, 1), time)]
                if rung == 0 and configuration in self.failing:
                    time += 1
                    end = AttemptEnded(trial, 1, "crashed", 1.0, {}, "it broke")
                    events += [(end, time), (Scored(trial, "crashed", None), time)]
                    continue
                for epoch in range(beginning + 1, epochs + 1):
                    time += 1
                    score = self.scale * float(quality[configuration] - penalty[configuration] / epoch)
                    events.append((Reported(trial, 1, epoch, {metric: score}), time))
                metrics = {metric: score}
                events.append((AttemptEnded(trial, 1, "ok", float(epochs - beginning), metrics), time))
                events.append((Scored(trial, "ok", score, metrics), time))
                scores[configuration], trials[configuration] = score, trial
            best = sorted(scores, key=lambda configuration: -scores[configuration])
            alive = best[: max(1, len(alive) // ETA)] if self.promotes else alive
        return [*events, (RunStopped("finished"), time)]


def _make_path(chance: np.random.Generator) -> tuple[tuple[str, Any], ...]:
    """A learning rate, an optimizer, and its momentum where it has one; a number that never varies."""
    optimizer = str(chance.choice(["adam", "sgd"]))
    rate = float(math.exp(chance.uniform(math.log(1e-4), math.log(1e-1))))
    momentum = (("momentum", round(float(chance.uniform(0, 0.99)), 3)),) if optimizer == "sgd" else ()
    return (
        ("learning_rate", rate),
        ("optimizer", optimizer),
        *momentum,
        ("layers", int(chance.integers(1, 6))),
        ("size", 3),
    )
