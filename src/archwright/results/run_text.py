"""A run in a line, and in a notebook."""

from collections.abc import Iterator, Mapping

from attrs import fields

from archwright.core.budget import parse_budget
from archwright.core.ends import RunEnds, RunExtent
from archwright.core.errors import to_one_line
from archwright.core.json import JSON
from archwright.core.words import NAME_KEY
from archwright.display.ends import list_progress
from archwright.display.text import describe_origin, format_budget, format_score, name_trial
from archwright.evaluate.evaluation_kinds import EVALUATION_CLASSES, import_builtin_class
from archwright.plots.sketch import sketch_curve
from archwright.results.html import render_heading, render_properties, render_table
from archwright.results.records import BestScore, RepeatsRecord
from archwright.results.repeats import describe_repeats, explain_repeats, format_repeats
from archwright.search.named import SEARCHER_KIND, SEARCHERS
from archwright.search.named_rules import RULE_KIND
from archwright.search.running.run_view import RunView
from archwright.store.events import Scored

MAX_RANKED_TRIALS = 5  # in a notebook


def describe_progress(view: RunView) -> str:
    """How far a run is, and what it has come to: the best score, or the mean where one architecture is trained."""
    state = view.run.state
    (trials,) = list_progress(RunEnds(trials=state.target_trials), RunExtent(state.score_count))
    result = _describe_result(view)
    return f"{view.status}, {trials}{f', {result}' if result else ''}"


def _describe_result(view: RunView) -> str:
    if not view.best:
        return ""
    if (repeats := describe_repeats(view)) is not None:
        return f"{'mean ' if repeats['scores'] > 1 else ''}{format_repeats(repeats)}"
    best = view.best[0]
    name = name_trial(best.trial, view.name_budget(best))
    return f"best {to_one_line(view.run.started.objective.metric)} {format_score(best.score)} ({name})"


def name_best(best: BestScore) -> str:
    """The best trial of a run, with its budget where not all trials have the same: trial 3, 27 epochs."""
    return name_trial(best["trial"], parse_budget(best["budget"]) if "budget" in best else None)


def render_run(view: RunView) -> str:
    """What a notebook shows of a run: what it is about, what it has come to, and its best trials."""
    objective, repeats = view.run.started.objective, describe_repeats(view)
    metric = objective.metric
    several = view.has_several_budgets
    columns = ["trial", metric, *(["budget"] if several else []), "seconds"]
    ranked = [
        (t.trial, format_score(t.score), *([format_budget(t.budget)] if several else []), t.seconds)
        for t in view.best[:MAX_RANKED_TRIALS]
    ]
    curve = sketch_curve(list(_iterate_incumbents(view)), f"best {metric} so far", is_stepped=True)
    parts = [
        render_heading(f"{view.name}: {describe_progress(view)}"),
        render_properties(_describe_search(view) if repeats is None else _describe_retraining(view, repeats)),
        curve if repeats is None else "",
        render_table(columns, ranked) if ranked else "",
    ]
    return "\n".join(part for part in parts if part)


def _describe_search(view: RunView) -> dict[str, str]:
    started = view.run.started
    return {
        "space": started.space_name,
        "searcher": f"{started.searcher['name']}, seed {started.seed}",
        "objective": str(started.objective),
    }


def _describe_retraining(view: RunView, repeats: RepeatsRecord) -> dict[str, str]:
    started = view.run.started
    return {
        "trains": f"{describe_origin(started.searcher)}, seed {started.seed}",
        explain_repeats(repeats): format_repeats(repeats),
    }


def describe_rule(stopping: JSON) -> dict[str, JSON]:
    """The settings of a rule of a log, however old, that stops hopeless trials; its name first."""
    name, _, settings = RULE_KIND.parse(stopping)
    return {NAME_KEY: name, **settings}


def find_usual_settings(data: JSON, name_key: str) -> Mapping[str, JSON]:
    """The settings of a searcher, rule or evaluation that a log holds, as they are where nobody says another one.

    None of a person's own, whose code is not run for this.
    """
    name = data[name_key]
    if name_key != NAME_KEY:
        cls = import_builtin_class(name) if name in EVALUATION_CLASSES else None
        return {} if cls is None else {field.name: field.default for field in fields(cls)}
    kind = SEARCHER_KIND if name in SEARCHERS else RULE_KIND
    return kind.to_json(name) if name in kind.builtin else {}


def _iterate_incumbents(view: RunView) -> Iterator[float]:
    """The score of the best trial so far, each time that a trial has got one."""
    ranking, trials, best = view.run.started.ranking, view.run.state.trials, None
    for event in view.run.events:
        if isinstance(event, Scored) and event.score is not None:
            best = ranking.choose(trials[event.trial], best)
            if best is not None:
                yield best.score
