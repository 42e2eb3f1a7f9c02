"""The classes of an exported model: blocks that differ in integers only share a class that has parameters.

No library writes them: torch.fx knows a graph of calls, in which the copies of a block do not share a class.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any

import black
from attrs import define, evolve, field, frozen
from black.parsing import InvalidInput

from archwright.core.shape import TupleShape
from archwright.core.wiring import Joint
from archwright.evaluate.export.joints import write_joint
from archwright.evaluate.export.operations import (
    Block,
    Branch,
    BranchGraph,
    FunctionCall,
    ModuleCall,
    ModuleOperation,
    NamedIntegers,
    Operation,
    Operations,
    Repetition,
    UserModule,
)
from archwright.evaluate.network.wired import name_weights

WIDTH = 120  # characters of a line
INDENT = " " * 4
MAX_PARAMETERS = 5  # of a class; blocks that differ in more have classes of their own
MAX_POSITIONAL = 2  # arguments that are written without their names
CHANNEL_COUNTS = {"in_channels", "out_channels", "num_features", "in_features", "out_features", "groups", "channels"}


@frozen
class Parameter:
    """An integer in which the uses of a class differ."""

    name: str
    index: int  # of the first integer of the block that it stands for


@frozen
class ClassDefinition:
    """A class of the file."""

    name: str
    block: Block  # the first that it is for
    parameters: tuple[Parameter, ...]
    expressions: tuple[str, ...]  # for each integer of the block: a parameter's name, or the integer itself

    def write_constructor_call(self, integers: Sequence[str]) -> str:
        """The expression of an instance; `integers` are the expressions of all integers of its block."""
        values = [integers[parameter.index] for parameter in self.parameters]
        arguments = [
            value if i < MAX_POSITIONAL else f"{parameter.name}={value}"
            for i, (parameter, value) in enumerate(zip(self.parameters, values, strict=True))
        ]
        return f"{self.name}({', '.join(arguments)})"


# By a block's structure, or by its structure and integers if the block has a class of its own.
ClassDefinitions = Mapping[Any, ClassDefinition]


def define_classes(operations: Operations, reserved_names: Iterable[str] = ()) -> ClassDefinitions:
    """The classes that operations need, each after those that it uses; none has a reserved name."""
    blocks: dict[Any, dict[NamedIntegers, Block]] = {}
    for block in _iterate_blocks(operations):
        blocks.setdefault(block.structure, {}).setdefault(block.integers, block)
    classes: dict[Any, ClassDefinition] = {}
    for structure, variants in blocks.items():
        classes |= _iterate_definitions(structure, variants)
    names = _number_names([definition.name for definition in classes.values()], tuple(reserved_names))
    return {key: evolve(definition, name=name) for (key, definition), name in zip(classes.items(), names, strict=True)}


def collect_preambles(operations: Operations) -> list[str]:
    """The preambles of all user modules, those of children first, each once."""
    preambles: dict[str, None] = {}
    for operation in operations:
        for inner in _list_inner(operation):
            preambles |= dict.fromkeys(collect_preambles(inner))
        if isinstance(operation, UserModule) and operation.preamble:
            preambles[operation.preamble] = None
    return list(preambles)


def _iterate_blocks(operations: Operations) -> Iterator[Block]:
    """Every block in operations, after those inside it."""
    for operation in operations:
        for inner in _list_inner(operation):
            yield from _iterate_blocks(inner)
        if isinstance(operation, Block):
            yield operation


def _list_inner(operation: Operation) -> Sequence[Operations]:
    """The sequences of operations that an operation is made of."""
    match operation:
        case Block(body=BranchGraph(branches=branches)):
            return [branch.operations for branch in branches]
        case Block(body=tuple(body)):
            return [body]
        case Repetition(module):
            return [(module,)]
        case UserModule(children=children):
            return [(_as_module(child),) for child in children]
        case _:
            return []


def _as_module(operations: Operations) -> ModuleOperation:
    """Operations as one that is a module: itself, or a block of them."""
    if not operations:
        return ModuleCall("identity", "nn.Identity")
    if len(operations) == 1 and isinstance(operations[0], ModuleOperation):
        return operations[0]
    return Block("Inside", "The inside of another module.", operations, operations[-1].out)


def _iterate_definitions(
    structure: Any, variants: Mapping[NamedIntegers, Block]
) -> Iterator[tuple[Any, ClassDefinition]]:
    """The class for blocks of one structure, or one for each if they differ in too many integers.

    Integers that are equal to each other in every block share a parameter. Names of classes are not numbered yet.
    """
    argument_names = [name for name, _ in next(iter(variants))]  # the same in all blocks
    # For each integer of the structure, its values in all blocks.
    values = list(zip(*([value for _, value in integers] for integers in variants), strict=True))
    varying = list(dict.fromkeys(column for column in values if len(set(column)) > 1))
    if len(varying) > MAX_PARAMETERS:
        for integers, block in variants.items():
            constants = tuple(str(value) for _, value in integers)
            yield (structure, integers), ClassDefinition(block.name, block, (), constants)
        return
    parameter_names = [
        _name_parameter([name for name, other in zip(argument_names, values, strict=True) if other == column])
        for column in varying
    ]
    names = dict(zip(varying, _number_names(parameter_names), strict=True))
    parameters = tuple(Parameter(name, values.index(column)) for column, name in names.items())
    expressions = tuple(names.get(column, str(column[0])) for column in values)
    block = next(iter(variants.values()))
    yield structure, ClassDefinition(block.name, block, parameters, expressions)


def _name_parameter(argument_names: Sequence[str]) -> str:
    """The name of a parameter that is passed to arguments of the given names."""
    distinct = set(argument_names)
    return "channels" if len(distinct) > 1 and distinct <= CHANNEL_COUNTS else argument_names[0]


def _number_names(names: Sequence[str], reserved: Iterable[str] = ()) -> list[str]:
    """Unique names: one that comes several times, or is reserved, gets a number."""
    used = {*reserved, *(name for name in names if names.count(name) == 1)}
    unique: list[str] = []
    for name in names:
        if names.count(name) > 1 or name in reserved:
            name = next(numbered for i in count(1) if (numbered := f"{name}{i}") not in used)
        used.add(name)
        unique.append(name)
    return unique


def write_class(definition: ClassDefinition, classes: ClassDefinitions) -> str:
    """The code of a class."""
    parameters = "".join(f", {p.name}: int" for p in definition.parameters)
    block = definition.block
    init, forward = write_methods(block.body, classes, definition.expressions)
    lines = [f"class {definition.name}(nn.Module):", f'{INDENT}"""{block.docstring}"""', ""]
    if init:
        lines += [f"{INDENT}def __init__(self{parameters}) -> None:", f"{INDENT * 2}super().__init__()"]
        lines += [*(f"{INDENT * 2}{line}" for line in init), ""]
    takes, gives = map(_write_type, (block.takes_tuple, isinstance(block.out, TupleShape)))
    lines += [f"{INDENT}def forward(self, x: {takes}) -> {gives}:"]
    return format_code([*lines, *(f"{INDENT * 2}{line}" for line in forward)])


def _write_type(is_tuple: bool) -> str:
    return "tuple[torch.Tensor, ...]" if is_tuple else "torch.Tensor"


def format_code(lines: Sequence[str]) -> str:
    """The same code in lines no longer than WIDTH where that is possible."""
    code = "\n".join(lines)
    try:
        return black.format_str(code, mode=black.Mode(line_length=WIDTH)).rstrip("\n")
    except InvalidInput:  # Python that is newer than black
        return code


def write_methods(
    body: Operations | BranchGraph,
    classes: ClassDefinitions,
    expressions: Sequence[str],
    *,
    shape_comments: bool = False,
) -> tuple[list[str], list[str]]:
    """The lines of __init__ and of forward; `expressions` are those of the integers of the body, in order."""
    reserved = name_weights(body.wiring) if isinstance(body, BranchGraph) else ()
    writer = _MethodWriter(classes, iter(expressions), iter(_name_attributes(body, reserved)))
    if isinstance(body, BranchGraph):
        writer.write_graph(body)
    else:
        for operation in body:
            comment = f"  # {operation.out}" if shape_comments else ""
            writer.forward.append(f"x = {writer.write_output(operation, 'x')}{comment}")
        writer.forward.append("return x")
    return writer.init, writer.forward


def _name_attributes(body: Operations | BranchGraph, reserved: Iterable[str]) -> list[str]:
    """The names of the modules' attributes, in the order of the code; one that a person gave once stays as it is."""
    names = _list_attributes(body)
    given = _number_names([name for name, is_given in names if is_given], tuple(reserved))
    others = _number_names([name for name, is_given in names if not is_given], (*reserved, *given))
    in_order = {True: iter(given), False: iter(others)}
    return [next(in_order[is_given]) for _, is_given in names]


def _list_attributes(body: Operations | BranchGraph) -> list[tuple[str, bool]]:
    """The names of the modules' attributes without numbers, and whether a person gave them."""
    if isinstance(body, BranchGraph):
        return [name for branch in body.branches for name in _list_branch_attributes(branch)]
    return [
        (operation.attribute, bool(operation.given_name))
        for operation in body
        if not isinstance(operation, FunctionCall)
    ]


def _list_branch_attributes(branch: Branch) -> list[tuple[str, bool]]:
    """Like _list_attributes; the only module of a branch may be named after it."""
    names = _list_attributes(branch.operations)
    is_alone = len(branch.operations) == len(names) == 1 and not names[0][1]
    return [(branch.attribute, False)] if is_alone and branch.attribute else names


@define
class _MethodWriter:
    """Writes __init__ and forward of a class side by side: attributes and integers have one order in both."""

    classes: ClassDefinitions
    expressions: Iterator[str]  # of the integers
    attributes: Iterator[str]
    init: list[str] = field(factory=list[str])
    forward: list[str] = field(factory=list[str])

    def write_output(self, operation: Operation, x: str) -> str:
        """The expression of an operation's output for the input `x`; a module is constructed in __init__."""
        if isinstance(operation, FunctionCall):
            return operation.code.replace("{x}", x)
        name = next(self.attributes)
        self.init.append(f"self.{name} = {self.write_constructor(operation)}")
        return f"self.{name}({x})"

    def write_constructor(self, operation: ModuleOperation | Repetition) -> str:
        """The expression that constructs an operation's module."""
        match operation:
            case ModuleCall(constructor=constructor, arguments=arguments):
                values = [next(self.expressions) if a.is_integer else repr(a.value) for a in arguments]
                written = [f"{a.name}={v}" if a.keyword else v for a, v in zip(arguments, values, strict=True)]
                return f"{constructor}({', '.join(written)})"
            case UserModule(expression=expression, children=children):
                for i, child in enumerate(children):
                    expression = expression.replace(f"{{{i}}}", self.write_constructor(_as_module(child)))
                return expression
            case Block():
                integers = [next(self.expressions) for _ in operation.integers]
                return _get_class(operation, self.classes).write_constructor_call(integers)
            case Repetition(module, count):
                return f"nn.Sequential(*({self.write_constructor(module)} for _ in range({count})))"

    def write_graph(self, graph: BranchGraph) -> None:
        """Write the lines of each branch, and a line for each joint once its last source has come."""
        wiring = graph.wiring
        weights = dict(zip(wiring.joints, name_weights(wiring), strict=True))
        for joint, name in weights.items():
            if name:
                self.init.append(f"self.{name} = nn.Parameter(torch.ones({joint.parameters}))")
        outputs, nodes = ["x"], dict[Joint, str]()
        for last in range(len(graph.branches) + 1):
            if last:
                branch = graph.branches[last - 1]
                outputs.append(self._write_branch(branch, nodes[wiring.inputs[last - 1]]))
                if graph.is_shared(last) and not outputs[last].isidentifier():
                    self.forward.append(f"{branch.name} = {outputs[last]}")
                    outputs[last] = branch.name
            for joint in dict.fromkeys(joint for joint in wiring.inputs if joint.sources[-1] == last):
                node = (last and graph.branches[last - 1].node) or f"node{len(nodes)}"
                nodes[joint] = self._write_node(graph, joint, outputs, weights[joint], node)
        if wiring.output in nodes:
            self.forward.append(f"return {nodes[wiring.output]}")
        else:
            self._write_node(graph, wiring.output, outputs, weights[wiring.output], "")

    def _write_node(self, graph: BranchGraph, joint: Joint, outputs: Sequence[str], weights: str, node: str) -> str:
        """The variable of a merged joint, after the lines that it needs; without a name for it, it is returned."""
        operands = graph.list_operands(joint, outputs)
        statements, expression = write_joint(joint, operands, weights)
        if any("F.pad" in line for line in (*statements, expression)) and len({shape for _, shape in operands}) > 1:
            self.forward.append("# zeros at the end of an axis make it as long as the longer one")
        self.forward += statements
        if node and len(joint.sources) == 1 and graph.is_shared(joint.sources[0]):
            return expression
        self.forward.append(f"{node} = {expression}" if node else f"return {expression}")
        return node

    def _write_branch(self, branch: Branch, x: str) -> str:
        """The expression of a branch's output, after the lines that it needs."""
        for operation in branch.operations:
            output = self.write_output(operation, x)
            if len(branch.operations) == 1:
                return output
            x = branch.name
            self.forward.append(f"{x} = {output}")
        return x


def _get_class(block: Block, classes: ClassDefinitions) -> ClassDefinition:
    """The class of a block."""
    key = block.structure
    return classes[key] if key in classes else classes[key, block.integers]
