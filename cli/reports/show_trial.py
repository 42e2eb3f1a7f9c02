"""One trial, or several side by side, as text for a person's terminal."""

from collections.abc import Iterator, Mapping, Sequence

from archwright.cli.columns import TextTable
from archwright.cli.output import (
    draw_sparkline,
    format_budget,
    format_count,
    format_duration,
    format_local_time,
    format_milliseconds,
    format_score,
    humanize_value,
    make_console,
    make_property_table,
    make_table,
    pluralize,
    wrap_choices,
    wrap_tree,
)
from archwright.cli.reports.facts import Facts, find_differing_choices
from archwright.cli.reports.stopped import format_stop
from archwright.core.budget import parse_budget

MAX_NAME_COLUMNS = 36  # columns that a choice's name may take beside several trials, where they do not fit
MAX_VALUE_COLUMNS = 12  # columns that a value may take there
MAX_CURVE_ROWS = 10  # rows of a curve's table on a terminal
MAX_CURVE_COLUMNS = 5  # columns of it
MAX_METRICS_LISTED = 50  # metrics by name on a terminal
MAX_SPARKLINE_BARS = 30
# The metrics that stand beside the scores of the best trials, with their headers.
COST_HEADERS = {"flops": "FLOPs", "latency_seconds": "latency"}


def show_trial(facts: Facts) -> None:
    """Print all that is to know about a trial."""
    out = make_console()
    told = f"   {facts['metric']} {format_score(facts['score'])}" if facts["score"] is not None else ""
    status = facts["status"].replace("_", " ")
    out.print(f"trial {facts['trial']} of {facts['run']}   {status}{told}", style="bold")
    out.print(
        f"{format_budget(parse_budget(facts['budget']))}, {format_duration(facts['seconds'])}{format_model_size(facts)}"
    )
    if facts["model"] is not None:
        out.print(f"its model is kept in {facts['model']}", soft_wrap=True)
    out.print()
    out.print(make_property_table(facts["choices"]))
    out.print("\n" + wrap_tree(facts["architecture"], out.width), soft_wrap=True)
    if facts["left_out"]:
        out.print(f"\n{facts['left_out']}", soft_wrap=True)
    for attempt in facts["attempts"]:
        _show_attempt(attempt)


def format_model_size(facts: Facts) -> str:
    """How many parameters a trial's model has; if those that were trained are not all, both numbers."""
    trained, whole = facts["parameters"], facts.get("all_parameters")
    if trained is None:
        return ""
    if whole is None or whole == trained:
        return f", {format_count(trained)} parameters"
    return f", {format_count(trained)} trainable parameters, {format_count(whole)} in all of its architecture"


def _show_attempt(attempt: Facts) -> None:
    out = make_console()
    spent = f" after {format_duration(attempt['seconds'])}" if attempt["seconds"] is not None else ""
    status = attempt["status"].replace("_", " ")
    out.print(
        f"\nattempt {attempt['attempt']}   {format_local_time(attempt['started'])}   {status}{spent}", style="bold"
    )
    if attempt["stopped"]:
        out.print(format_stop(attempt["stopped"]), soft_wrap=True)
    if attempt["error"]:
        out.print(attempt["error"], soft_wrap=True)
    if attempt["metrics"]:
        _show_metrics(list(attempt["metrics"].items()))
    if attempt["curve"]:
        _show_curve(attempt["curve"])


def _show_metrics(metrics: Sequence[tuple[str, object]]) -> None:
    """Print names and values; on a terminal, the first of very many."""
    out = make_console()
    some = metrics[:MAX_METRICS_LISTED] if out.is_terminal else metrics
    out.print(make_property_table(some))
    if len(some) < len(metrics):
        number = f"{MAX_METRICS_LISTED} of {format_count(len(metrics))}"
        out.print(f"the first {number} metrics; through a pipe, or with --json, you get all")


def _show_curve(curve: Sequence[Mapping[str, float]]) -> None:
    """Print each metric over the epochs as a line of bars, and the numbers of some epochs."""
    out = make_console()
    names = [name for name in dict.fromkeys(name for point in curve for name in point) if name != "epoch"]
    drawn = names[:MAX_METRICS_LISTED] if out.is_terminal else names
    lines = {name: draw_sparkline([p[name] for p in curve if name in p], MAX_SPARKLINE_BARS) for name in drawn}
    out.print()
    _show_metrics([(name, lines.get(name, "")) for name in names])
    every = -(-len(curve) // MAX_CURVE_ROWS) if out.is_terminal else 1
    columns = names[:MAX_CURVE_COLUMNS] if out.is_terminal else names
    points = [point for i, point in enumerate(curve, start=1) if i % every == 0 or i in (1, len(curve))]
    out.print()
    header = dict.fromkeys(["epoch", *columns], "right")
    out.print(make_table(header, ([point.get(name) for name in header] for point in points)))


def show_winner(facts: Facts, scored: int, failed: int) -> None:
    """Print a search's best trial: its score, its size and its choices."""
    out = make_console()
    size = f", {format_count(facts['parameters'])} parameters" if facts["parameters"] is not None else ""
    of = pluralize(scored, "trial") + (f", {failed} of which failed" if failed else "")
    out.print(
        f"\nbest of {of}: trial {facts['trial']}, {facts['metric']} {format_score(facts['score'])}{size}", style="bold"
    )
    out.print(make_property_table(facts["choices"]))


def show_best(trials: Sequence[Facts], left_out: str = "") -> None:
    """Print trials side by side: their scores, then the choices in which they differ, then those that they share.

    What is `left_out` is said where a number of parameters is missing for that.
    """
    if not trials:
        make_console().print("no trial has a score yet")
        return
    out = make_console()
    out.print(_tabulate_ranking(trials))
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
    if left_out and any(trial["parameters"] is None for trial in trials):
        out.print(f"\n{left_out}", soft_wrap=True)


def _tabulate_ranking(trials: Sequence[Facts]) -> TextTable:
    """A row for each trial, with what its model costs where that is known of any."""
    costs = [cost for cost in COST_HEADERS if any(cost in t["metrics"] for t in trials)]
    columns = ["", "trial", trials[0]["metric"], "parameters", *map(COST_HEADERS.__getitem__, costs), "time"]
    rows = [
        [
            rank,
            t["trial"],
            format_score(t["score"]),
            format_count(t["parameters"]),
            *_format_costs(t, costs),
            format_duration(t["seconds"]),
        ]
        for rank, t in enumerate(trials, start=1)
    ]
    return make_table([(column, "right") for column in columns], rows)


def _format_costs(trial: Facts, costs: Sequence[str]) -> list[str]:
    known = [trial["metrics"].get(cost) for cost in costs]
    return [
        format_milliseconds(value) if cost.endswith("seconds") else format_count(value)
        for cost, value in zip(costs, known, strict=True)
    ]


def tabulate_choices(trials: Sequence[Facts], names: Sequence[str], width: int) -> Iterator[TextTable]:
    """The values that trials chose for `names`: a column for each trial, and a table for as many as fit in `width`."""
    rows = [[name, *(humanize_value(t["choices"].get(name, "-")) for t in trials)] for name in names]
    headers = ["they differ in", *(f"trial {t['trial']}" for t in trials)]
    widths = [max(map(len, column)) for column in zip(headers, *rows, strict=True)]
    each = len(trials)
    if sum(widths) + 2 * len(widths) > width:
        rows = [[_shorten_name(name), *map(_shorten_value, values)] for name, *values in rows]
        each = max(1, (width - min(widths[0], MAX_NAME_COLUMNS) - 2) // (min(max(widths[1:]), MAX_VALUE_COLUMNS) + 2))
    for i in range(1, len(headers) if names else 0, each):
        columns = {headers[0]: "left"} | dict.fromkeys(headers[i : i + each], "right")
        yield make_table(columns, ([row[0], *row[i : i + each]] for row in rows))


def _shorten_name(name: str) -> str:
    """A long name without its beginning, which says least."""
    return name if len(name) <= MAX_NAME_COLUMNS else "…" + name[-MAX_NAME_COLUMNS + 1 :]


def _shorten_value(value: str) -> str:
    """A long value without its middle: names such as a_then_b and b_then_a stay apart."""
    half = MAX_VALUE_COLUMNS // 2
    return value if len(value) <= MAX_VALUE_COLUMNS else f"{value[: half - 1]}…{value[-half:]}"
