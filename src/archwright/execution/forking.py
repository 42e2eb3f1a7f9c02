"""Forks: new runs with the beginning of another one, which go on differently from there."""

from collections.abc import Mapping
from contextlib import suppress

from attrs import evolve, frozen

from archwright.core.ends import GivenEnds
from archwright.core.errors import ArchwrightError
from archwright.core.json import JSON
from archwright.core.words import format_words
from archwright.evaluate.evaluation import require_reported
from archwright.execution.arguments import (
    make_own_rule,
    read_searcher,
    require_no_rule,
    trust_sources,
)
from archwright.execution.checks import BadArgument, check_mapping
from archwright.execution.given_values import GivenValues
from archwright.execution.naming import claim_new_run, generate_numbered_names
from archwright.execution.restoring import restore_evaluation
from archwright.execution.resuming import move_run_ends
from archwright.search.named import SEARCHER_KIND
from archwright.search.named_rules import RULE_KIND
from archwright.search.running.run_view import RunView, view_run
from archwright.search.running.runs import make_fork_event
from archwright.search.searcher import AnySearcher, find_rungs
from archwright.store.claim import leave_to_others
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import RunStarted
from archwright.store.needed import has_code, is_told
from archwright.store.runs import fork_run


@frozen(kw_only=True)
class ForkRequest:
    """What is other in a fork than in the run that it begins like; what is None is as there."""

    searcher: JSON
    searcher_value: AnySearcher | None
    seed: int | None
    moves: GivenEnds
    given: GivenValues  # what the run went on with in this process


def read_fork_searcher(
    logged: JSON,
    searcher: AnySearcher | str | None,
    settings: Mapping[str, JSON] | None,
    given: AnySearcher | None = None,
    *,
    trusted: bool,
) -> tuple[JSON, AnySearcher | None]:
    """What the log holds of a fork's searcher, and itself: another one, or the run's with other settings.

    None, and the run's own as it was `given` to this process, if it stays.

    Raises NotTrusted where the run's is code that this person does not let run, and what `read_searcher` does.
    """
    if searcher is not None and settings is not None:
        raise BadArgument("settings is for the searcher that the run has; give another searcher its settings with it")
    if settings is None:
        return (None, given) if searcher is None else read_searcher(searcher)
    check_mapping("settings", settings)
    SEARCHER_KIND.from_json(logged, trusted=trusted)  # raises NotTrusted
    name, _, own_settings = SEARCHER_KIND.parse(logged)
    written = SEARCHER_KIND.read(format_words(name, {**own_settings, **settings}))
    trust_sources(sorted({*SEARCHER_KIND.find_sources(written)} - {*SEARCHER_KIND.find_sources(logged)}))
    return written, SEARCHER_KIND.from_json(written, trusted=True)


def fork_in_log(view: RunView, at: int, request: ForkRequest, name: str | None) -> str:
    """Make a run with the events of another one up to number `at`; its name.

    Raises NoSuchEvent, InvalidEnd, what `claim_new_run` does, and what is wrong with the searcher for these budgets.
    """
    file, run = DuckDBLog(view.log), view_run(view.log, view.name, at).run
    started = make_fork_event(run, request.searcher, request.seed, move_run_ends(run, request.moves))
    if request.searcher is not None and request.searcher_value is not None:
        find_rungs(request.searcher_value, started.budget_choice or started.budget)  # raises where it cannot climb them
        started = evolve(started, stopping=_choose_rule(view, run.started, request.searcher_value, request.given))
    with claim_new_run(file, name, lambda: generate_numbered_names(file, f"{view.name}-fork")) as new:
        fork_run(file, view.name, at, new, started)
        leave_to_others(file.path, new)
    return new


def _choose_rule(view: RunView, started: RunStarted, searcher: AnySearcher, given: GivenValues) -> JSON:
    """The stopping rule of a fork with another searcher: its own, or the run's unless the run's searcher brought that.

    Raises BadArgument where there are both, and in a study, and WrongMetric where trials have no epochs to stop at.
    """
    budgets = started.budget_choice or started.budget
    if is_told(started.evaluator):
        require_no_rule(searcher, budgets)
    own = make_own_rule(searcher, budgets)
    kept = None if started.stopping is None or _is_own_rule(started) else RULE_KIND.update(started.stopping)
    if own is None:
        return kept
    if kept is not None:
        raise BadArgument(
            f"searcher {searcher.name} stops trials by a rule of its own, and the run {view.name} has the rule "
            f"{RULE_KIND.format(kept)}, which its forks keep; take a searcher that brings none, as asha is without "
            "promotion=false, or begin a new run"
        )
    evaluation = None
    with suppress(ArchwrightError):  # whoever goes on with the fork is told what is wrong with it
        evaluation = restore_evaluation(view.name, started, given, trusted=view.trusted)
    if evaluation is not None:
        require_reported(evaluation, started.objective.metric)
    return RULE_KIND.value_to_json(own)


def _is_own_rule(started: RunStarted) -> bool:
    """Whether a run has its stopping rule of its searcher, a built-in one: a person's own is not loaded for this."""
    if SEARCHER_KIND.find_sources(started.searcher) or has_code(started.searcher):
        return False
    searcher = SEARCHER_KIND.from_json(started.searcher)
    own = make_own_rule(searcher, started.budget_choice or started.budget)
    return own is not None and _identify_rule(RULE_KIND.value_to_json(own)) == _identify_rule(started.stopping)


def _identify_rule(logged: JSON) -> str:
    """A rule by its name and all of its settings, whichever release has logged it."""
    return RULE_KIND.identify(RULE_KIND.update(logged))
