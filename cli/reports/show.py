"""Runs and trials as text for a person's terminal."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from archwright.core.budget import Budget, parse_budget, parse_budgets
from archwright.core.ends import RunEnds, RunExtent
from archwright.core.input import describe_input, parse_input
from archwright.core.words import NAME_KEY
from archwright.display.columns import TextTable
from archwright.display.console import make_console, make_property_table, make_table
from archwright.display.ends import format_ends, list_progress
from archwright.display.text import (
    describe_origin,
    format_budget,
    format_budgets,
    format_count,
    format_duration,
    format_local_time,
    format_score,
    humanize_value,
    pluralize,
    summarize_error,
)
from archwright.results.describing import read_ends
from archwright.results.records import EarlyStopRecord, RunDetails, RunRow, TrialRecord
from archwright.results.repeats import explain_repeats, format_repeats
from archwright.results.run_text import describe_rule, find_usual_settings, name_best
from archwright.store.suggestions import suggest_continuation

MAX_TRIAL_ROWS = 20  # of a run's trials on a terminal
UNFINISHED_STATUSES = ("died", "interrupted", "failing", "new", "closed")  # of a run that a process may go on with
OPEN_STATUSES = ("waiting", "running", "interrupted")  # of a trial that has no result yet


def show_runs(runs: Sequence[RunRow]) -> None:
    """Print a line for each run; where one of them has several budgets, also at which the best scores are."""
    columns = {"run": "left", "status": "left", "space": "left", "searcher": "left", "trials": "right", "best": "right"}
    has_several = any(run["has_several_budgets"] for run in runs)
    columns |= {"at budget": "right"} if has_several else {}
    rows = [
        (
            run["run"],
            run["status"],
            run["space"],
            run["searcher"],
            str(run["scored"]) if run["target"] is None else f"{run['scored']}/{run['target']}",
            format_score(run["best"]),
            *([_format_best_budget(run)] if has_several else []),
            format_local_time(run["started"]),
        )
        for run in runs
    ]
    make_console().print(make_table(columns | {"started": "left"}, rows))


def _format_best_budget(run: RunRow) -> str:
    """The budget of the best trial; empty without one, and where what evaluates the trials reads none."""
    if run["best_budget"] is None:
        return ""
    return format_budget(parse_budget(f"{run['best_budget']}{run['unit']}"))


def show_run(run: RunDetails) -> None:
    """Print what is to know about a run, and its trials."""
    out, trials = make_console(), run["trials"]
    out.print(f"{run['run']}   {run['status']}{_format_best(run)}", style="bold")
    out.print(make_property_table(_list_settings(run)))
    if run["detail"]:
        out.print(f"\n{run['detail']}", soft_wrap=True)
    rows = trials[-MAX_TRIAL_ROWS:] if out.is_terminal else trials
    out.print()
    if len(rows) < len(trials):
        out.print(
            f"the last {MAX_TRIAL_ROWS} of {format_count(len(trials))} trials; through a pipe, or with --json, "
            "you get all of them"
        )
    show_trials(rows, run, out)
    if run["status"] in UNFINISHED_STATUSES:
        parts = (run["evaluator"], run["searcher"], run["stopping"])
        continuation = suggest_continuation(Path(run["log"]), run["run"], *parts)
        out.print(f"\ngo on with: {continuation.for_shell}", soft_wrap=True)


def show_trials(trials: Sequence[TrialRecord], run: RunDetails, out: Console) -> None:
    """Print a row for each of a run's trials; for repeated trainings also their seeds, and their mean."""
    repeats = run["repeats"]
    more = [*(["seed"] if repeats else []), *(["budget"] if _has_several_budgets(run) else [])]
    out.print(_tabulate_trials(trials, run["objective"]["metric"], more))
    if repeats:
        out.print(f"\n{format_repeats(repeats)}   {explain_repeats(repeats)}", style="bold", soft_wrap=True)


def _format_best(run: RunDetails) -> str:
    if run["repeats"] is not None:
        return f"   {format_repeats(run['repeats'])}"
    best, metric = run["best"], run["objective"]["metric"]
    return "" if best is None else f"   best {metric} {format_score(best['score'])} ({name_best(best)})"


def _list_settings(run: RunDetails) -> dict[str, str]:
    counts, objective, fork = run["counts"], run["objective"], run["forked_from"]
    statuses = (
        f"{format_count(counts['ok'])} ok, {format_count(counts['failed'])} failed, {counts['in_flight']} not done"
    )
    ends = read_ends(run["ends"])
    budget = f"; {_format_budgets(run)}" if run["budget"] else ""
    target = "" if ends.trials is None else f" of {format_count(ends.trials)}"
    settings = {
        "space": f"{run['space']}, inputs of {describe_input(parse_input(run['input']))}",
        "searcher": f"{_format_searcher(run)}, seed {run['seed']}",
        "evaluator": _format_settings(run["evaluator"], "kind"),
        "objective": f"{objective['direction']} {objective['metric']}",
        **({"stopping": _format_settings(describe_rule(run["stopping"]), NAME_KEY)} if run["stopping"] else {}),
        "trials": f"{format_count(counts['proposed'])}{target}: {statuses}{budget}",
        **({"enqueued": _format_queue(run)} if "queue" in run else {}),
        **({"inherited": _format_inheritance(run)} if "inherited" in run else {}),
        **({"ends after": _format_ends(run)} if ends != RunEnds(trials=ends.trials) else {}),
        "started": f"{format_local_time(run['started'])}; {run['events']} events, "
        f"the latest at {format_local_time(run['latest'])}",
        "versions": ", ".join(f"{name} {version}" for name, version in run["versions"].items()),
    }
    return settings | ({"forked from": f"{fork['run']} at event {fork['at']}"} if fork else {})


def _has_several_budgets(run: RunDetails) -> bool:
    return len({trial["budget"] for trial in run["trials"]}) > 1


def _format_budgets(run: RunDetails) -> str:
    """What its trials are given."""
    given = parse_budgets(run["budget"] or "")
    if not _has_several_budgets(run):
        is_one = isinstance(given, Budget)
        return f"a budget of {format_budget(given) if is_one else format_budgets(given)} each"
    counts = Counter(trial["budget"] for trial in run["trials"] if trial["budget"] is not None)
    budgets = {parse_budget(text): number for text, number in counts.items()}
    order = sorted(budgets, key=lambda budget: budget.level)
    return ", ".join(f"{format_count(budgets[budget])} of {format_budget(budget)}" for budget in order)


def _format_ends(run: RunDetails) -> str:
    """All its ends, and how near those are that time and a row of trials without a new best bring."""
    ends = read_ends(run["ends"])
    scored = run["counts"]["ok"] + run["counts"]["failed"]
    extent = RunExtent(scored, run["seconds"], run["scored_since_best"], run["configurations"], run["spent"] or 0.0)
    done = list_progress(ends, extent)
    return f"{format_ends(ends, run['objective']['metric'])}; so far {', '.join(done)}"


def _format_inheritance(run: RunDetails) -> str:
    """How many trials it began with, and whose."""
    sources = run.get("inherited", ())
    places = [f" in {source['log']}" if source["log"] else "" for source in sources]
    parts = zip(sources, places, strict=True)
    return ", ".join(f"{pluralize(source['trials'], 'trial')} of {source['run']}{place}" for source, place in parts)


def _format_queue(run: RunDetails) -> str:
    """Which trials were enqueued, and what waits to be tried."""
    tried = [str(trial["trial"]) for trial in run["trials"] if "enqueued" in trial]
    waiting = [_format_choices(entry["choices"]) for entry in run.get("queue", ())]
    tried_text = f"trial{'s' if len(tried) > 1 else ''} {', '.join(tried)}" if tried else "no trial yet"
    return "; ".join([tried_text, *(f"waiting: {text}" for text in waiting)])


def _format_choices(choices: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={humanize_value(value)}" for name, value in choices.items()) or "all choices drawn"


def _format_searcher(run: RunDetails) -> str:
    if run["repeats"] is None:
        return _format_settings(run["searcher"], "name")
    return f"given {describe_origin(run['searcher'])}, again and again"


def _format_settings(data: Mapping[str, Any], name: str) -> str:
    """A searcher or evaluator by its name, with its settings, but for those that are off, as they usually are."""
    usual = find_usual_settings(data, name)
    settings = [
        f"{key} {_format_setting(value)}"
        for key, value in data.items()
        if key != name and value not in (None, {}) and (value != 0 or usual.get(key) != value)
    ]
    return ", ".join([str(data[name]), *settings])


def _format_setting(value: Any) -> str:
    """A setting's value; of a searcher within another one, its name and its settings in parentheses."""
    if not isinstance(value, Mapping) or "name" not in value:
        return humanize_value(value)
    inner: Mapping[str, Any] = value
    name, *settings = _format_settings(inner, "name").split(", ", 1)
    return f"{name} ({settings[0]})" if settings else name


def _tabulate_trials(trials: Sequence[TrialRecord], metric: str, more: Sequence[str]) -> TextTable:
    """A row for each trial, with `more` columns, and those that say something about any of them."""
    optional = {
        "epochs": any("epochs" in t["metrics"] for t in trials),
        "parameters": any("parameters" in t["metrics"] for t in trials),
        "attempts": any(t["attempts"] > 1 for t in trials),
    }
    columns = {"trial": "right", **dict.fromkeys(more, "right"), "status": "left", "score": "right", "time": "right"}
    columns |= {name: "right" for name, is_present in optional.items() if is_present and name != metric}
    columns |= {"stopped": "left"} if any(t["stopped"] for t in trials) else {}
    columns |= {"error": "rest"} if any(t["error"] for t in trials) else {}
    # A metric may be called error, or time, as another column is.
    shown_metric = f"metric.{metric}" if metric in columns and metric != "score" else metric
    headers = {shown_metric if column == "score" else column: align for column, align in columns.items()}
    return make_table(headers, ([_format_cell(t, column) for column in columns] for t in trials))


def _format_cell(trial: TrialRecord, column: str) -> str:
    match column:
        case "trial" | "attempts" | "seed":
            return str(trial[column])
        case "status":
            return trial["status"].replace("_", " ")
        case "time":
            return (
                "-" if trial["status"] in OPEN_STATUSES and not trial["seconds"] else format_duration(trial["seconds"])
            )
        case "budget":
            return "" if trial["budget"] is None else format_budget(parse_budget(trial["budget"]))
        case "parameters" | "epochs":
            return format_count(trial["metrics"].get(column))
        case "stopped":
            return _format_stop(trial["stopped"])
        case "error":
            return summarize_error(trial["error"])
        case _:
            return format_score(trial["score"])


def _format_stop(stopped: EarlyStopRecord | None) -> str:
    return "" if stopped is None else f"{stopped['by']}, epoch {stopped['epoch']}"
