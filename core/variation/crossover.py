"""Crossover: what was chosen inside a module of one leaf stands where a module of the same kind is in another leaf.

After the crossover and self-crossover of the hierarchical grammar paper (Schrodi et al. 2023), for spaces of any kind.
Its released code never draws the first of two or more subtrees; here each pair of places is as likely as another.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any, final

from attrs import frozen

from archwright.core.frame import find_prefix, list_frames
from archwright.core.modules.grammar import Grammar
from archwright.core.node import Node
from archwright.core.term import Term
from archwright.core.traversal import require_uniform
from archwright.core.value import Path, Value
from archwright.core.variation.derivation import Derivation, DerivationNode, derivation
from archwright.core.variation.mutation import NothingToVary, keep_or_draw, reopen

Address = tuple[int, ...]  # of a module: in which child of the whole space it is, in which child of that one, and so on


@final
@frozen(eq=False)
class _Part:
    """A module of a leaf that asked something, and what was chosen inside it."""

    node: DerivationNode
    kind: int  # the same number for modules that are equal but for their own names
    choices: Path  # by their names relative to the module; no shared ones
    content: int  # the same number for equal choices
    shared: Path  # the shared hyperparameters that were asked inside it
    is_whole: bool  # whether everything was asked inside it


def crossover(a: Node, b: Node, uniform: Callable[[], float]) -> Node:
    """The leaf `a`, but inside one of its modules all is chosen as inside an equal one of the leaf `b`.

    Values are carried over by their names relative to the module, and those of shared hyperparameters that are asked
    inside it by name; all else is as it was in `a`. What does not fit is drawn anew. If both leaves are equal, two
    modules of it, neither of them inside the other, change places (self-crossover). Modules are equal here if they
    are but for their own names, and those of one grammar if they stand for the same symbol.

    Each pair of equal modules that were chosen unlike is as likely as another; both whole leaves are no pair, as that
    would give `b`. Consumes a number for the pair, and one for each choice that is drawn. Raises NothingToVary where
    there is no pair, NotALeaf, and DeadEnd where what is drawn leads to one.
    """
    here, there = derivation(a), derivation(b)
    require_uniform(uniform)
    is_self = a == b
    pairs = _list_pairs(here, here if is_self else there)
    if not pairs:
        raise NothingToVary(_explain_no_pair(here, there, is_self=is_self))
    part, donor = pairs[int(uniform() * len(pairs))]
    shared = () if is_self else tuple((name, value) for name, value in there.path if "." not in name)
    grafts = {find_address(part.node.asked): (*shared, *donor.choices)}
    if is_self:
        grafts[find_address(donor.node.asked)] = part.choices
    return graft_choices(here, part.node, grafts, uniform)


def graft_choices(
    tree: Derivation, first: DerivationNode, grafts: Mapping[Address, Path], uniform: Callable[[], float]
) -> Node:
    """The leaf of a tree in which the modules of these addresses have other choices, by names relative to them.

    `first` is the module of them that is asked first. Shared hyperparameters that are asked there have the value that
    is named for them, or else that of the leaf. Choices outside are as they were, and what does not fit is drawn:
    consumes a number for each choice that is drawn.
    """
    values, chosen = dict(tree.path), {address: dict(choices) for address, choices in grafts.items()}
    node = reopen(first.asked)
    while (choice := node.choice) is not None:
        value = _find_value(node, choice.name, values, chosen)
        node = node.choose(keep_or_draw(choice.domain, value, uniform))
    return node


def _find_value(
    node: Node, name: str, values: Mapping[str, Value], chosen: Mapping[Address, Mapping[str, Value]]
) -> Value | None:
    """The value of an open choice: of the graft that it is in, or else of the leaf."""
    address = find_address(node)
    inside = next((other for other in chosen if address[: len(other)] == other), None)
    if inside is None:
        return values.get(name)
    if node.request is not None and node.request.shared is not None:
        return chosen[inside].get(name, values.get(name))
    return chosen[inside].get(name.removeprefix(_find_prefix(node, len(inside))))


def find_address(node: Node) -> Address:
    """The address of the module that a node has come to."""
    return tuple(len(frame.specified_children) for frame in list_frames(node.frame))


def _find_prefix(node: Node, depth: int) -> str:
    """What the names of choices begin with inside the module around a node's focus that is so deep."""
    frame = node.frame
    while frame is not None and frame.depth > depth:
        frame = frame.outer
    return find_prefix(frame, node.origin.space)


# --- pairs of parts


def _list_pairs(here: Derivation, there: Derivation) -> list[tuple[_Part, _Part]]:
    """Every part of a leaf, in the order of asking, with every part of another one that may stand in its stead.

    If both are the same, each pair is there once, the one before the other.
    """
    numbering = _Numbering()
    parts = _list_parts(here, numbering)
    donors = defaultdict[int, list[_Part]](list)
    for donor in _list_parts(there, numbering):
        donors[donor.kind].append(donor)
    shared = dict(there.path)
    if here is there:
        return [
            (part, donor)
            for part in parts
            for donor in donors[part.kind]
            if donor.node.start >= part.node.stop and part.content != donor.content
        ]
    return [
        (part, donor)
        for part in parts
        for differs in [any(shared.get(name, value) != value for name, value in part.shared)]
        for donor in donors[part.kind]
        if (differs or part.content != donor.content) and not (part.is_whole and donor.is_whole)
    ]


def _list_parts(tree: Derivation, numbering: "_Numbering") -> list[_Part]:
    """The parts of a leaf, in the order of asking."""
    parts: list[_Part] = []
    for node in tree.nodes:
        prefix, span = node.prefix, tree.path[node.start : node.stop]
        choices = tuple((name.removeprefix(prefix), value) for name, value in span if "." in name)
        shared = tuple((name, value) for name, value in span if "." not in name)
        is_whole = len(span) == len(tree.path)
        kind, content = numbering.number_kind(node.kind), numbering.number_content(choices)
        parts.append(_Part(node, kind, choices, content, shared, is_whole))
    return parts


class _Numbering:
    """Numbers for modules and for what was chosen inside them, the same for equal ones: so many are compared fast."""

    def __init__(self) -> None:
        self._kinds = dict[int, int]()  # by the identity of the term, which lives as long as its tree
        self._equals: list[Any] = []  # what modules of each number have in common
        self._contents = dict[Path, int]()

    def number_kind(self, term: Term) -> int:
        """The number of a module, by what `_find_kind` gives of it."""
        number = self._kinds.get(id(term))
        if number is None:
            key = _find_kind(term)
            number = next((i for i, other in enumerate(self._equals) if other == key), len(self._equals))
            if number == len(self._equals):
                self._equals.append(key)
            self._kinds[id(term)] = number
        return number

    def number_content(self, choices: Path) -> int:
        """The number of choices by relative names."""
        return self._contents.setdefault(choices, len(self._contents))


def _find_kind(term: Term) -> Any:
    """What two modules have in common that may be exchanged: not their own names, nor how deep a grammar may go on."""
    if isinstance(term, Grammar):
        return term.start, term.rules, term.terms
    return term.with_name("") if term.given_name else term


def _explain_no_pair(here: Derivation, there: Derivation, *, is_self: bool) -> str:
    if not here.path or not there.path:
        return "a leaf has no choices, so there is nothing to exchange; give leaves of a space that asks something"
    remedy = "mutate one of them, or take others"
    if is_self:
        return f"no two modules of the leaf are equal, apart and chosen unlike, so none change places; {remedy}"
    return f"the leaves have no equal modules that were chosen unlike, so nothing can be exchanged; {remedy}"
