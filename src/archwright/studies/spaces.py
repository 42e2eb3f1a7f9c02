"""What there is to say of a search space before any search."""

import random
from collections.abc import Callable, Iterator

from attrs import frozen

from archwright.core.analysis import count, dead_ends
from archwright.core.drawing.text import as_text
from archwright.core.input import Input, as_input, format_input, read_input
from archwright.core.json import to_json
from archwright.core.node import Node, root
from archwright.core.path_lengths import count_longest_path
from archwright.core.shape import Shape
from archwright.core.spaces.named import SPACES
from archwright.core.term import Term
from archwright.core.traversal import sample
from archwright.execution.checks import read_count, read_positive_count, read_seed
from archwright.execution.spaces import DEFAULT_CLASSES, DEFAULT_INPUT, SpaceSource, find_space, read_space
from archwright.results.records import SpaceDetails, SpaceRow, SpaceSample


@frozen
class BuiltSpace:
    """A search space as a person gave it, built for an input and a number of classes."""

    source: SpaceSource
    input: Input
    classes: int
    term: Term

    @property
    def size(self) -> int | float:
        """How many architectures it has; infinity of one without an end."""
        return count(self.term, self.input.shape)

    def describe(self) -> SpaceRow:
        """How large it is, how long its paths are, and where it is from."""
        return {
            "space": self.source.source,
            "from": self.source.origin,
            "input_shape": self.input.shape,
            "input": format_input(self.input),
            "classes": self.classes,
            "size": self.size,
            "depth": count_longest_path(self.term),
        }

    def describe_in_full(self, samples: int = 0, seed: int = 0) -> SpaceDetails:
        """The same with its dead ends, `samples` random architectures, its modules as a tree and its term."""
        return {
            **self.describe(),
            "dead_ends": list(map(str, dead_ends(self.term, self.input.shape))),
            "samples": list(_sample_architectures(self.term, self.input.shape, samples, seed)),
            "drawing": as_text(self.term),
            "term": to_json(self.term),
        }


def list_spaces() -> list[SpaceRow]:
    """What there is to say of each built-in space, as `archwright spaces --json` prints it."""
    return [
        _build(find_space(name), as_input(named.input_shape), DEFAULT_CLASSES).describe()
        for name, named in SPACES.items()
    ]


def build_space(
    space: Term | Callable[..., Term] | str,
    input: Input | Shape | str | None = None,  # noqa: A002  (what it is called everywhere)
    classes: int = DEFAULT_CLASSES,
) -> BuiltSpace:
    """The space, in any form that `search` takes, for the input that is given, or that it says, or for images.

    Raises NotASpace and its like, BadInput and BadArgument.
    """
    source, number = read_space(space), read_positive_count("classes", classes)
    return _build(source, read_input(input) or source.input or DEFAULT_INPUT, number)


def _build(source: SpaceSource, model_input: Input, classes: int) -> BuiltSpace:
    return BuiltSpace(source, model_input, classes, source.build(model_input, classes))


def describe_space(
    space: Term | Callable[..., Term] | str,
    *,
    input: Input | Shape | str | None = None,  # noqa: A002
    classes: int = DEFAULT_CLASSES,
    samples: int = 0,
    seed: int = 0,
) -> SpaceDetails:
    """How large a space is, its dead ends, and random architectures of it, as `archwright space --json` prints it.

    The space is in any form that `search` takes: a built-in name, a module, a function, or file.py:attribute. Raises
    NotASpace and its like, BadInput and BadArgument.
    """
    samples, seed = read_count("samples", samples), read_seed(seed)
    return build_space(space, input, classes).describe_in_full(samples, seed)


def _sample_architectures(term: Term, shape: Shape, number: int, seed: int) -> Iterator[SpaceSample]:
    generator = random.Random(seed)  # noqa: S311  (nothing secret)
    start = root(term, shape) if number else None
    for _ in range(number):
        assert start is not None
        yield _describe_sample(sample(start, generator.random))


def _describe_sample(leaf: Node) -> SpaceSample:
    shape = leaf.origin.input_shape
    parameters = leaf.architecture.parameters(shape)
    return {"choices": dict(leaf.path), "parameters": parameters, "drawing": as_text(leaf.architecture, shape)}
