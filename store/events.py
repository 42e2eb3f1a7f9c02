"""The events of a run: frozen facts in the past tense, each with its conversion to JSON and back."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from operator import attrgetter
from typing import Any, cast, get_args

import cattrs
from attrs import Factory, field, frozen
from cattrs.gen import make_dict_unstructure_fn, override

from archwright.core.budget import Budget, Budgets, parse_budgets
from archwright.core.ends import END_FIELDS, RunEnds
from archwright.core.errors import show, to_encodable
from archwright.core.incumbent import Ranking
from archwright.core.input import Input, input_from_text
from archwright.core.json import JSON
from archwright.core.objective import Objective
from archwright.core.protocols import EarlyStop, Problem, Status
from archwright.core.term import Term
from archwright.store.errors import UnreadableEvent, UnwritableEvent
from archwright.store.parts import NeededPart, list_parts
from archwright.store.space_names import name_space
from archwright.store.user_code import is_source

_get_ends = attrgetter(*END_FIELDS)  # of an event that has ends
LoggedPath = tuple[tuple[str, JSON], ...]  # the name and value of each choice; a stranger's log may hold any JSON there


@frozen
class ForkPoint:
    """Where a forked run was forked: its first `inherited` events after RunStarted are copies."""

    run: str
    at: int  # the last copied event's seq in that run
    inherited: int  # how many events were copied
    seconds: float = 0.0  # that processes had spent on that run by then


def _read_budget_of_evaluator(started: Any) -> bool:
    """What earlier logs say of it: of a function alone, among the settings of its evaluator."""
    evaluator: JSON = started.evaluator
    return not (isinstance(evaluator, Mapping) and cast(JSON, evaluator).get("ignores_budget", False))


@frozen
class RunStarted:
    """The start of a run: everything that a process needs in order to work on it."""

    space: JSON  # the term
    space_source: str  # what the person typed: a built-in name, file.py:attr or module:attr
    input_shape: tuple[int, ...]
    searcher: JSON  # {"name": ..., "revision": ..., settings}
    evaluator: JSON  # {"kind": ..., settings}
    objective: Objective
    budget: Budget
    seed: int
    trials: int | None  # how many trials the person asked for; None: the run has no such end
    versions: Mapping[str, str]  # of archwright, python and the packages that decide results
    forked_from: ForkPoint | None = None
    keep_models: int = 0  # how many of the best trials keep their models beside the log
    # Of the rule that stops hopeless trials early, if any, as of the searcher; earlier logs name it by "rule".
    stopping: JSON = None
    data: JSON = None  # {"classes": [names in the order of a model's outputs], "train": images, "validation", "test"}
    time_limit: float | None = None  # this and the next two: further ends, see RunEnds
    until_score: float | None = None
    no_improvement: int | None = None
    simulates_time: bool = False  # the evaluator: attempts have simulated seconds, and the time limit is about those
    input: str | None = None  # the text of the input's type, where its shape alone says less; see core/input.py
    # Where the space's own kinds of module are defined, file.py:Class or module:Class, if `space_source` names no code.
    kind_sources: tuple[str, ...] = ()
    # Of its kinds that no other process finds: {"text": ..., "sha256": ...} of each class, by the name of the kind.
    kind_code: JSON = None
    # Whether the budget of a trial means anything to what evaluates it.
    reads_budget: bool = field(default=Factory(_read_budget_of_evaluator, takes_self=True))
    budgets: str | None = None  # the text of several budgets, of which `budget` is the largest; None: there is one
    can_continue: bool = True  # whether a training can go on from the checkpoint of an earlier trial
    simulated_workers: int | None = None  # for how many an evaluator stands that simulates time; None: for one
    configurations: int | None = None  # this and the next one: further ends, see RunEnds
    total: Budget | None = None

    @property
    def term_sources(self) -> tuple[str, ...]:
        """The code that defines the space's own kinds of module, as far as the log names it."""
        return (self.space_source,) if is_source(self.space_source) else self.kind_sources

    @property
    def space_name(self) -> str:
        """What people are told that the space is: its source, or of a value what it is."""
        return name_space(self.space_source, self.space)

    @property
    def ends(self) -> RunEnds:
        """The ends that the person asked for."""
        return RunEnds(*_get_ends(self))

    @property
    def budget_choice(self) -> Budgets | None:
        """The budgets among which a ladder chooses; None where there is one."""
        budgets = None if self.budgets is None else parse_budgets(self.budgets)
        return None if isinstance(budgets, Budget) else budgets

    @property
    def budget_text(self) -> str:
        """What a person types for the budget, or for the budgets."""
        return self.budgets or str(self.budget)

    @property
    def ranking(self) -> Ranking:
        """The order of its trials, the best first."""
        return Ranking(self.objective, self.reads_budget)

    @property
    def model_input(self) -> Input:
        """The input of the run's models; raises BadInput where the log of a stranger has nonsense."""
        return input_from_text(self.input, self.input_shape)

    def make_problem(self, space: Term) -> Problem:
        """What the run is about, in that space, which is its own unless it was changed; raises BadInput as above."""
        can_continue = self.can_continue
        return Problem(space, self.model_input, self.budget, self.objective, self.budget_choice, can_continue)

    @property
    def needed_parts(self) -> Sequence[NeededPart]:
        """What another process must be given to go on with the run, as no log holds it whole."""
        return list_parts(self.evaluator, self.searcher, self.stopping)


@frozen
class Proposed:
    """A trial was proposed, by the searcher or from the queue: `path` is the sequence of its architecture's choices."""

    trial: int
    path: LoggedPath
    budget: Budget
    continues: int | None = None  # the trial from whose checkpoint it continues
    enqueued: int | None = None  # the entry of the queue that it comes from; None: the searcher's own
    # This and what follows as in Proposal: the trial whose configuration it tries again, with a larger budget.
    promotes: int | None = Factory(lambda self: self.continues, takes_self=True)
    bracket: int | None = None
    rung: int | None = None
    horizon: Budget | None = None
    by_model: bool | None = None


@frozen
class Enqueued:
    """A person named a configuration to be tried before the searcher is asked again: all of its choices, or some."""

    entry: int  # 0, 1, 2 ... in the order of enqueuing
    choices: LoggedPath  # in the order in which the person named them; what is not named is drawn


@frozen
class Inherited:
    """A trial of another run was taken over, before the first trial was proposed: the searcher was told its result."""

    trial: int  # -n, ..., -2, -1 of n, in the order in which the searcher was told them
    path: LoggedPath  # in this run's space
    budget: Budget
    status: Status
    score: float | None
    source_run: str
    source_trial: int  # its number there
    source_log: str | None = None  # the name of the file of that run's log; None: this one
    metrics: Mapping[str, float] = field(factory=dict[str, float])
    seconds: float = 0.0  # of its attempts there


@frozen
class AttemptStarted:
    """An attempt at a trial was handed to the evaluator."""

    trial: int
    attempt: int
    clock: float | None = None  # the simulated time, in seconds since the run began; None where none is simulated


@frozen
class Reported:
    """The metrics of an epoch arrived."""

    trial: int
    attempt: int
    epoch: int
    metrics: Mapping[str, float]


@frozen
class AttemptEnded:
    """An attempt ended, whatever its status."""

    trial: int
    attempt: int
    status: Status
    seconds: float
    metrics: Mapping[str, float] = field(factory=dict[str, float])
    error: str = field(default="", converter=to_encodable)  # for people
    stopped: EarlyStop | None = None  # why it was stopped before its budget was spent, if it was
    clock: float | None = None  # the simulated time, as of its start


@frozen
class Scored:
    """The searcher was told the final result of a trial."""

    trial: int
    status: Status
    score: float | None
    metrics: Mapping[str, float] = field(factory=dict[str, float])


@frozen
class RunResumed:
    """A process resumed the run; its ends from here on are those of this event alone."""

    trials: int | None  # in all
    versions: Mapping[str, str]
    space: JSON = None  # the term from here on, if it is another one than before
    keep_models: int | None = None  # from here on; None: as many as before
    revision: int | None = None  # of the searcher from here on; None: the same as before
    time_limit: float | None = None
    until_score: float | None = None
    no_improvement: int | None = None
    simulates_time: bool = False  # the evaluator from here on
    simulated_workers: int | None = None  # from here on, if it simulates time; None: one
    configurations: int | None = None
    total: Budget | None = None

    @property
    def ends(self) -> RunEnds:
        """The ends that the run has from here on."""
        return RunEnds(*_get_ends(self))


@frozen
class RunStopped:
    """A process left the run in an orderly way."""

    reason: str  # finished, interrupted, failing (too many failures in a row), or closed: a study
    detail: str = field(default="", converter=to_encodable)  # for people


Event = (
    RunStarted
    | Inherited
    | Enqueued
    | Proposed
    | AttemptStarted
    | Reported
    | AttemptEnded
    | Scored
    | RunResumed
    | RunStopped
)
EVENT_KINDS: Mapping[str, type[Event]] = {kind.__name__: kind for kind in get_args(Event)}
# Fields that events did not have from the beginning: they are left out where they have their defaults.
_LATER_END_FIELDS = (*(name for name in END_FIELDS if name != "trials"), "simulates_time")
_OPTIONAL_FIELDS: Mapping[type[Any], Sequence[str]] = {
    ForkPoint: ("seconds",),  # part of an event; before the event that has it, whose converter looks it up
    RunStarted: (
        "keep_models",
        "stopping",
        "data",
        "input",
        "kind_sources",
        "kind_code",
        "reads_budget",
        "budgets",
        "can_continue",
        "simulated_workers",
        *_LATER_END_FIELDS,
    ),
    RunResumed: ("keep_models", "revision", "simulated_workers", *_LATER_END_FIELDS),
    Proposed: ("enqueued", "promotes", "bracket", "rung", "horizon", "by_model"),
    AttemptStarted: ("clock",),
    AttemptEnded: ("stopped", "clock"),
}
_NON_FINITE = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def event_to_json(event: Event) -> tuple[str, str]:
    """The kind of `event` and its payload, one line of JSON.

    JSON has no NaN and no infinities: in a field of type float they are the texts "NaN", "Infinity" and "-Infinity",
    which Python's float() and SQL's cast to double both read. Raises UnwritableEvent, also for texts that UTF-8 cannot
    write: in those that are for people alone, the events themselves have question marks instead.
    """
    kind = type(event).__name__
    try:
        fields = _make_converter().unstructure(event)
        payload = json.dumps(fields, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    except (TypeError, ValueError, OverflowError) as error:
        raise UnwritableEvent(f"{kind} cannot be logged: {error}; it may hold plain JSON values only") from error
    if not _is_encodable(payload):
        place, text = next(_find_unencodable(fields, ""))
        raise UnwritableEvent(
            f"{kind} cannot be logged: {place} is {show(text)}; it must be a text that UTF-8 can write"
        )
    return kind, payload


def _is_encodable(text: str) -> bool:
    """Whether UTF-8 can write a text: whether it has no lone surrogates."""
    with suppress(UnicodeEncodeError):
        return text.isascii() or bool(text.encode())
    return False


def _find_unencodable(content: JSON, place: str) -> Iterator[tuple[str, str]]:
    """The texts in JSON that UTF-8 cannot write, each with its place; of a name, the place of what it names."""
    match content:
        case str() if not _is_encodable(content):
            yield place, content
        case dict():
            for name, part in cast(dict[str, JSON], content).items():
                yield from _find_unencodable(name, f"a name in {place}")
                yield from _find_unencodable(part, f"{place}.{name}" if place else name)
        case list() | tuple():
            for i, part in enumerate(cast(list[JSON], content)):
                yield from _find_unencodable(part, f"{place}[{i}]")
        case _:
            pass


def event_from_json(kind: str, payload: str) -> Event:
    """The event of that `kind` and `payload`, as `event_to_json` writes it; raises UnreadableEvent."""
    if kind not in EVENT_KINDS:
        raise UnreadableEvent(f"an event is of kind {kind!r}, which this archwright does not know; upgrade archwright")
    try:
        return _get_structure_hook(kind)(json.loads(payload), EVENT_KINDS[kind])
    except Exception as error:  # anything that an arbitrary payload makes cattrs raise
        raise UnreadableEvent(
            f"the payload of {kind} is {show(payload, 200)}, which is no {kind}: {error!r}"
        ) from error


@cache
def _make_converter() -> cattrs.Converter:
    converter = cattrs.Converter(detailed_validation=False)
    # An int in a field of type float is written as it is read back, as 1.0.
    converter.register_unstructure_hook(float, lambda x: float(x) if math.isfinite(x) else _NON_FINITE[str(float(x))])
    # Values of type JSON are left untouched, so that json.dumps, not this converter, refuses what is none.
    converter.register_unstructure_hook_func(lambda kind: kind is Any, lambda x: x)
    # As cattrs does it, in a quarter of the time: half of a log is paths.
    converter.register_structure_hook_func(lambda kind: kind == LoggedPath, _structure_path)
    for kind, names in _OPTIONAL_FIELDS.items():
        overrides = {name: override(omit_if_default=True) for name in names}
        unstructure = make_dict_unstructure_fn(kind, converter, **overrides)  # pyright: ignore[reportArgumentType]
        converter.register_unstructure_hook(kind, unstructure)
    return converter


def _structure_path(pairs: JSON, _: object) -> LoggedPath:
    return tuple([(str(name), value) for name, value in pairs])  # faster than of a generator


@cache
def _get_structure_hook(kind: str) -> Any:
    return _make_converter().get_structure_hook(EVENT_KINDS[kind])
