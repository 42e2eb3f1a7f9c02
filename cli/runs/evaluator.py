"""What a search is to evaluate with, checked as far as possible before anything is logged."""

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import evolve

from archwright.cli.output import say
from archwright.cli.own_code import trust_named_source
from archwright.cli.runs import own_function
from archwright.cli.values import BadOption, parse_settings, require_plain_text
from archwright.core.budget import Budget, parse_budget
from archwright.core.errors import suggest_names
from archwright.core.modules.basic import Settings
from archwright.core.modules.choices import Either
from archwright.core.objective import Objective
from archwright.core.term import Composite, Term
from archwright.evaluate.config import Config, FunctionConfig, TrainingConfig, config_from_json
from archwright.evaluate.tables.fcnet import FcnetConfig
from archwright.evaluate.tables.nasbench201 import Nasbench201Config
from archwright.evaluate.training.recipe import ALIASES, make_recipe
from archwright.evaluate.verdict import COST_METRICS, TRAINING_METRICS
from archwright.store.events import RunStarted

TABLES = ("nasbench201", "fcnet")


def chosen(
    source: str | None, data: str | None, metric: str | None, train: Sequence[str], given: Mapping[str, Any]
) -> Config:
    """The evaluator that a person asked for: a table, a function of their own, or, without a source, training."""
    if source is None:
        return training(data, train, given)
    kind, _, rest = source.partition(":")
    if kind in TABLES:
        _without(["keep", "validation", "image_size", "reader", "device", "train"], train, given)
        path, *settings = rest.split(",")
        return config_from_json({"kind": kind, "table": path, **parse_settings("--evaluator", settings)})
    _without(["keep"], train, given)
    return function(source, data, metric, train, given)


def budget(config: Config, given: str | None) -> Budget:
    """What a trial may spend, if the person does not say: five epochs, or what a table's results were trained for.

    NotInTable where a table has no results for what the person said.
    """
    if given and isinstance(config, FunctionConfig) and own_function.reads_budget(config) is False:
        say(f"--budget does nothing: {config.source} has no parameter budget", err=True)
    if not isinstance(config, Nasbench201Config | FcnetConfig):
        return parse_budget(given or "5epochs")
    spent = parse_budget(given or config.budget)
    config.require_budget(spent)
    return spent


def models_kept(config: Config, wanted: int | None) -> int:
    """Of how many trials the models are kept, if the person does not say: of the best one, where there are models.

    There are none in a table. A function has one only if it asks for it, which nothing but importing it may tell; of
    one that does not, nothing is written.
    """
    return (1 if isinstance(config, TrainingConfig | FunctionConfig) else 0) if wanted is None else wanted


def say_overruled(config: Config, space: Term) -> None:
    """Say on stderr which settings of the training do nothing, since every model of the space has its own."""
    if not isinstance(config, TrainingConfig | FunctionConfig):
        return
    ours = ALIASES if isinstance(config, TrainingConfig) else {}
    theirs = {ours.get(name, name): name for name in _always_set(space)}
    for name in config.settings:
        if (of_space := theirs.get(ours.get(name, name))) is not None:
            say(f"--train {name} does nothing: the space sets {of_space} in every model", err=True)


def _always_set(space: Term) -> frozenset[str]:
    """The settings that every model of a space has, as far as that is seen without making one."""
    match space:
        case Settings():
            return frozenset(name for name, _ in space.entries)
        case Either():
            return frozenset.intersection(*map(_always_set, space.terms))
        case Composite():
            return frozenset[str]().union(*map(_always_set, space.subterms))
        case _:
            return frozenset()


def objective(config: Config, metric: str | None, minimize: bool | None) -> Objective:
    """What the search is about, if the person does not say: accuracy, a regression's loss, or what a function says.

    Of what is measured here, costs and losses are minimized unless the person says otherwise. Raises BadOption for what
    no search may be about.
    """
    own = config if isinstance(config, FunctionConfig) else None
    name = (
        require_plain_text("--metric", metric)
        if metric
        else (own.metric if own else "loss" if isinstance(config, FcnetConfig) else "accuracy")
    )
    if name.startswith("test_"):
        place = f"the score of {own.source}" if own and not metric else "--metric"
        raise BadOption(f"{place} is {name!r}; what test images say is for reports, not for a search to look at")
    trained = TRAINING_METRICS if isinstance(config, TrainingConfig) else {}
    if trained and name not in trained:
        offered = [known for known in trained if not known.startswith("test_")]
        raise BadOption(f"--metric is {name!r}; of what is known of a training, {suggest_names(name, offered)}")
    if trained:
        lower = trained[name].less_is_better
    elif own:
        lower = name in COST_METRICS or (own.less_is_better and name == own.metric)
    else:
        lower = isinstance(config, FcnetConfig) and name == "loss"
    return Objective(name, "minimize" if (lower if minimize is None else minimize) else "maximize")


def training(data: str | None, train: Sequence[str], given: Mapping[str, Any]) -> TrainingConfig:
    """Training on `data`, with the settings that were `given`, those that are None being as usual."""
    settings = parse_settings("--train", train)
    make_recipe(settings)  # raises what is wrong with them
    config = TrainingConfig(data or "digits", settings=settings)
    return evolve(config, **{name: value for name, value in given.items() if value is not None})


def function(
    source: str, data: str | None, metric: str | None, train: Sequence[str], given: Mapping[str, Any]
) -> FunctionConfig:
    """A person's own function as the evaluator, with what was `given` for it.

    Its score is what it says itself, or else `metric`.
    """
    there = {name: value for name, value in given.items() if value is not None}
    config = evolve(FunctionConfig(source, data=data, settings=parse_settings("--train", train)), **there)
    own_function.check(config, [*there, *(["train"] if train else [])], later=("input_shape", "model"))
    said = own_function.score(trust_named_source(source))
    if said is None:
        return evolve(config, metric=metric or config.metric)
    return evolve(config, metric=said.metric, less_is_better=said.direction == "minimize")


def _without(names: Sequence[str], train: Sequence[str], given: Mapping[str, Any]) -> None:
    """BadOption where one of these options was given, which are for training alone."""
    for name in names:
        if (train or None if name == "train" else given.get(name)) is not None:
            raise BadOption(f"--{name.replace('_', '-')} is for training; it does not go with --evaluator")


def of_run(started: RunStarted) -> Config:
    """The evaluator that a run was begun with. It knows the shape of the inputs if it did; older runs do not say."""
    config = config_from_json(started.evaluator)
    noted = not isinstance(config, FunctionConfig) or "input_shape" in started.evaluator
    return config if noted else evolve(config, input_shape=started.input_shape)


def on_this_machine(config: Config, device: str | None, data_dir: str | None) -> Config:
    """An evaluator as it was logged, on another device or with its data elsewhere."""
    if not isinstance(config, TrainingConfig | FunctionConfig):
        if device is not None:
            raise BadOption("--device is for training; the run has a table of results")
        return config
    if isinstance(config, FunctionConfig) and device is not None:
        own_function.check(config, ["device"], later=("input_shape", "model"))
    return evolve(config, device=device or config.device, data_dir=data_dir or config.data_dir)
