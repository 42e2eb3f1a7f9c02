"""Runs in a log: reading one, starting one, resuming one, and forking one."""

import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from importlib.metadata import version
from typing import Any, Self

from attrs import evolve, frozen

from archwright.core.defaults import DEFAULT_RETRIES
from archwright.core.differences import find_differences
from archwright.core.ends import RunEnds
from archwright.core.errors import ArchwrightError
from archwright.core.json import JSON, from_json
from archwright.core.node import PathMismatch, replay
from archwright.core.protocols import Evaluator, Problem
from archwright.search.named import SEARCHER_KIND
from archwright.search.named_rules import RULE_KIND
from archwright.search.running.callbacks import NO_CALLBACKS, RunCallbacks
from archwright.search.running.ends import explain_ends, measure_seconds
from archwright.search.running.enqueuing import enqueue_all, require_fitting
from archwright.search.running.loop import MAX_CONSECUTIVE_FAILURES, SearchLoop
from archwright.search.running.retention import ArtifactRetention, count_models_to_keep
from archwright.search.running.revisions import find_new_revision
from archwright.search.running.search_state import make_initial_state, replay_search
from archwright.search.running.stopping import fold_early_stopping
from archwright.search.searcher import AnySearcher
from archwright.search.stopping_rule import AnyStoppingRule
from archwright.store.artifacts import locate_run_folder, require_known_artifacts, require_no_artifacts
from archwright.store.claim import claim
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.errors import NoSuchEvent
from archwright.store.events import Event, Inherited, LoggedPath, Proposed, RunResumed, RunStarted, RunStopped
from archwright.store.fold import RunState, fold_events
from archwright.store.log import START, EventLog, LoggedEvent, Position
from archwright.store.run_time import RunTime, fold_run_time

# Results may depend on the versions of these, which every run logs.
LOGGED_PACKAGES = ("archwright", "torch", "torchvision", "numpy", "scikit-learn", "duckdb")


class SpaceChanged(ArchwrightError, ValueError):
    """A space that no longer holds what the run has proposed."""


@frozen
class RunRecord:
    """What a log holds of a run: its events, and the state that they lead to."""

    events: Sequence[Event]
    times: Sequence[float]  # of the events: seconds since 1970, UTC
    position: Position  # of the last event
    state: RunState
    started: RunStarted

    @classmethod
    def of(cls, logged_events: Sequence[LoggedEvent]) -> Self:
        """The record of these events, which are a run's from its first one on."""
        events, times = [logged.event for logged in logged_events], [logged.time for logged in logged_events]
        state = fold_events(events)
        assert state.started is not None  # the first event of every run is a RunStarted
        return cls(events, times, logged_events[-1].position, state, state.started)

    @property
    def run_time(self) -> RunTime:
        """How long processes have spent on the run."""
        return fold_run_time(self.events, self.times)

    @property
    def space(self) -> JSON:
        """The space of the run, as of the last resumption that changed it."""
        spaces = [event.space for event in self.events if isinstance(event, RunResumed) and event.space is not None]
        return spaces[-1] if spaces else self.started.space


def read_run(log: EventLog, name: str, upto: int | None = None) -> RunRecord:
    """The run as it stands in the log, or stood after event number `upto`; raises NoSuchEvent."""
    logged_events = log.read(name, upto=upto)
    if upto is not None and (upto < 1 or len(logged_events) < upto):
        raise NoSuchEvent(f"event {upto} of {name} is not there; it has events 1 to {len(log.read(name))}")
    return RunRecord.of(logged_events)


def collect_versions() -> Mapping[str, str]:
    """The releases of Python and of the packages on which the results of a run may depend, by name."""
    return {"python": platform.python_version()} | {name: version(name) for name in LOGGED_PACKAGES}


def start_run(
    log: DuckDBLog,
    name: str,
    started: RunStarted,
    evaluator: Evaluator,
    *,
    callbacks: RunCallbacks = NO_CALLBACKS,
    max_consecutive_failures: int = MAX_CONSECUTIVE_FAILURES,
    retries: int = DEFAULT_RETRIES,
    is_claimed: bool = False,
    inherited: Sequence[Inherited] = (),
    enqueue: Iterable[object] = (),
    searcher: AnySearcher | None = None,
    stopping: AnyStoppingRule | None = None,
) -> RunStopped:
    """Start the run `name` and run its trials until it stops.

    Its `searcher` and its rule `stopping` are the logged ones unless given. The searcher is told the `inherited` trials
    first. The configurations to `enqueue`, as `enqueue_all` takes them, are tried before it is asked. Raises
    ArtifactsExist where another run of that name has left models.

    No other process may run it at the same time: its lock, see `claim`, is taken here unless the caller holds it
    (`is_claimed`).
    """
    with nullcontext() if is_claimed else claim(log.path, name):
        require_no_artifacts(log.path, name)
        started = evolve(started, **describe_simulation(evaluator))
        search_state = make_initial_state(started, searcher=searcher)
        enqueued = enqueue_all(search_state.problem, search_state.searcher, enqueue)
        new_run = (log, name, START, RunState(), search_state)
        loop = SearchLoop(
            *new_run,
            evaluator,
            callbacks=callbacks,
            max_consecutive_failures=max_consecutive_failures,
            retries=retries,
            retention=ArtifactRetention(locate_run_folder(log.path, name)),
            early_stopping=fold_early_stopping(started, (), stopping),
        )
        return loop.run(started, *inherited, *enqueued)


def resume_run(
    log: DuckDBLog,
    name: str,
    evaluator: Evaluator,
    *,
    ends: RunEnds | None = None,
    space: JSON = None,
    callbacks: RunCallbacks = NO_CALLBACKS,
    max_consecutive_failures: int = MAX_CONSECUTIVE_FAILURES,
    retries: int = DEFAULT_RETRIES,
    keep_models: int | None = None,
    enqueue: Iterable[object] = (),
    searcher: AnySearcher | None = None,
    stopping: AnyStoppingRule | None = None,
) -> RunStopped:
    """Go on with the run `name` until it reaches one of the `ends`, by default those that were last asked for.

    The `searcher` and the rule `stopping` are the logged ones unless given: built-in, or code that the user trusts.
    Models are kept of the best `keep_models` trials, or of as many as before; `enqueue` is as for `start_run`; `space`
    is what the file defines now: SpaceChanged unless it has all paths. ArtifactsExist if unknown trials have models.
    """
    with claim(log.path, name):
        run = read_run(log, name)
        require_known_artifacts(log.path, name, run.state.proposal_count)
        resumption = make_resumption(run, ends, space, keep_models, searcher)
        resumption = evolve(resumption, **describe_simulation(evaluator))
        state = replay_search([*run.events, resumption], searcher)
        enqueued = enqueue_all(state.problem, state.searcher, enqueue, run.state.queue.entry_count)
        run_so_far = (log, name, run.position, run.state, state)
        loop = SearchLoop(
            *run_so_far,
            evaluator,
            callbacks=callbacks,
            max_consecutive_failures=max_consecutive_failures,
            retries=retries,
            retention=ArtifactRetention(locate_run_folder(log.path, name)),
            early_stopping=fold_early_stopping(run.started, run.events, stopping),
            run_time=run.run_time,
        )
        return loop.run(resumption, *enqueued)


def describe_simulation(evaluator: Evaluator) -> Mapping[str, Any]:
    """What the first event of a process says of an evaluator that simulates time, or does not: values of its fields."""
    simulates_time = evaluator.simulates_time
    workers = _name_workers(evaluator.slots) if simulates_time else None
    return {"simulates_time": simulates_time, "simulated_workers": workers}


def _name_workers(workers: int) -> int | None:
    """The number of simulated workers as a log has it: None of one."""
    return workers if workers > 1 else None


def finish_run(log: EventLog, name: str, run: RunRecord, ends: RunEnds) -> None:
    """Log that a run, which this process has claimed and which has reached one of `ends`, is finished."""
    detail = explain_ends(run.state, measure_seconds(run.state, run.run_time), ends)
    resumption = RunResumed(
        versions=collect_versions(),
        simulates_time=run.state.simulates_time,
        simulated_workers=_name_workers(run.state.simulated_workers),
        **ends.by_name,
    )
    log.append(name, [resumption, RunStopped("finished", detail)], run.position)


def make_resumption(
    run: RunRecord,
    ends: RunEnds | None = None,
    space: JSON = None,
    keep_models: int | None = None,
    searcher: AnySearcher | None = None,
) -> RunResumed:
    """The event that resumes `run`, but for what `describe_simulation` says; beside the ends, it has what changes."""
    changed_space = space if space is not None and space != run.space else None
    if changed_space is not None:
        check_paths(run, changed_space)
    ends = run.state.ends if ends is None else ends
    if keep_models is None and (count := count_models_to_keep(run.state, ends.trials)) != run.state.keep_models:
        keep_models = count
    return RunResumed(
        versions=collect_versions(),
        space=changed_space,
        keep_models=keep_models,
        revision=find_new_revision(run.events, searcher),
        **ends.by_name,
    )


def check_paths(run: RunRecord, space: JSON) -> None:
    """Raises SpaceChanged, with what differs, unless `space`, too, holds all that the run has proposed and enqueued."""
    started = run.started
    problem = started.make_problem(from_json(space))
    for event in run.events:
        if isinstance(event, Proposed | Inherited):
            _check_in_space(run, space, f"trial {event.trial}", partial(_require_leaf, problem, event.path))
    for entry in run.state.queue.entries:
        _check_in_space(
            run, space, f"entry {entry.entry} of the queue", partial(require_fitting, problem, entry.choices)
        )


def _require_leaf(problem: Problem, path: LoggedPath) -> None:
    leaf = replay(problem.space, problem.input_shape, path)
    if not leaf.is_leaf:
        raise PathMismatch(f"the path ends, and the space asks {leaf.choice}")


def _check_in_space(run: RunRecord, space: JSON, what: str, check: Callable[[], object]) -> None:
    """Raises SpaceChanged where the `check`, of `what` the run holds in `space`, raises."""
    try:
        check()
    except ArchwrightError as error:
        differences = "\n  ".join(list(find_differences(run.space, space))[:10])
        raise SpaceChanged(
            f"{run.started.space_source} has changed since the run began:\n  {differences}\n"
            f"{what} is not in the new space: {error}\n"
            "undo the change, or start a new run with archwright search (aw.search in Python)"
        ) from error


def make_fork_event(
    run: RunRecord, searcher: JSON = None, seed: int | None = None, ends: RunEnds | None = None
) -> RunStarted:
    """The first event of a fork of `run`: with another searcher, another seed, other ends, or none of these."""
    ends = run.state.ends if ends is None else ends
    keep_models = count_models_to_keep(run.state, ends.trials)
    started = evolve(run.started, space=run.space, versions=collect_versions(), keep_models=keep_models, **ends.by_name)
    started = evolve(started, searcher=SEARCHER_KIND.update(run.started.searcher if searcher is None else searcher))
    if started.stopping is not None:
        started = evolve(started, stopping=RULE_KIND.update(started.stopping))
    return started if seed is None else evolve(started, seed=seed)
