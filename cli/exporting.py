"""A trial as a model to take home."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

import archwright
from archwright.cli.facts import leaf
from archwright.cli.options import command
from archwright.cli.output import shown, times
from archwright.cli.reading import Reading
from archwright.core.architecture import settings_of
from archwright.core.errors import ArchwrightError
from archwright.core.node import Node
from archwright.core.serial import to_json
from archwright.evaluate.config import Config, FunctionConfig, TrainingConfig, from_json
from archwright.search.run import training_seed
from archwright.store.artifacts import run_folder
from archwright.store.fold import Trial

if TYPE_CHECKING:
    from archwright.evaluate.export.card import Card
    from archwright.evaluate.export.folder import Exported, Subject

SCORES = {"accuracy": "accuracy on the validation images", "test_accuracy": "accuracy on the test images"}


class NoWeights(ArchwrightError, LookupError):
    """A trial whose model was not kept."""


class NotWhole(ArchwrightError, RuntimeError):
    """An export of which a part is missing."""


def exported(
    reading: Reading, number: int, folder: Path, *, force: bool, untrained: bool, data_dir: str | None
) -> "Exported":
    """Write what a trial's model needs to be used elsewhere; raises NoWeights, and what the export does."""
    from archwright.evaluate.export.folder import export

    return export(_subject(reading, reading.trial(number), untrained=untrained, data_dir=data_dir), folder, force=force)


def _subject(reading: Reading, trial: Trial, *, untrained: bool, data_dir: str | None) -> "Subject":
    from archwright.evaluate.classifier import recipe_of
    from archwright.evaluate.export.folder import Subject
    from archwright.evaluate.export.model_file import Origin
    from archwright.evaluate.export.normalising import normalisation

    weights = None if untrained else _weights(reading, trial)
    node, config = leaf(reading, trial), from_json(reading.run.started.evaluator)
    shape = node.origin.input_shape
    first = trial
    while first.continues is not None:  # trials that continue one another are one training
        first = reading.trial(first.continues)
    seed = training_seed(reading.run.started.seed, first.trial)
    card = _card(reading, trial, node, config, untrained=untrained)
    where = {"run": reading.name, "trial": str(trial.trial), "space": reading.run.started.space_source}
    size = {"seed": str(seed), "parameters": f"{node.architecture.parameters(shape):,}"}
    title = f"The model of trial {trial.trial} of {reading.name}{', untrained' if untrained else ''}"
    made = {"made by": f"archwright {archwright.__version__}, torch {reading.run.started.versions.get('torch', '')}"}
    origin = Origin(title, where | ({"data": card.data} if card.data else {}) | size | dict(card.scores) | made)
    described = {
        "architecture": to_json(node.architecture),
        "input_shape": list(shape),
        "output_shape": list(node.out_shape),
        "run": reading.name,
        "trial": trial.trial,
        "choices": dict(trial.path),
    }
    images = normalisation(config, node.architecture, data_dir)
    drawn = recipe_of(config, node.architecture).initialization if isinstance(config, TrainingConfig) else "own"
    return Subject(node.architecture, shape, seed, weights, origin, images, card, described, drawn)


def _weights(reading: Reading, trial: Trial) -> Any:
    from archwright.evaluate.artifacts import NoArtifact, read_model

    folder = run_folder(reading.log, reading.name)
    try:
        weights, _ = read_model(folder, trial.trial)
    except NoArtifact as error:
        again = command(reading.log, "retrain", reading.name, str(trial.trial))
        raise NoWeights(
            f"the weights of trial {trial.trial} of {reading.name} are not in {folder}; train it again with "
            f"`{again}` and export a trial of that run, or add --untrained for the weights that it begins with"
        ) from error
    return weights


def _card(reading: Reading, trial: Trial, node: Node, config: Config, *, untrained: bool) -> "Card":
    from archwright.evaluate.export.card import Card

    started = reading.run.started
    metrics = {} if untrained or trial.ended is None else trial.ended.metrics
    scores = {f"{SCORES[name]}": f"{metrics[name]:.4f}" for name in SCORES if name in metrics}
    objective = started.objective.metric
    if trial.score is not None and objective not in SCORES and not untrained:
        scores |= {objective: shown(trial.score)}
    told = {name: shown(value) for name, value in settings_of(node.architecture).items()}
    more = {"budget": str(trial.budget), "images": times(node.origin.input_shape)}
    versions = {name: str(version) for name, version in started.versions.items()}
    return Card(
        choices={name: shown(value) for name, value in trial.path},
        settings={} if untrained else more | told | _given(config),
        scores=scores,
        versions=versions | {"archwright of the export": archwright.__version__},
        data=config.data if isinstance(config, TrainingConfig | FunctionConfig) else None,
    )


def _given(config: Config) -> dict[str, str]:
    """What a person has set for the training."""
    if not isinstance(config, TrainingConfig):
        return {"evaluator": config.source} if isinstance(config, FunctionConfig) else {}
    return {name: shown(value) for name, value in {**config.settings, **config.overrides}.items()}


def show_exported(folder: Path, done: "Exported") -> None:
    """Print what was written."""
    for path in done.files:
        typer.echo(f"{path}")
    if "model.py" not in done.missing:
        typer.echo(f"\nto look at it: python {folder / 'model.py'}")


def require_whole(folder: Path, done: "Exported") -> None:
    """NotWhole if something is missing."""
    for name, why in done.missing.items():
        raise NotWhole(f"{folder / name} was not written, the other files were: {why}")
