"""Spaces and architectures as pictures, outside of any search."""

from collections.abc import Callable
from pathlib import Path

from archwright.core.drawing.svg import as_svg
from archwright.core.input import Input, read_input
from archwright.core.node import Node
from archwright.core.shape import Shape
from archwright.core.term import Term
from archwright.execution.spaces import DEFAULT_CLASSES, DEFAULT_INPUT, read_space
from archwright.results.drawing import Drawing, write_named
from archwright.results.trial import Trial


def draw(
    drawn: Term | Node | Trial | Callable[..., Term] | str,
    file: str | Path | None = None,
    *,
    input: Input | Shape | str | None = None,  # noqa: A002  (what it is called everywhere)
) -> Drawing:
    """Draw a space or an architecture as SVG: a picture for notebooks, also written to `file` if that is given.

    `drawn` is a module, a node, a trial, or a space in any form that `search` takes. An architecture whose input is
    known, or given, has shapes and numbers of parameters. A file that is there already is replaced if it is an SVG.
    Raises NotASpace and its like, Misfit, UnwritableFile and FileOfAnotherKind.
    """
    if isinstance(drawn, Trial):
        return drawn.draw(file)
    given = read_input(input)
    if isinstance(drawn, Node):
        term, known = (drawn.architecture if drawn.is_leaf else drawn.origin.space), drawn.origin.input_shape
        shape = known if given is None else given.shape
    else:
        space = read_space(drawn)
        model_input = given or space.input
        term = space.build(model_input or DEFAULT_INPUT, DEFAULT_CLASSES)
        shape = None if model_input is None else model_input.shape
    return write_named(Drawing(as_svg(term, shape)), file)
