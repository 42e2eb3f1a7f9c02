"""A search that goes on in this process, between a person, the log and the workers."""

import shlex
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import typer
from attrs import frozen

from archwright.cli import options
from archwright.cli.interrupts import noted
from archwright.cli.output import screen
from archwright.cli.progress import Watcher, watched
from archwright.cli.show import show_best_trial
from archwright.cli.standing import Standing, standing
from archwright.core.trial import Evaluator
from archwright.evaluate.config import Config
from archwright.evaluate.pool import open_evaluator
from archwright.search.session import Console, Logged, logged
from archwright.store.duck import DuckDBLog
from archwright.store.events import RunStarted, RunStopped
from archwright.store.fold import RunState

Begin = Callable[[Evaluator, Console], RunStopped]


@frozen
class Going:
    """A run, and how its trials are to be worked on."""

    log: DuckDBLog
    name: str
    config: Config
    source: str  # of the space, which the workers load too
    workers: int
    trial_timeout: str | None

    @property
    def command(self) -> str:
        """What goes on with the run."""
        return self.suggest("resume", self.name, *self._hands())

    def suggest(self, verb: str, *words: str) -> str:
        """A command on this log."""
        elsewhere = [] if self.log.path == options.DEFAULT_LOG else ["--log", str(self.log.path)]
        return shlex.join(["archwright", verb, *words, *elsewhere])

    def _hands(self) -> list[str]:
        workers = ["--workers", str(self.workers)] if self.workers > 1 else []
        return workers + (["--trial-timeout", self.trial_timeout] if self.trial_timeout else [])


def begin(going: Going, started: RunStarted, run: Begin) -> None:
    """Go on with a run that is new."""
    now = standing(RunState(), started.objective, time.monotonic())
    searcher = started.searcher["name"]
    screen().print(
        f"{going.name}: {started.trials} trials of {started.budget}, {searcher} search of {started.space_source}, "
        f"seed {started.seed}, log {going.log.path}",
        soft_wrap=True,
    )
    _go_on(going, now, run)


def again(going: Going, before: Logged, run: Begin) -> None:
    """Go on with a run that is in the log."""
    now = standing(before.state, before.started.objective, time.monotonic())
    screen().print(f"{going.name}: {now.scored} of {now.target} trials are done, log {going.log.path}", soft_wrap=True)
    _go_on(going, now, run)


def _go_on(going: Going, now: Standing, run: Begin) -> None:
    """Let trials run until the run stops, then show the best one. Exits as signals do where one stopped it."""
    timeout = options.seconds(going.trial_timeout)
    with noted() as interrupts:
        with _farewell(going, now) as watcher:
            console = Console(lambda: watcher.stop(interrupts.urgency), watcher.watch)
            evaluator = open_evaluator(
                going.config, workers=going.workers, space_source=going.source, trial_timeout=timeout
            )
            with evaluator:
                stopped = run(evaluator, console)
        if stopped.reason == "interrupted":
            raise typer.Exit(interrupts.exit_code)


@contextmanager
def _farewell(going: Going, now: Standing) -> Generator[Watcher]:
    """Somebody who watches; once anything was logged, whatever ends the search, the last lines say how to go on."""
    with watched(going.name, now) as watcher:
        try:
            yield watcher
        finally:
            standing_now = watcher.standing
    if standing_now != now:
        _close(going)


def _close(going: Going) -> None:
    run = logged(going.log, going.name)
    show_best_trial(going.log.path, going.name, run)


__all__ = ["Going", "Path", "again", "begin"]
