"""What the analysis knows of a term that a let chooses: how its places so far have told such terms apart."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from math import prod
from typing import Any, final

from attrs import evolve, field, frozen

from archwright.core.analysis.analysis import Results
from archwright.core.analysis.demand import Keys, Zeros
from archwright.core.analysis.examples import Example
from archwright.core.analysis.states import Knowledge, Known, ValueClass
from archwright.core.environment import EMPTY_ENVIRONMENT
from archwright.core.modules.places import Binding
from archwright.core.shape import Misfit, Shape, sort_shapes

# The completions of the term of a binding for input shapes, given what is known before; and which of zeros.
FindCompletions = Callable[[Binding, tuple[Shape, ...], Knowledge, Zeros], Results]


@final
@frozen(cache_hash=True)
class ChosenTermClass(Known):
    """Terms that may be chosen for a binding and that its places so far do not tell apart."""

    shapes: tuple[Shape, ...]  # the different inputs at the places so far, in order
    outs: tuple[Shape | None, ...]  # the outputs there; None where the terms do not fit
    before: Knowledge  # what was known before the first place
    keys: Keys  # of the term, those of which something was known after it
    size: int | float  # how many they are, for one value of each class of these keys
    analyzed: int | float  # how many of them were analyzed
    example: Example = field(eq=False)  # of the choices that lead to one of them
    zeros: Zeros = "allowed"  # whether they are told apart by being bare zeros: they are none, or nothing else

    @property
    def count(self) -> int | float:
        """Its size."""
        return self.size

    @property
    def paths(self) -> int | float:
        """How many were analyzed."""
        return self.analyzed

    def list_outs(self, shapes: Iterable[Shape]) -> tuple[Shape, ...]:
        """The outputs for inputs at the places so far. Misfit where the terms do not fit."""
        known = dict(zip(self.shapes, self.outs, strict=True))
        outs: list[Shape] = []
        for shape in shapes:
            out = known[shape]
            if out is None:
                raise Misfit(f"what was chosen at the first place does not fit an input of {shape}")
            outs.append(out)
        return tuple(outs)


def iterate_classes(
    shapes: Iterable[Shape], before: Knowledge, completions: Results, zeros: Zeros
) -> Iterator[tuple[ChosenTermClass, Knowledge]]:
    """The classes of the terms that may be chosen at a first place, and what is known after each."""
    for (outs, after), c in completions.items():
        yield ChosenTermClass(tuple(shapes), outs, before, frozenset(after), c.count, c.paths, c.example, zeros), after


def split_class(
    binding: Binding,
    known: ChosenTermClass,
    shapes: Iterable[Shape],
    environment: Knowledge,
    find: FindCompletions,
    zeros: Zeros = "allowed",
) -> list[tuple[ChosenTermClass, Knowledge]]:
    """The classes into which a place with these inputs splits one, and what each knows of other choices.

    What does not fit there, or is not of the `zeros` that are demanded, is left out.
    """
    if "allowed" not in (zeros, known.zeros) and zeros != known.zeros:
        return []
    zeros = known.zeros if zeros == "allowed" else zeros
    asked = sort_shapes([*known.shapes, *shapes])
    if asked == known.shapes and zeros == known.zeros:
        return [(known, EMPTY_ENVIRONMENT)]
    fitting = tuple(shape for shape in asked if shape not in known.shapes or known.list_outs([shape]))
    classes: list[tuple[ChosenTermClass, Knowledge]] = []
    for new, after in iterate_classes(fitting, known.before, find(binding, fitting, known.before, zeros), zeros):
        is_part = new.keys == known.keys and new.list_outs(known.shapes) == known.outs
        others = _refine(after, environment, find) if is_part else None
        if others is not None:
            classes.append((new, others))
    return classes


def split_off_misfits(
    binding: Binding, known: ChosenTermClass, shapes: Iterable[Shape], environment: Knowledge, find: FindCompletions
) -> list[tuple[ChosenTermClass, Knowledge]]:
    """As `split_class`, with the class of the terms that do not fit there, if there are any, at the end."""
    classes = split_class(binding, known, shapes, environment, find)
    if not has_misfits(known, classes, environment):
        return classes
    asked = sort_shapes([*known.shapes, *shapes])
    outs = dict(zip(known.shapes, known.outs, strict=True))
    misfits = evolve(known, shapes=asked, outs=tuple(map(outs.get, asked)))
    return [*classes, (misfits, EMPTY_ENVIRONMENT)]


def has_misfits(
    known: ChosenTermClass, classes: Sequence[tuple[ChosenTermClass, Knowledge]], environment: Knowledge
) -> bool:
    """Whether these classes, into which a place has split one, are not all of it."""
    choices = {key: environment[key] for key in known.keys if isinstance(environment.get(key), Known)}

    def count(part: ChosenTermClass, others: Knowledge) -> int | float:
        return part.paths * prod(getattr(others.get(key, choice), "paths", 1) for key, choice in choices.items())

    return sum(count(*part) for part in classes) < count(known, EMPTY_ENVIRONMENT)


def _refine(after: Knowledge, environment: Knowledge, find: FindCompletions) -> Knowledge | None:
    """What is known of the choices on which a class depends, once it is known to be this one; None for a contradiction.

    `after` has what it takes them to be, and `environment` what is known of them.
    """
    others = EMPTY_ENVIRONMENT
    for key, choice in after.items():
        if isinstance(choice, Known):
            joined = _join(key, choice, environment.get(key, choice), find)
            if joined is None:
                return None
            others = others.set(key, joined)
    return others


def _join(key: Any, choice: Known, known: Any, find: FindCompletions) -> Any:
    """What is in both of two classes of a key, or is the value that is `known`; None for nothing."""
    if isinstance(choice, ValueClass):
        if not isinstance(known, ValueClass):
            return known if known in [value.value for value in choice.values] else None
        values = tuple(value for value in known.values if value in choice.values)
        return ValueClass(values) if values else None
    assert isinstance(choice, ChosenTermClass)
    assert isinstance(known, ChosenTermClass)
    outs = dict(zip(choice.shapes, choice.outs, strict=True)) | dict(zip(known.shapes, known.outs, strict=True))
    if any(outs[shape] != out for shape, out in zip(choice.shapes, choice.outs, strict=True)):
        return None
    if "allowed" not in (choice.zeros, known.zeros) and choice.zeros != known.zeros:
        return None
    zeros = choice.zeros if known.zeros == "allowed" else known.zeros
    for group in (known, choice):
        if (len(group.shapes), group.zeros) == (len(outs), zeros):
            return group
    asked = sort_shapes(outs)
    classes = iterate_classes(asked, known.before, find(key, asked, known.before, zeros), zeros)
    same = (new for new, _ in classes if new.keys == known.keys and new.outs == tuple(map(outs.get, asked)))
    return next(same, None)
