"""One trial, or several side by side, as text for a person's terminal."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from archwright.cli.json_output import print_records
from archwright.core.budget import parse_budget
from archwright.display.columns import TextTable
from archwright.display.console import make_console, make_property_table, make_table
from archwright.display.text import (
    draw_sparkline,
    format_budget,
    format_count,
    format_duration,
    format_local_time,
    format_milliseconds,
    format_score,
    humanize_value,
    name_trial,
    pluralize,
    wrap_choices,
    wrap_tree,
)
from archwright.results.records import AttemptRecord, BestTrials, RankedTrialRecord, TrialDetails
from archwright.results.trial import Trial

MAX_NAME_COLUMNS = 36  # that a choice's name may take beside several trials, where they do not fit
MAX_VALUE_COLUMNS = 12  # that a value may take there
MAX_CURVE_ROWS = 10  # rows of a curve's table on a terminal
MAX_CURVE_COLUMNS = 5  # columns of it
MAX_METRICS_LISTED = 50  # on a terminal
MAX_SPARKLINE_BARS = 30
# The metrics that stand beside the scores of the best trials, with their headers.
COST_HEADERS = {"flops": "FLOPs", "latency_seconds": "latency"}


def print_trial(trial: TrialDetails, *, derivation: bool, as_json: bool) -> None:
    """Print all that is to know about a trial, as JSON or for a person; see `show_trial`."""
    print_records(trial) if as_json else show_trial(trial, derivation=derivation)


def show_trial(trial: TrialDetails, *, derivation: bool = False) -> None:
    """Print all that is to know about a trial; with `derivation`, which module asked for which of its choices.

    Where that is not known, the choices and the architecture are shown after all.
    """
    out = make_console()
    result = f"   {trial['metric']} {format_score(trial['score'])}" if trial["score"] is not None else ""
    status = trial["status"].replace("_", " ")
    out.print(f"trial {trial['trial']} of {trial['run']}   {status}{result}", style="bold")
    budget = "" if trial["budget"] is None else f"{format_budget(parse_budget(trial['budget']))}, "
    out.print(f"{budget}{format_duration(trial['seconds'])}{format_model_size(trial)}")
    if ladder := _format_ladder(trial):
        out.print(ladder)
    if trial["model"] is not None:
        out.print(f"its model is kept in {trial['model']}", soft_wrap=True)
    out.print()
    if derivation and trial["derivation"]:
        out.print(wrap_tree(trial["derivation"], out.width), soft_wrap=True)
    else:
        out.print(make_property_table(trial["choices"]))
        out.print("\n" + wrap_tree(trial["architecture"], out.width), soft_wrap=True)
    if trial["left_out"]:
        out.print(f"\n{trial['left_out']}", soft_wrap=True)
    for attempt in trial["attempts"]:
        _show_attempt(attempt)


def _format_ladder(trial: TrialDetails) -> str:
    """Where a trial stands on a ladder of budgets, and whether a model made it; empty of other searchers."""
    parts = list[str]()
    if "rung" in trial:
        parts.append(f"rung {trial['rung']} of bracket {trial.get('bracket', 0)}")
    if "promotes" in trial:
        how = "goes on with" if trial["continues"] is not None else "tries again what was"
        parts.append(f"{how} trial {trial['promotes']}")
    if "by_model" in trial:
        parts.append("made by the model" if trial["by_model"] else "drawn without the model")
    return ", ".join(parts)


def format_model_size(trial: TrialDetails) -> str:
    """How many parameters a trial's model has; if those that were trained are not all, both numbers."""
    trained, total = trial["parameters"], trial["all_parameters"]
    if trained is None:
        return ""
    if total is None or total == trained:
        return f", {format_count(trained)} parameters"
    return f", {format_count(trained)} trainable parameters, {format_count(total)} in all of its architecture"


def _show_attempt(attempt: AttemptRecord) -> None:
    out = make_console()
    spent = f" after {format_duration(attempt['seconds'])}" if attempt["seconds"] is not None else ""
    status = attempt["status"].replace("_", " ")
    out.print(
        f"\nattempt {attempt['attempt']}   {format_local_time(attempt['started'])}   {status}{spent}", style="bold"
    )
    if attempt["stopped"]:
        stopped = attempt["stopped"]
        out.print(f"stopped after epoch {stopped['epoch']} ({stopped['by']}): {stopped['why']}", soft_wrap=True)
    if attempt["error"]:
        out.print(attempt["error"], soft_wrap=True)
    if attempt["metrics"]:
        _show_metrics(list(attempt["metrics"].items()))
    if attempt["curve"]:
        _show_curve(attempt["curve"])


def _show_metrics(metrics: Sequence[tuple[str, object]]) -> None:
    """Print names and values; on a terminal, the first of very many."""
    out = make_console()
    listed = metrics[:MAX_METRICS_LISTED] if out.is_terminal else metrics
    out.print(make_property_table(listed))
    if len(listed) < len(metrics):
        number = f"{MAX_METRICS_LISTED} of {format_count(len(metrics))}"
        out.print(f"the first {number} metrics; through a pipe, or with --json, you get all")


def _show_curve(curve: Sequence[Mapping[str, float]]) -> None:
    """Print each metric over the epochs as a line of bars, and the numbers of some epochs."""
    out = make_console()
    names = [name for name in dict.fromkeys(name for point in curve for name in point) if name != "epoch"]
    plotted = names[:MAX_METRICS_LISTED] if out.is_terminal else names
    lines = {name: draw_sparkline([p[name] for p in curve if name in p], MAX_SPARKLINE_BARS) for name in plotted}
    out.print()
    _show_metrics([(name, lines.get(name, "")) for name in names])
    stride = -(-len(curve) // MAX_CURVE_ROWS) if out.is_terminal else 1
    columns = names[:MAX_CURVE_COLUMNS] if out.is_terminal else names
    points = [point for i, point in enumerate(curve, start=1) if i % stride == 0 or i in (1, len(curve))]
    out.print()
    header = dict.fromkeys(["epoch", *columns], "right")
    out.print(make_table(header, ([point.get(name) for name in header] for point in points)))


def show_winner(trial: Trial, metric: str, scored: int, failed: int) -> None:
    """Print a search's best trial: its score, its size and its choices."""
    out = make_console()
    size = f", {format_count(trial.parameters)} parameters" if trial.parameters is not None else ""
    trials = pluralize(scored, "trial") + (f", {failed} of which failed" if failed else "")
    name = name_trial(trial.number, trial.view.name_budget(trial.state))
    out.print(
        f"\nbest of {trials}: {name}, {metric} {format_score(trial.score)}{size}",
        style="bold",
    )
    out.print(make_property_table(trial.choices))


def show_best(best: BestTrials) -> None:
    """Print trials side by side: their scores, then the choices in which they differ, then those that they share.

    What is left out is said where a number of parameters is missing for that.
    """
    trials = best["trials"]
    if not trials:
        make_console().print("no trial has a score yet")
        return
    out = make_console()
    out.print(_tabulate_ranking(trials, has_several_budgets=best["has_several_budgets"]))
    names, shared = find_differing_choices([trial["choices"] for trial in trials])
    for block in tabulate_choices(trials, names, out.width):
        out.print()
        out.print(block)
    if shared:
        out.print("\nthey agree in" if names else "\nits choices" if len(trials) == 1 else "\nall chose", style="bold")
        out.print(
            wrap_choices(shared, out.width) if len(trials) > 1 else make_property_table(shared),
            soft_wrap=len(trials) > 1,
        )
    if best["left_out"] and any(trial["parameters"] is None for trial in trials):
        out.print(f"\n{best['left_out']}", soft_wrap=True)


def find_differing_choices(paths: Sequence[Mapping[str, Any]]) -> tuple[list[str], dict[str, Any]]:
    """The names of the choices in which some of `paths` differ, in their order, and those that they all share."""
    names = merge_names(paths)
    shared = {name: paths[0][name] for name in names if all(name in p and p[name] == paths[0].get(name) for p in paths)}
    return [name for name in names if name not in shared], shared


def merge_names(paths: Iterable[Iterable[str]]) -> list[str]:
    """The names in `paths`, each once, where every path has its names in one order that they all agree on."""
    names: list[str] = []
    for path in paths:
        position = 0
        for name in path:
            if name not in names:
                names.insert(position, name)
            position = names.index(name) + 1
    return names


def _tabulate_ranking(trials: Sequence[RankedTrialRecord], *, has_several_budgets: bool) -> TextTable:
    """A row for each trial, with its budget where the run has several, and what its model costs where that is known."""
    costs = [cost for cost in COST_HEADERS if any(cost in t["metrics"] for t in trials)]
    budgets = ["budget"] if has_several_budgets else []
    columns = ["", "trial", trials[0]["metric"], *budgets, "parameters", *map(COST_HEADERS.__getitem__, costs), "time"]
    rows = [
        [
            rank,
            t["trial"],
            format_score(t["score"]),
            *(_format_trial_budget(t) for _ in budgets),
            format_count(t["parameters"]),
            *_format_costs(t, costs),
            format_duration(t["seconds"]),
        ]
        for rank, t in enumerate(trials, start=1)
    ]
    return make_table([(column, "right") for column in columns], rows)


def _format_trial_budget(trial: RankedTrialRecord) -> str:
    return "" if trial["budget"] is None else format_budget(parse_budget(trial["budget"]))


def _format_costs(trial: RankedTrialRecord, costs: Sequence[str]) -> list[str]:
    values = [trial["metrics"].get(cost) for cost in costs]
    return [
        format_milliseconds(value) if cost.endswith("seconds") else format_count(value)
        for cost, value in zip(costs, values, strict=True)
    ]


def tabulate_choices(trials: Sequence[RankedTrialRecord], names: Sequence[str], width: int) -> Iterator[TextTable]:
    """Tables of the values that trials chose for `names`, with a column for each trial: as many as fit in `width`."""
    rows = [[name, *(humanize_value(t["choices"].get(name, "-")) for t in trials)] for name in names]
    headers = ["they differ in", *(f"trial {t['trial']}" for t in trials)]
    widths = [max(map(len, column)) for column in zip(headers, *rows, strict=True)]
    per_table = len(trials)
    if sum(widths) + 2 * len(widths) > width:
        rows = [[_shorten_name(name), *map(_shorten_value, values)] for name, *values in rows]
        per_table = max(
            1, (width - min(widths[0], MAX_NAME_COLUMNS) - 2) // (min(max(widths[1:]), MAX_VALUE_COLUMNS) + 2)
        )
    for i in range(1, len(headers) if names else 0, per_table):
        columns = {headers[0]: "left"} | dict.fromkeys(headers[i : i + per_table], "right")
        yield make_table(columns, ([row[0], *row[i : i + per_table]] for row in rows))


def _shorten_name(name: str) -> str:
    """A long name without its beginning, which says least."""
    return name if len(name) <= MAX_NAME_COLUMNS else "…" + name[-MAX_NAME_COLUMNS + 1 :]


def _shorten_value(value: str) -> str:
    """A long value without its middle: names such as a_then_b and b_then_a stay apart."""
    half = MAX_VALUE_COLUMNS // 2
    return value if len(value) <= MAX_VALUE_COLUMNS else f"{value[: half - 1]}…{value[-half:]}"
