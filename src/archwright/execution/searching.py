"""Beginning a search, and going on with it by the call that began it, as a script does that is run again."""

import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

from archwright.core.protocols import Evaluator
from archwright.display.warning import warn
from archwright.evaluate.data.dataset import DataInfo
from archwright.evaluate.data.logged_images import require_same_images
from archwright.evaluate.evaluation import Evaluation
from archwright.execution.checks import BadArgument, check_flag
from archwright.execution.display import announce_data, announce_new_run
from archwright.execution.given_values import GivenValues
from archwright.execution.known_code import recall_code, remember_code
from archwright.execution.known_configurations import Configurations, read_configurations
from archwright.execution.naming import claim_new_run, generate_numbered_names
from archwright.execution.options import RunOptions
from archwright.execution.planning import SearchPlan, SearchRequest, complete_plan, make_start, open_plan, plan_search
from archwright.execution.progress import start_progress
from archwright.execution.restoring import describe_same_code
from archwright.execution.resuming import (
    ResumedParts,
    continue_run,
    describe_new_revision,
    finish_if_ended,
    require_evaluator,
)
from archwright.execution.same_search import require_same_search
from archwright.execution.session import open_evaluator, run_trials
from archwright.execution.warm_start import (
    COLD_START,
    TakenOver,
    WarmStart,
    describe_absent_sources,
    number_inherited,
    take_over,
)
from archwright.search.ladders.asha import describe_unused_fresh
from archwright.search.running.enqueuing import select_unknown
from archwright.search.running.runs import RunRecord, read_run, start_run
from archwright.search.searcher import AnySearcher, describe_unused_budgets
from archwright.search.stopping_rule import AnyStoppingRule
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import RunStarted
from archwright.store.fold import RunState
from archwright.store.logged_terms import describe_changed_kinds
from archwright.store.needed import explain_changed
from archwright.store.parts import find_changed
from archwright.store.runs import list_runs

SAME_CALL_REMEDY = "add --resume (resume=True in Python), with which the same search goes on"


def begin_search(
    request: SearchRequest,
    log: Path,
    name: str | None,
    options: RunOptions,
    *,
    enqueue: Configurations = (),
    warm_start: WarmStart = COLD_START,
) -> str:
    """Begin a search and run its trials until it stops; its name in the log.

    `enqueue` holds known configurations, as `start_run` takes them, or names a file of them. It begins with the trials
    of the runs of a `warm_start` that it can take over. Raises what `plan_search`, `claim_new_run`, `open_plan`,
    `take_over` and `run_trials` do.
    """
    file, plan = DuckDBLog(log), plan_search(request)
    warn(describe_unused_budgets(request.searcher_value, request.searcher["name"], request.budgets))
    warn(describe_unused_fresh(request.searcher_value))
    with (
        claim_new_run(
            file, name, lambda: generate_numbered_names(file, request.space.stem), remedy=SAME_CALL_REMEDY
        ) as run,
        open_plan(plan, options) as (plan, evaluator),
    ):
        remember_code(log, run, gather_given(request).list_code())
        started = make_start(plan)
        start_in_log(
            file,
            run,
            started,
            plan.evaluation,
            plan.data,
            evaluator,
            options,
            taken=take_over(warm_start, log, started, plan.problem, request.searcher_value),
            enqueue=read_configurations(enqueue, plan.problem),
            searcher=request.searcher_value,
            stopping=request.stopping_rule,
        )
    return run


def start_in_log(
    file: DuckDBLog,
    run: str,
    started: RunStarted,
    evaluation: Evaluation,
    data: DataInfo | None,
    evaluator: Evaluator,
    options: RunOptions,
    *,
    taken: Sequence[TakenOver] = (),
    enqueue: Iterable[object] = (),
    searcher: AnySearcher | None = None,
    stopping: AnyStoppingRule | None = None,
) -> None:
    """Say what a new run is, whose name is claimed, and run its trials until it stops."""
    announce_new_run(options.console, file.path, run, started)
    announce_data(options.console, data, evaluation)
    _announce_taken(taken, started, options)
    progress = start_progress(RunState(), started.objective, time.monotonic())
    run_trials(
        file,
        run,
        started,
        evaluator,
        options,
        progress,
        lambda evaluator, callbacks: start_run(
            file,
            run,
            started,
            evaluator,
            inherited=number_inherited(taken),
            enqueue=enqueue,
            searcher=searcher,
            stopping=stopping,
            callbacks=callbacks,
            retries=options.retries,
            is_claimed=True,
        ),
    )


def _announce_taken(taken: Sequence[TakenOver], started: RunStarted, options: RunOptions) -> None:
    """Say what a new run takes over of others, and why not the rest, which is said of a search without progress too."""
    for source in taken:
        lines = list(source.describe(started))
        if options.console.quiet and source.reasons:
            warn(["; ".join(map(str.strip, lines))])
        for line in lines:
            options.console.print(line, soft_wrap=True)


def find_begun(log: Path, name: str | None, *, resume: bool) -> str | None:
    """The run of the log that a search is to go on with, if it is to `resume`: that of its `name`, where it is there.

    Raises BadArgument where it is to resume a run that it does not name.
    """
    if not check_flag("resume", resume):
        return None
    if name is None:
        raise BadArgument(
            "resume needs the name of the run, by which the same search finds it; give one by --name (name= in Python)"
        )
    return name if name in list_runs(DuckDBLog(log)) else None


def repeat_search(
    request: SearchRequest,
    log: Path,
    run: str,
    options: RunOptions,
    *,
    enqueue: Configurations = (),
    warm_start: WarmStart = COLD_START,
) -> None:
    """Go on with a run of the log, which is the search that is asked for, or say that it has ended.

    Its ends are moved to those that are asked for; of what to `enqueue`, that is left out which it has enqueued before.
    Of a `warm_start`, nothing is taken over once it has begun; warns of a run of which it has nothing. Raises
    OtherSearch where it is another search, TrialsAreTold for a study, DataChanged, and what `begin_search` does.
    """
    file, evaluator = DuckDBLog(log), None
    record = read_run(file, run)
    require_evaluator(file, run, record.started)
    options = options.go_on_with(record.state)
    with ExitStack() as opened:
        plan = _complete_here(plan_search(request))
        if not plan.evaluation.is_complete:  # its workers say the rest, on which it depends what search it is
            plan, evaluator = opened.enter_context(open_plan(plan, options))
        started = make_start(plan)
        require_same_search(file, run, record, started)
        warn(describe_absent_sources(run, warm_start.sources, log, record.state.inherited))
        if finish_if_ended(file, run, record, request.ends, options):
            return
        resumed = _gather_parts(plan, run, record, started, enqueue)
        if evaluator is None:
            evaluator, _ = opened.enter_context(
                open_evaluator(plan.evaluation, options, request.space.source, plan.space)
            )
        parts = (resumed.evaluation, resumed.searcher, resumed.stopping)
        same = describe_same_code(record.started, GivenValues(known=recall_code(log, run)), *parts)
        remember_code(log, run, gather_given(request).list_code())
        for line in (*same, *describe_new_revision(run, record, resumed.searcher)):
            options.console.print(line, soft_wrap=True)
        continue_run(file, run, record, request.ends, resumed, evaluator, options)


def gather_given(request: SearchRequest) -> GivenValues:
    """What the search of a request, or what goes on with it, is given."""
    return GivenValues(evaluation=request.evaluation, searcher=request.searcher_value, stopping=request.stopping_rule)


def _complete_here(plan: SearchPlan) -> SearchPlan:
    """The complete plan, where its function is in this process; else the same."""
    function = plan.evaluation.user_function
    return plan if function is None or function.target is None else complete_plan(plan, function.describe_function())


def _gather_parts(
    plan: SearchPlan, run: str, record: RunRecord, started: RunStarted, enqueue: Configurations
) -> ResumedParts:
    """What the run goes on with, and a warning of what is other than it was."""
    request = plan.request
    warn(require_same_images(run, record.started, plan.data))
    changed = find_changed(record.started.needed_parts, started.needed_parts)
    warn([*describe_changed_kinds(run, record.started), *(explain_changed(name, run) for name in changed)])
    unknown = select_unknown(read_configurations(enqueue, plan.problem), record.events)
    return ResumedParts(
        plan.evaluation,
        plan.data,
        None,
        plan.space,
        request.searcher_value,
        request.stopping_rule,
        unknown,
        request.keep_models,
    )
