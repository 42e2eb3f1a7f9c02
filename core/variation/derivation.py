"""The tree in which a leaf was derived: which module asked which choices, and which modules were chosen inside it."""

from collections.abc import Iterator, Sequence
from typing import final

from attrs import frozen

from archwright.core.errors import show
from archwright.core.frame import Frame, find_prefix
from archwright.core.node import Node, NotALeaf
from archwright.core.term import Term
from archwright.core.value import Path


@final
@frozen(eq=False, repr=False)
class DerivationNode:
    """A module that asked something, with all modules in it that did: a span of the leaf's path."""

    asked: Node  # at its first own choice; its focus is the module, as it stands in the space
    own: Path  # the names and values of its own choices: those from `start` on
    start: int  # the index in the path of its first own choice
    stop: int  # the index after the last choice that was asked inside it
    children: "tuple[DerivationNode, ...]"  # the outermost modules inside it that asked something, in order

    @property
    def kind(self) -> Term:
        """What asked: the module as it stands in the space. Modules of the same kind are equal."""
        return self.asked.focus

    @property
    def prefix(self) -> str:
        """What the names of its choices, and of those inside it, begin with, unless they are shared ones."""
        return find_prefix(self.asked.frame, self.kind)

    @property
    def place(self) -> str:
        """Where it is in the space, as in `1.repeat.0.conv2d`."""
        return f"{self.prefix}{self.kind.word}"

    def __repr__(self) -> str:
        return f"<{self.place}: choices {self.start} to {self.stop - 1}>"


@final
@frozen(eq=False, repr=False)
class Derivation:
    """The tree of a leaf; where the space itself asked nothing, a tree for each outermost module that did."""

    leaf: Node
    path: Path  # the leaf's
    nodes: tuple[DerivationNode, ...]  # all of them, in the order of asking: each before those inside it
    roots: tuple[DerivationNode, ...]  # those that are inside no other
    askers: tuple[DerivationNode, ...]  # for each choice of the path, the module that asked it

    def find_span(self, choice: int) -> tuple[int, int]:
        """The first and the last index, this one excluded, of a choice of the path and all choices below it.

        Below it are the later ones of the same module, and those inside that module.
        """
        return choice, self.askers[choice].stop

    def __str__(self) -> str:
        return "\n".join((self.leaf.origin.space.word, *_draw_lines(self.roots, "")))

    def _repr_html_(self) -> str:
        from archwright.core.drawing.derivation import derivation_as_svg

        return derivation_as_svg(self)

    def __repr__(self) -> str:
        return f"<Derivation: {len(self.path)} choices of {len(self.nodes)} modules>"


def derivation(leaf: Node) -> Derivation:
    """The tree in which a leaf was derived. NotALeaf of any other node.

    A module's own choices come first, then those inside its children, or inside what it expands to. A shared
    hyperparameter is a choice of the module that the traversal met first.
    """
    if not isinstance(leaf, Node):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise NotALeaf(f"{show(leaf)} is no leaf; give one such as aw.sample(aw.root(space, input), random.random)")
    if not leaf.is_leaf:
        raise NotALeaf(f"{leaf!r} has no derivation yet; choose until is_leaf")
    path, asking = leaf.path, list[Node]()
    node = leaf.parent
    while node is not None:
        asking.append(node)
        node = node.parent
    asking.reverse()
    # While a module asks, its frame stays; each time that the traversal enters or leaves one, the frame is new.
    starts = [i for i, node in enumerate(asking) if i == 0 or node.frame is not asking[i - 1].frame]
    nodes, outermost, end = list[DerivationNode](), list[DerivationNode](), len(path)  # the last one is added first
    for start in reversed(starts):
        children = list[DerivationNode]()
        while outermost and is_inside(outermost[-1].asked.frame, asking[start].frame):
            children.append(outermost.pop())
        stop = children[-1].stop if children else end
        made = DerivationNode(asking[start], path[start:end], start, stop, tuple(children))
        nodes.append(made)
        outermost.append(made)
        end = start
    askers = (node for node in reversed(nodes) for _ in node.own)
    return Derivation(leaf, path, tuple(reversed(nodes)), tuple(reversed(outermost)), tuple(askers))


def is_inside(frame: Frame | None, outer: Frame | None) -> bool:
    """Whether a module in one frame, asked later, is inside that in another: as long as it is open, its frame stays."""
    while frame is not None and outer is not None and frame.depth > outer.depth:
        frame = frame.outer
    return outer is None or frame is outer


def _draw_lines(nodes: Sequence[DerivationNode], indent: str) -> Iterator[str]:
    from archwright.core.drawing.text import format_asker  # drawing knows every kind of term, so it comes later

    for node in nodes:
        is_last = node is nodes[-1]
        yield f"{indent}{'└─ ' if is_last else '├─ '}{format_asker(node)}"
        yield from _draw_lines(node.children, indent + ("   " if is_last else "│  "))
