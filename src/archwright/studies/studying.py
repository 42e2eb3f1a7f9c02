"""Beginning a study, or going on with one that is in the log."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from weakref import WeakValueDictionary

from attrs import evolve, frozen

from archwright.callbacks.protocol import AnyCallback, EventFunction
from archwright.core.budget import Budget, Budgets, GivenBudgets
from archwright.core.defaults import DEFAULT_SEARCHER
from archwright.core.differences import find_differences, restore_written_order
from archwright.core.ends import NO_ENDS
from archwright.core.errors import ArchwrightError, suggest_names
from archwright.core.input import Input, read_input
from archwright.core.json import JSON, to_json
from archwright.core.objective import Objective
from archwright.core.shape import Shape
from archwright.core.term import Term
from archwright.core.words import NAME_KEY
from archwright.display.warning import warn
from archwright.evaluate.told import Told
from archwright.execution.arguments import name_objective, read_budgets, read_searcher, require_no_rule
from archwright.execution.call_options import take_options
from archwright.execution.checks import check_flag, read_log_path
from archwright.execution.given_values import NOTHING_GIVEN, GivenValues
from archwright.execution.known_configurations import Configurations
from archwright.execution.options import list_callbacks
from archwright.execution.planning import SearchPlan, SearchRequest, make_start, plan_search
from archwright.execution.restoring import restore_configured
from archwright.execution.resuming import describe_new_revision, rebuild_space
from archwright.execution.spaces import SpaceSource, read_space
from archwright.execution.warm_start import describe_absent_sources, number_inherited, take_over
from archwright.results.run import Run
from archwright.results.sources import read_warm_start
from archwright.search.named import SEARCHER_KIND, SEARCHERS
from archwright.search.running.runs import RunRecord
from archwright.search.searcher import AnySearcher
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import RunStarted
from archwright.store.logged_terms import describe_changed_kinds, load_logged_term
from archwright.store.runs import list_runs
from archwright.store.suggestions import format_study_call
from archwright.store.written_paths import DEFAULT_LOG, shorten
from archwright.studies.ask_tell import Study, begin_study, resume_study


class StudyDiffers(ArchwrightError, ValueError):
    """Something that is given for a study of the log, which has another one."""


class SpaceNeeded(ArchwrightError, TypeError):
    """A new study without a space."""


@take_options
def study(
    space: Term | Callable[..., Term] | str | None = None,
    *,
    searcher: AnySearcher | str | None = None,
    objective: Objective | str | None = None,
    minimize: bool | None = None,
    budget: GivenBudgets | None = None,
    input: Input | Shape | str | None = None,  # noqa: A002  (what it is called everywhere)
    enqueue: Configurations = (),
    warm_start: Run | str | Sequence[Run | str] = (),
    comparable: bool = False,
    seed: int | None = None,
    name: str | None = None,
    log: str | Path = DEFAULT_LOG,
    callbacks: Sequence[AnyCallback] = (),
    on_event: EventFunction | None = None,
    trust: bool = False,
) -> Study:
    """Begin a study, whose trials you ask for and tell the outcomes of; or go on with the one of that `name`.

    `space`, `searcher`, `objective`, `input` and `budget` are as for `search`: by themselves random search, and a
    metric `score` that is maximized. What a trial spends is up to you; its budget is what the log says of it.
    Configurations to `enqueue` are tried first, choices by name, whole paths or architectures, or files of them; what
    they leave open is drawn. Those that a study has enqueued before are not enqueued again. Each event is passed to
    `callbacks`, once it is logged.

    A `warm_start` is as for `search`: trials of other runs with which a new study begins, of studies, and of searches
    where you say that the scores you tell are `comparable`. Warns of those that are left out, and why. A study of the
    log has begun already: what is given then adds none to it, and it is warned of runs of which it has no trials.

    To go on, the name is enough: then all is as it was, and what is given must be what the log has, else StudyDiffers
    is raised. Kinds of module of a notebook, which a log cannot hold, are defined again; a searcher's class is
    defined again, too, or given again, unless this process has a study of that name which it has left. Code that the
    log names runs if it lies in files that you have named, or if you say to `trust` it.

    Raises RunIsBusy while another process has the study, NotAStudy for a run of an evaluator, and before anything is
    logged what is wrong with the arguments.
    """
    metric, minimize = name_objective(objective, minimize)
    request = StudyRequest(
        space=None if space is None else read_space(space),
        searcher=None if searcher is None else read_searcher(searcher),
        input=read_input(input),
        metric=metric,
        minimize=minimize,
        budget=read_budgets(budget),
        seed=seed,
    )
    check_flag("trust", trust)
    file, followers = DuckDBLog(read_log_path(log)), list_callbacks(callbacks, on_event)
    runs = [] if name is None else list_runs(file)
    warm = read_warm_start(warm_start, file.path, comparable=comparable, trust=trust)
    if name is None or name not in runs:
        if request.space is None:
            raise SpaceNeeded(_explain_no_study(file.path, name, runs))
        require_no_rule(request.searcher_value, request.budget)
        plan = request.plan(request.space)
        started = request.make_start(plan)
        taken = take_over(warm, file.path, started, plan.problem, plan.request.searcher_value)
        warn("; ".join(map(str.strip, source.describe(started))) for source in taken if source.reasons)
        begun = begin_study(
            file,
            started,
            name,
            searcher=request.searcher_value,
            inherited=number_inherited(taken),
            enqueue=enqueue,
            callbacks=followers,
        )
        return _remember(file, begun)

    known = _list_opened().get((file.path.resolve(), name))

    def prepare(run: RunRecord) -> AnySearcher:
        load_logged_term(run.space, run.started, trusted=trust)
        warn(describe_changed_kinds(name, run.started))
        request.require_same(name, run)
        given = NOTHING_GIVEN
        if known is not None and known.run.view.run.started == run.started:
            given = GivenValues(searcher=known.searcher)
        restored = request.restore_searcher(file.path, name, run, given, trusted=trust)
        warn(describe_new_revision(name, run, restored))
        warn(describe_absent_sources(name, warm.sources, file.path, run.state.inherited))
        return restored

    return _remember(file, resume_study(file, name, prepare, enqueue=enqueue, callbacks=followers, trusted=trust))


@cache
def _list_opened() -> WeakValueDictionary[tuple[Path, str], Study]:
    """The studies of this process, by their logs and names, as long as anything holds them: each has its searcher."""
    return WeakValueDictionary()


def _remember(log: DuckDBLog, opened: Study) -> Study:
    _list_opened()[log.path.resolve(), opened.name] = opened
    return opened


def _explain_no_study(log: Path, name: str | None, runs: Sequence[str]) -> str:
    """Why nothing can be begun without a space, and nothing can be gone on with."""
    if name is None:
        return "a new study needs a space, as in aw.study(space); to go on with one, give its name"
    known = f"; {suggest_names(name, runs)}" if runs else ""
    return f"{shorten(log)} holds no study {name!r}{known}; give a space to begin one"


@frozen(kw_only=True)
class StudyRequest:
    """What a person asks of a study; what is None is as usual in a new one, and as it was in one of the log."""

    space: SpaceSource | None = None
    searcher: tuple[JSON, AnySearcher] | None = None  # as a log has it, and itself
    input: Input | None = None
    metric: str | None = None
    minimize: bool | None = None
    budget: Budget | Budgets | None = None
    seed: int | None = None

    def plan(self, space: SpaceSource) -> SearchPlan:
        """The plan of a new study. It has no ends: a person asks or does not. Raises what `plan_search` does."""
        logged_searcher, searcher = self.searcher or read_searcher(DEFAULT_SEARCHER)
        request = SearchRequest(
            space=space,
            evaluation=Told(),
            searcher=logged_searcher,
            searcher_value=searcher,
            ends=NO_ENDS,
            input=self.input,
            metric=self.metric,
            minimize=self.minimize,
            budget=self.budget,
            seed=self.seed or 0,
        )
        return plan_search(request)

    def make_start(self, plan: SearchPlan) -> RunStarted:
        """The first event of a new study."""
        started = make_start(plan)
        # The person may read a budget that they have named, or that a searcher of their own gives.
        is_read = self.budget is not None or started.searcher[NAME_KEY] not in SEARCHERS
        return evolve(started, reads_budget=is_read)

    def restore_searcher(
        self, log: Path, name: str, run: RunRecord, known: GivenValues, *, trusted: bool
    ) -> AnySearcher:
        """The searcher of the study `name` in the log, or the one that is given again, as `restore_configured` says.

        Where nothing is given, and the log does not hold it whole, it is the `known` one, or that of `__main__`.
        """
        given = GivenValues(searcher=self.searcher_value).fill_in(known.select_needed(run.started))
        given = given.complete(
            run.started,
            lambda _: format_study_call(log, name, run.started.searcher),
            among=["searcher"],
            trusted=trusted,
        )
        return restore_configured(SEARCHER_KIND, run.started.searcher, given, trusted=trusted)

    @property
    def searcher_value(self) -> AnySearcher | None:
        """The searcher that is given."""
        return None if self.searcher is None else self.searcher[1]

    def require_same(self, name: str, run: RunRecord) -> None:
        """Nothing, if all that is given is what the study `name` has in the log; else StudyDiffers."""
        for argument, difference in self._find_differences(run):
            raise StudyDiffers(
                f"{name} has {difference}; leave {argument} out to go on with it, or begin another study by another "
                "name"
            )

    def _find_differences(self, run: RunRecord) -> Iterator[tuple[str, str]]:
        """The arguments that are other ones than those of the run, each with what differs."""
        started = run.started
        pairs = {
            "input": (started.model_input, self.input),
            "objective": (started.objective.metric, self.metric),
            "budget": (started.budget_choice or started.budget, self.budget),
            "seed": (started.seed, self.seed),
        }
        for argument, (logged, given) in pairs.items():
            if given is not None and given != logged:
                yield argument, f"the {argument} {logged}, and {given} is given"
        if self.minimize is not None and (given := _choose_direction(started.objective, self.minimize)):
            yield "the direction", f"an objective to {started.objective.direction}, and one to {given} is given"
        if self.space is not None:
            space = restore_written_order(run.space, to_json(rebuild_space(self.space, run, None)))
            if space != run.space:
                changes = "\n  ".join(find_differences(run.space, space))
                yield "space", f"another space than the one that is given:\n  {changes}\n"


def _choose_direction(logged: Objective, minimize: bool) -> str | None:
    """The direction that is given, where it is another one."""
    given = "minimize" if minimize else "maximize"
    return None if given == logged.direction else given
