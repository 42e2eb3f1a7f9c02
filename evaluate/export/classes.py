"""Classes of PyTorch for operations: those that differ in numbers only are one class with parameters.

No library writes them: torch.fx knows a graph of calls, in which the copies of a block are not one class.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any

import black
from attrs import define, field, frozen
from black.parsing import InvalidInput

from archwright.evaluate.export.operations import (
    Block,
    BranchGraph,
    FunctionCall,
    ModuleCall,
    Numbers,
    Operation,
    Operations,
    Repetition,
    UserModule,
    write_merge,
)

WIDTH = 120  # characters of a line
INDENT = " " * 4
MAX_PARAMETERS = 5  # of a class; blocks that differ in more have classes of their own
MAX_POSITIONAL = 2  # arguments that are written without their names
CHANNEL_COUNTS = {"in_channels", "out_channels", "num_features", "in_features", "out_features", "groups", "channels"}


@frozen
class Parameter:
    """A number in which the uses of a class differ."""

    name: str
    place: int  # among the numbers of the steps inside, its first one


@frozen
class ClassDefinition:
    """A class of the file: its name, its parameters, and what stands for each of the numbers inside."""

    name: str
    block: Block  # the first that it is for
    parameters: tuple[Parameter, ...]
    expressions: tuple[str, ...]

    def call(self, given: Sequence[str]) -> str:
        """An expression that makes one, `given` what stands for the numbers inside."""
        shown = [
            given[p.place] if i < MAX_POSITIONAL else f"{p.name}={given[p.place]}"
            for i, p in enumerate(self.parameters)
        ]
        return f"{self.name}({', '.join(shown)})"


# By the skeleton of a block, or by a block that has a class of its own.
ClassDefinitions = Mapping[Any, ClassDefinition]


def define_classes(chain: Operations, taken: Iterable[str] = ()) -> ClassDefinitions:
    """The classes that a chain needs, those first that others use; none has a name that is taken."""
    alike: dict[Any, dict[Numbers, Block]] = {}
    for block in _iterate_blocks(chain):
        alike.setdefault(block.skeleton(), {}).setdefault(block.numbers(), block)
    made = [made for key, uses in alike.items() for made in _define(key, uses)]
    names = _number_names([block.name for _, block, _, _ in made], tuple(taken))
    return {
        key: ClassDefinition(name, block, parameters, expressions)
        for name, (key, block, parameters, expressions) in zip(names, made, strict=True)
    }


def _iterate_blocks(chain: Operations) -> Iterator[Block]:
    """Every block in a chain, after those inside it."""
    for step in chain:
        match step:
            case Block(body=BranchGraph(ways)):
                for way in ways:
                    yield from _iterate_blocks(way.chain)
                yield step
            case Block(body=body):
                assert isinstance(body, tuple)
                yield from _iterate_blocks(body)
                yield step
            case Repetition(inside):
                yield from _iterate_blocks((inside,))
            case UserModule(inside=chains):
                for each in chains:
                    yield from _iterate_blocks((wrap(each),))
            case _:
                pass


def wrap(chain: Operations) -> ModuleCall | UserModule | Block:
    """A chain as one step that makes a module: itself, or a class for it."""
    if not chain:
        return ModuleCall("identity", "nn.Identity")
    if len(chain) == 1 and isinstance(chain[0], ModuleCall | UserModule | Block):
        return chain[0]
    return Block("Inside", "The inside of another module.", chain, chain[-1].out)


def _define(
    key: Any, uses: Mapping[Numbers, Block]
) -> Iterator[tuple[Any, Block, tuple[Parameter, ...], tuple[str, ...]]]:
    columns = list(zip(*uses, strict=True))
    values = [tuple(value for _, value in column) for column in columns]
    differing = list(dict.fromkeys(v for v in values if len(set(v)) > 1))
    if len(differing) > MAX_PARAMETERS:
        for block in uses.values():
            yield (key, block.numbers()), block, (), tuple(str(value) for _, value in block.numbers())
        return
    roles = [[c[0][0] for c, v in zip(columns, values, strict=True) if v == wanted] for wanted in differing]
    names = dict(zip(differing, _number_names([_name(each) for each in roles]), strict=True))
    parameters = tuple(Parameter(name, values.index(wanted)) for wanted, name in names.items())
    yield key, next(iter(uses.values())), parameters, tuple(names.get(v, str(v[0])) for v in values)


def _name(roles: Sequence[str]) -> str:
    """What a parameter is called that stands for numbers of the given names."""
    return roles[0] if len(set(roles)) == 1 or not set(roles) <= CHANNEL_COUNTS else "channels"


def _number_names(names: Sequence[str], taken: Iterable[str] = ()) -> list[str]:
    """Names that are all different: those that come several times, or are taken, get a number."""
    used = {*taken, *(name for name in names if names.count(name) == 1)}
    found: list[str] = []
    for name in names:
        if names.count(name) > 1 or name in taken:
            name = next(new for i in count(1) if (new := f"{name}{i}") not in used)
        used.add(name)
        found.append(name)
    return found


def write_class(made: ClassDefinition, known: ClassDefinitions) -> str:
    """The text of a class."""
    parameters = "".join(f", {p.name}: int" for p in made.parameters)
    init, forward = write_methods(made.block.body, known, made.expressions)
    lines = [f"class {made.name}(nn.Module):", f'{INDENT}"""{made.block.about}"""', ""]
    if init:
        lines += [f"{INDENT}def __init__(self{parameters}) -> None:", f"{INDENT * 2}super().__init__()"]
        lines += [*(f"{INDENT * 2}{line}" for line in init), ""]
    lines += [f"{INDENT}def forward(self, x: torch.Tensor) -> torch.Tensor:"]
    return format_code([*lines, *(f"{INDENT * 2}{line}" for line in forward)])


def format_code(lines: Sequence[str]) -> str:
    """Statements that do the same, none of them longer than WIDTH where that can be helped."""
    text = "\n".join(lines)
    try:
        return black.format_str(text, mode=black.Mode(line_length=WIDTH)).rstrip("\n")
    except InvalidInput:  # Python that is newer than black
        return text


def write_methods(
    body: Operations | BranchGraph, known: ClassDefinitions, expressions: Sequence[str], *, shapes: bool = False
) -> tuple[list[str], list[str]]:
    """The lines of __init__ and of forward; with comments that tell the shape after each step."""
    writer = _MethodWriter(known, iter(expressions), iter(_number_names(_names(body))))
    if isinstance(body, BranchGraph):
        writer.fork(body)
    else:
        for step in body:
            writer.forward.append(f"x = {writer.applied(step, 'x')}" + (f"  # {step.out}" if shapes else ""))
        writer.forward.append("return x")
    return writer.init, writer.forward


def _names(body: Operations | BranchGraph) -> list[str]:
    """What the attributes are called, without numbers."""
    if isinstance(body, tuple):
        return [_attribute(step) for step in body if not isinstance(step, FunctionCall)]
    return [name for way in body.ways for name in _named(way.name, way.chain)]


def _named(way: str, chain: Operations) -> list[str]:
    if len(chain) == 1 and way.startswith("edge"):
        return [] if isinstance(chain[0], FunctionCall) else [way]
    return _names(chain)


def _attribute(step: ModuleCall | UserModule | Block | Repetition) -> str:
    match step:
        case Block(name):
            return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")
        case Repetition(inside):
            return f"{_attribute(inside)}s"
        case _:
            return step.name


@define
class _MethodWriter:
    """Writes the two methods of a class side by side; attributes and numbers are taken in their order."""

    known: ClassDefinitions
    expressions: Iterator[str]
    names: Iterator[str]
    init: list[str] = field(factory=list[str])
    forward: list[str] = field(factory=list[str])

    def applied(self, step: Operation, x: str) -> str:
        """The expression of a step's output; its module, if it has one, is made in __init__."""
        if isinstance(step, FunctionCall):
            return step.code.replace("{x}", x)
        name = next(self.names)
        self.init.append(f"self.{name} = {self.module(step)}")
        return f"self.{name}({x})"

    def module(self, step: ModuleCall | UserModule | Block | Repetition) -> str:
        """The expression that makes a step's module."""
        match step:
            case ModuleCall(call=call, arguments=arguments):
                shown = [next(self.expressions) if a.is_number else repr(a.value) for a in arguments]
                named = [f"{a.name}={s}" if a.keyword else s for a, s in zip(arguments, shown, strict=True)]
                return f"{call}({', '.join(named)})"
            case UserModule(expression=expression, inside=inside):
                for i, chain in enumerate(inside):
                    expression = expression.replace(f"{{{i}}}", self.module(wrap(chain)))
                return expression
            case Block():
                given = [next(self.expressions) for _ in step.numbers()]
                return get_class(step, self.known).call(given)
            case Repetition(inside, count):
                return f"nn.Sequential(*({self.module(inside)} for _ in range({count})))"

    def fork(self, fork: BranchGraph) -> None:
        """Lines for every way, and for the sum at each node."""
        last, made = fork.ways[-1].edge[1], {}
        for into in fork.nodes():
            node = into[0].edge[1]
            for way in fork.ways:
                if way.edge[1] == node:
                    made[way] = self._way(way.name, way.chain, "x" if way.edge[0] == 0 else f"node{way.edge[0]}")
            *before, whole = write_merge(fork.merging, [(made[way], way.out) for way in into])
            if any("F.pad" in line for line in (*before, whole)) and len({way.out for way in into}) > 1:
                self.forward.append("# zeros at the end of an axis make it as long as the longer one")
            self.forward += [f"merged = {line}" for line in before]
            self.forward.append(f"return {whole}" if node == last else f"node{node} = {whole}")

    def _way(self, name: str, chain: Operations, x: str) -> str:
        """The expression of what comes out of a way, after the lines that it needs."""
        if not chain:
            return x
        for step in chain[:-1]:
            self.forward.append(f"{name} = {self.applied(step, x)}")
            x = name
        last = self.applied(chain[-1], x)
        if len(chain) == 1:
            return last
        self.forward.append(f"{name} = {last}")
        return name


def get_class(block: Block, known: ClassDefinitions) -> ClassDefinition:
    """The class that a block is made of."""
    key = block.skeleton()
    return known[key] if key in known else known[key, block.numbers()]


def collect_definitions(chain: Operations) -> list[str]:
    """What persons' own modules need to be defined, each text once."""
    found: dict[str, None] = {}
    for step in chain:
        match step:
            case UserModule(definitions=text, inside=inside):
                found |= dict.fromkeys(each for c in inside for each in collect_definitions(c))
                found |= {text: None} if text else {}
            case Block(body=BranchGraph(ways)):
                found |= dict.fromkeys(each for way in ways for each in collect_definitions(way.chain))
            case Block(body=body):
                assert isinstance(body, tuple)
                found |= dict.fromkeys(collect_definitions(body))
            case Repetition(inside):
                found |= dict.fromkeys(collect_definitions((inside,)))
            case _:
                pass
    return list(found)
