"""The running of those searches of a comparison that are still to be run."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

import typer
from attrs import frozen

from archwright.cli.comparisons.display import ComparisonDisplay
from archwright.cli.comparisons.logged_searches import read_logged_searches
from archwright.evaluate.evaluation import Evaluation
from archwright.evaluate.workers.machine import count_cores
from archwright.evaluate.workers.opening import warm_up
from archwright.execution.interrupts import catch_signals
from archwright.search.running.callbacks import RunCallbacks, StopRequest
from archwright.search.running.compare import ComparedSearch, run_searches
from archwright.search.running.loop import TrialsKeepFailing
from archwright.search.running.runs import read_run, resume_run, start_run
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.fold import RunState


@frozen
class WorkerOptions:
    """How the trials of a comparison's searches are worked on."""

    evaluation: Evaluation
    source: str  # of the space
    workers: int
    trial_timeout: float | None  # seconds
    retries: int
    grace: float  # seconds that running trials have after SIGTERM


def find_unfinished(log: DuckDBLog, searches: Sequence[ComparedSearch]) -> Sequence[ComparedSearch]:
    """The searches that are still to be run, or gone on with; BadOption where a run in the log is another search."""
    logged = read_logged_searches(log.path, searches)
    return [search for search in searches if search.run not in logged or logged[search.run].trials_done < search.trials]


def run_comparison(
    log: DuckDBLog, searches: Sequence[ComparedSearch], options: WorkerOptions, resume_command: str
) -> None:
    """Run what is still to be run, printing how far it is; typer.Exit where the user stops it.

    They are told the `resume_command`, which goes on.
    """
    unfinished = find_unfinished(log, searches)
    done = len(searches) - len(unfinished)
    display = ComparisonDisplay(len(searches), done, options.evaluation.uses_workers)
    if done:
        display.print_line(f"{done} of {len(searches)} searches are in {log.path} already")
    with catch_signals(options.grace) as interrupts:
        with display.refresh():
            for text in run_unfinished(log, unfinished, options, display, lambda: display.get_stop_request(interrupts)):
                display.end_search(text)
        if interrupts.received and find_unfinished(log, searches):
            display.print_line(f"go on:           {resume_command}")
            raise typer.Exit(interrupts.exit_code)


def run_unfinished(
    log: DuckDBLog,
    searches: Sequence[ComparedSearch],
    options: WorkerOptions,
    display: ComparisonDisplay,
    get_stop_request: Callable[[], StopRequest],
) -> Iterator[str]:
    """A line on each search once it is done: over a table many run at once, with trainings one by one."""
    if not searches:
        return
    if options.evaluation.uses_workers:
        yield from _run_trainings(log, searches, options, display, get_stop_request)
    else:
        factory, cores = options.evaluation.open, count_cores()
        for search in run_searches(log, searches, factory, processes=cores, get_stop_request=get_stop_request):
            yield f"{search.run} is done"


def _run_trainings(
    log: DuckDBLog,
    searches: Sequence[ComparedSearch],
    options: WorkerOptions,
    display: ComparisonDisplay,
    get_stop_request: Callable[[], StopRequest],
) -> Iterator[str]:
    runs = set(log.runs()) if log.path.exists() else set[str]()
    timeout, source, retries = options.trial_timeout, options.source, options.retries
    callbacks = RunCallbacks(get_stop_request, display.show_event)
    evaluator = options.evaluation.open(workers=options.workers, space_source=source, trial_timeout=timeout)
    with closing(evaluator) as pool:
        warm_up(pool, get_stop_request)
        for search in searches:
            if get_stop_request():
                return
            state = read_run(log, search.run).state if search.run in runs else None
            display.begin_search(search.run, state or RunState(), search.started.objective)
            try:
                run_options = {"callbacks": callbacks, "retries": retries, "searcher": search.load_searcher()}
                run_options["stopping"] = search.load_rule()
                if state is None:
                    stopped = start_run(log, search.run, search.started, pool, **run_options)
                else:
                    stopped = resume_run(log, search.run, pool, ends=search.started.ends, **run_options)
            except TrialsKeepFailing:  # of which the log tells, and which keeps no other search from running
                yield f"{search.run} stopped, as too many trials in a row failed"
            else:
                if stopped.reason == "interrupted":
                    return
                yield f"{search.run} is done"
