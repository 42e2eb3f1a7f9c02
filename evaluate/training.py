"""Training a classifier within a budget, and keeping the weights of its best epoch."""

import math
import time
from collections.abc import Mapping

import torch
from attrs import evolve, frozen
from torch import Tensor, nn, optim
from torch.nn import functional

from archwright.core.trial import Budget
from archwright.evaluate.attempt import Tell, Verdict
from archwright.evaluate.augment import augmented, mixed
from archwright.evaluate.config import Keep
from archwright.evaluate.recipe import Recipe
from archwright.evaluate.tensors import DeviceData, Split

SCORED_AT_ONCE = 512  # images
GLANCE = 8  # steps between looks at the clock and the loss on a GPU, which has to finish its work for each look


class Diverged(Exception):  # noqa: N818  (a situation inside this module, of which the verdict tells)
    """The loss is no longer a finite number."""


@frozen
class Course:
    """How far a training has come, and what its patience has made of it."""

    epoch: int = 0
    examples: int = 0
    seconds: float = 0.0  # without validation
    best_accuracy: float = -1.0  # on the validation images
    best_epoch: int = 0
    decay: float = 1.0  # of the learning rate, by patience
    waited: int = 0  # epochs since the best one, or since the last decay

    def spent(self, budget: Budget, through: float = 1.0) -> float:
        """The fraction of the budget that is used up; `through` is how much of the current epoch is done."""
        used = {"epochs": self.epoch - 1 + through, "seconds": self.seconds, "examples": self.examples}
        return max(0.0, used[budget.unit]) / budget.amount

    def after(self, accuracy: float, how: Recipe) -> "Course":
        """The course after an epoch of this accuracy (DeepArchitect's patience; its evaluation protocol, section 7)."""
        if accuracy > self.best_accuracy:
            return evolve(self, best_accuracy=accuracy, best_epoch=self.epoch, waited=0)
        if 0 < how.rate_patience <= self.waited + 1:
            return evolve(self, decay=self.decay * how.rate_mult, waited=0)
        return evolve(self, waited=self.waited + 1)

    def is_stuck(self, how: Recipe) -> bool:
        """Whether the recipe gives up here."""
        return 0 < how.stop_patience <= self.epoch - self.best_epoch

    def learning_rate(self, how: Recipe, spent: float) -> float:
        """The learning rate when `spent` of the budget is."""
        patient = max(how.learning_rate * self.decay, min(how.lr_min, how.learning_rate))
        return patient * (1 + math.cos(math.pi * min(spent, 1.0))) / 2 if how.schedule == "cosine" else patient


@frozen
class Score:
    """How well a model does on some images."""

    accuracy: float  # fraction in [0, 1]
    loss: float  # mean cross-entropy


def train(
    model: nn.Module, data: DeviceData, how: Recipe, budget: Budget, seed: int, tell: Tell, keep: Keep = "best"
) -> Verdict:
    """The verdict on `model`, which is left with the weights of its best epoch, or with keep="last" of its last one.

    Tells the metrics of every epoch. Draws from torch's global generator (dropout, augmentation), and the order of the
    images from `seed`. The same seeds give the same result on a CPU, with as many threads.
    """
    course, learner = Course(), Learner(model, data, how, budget, seed)
    kept, final = weights(model), Score(0.0, math.inf)
    try:
        while course.spent(budget) < 1 and not course.is_stuck(how):
            course, learned = learner.epoch(course)
            scored = score(model, data, data.validation)
            course = course.after(scored.accuracy, how)
            if keep == "last" or course.best_epoch == course.epoch:
                kept, final = weights(model), scored
            tell(course.epoch, _of_epoch(course, learned, scored, how, budget))
    except Diverged as error:
        return Verdict("diverged", error=f"in epoch {course.epoch + 1}, {error}")
    model.load_state_dict(kept)
    return Verdict("ok", _of_training(course, final, scored, score(model, data, data.test), model))


class Learner:
    """A model with its optimizer, and the order in which it sees the images."""

    def __init__(self, model: nn.Module, data: DeviceData, how: Recipe, budget: Budget, seed: int) -> None:
        self._model, self._data, self._how, self._budget = model, data, how, budget
        self._optimizer = optimizer(model, how)
        self._order = torch.Generator().manual_seed(seed)
        self._glance = GLANCE if data.device.type == "cuda" else 1

    def epoch(self, course: Course) -> tuple[Course, Score]:
        """The course after one more epoch, or as much of it as the budget allows; raises Diverged."""
        self._model.train()
        began, before = time.perf_counter(), course.seconds
        course = evolve(course, epoch=course.epoch + 1)
        sums = torch.zeros(2, device=self._data.device)  # of losses and of right answers
        batches, done = self._batches(), 0
        while done < len(batches) and (not done or course.spent(self._budget, done / len(batches)) < 1):
            sums += self._step(batches[done], course.learning_rate(self._how, course.spent(self._budget, done / len(batches))))
            done += 1
            if done % self._glance == 0 or done == len(batches):
                _must_be_finite(sums, "the loss")
            seconds = before + time.perf_counter() - began
            course = evolve(course, examples=course.examples + batches.shape[1], seconds=seconds)
        loss, right = (sums / (done * batches.shape[1])).tolist()
        return course, Score(right, loss)
