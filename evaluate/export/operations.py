"""What an architecture does, step by step, as values of which code is written."""

import math
from collections.abc import Iterator
from typing import Any, Literal, final

from attrs import field, frozen

from archwright.core.modules.composite import pad_shapes
from archwright.core.modules.graphs import Edge
from archwright.core.shape import Shape

Merging = Literal["add", "concatenate"]
Numbers = tuple[tuple[str, int], ...]  # integers in code, each with the name of what it is


@frozen
class Argument:
    """An argument of a call, as torch names it."""

    name: str
    value: Any
    keyword: bool = False

    @property
    def is_number(self) -> bool:
        """Whether it is an integer, in which classes that are otherwise alike may differ."""
        return isinstance(self.value, int) and not isinstance(self.value, bool)


@final
@frozen
class ModuleCall:
    """A module of torch's, made in __init__ and called in forward."""

    name: str  # of its attribute, without a number
    call: str  # what makes it, as in nn.Conv2d
    arguments: tuple[Argument, ...] = ()
    out: Shape = field(default=(), eq=False)  # comments tell shapes; code that differs in nothing else is the same

    def skeleton(self) -> Any:
        """Everything but the numbers."""
        shown = tuple((a.name, a.keyword, None if a.is_number else repr(a.value)) for a in self.arguments)
        return ("layer", self.name, self.call, shown)

    def numbers(self) -> Numbers:
        """The integers in the call."""
        return tuple((a.name, a.value) for a in self.arguments if a.is_number)


@final
@frozen
class FunctionCall:
    """An expression in forward that needs nothing remembered; `{x}` in it stands for the input."""

    code: str
    out: Shape = field(default=(), eq=False)

    def skeleton(self) -> Any:
        """All of it."""
        return ("function", self.code)

    def numbers(self) -> Numbers:
        """None: those in a function are part of it."""
        return ()


@final
@frozen
class UserModule:
    """A module of a person's own: an expression that makes it, and what must be defined before.

    `{0}`, `{1}` ... in the expression stand for the modules inside.
    """

    name: str
    expression: str
    definitions: str = ""
    inside: "tuple[Operations, ...]" = ()
    out: Shape = field(default=(), eq=False)

    def skeleton(self) -> Any:
        """Everything but the numbers of the modules inside."""
        return ("own", self.name, self.expression, self.definitions, tuple(map(skeleton, self.inside)))

    def numbers(self) -> Numbers:
        """Those of the modules inside."""
        return numbers(*self.inside)


@final
@frozen
class Block:
    """Steps that get a class of their own."""

    name: str  # of the class, without a number
    about: str  # its docstring
    body: "Operations | BranchGraph"
    out: Shape = field(default=(), eq=False)

    def skeleton(self) -> Any:
        """Everything but the numbers: classes alike in it can be one class with parameters."""
        return ("block", self.name, skeleton(self.body) if isinstance(self.body, tuple) else self.body.skeleton())

    def numbers(self) -> Numbers:
        """Those of all steps inside."""
        return numbers(self.body) if isinstance(self.body, tuple) else self.body.numbers()


@final
@frozen
class Repetition:
    """A step several times in a row, each with weights of its own."""

    step: "ModuleCall | UserModule | Block"
    count: int
    out: Shape = field(default=(), eq=False)

    def skeleton(self) -> Any:
        """Everything but the numbers of the step."""
        return ("repeated", self.count, self.step.skeleton())

    def numbers(self) -> Numbers:
        """Those of the step, once."""
        return self.step.numbers()


Operation = ModuleCall | FunctionCall | UserModule | Block | Repetition
Operations = tuple[Operation, ...]
ZERO = FunctionCall("torch.zeros_like({x})")


def skeleton(chain: Operations) -> Any:
    """Everything but the numbers of steps in a row."""
    return tuple(step.skeleton() for step in chain)


def numbers(*chains: Operations) -> Numbers:
    """The integers in the steps of chains, in order."""
    return tuple(number for chain in chains for step in chain for number in step.numbers())


@final
@frozen
class Branch:
    """Steps from one node of a fork to a later one; node 0 is the input, the last node the output."""

    edge: Edge
    name: str  # of the variable that holds what comes out of several steps, and of the attribute of a single one
    chain: Operations
    out: Shape = field(eq=False)


@final
@frozen
class BranchGraph:
    """Ways side by side; a node merges what comes in from left to right, zero-padded to a common shape."""

    ways: tuple[Branch, ...]  # in the order of their targets
    merging: Merging

    def skeleton(self) -> Any:
        """Everything but the numbers; shapes tell where zeros must be padded, so what they come to is part of it."""
        ways = tuple((way.edge, way.name, skeleton(way.chain)) for way in self.ways)
        joins = tuple(tuple(write_merge(self.merging, [("y", w.out) for w in into])) for into in self.nodes())
        return ("fork", self.merging, ways, joins)

    def numbers(self) -> Numbers:
        """Those of all ways."""
        return numbers(*(way.chain for way in self.ways))

    def nodes(self) -> Iterator[list[Branch]]:
        """For each node but the input, the ways into it that matter: zeros among others do not, if of one shape."""
        for node in sorted({way.edge[1] for way in self.ways}):
            into = [way for way in self.ways if way.edge[1] == node]
            other = [way for way in into if way.chain != (ZERO,)]
            alike = len({way.out for way in into}) == 1
            yield other if other and alike and self.merging == "add" else into


def write_merge(merging: Merging, parts: list[tuple[str, Shape]]) -> Iterator[str]:
    """Expressions of which each uses the one before under the name `merged`; the last one merges all parts."""
    expressions, shapes = [e for e, _ in parts], [s for _, s in parts]
    if merging == "add" and len(set(shapes)) == 1:
        yield " + ".join(expressions)
    elif merging == "concatenate" and len({(len(s), s[1:]) for s in shapes}) == 1:
        yield expressions[0] if len(parts) == 1 else f"torch.cat([{', '.join(expressions)}], 1)"
    else:
        done, shape = parts[0]
        for i, (expression, other) in enumerate(parts[1:]):
            code, shape = _merge_pair(merging, (done, shape), (expression, other))
            done = "merged" if i < len(parts) - 2 else code
            yield code


def _merge_pair(merging: Merging, a: tuple[str, Shape], b: tuple[str, Shape]) -> tuple[str, Shape]:
    flat = len(a[1]) != len(b[1])
    (left, one), (right, other) = (_flatten_operand(*part) if flat else part for part in (a, b))
    common = pad_shapes(one, other)
    if merging == "add":
        return f"{_pad_operand(left, one, common)} + {_pad_operand(right, other, common)}", common
    fitted = [_pad_operand(e, s, (s[0], *common[1:])) for e, s in ((left, one), (right, other))]
    return f"torch.cat([{', '.join(fitted)}], 1)", (one[0] + other[0], *common[1:])


def _flatten_operand(expression: str, shape: Shape) -> tuple[str, Shape]:
    if len(shape) == 1:
        return expression, shape
    return f"({expression}).flatten(1)" if " " in expression else f"{expression}.flatten(1)", (math.prod(shape),)


def _pad_operand(expression: str, shape: Shape, to: Shape) -> str:
    """`expression` with zeros at the end of each axis up to the lengths of `to`."""
    missing = [after - before for before, after in zip(shape, to, strict=True)]
    while missing and missing[0] == 0:
        missing.pop(0)  # torch counts axes from the last one
    pads = [n for m in reversed(missing) for n in (0, m)]
    return f"F.pad({expression}, {tuple(pads)})" if pads else expression
