"""A search that goes on in this process, between a person, the log and the workers."""

import time
from collections.abc import Callable
from contextlib import closing

import typer
from attrs import field, frozen
from rich.console import Console as Screen

from archwright.cli import options, values
from archwright.cli.output import format_budget, make_console, pluralize
from archwright.cli.reports.facts import describe_best_trials, describe_run
from archwright.cli.reports.reading import RunView, view_run
from archwright.cli.reports.repeats import format_origin, is_repeated
from archwright.cli.reports.show import show_trials
from archwright.cli.reports.show_trial import show_winner
from archwright.cli.runs import own_function
from archwright.cli.runs.images import say_found
from archwright.cli.runs.interrupts import Interrupts, noted
from archwright.cli.runs.progress import Watcher, watched
from archwright.cli.runs.status import Standing, standing
from archwright.cli.suggestion import format_command
from archwright.core.budget import Budget
from archwright.core.protocols import Evaluator
from archwright.evaluate.config import Config, FunctionConfig
from archwright.evaluate.data.dataset import DataInfo
from archwright.evaluate.opening import open_evaluator
from archwright.evaluate.workers.pool import WorkerPool
from archwright.search.running.loop import NoSuchMetric, NothingScored, RunCallbacks
from archwright.search.running.runs import RunRecord
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import RunStarted, RunStopped
from archwright.store.fold import RunState

MORE = "+16"  # trials that a person may want after those that were asked for

Run = Callable[[Evaluator, RunCallbacks], RunStopped]


@frozen
class Going:
    """A run, and how its trials are to be worked on."""

    log: DuckDBLog
    name: str
    config: Config
    source: str  # of the space: the workers load a person's file too
    workers: int
    trial_timeout: str | None
    retries: int
    grace: str  # that running trials have after SIGTERM
    images: DataInfo | None = None  # that it is about
    out: Screen = field(factory=make_console)  # what is said of it on the way
    trusted: bool = False  # whether this person lets the code run that the log names

    def command(self, verb: str, *words: str) -> str:
        """A command that a person may type next."""
        return format_command(self.log.path, verb, *words)

    @property
    def resume(self) -> list[str]:
        """The words with which this run goes on as it did."""
        workers = ["--workers", str(self.workers)] if self.workers > 1 else []
        timeout = ["--trial-timeout", self.trial_timeout] if self.trial_timeout else []
        retries = ["--retries", str(self.retries)] if self.retries != options.DEFAULT_RETRIES else []
        grace = ["--grace", self.grace] if self.grace != options.DEFAULT_GRACE else []
        trust = ["--trust"] if self.trusted else []
        return [self.name, *workers, *timeout, *retries, *grace, *trust]


def begin(going: Going, started: RunStarted, run: Run) -> None:
    """Go on with a run that is new."""
    searcher, source = started.searcher, started.space_source
    what = f"training {format_origin(searcher)}" if is_repeated(started) else f"{searcher['name']} search of {source}"
    going.out.print(
        f"{going.name}: {what}, seed {started.seed}\n"
        f"{pluralize(started.trials, 'trial')}{_each(going.config, started.budget)}, logged in {going.log.path}",
        soft_wrap=True,
    )
    say_found(going.images, going.config, going.out)
    _go_on(going, standing(RunState(), started.objective, time.monotonic()), run)


def _each(config: Config, budget: Budget) -> str:
    """What a trial may spend, where it is told."""
    told = own_function.reads_budget(config) if isinstance(config, FunctionConfig) else True
    if told is None:
        return f", each with a budget of {format_budget(budget)}"
    return f" of {format_budget(budget)} each" if told else ""


def again(going: Going, before: RunRecord, run: Run) -> None:
    """Go on with a run that is in the log."""
    now = standing(before.state, before.started.objective, time.monotonic())
    going.out.print(
        f"{going.name}: {now.scored} of {pluralize(now.target, 'trial')} done, logged in {going.log.path}",
        soft_wrap=True,
    )
    say_found(going.images, going.config, going.out)
    _go_on(going, now, run)


def _go_on(going: Going, now: Standing, run: Run) -> None:
    """Let trials run until the run stops, then show the best one, and how to go on whatever happened."""
    with noted(values.parse_grace(going.grace)) as interrupts:
        watcher = Watcher(going.name, now, going.out)
        try:
            stopped = _watched(going, watcher, interrupts, run)
            looks = _show_outcome(going)
        except BaseException as error:
            if watcher.standing is not now and not isinstance(error, NoSuchMetric):  # it has begun, and may go on
                _suggest(going.out, {"go on": going.command("resume", *going.resume)})
            raise
        _suggest(going.out, {**looks, "go on": _to_go_on(going, stopped)})
    if stopped.reason == "interrupted":
        raise typer.Exit(interrupts.exit_code)
    _require_score(view_run(going.log.path, going.name))


def _watched(going: Going, watcher: Watcher, interrupts: Interrupts, run: Run) -> RunStopped:
    timeout = values.parse_trial_timeout(going.trial_timeout)
    callbacks = RunCallbacks(lambda: watcher.stop(interrupts), watcher.watch)
    pool = open_evaluator(going.config, workers=going.workers, space_source=going.source, trial_timeout=timeout)
    with watched(watcher), closing(pool) as evaluator:
        if isinstance(evaluator, WorkerPool):
            evaluator.warm_up(callbacks.get_stop_request)
        return run(evaluator, callbacks)


def _show_outcome(going: Going) -> dict[str, str]:
    """Print what came of the run so far; what the person may want to look at then, and the command for it."""
    reading = view_run(going.log.path, going.name)
    if is_repeated(reading.run.started):
        facts = describe_run(reading)
        going.out.print()
        show_trials(facts["trials"], facts, going.out)
        return {"each training": going.command("show", going.name)}
    best = next(iter(describe_best_trials(reading, 1)), None)
    failed = [trial.trial for trial in reading.trials if trial.status not in (None, "ok")]
    if best is None:
        return {"why none has a score": going.command("show", going.name, str(failed[0]))} if failed else {}
    show_winner(best, reading.run.state.scored, len(failed))
    return {
        "how it learned": going.command("show", going.name, str(best["trial"])),
        "how it compares": going.command("best", going.name),
    }


def _require_score(reading: RunView) -> None:
    """NothingScored where the run has trials, and all of them have failed: with what the first one said."""
    failed = [trial for trial in reading.trials if trial.status not in (None, "ok")]
    if failed and not any(trial.status == "ok" for trial in reading.trials):
        first = failed[0]
        said = "" if first.ended is None else first.ended.error
        raise NothingScored(f"no trial of {reading.name} has a score; trial {first.trial} was {first.status}: {said}")


def _to_go_on(going: Going, stopped: RunStopped) -> str:
    """The command that goes on with the run."""
    more = ["--trials", MORE] if stopped.reason == "finished" else []
    return going.command("resume", *going.resume, *more)


def _suggest(out: Screen, commands: dict[str, str]) -> None:
    out.print()
    width = max(17, *(len(what) + 2 for what in commands))
    for what, typed in commands.items():
        out.print(f"{what + ':':<{width}}{typed}", soft_wrap=True)
    out.file.flush()
