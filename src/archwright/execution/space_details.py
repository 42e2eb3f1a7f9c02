"""What there is to say of a search space before any search."""

import random
from collections.abc import Iterator
from typing import Any

from archwright.core.analysis import count, dead_ends
from archwright.core.drawing.text import as_text
from archwright.core.input import Input, format_input
from archwright.core.json import to_json
from archwright.core.node import Node, root
from archwright.core.path_lengths import count_longest_path
from archwright.core.shape import Shape
from archwright.core.term import Term
from archwright.core.traversal import sample
from archwright.execution.spaces import SpaceSource


def describe_space(source: SpaceSource, model_input: Input, classes: int) -> dict[str, Any]:
    """How large a space is, how long its paths are, and where it is from, as a row of `archwright spaces --json`."""
    term, shape = source.build(model_input, classes), model_input.shape
    return {
        "space": source.source,
        "from": source.origin,
        "input_shape": shape,
        "input": format_input(model_input),
        "classes": classes,
        "size": count(term, shape),
        "depth": count_longest_path(term),
    }


def describe_space_in_full(
    source: SpaceSource, model_input: Input, classes: int, samples: int = 0, seed: int = 0
) -> dict[str, Any]:
    """The same with its dead ends, `samples` random architectures and its term, as `archwright space --json` has it."""
    term, shape = source.build(model_input, classes), model_input.shape
    return {
        **describe_space(source, model_input, classes),
        "dead_ends": list(map(str, dead_ends(term, shape))),
        "samples": list(_sample_architectures(term, shape, samples, seed)),
        "term": to_json(term),
    }


def _sample_architectures(term: Term, shape: Shape, number: int, seed: int) -> Iterator[dict[str, Any]]:
    generator = random.Random(seed)  # noqa: S311  (nothing secret)
    start = root(term, shape) if number else None
    for _ in range(number):
        assert start is not None
        yield _describe_sample(sample(start, generator.random))


def _describe_sample(leaf: Node) -> dict[str, Any]:
    shape = leaf.origin.input_shape
    parameters = leaf.architecture.parameters(shape)
    return {"choices": dict(leaf.path), "parameters": parameters, "drawing": as_text(leaf.architecture, shape)}
