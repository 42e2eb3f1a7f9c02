"""What there is to say of a search space before any search."""

import random
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from archwright.core.analysis.counting import count, dead_ends
from archwright.core.analysis.derivations import count_derivations
from archwright.core.defaults import DEFAULT_CLASSES
from archwright.core.drawing.text import as_text
from archwright.core.input import Input, as_input, format_input, read_input
from archwright.core.json import to_json
from archwright.core.path_lengths import count_longest_path
from archwright.core.shape import Shape
from archwright.core.spaces.named import SPACES
from archwright.core.term import Term
from archwright.execution.checks import read_count, read_positive_count, read_seed
from archwright.execution.spaces import DEFAULT_INPUT, SpaceSource, find_space, read_space
from archwright.results.records import SpaceDetails, SpaceRow, SpaceSample

if TYPE_CHECKING:
    from archwright.core.node import Node


def list_spaces() -> list[SpaceRow]:
    """What there is to say of each built-in space, as `archwright spaces --json` prints it."""
    sources = {name: (find_space(name), as_input(named.input_shape)) for name, named in SPACES.items()}
    return [
        _describe(source, model_input, DEFAULT_CLASSES, source.build(model_input, DEFAULT_CLASSES))
        for source, model_input in sources.values()
    ]


def describe_space(
    space: Term | Callable[..., Term] | str,
    *,
    input: Input | Shape | str | None = None,  # noqa: A002  (what it is called everywhere)
    classes: int = DEFAULT_CLASSES,
    samples: int = 0,
    seed: int = 0,
) -> SpaceDetails:
    """How large a space is, its dead ends, and random architectures of it, as `archwright space --json` prints it.

    The space is in any form that `search` takes: a built-in name, a module, a function, or file.py:attribute. It is
    built for the input that is given, or that it says, or for images. Raises NotASpace and its like, BadInput and
    BadArgument.
    """
    samples, seed = read_count("samples", samples), read_seed(seed)
    source, classes = read_space(space), read_positive_count("classes", classes)
    model_input = read_input(input) or source.input or DEFAULT_INPUT
    term = source.build(model_input, classes)
    return {
        **_describe(source, model_input, classes, term),
        "derivations": count_derivations(term, model_input.shape),
        "dead_ends": list(map(str, dead_ends(term, model_input.shape))),
        "samples": [_describe_sample(leaf) for leaf in _sample_leaves(term, model_input.shape, samples, seed)]
        if samples
        else [],
        "drawing": as_text(term),
        "term": to_json(term),
    }


def sample_leaf(
    space: Term | Callable[..., Term] | str,
    *,
    input: Input | Shape | str | None = None,  # noqa: A002  (what it is called everywhere)
    classes: int = DEFAULT_CLASSES,
    seed: int = 0,
) -> "Node":
    """A random architecture of a space with its choices: the first that `describe_space` tells of for this seed.

    The space is built as there. Raises what that does, and DeadEnd if it has no architecture for the input.
    """
    source, classes, seed = read_space(space), read_positive_count("classes", classes), read_seed(seed)
    model_input = read_input(input) or source.input or DEFAULT_INPUT
    return next(_sample_leaves(source.build(model_input, classes), model_input.shape, 1, seed))


def _describe(source: SpaceSource, model_input: Input, classes: int, term: Term) -> SpaceRow:
    """How large the space of a source is, how long its paths are, and where it is from."""
    return {
        "space": source.source,
        "from": source.origin,
        "input_shape": model_input.shape,
        "input": format_input(model_input),
        "classes": classes,
        "size": count(term, model_input.shape),
        "depth": count_longest_path(term),
    }


def _sample_leaves(term: Term, shape: Shape, number: int, seed: int) -> Iterator["Node"]:
    from archwright.core.node import root  # here, since few ask for samples
    from archwright.core.traversal import sample

    generator = random.Random(seed)  # noqa: S311  (nothing secret)
    start = root(term, shape)
    for _ in range(number):
        yield sample(start, generator.random)


def _describe_sample(leaf: "Node") -> SpaceSample:
    from archwright.core.variation.derivation import derivation  # here, since few ask for samples

    shape = leaf.origin.input_shape
    parameters = leaf.architecture.parameters(shape)
    return {
        "choices": dict(leaf.path),
        "parameters": parameters,
        "drawing": as_text(leaf.architecture, shape),
        "derivation": str(derivation(leaf)),
        "term": to_json(leaf.architecture),
    }
