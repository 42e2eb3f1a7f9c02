"""Derivations as pictures: a tree with a box for each module that asked something."""

from collections.abc import Iterable

from attrs import evolve

from archwright.core.drawing.captions import BOX_STYLES, add_name, format_setting
from archwright.core.drawing.picture import Box, Picture, Text, draw_box
from archwright.core.drawing.svg import to_svg
from archwright.core.drawing.text import format_asker
from archwright.core.drawing.tree import BoxTree, draw_tree
from archwright.core.errors import to_one_line
from archwright.core.term import Compound, Term
from archwright.core.variation.derivation import Derivation, DerivationNode

MAX_TITLE_CHARACTERS = 32


def derivation_as_svg(derivation: Derivation) -> str:
    """The SVG of a derivation. In browsers, a box under the pointer tells its place and its values in full."""
    return to_svg(draw_derivation(derivation), f"{derivation.leaf.origin.space.word}: derivation")


def draw_derivation(derivation: Derivation) -> Picture:
    """The picture of a derivation: at its top is the space, and below each module are those inside it that asked."""
    roots = derivation.roots
    if roots and roots[0].asked.frame is None:  # the space itself, which has all others inside it
        return draw_tree(_make_tree(roots[0], None))
    space = derivation.leaf.origin.space
    box = _make_box(add_name(space, space.word), [] if roots else ["no choices"], "end")
    return draw_tree(BoxTree(box, tuple(_make_tree(root, None) for root in roots)))


def _make_tree(node: DerivationNode, outer: DerivationNode | None) -> BoxTree:
    values = [format_setting(name.rpartition(".")[2], value) for name, value in node.own]
    box = _make_box(_cut_beginning(_find_place_inside(node, outer)), values, _find_style(node.kind))
    return BoxTree(evolve(box, hint=format_asker(node)), tuple(_make_tree(child, node) for child in node.children))


def _make_box(title: str, details: Iterable[str], style: str) -> Box:
    lines = Text(to_one_line(title), "title"), *(Text(to_one_line(detail), "detail") for detail in details)
    (box,) = draw_box(lines, style).marks
    assert isinstance(box, Box)
    return box


def _find_style(kind: Term) -> str:
    """That of its box in an architecture; of a module with others inside, that of a choice in a space."""
    return BOX_STYLES.get(type(kind), "choice" if isinstance(kind, Compound) else "own")


def _find_place_inside(node: DerivationNode, outer: DerivationNode | None) -> str:
    """The place of a module without what is that of the one around it."""
    for beginning in () if outer is None else (f"{outer.place}.", outer.prefix):
        if beginning and node.place.startswith(beginning):
            return node.place[len(beginning) :]
    return node.place


def _cut_beginning(place: str) -> str:
    """A long place without its beginning, which says least."""
    return place if len(place) <= MAX_TITLE_CHARACTERS else "…" + place[-MAX_TITLE_CHARACTERS + 1 :]
