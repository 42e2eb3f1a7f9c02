"""A search that goes on in this process, between a person, the log and the workers."""

import time
from collections.abc import Callable
from contextlib import closing

import typer
from attrs import frozen
from rich.console import Console as Screen

from archwright.cli import options
from archwright.cli.facts import of_best
from archwright.cli.interrupts import Interrupts, noted
from archwright.cli.output import screen
from archwright.cli.progress import Watcher, watched
from archwright.cli.reading import read
from archwright.cli.show_trial import show_winner
from archwright.cli.standing import Standing, standing
from archwright.core.trial import Evaluator
from archwright.evaluate.config import Config
from archwright.evaluate.opening import open_evaluator
from archwright.search.session import Console, Logged
from archwright.store.duck import DuckDBLog
from archwright.store.events import RunStarted, RunStopped
from archwright.store.fold import RunState

Run = Callable[[Evaluator, Console], RunStopped]


@frozen
class Going:
    """A run, and how its trials are to be worked on."""

    log: DuckDBLog
    name: str
    config: Config
    source: str  # of the space: the workers load a person's file too
    workers: int
    trial_timeout: str | None

    def command(self, verb: str, *words: str) -> str:
        """A command that a person may type next."""
        return options.command(self.log.path, verb, *words)

    @property
    def resume(self) -> list[str]:
        """The words with which this run goes on as it did."""
        workers = ["--workers", str(self.workers)] if self.workers > 1 else []
        return [self.name, *workers, *(["--trial-timeout", self.trial_timeout] if self.trial_timeout else [])]


def begin(going: Going, started: RunStarted, run: Run) -> None:
    """Go on with a run that is new."""
    searcher = started.searcher["name"]
    screen().print(
        f"{going.name}: {searcher} search of {started.space_source}, seed {started.seed}\n"
        f"{started.trials} trials of {started.budget} each, logged in {going.log.path}",
        soft_wrap=True,
    )
    _go_on(going, standing(RunState(), started.objective, time.monotonic()), run)


def again(going: Going, before: Logged, run: Run) -> None:
    """Go on with a run that is in the log."""
    now = standing(before.state, before.started.objective, time.monotonic())
    screen().print(
        f"{going.name}: {now.scored} of {now.target} trials are done, logged in {going.log.path}", soft_wrap=True
    )
    _go_on(going, now, run)


def _go_on(going: Going, now: Standing, run: Run) -> None:
    """Let trials run until the run stops, then show the best one, and how to go on whatever happened."""
    with noted() as interrupts:
        watcher = Watcher(going.name, now)
        try:
            stopped = _watched(going, watcher, interrupts, run)
            best = _show_best(going)
        except BaseException:
            if watcher.standing is not now:  # something was logged
                _suggest(screen(), {"go on": going.command("resume", *going.resume)})
            raise
        _suggest(screen(), _next(going, stopped, best))
    if stopped.reason == "interrupted":
        raise typer.Exit(interrupts.exit_code)


def _watched(going: Going, watcher: Watcher, interrupts: Interrupts, run: Run) -> RunStopped:
    timeout = options.seconds(going.trial_timeout)
    console = Console(lambda: watcher.stop(interrupts.urgency), watcher.watch)
    pool = open_evaluator(going.config, workers=going.workers, space_source=going.source, trial_timeout=timeout)
    with watched(watcher), closing(pool) as evaluator:
        return run(evaluator, console)


def _show_best(going: Going) -> int | None:
    """The number of the best trial, once it has been shown; None if none has a score."""
    reading = read(going.log.path, going.name)
    best = next(iter(of_best(reading, 1)), None)
    if best is None:
        return None
    failed = sum(trial.status not in (None, "ok") for trial in reading.trials)
    show_winner(best, reading.run.state.scored, failed)
    return best["trial"]


def _next(going: Going, stopped: RunStopped, best: int | None) -> dict[str, str]:
    """What the person may want to do next, and the command for it."""
    commands: dict[str, str] = {}
    if best is not None:
        commands["how it learned"] = going.command("show", going.name, str(best))
        commands["how it compares"] = going.command("best", going.name)
    more = ["--trials", "+16"] if stopped.reason == "finished" else []
    commands["go on"] = going.command("resume", *going.resume, *more)
    return commands


def _suggest(out: Screen, commands: dict[str, str]) -> None:
    out.print()
    for what, command in commands.items():
        out.print(f"{what + ':':<17}{command}", soft_wrap=True)
    out.file.flush()
