"""Runs and trials as text for a person's terminal."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from archwright.cli.columns import TextTable
from archwright.cli.output import (
    format_budget,
    format_count,
    format_duration,
    format_local_time,
    format_score,
    humanize_value,
    make_console,
    make_property_table,
    make_table,
)
from archwright.cli.reports.facts import Facts
from archwright.cli.reports.repeats import format_conclusion, format_origin, format_summary
from archwright.cli.reports.stopped import format_stop_briefly
from archwright.cli.suggestion import format_command
from archwright.core.budget import parse_budget
from archwright.core.shape import format_shape
from archwright.evaluate.user_errors import summarize_error

MAX_TRIAL_ROWS = 20  # of a run's trials on a terminal

OPEN_STATUSES = ("waiting", "running", "interrupted")  # what is said of a trial that nothing has come of yet


def show_runs(runs: Sequence[Facts]) -> None:
    """Print a line for each run."""
    columns = {"run": "left", "status": "left", "space": "left", "searcher": "left"}
    rows = [
        (
            r["run"],
            r["status"],
            r["space"],
            r["searcher"],
            f"{r['scored']}/{r['target']}",
            format_score(r["best"]),
            format_local_time(r["started"]),
        )
        for r in runs
    ]
    make_console().print(make_table(columns | {"trials": "right", "best": "right", "started": "left"}, rows))


def show_run(facts: Facts) -> None:
    """Print what is to know about a run, and its trials."""
    out, trials = make_console(), facts["trials"]
    out.print(f"{facts['run']}   {facts['status']}{_format_best(facts)}", style="bold")
    out.print(make_property_table(_list_settings(facts)))
    if facts["detail"]:
        out.print(f"\n{facts['detail']}", soft_wrap=True)
    rows = trials[-MAX_TRIAL_ROWS:] if out.is_terminal else trials
    out.print()
    if len(rows) < len(trials):
        out.print(
            f"the last {MAX_TRIAL_ROWS} of {format_count(len(trials))} trials; through a pipe, or with --json, "
            "you get all of them"
        )
    show_trials(rows, facts, out)
    if facts["status"] in ("died", "interrupted", "failing", "new"):
        out.print(f"\ngo on with: {format_command(Path(facts['log']), 'resume', facts['run'])}", soft_wrap=True)


def show_trials(trials: Sequence[Facts], facts: Facts, out: Console) -> None:
    """Print a row for each of a run's trials; of trainings that differ by chance, their seeds and what they come to."""
    repeats = facts["repeats"]
    out.print(_tabulate_trials(trials, facts["objective"]["metric"], ["seed"] if repeats else []))
    if repeats:
        out.print(f"\n{format_conclusion(repeats)}", style="bold", soft_wrap=True)


def _format_best(facts: Facts) -> str:
    if facts["repeats"] is not None:
        return f"   {format_summary(facts['repeats'])}"
    best, metric = facts["best"], facts["objective"]["metric"]
    return "" if best is None else f"   best {metric} {format_score(best['score'])} (trial {best['trial']})"


def _list_settings(facts: Facts) -> dict[str, str]:
    counts, objective, fork = facts["counts"], facts["objective"], facts["forked_from"]
    ends = f"{format_count(counts['ok'])} ok, {format_count(counts['failed'])} failed, {counts['in_flight']} not done"
    budget = format_budget(parse_budget(facts["budget"]))
    about = {
        "space": f"{facts['space']}, inputs of {format_shape(facts['input_shape'])}",
        "searcher": f"{_format_searcher(facts)}, seed {facts['seed']}",
        "evaluator": _format_settings(facts["evaluator"], "kind"),
        "objective": f"{objective['direction']} {objective['metric']}",
        **({"stopping": _format_settings(facts["stopping"], "rule")} if facts["stopping"] else {}),
        "trials": f"{format_count(counts['proposed'])} of {format_count(counts['target'])}: {ends}; "
        f"a budget of {budget} each",
        "started": f"{format_local_time(facts['started'])}; {facts['events']} events, "
        f"the latest at {format_local_time(facts['latest'])}",
        "versions": ", ".join(f"{name} {version}" for name, version in facts["versions"].items()),
    }
    return about | ({"forked from": f"{fork['run']} at event {fork['at']}"} if fork else {})


def _format_searcher(facts: Facts) -> str:
    if facts["repeats"] is None:
        return _format_settings(facts["searcher"], "name")
    return f"given {format_origin(facts['searcher'])}, again and again"


def _format_settings(data: Mapping[str, Any], name: str) -> str:
    """A searcher or evaluator by its name, with those of its settings that say something."""
    told = [
        f"{key} {humanize_value(value)}" for key, value in data.items() if key != name and value not in (None, {}, 0)
    ]
    return ", ".join([str(data[name]), *told])


def _tabulate_trials(trials: Sequence[Facts], metric: str, more: Sequence[str]) -> TextTable:
    """A row for each trial, with `more` columns, and those that say something about any of them."""
    optional = {
        "epochs": any("epochs" in t["metrics"] for t in trials),
        "parameters": any("parameters" in t["metrics"] for t in trials),
        "attempts": any(t["attempts"] > 1 for t in trials),
    }
    columns = {"trial": "right", **dict.fromkeys(more, "right"), "status": "left", metric: "right", "time": "right"}
    columns |= {name: "right" for name, wanted in optional.items() if wanted}
    columns |= {"stopped": "left"} if any(t["stopped"] for t in trials) else {}
    columns |= {"error": "rest"} if any(t["error"] for t in trials) else {}
    return make_table(columns, ([_format_cell(t, column) for column in columns] for t in trials))


def _format_cell(trial: Facts, column: str) -> str:
    match column:
        case "trial" | "attempts" | "seed":
            return str(trial[column])
        case "status":
            return trial["status"].replace("_", " ")
        case "time":
            return (
                "-" if trial["status"] in OPEN_STATUSES and not trial["seconds"] else format_duration(trial["seconds"])
            )
        case "parameters" | "epochs":
            return format_count(trial["metrics"].get(column))
        case "stopped":
            return format_stop_briefly(trial["stopped"])
        case "error":
            return summarize_error(trial["error"])
        case _:  # the metric
            return format_score(trial["score"])
