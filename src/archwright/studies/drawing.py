"""Spaces, architectures and derivations as pictures, outside of any search."""

from collections.abc import Callable
from pathlib import Path

from archwright.core.defaults import DEFAULT_CLASSES
from archwright.core.drawing.derivation import derivation_as_svg
from archwright.core.drawing.svg import as_svg
from archwright.core.input import Input, read_input
from archwright.core.node import Node
from archwright.core.shape import Shape
from archwright.core.term import Term
from archwright.core.variation.derivation import Derivation
from archwright.execution.checks import BadArgument, read_positive_count
from archwright.execution.spaces import DEFAULT_INPUT, read_space
from archwright.results.drawing import Drawing, write_drawing
from archwright.results.trial import Trial


def draw(
    drawn: Term | Node | Trial | Derivation | Callable[..., Term] | str,
    file: str | Path | None = None,
    *,
    input: Input | Shape | str | None = None,  # noqa: A002  (what it is called everywhere)
    classes: int = DEFAULT_CLASSES,
) -> Drawing:
    """Draw a space, an architecture or a derivation as SVG, for notebooks, and in `file` if that is given.

    `drawn` is a module, a node, a trial, a derivation, or a space in any form that `search` takes. An architecture
    whose input is known, or given, has shapes and numbers of parameters. A space that takes a number of `classes` is
    built for that one. A file that is there already is replaced if it is an SVG. Raises NotASpace and its like, Misfit,
    BadArgument, UnwritableFile and FileOfAnotherKind.
    """
    given = read_input(input)
    if given is not None and isinstance(drawn, Trial | Derivation):
        raise BadArgument(
            f"input is {given}, and {drawn!r} has that of its run; leave it out, or draw the architecture"
        )
    if isinstance(drawn, Trial):
        return drawn.draw(file)
    if isinstance(drawn, Derivation):
        return write_drawing(Drawing(derivation_as_svg(drawn)), file)
    if isinstance(drawn, Node):
        term, known = (drawn.architecture if drawn.is_leaf else drawn.origin.space), drawn.origin.input_shape
        shape = known if given is None else given.shape
    else:
        space = read_space(drawn)
        model_input = given or space.input
        term = space.build(model_input or DEFAULT_INPUT, read_positive_count("classes", classes))
        shape = None if model_input is None else model_input.shape
    return write_drawing(Drawing(as_svg(term, shape)), file)
