"""The final training of a trial: a run of its own, of the one architecture, on all images but those for testing."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, count
from shlex import quote

from attrs import evolve

from archwright.cli.runs.images import images_to_json
from archwright.cli.values import BadOption, parse_settings
from archwright.core.architecture import settings_of
from archwright.core.budget import Budget
from archwright.core.json import JSON
from archwright.core.objective import Objective
from archwright.core.shape import format_shape
from archwright.evaluate.config import (
    LATEST_READER,
    Config,
    Function,
    Training,
    evaluation_from_json,
    evaluation_to_json,
)
from archwright.evaluate.data.dataset import DataInfo
from archwright.evaluate.data.loading import describe_configured_dataset
from archwright.evaluate.opening import find_training_data
from archwright.evaluate.training.recipe import make_recipe, override_settings
from archwright.search.named import searcher_to_json
from archwright.search.running.attempts import derive_training_seed
from archwright.search.running.run_view import RunView, rebuild_leaf
from archwright.search.running.runs import collect_versions
from archwright.search.searchers.fixed import Fixed
from archwright.store.events import RunStarted
from archwright.store.runs import check_run_name


def configure_retraining(
    view: RunView,
    trial: int,
    train: Sequence[str],
    data: str | None,
    data_dir: str | None,
    device: str | None,
    image_size: tuple[int, int] | None = None,
) -> Training:
    """The final training of a trial: as in its search, but for the given options, and on its validation images, too.

    Raises BadOption where the run's trials were not trained, and what is wrong with the settings.
    """
    config = _make_base_config(view, trial, data)
    overrides = override_settings(config.overrides, parse_settings("--train", train))
    config = evolve(config, keep="last", overrides=overrides, train_on="train+validation")
    config = evolve(config, data_dir=data_dir or config.data_dir, device=device or config.device)
    config = evolve(config, image_size=image_size or config.image_size)
    make_recipe(config.settings, settings_of(rebuild_leaf(view, view.get_trial(trial)).architecture), overrides)
    return config


def describe_training_images(view: RunView, trial: int, config: Training) -> DataInfo:
    """The images to train on; BadOption where they do not fit the architecture, and errors of the data."""
    info, node = describe_configured_dataset(config), rebuild_leaf(view, view.get_trial(trial))
    input_shape, output_shape = tuple(view.run.started.input_shape), node.out_shape
    if input_shape != info.input_shape or output_shape != (info.classes,):
        raise BadOption(
            f"trial {trial} of {view.name} takes inputs of {format_shape(input_shape)} and gives "
            f"{format_shape(output_shape)} outputs, and {config.data} has images of {format_shape(info.input_shape)} "
            f"in {info.classes} classes; give --data with a data set that fits"
        )
    return info


def make_start(
    view: RunView,
    trial: int,
    config: Training,
    images: DataInfo,
    budget: Budget | None,
    seeds: int,
    seed: int | None,
) -> RunStarted:
    """The first event of a run that trains a trial's architecture `seeds` times.

    The seed, if none is given, is that of the trial's own training, so that no training is seeded as one of the
    search's was; the budget is that of the trial. All models are kept.
    """
    search_start = view.run.started
    path = view.get_trial(trial).path
    return RunStarted(
        space=view.run.space,
        space_source=search_start.space_source,
        input_shape=search_start.input_shape,
        input=search_start.input,
        searcher=searcher_to_json(Fixed.name, {"path": path, "run": view.name, "trial": trial}),
        evaluator=evaluation_to_json(config),
        objective=Objective("test_accuracy"),
        budget=budget or view.get_trial(trial).budget,
        seed=derive_training_seed(search_start.seed, trial) if seed is None else seed,
        trials=seeds,
        versions=collect_versions(),
        keep_models=seeds,
        data=images_to_json(images),
    )


def generate_retraining_names(run: str, trial: int) -> Iterator[str]:
    """The default names in order of preference: RUN.retrain-TRIAL, RUN.retrain-TRIAL-2, -3 ..."""
    stem = f"{run[:80]}.retrain-{trial}"
    return map(check_run_name, chain([stem], (f"{stem}-{number}" for number in count(2))))


def _make_base_config(view: RunView, trial: int, data: str | None) -> Training:
    config = evaluation_from_json(view.run.started.evaluator)
    if isinstance(config, Training):
        if data in (None, config.data):
            return config
        return evolve(config, data=data, data_dir=None, image_size=None, reader=LATEST_READER)
    if data is None:
        evaluator = _describe_evaluator(config, view.run.started.evaluator)
        raise BadOption(
            f"{view.name} was evaluated by {evaluator}, so there is no training of trial {trial} to do again; "
            f"say what to train it on, as in --data {quote(find_training_data(config) or 'cifar10')}"
        )
    if isinstance(config, Function) and data == config.data:
        names = ("data", "data_dir", "validation", "split_seed", "image_size", "reader")
        return Training(**{name: getattr(config, name) for name in names})
    return Training(data)


def _describe_evaluator(config: Config, evaluator: Mapping[str, JSON]) -> str:
    return config.source if isinstance(config, Function) else f"looking trials up in {evaluator['table']}"
