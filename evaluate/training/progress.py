"""The state of a training as immutable values: its progress, its metrics, and the weights to keep."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Self

import cattrs
from attrs import evolve, field, frozen
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override
from torch import Tensor

from archwright.core.budget import Budget
from archwright.evaluate.training.recipe import Recipe


@frozen
class ClassificationMetrics:
    """How well a model does on some images."""

    accuracy: float  # fraction in [0, 1]
    loss: float  # mean cross-entropy


@frozen
class EpochMetrics:
    """How well a model did in an epoch."""

    training: ClassificationMetrics  # on the augmented training images, while the model changed
    validation: ClassificationMetrics | None = None  # on the validation images after the epoch, if there are any

    @property
    def monitored(self) -> ClassificationMetrics:
        """The metrics that patience and the choice of the best epoch go by."""
        return self.validation or self.training

    def to_dict(self) -> dict[str, float]:
        """The metrics under the names that they have in the log."""
        metrics = {"train_loss": self.training.loss, "train_accuracy": self.training.accuracy}
        if self.validation:
            metrics |= {"loss": self.validation.loss, "accuracy": self.validation.accuracy}
        return metrics


@frozen
class TrainingProgress:
    """What a training has spent of its budget, and the counters of its patience."""

    epoch: int = 0  # the current one, or the last if none is under way; 0 before the first
    epoch_fraction: float = 1.0  # of that epoch's batches, in [0, 1]
    examples: int = 0  # trained on; one image counts again in each epoch
    seconds: float = 0.0  # of training, without validation
    best_accuracy: float = -1.0  # the monitored one; -1 before the first epoch
    best_epoch: int = 0
    plateau_factor: float = 1.0  # what patience has multiplied the learning rate by
    epochs_waited: int = 0  # since the best epoch, or since patience last lowered the learning rate

    def compute_spent_fraction(self, budget: Budget) -> float:
        """The fraction of the budget that is spent; 1 or more if all of it is."""
        spent = {"epochs": self.epoch - 1 + self.epoch_fraction, "seconds": self.seconds, "examples": self.examples}
        return spent[budget.unit] / budget.amount

    def has_spent(self, budget: Budget) -> bool:
        """Whether the whole budget is spent."""
        return self.compute_spent_fraction(budget) >= 1

    def update_patience(self, accuracy: float, recipe: Recipe) -> Self:
        """The progress after an epoch with this monitored accuracy.

        A new best accuracy restarts the count; `rate_patience` epochs without one lower the learning rate and restart
        it too (DeepArchitect, section 7).
        """
        if accuracy > self.best_accuracy:
            return evolve(self, best_accuracy=accuracy, best_epoch=self.epoch, epochs_waited=0)
        if 0 < recipe.rate_patience <= self.epochs_waited + 1:
            return evolve(self, plateau_factor=self.plateau_factor * recipe.rate_mult, epochs_waited=0)
        return evolve(self, epochs_waited=self.epochs_waited + 1)

    def is_patience_exhausted(self, recipe: Recipe) -> bool:
        """Whether the last `stop_patience` epochs had no new best accuracy, which ends the training."""
        return 0 < recipe.stop_patience <= self.epoch - self.best_epoch


@frozen(eq=False)
class TrainingState:
    """A training between two epochs: its progress, its metrics, and the weights to keep so far."""

    progress: TrainingProgress = field(factory=TrainingProgress)
    kept_metrics: EpochMetrics = EpochMetrics(ClassificationMetrics(0.0, 0.0))  # of the epoch whose weights are kept
    last_metrics: EpochMetrics = EpochMetrics(ClassificationMetrics(0.0, 0.0))  # of the last epoch
    kept_weights: Mapping[str, Tensor] = field(factory=dict[str, Tensor])

    def finish_epoch(self, progress: TrainingProgress, metrics: EpochMetrics, recipe: Recipe) -> Self:
        """The state after an epoch, at whose end the progress is `progress` but for its patience."""
        return evolve(self, progress=progress.update_patience(metrics.monitored.accuracy, recipe), last_metrics=metrics)

    def keep_epoch(self, weights: Mapping[str, Tensor]) -> Self:
        """The state with the last epoch, after which the model had these weights, as the kept one."""
        return evolve(self, kept_metrics=self.last_metrics, kept_weights=weights)

    def state_dict(self) -> dict[str, Any]:
        """Plain values and tensors. The keys are those in the checkpoints of earlier releases, and so never change."""
        progress, kept, last = map(_make_converter().unstructure, (self.progress, self.kept_metrics, self.last_metrics))
        return {"progress": {"course": progress, "best": kept, "last": last}, "kept": self.kept_weights}

    @classmethod
    def from_state_dict(cls, state: Mapping[str, Any]) -> Self:
        """The state that `state_dict` returned."""
        values, structure = state["progress"], _make_converter().structure
        kept, last = (structure(values[key], EpochMetrics) for key in ("best", "last"))
        return cls(structure(values["course"], TrainingProgress), kept, last, state["kept"])


CHECKPOINT_KEYS: Mapping[type, Mapping[str, str]] = {  # of fields that have another name in checkpoints
    TrainingProgress: {"epoch_fraction": "through", "plateau_factor": "decay", "epochs_waited": "waited"},
    EpochMetrics: {"training": "learned", "validation": "scored"},
}


@cache
def _make_converter() -> cattrs.Converter:
    converter = cattrs.Converter()
    for cls, keys in CHECKPOINT_KEYS.items():
        overrides: Any = {name: override(rename=key) for name, key in keys.items()}
        converter.register_structure_hook(cls, make_dict_structure_fn(cls, converter, **overrides))
        converter.register_unstructure_hook(cls, make_dict_unstructure_fn(cls, converter, **overrides))
    return converter
