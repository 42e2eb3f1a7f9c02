"""A search space with some of its choices made: the state of a traversal that asks for one hyperparameter at a time.

A term is a module with all that is inside it; the space itself is one. A node holds the term that the traversal has
come to, its focus; the shape that flows into it; and a frame for each module around it (together a zipper, Huet 1997).
To go on, the focus takes its next step: it asks for a value of its next open hyperparameter, or is entered, or is done
because nothing in it is open. A term that is done is put into the frame around it, which goes on to its next child or
is done in turn.
"""

from collections.abc import Iterable
from html import escape
from typing import Any, final

from attrs import evolve, frozen

from archwright.core.domain import Domain
from archwright.core.environment import EMPTY_ENVIRONMENT, Environment
from archwright.core.errors import MAX_NESTING, ArchwrightError, TooDeep
from archwright.core.shape import Misfit, Shape, as_shape
from archwright.core.step import Ask, Enter, take_step
from archwright.core.term import Compound, Term, chain_out_shape
from archwright.core.value import IllegalValue, InvalidDomain, Path, Value, as_value, format_value


class DeadEnd(ArchwrightError, ValueError):
    """A place of a space where no option fits the shape that reaches it."""


class NotAChoice(ArchwrightError, ValueError):
    """An attempt to choose at a leaf, or to read the architecture of a node that still has a choice."""


class PathMismatch(ArchwrightError, ValueError):
    """A path that does not lead through the space; the message has the first choice that does not fit."""


@final
@frozen
class Origin:
    """Where a traversal began."""

    space: Term
    input_shape: Shape


_set = object.__setattr__


class _WithPrefix:
    """A place for the prefix of a frame, which is no field: frames are frozen, and compared without it."""

    __slots__ = ("_prefix",)


@final
@frozen(eq=False)
class Frame(_WithPrefix):
    """A module that was entered and is not done: it is around the term that the traversal has come to."""

    term: Compound
    in_shape: Shape
    above: "Frame | None"  # the module around this one
    children: tuple[Term, ...]  # all of them, as they were when the module was entered
    done: tuple[Term, ...] = ()  # the first of them, specified
    outs: tuple[Shape, ...] = ()  # the output shapes of those, or what of them the module depends on
    depth: int = 1  # how many modules are entered, with this one

    @property
    def prefix(self) -> str:
        """The first part of the names of choices in its next child; worked out when it is first read."""
        prefix: str | None = getattr(self, "_prefix", None)  # most are read once or never: no exception for each
        if prefix is None:
            above = self.above.prefix if self.above is not None else ""
            prefix = f"{above}{self.term.segment(len(self.done))}."
            _set(self, "_prefix", prefix)
        return prefix


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
    focus: Term  # the term that the traversal has come to; at a leaf, the architecture
    shape: Shape  # the input shape of the focus; at a leaf, the output shape of the architecture
    frame: Frame | None  # the module around the focus; None if that is the whole space
    environment: Environment  # the shared hyperparameters that have a value
    ask: Ask | None  # what the focus asks for; None at a leaf
    domain: Domain | None  # of the open hyperparameter, perhaps narrowed; None at a leaf
    parent: "Node | None"  # the node at which `value` was chosen
    value: Value | None

    @property
    def is_leaf(self) -> bool:
        """Whether nothing is left to choose."""
        return self.domain is None

    @property
    def choice(self) -> Choice | None:
        """The open hyperparameter; None at a leaf."""
        return None if self.domain is None else Choice(self._choice_name(), self.domain)

    @property
    def path(self) -> Path:
        """The name and value of each choice so far."""
        choices: list[tuple[str, Value]] = []
        node = self
        while (parent := node.parent) is not None:
            assert node.value is not None
            choices.append((parent._choice_name(), node.value))
            node = parent
        return tuple(reversed(choices))

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
        ask, domain = self.ask, self.domain
        if ask is None or domain is None:
            raise self._refuse(value)
        try:
            value = domain.canonicalize(value)
            if domain is not ask.domain:  # narrowed, perhaps to equal values such as 1.0 for 1
                value = ask.domain.canonicalize(value)
        except (ValueError, TypeError):
            return self.choose(self._as_plain(value))
        environment, values = self.environment, ask.values
        if ask.shared is None:
            values = (*values, value)
        else:
            environment = environment.set(ask.shared, value)
        return _advance(self.origin, self.focus, self.shape, self.frame, environment, values, self, value)

    def narrow(self, domain: Domain) -> "Node":
        """The node in which the open hyperparameter has a smaller domain; of one value, the node that chooses it."""
        if self.domain is None or not self.domain.includes(domain):
            raise self._refuse(domain)
        return self.choose(domain.from_unit(0.0)) if domain.size == 1 else evolve(self, domain=domain)

    def _as_plain(self, value: Any) -> Value:
        """A value that is not in the domain as a plain one, which may be in it: numpy's numbers become Python's."""
        try:
            plain_value = as_value(value)
        except InvalidDomain:
            raise self._refuse(value) from None
        if type(plain_value) is type(value):
            raise self._refuse(value)
        return plain_value

    def _choice_name(self) -> str:
        """The name of the open hyperparameter."""
        assert self.ask is not None
        if self.ask.shared is not None:
            return self.ask.shared
        return f"{_name_place(self.focus, self.frame)}.{self.focus.plan.names[len(self.ask.values)]}"

    def _refuse(self, value: Value | Domain) -> ArchwrightError:
        """The error for a value, or a domain, that cannot be chosen here."""
        choice = self.choice
        if choice is None:
            return NotAChoice(f"{value} cannot be chosen: this node is a leaf, and nothing is left to choose")
        return IllegalValue(f"{choice.name} is {format_value(value)}; it may be one of {choice.domain}")

    def _identity(self) -> tuple[Any, ...]:
        return (self.origin, self.path, self.domain)

    def __eq__(self, other: object) -> bool:
        # The traversal is a function of where it began, what was chosen and what may be; frames need no comparing.
        return isinstance(other, Node) and (self is other or self._identity() == other._identity())

    def __hash__(self) -> int:
        return hash(self._identity())

    def __reduce__(self) -> tuple[Any, ...]:
        # As its path: pickle would recurse too deep into a chain of parents.
        return _restore, self._identity()

    def __repr__(self) -> str:
        path = ", ".join(f"{name}={value}" for name, value in self.path)
        choice = self.choice
        return f"<leaf {path}>" if choice is None else f"<node {path} | {choice.name} in {choice.domain}>"

    def _repr_html_(self) -> str:
        """For notebooks: the picture of a leaf's architecture, or of the space with what is chosen so far above it."""
        from archwright.core.drawing.svg import as_svg  # drawing knows every kind of term, so it comes later

        if self.is_leaf:
            return as_svg(self.architecture, self.origin.input_shape)
        return f"<pre>{escape(repr(self))}</pre>\n{as_svg(self.origin.space)}"


def root(space: Term, input_shape: Iterable[int]) -> Node:
    """The node in which nothing is chosen. DeadEnd if something in the space fits no such input."""
    shape = as_shape(input_shape)
    return _advance(Origin(space, shape), space, shape, None, EMPTY_ENVIRONMENT, (), None, None)


def replay(space: Term, input_shape: Iterable[int], path: Iterable[tuple[str, Value]]) -> Node:
    """The node that `path` leads to. PathMismatch names the first choice that does not fit."""
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


def _restore(origin: Origin, path: Path, domain: Domain | None) -> Node:
    node = replay(origin.space, origin.input_shape, path)
    return node if node.domain == domain else evolve(node, domain=domain)


class _MisfitAt(Misfit):
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
    values: tuple[Value, ...],
    parent: Node | None,
    value: Value | None,
) -> Node:
    """The next node with an open hyperparameter, or the leaf; `value` was chosen last, at `parent`."""
    try:
        while True:
            step = take_step(focus, shape, environment, values)
            for name, inferred in step.inferred:
                environment = environment.set(name, inferred)
            if isinstance(step, Ask):  # a match statement takes twice as long
                return Node(origin, focus, shape, frame, environment, step, step.domain, parent, value)
            if isinstance(step, Enter):
                first = step.compound.child_in_shape(0, shape, ())
                depth = 1 if frame is None else frame.depth + 1
                frame = Frame(step.compound, shape, frame, step.children, depth=depth)
                if depth > MAX_NESTING:
                    raise TooDeep(frame.prefix)
                focus, shape, values = step.children[0], first, ()
            else:
                frame, term, out = _close_frames(frame, step.term, step.out_shape)
                if frame is None:
                    return Node(origin, term, out, None, environment, None, None, parent, value)
                i = len(frame.done)
                focus, values = frame.children[i], ()
                shape = frame.term.child_in_shape(i, frame.in_shape, frame.outs)
    except Misfit as misfit:
        place = misfit.place if isinstance(misfit, _MisfitAt) else _name_place(focus, frame)
        raise DeadEnd(f"nothing fits at {place} after {_describe_choices(parent, value)}: {misfit}") from misfit
    except RecursionError as error:
        raise TooDeep(error.place if isinstance(error, TooDeep) else _name_place(focus, frame)) from error


def _describe_choices(parent: Node | None, value: Value | None) -> str:
    """The choices up to `value`, which was chosen at `parent`."""
    if parent is None:
        return "no choice at all"
    path = (*parent.path, (parent._choice_name(), value))  # pyright: ignore[reportPrivateUsage]
    return ", ".join(f"{name} = {chosen}" for name, chosen in path)


def _close_frames(frame: Frame | None, term: Term, out: Shape) -> tuple[Frame | None, Term, Shape]:
    """The innermost frame that has an open child left, now that `term`, of output shape `out`, is done in `frame`.

    None if the whole space is done; with it come the architecture and its output shape. Children that are specified
    from the beginning are done on the way.
    """
    while frame is not None:
        module, children, outs, done = frame.term, frame.children, frame.outs, frame.done
        copies, i = module.copies, -1
        try:
            while True:
                done = (*done, term)
                outs = module.remember(outs, out if copies == 1 else chain_out_shape(term, out, copies))
                i = len(done)
                if i == len(children):
                    break
                term = children[i]
                if not term.plan.specified:
                    return Frame(module, frame.in_shape, frame.above, children, done, outs, frame.depth), term, out
                out = term.out_shape(module.child_in_shape(i, frame.in_shape, outs))
            term, out = module.with_children(done), module.merge(frame.in_shape, outs)
        except Misfit as misfit:
            at_child = i == len(done) < len(children)
            around = Frame(module, frame.in_shape, frame.above, children, done) if at_child else frame.above
            raise _MisfitAt(str(misfit), _name_place(term if at_child else module, around)) from misfit
        frame = frame.above
    return None, term, out


def _name_place(focus: Term, frame: Frame | None) -> str:
    """Where a term is: the segments of the modules around it, and its kind."""
    return focus.kind if frame is None else frame.prefix + focus.kind
