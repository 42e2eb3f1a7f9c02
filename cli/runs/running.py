"""Running a search in this process: what its user sees, what its log gets, what its workers do."""

import time
from collections.abc import Callable

import typer
from attrs import field, frozen
from rich.console import Console

from archwright.cli import options, values
from archwright.cli.reports.repeats import format_origin
from archwright.cli.reports.show import show_trials
from archwright.cli.reports.show_trial import show_winner
from archwright.cli.runs.images import say_images
from archwright.cli.runs.resuming import list_move_options
from archwright.core.budget import Budget
from archwright.core.ends import RunEnds
from archwright.core.protocols import Evaluator
from archwright.display.console import make_console
from archwright.display.ends import format_ends, list_progress
from archwright.display.suggestion import format_command
from archwright.display.text import format_budget
from archwright.evaluate.data.dataset import DataInfo
from archwright.evaluate.evaluation import Evaluation
from archwright.execution.display import ProgressDisplay, refresh_display
from archwright.execution.interrupts import Interrupts, catch_signals
from archwright.execution.progress import RunProgress, start_progress
from archwright.results.describing import describe_best_trials, describe_run
from archwright.search.running.callbacks import RunCallbacks
from archwright.search.running.loop import NoSuchMetric, NothingScored
from archwright.search.running.run_view import RunView, is_repeated, view_run
from archwright.search.running.runs import RunRecord
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import RunStarted, RunStopped
from archwright.store.fold import RunState

RunFunction = Callable[[Evaluator, RunCallbacks], RunStopped]


@frozen
class RunContext:
    """A run, and how its trials are evaluated."""

    log: DuckDBLog
    name: str
    evaluation: Evaluation
    evaluator: Evaluator  # which is warm
    workers: int
    trial_timeout: str | None  # as the user wrote it
    retries: int
    grace: str  # of running trials after SIGTERM, as the user wrote it
    images: DataInfo | None = None  # of the data, if there is any
    console: Console = field(factory=make_console)  # where progress is printed
    trusted: bool = False  # whether this user lets the code run that the log names

    def format_command(self, verb: str, *words: str) -> str:
        """A command about this run's log that the user may type next."""
        return format_command(self.log.path, verb, *words)

    @property
    def resume_arguments(self) -> list[str]:
        """The arguments of `archwright resume` with which this run goes on as it did."""
        workers = ["--workers", str(self.workers)] if self.workers != 1 else []
        timeout = ["--trial-timeout", self.trial_timeout] if self.trial_timeout else []
        retries = ["--retries", str(self.retries)] if self.retries != options.DEFAULT_RETRIES else []
        grace = ["--grace", self.grace] if self.grace != options.DEFAULT_GRACE else []
        trust = ["--trust"] if self.trusted else []
        return [self.name, *workers, *timeout, *retries, *grace, *trust]


def begin_run(context: RunContext, started: RunStarted, run_trials: RunFunction) -> None:
    """Run the trials of a new run."""
    searcher, source = started.searcher, started.space_source
    title = f"training {format_origin(searcher)}" if is_repeated(started) else f"{searcher['name']} search of {source}"
    context.console.print(
        f"{context.name}: {title}, seed {started.seed}\n"
        f"{_describe_extent(context.evaluation, started)}, logged in {context.log.path}",
        soft_wrap=True,
    )
    say_images(context.images, context.evaluation, context.console)
    _run_to_end(context, start_progress(RunState(), started.objective, time.monotonic()), run_trials)


def _describe_extent(evaluation: Evaluation, started: RunStarted) -> str:
    """What ends the run, and what a trial may spend."""
    budget = _describe_budget(evaluation.reads_budget, started.budget)
    ends = format_ends(started.ends, started.objective.metric)
    is_number = started.trials is not None and started.ends == RunEnds(trials=started.trials)
    return f"{ends}{budget}" if is_number else f"trials{budget} until {ends}"


def _describe_budget(reads_budget: bool | None, budget: Budget) -> str:
    """What a trial may spend, where its evaluator reads the budget."""
    return f" of {format_budget(budget)} each" if reads_budget else ""


def continue_run(context: RunContext, record: RunRecord, ends: RunEnds, run_trials: RunFunction) -> None:
    """Run trials of a run in the log until it reaches one of `ends`."""
    progress = start_progress(record.state, record.started.objective, time.monotonic(), record.run_time)
    done = list_progress(ends, progress.scored, progress.seconds_before, progress.scored_since_best)
    context.console.print(
        f"{context.name}: {', '.join(done)} done, logged in {context.log.path}",
        soft_wrap=True,
    )
    say_images(context.images, context.evaluation, context.console)
    _run_to_end(context, progress, run_trials)


def _run_to_end(context: RunContext, progress: RunProgress, run_trials: RunFunction) -> None:
    """Run trials until the run stops, then show the best one, and how to go on whatever happened."""
    with catch_signals(values.parse_grace(context.grace)) as interrupts:
        display = ProgressDisplay(context.name, progress, context.console)
        try:
            stopped = _run_with_display(context, display, interrupts, run_trials)
            suggestions = _show_outcome(context)
        except BaseException as error:
            if display.progress is not progress and not isinstance(error, NoSuchMetric):  # it has begun, and may go on
                _print_commands(context.console, {"go on": context.format_command("resume", *context.resume_arguments)})
            raise
        _print_commands(context.console, {**suggestions, "go on": _format_resume_command(context, stopped)})
    if stopped.reason == "interrupted":
        raise typer.Exit(interrupts.exit_code)
    _require_score(view_run(context.log.path, context.name))


def _run_with_display(
    context: RunContext, display: ProgressDisplay, interrupts: Interrupts, run_trials: RunFunction
) -> RunStopped:
    callbacks = RunCallbacks(lambda: display.get_stop_request(interrupts), display.show_event)
    with refresh_display(display):
        return run_trials(context.evaluator, callbacks)


def _show_outcome(context: RunContext) -> dict[str, str]:
    """Print the outcome of the run so far; what the user may want to look at next, and the command for it."""
    view = view_run(context.log.path, context.name)
    if is_repeated(view.run.started):
        facts = describe_run(view)
        context.console.print()
        show_trials(facts["trials"], facts, context.console)
        return {"each training": context.format_command("show", context.name)}
    best = next(iter(describe_best_trials(view, 1)), None)
    failed = [trial.trial for trial in view.trials if trial.status not in (None, "ok")]
    if best is None:
        return {"why none has a score": context.format_command("show", context.name, str(failed[0]))} if failed else {}
    show_winner(best, view.run.state.score_count, len(failed))
    return {
        "how it learned": context.format_command("show", context.name, str(best["trial"])),
        "how it compares": context.format_command("best", context.name),
    }


def _require_score(view: RunView) -> None:
    """NothingScored where the run has trials, and all of them have failed: with the error of the first one."""
    failed = [trial for trial in view.trials if trial.status not in (None, "ok")]
    if failed and not any(trial.status == "ok" for trial in view.trials):
        first = failed[0]
        first_error = "" if first.last_end is None else first.last_end.error
        raise NothingScored(
            f"no trial of {view.name} has a score; trial {first.trial} was {first.status}: {first_error}"
        )


def _format_resume_command(context: RunContext, stopped: RunStopped) -> str:
    """The command that goes on with the run."""
    run = view_run(context.log.path, context.name).run
    moves = list_move_options(run, run.state.ends) if stopped.reason == "finished" else []
    return context.format_command("resume", *context.resume_arguments, *moves)


def _print_commands(console: Console, commands: dict[str, str]) -> None:
    console.print()
    width = max(17, *(len(title) + 2 for title in commands))
    for title, command in commands.items():
        console.print(f"{title + ':':<{width}}{command}", soft_wrap=True)
    console.file.flush()
