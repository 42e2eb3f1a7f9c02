"""A model in a changed space: the leaf of it that is the same model as an old leaf, trained in the same way.

Two architectures are the same model where they differ in names of modules, in identities in a row of modules, and in
how rows are nested: these compute nothing and draw no random numbers. Settings are of the training wherever they stand.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import takewhile
from typing import final

from attrs import define, field

from archwright.core.architecture import settings_of
from archwright.core.json import to_json
from archwright.core.membership.matching import Matcher, MembershipUnknown, stands_for_another
from archwright.core.membership.model_rows import Agreement, RowReader, get_hyperparameter, to_row
from archwright.core.membership.path_of import NotInSpace, find_leaf
from archwright.core.modules.basic import Identity, Settings
from archwright.core.modules.composite import Sequential
from archwright.core.names import drop_names
from archwright.core.node import DeadEnd, Node
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


def find_same_model(start: Node, old: Node) -> Node | str:
    """The leaf below `start`, the root of a changed space, that is the model of a leaf of the old space, or why not.

    Choices of the same name have the value that they had, if any such leaf is the model. Of the others, those values
    are tried with which the model may still come of it. Where not all could be tried, the architecture alone says which
    one it is, see `path_of`.
    """
    follower = _Follower(dict(old.path), old.architecture)
    leaf = follower.follow(start)
    if leaf is None:
        leaf = follower.follow(start, by_names=False)
    if leaf is None and not follower.has_tried_all:
        with suppress(NotInSpace, MembershipUnknown):
            return find_leaf(start, old.architecture)
    return follower.explain() if leaf is None else leaf


@final
@define
class _Follower:
    """A depth-first search for a model, and why the partial path that came farthest led to none."""

    choices: Mapping[str, Value]
    architecture: Term
    settings: Mapping[str, Value] = field(init=False)
    reader: RowReader = field(init=False)
    matcher: Matcher = field(init=False)  # knows which values of a long range are worth a try
    by_names: bool = True
    tried: int = 0  # partial paths
    has_tried_all: bool = True  # unless there were too many, or values of a range that nobody has looked at
    reason: str = "the space has no model"
    _progress: int = -1  # of the partial path that the reason is of
    _guesses: dict[str, list[Value]] = field(factory=dict[str, list[Value]], init=False)  # by name

    def __attrs_post_init__(self) -> None:
        # Compared as JSON: the kinds of a person's file may be loaded twice, for the old space and for the new one.
        self.reader = RowReader(to_row(to_json(simplify(self.architecture))))
        self.settings, self.matcher = settings_of(self.architecture), Matcher(self.architecture)

    def follow(self, start: Node, *, by_names: bool = True) -> Node | None:
        """The first leaf that is the model; `by_names`, of those where choices of old names have their old values."""
        self.by_names, self.tried = by_names, 0
        stack = [iter([start])]
        while stack:
            node = next(stack[-1], None)
            if node is None:
                stack.pop()
                continue
            agreement = self.reader.compare(node)
            if agreement.mismatch:
                self._note(agreement.mismatch, agreement.progress)
            elif not node.is_leaf:
                stack.append(self._iterate_steps(node, agreement))
            elif reason := self._compare_settings(node):
                self._note(reason, agreement.progress)
            else:
                return node
        return None

    def _iterate_steps(self, node: Node, agreement: Agreement) -> Iterator[Node]:
        """The nodes after the open choice, in the order of trying."""
        choice = node.choice
        assert choice is not None
        wanted, others = self._list_values(node, agreement)
        for value in wanted:
            if value not in choice.domain:
                reason = f"{choice.name} is {format_value(value)}, and may be one of {choice.domain} here"
                self._note(reason, agreement.progress)
        for value in dict.fromkeys([*wanted, *others]):
            if value not in choice.domain:
                continue
            self.tried += 1
            if self.tried > MAX_FOLLOWED_NODES:
                self.has_tried_all = False
                return
            try:
                yield node.choose(value)
            except DeadEnd as error:
                self._note(str(error), agreement.progress)

    def _list_values(self, node: Node, agreement: Agreement) -> tuple[Sequence[Value], Iterable[Value]]:
        """The values that the open choice had, or has in the model, and others that are worth a try."""
        focus, request, choice = node.focus, node.request, node.choice
        assert request is not None
        assert choice is not None
        field_name = focus.plan.names[len(request.values)]
        had = [self.choices[choice.name]] if choice.name in self.choices else []
        if request.shared is None and not stands_for_another(focus):
            if isinstance(focus, Settings):
                if field_name not in self.settings:
                    self._note(f"the setting {field_name} is not set, and is asked for here", agreement.progress)
                    return [], ()
                self.has_tried_all = False  # a later module may set it again
                return list(dict.fromkeys([*had, self.settings[field_name]])), ()
            if agreement.rest is not None:
                value = get_hyperparameter(agreement.rest[0], focus, field_name)
                assert value is not None, "the reader has found the module to be of this kind"
                return [value], ()
        if had and self.by_names:
            return had, ()
        others = self.matcher.list_values(choice.domain, choice.name)
        self.has_tried_all = self.has_tried_all and not self.matcher.left_out
        return had, [*self._guess(choice.name), *others]

    def _guess(self, name: str) -> list[Value]:
        """The values of the old choices whose names end most like `name`: those that it has where names are shifted."""
        known = self._guesses.get(name)
        if known is None:
            parts = name.split(".")[::-1]
            likeness = {old: _count_common(old.split(".")[::-1], parts) for old in self.choices}
            best = max(likeness.values(), default=0)
            known = [self.choices[old] for old, likeness in likeness.items() if likeness == best > 0]
            self._guesses[name] = known
        return known

    def _compare_settings(self, leaf: Node) -> str:
        """The first setting of the training that is another one; empty if none is."""
        here = settings_of(leaf.architecture)
        for name in dict.fromkeys([*self.settings, *here]):
            if self.settings.get(name) != here.get(name):
                old, new = (format_value(each[name]) if name in each else "not set" for each in (self.settings, here))
                return f"the setting {name} is {old}, and is {new} here"
        return ""

    def _note(self, reason: str, progress: int) -> None:
        """Remember why a partial path led to none, if none was as far."""
        if progress > self._progress:
            self.reason, self._progress = reason, progress

    def explain(self) -> str:
        """Why there is no leaf, as far as it is known."""
        if self.tried > MAX_FOLLOWED_NODES:
            return f"none of the first {MAX_FOLLOWED_NODES:,} ways to choose gives it: {self.reason}"
        return self.reason


def _count_common(a: Sequence[str], b: Sequence[str]) -> int:
    """How many items at the beginning of both are equal."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(a, b, strict=False)))
