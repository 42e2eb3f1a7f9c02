"""The state of a traversal: a zipper over a term (Huet 1997) that asks one hyperparameter at a time.

A node is the term in focus, the shape that flows into it, and the frames of the modules around it. To go on is to let
the focus take its next step: it asks its next open hyperparameter, or is entered, or is done and handed to the frame
above, which goes on to its next child or is done in turn.
"""

from collections.abc import Iterable
from html import escape
from typing import Any, final

from attrs import evolve, frozen

from archwright.core.domain import Domain
from archwright.core.environment import Environment, nothing_shared
from archwright.core.errors import MAX_NESTING, ArchwrightError, TooDeep
from archwright.core.shape import Misfit, Shape
from archwright.core.shape import input_shape as as_shape
from archwright.core.step import Step, step
from archwright.core.term import Compound, Term, chain_out_shape
from archwright.core.value import IllegalValue, InvalidDomain, Value, as_value, format_value

Path = tuple[tuple[str, Value], ...]


class DeadEnd(ArchwrightError, ValueError):
    """A place of a space where no option fits the shape that reaches it."""


class NotAChoice(ArchwrightError, ValueError):
    """An attempt to choose at a leaf, or to read the architecture of a node that still has a choice."""


class PathMismatch(ArchwrightError, ValueError):
    """A path that does not lead through the space; the message has the first step that does not fit."""


@final
@frozen
class Origin:
    """Where a traversal began."""

    space: Term
    input_shape: Shape


_set = object.__setattr__


class _Placed:
    __slots__ = ("_prefix",)


@final
@frozen(eq=False)
class Frame(_Placed):
    """A module that was entered and is not done: the surroundings of the focus."""

    term: Compound
    in_shape: Shape
    above: "Frame | None"
    inside: tuple[Term, ...]  # the children: those before the focus as they were, and the focus, and those after it
    done: tuple[Term, ...] = ()  # the children before the focus, specified
    outs: tuple[Shape, ...] = ()  # what the module remembers of their output shapes
    depth: int = 1  # how many modules are entered, with this one

    @property
    def prefix(self) -> str:
        """What comes before the focus in its name, worked out when it is first read and shared by siblings."""
        found: str | None = getattr(self, "_prefix", None)  # most are read once or never: no exception for each
        if found is None:
            above = self.above.prefix if self.above is not None else ""
            found = f"{above}{self.term.segment(len(self.done))}."
            _set(self, "_prefix", found)
        return found


@final
@frozen
class Choice:
    """An open hyperparameter: its name, unique along the path, and what it may still be."""

    name: str
    domain: Domain


@final
@frozen(eq=False, repr=False)
class Node:
    """A space with some of its hyperparameters chosen. Immutable: choosing gives a new node that shares the rest."""

    origin: Origin
    focus: Term  # at a leaf, the architecture
    shape: Shape  # the input shape of the focus; at a leaf, the output shape of the architecture
    frame: Frame | None
    environment: Environment
    step: Step | None  # what the focus does next: it asks; None at a leaf
    domain: Domain | None  # of the hyperparameter that is asked, perhaps narrowed; None at a leaf
    parent: "Node | None"  # the node at which `value` was chosen
    value: Value | None

    @property
    def is_leaf(self) -> bool:
        """Whether nothing is left to choose."""
        return self.domain is None

    @property
    def choice(self) -> Choice | None:
        """The open hyperparameter; None at a leaf."""
        return None if self.domain is None else Choice(self._asked(), self.domain)

    @property
    def path(self) -> Path:
        """The name and value of each choice so far."""
        steps: list[tuple[str, Value]] = []
        node = self
        while (before := node.parent) is not None:
            assert node.value is not None
            steps.append((before._asked(), node.value))
            node = before
        return tuple(reversed(steps))

    @property
    def architecture(self) -> Term:
        """The fully specified term; only at a leaf."""
        if self.domain is not None:
            raise NotAChoice(f"{self!r} has no architecture yet; choose until is_leaf")
        return self.focus

    @property
    def out_shape(self) -> Shape:
        """The output shape of the architecture; only at a leaf."""
        if self.domain is not None:
            raise NotAChoice(f"{self!r} has no output shape yet; choose until is_leaf")
        return self.shape

    def choose(self, value: Value) -> "Node":
        """The node in which the open hyperparameter has `value`; this one is unchanged."""
        asked, domain = self.step, self.domain
        if asked is None or domain is None:
            raise self._refusal(value)
        try:
            value = domain.canonicalize(value)
            if domain is not asked.domain and asked.domain is not None:  # narrowed, perhaps to equals such as 1.0 of 1
                value = asked.domain.canonicalize(value)
        except (ValueError, TypeError):
            return self.choose(self._plain(value))
        environment, answers = self.environment, asked.answers
        if asked.shared is None:
            answers = (*answers, value)
        else:
            environment = environment.set(asked.shared, value)
        return _advance(self.origin, self.focus, self.shape, self.frame, environment, answers, self, value)

    def narrow(self, domain: Domain) -> "Node":
        """The node in which the open hyperparameter has a smaller domain; of one value, the node that chooses it."""
        if self.domain is None or not self.domain.includes(domain):
            raise self._refusal(domain)
        return self.choose(domain.from_unit(0.0)) if domain.size == 1 else evolve(self, domain=domain)

    def _plain(self, value: Any) -> Value:
        """A value that is none of the domain as it is, as a plain one: of numpy, it may be one then."""
        try:
            made = as_value(value)
        except InvalidDomain:
            raise self._refusal(value) from None
        if type(made) is type(value):
            raise self._refusal(value)
        return made

    def _asked(self) -> str:
        """The name of the open hyperparameter."""
        assert self.step is not None
        if self.step.shared is not None:
            return self.step.shared
        return f"{_place(self.focus, self.frame)}.{self.focus.plan.names[len(self.step.answers)]}"

    def _refusal(self, wanted: Value | Domain) -> ArchwrightError:
        choice = self.choice
        if choice is None:
            return NotAChoice(f"{wanted} cannot be chosen: this node is a leaf, and nothing is left to choose")
        return IllegalValue(f"{choice.name} is {format_value(wanted)}; it may be one of {choice.domain}")

    def _identity(self) -> tuple[Any, ...]:
        return (self.origin, self.path, self.domain)

    def __eq__(self, other: object) -> bool:
        # The traversal is a function of where it began, what was chosen and what is asked; frames need no comparing.
        return isinstance(other, Node) and (self is other or self._identity() == other._identity())

    def __hash__(self) -> int:
        return hash(self._identity())

    def __reduce__(self) -> tuple[Any, ...]:
        # As its path: a chain of parents would go deeper than pickle does.
        return _restored, self._identity()

    def __repr__(self) -> str:
        steps = ", ".join(f"{name}={value}" for name, value in self.path)
        choice = self.choice
        return f"<leaf {steps}>" if choice is None else f"<node {steps} | {choice.name} in {choice.domain}>"

    def _repr_html_(self) -> str:
        """For notebooks: the picture of a leaf's architecture, or of the space with what is chosen so far above it."""
        from archwright.core.drawing.svg import as_svg  # drawing knows every kind of term, so it comes later

        if self.is_leaf:
            return as_svg(self.architecture, self.origin.input_shape)
        return f"<pre>{escape(repr(self))}</pre>\n{as_svg(self.origin.space)}"


def root(space: Term, input_shape: Iterable[int]) -> Node:
    """The node in which nothing is chosen. DeadEnd if something in the space fits no such input."""
    shape = as_shape(input_shape)
    return _advance(Origin(space, shape), space, shape, None, nothing_shared, (), None, None)


def replay(space: Term, input_shape: Iterable[int], path: Iterable[tuple[str, Value]]) -> Node:
    """The node that `path` leads to. PathMismatch names the first step that does not fit."""
    node = root(space, input_shape)
    for i, (name, value) in enumerate(path):
        choice = node.choice
        if choice is None:
            raise PathMismatch(f"step {i} of the path is {name} = {value}; the space asks nothing more there")
        if choice.name != name:
            raise PathMismatch(f"step {i} of the path is {name} = {value}; the space asks {choice.name} there")
        try:
            node = node.choose(value)
        except IllegalValue:
            unfit = f"step {i} of the path is {name} = {format_value(value)}; it may be one of {choice.domain}"
            raise PathMismatch(unfit) from None
    return node


def _restored(origin: Origin, path: Path, domain: Domain | None) -> Node:
    node = replay(origin.space, origin.input_shape, path)
    return node if node.domain == domain else evolve(node, domain=domain)


class _Elsewhere(Misfit):
    """A misfit at another place than the focus."""

    def __init__(self, why: str, place: str) -> None:
        super().__init__(why)
        self.place = place


def _advance(
    origin: Origin,
    focus: Term,
    shape: Shape,
    frame: Frame | None,
    environment: Environment,
    answers: tuple[Value, ...],
    parent: Node | None,
    value: Value | None,
) -> Node:
    """The next node that asks something, or the leaf."""
    try:
        while True:
            taken = step(focus, shape, environment, answers)
            for name, only in taken.learned:
                environment = environment.set(name, only)
            if taken.domain is not None:
                return Node(origin, focus, shape, frame, environment, taken, taken.domain, parent, value)
            if (entered := taken.entered) is not None:
                first = entered.child_in_shape(0, shape, ())
                depth = 1 if frame is None else frame.depth + 1
                frame = Frame(entered, shape, frame, taken.inside, depth=depth)
                if depth > MAX_NESTING:
                    raise TooDeep(frame.prefix)
                focus, shape, answers = taken.inside[0], first, ()
                continue
            assert taken.done is not None
            frame, term, out = _hand_over(frame, taken.done, taken.out)
            if frame is None:
                return Node(origin, term, out, None, environment, None, None, parent, value)
            i = len(frame.done)
            focus, answers = frame.inside[i], ()
            shape = frame.term.child_in_shape(i, frame.in_shape, frame.outs)
    except Misfit as misfit:
        steps = () if parent is None else (*parent.path, (parent._asked(), value))  # pyright: ignore[reportPrivateUsage]
        chosen = ", ".join(f"{name} = {v}" for name, v in steps) or "no choice at all"
        place = misfit.place if isinstance(misfit, _Elsewhere) else _place(focus, frame)
        raise DeadEnd(f"nothing fits at {place} after {chosen}: {misfit}") from misfit
    except RecursionError as error:
        raise TooDeep(error.place if isinstance(error, TooDeep) else _place(focus, frame)) from error


def _hand_over(frame: Frame | None, term: Term, out: Shape) -> tuple[Frame | None, Term, Shape]:
    """The frame that has an open child next, now that `term` in the given one is done; None if the whole space is.

    With None come the architecture and its output shape.
    """
    while frame is not None:
        parent, inside, outs, done = frame.term, frame.inside, frame.outs, frame.done
        copies, i = parent.copies, -1
        try:
            while True:
                done = (*done, term)
                outs = parent.remember(outs, out if copies == 1 else chain_out_shape(term, out, copies))
                i = len(done)
                if i == len(inside):
                    break
                term = inside[i]
                if not term.plan.closed:
                    return Frame(parent, frame.in_shape, frame.above, inside, done, outs, frame.depth), term, out
                out = term.out_shape(parent.child_in_shape(i, frame.in_shape, outs))
            term, out = parent.with_children(done), parent.merge(frame.in_shape, outs)
        except Misfit as misfit:
            at_child = i == len(done) < len(inside)
            stuck = Frame(parent, frame.in_shape, frame.above, inside, done) if at_child else frame.above
            raise _Elsewhere(str(misfit), _place(term if at_child else parent, stuck)) from misfit
        frame = frame.above
    return None, term, out


def _place(focus: Term, frame: Frame | None) -> str:
    """Where a term is: the segments of the modules around it, and its kind."""
    return focus.kind if frame is None else frame.prefix + focus.kind
