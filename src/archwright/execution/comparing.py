"""The running of those searches of a comparison that are still to be run."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path

from attrs import evolve, frozen

from archwright.callbacks.protocol import RunFollower, follow_run
from archwright.core.json import collect_user_kinds
from archwright.core.protocols import Evaluator
from archwright.core.term import Term
from archwright.display.warning import warn
from archwright.evaluate.description import FunctionDescription
from archwright.evaluate.evaluation import Evaluation
from archwright.evaluate.workers.machine import count_cores
from archwright.execution.display import ComparisonDisplay, announce_data
from archwright.execution.interrupts import Interrupts, catch_signals
from archwright.execution.logged_searches import describe_changed_code, find_unfinished
from archwright.execution.naming import LabelledSearcher, claim_comparison
from archwright.execution.options import RunOptions
from archwright.execution.planning import SearchPlan, SearchRequest, make_start, open_plan, plan_search
from archwright.execution.session import RunInterrupted, open_evaluator
from archwright.execution.surfaces import SEARCH_WORDS, TRIAL_WORDS, Screen
from archwright.search.ladders.asha import describe_unused_fresh
from archwright.search.running.callbacks import RunCallbacks
from archwright.search.running.compare import ComparedSearch, plan_comparison, run_searches
from archwright.search.running.loop import TrialsKeepFailing
from archwright.search.running.runs import read_run, resume_run, start_run
from archwright.search.stopping_rule import AnyStoppingRule
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import Event, RunStarted, RunStopped
from archwright.store.fold import RunState
from archwright.store.needed import has_code
from archwright.store.written_paths import shorten


@frozen(kw_only=True)
class ComparisonRequest:
    """What a person asks of a comparison."""

    search: SearchRequest  # that each search is like, but for its searcher with the rule that it brings, and its seed
    searchers: Mapping[str, LabelledSearcher]  # by the labels that they have in the names of runs
    seeds: int  # searches of each searcher, seeded 0, 1 ...
    name: str | None = None  # that the names of its runs begin with; None: that of the space

    def list_plans(self, plan: SearchPlan) -> Mapping[str, SearchPlan]:
        """The complete plan of each searcher's searches by its label; raises what is wrong with it for one of them."""
        plans = {
            label: evolve(
                plan, request=evolve(plan.request, searcher=each.logged, searcher_value=each.value).add_own_rule()
            )
            for label, each in self.searchers.items()
        }
        for each in plans.values():  # each ladder has rungs of its own, and each rule needs what it is told
            each.request.choose_budget(plan.evaluation)
            each.request.choose_objective(plan.evaluation)
        return plans

    def list_searches(self, plans: Mapping[str, SearchPlan], workers: int, name: str) -> Sequence[ComparedSearch]:
        """The searches of a comparison of that name, by complete plans; over a table each has so many workers."""
        starts = dict[str, RunStarted]()
        for label, plan in plans.items():
            simulated_workers = workers if workers > 1 and not plan.evaluation.uses_workers else None
            starts[label] = evolve(make_start(plan), simulated_workers=simulated_workers)
        given = {label: searcher.value for label, searcher in self.searchers.items() if has_code(searcher.logged)}
        return plan_comparison(name, starts, self.seeds, given)


def run_comparison(request: ComparisonRequest, log: Path, options: RunOptions) -> Sequence[ComparedSearch]:
    """Run what is still to be run of a comparison; its searches, which all are in the log then.

    Searches whose trials keep failing keep no other ones from running. Raises RunInterrupted where a signal came,
    and what `plan_search`, `open_evaluator`, `claim_comparison` and `run_searches` do.
    """
    file, plan, stem = DuckDBLog(log), plan_search(request.search), request.search.space.stem
    with ExitStack() as opened:
        evaluator = None
        if not plan.evaluation.is_complete:  # its workers say the rest, on which it depends what its searches are
            plan, evaluator = opened.enter_context(open_plan(plan, options))
        plans = request.list_plans(plan)
        warn(line for each in plans.values() for line in describe_unused_fresh(each.request.searcher_value))
        plan_searches = partial(request.list_searches, plans, options.worker_count)
        name, searches = opened.enter_context(claim_comparison(file, request.name, stem, plan_searches))
        unfinished, given_name = find_unfinished(file, searches), None if name in (request.name, stem) else name
        screen = Screen(options.console, TRIAL_WORDS if plan.evaluation.uses_workers else SEARCH_WORDS)
        if given_name is not None:
            screen.print_line(f"a comparison named {stem} is going on in {shorten(log)}; this one is named {name}")
        if not plan.objective.is_evident:
            screen.print_line(f"the searches {plan.objective}")
        announce_data(options.console, plan.data, plan.evaluation)
        warn([*_list_idle_own_rules(plan, plans), *describe_changed_code(file, searches)])
        if not plan.evaluation.uses_workers:  # each search has its own
            evaluator = None
        elif evaluator is None and unfinished:
            evaluator, _ = opened.enter_context(_open_evaluator(plan, options))
        display = ComparisonDisplay(len(searches), len(searches) - len(unfinished), screen)
        interrupts = SearchesUnderWay(file, plan, plans, evaluator, options, display).run(unfinished)
        if interrupts.received:
            again = options.narration.format_comparison(given_name)
            to_do = "go on" if find_unfinished(file, searches) else "it has ended; read it"
            raise RunInterrupted(f"the comparison {name} was interrupted; {to_do} with: {again}", interrupts.exit_code)
    return searches


def _list_idle_own_rules(plan: SearchPlan, plans: Mapping[str, SearchPlan]) -> Sequence[str]:
    """A sentence where stopping rules that searchers bring never hear of an epoch; of the given one all know."""
    own = (each for each in plans.values() if each.request.stopping != plan.request.stopping)
    return list(dict.fromkeys(line for each in own for line in each.list_idle_rules()))


def _open_evaluator(
    plan: SearchPlan, options: RunOptions
) -> AbstractContextManager[tuple[Evaluator, FunctionDescription | None]]:
    return open_evaluator(plan.evaluation, options, plan.request.space.source, plan.space)


@frozen
class SearchesUnderWay:
    """The searches of a comparison that this process runs."""

    log: DuckDBLog
    plan: SearchPlan
    plans: Mapping[str, SearchPlan]  # of each searcher's searches, by its label
    evaluator: Evaluator | None  # of all of them, where they need workers; over a table each search has its own
    options: RunOptions
    display: ComparisonDisplay

    def run(self, searches: Sequence[ComparedSearch]) -> Interrupts:
        """Run them, showing how far it is, until they are done or a signal stops them; the signals that came."""
        if self.display.done_before:
            self.display.screen.print_line(
                f"{self.display.done_before} of {self.display.total} searches are in {shorten(self.log.path)} already"
            )
        with (
            catch_signals(self.options.grace, self.evaluator) as interrupts,
            self.display.screen.refresh(self.display.render),
        ):
            for text in self.iterate(searches, interrupts):
                self.display.end_search(text)
        return interrupts

    def iterate(self, searches: Sequence[ComparedSearch], interrupts: Interrupts) -> Iterator[str]:
        """A line on each search once it is done: over a table many run at once, with trainings one by one."""
        if searches and self.evaluator is None:
            yield from self._look_up(searches, interrupts)
        elif self.evaluator is not None:
            yield from self._train(searches, interrupts, self.evaluator)

    def _look_up(self, searches: Sequence[ComparedSearch], interrupts: Interrupts) -> Iterator[str]:
        begun = self._list_begun() if self.options.callbacks else set[str]()
        events_before = {search.run: len(self.log.read(search.run)) for search in searches if search.run in begun}
        for search in run_searches(
            self.log,
            searches,
            self._make_opener(),
            processes=count_cores(),
            get_stop_request=lambda: self.display.screen.get_stop_request(interrupts),
        ):
            if self.options.callbacks:
                with self._follow(search) as follower:
                    follower.begin(before := events_before.get(search.run, 0))
                    for logged in self.log.read(search.run)[before:]:
                        follower.on_event(logged.event)
            yield f"{search.run} is done"

    def _make_opener(self) -> "EvaluatorOpener":
        evaluation = self.plan.evaluation.make_sendable()
        return EvaluatorOpener(evaluation, tuple(collect_user_kinds(self.plan.space)), self.options.worker_count)

    def _train(self, searches: Sequence[ComparedSearch], interrupts: Interrupts, evaluator: Evaluator) -> Iterator[str]:
        begun = self._list_begun()
        for search in searches:
            if self.display.screen.get_stop_request(interrupts):
                return
            try:
                stopped = self._train_one(search, interrupts, evaluator, is_begun=search.run in begun)
            except TrialsKeepFailing:  # of which the log tells, and which keeps no other search from running
                yield f"{search.run} stopped, as too many trials in a row failed"
            else:
                if stopped.reason == "interrupted":
                    return
                yield f"{search.run} is done"

    def _train_one(
        self, search: ComparedSearch, interrupts: Interrupts, evaluator: Evaluator, *, is_begun: bool
    ) -> RunStopped:
        state = read_run(self.log, search.run).state if is_begun else RunState()
        self.display.begin_search(search.run, state, search.started.objective)
        with self._follow(search) as follower:

            def on_event(event: Event) -> None:
                self.display.show_event(event)
                follower.on_event(event)

            run_options = {
                "callbacks": RunCallbacks(
                    lambda: self.display.screen.get_stop_request(interrupts), on_event, follower.begin
                ),
                "retries": self.options.retries,
                "searcher": search.load_searcher(),
                "stopping": self._find_rule(search),
            }
            if is_begun:
                return resume_run(self.log, search.run, evaluator, ends=search.started.ends, **run_options)
            return start_run(self.log, search.run, search.started, evaluator, **run_options)

    def _follow(self, search: ComparedSearch) -> AbstractContextManager[RunFollower]:
        """Who is to be told each event of a search that is logged."""
        return follow_run(self.options.callbacks, self.log, search.run)  # pyright: ignore[reportArgumentType]  (of a field with a converter)

    def _find_rule(self, search: ComparedSearch) -> AnyStoppingRule | None:
        """The stopping rule of a search: that of all, or the one that its searcher brings."""
        requests = (plan.request for plan in self.plans.values())
        return next(each.stopping_rule for each in requests if each.stopping == search.started.stopping)

    def _list_begun(self) -> set[str]:
        return set(self.log.runs()) if self.log.path.exists() else set()


@frozen
class EvaluatorOpener:
    """Opens an evaluation in a process that runs searches, in which `kinds` are the person's own in the space."""

    evaluation: Evaluation
    kinds: tuple[type[Term], ...]
    workers: int  # for how many an evaluator stands

    def __call__(self) -> Evaluator:
        """What evaluates the jobs of one search."""
        return self.evaluation.open(workers=self.workers)
