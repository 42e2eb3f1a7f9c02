"""What a person asks of a study, new or in the log already."""

from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

from archwright.core.budget import Budget
from archwright.core.ends import NO_ENDS
from archwright.core.errors import ArchwrightError
from archwright.core.input import Input
from archwright.core.json import JSON, find_differences, restore_written_order, to_json
from archwright.core.objective import Objective
from archwright.display.suggestion import omit_default_log
from archwright.evaluate.told import Told
from archwright.execution.arguments import read_searcher
from archwright.execution.given_values import GivenValues
from archwright.execution.planning import SearchRequest, make_start, plan_search
from archwright.execution.restoring import restore_configured
from archwright.execution.resuming import rebuild_space
from archwright.execution.spaces import SpaceSource
from archwright.search.named import SEARCHER_KIND
from archwright.search.running.runs import RunRecord
from archwright.search.searcher import AnySearcher
from archwright.store.continuation import suggest_study_call
from archwright.store.events import RunStarted

DEFAULT_SEARCHER = "random"


class StudyDiffers(ArchwrightError, ValueError):
    """Something that is given for a study of the log, which has another one."""


class SpaceNeeded(ArchwrightError, TypeError):
    """A new study without a space."""


@frozen(kw_only=True)
class StudyRequest:
    """What a person asks of a study; what is None is as usual in a new one, and as it was in one of the log."""

    space: SpaceSource | None = None
    searcher: tuple[JSON, AnySearcher] | None = None  # as a log has it, and itself
    input: Input | None = None
    metric: str | None = None
    minimize: bool | None = None
    budget: Budget | None = None
    seed: int | None = None

    def make_start(self, space: SpaceSource) -> RunStarted:
        """The first event of a new study. It has no ends: a person asks or does not. Raises what `plan_search` does."""
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
        return make_start(plan_search(request))

    def restore_searcher(
        self, log: Path, name: str, run: RunRecord, known: GivenValues, *, trusted: bool
    ) -> AnySearcher:
        """The searcher of the study `name` in the log, or the one that is given again, as `restore_configured` says.

        Where nothing is given, and the log does not hold it whole, it is the `known` one, or that of `__main__`.
        """
        given = GivenValues(searcher=self.searcher_value).fill_in(known.select_needed(run.started))
        given = given.complete(
            run.started,
            lambda _: suggest_study_call(omit_default_log(log), name, run.started.searcher),
            among=["searcher"],
            trusted=trusted,
        )
        return restore_configured(SEARCHER_KIND, run.started.searcher, given.searcher, trusted=trusted)

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
            "budget": (started.budget, self.budget),
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
