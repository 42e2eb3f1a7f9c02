"""What a search is to evaluate with, checked as far as possible before anything is logged."""

import ast
import importlib.util
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import evolve

from archwright.cli.options import BadOption, pairs
from archwright.core.errors import nearest
from archwright.core.trial import Budget, Objective, parse_budget
from archwright.evaluate.config import Config, FunctionConfig, TrainingConfig, from_json
from archwright.evaluate.failure import account
from archwright.evaluate.fcnet import FcnetConfig
from archwright.evaluate.loading import BadSource, NoSuchAttribute, NoSuchSource, SourceFailed, is_source
from archwright.evaluate.nasbench201 import Nasbench201Config
from archwright.evaluate.recipe import recipe

TABLES = ("nasbench201", "fcnet")


def chosen(
    source: str | None, data: str | None, metric: str | None, train: Sequence[str], given: Mapping[str, Any]
) -> Config:
    """The evaluator that a person asked for: a table, a function of their own, or, without a source, training."""
    if source is None:
        return training(data, train, given)
    _only_for_training(train, given)
    kind, _, rest = source.partition(":")
    if kind in TABLES:
        path, *settings = rest.split(",")
        return from_json({"kind": kind, "table": path, **pairs("--evaluator", settings)})
    return function(source, metric or "accuracy")


def budget(config: Config, given: str | None) -> Budget:
    """What a trial may spend, if the person does not say: five epochs, or what a table's results were trained for."""
    usual = {Nasbench201Config: "200epochs", FcnetConfig: "100epochs"}
    return parse_budget(given or usual.get(type(config), "5epochs"))


def objective(config: Config, metric: str | None, minimize: bool | None) -> Objective:
    """What the search is about, if the person does not say: accuracy, or the loss of a regression."""
    regression = isinstance(config, FcnetConfig)
    lower = regression and metric in (None, "loss") if minimize is None else minimize
    return Objective(metric or ("loss" if regression else "accuracy"), "minimize" if lower else "maximize")


def training(data: str | None, train: Sequence[str], given: Mapping[str, Any]) -> TrainingConfig:
    """Training on `data`, with the settings that were `given`, those that are None being as usual."""
    settings = pairs("--train", train)
    recipe(settings)  # raises what is wrong with them
    config = TrainingConfig(data or "digits", settings=settings)
    return evolve(config, **{name: value for name, value in given.items() if value is not None})


def function(source: str, metric: str) -> FunctionConfig:
    """A person's own function as the evaluator."""
    check_function(source)
    return FunctionConfig(source, metric)


def _only_for_training(train: Sequence[str], given: Mapping[str, Any]) -> None:
    """BadOption where an option was given that is for training alone."""
    for name, value in (*given.items(), ("train", train or None)):
        if value is not None and name != "data_dir":  # that comes from the environment, too
            raise BadOption(f"--{name.replace('_', '-')} is for training; it does not go with --evaluator")


def check_function(source: str) -> None:
    """Nothing, if `source` seems to name a function. It is not imported, since it may import torch: a worker does."""
    if not is_source(source):
        raise BadSource(f"the evaluator is {source!r}; write file.py:function or module:function")
    place, _, attribute = source.rpartition(":")
    if place.endswith(".py"):
        _check_file(Path(place).expanduser(), attribute)
    else:
        _check_module(place)


def _check_module(name: str) -> None:
    sys.path.insert(0, str(Path.cwd()))
    try:
        found = importlib.util.find_spec(name.partition(".")[0])
    finally:
        sys.path.pop(0)
    if found is None:
        raise NoSuchSource(f"there is no module {name!r}; for a file, write its path ending in .py")


def _check_file(path: Path, attribute: str) -> None:
    if not path.is_file():
        neighbours = [p.name for p in path.parent.glob("*.py")] if path.parent.is_dir() else []
        raise NoSuchSource(f"there is no file {path}; in its folder {nearest(path.name, neighbours)}")
    try:
        names = _names(ast.parse(path.read_bytes(), str(path)))
    except SyntaxError as error:
        raise SourceFailed(f"{path} cannot be read:\n{account(error, lines=None)}") from error
    if attribute.partition(".")[0] not in names and "*" not in names:
        raise NoSuchAttribute(f"{path} has no {attribute!r}; {nearest(attribute, names)}")


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


def on_this_machine(config: Config, device: str | None, data_dir: str | None) -> Config:
    """An evaluator as it was logged, on another device or with its data elsewhere."""
    if not isinstance(config, TrainingConfig):
        if device is not None:
            raise BadOption("--device is for training; the run has an evaluator of its own")
        return config
    return evolve(config, device=device or config.device, data_dir=data_dir or config.data_dir)
