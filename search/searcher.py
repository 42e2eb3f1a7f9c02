"""The protocol of searchers: frozen settings, and pure functions of a state that nothing else looks into."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, ClassVar, Protocol, TypeVar, runtime_checkable

import attrs

from archwright.core.budget import Budget, Budgets
from archwright.core.errors import ArchwrightError, show
from archwright.core.protocols import Outcome, Problem, Proposal
from archwright.core.setting import BadSetting, Setting, custom_setting, settings_by_name
from archwright.search.randomness import UniformStream, open_uniform_stream

State = TypeVar("State")


class Searcher(Protocol[State]):
    """A search strategy.

    Trials that a run has inherited from others are adopted and told before the first proposal; their numbers are below
    0. A searcher that begins with so many random trials counts them among these.

    Its settings are the fields of a frozen attrs class, all plain JSON values. The state after any prefix of a log is
    the first one with `adopt` applied to its proposals and `tell` to its outcomes, in the log's order, whoever made the
    proposals: so a search is resumed, replayed and forked without any code of the searcher's.

    A state holds the problem, and what was learned of it. The number of a trial and the random numbers come from
    whoever runs the search.

    A class may name its `revision`, a whole number. Whoever changes what a searcher proposes raises it: then the runs
    that were proposed before are not held against what it proposes now. One that draws random numbers in `tell` has
    `streams = 2`: each trial then has two streams of random numbers, one for `propose` and one for `tell`.

    Under a ladder of budgets, a searcher is its sampler: what it knows as a trial is a configuration, which is told
    once more at each larger budget. One with a method tell_again, of a state, an outcome and `uniform`, is told so: it
    gives the state that knows the outcome of a trial at a larger budget, `outcome.proposal.budget`, than it was told
    before. For one without, the state is folded anew, with the last outcome of each trial. One with a method propose_at
    is asked by it in the place of `propose`: of a state, a trial, the rung with which it begins, the budgets of all
    rungs, the ladder's eta and `uniform`.
    """

    name: ClassVar[str]

    def start(self, problem: Problem) -> State:
        """The state before the first proposal."""
        ...

    def propose(self, state: State, trial: int, uniform: UniformStream) -> Proposal | None:
        """The proposal of `trial`, one more than the last; None if there is none before another outcome, or at all.

        Says what it consumes of `uniform`.
        """
        ...

    def adopt(self, state: State, proposal: Proposal) -> State:
        """The state with `proposal`, this searcher's or another's, as a pending one; any number may be pending."""
        ...

    def tell(self, state: State, outcome: Outcome, uniform: UniformStream) -> State:
        """The state that knows the outcome of an adopted proposal; outcomes come in any order, also bad ones.

        Says what it consumes of `uniform`; most consume nothing.
        """
        ...


@runtime_checkable
class PromotingSearcher(Searcher[State], Protocol[State]):
    """A searcher of several budgets, which continues trials: its proposals may name one whose training they go on with.

    The checkpoints of the trials that it may still continue are kept.
    """

    def promotable(self, state: State) -> frozenset[int]:
        """The trials, under way or scored, that a later proposal may still continue.

        A proposed trial that is not among them never comes back.
        """
        ...


@runtime_checkable
class LadderSearcher(PromotingSearcher[State], Protocol[State]):
    """A searcher that tries configurations with small budgets, and promotes the best of them to larger ones."""

    def list_rungs(self, budgets: Budget | Budgets) -> tuple[Budget, ...]:
        """The budgets that it gives, ascending; raises what is wrong with those that it is to choose among."""
        ...

    def begin(self, state: State, proposal: Proposal, uniform: UniformStream) -> Proposal:
        """A configuration that a person named, with the budget with which the searcher's next one would begin."""
        ...

    def propose_promotion(self, state: State, trial: int, uniform: UniformStream) -> Proposal | None:
        """As `propose`, where the run has all of its configurations: a promotion, or None if there is none for now."""
        ...


AnySearcher = Searcher[Any]


def find_rungs(searcher: AnySearcher, budgets: Budget | Budgets) -> tuple[Budget, ...]:
    """Those of the budgets that a searcher gives, ascending: the largest alone, but for a ladder.

    Raises what is wrong with them for a ladder, as NoRungs where they are too few.
    """
    if isinstance(searcher, LadderSearcher):
        return searcher.list_rungs(budgets)
    return (budgets if isinstance(budgets, Budget) else budgets.largest,)


def describe_unused_budgets(searcher: AnySearcher, name: str, budgets: Budgets | None) -> list[str]:
    """A sentence where several budgets are given to a searcher that uses one; else nothing."""
    if budgets is None or isinstance(searcher, PromotingSearcher):
        return []
    return [
        f"of the budgets {budgets} every trial gets the largest: the searcher {name} promotes no trials; a ladder "
        f"does, as asha,sampler={name}"
    ]


def find_promotable(searcher: Searcher[State], state: State) -> frozenset[int]:
    """The trials that `searcher` may still continue; none unless it is one of several budgets."""
    return searcher.promotable(state) if isinstance(searcher, PromotingSearcher) else frozenset()


def searcher_setting(default: AnySearcher | None, *, meaning: str, source: str = "", may_promote: bool = True) -> Any:
    """A setting that is another searcher, as in `sampler=smbo(initial=5)`; also None where that is the default.

    Where a value is made in Python, a text is taken for the searcher that it names. Unless it `may_promote`, it is none
    that continues trials, such as a ladder.
    """
    kind = "a searcher" if may_promote else "a searcher that promotes no trials"
    allowed = f"{kind}, as in smbo(initial=5)" + (", or null" if default is None else "")

    def is_allowed(value: Any) -> bool:
        if value is None:
            return default is None
        methods = ("start", "propose", "adopt", "tell")
        is_searcher = all(callable(getattr(value, method, None)) for method in methods)
        return is_searcher and (may_promote or not isinstance(value, PromotingSearcher))

    return custom_setting(
        default,
        allowed,
        is_allowed,
        meaning=meaning,
        source=source,
        converter=attrs.Converter(_make_reader(allowed, is_allowed), takes_self=True, takes_field=True),
        is_nested=True,
    )


def _make_reader(
    allowed: str, is_allowed: Callable[[Any], bool]
) -> Callable[[Any, object, "attrs.Attribute[Any]"], Any]:
    """What makes a searcher of a text, and leaves all else as it is; BadSetting of one that may not be there."""

    def read(value: Any, owner: object, attribute: "attrs.Attribute[Any]") -> Any:
        if not isinstance(value, str):
            return value
        given = f"{attribute.name} of {type(owner).__name__} is {show(value)}"
        # By its name, since names are of searchers, which are made of settings, and so are known above them.
        kind = import_module("archwright.search.named").SEARCHER_KIND
        try:
            searcher = kind.find(*kind.split_nested(value))
        except ArchwrightError as error:
            raise BadSetting(f"{given}: {error}") from error
        if not is_allowed(searcher):
            raise BadSetting(f"{given}; it may be {allowed}")
        return searcher

    return read


def get_revision(extension: object) -> int:
    """The revision of what a searcher proposes, or a stopping rule decides; 1 where its class names none."""
    return getattr(extension, "revision", 1)


def get_total_revision(searcher: object) -> int:
    """The revision of a searcher together with those of the searchers that it is made of, as a ladder is of a sampler.

    It is raised whenever one of them is. Of a searcher by itself it is its own.
    """
    nested = [getattr(searcher, name) for name, setting in _list_settings(searcher) if setting.is_nested]
    return get_revision(searcher) + sum(get_total_revision(value) - 1 for value in nested if value is not None)


def _list_settings(searcher: object) -> list[tuple[str, Setting]]:
    """The settings of a searcher; none of one that is no attrs class, as a log could not hold it."""
    return list(settings_by_name(type(searcher)).items()) if attrs.has(type(searcher)) else []


def open_proposal_stream(searcher: AnySearcher, seed: int, trial: int) -> UniformStream:
    """The random numbers for `propose` of a trial, in a search of this seed."""
    return open_uniform_stream(seed, get_streams(searcher) * trial)


def open_outcome_stream(searcher: AnySearcher, seed: int, trial: int) -> UniformStream:
    """The random numbers for `tell` of the outcome of a trial: the last of the trial's streams."""
    streams = get_streams(searcher)
    return open_uniform_stream(seed, streams * trial + streams - 1)


def get_streams(searcher: AnySearcher) -> int:
    """How many streams of random numbers belong to each trial; 1 where the searcher's class does not say."""
    return getattr(searcher, "streams", 1)
