"""A run that this process works on: what evaluates its trials, its signals, what a person sees, and how it ends."""

from collections.abc import Callable, Generator
from contextlib import closing, contextmanager

from archwright.callbacks.protocol import follow_run
from archwright.core.json import collect_user_kinds
from archwright.core.protocols import Evaluator, describe_status
from archwright.core.term import Term
from archwright.evaluate.building import guard_evaluation
from archwright.evaluate.description import FunctionDescription
from archwright.evaluate.evaluation import Evaluation
from archwright.evaluate.workers.opening import warm_up
from archwright.execution.display import ProgressDisplay
from archwright.execution.interrupts import Interrupts, catch_signals
from archwright.execution.options import RunOptions
from archwright.execution.progress import RunProgress
from archwright.execution.surfaces import Screen, choose_surface
from archwright.search.running.callbacks import RunCallbacks
from archwright.search.running.ends import find_ends, measure_seconds
from archwright.search.running.loop import NoSuchMetric, NothingScored
from archwright.search.running.run_view import RunView, view_run
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import Event, RunStarted, RunStopped
from archwright.store.user_code import is_source

EXHAUSTION_REMEDY = (
    "enqueue architectures to have them tried again, fork the run with another searcher, or search a larger space"
)
RunTrials = Callable[[Evaluator, RunCallbacks], RunStopped]


class RunInterrupted(KeyboardInterrupt):
    """A run that a signal has stopped; all that was logged is there, and it can be resumed.

    It is a KeyboardInterrupt: whatever begins one search after the other ends, too, as Ctrl-C means it to.
    """

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code  # what a shell expects: 130 after Ctrl-C, 143 after SIGTERM, 129 after SIGHUP

    def _render_traceback_(self) -> list[str]:
        """The lines that a notebook shows of it: where the signal came tells nobody anything."""
        return [f"{type(self).__name__}: {self}"]


@contextmanager
def open_evaluator(
    evaluation: Evaluation, options: RunOptions, space_source: str, space: Term
) -> Generator[tuple[Evaluator, FunctionDescription | None]]:
    """What evaluates the trials, warm, and what a person's function says of itself; closed after the block.

    The workers load `space_source`, if it names code, for a person's own kinds of module; else those of the `space` are
    sent to them. Raises what is wrong with the function, the data or the device, and RunInterrupted where a signal
    comes meanwhile.
    """
    surface = choose_surface(options.console)
    kinds = [] if is_source(space_source) else collect_user_kinds(space)
    with guard_evaluation(evaluation):
        opened = evaluation.open(
            workers=options.worker_count, space_source=space_source, kinds=kinds, trial_timeout=options.trial_timeout
        )
    with closing(opened) as evaluator:
        with catch_signals(0.0) as interrupts, surface.show_status("getting ready"):
            description = warm_up(evaluator, lambda: interrupts.received)
        if interrupts.received:
            raise RunInterrupted("stopped before a trial began", interrupts.exit_code)
        yield evaluator, description


def run_trials(
    log: DuckDBLog,
    name: str,
    started: RunStarted,
    evaluator: Evaluator,
    options: RunOptions,
    progress: RunProgress,
    run: RunTrials,
) -> None:
    """Run the trials of a run, which began with `started`, until it stops, and show how it goes.

    Raises RunInterrupted where a signal came, even if the run has ended all the same; NothingScored where none of its
    trials has a score; and what `run` raises, with a note on how to go on.
    """
    with (
        catch_signals(options.grace, evaluator) as interrupts,
        follow_run(options.callbacks, log, name) as follower,  # pyright: ignore[reportArgumentType]  (of a field with a converter)
    ):
        display = ProgressDisplay(name, progress, Screen(options.console))

        def on_event(event: Event) -> None:
            if display.progress is progress:  # the first one
                options.narration.begin(name)
            display.show_event(event)
            follower.on_event(event)

        try:
            with display.screen.refresh(display.render):
                callbacks = RunCallbacks(lambda: display.screen.get_stop_request(interrupts), on_event, follower.begin)
                stopped = run(evaluator, callbacks)
        except BaseException as error:
            if display.progress is not progress and not isinstance(error, NoSuchMetric):  # it has begun, and may go on
                error.add_note(f"go on with: {options.format_resumption(log.path, name, started)}")
            raise
    if stopped.reason == "interrupted":
        resumption = options.format_resumption(log.path, name, started)
        raise RunInterrupted(f"{name} was interrupted; go on with: {resumption}", interrupts.exit_code)
    _say_why_it_ended(view := view_run(log.path, name), stopped, options)
    _require_no_signal(name, interrupts)
    _require_score(view)


def _require_no_signal(name: str, interrupts: Interrupts) -> None:
    """RunInterrupted where a signal came to a run that has ended all the same."""
    if interrupts.received:
        raise RunInterrupted(
            f"{name} was interrupted; it has ended, and nothing of it is left to do", interrupts.exit_code
        )


def _say_why_it_ended(view: RunView, stopped: RunStopped, options: RunOptions) -> None:
    """Print why a run has ended, unless it has just the number of trials that it was to have."""
    run = view.run
    if stopped.reason == "finished" and find_ends(run.state, measure_seconds(run.state, run.run_time)) == ["trials"]:
        return
    remedy = f"; to go on, {EXHAUSTION_REMEDY}" if stopped.reason == "exhausted" else ""
    options.console.print(f"{view.name} has ended: {stopped.detail}{remedy}", soft_wrap=True)


def _require_score(view: RunView) -> None:
    """NothingScored where the run has trials, and all of them have failed: with the error of the first one."""
    failed = [trial for trial in view.trials if trial.status not in (None, "ok")]
    if failed and not any(trial.status == "ok" for trial in view.trials):
        first = failed[0]
        first_error = "" if first.last_end is None else first.last_end.error
        verb = describe_status(first.status or "")
        raise NothingScored(f"no trial of {view.name} has a score; trial {first.trial} {verb}: {first_error}")
