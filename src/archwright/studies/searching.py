"""Searching a space for good models."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Unpack

from archwright.core.budget import Budget, GivenBudgets
from archwright.core.defaults import DEFAULT_SEARCHER
from archwright.core.ends import GivenEnds
from archwright.core.input import Input
from archwright.core.objective import Objective
from archwright.core.shape import Shape
from archwright.core.term import Term
from archwright.evaluate.evaluation import Evaluation
from archwright.execution.call_options import take_options
from archwright.execution.checks import read_log_path
from archwright.execution.known_configurations import Configurations
from archwright.execution.options import WorkOptions, make_run_options
from archwright.execution.planning import read_request
from archwright.execution.searching import begin_search, find_begun, gather_given, repeat_search
from archwright.results.run import Run
from archwright.results.sources import read_warm_start
from archwright.search.searcher import AnySearcher
from archwright.search.stopping_rule import AnyStoppingRule
from archwright.store.written_paths import DEFAULT_LOG


@take_options
def search(
    space: Term | Callable[..., Term] | str,
    evaluation: Evaluation | Callable[..., Any] | str | None = None,
    *,
    searcher: AnySearcher | str = DEFAULT_SEARCHER,
    objective: Objective | str | None = None,
    minimize: bool | None = None,
    budget: GivenBudgets | None = None,
    trials: int | None = None,
    time: float | str | None = None,
    until_score: float | None = None,
    no_improvement: int | None = None,
    configurations: int | None = None,
    total: Budget | str | None = None,
    input: Input | Shape | str | None = None,  # noqa: A002  (what it is called everywhere)
    stopping: AnyStoppingRule | str | None = None,
    enqueue: Configurations = (),
    warm_start: Run | str | Sequence[Run | str] = (),
    comparable: bool = False,
    seed: int = 0,
    keep_models: int | None = None,
    name: str | None = None,
    resume: bool = False,
    log: str | Path = DEFAULT_LOG,
    **work: Unpack[WorkOptions],
) -> Run:
    """Search a space for good models, and log everything that happens; the run, once it has stopped.

    `space` is a module, a function of (input_shape, classes) that returns one, a built-in name, `file.py:attribute` or
    `module:attribute`. `evaluation` says how a model gets its score: a value such as `Training("mnist")`, a function of
    what its parameters name, a text such as `nasbench201:FILE` or `file.py:function`; None: training on the digits.

    What is None is as the evaluation usually has it. The run ends after so many `trials`, so much `time` ("2h"; seconds
    as a number), at a score, after so many trials without improvement, after so many `configurations` (trials that
    promote no other one) and their promotions, or when the budgets of all trials come to a `total` ("500epochs"),
    whichever comes first; 64 trials if none is given. `enqueue` holds known configurations, by their choices or as
    architectures, or names a file of them; these are tried first. All randomness follows from `seed`.

    A `warm_start` is a run, the name of one in the log, or a list of them: the search begins with the results of those
    of their trials that were about the same problem and whose models are in its space, and says why it leaves out the
    others. They are `run.inherited`; the run's own trials, scores and ends do not count them. A search that goes on
    takes over no more. A study's scores are told, so nobody else knows what they mean: its trials are taken over where
    its metric, direction and input are the search's, and you say that its scores are `comparable`.

    With `resume`, the search goes on with the run of its `name`, where the log has it, so that the same call begins it
    and goes on with it; its ends are moved to those that are given, and what it has enqueued before is not enqueued
    again. Raises OtherSearch, with what differs, where that run is another search, RunIsBusy where another process
    works on it, and RunExists without `resume`.

    Ctrl-C lets the running trials end, a second one stops at once; then RunInterrupted is raised, and the run can be
    resumed from its log, as from any end. Raises NothingScored and TrialsKeepFailing where nothing comes of it, and
    before anything is logged what is wrong with the arguments.
    """
    request = read_request(
        space,
        evaluation,
        searcher,
        GivenEnds(trials, time, until_score, no_improvement, configurations, total),
        objective=objective,
        minimize=minimize,
        budget=budget,
        input=input,
        stopping=stopping,
        seed=seed,
        keep_models=keep_models,
    ).add_own_rule()
    options, file = make_run_options(work), read_log_path(log)
    run, sources = find_begun(file, name, resume=resume), read_warm_start(warm_start, file, comparable=comparable)
    if run is None:
        run = begin_search(request, file, name, options, enqueue=enqueue, warm_start=sources)
    else:
        repeat_search(request, file, run, options, enqueue=enqueue, warm_start=sources)
    return Run.read(file, run, given=gather_given(request))
