"""Exporting the model of a trial."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import evolve

import archwright
from archwright.core.errors import ArchwrightError
from archwright.core.input import describe_input, format_input
from archwright.core.json import JSON, to_json
from archwright.core.node import Node
from archwright.core.term import Term
from archwright.display.text import format_budget, humanize_value
from archwright.evaluate.data.dataset import BadData, NoSuchData
from archwright.evaluate.data.loading import UnknownData
from archwright.evaluate.evaluation import Evaluation
from archwright.evaluate.export.result import ExportResult
from archwright.evaluate.logged_evaluations import read_evaluation
from archwright.execution.given_values import GivenValues
from archwright.execution.restoring import restore_evaluation
from archwright.results.describing import find_training_seed
from archwright.search.running.run_view import RunView, rebuild_leaf
from archwright.store.artifacts import locate_run_folder
from archwright.store.fold import TrialState
from archwright.store.logged_images import read_logged_images
from archwright.store.needed import CLASS_CODE_KEY, EvaluationNeeded
from archwright.store.own_files import require_no_log
from archwright.store.suggestions import format_export_call, suggest_retraining

if TYPE_CHECKING:
    from archwright.evaluate.data.tensors import Normalisation
    from archwright.evaluate.export.card import Card
    from archwright.evaluate.export.folder import ModelToExport

UNKNOWN_NORMALISATION = (
    "What its images must be normalised with was not kept with the model, and the data is not there to say it; "
    "so there is no preprocess."
)
SCORE_LABELS = {"accuracy": "accuracy on the validation images", "test_accuracy": "accuracy on the test images"}


class NoWeights(ArchwrightError, LookupError):
    """A trial whose model was not kept."""


def export_trial(
    view: RunView,
    trial: TrialState,
    given: GivenValues,
    folder: Path,
    *,
    force: bool,
    untrained: bool,
    data_dir: str | None,
) -> ExportResult:
    """Write a trial's model to a folder, for use elsewhere; raises NoWeights, FileOfALog, and errors of the export."""
    from archwright.evaluate.export.folder import export_model

    require_no_log(folder, "name another folder")
    evaluation = _restore_evaluation(view, trial, given)
    model = _gather_model(view, trial, evaluation, untrained=untrained, data_dir=data_dir)
    return export_model(model, folder, force=force)


def _restore_evaluation(view: RunView, trial: TrialState, given: GivenValues) -> Evaluation:
    """The run's evaluation; EvaluationNeeded where its class is to be given again."""
    started, suggest = view.run.started, partial(format_export_call, view.log, view.name, trial.trial)
    if CLASS_CODE_KEY in started.evaluator:  # a function, and data, are not called
        given = given.complete(started, suggest, among=["evaluation"])
    return restore_evaluation(view.name, started, given, trusted=view.trusted)


def load_model(view: RunView, trial: TrialState) -> Any:
    """The trained module of a trial, on the CPU and in eval mode; raises NoWeights, BadArtifact and WrongWeights."""
    from archwright.evaluate.training.trained_model import restore_model

    weights = _read_weights(view, trial)
    architecture = rebuild_leaf(view, trial).architecture
    return restore_model(architecture, view.model_input, weights, find_training_seed(view, trial))


def _gather_model(
    view: RunView, trial: TrialState, evaluation: Evaluation, *, untrained: bool, data_dir: str | None
) -> "ModelToExport":
    from archwright.evaluate.export.folder import ModelToExport
    from archwright.evaluate.export.model_file import Provenance

    node = rebuild_leaf(view, trial)
    weights = None if untrained else _read_weights(view, trial)
    model_input = view.model_input
    seed = find_training_seed(view, trial)
    normalisation, problem = _find_normalisation(view, trial, evaluation, node.architecture, data_dir)
    card = evolve(
        _make_card(view, trial, node, evaluation, untrained=untrained),
        normalisation_note=UNKNOWN_NORMALISATION if problem else "",
    )
    place = {"run": view.name, "trial": str(trial.trial), "space": view.run.started.space_name}
    size = {"seed": str(seed), "parameters": f"{node.architecture.parameters(model_input.shape):,}"}
    title = f"The model of trial {trial.trial} of {view.name}{', untrained' if untrained else ''}"
    maker = {"made by": f"archwright {archwright.__version__}, torch {view.run.started.versions.get('torch', '')}"}
    properties = place | ({"data": card.data} if card.data else {}) | size | maker
    provenance = Provenance(title, properties, {} if untrained else _format_scores(view, trial))
    initialization = evaluation.find_initialization(node.architecture)
    notes = (f"{UNKNOWN_NORMALISATION} {problem}",) if problem else ()
    return ModelToExport(
        node.architecture,
        model_input,
        seed,
        weights,
        provenance,
        normalisation,
        card,
        _describe_architecture(view, trial, node, card),
        initialization,
        notes,
    )


def _describe_architecture(view: RunView, trial: TrialState, node: Node, card: "Card") -> Mapping[str, JSON]:
    """The content of architecture.json."""
    model_input = view.run.started.model_input
    return {
        "architecture": to_json(node.architecture),
        "input_shape": list(model_input.shape),
        "input": format_input(model_input),
        "output_shape": list(node.out_shape),
        "run": view.name,
        "trial": trial.trial,
        "choices": dict(trial.path),
        "classes": list(card.class_names),
    }


def _read_weights(view: RunView, trial: TrialState) -> Any:
    from archwright.evaluate.training.trained_model import NoArtifact, read_model

    folder = locate_run_folder(view.log, view.name)
    try:
        weights, _ = read_model(folder, trial.trial)
    except NoArtifact as error:
        again, data = "", "DATA"
        with suppress(EvaluationNeeded):
            evaluation = read_evaluation(view.run.started, trusted=view.trusted)
            again = "again " if evaluation.trains_models else ""
            data = None if again else evaluation.training_data or "DATA"
        retrain = suggest_retraining(view.log, view.name, trial.trial, data)
        raise NoWeights(
            f"the weights of trial {trial.trial} of {view.name} are not in {folder}; train it {again}with "
            f"{retrain} and export a trial of that run, or add --untrained (untrained=True in Python) for the "
            "weights that it begins with"
        ) from error
    return weights


def _find_normalisation(
    view: RunView, trial: TrialState, evaluation: Evaluation, architecture: Term, data_dir: str | None
) -> tuple["Normalisation | None", str]:
    """The normalisation of a model's images, from the artifact of the model or else from the data.

    None if it was trained on no images, or if neither is there; then also what is wrong with the data.
    """
    from archwright.evaluate.export.normalisation import find_normalisation
    from archwright.evaluate.training.trained_model import (
        BadArtifact,
        NoArtifact,
        UnknownNormalisation,
        read_normalisation,
    )

    with suppress(NoArtifact, BadArtifact, UnknownNormalisation):
        return read_normalisation(locate_run_folder(view.log, view.name), trial.trial), ""
    try:
        return find_normalisation(evaluation, architecture, data_dir), ""
    except (NoSuchData, BadData, UnknownData) as error:
        return None, str(error)


def _make_card(view: RunView, trial: TrialState, node: Node, evaluation: Evaluation, *, untrained: bool) -> "Card":
    from archwright.evaluate.export.card import Card

    started = view.run.started
    run_settings = {
        **({"budget": format_budget(trial.budget)} if started.reads_budget else {}),
        started.model_input.tensor_name: describe_input(started.model_input),
    }
    effective_settings = evaluation.list_effective_settings(node.architecture)
    settings = {name: humanize_value(value) for name, value in effective_settings.items()}
    versions = {name: str(version) for name, version in started.versions.items()}
    return Card(
        choices={name: humanize_value(value) for name, value in trial.path},
        settings={} if untrained else run_settings | settings,
        versions=versions | {"archwright of the export": archwright.__version__},
        data=None if evaluation.data_settings is None else evaluation.data_settings.name,
        class_names=_find_class_names(view, node),
    )


def _format_scores(view: RunView, trial: TrialState) -> dict[str, str]:
    """The trial's scores, by their labels in a card."""
    metrics = {} if trial.last_end is None else trial.last_end.metrics
    scores = {label: f"{metrics[name]:.4f}" for name, label in SCORE_LABELS.items() if name in metrics}
    objective = view.run.started.objective.metric
    if trial.score is None or objective in SCORE_LABELS:
        return scores
    return scores | {objective: humanize_value(trial.score)}


def _find_class_names(view: RunView, node: Node) -> Sequence[str]:
    """The classes of a model's outputs, in their order; none where the log has none, or as many as no output."""
    data = read_logged_images(view.name, view.run.started)
    names = () if data is None else tuple(data["classes"])
    return names if node.out_shape == (len(names),) else ()
