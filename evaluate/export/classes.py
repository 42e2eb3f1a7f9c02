"""Lines of code that are no longer than people read."""

import tokenize
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import StringIO
from itertools import count, pairwise
from typing import Any

from attrs import define, field, frozen

from archwright.evaluate.export.steps import (
    Block,
    Chain,
    Fork,
    Function,
    Layer,
    Numbers,
    Own,
    Repeated,
    Step,
    merged,
)

WIDTH = 120
INDENT = " " * 4
OPEN, CLOSE = ("(", "[", "{"), (")", "]", "}")
STRING_STARTS = {getattr(tokenize, name, -1) for name in ("FSTRING_START", "TSTRING_START")}  # since Python 3.12, 3.14
STRING_ENDS = {getattr(tokenize, name, -1) for name in ("FSTRING_END", "TSTRING_END")}


def broken_up(lines: Sequence[str]) -> Iterator[str]:
    """Lines of code, each a statement or the head of one, with those that are too long broken where that is simple.

    Nothing is changed but for line ends within brackets, and brackets around a sum: what a line does stays the same.
    """
    for line in lines:
        if len(line) <= WIDTH:
            yield line
        else:
            yield from _broken(line.strip(), line[: len(line) - len(line.lstrip())])


def _broken(code: str, indent: str) -> Iterator[str]:
    """A line, with its comment above it, and then the inside of its longest brackets on lines of their own."""
    marks = list(_marks(code))
    comments = [place for place, depth, what in marks if what == "#"]
    if comments:
        yield indent + code[comments[0] :]
        code, marks = code[: comments[0]].rstrip(), [mark for mark in marks if mark[0] < comments[0]]
    if len(indent + code) <= WIDTH:
        yield indent + code
        return
    head, terms = _sum(code, marks)
    if len(terms) > 1:
        yield f"{indent}{head}("
        for term in terms:
            yield from _broken(term, indent + INDENT)
        yield f"{indent})"
        return
    outer = [place for place, depth, what in marks if depth == 0 and what in "([{)]}"]
    start, end = max(zip(outer[::2], outer[1::2], strict=True), key=lambda pair: pair[1] - pair[0], default=(0, 0))
    if end - start < 2:
        yield indent + code
        return
    commas = [place for place, depth, what in marks if depth == 1 and what == "," and start < place < end]
    yield indent + code[: start + 1]
    for before, after in pairwise([start, *commas, end]):
        inside = code[before + 1 : after + (after != end)].strip()
        if inside:
            yield from _broken(inside, indent + INDENT)
    yield indent + code[end:]


def _sum(code: str, marks: Sequence[tuple[int, int, str]]) -> tuple[str, list[str]]:
    """What stands before a sum in a statement, and its terms with their signs; one term if it is none."""
    pluses = [place for place, depth, what in marks if depth == 0 and what == "+"]
    equals = [place + 1 for place, depth, what in marks if depth == 0 and what == "="]
    start = equals[0] + 1 if equals else len("return ") if code.startswith("return ") else -1
    if start < 0 or not pluses:
        return "", [code]
    return code[:start], [term for a, b in pairwise([start, *pluses, len(code)]) if (term := code[a:b].strip())]


def _marks(code: str) -> Iterator[tuple[int, int, str]]:
    """Where in a line there are brackets, commas, signs and comments: place, depth and what; none within texts."""
    depth, texts = 0, 0
    for token in tokenize.generate_tokens(StringIO(code).readline):
        texts += (token.type in STRING_STARTS) - (token.type in STRING_ENDS)
        if texts or token.type not in (tokenize.OP, tokenize.COMMENT):
            continue
        what = "#" if token.type == tokenize.COMMENT else token.string
        depth -= what in CLOSE
        yield token.start[1], depth, what
        depth += what in OPEN


MOST_PARAMETERS = 5  # of a class; blocks that differ in more have classes of their own
POSITIONAL = 2  # arguments that are written without their names
WIDTHS = {"in_channels", "out_channels", "num_features", "in_features", "out_features", "groups", "channels"}


@frozen
class Parameter:
    """A number in which the uses of a class differ."""

    name: str
    place: int  # among the numbers of the steps inside, its first one


@frozen
class Class:
    """A class of the file: its name, its parameters, and what stands for each of the numbers inside."""

    name: str
    block: Block  # the first that it is for
    parameters: tuple[Parameter, ...]
    expressions: tuple[str, ...]

    def call(self, given: Sequence[str]) -> str:
        """An expression that makes one, `given` what stands for the numbers inside."""
        shown = [
            given[p.place] if i < POSITIONAL else f"{p.name}={given[p.place]}" for i, p in enumerate(self.parameters)
        ]
        return f"{self.name}({', '.join(shown)})"


Classes = Mapping[Any, Class]  # by the skeleton of a block, or by a block that has a class of its own


def classes(chain: Chain, taken: Iterable[str] = ()) -> Classes:
    """The classes that a chain needs, those first that others use; none has a name that is taken."""
    alike: dict[Any, dict[Numbers, Block]] = {}
    for block in _blocks(chain):
        alike.setdefault(block.skeleton(), {}).setdefault(block.numbers(), block)
    made = [made for key, uses in alike.items() for made in _made(key, uses)]
    names = _numbered([block.name for _, block, _, _ in made], tuple(taken))
    return {
        key: Class(name, block, parameters, expressions)
        for name, (key, block, parameters, expressions) in zip(names, made, strict=True)
    }


def _blocks(chain: Chain) -> Iterator[Block]:
    """Every block in a chain, after those inside it."""
    for step in chain:
        match step:
            case Block(body=Fork(ways)):
                for way in ways:
                    yield from _blocks(way.chain)
                yield step
            case Block(body=body):
                assert isinstance(body, tuple)
                yield from _blocks(body)
                yield step
            case Repeated(inside):
                yield from _blocks((inside,))
            case Own(inside=chains):
                for each in chains:
                    yield from _blocks((wrapped(each),))
            case _:
                pass


def wrapped(chain: Chain) -> Layer | Own | Block:
    """A chain as one step that makes a module: itself, or a class for it."""
    if not chain:
        return Layer("identity", "nn.Identity")
    if len(chain) == 1 and isinstance(chain[0], Layer | Own | Block):
        return chain[0]
    return Block("Inside", "The inside of another module.", chain, chain[-1].out)


def _made(
    key: Any, uses: Mapping[Numbers, Block]
) -> Iterator[tuple[Any, Block, tuple[Parameter, ...], tuple[str, ...]]]:
    columns = list(zip(*uses, strict=True))
    values = [tuple(value for _, value in column) for column in columns]
    differing = list(dict.fromkeys(v for v in values if len(set(v)) > 1))
    if len(differing) > MOST_PARAMETERS:
        for block in uses.values():
            yield (key, block.numbers()), block, (), tuple(str(value) for _, value in block.numbers())
        return
    roles = [[c[0][0] for c, v in zip(columns, values, strict=True) if v == wanted] for wanted in differing]
    names = dict(zip(differing, _numbered([_name(each) for each in roles]), strict=True))
    parameters = tuple(Parameter(name, values.index(wanted)) for wanted, name in names.items())
    yield key, next(iter(uses.values())), parameters, tuple(names.get(v, str(v[0])) for v in values)


def _name(roles: Sequence[str]) -> str:
    """What a parameter is called that stands for numbers of the given names."""
    return roles[0] if len(set(roles)) == 1 or not set(roles) <= WIDTHS else "channels"


def _numbered(names: Sequence[str], taken: Iterable[str] = ()) -> list[str]:
    """Names that are all different: those that come several times, or are taken, get a number."""
    used = {*taken, *(name for name in names if names.count(name) == 1)}
    found: list[str] = []
    for name in names:
        if names.count(name) > 1 or name in taken:
            name = next(new for i in count(1) if (new := f"{name}{i}") not in used)
        used.add(name)
        found.append(name)
    return found


def code(made: Class, known: Classes) -> str:
    """The text of a class."""
    parameters = "".join(f", {p.name}: int" for p in made.parameters)
    init, forward = bodies(made.block.body, known, made.expressions)
    lines = [f"class {made.name}(nn.Module):", f'{INDENT}"""{made.block.about}"""', ""]
    if init:
        lines += [f"{INDENT}def __init__(self{parameters}) -> None:", f"{INDENT * 2}super().__init__()"]
        lines += [*(f"{INDENT * 2}{line}" for line in init), ""]
    lines += [f"{INDENT}def forward(self, x: torch.Tensor) -> torch.Tensor:"]
    return "\n".join(broken_up([*lines, *(f"{INDENT * 2}{line}" for line in forward)]))


def bodies(
    body: Chain | Fork, known: Classes, expressions: Sequence[str], *, shapes: bool = False
) -> tuple[list[str], list[str]]:
    """The lines of __init__ and of forward; with comments that tell the shape after each step."""
    writer = _Writer(known, iter(expressions), iter(_numbered(_names(body))))
    if isinstance(body, Fork):
        writer.fork(body)
    else:
        for step in body:
            writer.forward.append(f"x = {writer.applied(step, 'x')}" + (f"  # {step.out}" if shapes else ""))
        writer.forward.append("return x")
    return writer.init, writer.forward


def _names(body: Chain | Fork) -> list[str]:
    """What the attributes are called, without numbers."""
    if isinstance(body, tuple):
        return [_attribute(step) for step in body if not isinstance(step, Function)]
    return [name for way in body.ways for name in _named(way.name, way.chain)]


def _named(way: str, chain: Chain) -> list[str]:
    if len(chain) == 1 and way.startswith("edge"):
        return [] if isinstance(chain[0], Function) else [way]
    return _names(chain)


def _attribute(step: Layer | Own | Block | Repeated) -> str:
    match step:
        case Block(name):
            return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")
        case Repeated(inside):
            return f"{_attribute(inside)}s"
        case _:
            return step.name


@define
class _Writer:
    """Writes the two methods of a class side by side; attributes and numbers are taken in their order."""

    known: Classes
    expressions: Iterator[str]
    names: Iterator[str]
    init: list[str] = field(factory=list[str])
    forward: list[str] = field(factory=list[str])

    def applied(self, step: Step, x: str) -> str:
        """The expression of a step's output; its module, if it has one, is made in __init__."""
        if isinstance(step, Function):
            return step.code.replace("{x}", x)
        name = next(self.names)
        self.init.append(f"self.{name} = {self.module(step)}")
        return f"self.{name}({x})"

    def module(self, step: Layer | Own | Block | Repeated) -> str:
        """The expression that makes a step's module."""
        match step:
            case Layer(call=call, arguments=arguments):
                shown = [next(self.expressions) if a.is_number else repr(a.value) for a in arguments]
                named = [f"{a.name}={s}" if a.keyword else s for a, s in zip(arguments, shown, strict=True)]
                return f"{call}({', '.join(named)})"
            case Own(expression=expression, inside=inside):
                for i, chain in enumerate(inside):
                    expression = expression.replace(f"{{{i}}}", self.module(wrapped(chain)))
                return expression
            case Block():
                given = [next(self.expressions) for _ in step.numbers()]
                return class_of(step, self.known).call(given)
            case Repeated(inside, count):
                return f"nn.Sequential(*({self.module(inside)} for _ in range({count})))"

    def fork(self, fork: Fork) -> None:
        """Lines for every way, and for the sum at each node."""
        last, made = fork.ways[-1].edge[1], {}
        for into in fork.nodes():
            node = into[0].edge[1]
            for way in fork.ways:
                if way.edge[1] == node:
                    made[way] = self._way(way.name, way.chain, "x" if way.edge[0] == 0 else f"node{way.edge[0]}")
            *before, whole = merged(fork.merging, [(made[way], way.out) for way in into])
            if any("F.pad" in line for line in (*before, whole)) and len({way.out for way in into}) > 1:
                self.forward.append("# zeros at the end of an axis make it as long as the longer one")
            self.forward += [f"merged = {line}" for line in before]
            self.forward.append(f"return {whole}" if node == last else f"node{node} = {whole}")

    def _way(self, name: str, chain: Chain, x: str) -> str:
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


def class_of(block: Block, known: Classes) -> Class:
    """The class that a block is made of."""
    key = block.skeleton()
    return known[key] if key in known else known[key, block.numbers()]


def definitions(chain: Chain) -> list[str]:
    """What persons' own modules need to be defined, each text once."""
    found: dict[str, None] = {}
    for step in chain:
        match step:
            case Own(definitions=text, inside=inside):
                found |= dict.fromkeys(each for c in inside for each in definitions(c))
                found |= {text: None} if text else {}
            case Block(body=Fork(ways)):
                found |= dict.fromkeys(each for way in ways for each in definitions(way.chain))
            case Block(body=body):
                assert isinstance(body, tuple)
                found |= dict.fromkeys(definitions(body))
            case Repeated(inside):
                found |= dict.fromkeys(definitions((inside,)))
            case _:
                pass
    return list(found)
