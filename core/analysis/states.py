"""What the analysis tells apart: completions of the first modules of a space, by all that later modules may depend on.

These are output shapes, and the values of shared hyperparameters, which are known only as far as they were asked. One
that is chosen has a class of values: those that nothing so far tells apart. A module that uses it looks at each value
of the class, and the values for which it comes to the same are the smaller classes after it. What no later module uses
is forgotten. So it costs no more than what is used and makes a difference.

A count is that for one value of each class. A class that is forgotten multiplies it by the number of its values.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar, final

from attrs import frozen

from archwright.core.analysis.demand import NO_KEYS, Keys
from archwright.core.analysis.examples import Example, ForEach
from archwright.core.domain import Domain, Values
from archwright.core.environment import Environment
from archwright.core.value import Value

# Of a product that is counted: two numbers of half as many bits are multiplied in 20 ms; of more, it is counted as inf.
MAX_COUNT_BITS = 2**20
MAX_COUNTED_ONE_BY_ONE = 128  # integers of a range; in a longer one, one stands for all that have as many completions

# An environment that holds, of each shared hyperparameter that has a value, that value, where it was chosen before the
# analysis, or a `Known`.
Knowledge = Environment
Shapes = TypeVar("Shapes")
States = dict[tuple[Shapes, Knowledge], "Completions"]  # the keys are all that later modules may depend on


@frozen
class Completions:
    """Completions that come to the same, for one value of each class that is known after them."""

    count: int | float  # inf where reals are chosen, or where there are too many
    paths: int | float  # how many of them were analyzed: fewer, where a few values stand for a domain
    example: Example  # of one of them, with names relative to the term


class Known(ABC):
    """Something that was chosen and is known only as far as it was asked: one of several that nothing tells apart."""

    @property
    @abstractmethod
    def count(self) -> int | float:
        """How many they are; inf for reals."""

    @property
    @abstractmethod
    def paths(self) -> int | float:
        """How many of them are analyzed."""


@final
@frozen
class AnalyzedValue:
    """A value of a hyperparameter that is looked at."""

    index: int  # among those of its domain
    value: Value
    count: int | float  # how many values it stands for; 0 if another one stands for it


@final
@frozen(cache_hash=True)
class ValueClass(Known):
    """Values of a shared hyperparameter, in the order of its domain."""

    values: tuple[AnalyzedValue, ...]

    @property
    def count(self) -> int | float:
        """With those that others stand for."""
        return sum_counts(value.count for value in self.values)

    @property
    def paths(self) -> int:
        """Without those."""
        return len(self.values)


def weigh_values(domain: Domain, completions: Sequence[tuple[Value, Sequence[Completions]]]) -> list[AnalyzedValue]:
    """The analyzed values of a domain, which have these completions, and how many values each of them stands for.

    In a long range the ends stand for themselves, and the middle one of those between them that have as many
    completions stands for them all: so there are few output shapes to go on with, and the count is exact.
    """
    size = math.inf if domain.size is None else domain.size
    fitting = [i for i, (_, some) in enumerate(completions) if some]
    groups: dict[object, list[int]] = {}
    for i in fitting:
        alone = i in (fitting[0], fitting[-1]) or len(completions) <= MAX_COUNTED_ONE_BY_ONE
        alone = alone or isinstance(domain, Values)
        groups.setdefault(i if alone else tuple(c.count for c in completions[i][1]), []).append(i)
    counts: list[int | float] = [0] * len(completions)
    for group in groups.values():
        counts[group[len(group) // 2]] = len(group)
    if len(fitting) == len(completions):
        counts[len(completions) // 2] += size - len(completions)  # those that were not analyzed
    return [AnalyzedValue(i, value, counts[i]) for i, (value, _) in enumerate(completions)]


def group_values(
    name: str, completions: Iterable[tuple[AnalyzedValue, Completions]], *, is_asked: bool
) -> Iterator[tuple[ValueClass, Completions]]:
    """The classes of the values of a shared hyperparameter that have as many completions.

    A value may have several completions, which are added up. `is_asked` says whether the value is chosen before them.
    """
    by_value = dict[AnalyzedValue, Completions]()
    for value, more in completions:
        by_value[value] = add_completions(by_value.get(value), more)
    classes = dict[tuple[float, float], list[AnalyzedValue]]()
    for value, c in by_value.items():
        classes.setdefault((c.count, c.paths), []).append(value)
    for (count, paths), values in classes.items():
        values.sort(key=lambda value: value.index)
        examples = {value.value: by_value[value].example for value in values}
        yield ValueClass(tuple(values)), Completions(count, paths, ForEach(name, examples, is_asked))


def add_values(name: str, completions: Iterable[tuple[AnalyzedValue, Completions]], *, is_asked: bool) -> Completions:
    """The completions for all values of a shared hyperparameter, which no later module uses."""
    total: Completions | None = None
    for value, c in completions:
        example = ForEach(name, {value.value: c.example}, is_asked)
        total = add_completions(total, Completions(multiply(c.count, value.count), c.paths, example))
    assert total is not None
    return total


def join_classes(states: States[Shapes]) -> States[Shapes]:
    """The same states, where those that differ in the class of one hyperparameter alone are one, of a larger class."""
    if len({shapes for shapes, _ in states}) == len(states):
        return states
    for name in sorted({name for _, known in states for name in known if isinstance(known[name], ValueClass)}):
        groups: dict[object, States[Shapes]] = {}
        for (shapes, known), c in states.items():
            groups.setdefault((shapes, known.discard(name), name in known), {})[shapes, known] = c
        joined: States[Shapes] = {}
        for group in groups.values():
            joined |= _join_class(name, group) if len(group) > 1 else group
        states = joined
    return states


def _join_class(name: str, states: States[Shapes]) -> States[Shapes]:
    """States that differ in the class of a hyperparameter alone, by the classes of values with as many completions."""
    if not all(isinstance(known[name], ValueClass) for _, known in states):
        return states
    shapes, others = next(iter(states))
    completions = [(value, c) for (_, known), c in states.items() for value in known[name].values]
    classes = group_values(name, completions, is_asked=False)
    return {(shapes, others.set(name, values)): c for values, c in classes}


def learn(known: Knowledge, others: Knowledge) -> Knowledge:
    """What is known once `others` is, too."""
    for key, choice in others.items():
        known = known.set(key, choice)
    return known


def drop(known: Knowledge, keys: Iterable[Any]) -> Knowledge:
    """What is known without what it is of these keys."""
    for key in keys:
        known = known.discard(key)
    return known


def forget(known: Knowledge, needed: Keys, completions: Completions) -> tuple[Knowledge, Completions]:
    """What is known of what is needed later, and the completions for one value of each class of it."""
    for key in known:
        if key not in needed:
            choice = known[key]
            if isinstance(choice, Known):
                count = multiply(completions.count, choice.count)
                completions = Completions(count, multiply(completions.paths, choice.paths), completions.example)
            known = known.discard(key)
    return known, completions


def count_completions(states: States[Any]) -> int | float:
    """How many completions there are, for one value of each class that states know."""
    return sum_counts(c.count for c in states.values())


def count_paths(states: Mapping[tuple[Any, Knowledge], Completions]) -> int | float:
    """How many completions were analyzed, for all values of the classes."""
    return sum_counts(forget(known, NO_KEYS, c)[1].paths for (_, known), c in states.items())


def add_state(states: States[Shapes], state: tuple[Shapes, Knowledge], more: Completions) -> None:
    """Add completions that come to a state."""
    states[state] = add_completions(states.get(state), more)


def add_completions(before: Completions | None, more: Completions) -> Completions:
    """All of both; the example is the first."""
    if before is None:
        return more
    return Completions(sum_counts((before.count, more.count)), sum_counts((before.paths, more.paths)), before.example)


# Python refuses to add or multiply inf and an integer of more than 308 digits.


def sum_counts(counts: Iterable[float]) -> int | float:
    """The exact sum, or inf."""
    total: int | float = 0
    for count in counts:
        total = math.inf if math.inf in (total, count) else total + count
    return total


def multiply(a: float, b: float) -> int | float:
    """The exact product, or inf; of two numbers that are not 0. That of too many bits is inf, too."""
    if math.inf in (a, b) or int(a).bit_length() + int(b).bit_length() > MAX_COUNT_BITS:
        return math.inf
    return a * b
