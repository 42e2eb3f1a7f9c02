"""Holding searchers against each other."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Unpack

from archwright.core.budget import Budget, GivenBudgets
from archwright.core.defaults import DEFAULT_SEEDS
from archwright.core.ends import GivenEnds
from archwright.core.input import Input
from archwright.core.objective import Objective
from archwright.core.shape import Shape
from archwright.core.term import Term
from archwright.evaluate.evaluation import Evaluation
from archwright.execution.call_options import take_options
from archwright.execution.checks import read_log_path, read_optimum, read_positive_count
from archwright.execution.comparing import ComparisonRequest, run_comparison
from archwright.execution.naming import label_searchers
from archwright.execution.options import WorkOptions, make_run_options
from archwright.execution.planning import read_request
from archwright.plots.stretches import read_axis
from archwright.results.comparison import Comparison
from archwright.search.searcher import AnySearcher
from archwright.search.stopping_rule import AnyStoppingRule
from archwright.store.runs import check_run_name
from archwright.store.written_paths import DEFAULT_LOG


@take_options
def compare(
    space: Term | Callable[..., Term] | str,
    evaluation: Evaluation | Callable[..., Any] | str | None,
    searchers: Iterable[AnySearcher | str],
    *,
    seeds: int = DEFAULT_SEEDS,
    trials: int | None = None,
    configurations: int | None = None,
    total: Budget | str | None = None,
    time: float | str | None = None,
    by: str | None = None,
    objective: Objective | str | None = None,
    minimize: bool | None = None,
    budget: GivenBudgets | None = None,
    input: Input | Shape | str | None = None,  # noqa: A002  (what it is called everywhere)
    stopping: AnyStoppingRule | str | None = None,
    optimum: float | None = None,
    name: str | None = None,
    log: str | Path = DEFAULT_LOG,
    **work: Unpack[WorkOptions],
) -> Comparison:
    """Run several searchers with several seeds each, and say which is better and how sure that is.

    `space`, `evaluation` and the other arguments are those of `search`; the `searchers` are values such as `Mcts()` or
    texts such as "mcts,exploration=0.1", and all are held against the first. Each has `seeds` searches, seeded 0, 1 ...
    and logged as runs named NAME.SEARCHER.SEED; NAME is that of the space where none is given. With the best possible
    score as `optimum`, scores are told as distances to it.

    All searches have the same ends, which are those of `search`: so many `trials` (64 if none is given), so many
    `configurations` and what is promoted of them, a `total` of budgets ("500epochs"), or a `time`. They are held
    against each other half-way and at the end of the first of these; `by` names another one of the four, which then is
    followed as far as all searches have come.

    The same call goes on with a comparison that was stopped or killed, or does the rest of one that now has more
    trials, seeds or searchers. Over a table searches run on all cores, and each has so many `workers` in simulated
    time, see `aw.Table`; else `workers` run the trials of one search after the other. Callbacks follow each search.

    Ctrl-C lets what is running come to its end, a second one stops at once; then RunInterrupted is raised. What went
    wrong within the searches is no error here: `Comparison.check` raises it. Raises OtherSearch where the log holds a
    run of that name that is another search, ComparisonIsBusy, and what is wrong with the arguments.
    """
    seeds, axis = read_positive_count("seeds", seeds), None if by is None else read_axis(by)
    path, optimum = read_log_path(log), read_optimum(optimum)
    if name is not None:
        check_run_name(name)
    labelled = label_searchers(searchers)
    request = read_request(
        space,
        evaluation,
        next(iter(labelled.values())).value,
        GivenEnds(trials, time, configurations=configurations, total=total),
        objective=objective,
        minimize=minimize,
        budget=budget,
        input=input,
        stopping=stopping,
        keep_models=0,
    )
    options = make_run_options(work)
    searches = run_comparison(
        ComparisonRequest(search=request, searchers=labelled, seeds=seeds, name=name), path, options
    )
    return Comparison.read(path, searches, optimum, axis)
