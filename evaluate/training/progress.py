"""How far a training has come: what is spent of its budget, what its patience does, what its learning rate is."""

import math

from attrs import evolve, frozen

from archwright.core.budget import Budget
from archwright.evaluate.training.recipe import Recipe


@frozen
class Course:
    """A training up to some moment."""

    epoch: int = 0
    through: float = 1.0  # how much of the epoch is done
    examples: int = 0
    seconds: float = 0.0  # without validation
    best_accuracy: float = -1.0  # on the validation images
    best_epoch: int = 0
    decay: float = 1.0  # of the learning rate, by patience
    waited: int = 0  # epochs since the best one, or since the last decay

    def spent(self, budget: Budget) -> float:
        """The fraction of the budget that is used up."""
        used = {"epochs": self.epoch - 1 + self.through, "seconds": self.seconds, "examples": self.examples}
        return used[budget.unit] / budget.amount

    def after(self, accuracy: float, how: Recipe) -> "Course":
        """The course after an epoch of this accuracy (DeepArchitect's patience: its evaluation protocol, section 7)."""
        if accuracy > self.best_accuracy:
            return evolve(self, best_accuracy=accuracy, best_epoch=self.epoch, waited=0)
        if 0 < how.rate_patience <= self.waited + 1:
            return evolve(self, decay=self.decay * how.rate_mult, waited=0)
        return evolve(self, waited=self.waited + 1)

    def is_stuck(self, how: Recipe) -> bool:
        """Whether the recipe gives up here."""
        return 0 < how.stop_patience <= self.epoch - self.best_epoch

    def learning_rate(self, how: Recipe, spent: float) -> float:
        """The learning rate when `spent` of the schedule's horizon is."""
        patient = max(how.learning_rate * self.decay, min(how.lr_min, how.learning_rate))
        return patient * scheduled(how, min(spent, 1.0))


def scheduled(how: Recipe, spent: float) -> float:
    """The fraction of the learning rate that the schedule gives when `spent` of its horizon is: from 0 to 1."""
    if spent < how.warmup:
        return how.warmup_from + (1 - how.warmup_from) * spent / how.warmup
    if how.schedule == "constant" or how.warmup == 1:
        return 1.0
    down = (spent - how.warmup) / (1 - how.warmup)
    shape = (1 + math.cos(math.pi * down)) / 2 if how.schedule == "cosine" else 1 - down
    return how.rate_end + (1 - how.rate_end) * shape
