"""A search space with some of its choices made: the state of a traversal that asks for one hyperparameter at a time.

A term is a module with all that is inside it; the space itself is one. A node holds the term that the traversal has
come to, its focus; the focus's input shape; and a frame for each module around it (together a zipper, Huet 1997).
To advance, the traversal takes a step at the focus: it asks for a value of the next open hyperparameter, or descends
into the focus, or finds it specified, as nothing in it is open. A specified term goes into the frame around it, and the
traversal goes on to that module's next child; after its last child, the module is specified in turn.
"""

from collections.abc import Iterable
from html import escape
from typing import Any, final

from attrs import evolve, frozen

from archwright.core.demand import REFUSING_ZERO
from archwright.core.domain import Domain
from archwright.core.environment import EMPTY_ENVIRONMENT, Environment
from archwright.core.errors import MAX_NESTING, ArchwrightError, TooDeep
from archwright.core.modules.basic import Zero
from archwright.core.modules.places import Binding, BoundPlace
from archwright.core.names import name_segment, root_prefix
from archwright.core.nonterminal import require_bound
from archwright.core.shape import Misfit, Shape, as_shape
from archwright.core.step import Descent, ValueRequest, take_step
from archwright.core.term import Compound, Term, chain_out_shape
from archwright.core.value import IllegalValue, InvalidDomain, Path, Value, as_value, format_value


class DeadEnd(ArchwrightError, ValueError):
    """A place of a space where no option fits the shape that reaches it."""


class NothingToChoose(ArchwrightError, ValueError):
    """A value or a domain for a leaf, which has no open hyperparameter."""


class NotALeaf(ArchwrightError, ValueError):
    """A node that still has an open hyperparameter, where a leaf is needed."""


class PathMismatch(ArchwrightError, ValueError):
    """A path that does not lead through the space; the message has the first choice that does not fit."""


@final
@frozen
class Origin:
    """Where a traversal began."""

    space: Term
    input_shape: Shape


_set_attribute = object.__setattr__  # also of a frozen object


class _PrefixCache:
    """The slot of a frame for its prefix, which is no field, as it is computed later."""

    __slots__ = ("_prefix",)


@final
@frozen(eq=False)
class Frame(_PrefixCache):
    """A module around the focus, some of whose children are specified."""

    term: Compound
    in_shape: Shape
    outer: "Frame | None"  # of the module around this one; None for the whole space
    children: tuple[Term, ...]  # all of them, as they were before the first was traversed
    specified_children: tuple[Term, ...] = ()  # the first of `children`, specified
    outs: tuple[Shape, ...] = ()  # what `Compound.keep_shapes` keeps of the output shapes of the specified children
    depth: int = 1  # the number of frames from the outermost one to this one
    reached: int = 0  # the nodes that the input comes to so far, where the module has a connection; see `Connection`
    refuses_zero: bool = False  # whether its next child may not become a bare zero()

    @property
    def prefix(self) -> str:
        """What the names of choices in its next child begin with; computed at the first access."""
        # Most frames are read once or never, and an AttributeError for each would be slow.
        prefix: str | None = getattr(self, "_prefix", None)
        if prefix is None:
            frame = self if type(self.term) is not BoundPlace else find_let(self.term.binding, self)
            outer_prefix = frame.outer.prefix if frame.outer is not None else root_prefix(frame.term)
            i = len(self.specified_children)
            is_named = self.children[i].given_name
            segment = name_segment(self.term, self.children, i) if is_named else self.term.segment(i)
            prefix = f"{outer_prefix}{segment}."
            _set_attribute(self, "_prefix", prefix)
        return prefix


@final
@frozen
class Choice:
    """An open hyperparameter: its name, unique along the path, and its domain, the values that it may still have."""

    name: str
    domain: Domain


@final
@frozen(eq=False, repr=False)
class Node:
    """A space with some of its hyperparameters chosen. Immutable: choosing gives a new node that shares the rest."""

    origin: Origin
    focus: Term  # the term that the traversal has come to; at a leaf, the architecture
    shape: Shape  # the input shape of the focus; at a leaf, the output shape of the architecture
    frame: Frame | None  # of the module around the focus; None if the focus is the whole space
    environment: Environment  # the values of shared hyperparameters and the terms that lets have chosen, so far
    request: ValueRequest | None  # for a value of the open hyperparameter; None at a leaf
    domain: Domain | None  # of the open hyperparameter, perhaps narrowed; None at a leaf
    parent: "Node | None"  # the node at which `value` was chosen; None at the root
    value: Value | None  # the last choice; None at the root

    @property
    def is_leaf(self) -> bool:
        """Whether nothing is left to choose."""
        return self.domain is None

    @property
    def choice(self) -> Choice | None:
        """The open hyperparameter; None at a leaf."""
        return None if self.domain is None else Choice(self._get_choice_name(), self.domain)

    @property
    def path(self) -> Path:
        """The name and value of each choice so far."""
        choices: list[tuple[str, Value]] = []
        node = self
        while (parent := node.parent) is not None:
            assert node.value is not None
            choices.append((parent._get_choice_name(), node.value))
            node = parent
        return tuple(reversed(choices))

    @property
    def architecture(self) -> Term:
        """The fully specified term; only at a leaf."""
        if self.domain is not None:
            raise NotALeaf(f"{self!r} has no architecture yet; choose until is_leaf")
        return self.focus

    @property
    def out_shape(self) -> Shape:
        """The output shape of the architecture; only at a leaf."""
        if self.domain is not None:
            raise NotALeaf(f"{self!r} has no output shape yet; choose until is_leaf")
        return self.shape

    def choose(self, value: Value) -> "Node":
        """The node in which the open hyperparameter has `value`; this one is unchanged."""
        request, domain = self.request, self.domain
        if request is None or domain is None:
            raise self._refuse(value)
        try:
            value = domain.canonicalize(value)
            if domain is not request.domain:  # it was narrowed, perhaps to an equal value of another type: 1.0 for 1
                value = request.domain.canonicalize(value)
        except (ValueError, TypeError):
            return self.choose(self._as_plain(value))
        environment, values = self.environment, request.values
        if request.shared is None:
            values = (*values, value)
        else:
            environment = environment.set(request.shared, value)
        return _advance(self.origin, self.focus, self.shape, self.frame, environment, values, self, value)

    def narrow(self, domain: Domain) -> "Node":
        """The node in which the open hyperparameter has the smaller `domain`; if that has one value, it is chosen."""
        if self.domain is None or not self.domain.includes(domain):
            raise self._refuse(domain)
        if domain.size == 1:
            return self.choose(domain.from_unit(0.0))  # its only value
        return evolve(self, domain=domain)

    def _as_plain(self, value: Any) -> Value:
        """`value`, which is not in the domain, as a Python number if it is one of numpy's: that one may be in it."""
        try:
            plain_value = as_value(value)
        except InvalidDomain:
            raise self._refuse(value) from None
        if type(plain_value) is type(value):
            raise self._refuse(value)
        return plain_value

    def _get_choice_name(self) -> str:
        """The name of the open hyperparameter."""
        assert self.request is not None
        if self.request.shared is not None:
            return self.request.shared
        return f"{_format_place(self.focus, self.frame)}.{self.focus.plan.names[len(self.request.values)]}"

    def _refuse(self, value: Value | Domain) -> ArchwrightError:
        """The error for a value, or a domain, that cannot be chosen here."""
        choice = self.choice
        if choice is None:
            return NothingToChoose(f"{value} cannot be chosen: this node is a leaf, and nothing is left to choose")
        return IllegalValue(f"{choice.name} is {format_value(value)}; it may be one of {choice.domain}")

    def _get_identity(self) -> tuple[Any, ...]:
        """All that the other fields follow from: where the traversal began, what was chosen, and the open domain."""
        return (self.origin, self.path, self.domain)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Node) and (self is other or self._get_identity() == other._get_identity())

    def __hash__(self) -> int:
        return hash(self._get_identity())

    def __reduce__(self) -> tuple[Any, ...]:
        # Pickled as its path: pickle would recurse too deep into a chain of parents.
        return _restore, self._get_identity()

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
    if isinstance(space, Term):  # pyright: ignore[reportUnnecessaryIsInstance]
        require_bound(space)
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
            message = f"step {i} of the path is {name} = {format_value(value)}; it may be one of {choice.domain}"
            raise PathMismatch(message) from None
    return node


def _restore(origin: Origin, path: Path, domain: Domain | None) -> Node:
    node = replay(origin.space, origin.input_shape, path)
    return node if node.domain == domain else evolve(node, domain=domain)


class _LocatedMisfit(Misfit):
    """A misfit with its place in the space; one without a place is at the focus."""

    def __init__(self, reason: str, place: str) -> None:
        super().__init__(reason)
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
            demands = (REFUSING_ZERO,) if frame is not None and frame.refuses_zero else ()
            step = take_step(focus, shape, environment, values, *demands)
            for name, inferred in step.inferred:
                environment = environment.set(name, inferred)
            if type(step) is ValueRequest:  # a match statement takes more than twice as long
                return Node(origin, focus, shape, frame, environment, step, step.domain, parent, value)
            if type(step) is Descent:
                first_in_shape = step.compound.child_in_shape(0, shape, ())
                depth = 1 if frame is None else frame.depth + 1
                frame = Frame(
                    step.compound, shape, frame, step.children, (), (), depth, step.reached, step.refuses_zero
                )
                if depth > MAX_NESTING:
                    raise TooDeep(frame.prefix)
                focus, shape, values = step.children[0], first_in_shape, ()
            else:
                frame, term, out_shape, environment = _close_frames(frame, step.term, step.out_shape, environment)
                if frame is None:
                    return Node(origin, term, out_shape, None, environment, None, None, parent, value)
                i = len(frame.specified_children)
                focus, values = frame.children[i], ()
                shape = frame.term.child_in_shape(i, frame.in_shape, frame.outs)
    except Misfit as misfit:
        place = misfit.place if isinstance(misfit, _LocatedMisfit) else _format_place(focus, frame)
        raise DeadEnd(f"nothing fits at {place} after {_describe_choices(parent, value)}: {misfit}") from misfit
    except RecursionError as error:
        raise TooDeep(error.place if isinstance(error, TooDeep) else _format_place(focus, frame)) from error


def _describe_choices(parent: Node | None, value: Value | None) -> str:
    """The choices up to `value`, which was chosen at `parent`."""
    if parent is None:
        return "no choice at all"
    path = (*parent.path, (parent._get_choice_name(), value))  # pyright: ignore[reportPrivateUsage]
    return ", ".join(f"{name} = {choice}" for name, choice in path)


def _close_frames(
    frame: Frame | None, term: Term, out_shape: Shape, environment: Environment
) -> tuple[Frame | None, Term, Shape, Environment]:
    """The innermost frame with a child left to traverse, once `term`, of this output shape, is added to `frame`.

    If there is none, the term and the shape are the architecture's. The environment knows what was chosen for a let.
    """
    while frame is not None:
        module, children, copies = frame.term, frame.children, frame.term.copies
        outs, specified_children, reached = frame.outs, frame.specified_children, frame.reached
        connection, i = module.connection if reached else None, len(specified_children)
        try:
            while True:
                reached = connection.follow(i, reached, is_zero=isinstance(term, Zero)) if connection else 0
                specified_children = (*specified_children, term)
                last = out_shape if copies == 1 else chain_out_shape(term, out_shape, copies)
                outs = module.keep_shapes(i, frame.in_shape, outs, last)
                if (i := i + 1) == len(children):
                    break
                term = children[i]
                if term.plan.is_specified:
                    out_shape = term.out_shape(module.child_in_shape(i, frame.in_shape, outs))
                elif type(term) is BoundPlace and (chosen := environment.get(term.binding)):  # faster than a step
                    out_shape = chosen.out_shape(module.child_in_shape(i, frame.in_shape, outs))
                    term = term.with_children((chosen.term,))
                else:
                    inside = module, frame.in_shape, frame.outer, children, specified_children, outs, frame.depth
                    refuses = connection is not None and connection.refuses_zero(i, reached)
                    return Frame(*inside, reached, refuses), term, out_shape, environment
            if type(module) is BoundPlace:
                environment = environment.set(module.binding, module.binding.choose(term, frame.in_shape, out_shape))
            term, out_shape = module.with_children(specified_children), module.merge(frame.in_shape, outs)
        except Misfit as misfit:
            if i == len(specified_children) < len(children):  # child i does not fit
                place = _format_place(term, Frame(module, frame.in_shape, frame.outer, children, specified_children))
            else:
                place = _format_place(module, frame.outer)
            raise _LocatedMisfit(str(misfit), place) from misfit
        frame = frame.outer
    return None, term, out_shape, environment


def find_let(binding: Binding, frame: Frame | None) -> Frame:
    """The frame, among `frame` and those around it, of the let that has a binding."""
    while frame is not None and frame.term is not binding.let:
        frame = frame.outer
    assert frame is not None
    return frame


def _format_place(focus: Term, frame: Frame | None) -> str:
    """The place of a term in messages and names: the segments of the modules around it, and the word for it."""
    return (root_prefix(focus) if frame is None else frame.prefix) + focus.word
