"""A search space with some of its choices made: the state of a traversal that asks for one hyperparameter at a time.

A term is a module with all that is inside it; the space itself is one. A node holds the term that the traversal has
come to, its focus; the focus's input shape; and a frame for each module around it (together a zipper, Huet 1997).
To advance, the traversal takes a step at the focus: it asks for a value of the next open hyperparameter, or descends
into the focus, or finds it specified, as nothing in it is open. A specified term goes into the frame around it, and the
traversal goes on to that module's next child; after its last child, the module is specified in turn.
"""

from collections.abc import Iterable, Mapping
from typing import Any, cast, final

from attrs import evolve, frozen

from archwright.core.analysis.demand import REFUSING_ZERO
from archwright.core.domain import Domain
from archwright.core.environment import EMPTY_ENVIRONMENT, Environment
from archwright.core.errors import MAX_NESTING, ArchwrightError, TooDeep, show
from archwright.core.frame import Frame, close_frames, format_place, locate_misfit
from archwright.core.modules.nonterminal import require_bound
from archwright.core.passage import Waypoint
from archwright.core.shape import Misfit, Shape, as_shape
from archwright.core.step import Descent, Step, ValueRequest, take_step
from archwright.core.term import Term
from archwright.core.term_cache import cache_on_term
from archwright.core.value import IllegalValue, InvalidDomain, Path, Value, as_value, format_value


class DeadEnd(ArchwrightError, ValueError):
    """A place of a space where no option fits the shape that reaches it."""

    def __init__(self, message: str, place: str = "") -> None:
        super().__init__(message)
        self.place = place  # the names of the modules around it and its own; empty for several places


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
        return None if self.domain is None else Choice(self.choice_name, self.domain)

    @property
    def path(self) -> Path:
        """The name and value of each choice so far."""
        choices: list[tuple[str, Value]] = []
        node = self
        while (parent := node.parent) is not None:
            assert node.value is not None
            choices.append((parent.choice_name, node.value))
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
        """The node in which the open hyperparameter has `value`; this one is unchanged.

        IllegalValue if it cannot have it, NothingToChoose at a leaf, and DeadEnd where nothing fits after it.
        """
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
        """The node in which the open hyperparameter has the smaller `domain`; if that has one value, it is chosen.

        IllegalValue unless it is a part of the domain that is open, NothingToChoose at a leaf.
        """
        if self.domain is None or not isinstance(domain, Domain) or not self.domain.includes(domain):  # pyright: ignore[reportUnnecessaryIsInstance]
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

    @property
    def choice_name(self) -> str:
        """The name of the open hyperparameter alone; only where there is one."""
        assert self.request is not None
        if self.request.shared is not None:
            return self.request.shared
        return f"{format_place(self.focus, self.frame)}.{self.focus.plan.names[len(self.request.values)]}"

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
        from html import escape  # here, since it brings a long table of names

        from archwright.core.drawing.svg import as_svg  # drawing knows every kind of term, so it comes later

        if self.is_leaf:
            return as_svg(self.architecture, self.origin.input_shape)
        return f"<pre>{escape(repr(self))}</pre>\n{as_svg(self.origin.space)}"


def root(space: Term, input_shape: Iterable[int]) -> Node:
    """The node in which nothing is chosen.

    DeadEnd if something in the space fits no such input, Misfit of what is no shape, NotASpace of what is no module.
    UnboundNonterminal and PlaceWithoutLet of what belongs into a grammar or a let, TooDeep of a space without end.
    """
    return _find_root(space, as_shape(input_shape), EMPTY_ENVIRONMENT, ())


@cache_on_term
def _find_root(space: Term, shape: Shape, environment: Environment, values: tuple[()]) -> Node:
    """As `root`; nothing is known or chosen before it, which is said for the cache alone."""
    require_bound(space)
    return _advance(Origin(space, shape), space, shape, None, environment, values, None, None)


def replay(space: Term, input_shape: Iterable[int], path: Iterable[tuple[str, Value]]) -> Node:
    """The node that `path` leads to.

    PathMismatch names the first choice that does not fit; DeadEnd where the path leads to one, and what `root` raises.
    """
    node = root(space, input_shape)
    for i, (name, value) in enumerate(_require_pairs(path)):
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


def _require_pairs(path: Any) -> list[tuple[str, Value]]:
    """The steps of a path. PathMismatch for anything else, such as choices by name, which are in no order."""
    if isinstance(path, Iterable) and not isinstance(path, str | Mapping):
        steps = list(cast(Iterable[Any], path))
        if all(isinstance(step, list | tuple) and len(cast(list[Any], step)) == 2 for step in steps):
            return steps
    raise PathMismatch(
        f"the path is {show(path)}; it must be pairs of a name and a value in order, as leaf.path and trial.path have "
        "them"
    )


def _restore(origin: Origin, path: Path, domain: Domain | None) -> Node:
    node = replay(origin.space, origin.input_shape, path)
    return node if node.domain == domain else evolve(node, domain=domain)


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
        if frame is None or not frame.waypoint.refuses_zero:
            step = take_step(focus, shape, environment, values)
        else:
            step = take_step(focus, shape, environment, values, REFUSING_ZERO)
        while True:
            for name, inferred in step.inferred:
                environment = environment.set(name, inferred)
            if type(step) is ValueRequest:  # a match statement takes more than twice as long
                return Node(origin, focus, shape, frame, environment, step, step.domain, parent, value)
            if type(step) is Descent:
                waypoint = step.waypoint
                frame = Frame(waypoint, frame, waypoint.passed, 1 if frame is None else frame.depth + 1)
                if frame.depth > MAX_NESTING:
                    raise TooDeep(frame.prefix)
            else:
                frame, term, out_shape, environment = close_frames(frame, step.term, step.out_shape, environment)
                if frame is None:
                    return Node(origin, term, out_shape, None, environment, None, None, parent, value)
                waypoint = frame.waypoint
            focus, shape = waypoint.child, waypoint.shape
            step = waypoint.first_step or _take_first_step(waypoint, environment)
    except Misfit as misfit:
        place = locate_misfit(misfit, focus, frame)
        message = f"nothing fits at {place} after {_describe_choices(parent, value)}: {misfit}"
        raise DeadEnd(message, place) from misfit
    except RecursionError as error:
        raise TooDeep(error.place if isinstance(error, TooDeep) else format_place(focus, frame)) from error


def _take_first_step(waypoint: Waypoint, environment: Environment) -> Step:
    """The first step at the child that is next; kept where it is the same in every environment."""
    child, shape = waypoint.child, waypoint.shape
    demands = (REFUSING_ZERO,) if waypoint.refuses_zero else ()
    if child.plan.keys and (child.plan.slots or child.own_keys):
        return take_step(child, shape, environment, (), *demands)
    step = take_step(child, shape, EMPTY_ENVIRONMENT, (), *demands)
    waypoint.keep_first_step(step)
    return step


def _describe_choices(parent: Node | None, value: Value | None) -> str:
    """The choices up to `value`, which was chosen at `parent`."""
    if parent is None:
        return "no choice at all"
    path = (*parent.path, (parent.choice_name, value))
    return ", ".join(f"{name} = {choice}" for name, choice in path)
