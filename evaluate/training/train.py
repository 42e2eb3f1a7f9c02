"""The training of a classifier: epoch after epoch, until the budget is spent or the training is stopped early."""

import math
from collections.abc import Callable

from attrs import evolve
from torch import nn

from archwright.core.budget import Budget
from archwright.core.protocols import EarlyStop
from archwright.evaluate.data.tensors import DeviceData, DeviceSplit
from archwright.evaluate.training.checkpointing import Checkpoint
from archwright.evaluate.training.evaluation import KeptEpoch
from archwright.evaluate.training.progress import ClassificationMetrics, EpochMetrics, TrainingProgress, TrainingState
from archwright.evaluate.training.recipe import Recipe
from archwright.evaluate.training.trainer import Diverged, Trainer, copy_weights, evaluate_model
from archwright.evaluate.verdict import ReportEpoch, Verdict

MIN_SECONDS = 1e-9  # of a training: a clock may show none


def train(
    model: nn.Module,
    data: DeviceData,
    recipe: Recipe,
    budget: Budget,
    seed: int,
    report_epoch: ReportEpoch,
    kept_epoch: KeptEpoch = "best",
    *,
    horizon: Budget | None = None,
    checkpoint: Checkpoint | None = None,
    save_checkpoint: Callable[[Checkpoint], None] | None = None,
) -> Verdict:
    """Trains `model` and returns the verdict; the model gets the weights of `kept_epoch`, the best or the last.

    The schedule is made for `horizon`, or else for the budget, unless the recipe says otherwise.

    `report_epoch` gets the number and the metrics of each epoch and returns why to stop there, or an empty string. A
    training that resumes from `checkpoint` gives the same result as one that was never interrupted, even if its first
    budget ended in the middle of an epoch. `save_checkpoint` gets the checkpoint at the end of this training.
    """
    data = select_normalised_data(data, recipe)
    trainer, state = Trainer(model, data, recipe, budget, seed, horizon), TrainingState()
    if checkpoint is not None:
        state = TrainingState.from_state_dict(checkpoint)
        trainer.load_state_dict(checkpoint["learner"])
    try:
        state, early_stop = _run_epochs(trainer, state, report_epoch, kept_epoch, save_checkpoint)
        model.load_state_dict(state.kept_weights)
        test_metrics = _evaluate(trainer, data.test, state.progress)
    except Diverged as error:
        early_stop = EarlyStop("divergence", error.epoch, str(error))
        return Verdict("diverged", error=str(error), stopped=early_stop)
    metrics = _collect_metrics(state, test_metrics)
    return Verdict("ok", metrics, stopped=None if state.progress.has_spent(budget) else early_stop)


def select_normalised_data(data: DeviceData, recipe: Recipe) -> DeviceData:
    """The data with the normalisation of the recipe: per channel or per pixel."""
    return data.with_pixel_normalisation if recipe.normalisation == "pixel" else data


def _run_epochs(
    trainer: Trainer,
    state: TrainingState,
    report_epoch: ReportEpoch,
    kept_epoch: KeptEpoch,
    save_checkpoint: Callable[[Checkpoint], None] | None,
) -> tuple[TrainingState, EarlyStop | None]:
    """Trains and validates until the budget is spent, patience runs out or `report_epoch` gives a reason.

    Raises Diverged.
    """
    early_stop = _find_early_stop(trainer, state.progress)
    checkpoint: Checkpoint | None = None
    # A checkpoint may be from the middle of an epoch, which is finished first, or only validated if no budget is left.
    is_mid_epoch = state.progress.epoch_fraction < 1
    while is_mid_epoch or (early_stop is None and not state.progress.has_spent(trainer.budget)):
        progress, training_metrics = trainer.train_epoch(state.progress)
        is_mid_epoch = False
        if save_checkpoint is not None and progress.epoch_fraction < 1:
            # Made before validation: the metrics of an unfinished epoch must not count when the training resumes.
            checkpoint = _make_checkpoint(trainer, evolve(state, progress=progress))
        with trainer.swap_in_ema():
            metrics = EpochMetrics(training_metrics, _validate(trainer, progress))
            state = state.finish_epoch(progress, metrics, trainer.recipe)
            if kept_epoch == "last" or state.progress.best_epoch == progress.epoch:
                state = state.keep_epoch(copy_weights(trainer.model))
        schedule_metrics = {"learning_rate": trainer.learning_rate, "seconds": progress.seconds}
        reason = report_epoch(progress.epoch, metrics.to_dict() | schedule_metrics)
        if reason:
            early_stop = EarlyStop("hopeless", progress.epoch, reason)
        else:
            early_stop = _find_early_stop(trainer, state.progress)
    if save_checkpoint is not None:
        save_checkpoint(checkpoint or _make_checkpoint(trainer, state))
    return state, early_stop


def _make_checkpoint(trainer: Trainer, state: TrainingState) -> Checkpoint:
    return {**state.state_dict(), "learner": trainer.state_dict()}


def _find_early_stop(trainer: Trainer, progress: TrainingProgress) -> EarlyStop | None:
    """The early stop of a training whose patience has run out, otherwise None."""
    if not progress.is_patience_exhausted(trainer.recipe):
        return None
    images = "validation" if len(trainer.data.validation) else "training"
    patience = f"(stop_patience {trainer.recipe.stop_patience})"
    reason = f"no better accuracy on the {images} examples than in epoch {progress.best_epoch} {patience}"
    return EarlyStop("patience", progress.epoch, reason)


def _validate(trainer: Trainer, progress: TrainingProgress) -> ClassificationMetrics | None:
    """The metrics on the validation images if there are any; raises Diverged."""
    return _evaluate(trainer, trainer.data.validation, progress) if len(trainer.data.validation) else None


def _evaluate(trainer: Trainer, split: DeviceSplit, progress: TrainingProgress) -> ClassificationMetrics:
    """The metrics on a split; raises Diverged."""
    metrics = evaluate_model(trainer.model, trainer.data, split)
    if not math.isfinite(metrics.loss):
        raise Diverged(f"the loss on examples that were not trained on is {metrics.loss}", progress.epoch)
    return metrics


def _collect_metrics(state: TrainingState, test_metrics: ClassificationMetrics) -> dict[str, float]:
    """The TRAINING_METRICS of a trial: those of the kept epoch, of the test and of the whole training."""
    progress, last = state.progress, state.last_metrics.validation
    validation_metrics = {"last_accuracy": last.accuracy, "best_epoch": progress.best_epoch} if last else {}
    return {
        **state.kept_metrics.to_dict(),
        "test_accuracy": test_metrics.accuracy,
        "test_loss": test_metrics.loss,
        **validation_metrics,
        "epochs": progress.epoch,
        "train_seconds": progress.seconds,
        "examples_per_second": progress.examples / max(progress.seconds, MIN_SECONDS),
    }
