"""Going on with a run of the log: the same run until it stops again, or a new one of its beginning."""

import time
from collections.abc import Iterable, Sequence
from functools import partial

from attrs import evolve, field, frozen
from attrs.validators import optional

from archwright.core.analysis.counting import out_shapes
from archwright.core.defaults import DEFAULT_CLASSES
from archwright.core.differences import find_differences, restore_written_order
from archwright.core.ends import GivenEnds, RunEnds, move_ends, require_total_of
from archwright.core.errors import ArchwrightError, show
from archwright.core.json import JSON, from_json, to_json
from archwright.core.protocols import Evaluator
from archwright.core.shape import Shape
from archwright.core.term import Term
from archwright.core.value import as_integer
from archwright.display.warning import warn
from archwright.evaluate.building import guard_evaluation
from archwright.evaluate.data.dataset import DataInfo
from archwright.evaluate.data.logged_images import require_same_images
from archwright.evaluate.evaluation import Evaluation, require_reported
from archwright.evaluate.logged_evaluations import require_permission
from archwright.evaluate.told import TrialsAreTold
from archwright.execution.checks import require_count
from archwright.execution.display import announce_data, announce_resumption
from archwright.execution.given_values import NOTHING_GIVEN, GivenValues
from archwright.execution.known_configurations import Configurations, read_configurations
from archwright.execution.options import RunOptions
from archwright.execution.progress import start_progress
from archwright.execution.restoring import describe_same_code, restore_configured, restore_evaluation
from archwright.execution.session import open_evaluator, run_trials
from archwright.execution.spaces import SpaceSource, find_space
from archwright.search.named import SEARCHER_KIND
from archwright.search.named_rules import RULE_KIND
from archwright.search.running.ends import explain_ends, has_ended, measure_seconds, suggest_moves
from archwright.search.running.revisions import find_new_revision, iterate_revisions
from archwright.search.running.runs import (
    RunRecord,
    check_paths,
    finish_run,
    read_run,
    resume_run,
)
from archwright.search.searcher import AnySearcher
from archwright.search.stopping_rule import AnyStoppingRule
from archwright.store.claim import claim
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import RunStarted
from archwright.store.logged_terms import describe_changed_kinds, load_logged_term
from archwright.store.needed import is_told
from archwright.store.permission import require_trusted
from archwright.store.suggestions import format_resumption_call, format_study_call
from archwright.store.user_code import is_source


class NoStoppingRule(ArchwrightError, ValueError):
    """A stopping rule for a run that goes on, and that has none."""


def move_run_ends(run: RunRecord, given: GivenEnds) -> RunEnds:
    """The ends of a run as a person moves them; raises InvalidEnd."""
    so_far = evolve(run.state.extent, seconds=measure_seconds(run.state, run.run_time))
    ends = move_ends(run.state.ends, given, so_far)
    require_total_of(run.started.budget, ends.total, reads_budget=run.started.reads_budget)
    return ends


@frozen(kw_only=True)
class Resumption:
    """What a person asks of a run that is to go on; what is None is as it was."""

    ends: GivenEnds = field(factory=GivenEnds)  # moved from what they were
    given: GivenValues = NOTHING_GIVEN  # where the log does not hold all of it, as of a function of a notebook
    keep_models: int | None = field(default=None, converter=as_integer, validator=optional(require_count))
    device: str | None = None
    data_dir: str | None = None
    enqueue: Configurations = ()


@frozen
class ResumedParts:
    """What a run goes on with on this machine."""

    evaluation: Evaluation
    data: DataInfo | None
    space: JSON  # None: as it was
    term: Term  # that space, in any case
    searcher: AnySearcher
    stopping: AnyStoppingRule | None
    enqueue: Iterable[object]
    keep_models: int | None  # None: as it was


def resume_in_log(file: DuckDBLog, run: str, resumption: Resumption, options: RunOptions) -> None:
    """Go on with a run of the log until it stops again, or say that it has ended.

    Raises NotTrusted for code that this person does not let run, what `GivenValues.complete` does, TrialsAreTold for a
    study, DataChanged, SpaceChanged, and what `open_evaluator` and `run_trials` do.
    """
    record = read_run(file, run)
    require_evaluator(file, run, record.started)
    options = options.go_on_with(record.state)
    ends = move_run_ends(record, resumption.ends)
    if finish_if_ended(file, run, record, ends, options):
        if not isinstance(resumption.enqueue, list | tuple) or resumption.enqueue:
            moved = "move one of its ends, too, as by --trials +2 (trials='+2' in Python)"
            warn([f"enqueue does nothing: {run} has ended; {moved}"])
        return
    suggest = partial(format_resumption_call, file.path, run, {})
    given = resumption.given.complete(record.started, suggest, trusted=options.trusted)
    resumption = evolve(resumption, given=given)
    resumed = _prepare_resumption(run, record, resumption, options)
    with open_evaluator(resumed.evaluation, options, record.started.space_source, resumed.term) as opened:
        evaluator, description = opened
        resumed.evaluation.complete(description)  # raises what does nothing
        continue_run(file, run, record, ends, resumed, evaluator, options)


def continue_run(
    file: DuckDBLog,
    run: str,
    record: RunRecord,
    ends: RunEnds,
    resumed: ResumedParts,
    evaluator: Evaluator,
    options: RunOptions,
) -> None:
    """Say how far a run of the log is, and run its trials until it stops again."""
    progress = start_progress(record.state, record.started.objective, time.monotonic(), record.run_time)
    announce_resumption(options.console, file.path, run, progress, ends)
    announce_data(options.console, resumed.data, resumed.evaluation)
    run_trials(
        file,
        run,
        record.started,
        evaluator,
        options,
        progress,
        lambda evaluator, callbacks: resume_run(
            file,
            run,
            evaluator,
            ends=ends,
            space=resumed.space,
            searcher=resumed.searcher,
            stopping=resumed.stopping,
            enqueue=resumed.enqueue,
            callbacks=callbacks,
            retries=options.retries,
            keep_models=resumed.keep_models,
        ),
    )


def require_evaluator(file: DuckDBLog, run: str, started: RunStarted) -> None:
    """Nothing but for a study: TrialsAreTold, which says how it is gone on with."""
    if is_told(started.evaluator):
        call = format_study_call(file.path, run, started.searcher)
        raise TrialsAreTold(f"{run} is a study, and its trials are told, not run: go on with {call}")


def finish_if_ended(file: DuckDBLog, run: str, record: RunRecord, ends: RunEnds, options: RunOptions) -> bool:
    """Whether nothing is left to do before one of `ends`; if so, says which one, and how it is moved.

    A run that no process has left in order, such as a new fork, is logged as finished then; RunIsBusy where one has it.
    """
    seconds = measure_seconds(record.state, record.run_time)
    if not has_ended(record.state, seconds, ends):
        return False
    if record.state.stopped is None:
        with claim(file.path, run):
            current = read_run(file, run)
            if current.state.stopped is None:  # nor has another process meanwhile
                finish_run(file, run, current, ends)
    resume = options.format_resumption(file.path, run, record.started, suggest_moves(record.state, seconds, ends))
    options.console.print(
        f"{run} has ended: {explain_ends(record.state, seconds, ends)}; to go on: {resume}", soft_wrap=True
    )
    return True


def _prepare_resumption(run: str, record: RunRecord, resumption: Resumption, options: RunOptions) -> ResumedParts:
    """What the run goes on with, and lines on what is other than it was; raises what keeps it from going on."""
    started, trusted, given = record.started, options.trusted, resumption.given
    evaluation = restore_evaluation(run, started, given, trusted=trusted)
    with guard_evaluation(evaluation):
        evaluation = evaluation.move_to(resumption.device, resumption.data_dir)
        require_permission(evaluation, trusted=trusted)
        data = evaluation.describe_data()
    warn(require_same_images(run, started, data))
    space = load_current_space(record, evaluation, data, trusted=trusted)
    searcher = restore_configured(SEARCHER_KIND, started.searcher, given, trusted=trusted)
    stopping = _restore_rule(run, started, given, options)
    if stopping is not None:
        require_reported(evaluation, started.objective.metric)  # of a fork, which may have another rule than its run
    for line in (
        *describe_same_code(started, given, evaluation, searcher, stopping),
        *describe_changed_space(run, record, space),
        *describe_new_revision(run, record, searcher),
    ):
        options.console.print(line, soft_wrap=True)
    term = load_logged_term(record.space if space is None else space, started, trusted=trusted)
    warn(describe_changed_kinds(run, started))
    problem = started.make_problem(term)
    enqueue = read_configurations(resumption.enqueue, problem)
    return ResumedParts(evaluation, data, space, term, searcher, stopping, enqueue, resumption.keep_models)


def _restore_rule(run: str, started: RunStarted, given: GivenValues, options: RunOptions) -> AnyStoppingRule | None:
    """The logged stopping rule, or the one that is `given` again; NoStoppingRule where there is none."""
    if started.stopping is not None:
        return restore_configured(RULE_KIND, started.stopping, given, trusted=options.trusted)
    if given.stopping is not None:
        raise NoStoppingRule(
            f"{run} has no stopping rule, and is given {show(given.stopping)}; leave stopping out, or begin a new run "
            "with it"
        )
    return None


def describe_new_revision(name: str, run: RunRecord, current: AnySearcher) -> Sequence[str]:
    """A sentence where the searcher has another revision now than the one in which it has proposed so far."""
    revision, searcher = find_new_revision(run.events, current), run.started.searcher["name"]
    if revision is None:
        return []
    *_, logged = iterate_revisions(run.events)
    past = f"the log of {name} names none" if logged is None else f"{name} was proposed by revision {logged}"
    return [f"this archwright has revision {revision} of {searcher}, and {past}; it goes on with revision {revision}"]


def load_current_space(run: RunRecord, evaluation: Evaluation, data: DataInfo | None, *, trusted: bool) -> JSON:
    """The space that a person's file defines now, for a run in such a space; None for any other one.

    Raises SpaceChanged where it no longer holds the run, and NotTrusted where this person does not let the file run.
    """
    source = run.started.space_source
    if not is_source(source):
        return None
    require_trusted(source, trusted=trusted)
    current = find_space(source)
    load_logged_term(run.space, run.started, trusted=trusted)
    rebuilt = evaluation.complete_space(rebuild_space(current, run, data))
    space = restore_written_order(run.space, to_json(rebuilt))
    if space != run.space:
        check_paths(run, space)
    return space


def describe_changed_space(name: str, run: RunRecord, space: JSON) -> Sequence[str]:
    """Lines on what differs from the space that the run was in; none if nothing does."""
    if space is None or space == run.space:
        return []
    source = run.started.space_source
    changes = [f"  {line}" for line in find_differences(run.space, space)]
    return [f"{source} has changed since {name} was last in it; the run goes on in the new space:", *changes]


def rebuild_space(source: SpaceSource, run: RunRecord, data: DataInfo | None) -> Term:
    """The space for the input and the classes that the run was begun with."""
    model_input = run.started.model_input
    classes = _count_classes(run.space, model_input.shape) if data is None else data.classes
    return source.build(model_input, classes)


def _count_classes(space: JSON, shape: Shape) -> int:
    """The number of classes that a logged space was made for: that of its outputs, if they are all alike."""
    shapes = out_shapes(from_json(space), shape)
    return shapes[0][0] if len(shapes) == 1 and len(shapes[0]) == 1 else DEFAULT_CLASSES
