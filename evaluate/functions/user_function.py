"""A user's function as the evaluator, checked as far as its source shows, without importing its file.

The file may import torch, which takes seconds and does not belong into the coordinator: a worker imports it.
"""

import ast
from collections.abc import Collection, Sequence
from contextlib import suppress
from inspect import Parameter

from archwright.core.errors import suggest_names
from archwright.core.objective import Objective
from archwright.core.tracebacks import format_traceback
from archwright.evaluate.functions import user_score
from archwright.evaluate.functions.signature import SETTING_PARAMETERS, parse_signature
from archwright.evaluate.settings import UnusedSetting
from archwright.store.user_code import (
    BadSourceName,
    NoSuchAttribute,
    SourceFailed,
    find_module_files,
    is_source,
    resolve_file,
)


def check_function(source: str, absent: Collection[str], settings: Sequence[str] = ()) -> None:
    """Nothing, if `source` seems to be a function that can be called and reads the evaluation's named settings.

    The arguments that are `absent` do not exist. Raises BadSourceName, NoSuchSource, NoSuchAttribute, SourceFailed,
    WrongParameters, BadScore or UnusedSetting.
    """
    if not is_source(source):
        raise BadSourceName(f"the evaluator is {source!r}; write file.py:function or module:function")
    place, _, attribute = source.rpartition(":")
    if not place.endswith(".py"):
        find_module_files(place)  # raises NoSuchSource
        return
    if (parameters := _read_parameters(place, attribute)) is None:
        return
    arguments = parse_signature(source, parameters, absent)
    for name in settings:
        names = SETTING_PARAMETERS.get(name, ())
        if names and not any(name in arguments for name in names):
            parameter, verb = " or ".join(names), "do" if name.endswith("s") else "does"
            raise UnusedSetting(f"{name} {verb} nothing: {source} has no parameter {parameter}")


def reads_budget(source: str, absent: Collection[str]) -> bool | None:
    """Whether a checked function has a parameter for the budget; None where only importing its file would tell."""
    place, _, attribute = source.rpartition(":")
    parameters = _read_parameters(place, attribute) if place.endswith(".py") else None
    return None if parameters is None else "budget" in parse_signature(source, parameters, absent)


def _read_parameters(place: str, attribute: str) -> Sequence[Parameter] | None:
    """The parameters of a file's function as its definition lists them; None where running it may change them."""
    tree = _parse_file(place, attribute)
    definition = _find_definition(tree, attribute)
    if definition is None or not _has_written_parameters(definition, tree):
        return None
    return _convert_parameters(definition.args)


def read_score(source: str) -> Objective | None:
    """The objective that a checked function names as its score, read from its source or else by importing it.

    None if it names none. Raises BadScore, and SourceFailed where it has to be imported.
    """
    place, _, attribute = source.rpartition(":")
    if place.endswith(".py"):
        tree = _parse_file(place, attribute)
        definition = _find_definition(tree, attribute)
        with suppress(ValueError):  # only running the decorators tells
            if definition is not None:
                return user_score.read_decorators(definition.decorator_list, tree)
    return user_score.import_score(source)


def _parse_file(place: str, attribute: str) -> ast.Module:
    path = resolve_file(place)
    try:
        tree = ast.parse(path.read_bytes(), str(path))
    except SyntaxError as error:
        raise SourceFailed(f"{path} cannot be read:\n{format_traceback(error, lines=None)}") from error
    names = _find_bound_names(tree)
    if attribute.partition(".")[0] not in names and "*" not in names:
        raise NoSuchAttribute(f"{path} has no {attribute!r}; {suggest_names(attribute, names)}")
    return tree


def _find_bound_names(tree: ast.Module) -> set[str]:
    """Every name that a module may bind, in any scope."""
    bound_names: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                bound_names.add(name)
            case ast.Name(id=name, ctx=ast.Store()):
                bound_names.add(name)
            case ast.alias(name=name, asname=alias):
                bound_names.add(alias or name.partition(".")[0])
            case _:
                pass
    return bound_names


def _find_definition(tree: ast.Module, name: str) -> ast.FunctionDef | None:
    """A module's function, if it is defined once and its name is never rebound; else None."""
    uses = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == name]
    is_rebound = any(isinstance(node.ctx, ast.Store) for node in uses)
    match [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name]:
        case [definition] if not is_rebound:
            return definition
    return None


def _has_written_parameters(definition: ast.FunctionDef, tree: ast.Module) -> bool:
    """Whether a function has the parameters of its definition: it has no decorators but ours."""
    try:
        user_score.read_decorators(definition.decorator_list, tree)
    except ValueError:
        return False
    return True


def _convert_parameters(args: ast.arguments) -> list[Parameter]:
    """The parameters of a definition; which value a default has does not matter here."""
    default, no_default = object(), Parameter.empty
    count, default_count = len(args.posonlyargs) + len(args.args), len(args.defaults)
    defaults = [no_default] * (count - default_count) + [default] * default_count
    kinds = [Parameter.POSITIONAL_ONLY] * len(args.posonlyargs) + [Parameter.POSITIONAL_OR_KEYWORD] * len(args.args)
    positional = zip([*args.posonlyargs, *args.args], kinds, defaults, strict=True)
    parameters = [Parameter(arg.arg, kind, default=value) for arg, kind, value in positional]
    if args.vararg:
        parameters.append(Parameter(args.vararg.arg, Parameter.VAR_POSITIONAL))
    for arg, value in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        parameters.append(Parameter(arg.arg, Parameter.KEYWORD_ONLY, default=no_default if value is None else default))
    if args.kwarg:
        parameters.append(Parameter(args.kwarg.arg, Parameter.VAR_KEYWORD))
    return parameters
