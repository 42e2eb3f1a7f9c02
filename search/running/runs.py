"""Runs in a log: beginning one, going on with one, making one out of another's beginning."""

import platform
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from importlib.metadata import version
from typing import Any

from attrs import evolve, frozen

from archwright.core.errors import ArchwrightError
from archwright.core.json import JSON, differences, from_json
from archwright.core.node import PathMismatch, replay
from archwright.core.protocols import RETRIES, Evaluator
from archwright.search.running.loop import Run, Stop
from archwright.search.running.replay import SearchState, find_new_revision, replay_search, start_search
from archwright.search.running.retention import Keeper, models_from_here
from archwright.search.running.stopping import Curves, curves
from archwright.search.searchers.named import searcher_now
from archwright.store.artifacts import locate_run_folder, require_known_artifacts, require_no_artifacts
from archwright.store.claim import claim
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.errors import NoSuchEvent
from archwright.store.events import Event, Proposed, RunResumed, RunStarted, RunStopped
from archwright.store.fold import RunState, fold_events
from archwright.store.log import START, Log, LoggedEvent, Position


class SpaceChanged(ArchwrightError, ValueError):
    """A space that no longer holds what the run has proposed."""


@frozen
class Logged:
    """What a log says of a run."""

    events: Sequence[Event]
    times: Sequence[float]  # beside them: seconds since 1970, UTC
    position: Position
    state: RunState
    started: RunStarted

    @property
    def space(self) -> JSON:
        """The space that the run was last in."""
        changed = [e.space for e in self.events if isinstance(e, RunResumed) and e.space is not None]
        return changed[-1] if changed else self.started.space


def logged(log: Log, name: str, upto: int | None = None) -> Logged:
    """The run as it stands in the log, or stood after event number `upto`; raises NoSuchEvent if it has no such one."""
    recorded = log.read(name, upto=upto)
    if upto is not None and (upto < 1 or len(recorded) < upto):
        raise NoSuchEvent(f"event {upto} of {name} is not there; it has events 1 to {len(log.read(name))}")
    return of_recorded(recorded)


def of_recorded(recorded: Sequence[LoggedEvent]) -> Logged:
    """The run that these events, its first one before them, make."""
    events = [each.event for each in recorded]
    state = fold_events(events)
    assert state.started is not None  # every run begins so
    return Logged(events, [each.time for each in recorded], recorded[-1].position, state, state.started)


def versions() -> Mapping[str, str]:
    """The releases on which the results of a run may depend."""
    packages = ("archwright", "torch", "torchvision", "numpy", "scikit-learn", "duckdb")
    return {"python": platform.python_version()} | {name: version(name) for name in packages}


@frozen
class Console:
    """How a run and the person at it speak: what stops it, and who watches."""

    stop: Callable[[], Stop] = lambda: Stop.NO
    watch: Callable[[Event], None] = lambda event: None  # noqa: ARG005


SILENT = Console()


@frozen
class _Begun:
    """What a run is gone on with from: all of it the fold of its events so far."""

    position: Position
    state: RunState
    search_state: SearchState[Any]
    curves: Curves | None


def _run(
    log: DuckDBLog,
    name: str,
    begun: _Begun,
    evaluator: Evaluator,
    console: Console,
    failures_in_a_row: int,
    retries: int,
) -> Run:
    """The run in this process, with its models and checkpoints beside the log."""
    return Run(
        log,
        name,
        begun.position,
        begun.state,
        begun.search_state,
        evaluator,
        stop=console.stop,
        watch=console.watch,
        failures_in_a_row=failures_in_a_row,
        retries=retries,
        keeper=Keeper(locate_run_folder(log.path, name)),
        curves=begun.curves,
    )


def start(
    log: DuckDBLog,
    name: str,
    started: RunStarted,
    evaluator: Evaluator,
    *,
    console: Console = SILENT,
    failures_in_a_row: int = 5,
    retries: int = RETRIES,
    claimed: bool = False,
) -> RunStopped:
    """Begin the run `name` and go on until it stops; raises ArtifactsExist where its models would be another one's.

    Nobody else may go on with it meanwhile: either the caller has `claimed` it, or it is claimed here.
    """
    with nullcontext() if claimed else claim(log.path, name):
        require_no_artifacts(log.path, name)
        begun = _Begun(START, RunState(), start_search(started), curves(started))
        run = _run(log, name, begun, evaluator, console, failures_in_a_row, retries)
        return run.go_on(started)


def resume(
    log: DuckDBLog,
    name: str,
    evaluator: Evaluator,
    *,
    trials: int | None = None,
    space: JSON = None,
    console: Console = SILENT,
    failures_in_a_row: int = 5,
    retries: int = RETRIES,
    keep_models: int | None = None,
) -> RunStopped:
    """Go on with the run `name` until it has `trials` trials in all, or as many as were last asked for.

    Keeps the models of the best `keep_models` trials, or of as many as before, which for a retraining may be all.

    `space` is what the person's file gives now. If it is another one than before, it must hold every logged path:
    else SpaceChanged. Raises ArtifactsExist where trials have left models that the log, as an older one, does not have.
    """
    with claim(log.path, name):
        run = logged(log, name)
        require_known_artifacts(log.path, name, run.state.proposed)
        changed = space if space is not None and space != run.space else None
        if changed is not None:
            check_paths(run, changed)
        target = run.state.target if trials is None else trials
        if keep_models is None and (more := models_from_here(run.state, target)) != run.state.keep_models:
            keep_models = more
        event = RunResumed(target, versions(), changed, keep_models, find_new_revision(run.events))
        search_state = replay_search([*run.events, event])
        begun = _Begun(run.position, run.state, search_state, curves(run.started, run.events))
        now = _run(log, name, begun, evaluator, console, failures_in_a_row, retries)
        return now.go_on(event)


def check_paths(run: Logged, space: JSON) -> None:
    """Nothing, if every path of the run leads through `space` too; else SpaceChanged, with what differs."""
    term = from_json(space)
    for event in run.events:
        if isinstance(event, Proposed):
            try:
                leaf = replay(term, run.started.input_shape, event.path)
                if not leaf.is_leaf:
                    raise PathMismatch(f"the path ends, and the space asks {leaf.choice}")
            except ArchwrightError as error:
                listed = "\n  ".join(list(differences(run.space, space))[:10])
                raise SpaceChanged(
                    f"{run.started.space_source} has changed since the run began:\n  {listed}\n"
                    f"trial {event.trial} is not in the new space: {error}\n"
                    "undo the change, or start a new run with archwright search"
                ) from error


def forked(run: Logged, searcher: JSON = None, seed: int | None = None, trials: int | None = None) -> RunStarted:
    """The beginning of a run that goes its own way from here: with another searcher, another seed, or neither."""
    target = run.state.target if trials is None else trials
    keep = models_from_here(run.state, target)
    started = evolve(run.started, space=run.space, versions=versions(), trials=target, keep_models=keep)
    started = evolve(started, searcher=searcher_now(run.started.searcher if searcher is None else searcher))
    return started if seed is None else evolve(started, seed=seed)
