"""A person's own function as the evaluator, checked as far as can be without importing its file.

It may import torch, which takes seconds and does not belong into the coordinator: a worker imports it.
"""

import ast
from collections.abc import Collection, Sequence
from contextlib import suppress
from inspect import Parameter

from archwright.cli.runs import own_score
from archwright.cli.values import BadOption
from archwright.core.errors import suggest_names
from archwright.core.objective import Objective
from archwright.evaluate.config import FunctionConfig
from archwright.evaluate.functions.signature import TORCH_ARGUMENTS, parse_signature
from archwright.evaluate.user_code import (
    BadSourceName,
    NoSuchAttribute,
    SourceFailed,
    find_module_files,
    is_source,
    resolve_file,
)
from archwright.evaluate.user_errors import format_traceback

DATA = ("data",)
NEEDS = {  # options, and which parameter reads them
    "train": ("settings",),
    "validation": DATA,
    "image_size": DATA,
    "reader": DATA,
    "device": TORCH_ARGUMENTS,
}


def check(config: FunctionConfig, options: Sequence[str] = (), later: Collection[str] = ()) -> None:
    """Nothing, if `config.source` seems to be a function that can be called and reads the options that were given.

    What is only found out `later` may be absent from `config`. Raises BadSourceName, NoSuchSource, NoSuchAttribute,
    SourceFailed, WrongParameters, BadScore or BadOption.
    """
    if not is_source(config.source):
        raise BadSourceName(f"the evaluator is {config.source!r}; write file.py:function or module:function")
    place, _, attribute = config.source.rpartition(":")
    if not place.endswith(".py"):
        find_module_files(place)  # raises NoSuchSource
        return
    if (parameters := _written(place, attribute)) is None:
        return
    asks = parse_signature(config.source, parameters, config.absent - {*later})
    for option in options:
        names = NEEDS.get(option, ())
        if names and not any(name in asks for name in names):
            written, parameter = option.replace("_", "-"), " or ".join(names)
            raise BadOption(f"--{written} does nothing: {config.source} has no parameter {parameter}")
    return


def reads_budget(config: FunctionConfig) -> bool | None:
    """Whether a function that was checked asks for the budget; None where only importing its file would tell."""
    place, _, attribute = config.source.rpartition(":")
    parameters = _written(place, attribute) if place.endswith(".py") else None
    return None if parameters is None else "budget" in parse_signature(config.source, parameters, config.absent)


def _written(place: str, attribute: str) -> Sequence[Parameter] | None:
    """The parameters of a file's function, if they are those that are written."""
    tree = _parsed(place, attribute)
    definition = _definition(tree, attribute)
    return None if definition is None or not _is_plain(definition, tree) else _of_definition(definition.args)


def score(source: str) -> Objective | None:
    """What a function that was checked says its score is, as it is written or, where that does not tell, is imported.

    None if it says nothing. Raises BadScore, and SourceFailed where it has to be imported.
    """
    place, _, attribute = source.rpartition(":")
    if place.endswith(".py"):
        tree = _parsed(place, attribute)
        definition = _definition(tree, attribute)
        with suppress(ValueError):  # not what is written, but what it does, tells
            if definition is not None:
                return own_score.written(definition.decorator_list, tree)
    return own_score.imported(source)


def _parsed(place: str, attribute: str) -> ast.Module:
    path = resolve_file(place)
    try:
        tree = ast.parse(path.read_bytes(), str(path))
    except SyntaxError as error:
        raise SourceFailed(f"{path} cannot be read:\n{format_traceback(error, lines=None)}") from error
    names = _names(tree)
    if attribute.partition(".")[0] not in names and "*" not in names:
        raise NoSuchAttribute(f"{path} has no {attribute!r}; {suggest_names(attribute, names)}")
    return tree


def _names(tree: ast.Module) -> set[str]:
    """Every name that a module may bind, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.Name(id=name, ctx=ast.Store()):
                found.add(name)
            case ast.alias(name=name, asname=alias):
                found.add(alias or name.partition(".")[0])
            case _:
                pass
    return found


def _definition(tree: ast.Module, name: str) -> ast.FunctionDef | None:
    """A module's function, if it is defined once and its name never means another thing; None if it may."""
    bound = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == name]
    stored = any(isinstance(node.ctx, ast.Store) for node in bound)
    match [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name]:
        case [definition] if not stored:
            return definition
    return None


def _is_plain(definition: ast.FunctionDef, tree: ast.Module) -> bool:
    """Whether the parameters of a function are those that are written."""
    try:
        own_score.written(definition.decorator_list, tree)
    except ValueError:
        return False
    return True


def _of_definition(args: ast.arguments) -> list[Parameter]:
    some, none = object(), Parameter.empty  # what a default is does not matter here
    count, defaults = len(args.posonlyargs) + len(args.args), len(args.defaults)
    given = [none] * (count - defaults) + [some] * defaults
    kinds = [Parameter.POSITIONAL_ONLY] * len(args.posonlyargs) + [Parameter.POSITIONAL_OR_KEYWORD] * len(args.args)
    named = zip([*args.posonlyargs, *args.args], kinds, given, strict=True)
    found = [Parameter(arg.arg, kind, default=default) for arg, kind, default in named]
    if args.vararg:
        found.append(Parameter(args.vararg.arg, Parameter.VAR_POSITIONAL))
    for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        found.append(Parameter(arg.arg, Parameter.KEYWORD_ONLY, default=none if default is None else some))
    if args.kwarg:
        found.append(Parameter(args.kwarg.arg, Parameter.VAR_KEYWORD))
    return found
