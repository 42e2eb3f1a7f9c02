"""The operations of a network as values, of which the code of a model is written."""

import math
from collections.abc import Iterator
from typing import Any, Literal, final

from attrs import field, frozen

from archwright.core.flow import pad_shapes
from archwright.core.modules.graphs import Edge
from archwright.core.shape import Shape

Merging = Literal["add", "concatenate"]
NamedIntegers = tuple[tuple[str, int], ...]  # integers in code, each with the name of the argument that it is


@frozen
class Argument:
    """An argument of a call, as torch names it."""

    name: str
    value: Any
    keyword: bool = False

    @property
    def is_integer(self) -> bool:
        """Whether it is an integer, which two uses of one class may have different values of."""
        return isinstance(self.value, int) and not isinstance(self.value, bool)


@final
@frozen
class ModuleCall:
    """A module of torch's, constructed in __init__ and called in forward."""

    name: str  # of its attribute, without a number
    constructor: str  # such as nn.Conv2d
    arguments: tuple[Argument, ...] = ()
    out: Shape = field(default=(), eq=False)  # only comments tell it, so code with other shapes is the same code

    @property
    def structure(self) -> Any:
        """Everything but the integers."""
        arguments = tuple((a.name, a.keyword, None if a.is_integer else repr(a.value)) for a in self.arguments)
        return ("module", self.name, self.constructor, arguments)

    @property
    def integers(self) -> NamedIntegers:
        """The integers among the arguments."""
        return tuple((a.name, a.value) for a in self.arguments if a.is_integer)


@final
@frozen
class FunctionCall:
    """An expression in forward that has no state; `{x}` in it stands for the input."""

    code: str
    out: Shape = field(default=(), eq=False)

    @property
    def structure(self) -> Any:
        """All of it."""
        return ("function", self.code)

    @property
    def integers(self) -> NamedIntegers:
        """None: those in the expression are part of the structure."""
        return ()


@final
@frozen
class UserModule:
    """A module of a person's own kind: the expression that constructs it, and the code that must come before.

    `{0}`, `{1}` ... in the expression stand for the modules of its children.
    """

    name: str  # of its attribute, without a number
    expression: str
    preamble: str = ""  # imports and definitions at the top of the file
    children: "tuple[Operations, ...]" = ()
    out: Shape = field(default=(), eq=False)

    @property
    def structure(self) -> Any:
        """Everything but the integers of the children."""
        return ("user", self.name, self.expression, self.preamble, tuple(map(get_structure, self.children)))

    @property
    def integers(self) -> NamedIntegers:
        """Those of the children."""
        return collect_integers(*self.children)


@final
@frozen
class Block:
    """Operations that get a class of their own."""

    name: str  # of the class, without a number
    docstring: str  # of the class
    body: "Operations | BranchGraph"
    out: Shape = field(default=(), eq=False)

    @property
    def structure(self) -> Any:
        """Everything but the integers: blocks of the same structure can share a class that has parameters."""
        body = self.body.structure if isinstance(self.body, BranchGraph) else get_structure(self.body)
        return ("block", self.name, body)

    @property
    def integers(self) -> NamedIntegers:
        """Those of all operations in the body."""
        return self.body.integers if isinstance(self.body, BranchGraph) else collect_integers(self.body)


ModuleOperation = ModuleCall | UserModule | Block  # one that is an nn.Module when run


@final
@frozen
class Repetition:
    """A module several times in a row, each with weights of its own."""

    module: ModuleOperation
    count: int
    out: Shape = field(default=(), eq=False)

    @property
    def structure(self) -> Any:
        """The count, and everything but the integers of the module."""
        return ("repetition", self.count, self.module.structure)

    @property
    def integers(self) -> NamedIntegers:
        """Those of the module, once."""
        return self.module.integers


Operation = ModuleOperation | FunctionCall | Repetition
Operations = tuple[Operation, ...]  # one after the other
ZERO = FunctionCall("torch.zeros_like({x})")


@final
@frozen
class Branch:
    """Operations from one node of a graph to a later one; node 0 is the input, the last node the output."""

    edge: Edge
    name: str  # of the variable for intermediate outputs, and of the attribute if "edge_..." and one module
    operations: Operations
    out: Shape = field(eq=False)


@final
@frozen
class BranchGraph:
    """Parallel branches; a node merges its inputs from left to right, zero-padded to a common shape."""

    branches: tuple[Branch, ...]  # in the order of their target nodes
    merging: Merging

    @property
    def structure(self) -> Any:
        """Everything but the integers; the code of the merges is part of it, as shapes decide what is padded."""
        branches = tuple((b.edge, b.name, get_structure(b.operations)) for b in self.branches)
        merges = tuple(
            tuple(write_merge(self.merging, [("y", b.out) for b in inputs])) for inputs in self.iterate_node_inputs()
        )
        return ("branches", self.merging, branches, merges)

    @property
    def integers(self) -> NamedIntegers:
        """Those of all branches."""
        return collect_integers(*(branch.operations for branch in self.branches))

    def iterate_node_inputs(self) -> Iterator[list[Branch]]:
        """For each node but the first, the branches to merge: zeros in a sum are left out if all have one shape."""
        for node in sorted({branch.edge[1] for branch in self.branches}):
            inputs = [branch for branch in self.branches if branch.edge[1] == node]
            nonzero = [branch for branch in inputs if branch.operations != (ZERO,)]
            same_shape = len({branch.out for branch in inputs}) == 1
            yield nonzero if nonzero and same_shape and self.merging == "add" else inputs


def get_structure(operations: Operations) -> Any:
    """Everything but the integers of operations in a row: hashable, equal for those that differ in integers only."""
    return tuple(operation.structure for operation in operations)


def collect_integers(*sequences: Operations) -> NamedIntegers:
    """The integers of all operations of the sequences, in order."""
    return tuple(integer for operations in sequences for operation in operations for integer in operation.integers)


def write_merge(merging: Merging, operands: list[tuple[str, Shape]]) -> Iterator[str]:
    """Expressions of which each refers to the value of the one before as `merged`; the last one merges all operands.

    Operands are expressions with their shapes.
    """
    expressions, shapes = [e for e, _ in operands], [s for _, s in operands]
    if merging == "add" and len(set(shapes)) == 1:
        yield " + ".join(expressions)
    elif merging == "concatenate" and len({(len(s), s[1:]) for s in shapes}) == 1:
        yield expressions[0] if len(operands) == 1 else f"torch.cat([{', '.join(expressions)}], 1)"
    else:
        left, left_shape = operands[0]
        for i, right in enumerate(operands[1:]):
            code, left_shape = _merge_pair(merging, (left, left_shape), right)
            left = "merged" if i < len(operands) - 2 else code
            yield code


def _merge_pair(merging: Merging, left: tuple[str, Shape], right: tuple[str, Shape]) -> tuple[str, Shape]:
    """The expression that merges two operands, and its shape; both are flattened first if their ranks differ."""
    if len(left[1]) != len(right[1]):
        left, right = _flatten_operand(*left), _flatten_operand(*right)
    (a, a_shape), (b, b_shape) = left, right
    common = pad_shapes(a_shape, b_shape)
    if merging == "add":
        return f"{_pad_operand(a, a_shape, common)} + {_pad_operand(b, b_shape, common)}", common
    padded = [_pad_operand(e, s, (s[0], *common[1:])) for e, s in ((a, a_shape), (b, b_shape))]
    return f"torch.cat([{', '.join(padded)}], 1)", (a_shape[0] + b_shape[0], *common[1:])


def _flatten_operand(expression: str, shape: Shape) -> tuple[str, Shape]:
    if len(shape) == 1:
        return expression, shape
    return f"({expression}).flatten(1)" if " " in expression else f"{expression}.flatten(1)", (math.prod(shape),)


def _pad_operand(expression: str, shape: Shape, padded_shape: Shape) -> str:
    """`expression` with zeros at the end of each axis up to the lengths of `padded_shape`."""
    missing = [after - before for before, after in zip(shape, padded_shape, strict=True)]
    while missing and missing[0] == 0:
        missing.pop(0)  # torch counts axes from the last one
    padding = [n for m in reversed(missing) for n in (0, m)]
    return f"F.pad({expression}, {tuple(padding)})" if padding else expression
