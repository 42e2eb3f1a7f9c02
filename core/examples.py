"""Examples of completions: how one of those that the analysis does not tell apart is chosen, written out when asked."""

from collections.abc import MutableMapping
from typing import final

from attrs import frozen

from archwright.core.value import Path, Value

# Values of shared hyperparameters that an example takes for granted: they were chosen before its first choice.
Assumptions = MutableMapping[str, Value]


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


Example = NoChoice | Chosen | After | ForEach

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
    for name, _ in first:
        assumed.pop(name, None)
    return sum(reversed(last), tuple(first))


def add_prefix(prefix: str, path: Path) -> Path:
    """A path with names relative to the module above; shared names, which have no dot, stay as they are."""
    return tuple((f"{prefix}{name}" if "." in name else name, value) for name, value in path)
