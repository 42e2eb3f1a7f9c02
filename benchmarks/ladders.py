"""Ladders of budgets and their samplers on TaskSet's learning curves: regret by what was spent, with paired statistics.

`python benchmarks/ladders.py taskset.npz [--seeds 24] [--tasks 12] [--log ladders.duckdb]`, with the table of TaskSet.
A comparison that was interrupted goes on: its searches are in the log.

One worker; the rungs are 51 points counted down by 3, which are 2, 6, 17 and 51; a training that is continued costs
what it adds; each search ends after 20 full trainings. The regret is of the best loss that was seen after any step of a
training, on a log scale: 0 is the best of the table, 1 the median of the final losses, where one that diverged is worse
than any. Searchers are told the loss at the end of a trial, as they are of any.
"""

import argparse
from collections.abc import Mapping, Sequence
from itertools import combinations, groupby
from operator import itemgetter
from pathlib import Path

import numpy as np
from attrs import evolve
from rich.console import Console
from rich.table import Table

import archwright as aw
from archwright.core.budget import BudgetRange
from archwright.core.json import to_json
from archwright.core.objective import Objective
from archwright.evaluate.logged_evaluations import evaluation_to_json
from archwright.evaluate.tables.taskset import TASKS, TaskSet
from archwright.evaluate.workers.machine import count_cores
from archwright.search.magnitude import FloatArray
from archwright.search.named import SEARCHER_KIND
from archwright.search.running.compare import ComparedSearch, plan_comparison, run_searches
from archwright.search.running.statistics import bootstrap_paired_difference
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import RunStarted

ONCE = "random(replacement=false)"  # a row that was seen is no candidate: in no searcher of these
SEARCHERS: Mapping[str, str] = {  # by the names that they have in the names of runs
    "random": ONCE,
    "hyperband": f"hyperband,sampler={ONCE}",
    "asha": f"asha,sampler={ONCE}",
    "bohb": "bohb",
    "bohb-pooled": "bohb,sampler=kde(pooled=true)",
    "asha-kde": "asha,sampler=kde",
    "hyperband-smbo": "hyperband,sampler=smbo",
    "asha-smbo": "asha,sampler=smbo",
}
BUDGETS = BudgetRange(aw.Budget(1, "epochs"), aw.Budget(51, "epochs"))
FULL_TRAININGS = (2, 4, 10, 20)  # after which the regret is told; a search ends after the last


def plan_task(table: TaskSet, task: int, seeds: int, trainings: int) -> Sequence[ComparedSearch]:
    """The searches of one task: each searcher with each seed."""
    started = RunStarted(
        space=to_json(table.complete_space(aw.named_space("taskset"))),
        space_source="taskset",
        input_shape=(1,),
        searcher={},
        evaluator=evaluation_to_json(table),
        objective=Objective("loss", "minimize"),
        budget=BUDGETS.largest,
        budgets=str(BUDGETS),
        seed=0,
        trials=None,
        total=trainings * BUDGETS.largest,
        versions={},
    )
    starts = {name: evolve(started, searcher=SEARCHER_KIND.read(text)) for name, text in SEARCHERS.items()}
    return plan_comparison(f"task{task}", starts, seeds)


def run_task(log: Path, table: TaskSet, searches: Sequence[ComparedSearch]) -> None:
    """Run those of the searches that the log does not have."""
    begun = set(DuckDBLog(log).runs()) if log.exists() else set[str]()
    left = [search for search in searches if search.run not in begun]
    if left:
        for _ in run_searches(DuckDBLog(log), left, table.open, processes=count_cores()):
            pass


def read_trials(log: Path, task: int) -> Mapping[str, FloatArray]:
    """By run, of those of a task: of each trial what was spent by its end, its row and its budget [trials, 3]."""
    rows = aw.Log(log).sql(
        "SELECT run, sum(trials.spent) OVER (PARTITION BY run ORDER BY n), (path->>'$[0][1]')::INTEGER, budget "
        f"FROM scores JOIN trials USING (run, trial) WHERE run LIKE 'task{task}.%' ORDER BY run, n"
    )
    return {run: np.array([row[1:] for row in group]) for run, group in groupby(rows, key=itemgetter(0))}


def compute_regrets(trials: FloatArray, curves: FloatArray, trainings: Sequence[int]) -> FloatArray:
    """The regret of a run after so many full `trainings`; `curves` are the task's, [rows, points]."""
    losses = np.where(np.isnan(curves), np.inf, curves)
    lowest, median = float(losses.min()), float(np.median(losses[:, -1]))
    spent, rows, budgets = trials.T
    seen = np.minimum.accumulate(losses, axis=1)[rows.astype(int), budgets.astype(int) - 1]
    best = [np.min(seen[spent <= count * BUDGETS.largest.amount], initial=median) for count in trainings]
    return np.log(np.array(best) / lowest) / np.log(median / lowest)


def measure_ladders(path: str, seeds: int, tasks: int, log: Path, trainings: Sequence[int]) -> Mapping[str, FloatArray]:
    """The regrets by searcher, [tasks, seeds, trainings]."""
    regrets: dict[str, list[list[FloatArray]]] = {name: [] for name in SEARCHERS}
    for task in range(tasks):
        table = TaskSet(path, task=task)
        run_task(log, table, plan_task(table, task, seeds, trainings[-1]))
        curves, trials = table.read_curves("valid"), read_trials(log, task)
        for name, rows in regrets.items():
            runs = [trials[f"task{task}.{name}.{seed}"] for seed in range(seeds)]
            rows.append([compute_regrets(run, curves, trainings) for run in runs])
    return {name: np.array(rows) for name, rows in regrets.items()}


def tabulate_regrets(regrets: Mapping[str, FloatArray], trainings: Sequence[int]) -> Table:
    """The mean over tasks and seeds, with its standard error, of which the differences between tasks are no part."""
    table = Table("searcher", *(f"after {count}" for count in trainings))
    for name, values in regrets.items():
        deviations = (values - values.mean(axis=1, keepdims=True)).reshape(-1, len(trainings)).std(axis=0)
        errors = deviations / np.sqrt(values[..., 0].size)
        means = values.mean(axis=(0, 1))
        table.add_row(name, *(f"{mean:.3f} ± {error:.3f}" for mean, error in zip(means, errors, strict=True)))
    return table


def tabulate_differences(regrets: Mapping[str, FloatArray]) -> Table:
    """How much lower the regret of one searcher is than that of another, after all of it is spent, pair by pair."""
    table = Table("searcher", "lower than", "by", "95 % interval", "p")
    for other, name in combinations(regrets, 2):
        pairs = ((-regrets[name][..., -1]).ravel().tolist(), (-regrets[other][..., -1]).ravel().tolist())
        found = bootstrap_paired_difference(*pairs)
        table.add_row(
            name, other, f"{found.mean:+.3f}", f"{found.low:+.3f} .. {found.high:+.3f}", f"{found.p_value:.4f}"
        )
    return table


def main(
    path: str,
    seeds: int,
    tasks: int,
    log: str,
    trainings: Sequence[int] = FULL_TRAININGS,
) -> None:
    """Print the regrets, and the differences between searchers."""
    console = Console(width=120)
    console.print(f"archwright {aw.__version__}, {tasks} tasks, {seeds} seeds, regret after so many full trainings")
    regrets = measure_ladders(path, seeds, tasks, Path(log).resolve(), trainings)
    console.print(tabulate_regrets(regrets, trainings))
    console.print(tabulate_differences(regrets))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path")
    parser.add_argument("--seeds", type=int, default=24)
    parser.add_argument("--tasks", type=int, default=len(TASKS))
    parser.add_argument("--log", default="ladders.duckdb")
    main(**vars(parser.parse_args()))
