"""Examples of completions: how one of those that the analysis does not tell apart is chosen, written out when asked."""

from collections.abc import MutableMapping, Sequence
from typing import Any, final

from attrs import frozen

from archwright.core.analysis.demand import Zeros
from archwright.core.analysis.edge_choices import EdgeChoices
from archwright.core.modules.places import BoundPlace, Let
from archwright.core.names import name_segment
from archwright.core.shape import Shape
from archwright.core.term import Term
from archwright.core.value import Path, Value

# What an example takes for granted, as it was chosen before its first choice: values of shared hyperparameters, and an
# InPlace for each binding of a let.
Assumptions = MutableMapping[Any, Any]


@final
@frozen(eq=False)
class NoChoice:
    """Nothing is chosen."""


@final
@frozen(eq=False)
class Chosen:
    """A hyperparameter has a value, and then the rest is chosen."""

    name: str
    value: Value
    rest: "Example"


@final
@frozen(eq=False)
class After:
    """What is inside a child is chosen after all that comes before the child."""

    before: "Example"
    prefix: str  # of the names inside, with its dot
    inside: "Example"


@final
@frozen(eq=False)
class ForEach:
    """An example for each of several values of a shared hyperparameter, which all lead to the same state."""

    name: str
    examples: dict[Value, "Example"]
    is_asked: bool  # here, rather than by a module before


@final
@frozen(eq=False)
class InPlace:
    """What is chosen for a name of a let: at its first place; or, known better, at a later one."""

    binding: Any
    prefix: str  # of the names inside
    inside: "Example"
    shapes: tuple[Shape, ...]  # the inputs at the places that have told apart what may be chosen
    zeros: Zeros  # and whether they have told apart bare zeros
    is_asked: bool  # here, at the first place


@final
@frozen(eq=False)
class OnEdges:
    """What is chosen in a cell is what is chosen in the topology of its choices."""

    edge_choices: EdgeChoices
    inside: "Example"


Example = NoChoice | Chosen | After | ForEach | InPlace | OnEdges

NO_CHOICE = NoChoice()


def write_path(example: Example, assumed: Assumptions) -> Path:
    """The choices of an example in which shared hyperparameters have the assumed values.

    What later modules assume is known first, so an example is read from its end. A value that is taken for granted of
    the choices before the example is added to `assumed`.
    """
    first, last = list[tuple[str, Value]](), list[Path]()
    while not isinstance(example, NoChoice):
        match example:
            case Chosen(name, value, rest):
                first.append((name, value))
                example = rest
            case After(before, prefix, inside):
                last.append(add_prefix(prefix, write_path(inside, assumed)))
                example = before
            case ForEach(name, examples, is_asked):
                value = assumed.setdefault(name, next(iter(examples)))
                example = examples[value]
                if is_asked:
                    first.append((name, value))
            case InPlace(binding, prefix, _, _, _, is_asked):
                known: InPlace = assumed.setdefault(binding, example)
                if is_asked:
                    last.append(add_prefix(prefix, write_path(known.inside, assumed)))
                    del assumed[binding]
                example = NO_CHOICE
            case OnEdges(edge_choices, inside):
                last.append(edge_choices.name_as_cell(write_path(inside, assumed)))
                example = NO_CHOICE
    for name, _ in first:
        assumed.pop(name, None)
    return sum(reversed(last), tuple(first))


def add_prefix(prefix: str, path: Path) -> Path:
    """A path with names relative to the module above; shared names, which have no dot, stay as they are."""
    return tuple((prefix_name(prefix, name) if "." in name else name, value) for name, value in path)


# A name in a place of a let is relative to the let: until that is reached, it is marked with the let's identity.
_NAMED, _OF_LET = "\0", "\1"


def write_prefix(term: Term, children: Sequence[Term], i: int) -> str:
    """The prefix of the names in a child, for `prefix_name`."""
    if isinstance(term, BoundPlace):
        return f"{_NAMED}{id(term.binding.let)}{_NAMED}{term.binding.prefix}"
    prefix = f"{name_segment(term, children, i)}."
    return f"{_OF_LET}{id(term)}{_OF_LET}{prefix}" if isinstance(term, Let) else prefix


def prefix_name(prefix: str, name: str) -> str:
    """A name of a choice or a place relative to the module above."""
    _, own, plain = prefix.split(_OF_LET) if prefix.startswith(_OF_LET) else ("", "", prefix)
    if not name.startswith(_NAMED):
        return f"{plain}{name}"
    _, let, inside = name.split(_NAMED)
    return inside if let == own else name
