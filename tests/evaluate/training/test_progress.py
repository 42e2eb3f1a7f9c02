"""The progress of a training counts its budget and its patience, and keeps its names in checkpoints."""

import pytest
import torch
from attrs import evolve

from archwright.core.budget import Budget
from archwright.evaluate.training.optimizer import compute_learning_rate
from archwright.evaluate.training.progress import ClassificationMetrics, EpochMetrics, TrainingProgress, TrainingState
from archwright.evaluate.training.recipe import Recipe, make_recipe


def collect_rates(recipe: Recipe, accuracies: list[float]) -> list[float]:
    """The learning rate of each epoch after the first, given the accuracy of the one before."""
    progress, rates = TrainingProgress(), []
    for epoch, accuracy in enumerate(accuracies, start=1):
        progress = evolve(progress, epoch=epoch).update_patience(accuracy, recipe)
        rates.append(compute_learning_rate(recipe, 0.0, progress.plateau_factor))
    return rates


def test_the_learning_rate_falls_after_so_many_epochs_without_a_new_best_and_the_count_begins_again():
    recipe = make_recipe({"lr_init": 1.0, "rate_mult": 0.5, "rate_patience": 2, "lr_min": 0.2})
    assert collect_rates(recipe, [0.5, 0.5, 0.5, 0.6, 0.6, 0.6, 0.1, 0.1]) == [1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.2]


def test_training_stops_after_so_many_epochs_without_a_new_best():
    recipe = make_recipe({"stop_patience": 3})
    assert not TrainingProgress(epoch=6, best_epoch=4).is_patience_exhausted(recipe)
    assert TrainingProgress(epoch=7, best_epoch=4).is_patience_exhausted(recipe)
    assert not TrainingProgress(epoch=1000, best_epoch=1).is_patience_exhausted(make_recipe())


def test_what_is_spent_is_counted_in_the_budget_s_unit():
    progress = TrainingProgress(epoch=3, epoch_fraction=0.5, examples=600, seconds=5.0)
    assert progress.compute_spent_fraction(Budget(4, "epochs")) == pytest.approx(2.5 / 4)
    assert progress.compute_spent_fraction(Budget(10, "seconds")) == pytest.approx(0.5)
    assert progress.compute_spent_fraction(Budget(600, "examples")) == 1
    assert TrainingProgress().compute_spent_fraction(Budget(1, "epochs")) == 0


def test_a_checkpoint_has_the_keys_that_it_had_in_every_release():
    """So that a training of an earlier release can be continued."""
    progress = TrainingProgress(3, 0.5, 600, 5.0, 0.75, 2, 0.1, 1)
    training, validation = ClassificationMetrics(0.5, 1.5), ClassificationMetrics(0.25, 2.5)
    weights = {"weight": torch.ones(1)}
    state = TrainingState(progress, EpochMetrics(training, validation), EpochMetrics(training), weights)
    in_checkpoint = {
        "progress": {
            "course": {
                "epoch": 3,
                "through": 0.5,
                "examples": 600,
                "seconds": 5.0,
                "best_accuracy": 0.75,
                "best_epoch": 2,
                "decay": 0.1,
                "waited": 1,
            },
            "best": {"learned": {"accuracy": 0.5, "loss": 1.5}, "scored": {"accuracy": 0.25, "loss": 2.5}},
            "last": {"learned": {"accuracy": 0.5, "loss": 1.5}, "scored": None},
        },
        "kept": weights,
    }
    assert state.state_dict() == in_checkpoint
    restored = TrainingState.from_state_dict(in_checkpoint)
    assert (restored.progress, restored.kept_metrics, restored.last_metrics) == (
        state.progress,
        state.kept_metrics,
        state.last_metrics,
    )
    assert restored.kept_weights is weights
