"""What is done with a run, or a trial, that is named or given: the verbs of runs and trials as functions."""

from pathlib import Path
from typing import Any, Unpack, overload

from archwright.core.errors import show
from archwright.evaluate.export.result import ExportResult
from archwright.execution.call_options import take_options
from archwright.execution.checks import BadArgument, read_event_number
from archwright.execution.verb_options import ExportOptions, ForkOptions, ResumeOptions, RetrainOptions
from archwright.results.numbered_events import NumberedEvent
from archwright.results.run import Run
from archwright.results.trial import Trial
from archwright.store.written_paths import DEFAULT_LOG


@take_options
def resume(run: Run | str | None = None, *, log: str | Path = DEFAULT_LOG, **options: Unpack[ResumeOptions]) -> Run:
    """Go on with a run, with the one of that name in the log, or with the last one, as `Run.resume` does."""
    return choose_run(run, log).resume(**options)


@take_options
def fork(
    run: Run | str,
    at: int | str | NumberedEvent | Trial,
    *,
    log: str | Path = DEFAULT_LOG,
    **options: Unpack[ForkOptions],
) -> Run:
    """A new run of a run's events up to one of them, as `Run.fork` makes it."""
    if isinstance(at, str | NumberedEvent | Trial):
        return choose_run(run, log).fork(at, **options)
    event = read_event_number(at)
    return choose_run(run, log, event).fork(event, **options)


@take_options
def retrain(
    run: Run | str,
    trial: int | str | Trial = "best",
    *,
    log: str | Path = DEFAULT_LOG,
    **options: Unpack[RetrainOptions],
) -> Run:
    """Train a trial's architecture for good, as `Run.retrain` does."""
    return choose_run(run, log).retrain(trial, **options)


@overload
def export(trial: Trial, folder: str | Path, /, **options: Unpack[ExportOptions]) -> ExportResult: ...
@overload
def export(
    run: Run | str,
    trial: int | str | Trial,
    folder: str | Path,
    *,
    log: str | Path = DEFAULT_LOG,
    **options: Unpack[ExportOptions],
) -> ExportResult: ...
@overload
def export(*, trial: Trial, folder: str | Path, **options: Unpack[ExportOptions]) -> ExportResult: ...
@take_options
def export(
    run: Any = None,
    trial: Any = None,
    folder: Any = None,
    *,
    log: str | Path = DEFAULT_LOG,
    **options: Unpack[ExportOptions],
) -> ExportResult:
    """Write a trial's model to a folder, as `Trial.export` does: `export(run, trial, folder)`, `export(trial, folder)`.

    A `trial` is one of the run, or of the one of that name in the log, its number, "best" or "last".
    """
    if run is not None and trial is not None and folder is not None:
        return choose_run(run, log)[trial].export(folder, **options)
    exported, folder = trial if run is None else run, trial if folder is None else folder
    if not isinstance(exported, Trial):
        raise BadArgument(
            f"trial is {show(exported)}; it must be a trial of a run, as in aw.export(run.best(), 'model'), or come "
            "after its run, as in aw.export('digits-1', 'best', 'model')"
        )
    return exported.export(folder, **options)


def choose_run(run: Run | str | None, log: str | Path, at: int | None = None) -> Run:
    """A run that is given as it is; the run of a name in the log; for None the one that was started last.

    A run that is read here is read up to its event number `at`. Raises NoSuchRun.
    """
    if run is not None and not isinstance(run, Run | str):  # pyright: ignore[reportUnnecessaryIsInstance]  (the same)
        raise BadArgument(f"run is {show(run)}; it must be a run, or the name of one in the log, as in digits-1")
    return run if isinstance(run, Run) else Run.read(log, run, at=at)
