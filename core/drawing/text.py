"""Spaces and architectures as text."""

from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING

from attrs import fields

from archwright.core.domain import Domain, Values
from archwright.core.drawing.repeated import DrawnBefore, fold_graphs, is_graph
from archwright.core.errors import to_one_line
from archwright.core.expression import Expression, Shared
from archwright.core.hyperparameter import Slot
from archwright.core.modules.choices import Either
from archwright.core.modules.composite import Sequential, Wired
from archwright.core.modules.nonterminal import NonterminalBinder
from archwright.core.modules.places import Let, Place
from archwright.core.shape import Shape
from archwright.core.term import Composite, Term
from archwright.core.value import Value
from archwright.core.wiring import Joint

if TYPE_CHECKING:
    from archwright.core.variation.derivation import DerivationNode


def as_text(term: Term, in_shape: Shape | None = None) -> str:
    """A tree with a module in each line; with its input shape, that of an architecture has shapes and parameters.

    The name of a module stands before it, and before that its label, if it is an option.
    Equal graphs in a row have one line, or one tree, and so have places; a graph that came before has one line.
    """
    shape = in_shape if term.plan.is_specified else None
    return "\n".join(_draw_lines(fold_graphs(term), "", "", "", "", shape))


def _draw_lines(term: Term, label: str, copies: str, first: str, rest: str, shape: Shape | None) -> Iterator[str]:
    name = f"{term.given_name}: " if term.given_name else ""
    yield to_one_line(first + label + name + _describe(term) + copies + _describe_shapes(term, shape))
    if isinstance(term, NonterminalBinder):
        yield from _draw_rules(term, rest)
        return
    children = term.subterms
    labels = _label_children(term)
    shapes: list[Shape | None] = [None] * len(children)
    if shape is not None and isinstance(term, Composite):
        for i, _, before, _ in term.iterate_calls(shape):
            shapes[i] = shapes[i] or before
    i = 0
    while i < len(children):
        child, length = children[i], _measure_run(children, i) if isinstance(term, Sequential) else 1
        branch, below = _choose_branch(i + length - 1, len(children))
        repeated = f" ({length} times)" if length > 1 else ""
        yield from _draw_lines(child, labels[i], repeated, rest + branch, rest + below, shapes[i])
        i += length


def _label_children(term: Term) -> list[str]:
    if isinstance(term, Either):
        return [f"{option}: " for option in term.labels]
    if isinstance(term, Let):
        return [*(f"{name}: " for name in term.names), ""]
    if isinstance(term, Wired):
        return [f"{i + 1} of {_describe_joint(joint)}: " for i, joint in enumerate(term.joints.inputs)]
    return [""] * len(term.subterms)


def _describe_joint(joint: Joint) -> str:
    """The sources of a joint, and how they merge."""
    sources = ", ".join(map(str, joint.sources))
    return sources if len(joint.sources) == 1 or joint.merge == "add" else f"{sources} as {joint.merge}"


def _measure_run(children: Sequence[Term], start: int) -> int:
    """How many children from `start` on are the same graph, or places for the same term."""
    child = children[start]
    if not (is_graph(child) or isinstance(child, DrawnBefore | Place)):
        return 1
    return 1 + sum(1 for _ in takewhile(lambda other: other == child, children[start + 1 :]))


def _choose_branch(i: int, n: int) -> tuple[str, str]:
    """What stands before the first line of the `i`-th of `n` branches, and before its other lines."""
    return ("└─ ", "   ") if i == n - 1 else ("├─ ", "│  ")


def _draw_rules(grammar: NonterminalBinder, rest: str) -> Iterator[str]:
    """Each rule once, that of the start first, with its productions below it."""
    rules = grammar.list_rules()
    for i, (symbol, productions) in enumerate(rules):
        branch, below = _choose_branch(i, len(rules))
        yield rest + branch + symbol
        for k, production in enumerate(productions):
            inner_branch, inner_below = _choose_branch(k, len(productions))
            label = f"{production.format()}: "
            before, after = rest + below + inner_branch, rest + below + inner_below
            yield from _draw_lines(production.term, label, "", before, after, None)


def _describe(term: Term) -> str:
    """The word for it and its hyperparameters, without defaults that were not chosen and what the lines below show."""
    if isinstance(term, NonterminalBinder):
        depth = f", depth={term.depth}" if term.depth else ""
        return f"{term.kind}({term.start}{depth})"
    if isinstance(term, Place):
        return f"{term.word}({term.term_name})"
    if isinstance(term, Wired):
        return f"{term.kind}(output of {_describe_joint(term.joints.output)})"
    defaults: dict[str, object] = {a.name: a.default for a in fields(type(term))}
    details = [
        f"{name}={_format_slot(slot)}"
        for name, slot in term.hyperparameters
        if (name in term.open_names or slot != defaults.get(name))
        and not (isinstance(term, Either) and slot == Values(term.labels))
    ]
    return f"{term.word}({', '.join(details)})" if details else term.word


def _format_slot(slot: Slot) -> str:
    if isinstance(slot, Shared):
        return f"{slot.name} {_format_slot(slot.domain)}"
    if isinstance(slot, Domain) and slot.size == 1:  # no choice
        slot = slot.from_unit(0.0)
    if isinstance(slot, Domain | Expression):
        return str(slot)
    return format_drawn_value(slot)


def format_asker(node: "DerivationNode") -> str:
    """A module of a derivation with its own choices, as in `1.repeat(count=2)`."""
    values = ", ".join(f"{name.rpartition('.')[2]}={format_drawn_value(value)}" for name, value in node.own)
    return f"{node.place}({values})"


def format_drawn_value(value: Value) -> str:
    """A value as drawings in text show it: a float in six digits."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def _describe_shapes(term: Term, shape: Shape | None) -> str:
    if shape is None:
        return ""
    parameters = term.parameters(shape)
    size = f", {parameters:,} parameters" if parameters else ""
    return f"   {shape} -> {term.out_shape(shape)}{size}"
