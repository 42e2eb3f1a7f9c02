"""A model in a changed space: the leaf of it that is the same model as an old leaf, trained in the same way.

Two architectures are the same model where they differ in names of modules, in identities in a row of modules, and in
how rows are nested: these compute nothing and draw no random numbers. Settings are of the training wherever they stand.
"""

from collections.abc import Iterator, Mapping
from typing import final

from attrs import define, field

from archwright.core.architecture import settings_of
from archwright.core.differences import find_differences
from archwright.core.hyperparameter import list_analyzed_values
from archwright.core.json import JSON, to_json
from archwright.core.matching import MembershipUnknown
from archwright.core.modules.basic import Identity, Settings
from archwright.core.modules.composite import Sequential
from archwright.core.names import drop_names
from archwright.core.node import DeadEnd, Node
from archwright.core.path_of import NotInSpace, find_leaf
from archwright.core.term import Term
from archwright.core.value import Value, format_value

MAX_FOLLOWED_NODES = 2_000  # partial paths that are tried for the model of one leaf


def simplify(architecture: Term) -> Term:
    """The same model without names, settings, identities in a row, and rows within rows."""
    return _simplify(drop_names(architecture))


def _simplify(term: Term) -> Term:
    if isinstance(term, Settings):
        return Identity()
    inside = tuple(map(_simplify, term.subterms))
    if not isinstance(term, Sequential):
        return term.with_subterms(inside) if inside else term
    children: list[Term] = []
    for child in inside:
        if isinstance(child, Sequential):
            children += child.children
        elif not isinstance(child, Identity):
            children.append(child)
    match children:
        case []:
            return Identity()
        case [only]:
            return only
        case _:
            return Sequential(tuple(children))


def is_same_model(a: Term, b: Term) -> bool:
    """Whether two architectures compute the same, and have the same training settings."""
    return simplify(a) == simplify(b) and settings_of(a) == settings_of(b)


def find_same_model(start: Node, old: Node) -> Node | str:
    """The leaf below `start`, the root of a changed space, that is the model of a leaf of the old space, or why not.

    Choices of the same name have the value that they had. Those that the old space did not ask are tried, as far as the
    model decides them. Where that leads to no leaf, the architecture alone says which one it is, see `path_of`.
    """
    follower = _Follower(dict(old.path), old.architecture)
    leaf = follower.follow(start)
    if leaf is not None:
        return leaf
    try:
        return find_leaf(start, old.architecture)
    except (NotInSpace, MembershipUnknown) as error:
        return follower.explain() or str(error)


@final
@define
class _Follower:
    """A depth-first search for the leaf with the old choices, and the first reasons why a partial path led to none."""

    choices: Mapping[str, Value]
    architecture: Term
    model: JSON = field(init=False)
    settings: Mapping[str, Value] = field(init=False)
    tried: int = 0  # partial paths
    refusal: str = ""  # of an old value
    difference: str = ""  # of the first model that was come to
    asked: dict[str, None] = field(factory=dict[str, None])  # choices that the old space did not ask, in their order
    has_met: bool = False  # whether a choice of an old name was asked

    def __attrs_post_init__(self) -> None:
        self.model, self.settings = to_json(simplify(self.architecture)), settings_of(self.architecture)

    def follow(self, start: Node) -> Node | None:
        stack = [iter([start])]
        while stack:
            node = next(stack[-1], None)
            if node is None:
                stack.pop()
            elif not node.is_leaf:
                stack.append(self._iterate_steps(node))
            elif self._is_found(node):
                return node
        return None

    def _iterate_steps(self, node: Node) -> Iterator[Node]:
        """The nodes after the open choice, in the order of trying."""
        choice = node.choice
        assert choice is not None
        if choice.name in self.choices:
            self.has_met = True
            value = self.choices[choice.name]
            if value not in choice.domain:
                reason = f"{choice.name} is {format_value(value)}, and may be one of {choice.domain} here"
                self.refusal = self.refusal or reason
                return
            values = [value]
        else:
            self.asked[choice.name] = None
            values = list_analyzed_values(choice.domain)
        for value in values:
            self.tried += 1
            if self.tried > MAX_FOLLOWED_NODES:
                return
            try:
                yield node.choose(value)
            except DeadEnd as error:
                self.refusal = self.refusal or str(error)

    def _is_found(self, leaf: Node) -> bool:
        # Compared as JSON: the kinds of a person's file may be loaded twice, for the old space and for the new one.
        old = {"model": self.model, "settings": self.settings}
        new = {"model": to_json(simplify(leaf.architecture)), "settings": settings_of(leaf.architecture)}
        if not self.difference and old != new:
            self.difference = next(find_differences(old, new, "")).removeprefix(".")
        return old == new

    def explain(self) -> str:
        """Why there is no leaf; empty where the new space asks nothing of what the old one asked."""
        if not self.has_met and self.choices:
            return ""
        if self.refusal:
            return self.refusal
        if self.tried > MAX_FOLLOWED_NODES:
            return f"none of the first {MAX_FOLLOWED_NODES:,} ways to make its new choices gives its model"
        if self.asked:
            return f"no way to choose {', '.join(self.asked)}, which it was not asked, gives its model"
        return f"its choices give another model here: {self.difference}"
