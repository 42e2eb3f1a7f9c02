"""Completing a path of which some choices are given by name: the others are drawn, so that all given ones are asked.

Which choices a space asks may depend on other choices. What is drawn is drawn among the values after which every given
choice can still be asked, as far as the modules show without their shapes; where shapes, or given choices among each
other, stand against it after all, other values are tried, deepest first.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from attrs import define

from archwright.core.domain import Domain
from archwright.core.environment import EMPTY_ENVIRONMENT, Environment, compute_value, find_unknown
from archwright.core.errors import ArchwrightError, suggest_names
from archwright.core.frame import Frame, find_let, find_prefix, list_frames
from archwright.core.hyperparameter import list_analyzed_values
from archwright.core.modules.basic import Zero
from archwright.core.modules.graphs import Cell, Topology, is_connected
from archwright.core.modules.places import Binding, BoundPlace, Let
from archwright.core.names import name_segment, root_prefix
from archwright.core.node import Choice, DeadEnd, Node
from archwright.core.shape import Misfit
from archwright.core.term import Compound, Term
from archwright.core.term_cache import cache_on_term
from archwright.core.value import IllegalValue, Value, format_value

MAX_TRIED_NODES = 5_000  # partial paths that are tried before it is given up

_NO_NAMES = frozenset[Any]()


class NoSuchChoice(ArchwrightError, LookupError):
    """The name of a choice that a space never asks."""


class ChoicesExcluded(ArchwrightError, ValueError):
    """Choices that a space never asks together."""


def complete_choices(start: Node, choices: Mapping[str, Value], uniform: Callable[[], float]) -> Node:
    """A leaf below `start` on whose path each of `choices`, value by name, was asked and has its value.

    The other choices are drawn as by `sample`, in the same distribution, among the values after which all of `choices`
    can still be asked. Consumes a number in [0, 1) for each choice that is drawn; where a value cannot be taken, one
    more for each other value. The same numbers give the same leaf.

    Raises NoSuchChoice for a name that is never asked, IllegalValue for a value that a choice cannot have, and
    ChoicesExcluded where no leaf has all of `choices`, or none was found among `MAX_TRIED_NODES` partial paths.
    """
    require_known_names(start, choices)
    return _Completer(choices, uniform).complete(start)


def require_known_names(start: Node, names: Mapping[str, Value]) -> None:
    """Raise NoSuchChoice for the first name that no path below `start` asks, as far as the modules show."""
    unknown = [name for name in names if not _can_ask(start, name)]
    if not unknown:
        return
    known = find_all_names(start.origin.space)
    raise NoSuchChoice(f"the space never asks {unknown[0]!r}; {suggest_names(unknown[0], known)}")


@define
class _Completer:
    """A depth-first search for a leaf with the given choices, and the first reasons why a partial path led to none."""

    choices: Mapping[str, Value]
    uniform: Callable[[], float]
    tried: int = 0  # partial paths
    refusal: ArchwrightError | None = None  # of a value
    exclusion: str = ""  # which choices are not asked together

    def complete(self, start: Node) -> Node:
        stack = [iter([(start, frozenset(self.choices))])]
        while stack:
            step = next(stack[-1], None)
            if step is None:
                stack.pop()
                continue
            node, remaining = step
            if not node.is_leaf:
                stack.append(self._iterate_steps(node, remaining))
            elif not remaining:
                return node
            else:
                self._note_exclusion(node, remaining)
        raise self.refusal or ChoicesExcluded(self._explain_exclusion())

    def _iterate_steps(self, node: Node, remaining: frozenset[str]) -> Iterator[tuple[Node, frozenset[str]]]:
        """The nodes after the open choice of `node`, with the names that are still to be asked, in order of trying."""
        choice = node.choice
        assert choice is not None
        is_given = choice.name in remaining
        values = [self.choices[choice.name]] if is_given else self._draw_values(choice)
        remaining -= {choice.name}
        for value in values:
            self.tried += 1
            if self.tried > MAX_TRIED_NODES:
                return
            try:
                after = node.choose(value)
            except (IllegalValue, DeadEnd) as error:
                self.refusal = self.refusal or error
                continue
            if all(_can_ask(after, name) for name in remaining):
                yield after, remaining
            elif is_given:
                self._note_exclusion(after, remaining)

    def _draw_values(self, choice: Choice) -> Iterator[Value]:
        """A drawn value, then the others in random order; of a long range, its ends and its middle."""
        drawn = choice.domain.sample(self.uniform())
        yield drawn
        others = [value for value in list_analyzed_values(choice.domain) if value != drawn]
        yield from sorted(others, key=lambda _: self.uniform())

    def _note_exclusion(self, node: Node, remaining: frozenset[str]) -> None:
        missing = [name for name in self.choices if name in remaining and (node.is_leaf or not _can_ask(node, name))]
        met = [f"{name} = {format_value(value)}" for name, value in self.choices.items() if name not in remaining]
        self.exclusion = self.exclusion or f"{', '.join(missing)} is not asked with {', '.join(met) or 'the others'}"

    def _explain_exclusion(self) -> str:
        exclusion = self.exclusion or f"{', '.join(self.choices)} are not asked on one path"
        bound = (
            f" on any of the {MAX_TRIED_NODES:,} partial paths that were tried" if self.tried > MAX_TRIED_NODES else ""
        )
        return f"{exclusion}{bound}; leave one of them out, or give other values"


def _can_ask(node: Node, name: str) -> bool:
    """Whether a path below `node` may ask the choice `name`, as far as the modules show without their shapes."""
    if node.is_leaf:
        return False
    environment = node.environment
    for frame in list_frames(node.frame):
        if isinstance(frame.term, BoundPlace):  # later places of what is being chosen in it ask nothing more
            environment = environment.set(frame.term.binding, True)
    values = node.request.values if node.request is not None else ()
    if _asks(node.focus, find_prefix(node.frame, node.focus), name, environment, values, node.frame):
        return True
    frame = node.frame
    while frame is not None:
        for i in range(len(frame.specified_children) + 1, len(frame.children)):
            if _asks(frame.children[i], frame.find_child_prefix(i), name, environment, (), frame):
                return True
        frame = frame.outer
    return False


def _asks(
    term: Term, prefix: str, name: str, environment: Environment, values: tuple[Value, ...], frame: Frame | None
) -> bool:
    """Whether `term`, with these values of its first open hyperparameters, may ask `name`; `prefix` is of its names.

    `frame` is of a module around it.
    """
    try:
        names = find_choice_names(term, (), environment, values)
        if name in names if "." not in name else name.startswith(prefix) and name[len(prefix) :] in names:
            return True
        return any(_asks_in_place(b, name, environment, frame) for b in names if isinstance(b, Binding))
    except RecursionError:  # an expansion that only shapes bring to an end
        return True


def _asks_in_place(binding: Binding, name: str, environment: Environment, frame: Frame | None) -> bool:
    """Whether what is chosen for a name of a let may ask `name`; the let is `frame` or around it."""
    let = find_let(binding, frame)
    prefix = f"{find_prefix(let.outer, let.term)}{binding.prefix}"
    return name.startswith(prefix) and name[len(prefix) :] in find_choice_names(binding.term, (), environment, ())


def find_all_names(space: Term) -> frozenset[str]:
    """The names of all choices of a space, as far as the modules show; none where its expansions have no end."""
    try:
        return _add_prefix(root_prefix(space), find_choice_names(space, (), EMPTY_ENVIRONMENT, ()))
    except RecursionError:
        return _NO_NAMES


@cache_on_term
def find_choice_names(
    term: Term, shapes: tuple[()], environment: Environment, values: tuple[Value, ...]
) -> frozenset[Any]:
    """The names, relative to `term`, of all choices that it may ask once its first hyperparameters have `values`.

    `shapes` is empty: what does not fit is not left out, and nor are choices with one legal value, so these are too
    many rather than too few; of a long range, the modules after its ends and its middle alone are looked at. Shared
    hyperparameters have no prefix. In place of the names that a let around `term` gives to choices, there are bindings.
    RecursionError where expansions have no end without shapes.
    """
    plan, k = term.plan, len(values)
    if isinstance(term, Cell) and k < len(plan.slots):
        names = _find_names_by_edges(term, shapes, environment, values)
        if names is not None:
            return names
    if k == len(plan.slots):
        return _find_names_inside(term.specify(values) if plan.slots else term, shapes, environment)
    slot = plan.slots[k]
    if isinstance(slot, Domain):
        options = _list_options(term, slot)
        return frozenset([f"{term.word}.{plan.names[k]}"]).union(
            *(find_choice_names(term, shapes, environment, (*values, value)) for value in options)
        )
    if shared := find_unknown(slot, environment):
        options = _list_options(term, shared.domain)
        return frozenset([shared.name]).union(
            *(find_choice_names(term, shapes, environment.set(shared.name, value), values) for value in options)
        )
    try:
        value = compute_value(term, plan.names[k], slot, environment)
    except Misfit:
        return _NO_NAMES
    return find_choice_names(term, shapes, environment, (*values, value))


def _find_names_by_edges(
    cell: Cell, shapes: tuple[()], environment: Environment, values: tuple[Value, ...]
) -> frozenset[Any] | None:
    """As `find_choice_names`, of a cell, which has too many combinations of operations to look at each.

    None where the choice on one edge may decide on another one.
    """
    asked = cell.plan.names[len(values) :]
    names = {f"{cell.word}.{name}" for name in asked}
    with suppress(Misfit):
        graph = cell.leave_open(values)
        if graph is None:
            return None
        options = [
            cell.list_operations(name) if name in asked else (child,)
            for (name, _), child in zip(cell.ops, graph.children, strict=True)
        ]
        for i, operations in enumerate(options):
            for operation in operations:
                inside = find_choice_names(operation, shapes, environment, ())
                for segment in _list_segments(graph, options, i, operation) if inside else ():
                    names |= _add_prefix(f"{cell.word}.{segment}.", inside)
    return frozenset(names)


def _list_segments(graph: Topology, options: Sequence[Sequence[Term]], i: int, operation: Term) -> set[str]:
    """What comes before the names of choices in an operation on one edge, of which others may have the same name."""
    if not operation.given_name:
        return {graph.segment(i)}
    segments = set[str]()
    for is_shared in (False, True):
        others = [min(each, key=partial(_rank, name=operation.given_name, is_shared=is_shared)) for each in options]
        others[i] = operation
        if not graph.connected or is_connected(graph.edges, others, graph.merging):
            segments.add(name_segment(graph, others, i))
    return segments


def _rank(term: Term, *, name: str, is_shared: bool) -> tuple[bool, bool]:
    """Less for an operation that has a name, or another one, and for one that leads on."""
    return (term.given_name == name) is not is_shared, isinstance(term, Zero)


def _list_options(term: Term, domain: Domain) -> list[Value]:
    """The values on which it depends what a module asks: all that are analyzed, or one where it has no modules."""
    return list_analyzed_values(domain) if isinstance(term, Compound) else [domain.from_unit(0.5)]


def _find_names_inside(module: Term, shapes: tuple[()], environment: Environment) -> frozenset[Any]:
    """The names of the choices of a module's children, relative to the module."""
    if module.plan.is_specified or not isinstance(module, Compound):
        return _NO_NAMES
    if isinstance(module, BoundPlace):
        return _find_names_in_place(module.binding, shapes, environment)
    try:
        children = module.get_children()
    except Misfit:
        return _NO_NAMES
    names = set[Any]()
    for i, child in enumerate(children):
        names |= _add_prefix(f"{name_segment(module, children, i)}.", find_choice_names(child, shapes, environment, ()))
    for binding in names.intersection(module.bindings) if isinstance(module, Let) else ():
        names.discard(binding)
        names |= _add_prefix(binding.prefix, find_choice_names(binding.term, shapes, environment, ()))
    return frozenset(names)


def _find_names_in_place(binding: Binding, shapes: tuple[()], environment: Environment) -> frozenset[Any]:
    """The binding, in place of the names that its let gives, and the names that are not relative to a module."""
    if environment.get(binding):
        return _NO_NAMES
    names = find_choice_names(binding.term, shapes, environment, ())
    return frozenset([binding, *(name for name in names if not _is_relative(name))])


def _add_prefix(prefix: str, names: frozenset[Any]) -> frozenset[Any]:
    """Names of choices as a module further out has them."""
    return frozenset(f"{prefix}{name}" if _is_relative(name) else name for name in names)


def _is_relative(name: Any) -> bool:
    """Whether a name is relative to a module, unlike that of a shared hyperparameter, which has no dot."""
    return isinstance(name, str) and "." in name
