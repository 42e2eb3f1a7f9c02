"""Whether a run of the log is the search that is asked for: what of its beginning may be another, and what differs."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

from attrs import fields

from archwright.core.budget import Budget
from archwright.core.differences import find_differences
from archwright.core.ends import END_FIELDS
from archwright.core.errors import ArchwrightError
from archwright.core.json import JSON
from archwright.evaluate.logged_evaluations import evaluation_from_json, evaluation_to_json
from archwright.search.named import SEARCHER_KIND
from archwright.search.named_rules import RULE_KIND
from archwright.search.running.compare import ComparedSearch
from archwright.search.running.runs import RunRecord
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import RunStarted, event_to_json
from archwright.store.needed import CLASS_CODE_KEY, CODE_KEY, DATA_CODE_KEY, REVISION_KEY, is_told, leave_out
from archwright.store.suggestions import suggest_fork
from archwright.store.written_paths import shorten

# The fields of RunStarted that may differ for the same search: its end, which may be moved; what it ran on; of how
# many trials the models are kept; how the space's file was written, since the space itself is compared; and what its
# evaluation, which is compared, says of itself, but earlier releases do not log.
UNCOMPARED_FIELDS = {
    "trials",
    "versions",
    "keep_models",
    "space_source",
    "kind_sources",
    "kind_code",
    "reads_budget",
    "can_continue",
    "simulates_time",
}
# Where it runs, as `archwright resume` may be told anew; the shape of the inputs, which the run itself has; and the
# text of a person's function, of which a change is told.
UNCOMPARED_EVALUATOR_FIELDS = {
    "device",
    "data_dir",
    "threads",
    "input_shape",
    "input",
    "source_text",
    "ignores_budget",
    "can_continue",
    "source_hash",
    "by_value",
    "in_main",
    CLASS_CODE_KEY,
    DATA_CODE_KEY,
}
FIELDS_OF_LATER_RELEASES = {"data"}  # which runs of earlier releases do not log
PROBLEM_FIELDS = {"evaluator", "objective", "input", "input_shape", "data"}  # on which it depends what a score means
EVALUATION_FIELDS = {"evaluator", "data"}  # of those, which a study does not log: its trials are told
FIELD_COMPARED_LAST = "space"  # it often differs because the data does
# Beside those of a comparison, what may differ in the same search: its ends, which are moved; that it was forked; how
# many workers its evaluator stood for; and how many images there are, of which a change is told.
_MOVED_FIELDS = {*END_FIELDS, "forked_from", "simulated_workers", "data"}


class OtherSearch(ArchwrightError, ValueError):
    """A run of the log that has the name of a search that is asked for, and is another one."""


def require_same_search(file: DuckDBLog, run: str, record: RunRecord, started: RunStarted) -> None:
    """Nothing, if a run is the search that would begin with `started`; else OtherSearch, with what differs first."""
    logged, planned = (json.loads(event_to_json(event)[1]) for event in (record.started, started))
    logged["space"] = record.space
    for each in (logged, planned):
        each |= {name: leave_out(each.get(name), REVISION_KEY) for name in ("searcher", "stopping")}
    difference = next(_find_differences(logged, planned, UNCOMPARED_FIELDS | _MOVED_FIELDS), None)
    if difference is not None:
        fork = suggest_fork(file.path, run, record.position.seq)
        raise OtherSearch(
            f"{shorten(file.path)} has another search named {run}: its {difference} in what is asked for; ask for "
            f"what it was begun with, give this one another --name (name= in Python), or go on differently with {fork}"
        )


def find_other_problem(logged: RunStarted, planned: RunStarted) -> str:
    """What differs first between the problems of two runs, what a score means aside from the budget; empty if nothing.

    The texts of functions are not compared, as for a run that goes on; nor is what scores the trials, where those of
    one run were told.
    """
    compared = PROBLEM_FIELDS - (EVALUATION_FIELDS if is_partly_told(logged, planned) else set[str]())
    old, new = (json.loads(event_to_json(started)[1]) for started in (logged, planned))
    old_kind, new_kind = old["evaluator"].get("kind"), new["evaluator"].get("kind")
    if "evaluator" in compared and old_kind != new_kind:  # their settings are others, too
        return f"evaluator.kind was {old_kind}, and is {new_kind}"
    uncompared = {attribute.name for attribute in fields(RunStarted)} - compared
    return next(_find_differences(old, new, uncompared), "")


def is_partly_told(logged: RunStarted, planned: RunStarted) -> bool:
    """Whether one of two runs is a study, whose trials a person scores, and the other one is not."""
    return is_told(logged.evaluator) != is_told(planned.evaluator)


def require_compared_search(
    log: Path, search: ComparedSearch, logged: Mapping[str, JSON], spaces: Sequence[JSON]
) -> None:
    """Nothing, if the run that is `logged`, and was resumed in `spaces`, is that search of a comparison.

    Else OtherSearch, with what differs first.
    """
    planned = json.loads(event_to_json(search.started)[1])
    differences = chain(
        _find_differences(logged, planned, UNCOMPARED_FIELDS | set(END_FIELDS)),
        *(find_differences(space, planned["space"], "space") for space in spaces),  # in which it was resumed
    )
    difference = next(differences, None)
    if difference is not None:
        remedy = "give the comparison another --name (name= in Python), or what the search was begun with"
        if logged.get("stopping") is None and search.started.searcher.get("promotion") is False:
            remedy = f"{remedy}; earlier releases stopped no trial of a comparison for asha,promotion=false"
        raise OtherSearch(
            f"{shorten(log)} has another search named {search.run}: its {difference} in this comparison; {remedy}"
        )


def _find_differences(
    logged: Mapping[str, JSON], planned: Mapping[str, JSON], uncompared: Collection[str]
) -> Iterator[str]:
    """The differences between two starts of a run, of all fields but those that are `uncompared`."""
    logged, planned = _unite_budgets(logged), _unite_budgets(planned)
    names = [attribute.name for attribute in fields(RunStarted) if attribute.name not in uncompared]
    for name in sorted(names, key=lambda name: name == FIELD_COMPARED_LAST):
        old, new = logged.get(name), planned.get(name)
        if old != new and not (name in FIELDS_OF_LATER_RELEASES and old is None):
            # An evaluator of a kind that this command does not name may be code: it is not loaded.
            if name != "evaluator" or dict(old or {}).get("kind") == dict(new or {}).get("kind"):
                old, new = _fill_in_defaults(name, old), _fill_in_defaults(name, new)
            if name == "evaluator" and old is not None and new is not None and _is_same_source(old, new):
                new = {**new, "source": old["source"]}
            yield from find_differences(old, new, name)


def _is_same_source(old: JSON, new: JSON) -> bool:
    """Whether two evaluations are one function, which has two names: of its file, and of the module made of that."""
    (place, name), (new_place, new_name) = (
        str(evaluator.get("source", "")).rpartition(":")[::2] for evaluator in (old, new)
    )
    return name == new_name and (_is_module_of(place, new_place) or _is_module_of(new_place, place))


def _is_module_of(module: str, file: str) -> bool:
    """Whether a module such as `a.b` may be made of a file, as of `code/a/b.py`."""
    path = file.removesuffix(".py")
    return path != file and not module.endswith(".py") and f"/{path}".endswith(f"/{module.replace('.', '/')}")


def _fill_in_defaults(name: str, value: JSON) -> JSON:
    """A field with all its settings, those too that were added after it was logged, and without the texts of code."""
    if name == "searcher":
        return leave_out(SEARCHER_KIND.complete(value), CODE_KEY)
    if name == "stopping":
        return None if value is None else leave_out(RULE_KIND.complete(value), CODE_KEY)
    if name == "evaluator":
        is_whole = CLASS_CODE_KEY not in value  # else its class is not here
        settings = evaluation_to_json(evaluation_from_json(value)) if is_whole else dict(value)
        settings |= {"table": str(Path(settings["table"]).expanduser().resolve())} if "table" in settings else {}
        return {key: setting for key, setting in settings.items() if key not in UNCOMPARED_EVALUATOR_FIELDS}
    return value


def _unite_budgets(started: Mapping[str, JSON]) -> Mapping[str, JSON]:
    """The fields of a start, of which one says the budgets, or the budget, as a person has written them."""
    return {**started, "budget": started.get("budgets") or str(Budget(**started["budget"])), "budgets": None}
