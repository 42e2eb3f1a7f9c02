"""Configurations that a person enqueues: what may be enqueued, and the trials that are proposed from the queue.

An entry of the queue holds the choices that the person named. The others are drawn when it is proposed, from the random
numbers of its trial: so a replay of the log gives the same path, and no searcher is asked.
"""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from archwright.core.completion import ChoicesExcluded, complete_choices
from archwright.core.errors import ArchwrightError, show
from archwright.core.node import Node
from archwright.core.protocols import Problem, Proposal
from archwright.core.value import IllegalValue, InvalidDomain, Path, Value, as_value, format_value
from archwright.search.randomness import UniformStream, open_uniform_stream
from archwright.search.searcher import AnySearcher
from archwright.search.searchers.fixed import Fixed
from archwright.store.events import Enqueued, Event
from archwright.store.queue_state import QueueEntry

CHOICES_DESCRIPTION = 'choices by name, as in {"0.conv2d.filters": 32}, or pairs of a name and a value'
_WITNESS = 0  # seed and stream of the random numbers by which it is checked that a configuration can be completed


class BadChoices(ArchwrightError, ValueError):
    """A configuration to enqueue that does not name choices and their values."""


class EnqueuingRefused(ArchwrightError, ValueError):
    """A configuration to enqueue in a run that trains one architecture again and again."""


def read_choices(given: object) -> Path:
    """The names and values of `given`, a mapping or pairs, with plain values; raises BadChoices."""
    pairs = list(cast(Mapping[Any, Any], given).items()) if isinstance(given, Mapping) else _read_pairs(given)
    choices = dict[str, Value]()
    for name, value in pairs:
        if not isinstance(name, str):
            raise BadChoices(f"the name of a choice is {show(name)}; a configuration is {CHOICES_DESCRIPTION}")
        if name in choices:
            raise BadChoices(f"{name} is given twice, as {format_value(choices[name])} and {show(value)}; give it once")
        try:
            choices[name] = as_value(value)
        except InvalidDomain as error:
            raise BadChoices(f"{name} cannot be {show(value)}: {error}") from None
    return tuple(choices.items())


def _read_pairs(given: object) -> list[tuple[Any, Any]]:
    items = list(cast(Iterable[Any], given)) if isinstance(given, list | tuple) else None
    if items is None or not all(isinstance(item, list | tuple) and len(cast(Any, item)) == 2 for item in items):
        raise BadChoices(f"a configuration is {show(given)}; it must be {CHOICES_DESCRIPTION}")
    return [(name, value) for name, value in items]


def enqueue_all(
    problem: Problem, searcher: AnySearcher, configurations: Iterable[object], first_entry: int = 0
) -> list[Enqueued]:
    """The events that enqueue `configurations`, which are checked: each names choices that a leaf of the space has.

    `first_entry` is the number of the first one. Raises BadChoices, EnqueuingRefused, NoSuchChoice, IllegalValue and
    ChoicesExcluded.
    """
    checked = [require_fitting(problem, read_choices(given)) for given in configurations]
    if checked and isinstance(searcher, Fixed):
        raise EnqueuingRefused(
            "the run trains one architecture again and again, so nothing else can be enqueued in it; "
            "begin a search of its space, and enqueue there"
        )
    return [Enqueued(entry, choices) for entry, choices in enumerate(checked, start=first_entry)]


def select_unknown(configurations: Iterable[object], events: Iterable[Event]) -> list[Path]:
    """The configurations that no event of a run has enqueued so far; raises BadChoices."""
    known = {frozenset(event.choices) for event in events if isinstance(event, Enqueued)}
    return [choices for choices in map(read_choices, configurations) if frozenset(choices) not in known]


def require_fitting(problem: Problem, choices: Path) -> Path:
    """`choices`, if a leaf of the space has all of them; raises NoSuchChoice, IllegalValue, ChoicesExcluded."""
    _complete_by_witness(problem, choices)
    return choices


def propose_entry(problem: Problem, entry: QueueEntry, trial: int, uniform: UniformStream) -> Proposal:
    """The proposal of an entry of the queue as `trial`: what the entry does not name is drawn by `uniform`."""
    try:
        leaf = complete_choices(problem.root, dict(entry.choices), uniform)
    except (ChoicesExcluded, IllegalValue):  # not found with these numbers; when it was enqueued, it was
        leaf = _complete_by_witness(problem, entry.choices)
    return Proposal.of(trial, leaf, problem.budget, enqueued=entry.entry)


def _complete_by_witness(problem: Problem, choices: Path) -> Node:
    """The leaf that shows that `choices` can be completed; the same one each time."""
    return complete_choices(problem.root, dict(choices), open_uniform_stream(_WITNESS, _WITNESS))
