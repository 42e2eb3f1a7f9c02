"""The inverse of choosing: the path that leads to an architecture, or the first place where it is none of a space.

The traversal is that of any path, so what the input shape rules out is not in the space. At each choice the values are
tried with which the module may still become its part of the architecture, and where none leads on, the last choice
that has another one is made otherwise.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, cast, final

from attrs import define, field

from archwright.core.architecture import require_specified
from archwright.core.domain import Domain
from archwright.core.environment import EMPTY_ENVIRONMENT
from archwright.core.errors import ArchwrightError
from archwright.core.expression import Shared
from archwright.core.frame import Frame, find_prefix, format_place, list_frames
from archwright.core.membership.matching import (
    Matcher,
    MembershipUnknown,
    TermMismatch,
    divide,
    explain_slot,
    learn_shared,
    stands_for_another,
)
from archwright.core.membership.solving import solve
from archwright.core.names import name_segment, root_prefix
from archwright.core.node import DeadEnd, Node, root
from archwright.core.shape import Misfit
from archwright.core.taken_input import require_space
from archwright.core.term import Compound, Term
from archwright.core.value import IllegalValue, Path, Value, format_value


class NotInSpace(ArchwrightError, LookupError):
    """An architecture that no path of a space leads to."""

    def __init__(self, message: str, place: str = "") -> None:
        super().__init__(message)
        self.place = place  # the first place where it is none of the space, as in the names of choices


def path_of(space: Term, input: Iterable[int], architecture: Term) -> Path:  # noqa: A002  (what it is called everywhere)
    """The path through a space that leads to an architecture; of several, the first in the order of enumeration.

    Names of modules are not compared. Raises NotInSpace with the place that is furthest on the way through the space,
    MembershipUnknown if too many values would have to be tried to find out, NotSpecified if the architecture has
    choices left, DeadEnd as `root` does, NotASpace and NotATerm.
    """
    require_space(space)
    if isinstance(input, Term):
        raise Misfit(
            "the input of path_of is a module; the input comes before the architecture, as in "
            "path_of(space, (3, 32, 32), architecture)"
        )
    require_specified(architecture)
    return find_leaf(root(space, input), architecture).path


def follow_choices(space: Term, input: Iterable[int], choices: Mapping[str, object]) -> Path:  # noqa: A002
    """The path on which each choice of a space has its value of `choices`, which are by name and in no order.

    Raises NotInSpace with the first choice that has none, or one that does not fit, and with the first name that is
    asked nowhere; DeadEnd as `root` does.
    """
    node = root(space, input)
    while (choice := node.choice) is not None:
        name = choice.name
        if name not in choices:
            similar = get_close_matches(name, choices.keys() - {name for name, _ in node.path}, n=1)
            note = f", but {similar[0]} is" if similar else ""
            raise NotInSpace(f"the choices lead to no architecture of the space: {name} is not among them{note}", name)
        value: Any = choices[name]
        try:
            node = node.choose(value)
        except IllegalValue:
            reason = f"{name} is {format_value(value)}, and what fits there is {choice.domain}"
            raise NotInSpace(f"the choices lead to no architecture of the space: {reason}", name) from None
    asked = {name for name, _ in node.path}
    for name in choices:
        if name not in asked:
            raise NotInSpace(f"the choices lead to no architecture of the space: {name} is asked nowhere", name)
    return node.path


def find_leaf(start: Node, architecture: Term) -> Node:
    """The leaf below a root with an equal architecture; see `path_of`."""
    return _Finder(architecture).find(start)


@final
@define
class _Finder:
    """A depth-first search for the path of an architecture."""

    architecture: Term
    matcher: Matcher = field(init=False)
    farthest: TermMismatch | None = field(default=None, init=False)  # of all partial paths that led to no leaf
    _farthest_key: tuple[int, int] = field(default=(-1, 0), init=False)

    def __attrs_post_init__(self) -> None:
        self.matcher = Matcher(self.architecture)

    def find(self, start: Node) -> Node:
        mismatch = self.matcher.match(start.origin.space, self.architecture, EMPTY_ENVIRONMENT)
        if mismatch is not None:
            raise self._refuse(mismatch.within(root_prefix(start.origin.space), 0))
        stack = [iter((start,) if self._fits(start) else ())]
        while stack:
            node = next(stack[-1], None)
            if node is None:
                stack.pop()
            elif node.is_leaf:
                return node
            else:
                stack.append(self._iterate_steps(node))
        assert self.farthest is not None
        raise self._refuse(self.farthest)

    def _iterate_steps(self, node: Node) -> Iterator[Node]:
        """The nodes after the open choice that may lead to the architecture, in the order of trying."""
        assert node.domain is not None
        for value in self._list_values(node):
            self.matcher.count_try()
            if value not in node.domain:
                self._note(node, _explain_illegal(node, value))
                continue
            try:
                after = node.choose(value)
            except DeadEnd as error:
                self._note(node, TermMismatch("", "", str(error)))
                continue
            if self._fits(after):
                yield after

    def _list_values(self, node: Node) -> Iterator[Value]:
        """The values of the open choice with which the module that asks may be its part of the architecture."""
        focus, request = node.focus, node.request
        assert request is not None
        k, target = len(request.values), self._find_target(node)
        if target is None:
            candidates = self.matcher.list_candidates(focus, k, None, node.environment)
            return (value for value in candidates if value in request.domain)
        if stands_for_another(focus):
            return self._list_values_for_expansion(node, focus, target)
        return self._list_values_for_field(node, target)

    def _list_values_for_field(self, node: Node, target: Term) -> Iterator[Value]:
        """Of a module that stands for itself: the value in the architecture, or what its expression is that with."""
        focus, request, environment = node.focus, node.request, node.environment
        assert request is not None
        k = len(request.values)
        name, slot = focus.plan.names[k], focus.plan.slots[k]
        value = cast(Value, dict(target.hyperparameters)[name])
        if isinstance(slot, Domain | Shared):
            yield value
            return
        values = solve(slot, value, environment)
        if values is None:
            values = self.matcher.list_candidates(focus, k, target, environment)
        assert request.shared is not None
        has_any = False
        for shared_value in dict.fromkeys(values):
            if shared_value in request.domain:
                inner = environment.set(request.shared, shared_value)
                if not explain_slot(focus, name, slot, value, inner):
                    has_any = True
                    yield shared_value
        if not has_any:
            after = f" is {format_value(value)}, and no {request.shared} of {request.domain} makes {slot} that"
            self._note(node, TermMismatch("its ", f"{format_place(focus, node.frame)}.{name}", after))

    def _list_values_for_expansion(self, node: Node, focus: Compound, target: Term) -> Iterator[Value]:
        """Of a module that stands for another, the values with which that may be its part of the architecture."""
        request = node.request
        assert request is not None
        for value in self.matcher.list_candidates(focus, len(request.values), target, node.environment):
            if request.shared is None:
                values, environment = (*request.values, value), node.environment
            elif value in request.domain:
                values, environment = request.values, node.environment.set(request.shared, value)
            else:
                continue
            self.matcher.count_try()
            mismatch = self.matcher.match_rewriting(focus, values, target, environment)
            if mismatch is None:
                yield value
            else:
                self._note(node, mismatch.within(find_prefix(node.frame, node.focus), 0))

    def _fits(self, node: Node) -> bool:
        """Whether a node may lead to the architecture, by what is specified and what is not; if not, it is noted."""
        mismatch = self._compare(node)
        if mismatch is not None:
            self._note(node, mismatch)
        return mismatch is None

    def _compare(self, node: Node) -> TermMismatch | None:
        if node.is_leaf:
            mismatch = self.matcher.match(node.focus, self.architecture, EMPTY_ENVIRONMENT)
            if mismatch is None:
                return None
            mismatch = mismatch.within(root_prefix(node.origin.space), 0)
            return self._locate(node.focus, self.architecture, _list_open_frames(node), node.parent, mismatch)
        target: Term | None = self.architecture
        for frame in list_frames(node.frame):
            if target is None:
                return None
            mismatch = self._compare_frame(frame, target, node)
            if mismatch is not None:
                return mismatch
            target = divide(frame.term, target)[len(frame.specified_children)]
        return None if target is None else self._compare_focus(node, target)

    def _compare_frame(self, frame: Frame, target: Term, node: Node) -> TermMismatch | None:
        """Why the module of a frame is not `target`: by its fields, by its specified children, or by those to come.

        Those to come were compared before, unless another shared hyperparameter has a value now.
        """
        prefix, i = find_prefix(frame.outer, frame.term), len(frame.specified_children)
        if not stands_for_another(frame.term):
            mismatch = self.matcher.match_fields(frame.term, target, node.environment)
            if mismatch is not None:
                return mismatch.within(prefix, 0)
        parts, open_frames = divide(frame.term, target), _list_open_frames(node)[frame.depth - 1 :]
        was_here = bool(open_frames) and open_frames[0].outer is frame.outer
        for k, (child, part) in enumerate(zip(frame.specified_children, parts, strict=False)):
            mismatch = None if part is None else self.matcher.match(child, part, EMPTY_ENVIRONMENT)
            if part is not None and mismatch is not None:
                mismatch = mismatch.within(frame.find_child_prefix(k), 0)
                if was_here and k == len(open_frames[0].specified_children):
                    return self._locate(child, part, open_frames[1:], node.parent, mismatch)
                return mismatch
        if node.parent is None or node.environment is not node.parent.environment:
            environment = node.environment
            for k in range(i, len(frame.children)):
                child, part = frame.children[k], parts[k]
                if part is None:
                    continue
                mismatch = self.matcher.match(child, part, environment) if k > i else None
                if mismatch is not None:
                    return mismatch.within(frame.find_child_prefix(k), 0)
                environment = learn_shared(child, part, environment)
        return None

    def _locate(
        self, term: Term, target: Term, frames: Sequence[Frame], parent: Node | None, mismatch: TermMismatch
    ) -> TermMismatch:
        """The mismatch of a specified term, which is not `target`, at its place in the space.

        The modules that stand for others are not in the term itself. So the place is found by the frames inside it that
        were open at the last choice, of `parent`, outermost first. `mismatch` is what is known without them.
        """
        if parent is None:
            return mismatch
        if not frames:
            inside = self.matcher.match(term, target, EMPTY_ENVIRONMENT)
            return mismatch if inside is None else inside.within(_find_inner_prefix(parent, term), 0)
        frame, first = frames[0], len(frames[0].specified_children)
        terms, parts = divide(frame.term, term), divide(frame.term, target)
        for k, (child, part) in enumerate(zip(terms[first:], parts[first:], strict=True), start=first):
            inside = child and part and self.matcher.match(child, part, EMPTY_ENVIRONMENT)
            if inside is not None and child is not None and part is not None:
                inside = inside.within(frame.find_child_prefix(k), 0)
                return self._locate(child, part, frames[1:], parent, inside) if k == first else inside
        return mismatch

    def _compare_focus(self, node: Node, target: Term) -> TermMismatch | None:
        focus, request, prefix = node.focus, node.request, find_prefix(node.frame, node.focus)
        assert request is not None
        if stands_for_another(focus):
            mismatch = self.matcher.match_rewriting(focus, request.values, target, node.environment)
            return None if mismatch is None else mismatch.within(prefix, 0)
        mismatch = self.matcher.match_fields(focus, target, node.environment)
        if mismatch is not None:
            return mismatch.within(prefix, 0)
        chosen = dict(target.hyperparameters)
        for name, value in zip(focus.plan.names, request.values, strict=False):
            if chosen[name] != value:
                after = f" is {format_value(chosen[name])}, and only {format_value(value)} fits there"
                return TermMismatch("its ", f"{prefix}{focus.word}.{name}", after)
        mismatch = self.matcher.match_children(focus, focus.subterms, target, node.environment)
        return None if mismatch is None else mismatch.within(prefix, 0)

    def _find_target(self, node: Node) -> Term | None:
        """The part of the architecture that the focus is to become; None where that is not known."""
        target: Term | None = self.architecture
        for frame in list_frames(node.frame):
            target = None if target is None else divide(frame.term, target)[len(frame.specified_children)]
        return target

    def _note(self, node: Node, mismatch: TermMismatch) -> None:
        """Remember the reason of a partial path if none led further."""
        key = _count_choices(node), mismatch.progress
        if key > self._farthest_key:
            self.farthest, self._farthest_key = mismatch, key

    def _refuse(self, mismatch: TermMismatch) -> ArchwrightError:
        if self.matcher.left_out:
            return MembershipUnknown(
                f"whether the architecture is in the space is not known, since {self.matcher.left_out} has more values "
                f"than can be tried; with those that were, {mismatch}"
            )
        return NotInSpace(f"the architecture is not in the space: {mismatch}", mismatch.place)


def _count_choices(node: Node) -> int:
    """How many choices lead to a node."""
    count = 0
    while node.parent is not None:
        node, count = node.parent, count + 1
    return count


def _list_open_frames(node: Node) -> list[Frame]:
    """The frames that were open at the last choice, outermost first."""
    return [] if node.parent is None else list_frames(node.parent.frame)


def _find_inner_prefix(node: Node, specified: Term) -> str:
    """What the names of choices begin with inside the module that asks at a node, which is `specified` then."""
    focus, prefix = node.focus, find_prefix(node.frame, node.focus)
    if not stands_for_another(focus):
        return prefix
    # What it stands for has its name, where it has none of its own.
    expansion = specified.with_name("") if specified.given_name == focus.given_name else specified
    return f"{prefix}{name_segment(focus, (expansion,), 0)}."


def _explain_illegal(node: Node, value: Value) -> TermMismatch:
    choice = node.choice
    assert choice is not None
    return TermMismatch("its ", choice.name, f" is {format_value(value)}, and what fits there is {choice.domain}")
