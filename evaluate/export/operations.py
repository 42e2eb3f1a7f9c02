"""The operations of a network as values, of which the code of a model is written."""

import re
from collections.abc import Sequence
from keyword import kwlist
from typing import Any, ClassVar, final

from attrs import field, frozen
from torch import fx, nn

from archwright.core.shape import Shape, TupleShape
from archwright.core.wiring import Joint, Wiring
from archwright.evaluate.export.joints import ShapedCode, write_joint

# Those of every module and of the graphs that ONNX is made of, of every model, and what can be none.
_GRAPH_MODULE = fx.GraphModule(nn.Module(), fx.Graph())
RESERVED_ATTRIBUTES = {*dir(_GRAPH_MODULE), *kwlist, "mean", "deviation", "preprocess", "x"}
NamedIntegers = tuple[tuple[str, int], ...]  # integers in code, each with the name of the argument that it is


def to_attribute_name(name: str) -> str:
    """The name of a kind, or of a person's, with underscores where it is no free name of an attribute."""
    word = re.sub(r"\W", "_", name)
    word = word if word.isidentifier() else f"_{word}"
    return f"{word}_" if word in RESERVED_ATTRIBUTES else word


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

    name: str  # of its attribute, without a number, if a person gave it no other one
    constructor: str  # such as nn.Conv2d
    arguments: tuple[Argument, ...] = ()
    out: Shape = field(default=(), eq=False)  # only comments tell it, so code with other shapes is the same code
    given_name: str = ""  # a person's, which is that of its attribute then
    takes_tuple: ClassVar[bool] = False

    @property
    def attribute(self) -> str:
        """The name of its attribute, without a number."""
        return self.given_name or self.name

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
    takes_tuple: bool = False  # whether its input is several outputs side by side
    given_name: ClassVar[str] = ""  # it has no attribute

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

    name: str  # of its attribute, without a number, if a person gave it no other one
    expression: str
    preamble: str = ""  # imports and definitions at the top of the file
    children: "tuple[Operations, ...]" = ()
    out: Shape = field(default=(), eq=False)
    given_name: str = ""
    takes_tuple: bool = False  # whether its input is several outputs side by side

    @property
    def attribute(self) -> str:
        """The name of its attribute, without a number."""
        return self.given_name or self.name

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
    given_name: str = ""  # of its attribute; no part of the class

    @property
    def attribute(self) -> str:
        """The name of its attribute, without a number: that of the class, unless a person gave it another one."""
        return self.given_name or "".join(f"_{c.lower()}" if c.isupper() else c for c in self.name).lstrip("_")

    @property
    def takes_tuple(self) -> bool:
        """Whether its input is several outputs side by side."""
        if isinstance(self.body, BranchGraph):
            return isinstance(self.body.in_shape, TupleShape)
        return bool(self.body) and self.body[0].takes_tuple

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
    given_name: str = ""

    @property
    def attribute(self) -> str:
        """The name of its attribute, without a number."""
        return self.given_name or to_attribute_name(f"{self.module.attribute}s")

    @property
    def takes_tuple(self) -> bool:
        """Whether its input is several outputs side by side."""
        return self.module.takes_tuple

    @property
    def structure(self) -> Any:
        """The count, and everything but the integers of the module."""
        return ("repetition", self.count, get_structure((self.module,)))

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
    """The operations of a child of a composite."""

    name: str  # of the variable for its intermediate outputs
    operations: Operations
    out: Shape = field(eq=False)
    attribute: str = ""  # of its module, where it is but one; empty: as the module is called
    node: str = ""  # of the variable for the joint that it completes; empty: numbered


@final
@frozen
class BranchGraph:
    """Branches that are connected by a wiring."""

    wiring: Wiring
    branches: tuple[Branch, ...]  # one for each of its inputs
    in_shape: Shape = field(eq=False)

    @property
    def structure(self) -> Any:
        """Everything but the integers; the code of the merges is part of it, as shapes decide what is padded."""
        branches = tuple((b.name, b.attribute, b.node, get_structure(b.operations)) for b in self.branches)
        outputs = ["y"] * (len(branches) + 1)
        merges = tuple(write_joint(joint, self.list_operands(joint, outputs), "") for joint in self.wiring.joints)
        return ("branches", self.wiring, branches, merges)

    @property
    def integers(self) -> NamedIntegers:
        """Those of all branches."""
        return collect_integers(*(branch.operations for branch in self.branches))

    def is_shared(self, source: int) -> bool:
        """Whether a source has a name, since several joints take it: the input always has."""
        return source == 0 or sum(source in joint.sources for joint in self.wiring.joints) > 1

    def list_operands(self, joint: Joint, outputs: Sequence[str]) -> list[ShapedCode]:
        """What a joint merges, of the expressions of all sources: zeros in a sum are left out if all have one shape."""
        shapes = [self.in_shape, *(branch.out for branch in self.branches)]
        operands = {source: (outputs[source], shapes[source]) for source in joint.sources}
        nonzero = [source for source in joint.sources if not source or self.branches[source - 1].operations != (ZERO,)]
        if joint.merge == "add" and nonzero and len({shapes[source] for source in joint.sources}) == 1:
            return [operands[source] for source in nonzero]
        return [*operands.values()]


def get_structure(operations: Operations) -> Any:
    """Everything but the integers of operations in a row: hashable, equal for those that differ in integers only."""
    return tuple((operation.given_name, operation.structure) for operation in operations)


def collect_integers(*sequences: Operations) -> NamedIntegers:
    """The integers of all operations of the sequences, in order."""
    return tuple(integer for operations in sequences for operation in operations for integer in operation.integers)
