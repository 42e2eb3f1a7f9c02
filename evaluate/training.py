"""Training a classifier within a budget, and keeping the weights of its best epoch."""

import math
import time

import torch
from attrs import evolve, frozen
from torch import Tensor, nn, optim
from torch.nn import functional

from archwright.core.trial import Budget
from archwright.evaluate.attempt import Metrics, Tell, Verdict
from archwright.evaluate.augment import augmented, mixed
from archwright.evaluate.config import Keep
from archwright.evaluate.course import Course
from archwright.evaluate.recipe import Recipe
from archwright.evaluate.tensors import DeviceData, Split

SCORED_AT_ONCE = 512  # images
GLANCE = 8  # steps between looks at the loss and the clock on a GPU, which has to finish its work for each look


class Diverged(Exception):
    """A loss is no longer a finite number; the verdict says so."""


@frozen
class Score:
    """How well a model does on some images."""

    accuracy: float  # fraction in [0, 1]
    loss: float  # mean cross-entropy


def train(
    model: nn.Module, data: DeviceData, how: Recipe, budget: Budget, seed: int, tell: Tell, keep: Keep = "best"
) -> Verdict:
    """The verdict on `model`, which is left with the weights of its best epoch, or with keep="last" of its last one.

    Tells the metrics of every epoch. Draws the order of the images from `seed`, and dropout and augmentation from
    torch's global generator. The same seeds give the same result on a CPU, with as many threads.
    """
    course, learner = Course(), Learner(model, data, how, budget, seed)
    kept, best, last = {}, Score(0.0, 0.0), Score(0.0, 0.0)
    try:
        while course.spent(budget) < 1 and not course.is_stuck(how):
            course, learned = learner.epoch(course)
            last = score(model, data, data.validation)
            tell(course.epoch, _of_epoch(learned, last, course, learner.learning_rate))
            course = course.after(last.accuracy, how)
            if keep == "last" or course.best_epoch == course.epoch:
                kept, best = weights(model), last
        model.load_state_dict(kept)
        tested = score(model, data, data.test)
    except Diverged as error:
        return Verdict("diverged", error=str(error))
    return Verdict("ok", _of_training(best, last, tested, course) | {"parameters": parameters(model)})


class Learner:
    """A model, its optimizer, and the order in which it sees the images."""

    def __init__(self, model: nn.Module, data: DeviceData, how: Recipe, budget: Budget, seed: int) -> None:
        self._model, self._data, self._how, self._budget = model, data, how, budget
        self._optimizer = optimizer(model, how)
        self._order = torch.Generator().manual_seed(seed)
        self._glance = GLANCE if data.device.type == "cuda" else 1

    @property
    def learning_rate(self) -> float:
        """That of the last step."""
        return self._optimizer.param_groups[0]["lr"]

    def epoch(self, course: Course) -> tuple[Course, Score]:
        """The course after one more epoch, or as much of one as the budget allows but at least a step, and its score.

        The score is of the images as they were trained on, while the model changed. Raises Diverged.
        """
        self._model.train()
        batches, began = self._batches(), time.perf_counter() - course.seconds
        before, course = course, evolve(course, epoch=course.epoch + 1)
        sums = torch.zeros(2, device=self._data.device)
        for done, batch in enumerate(batches):
            spent = course.spent(self._budget, done / len(batches))
            if spent >= 1 and done:
                break
            sums += self._step(batch, course.learning_rate(self._how, spent))
            if done % self._glance == 0:
                _finite(sums, f"the training loss of epoch {course.epoch}")
            course = evolve(course, examples=course.examples + len(batch), seconds=time.perf_counter() - began)
        loss, right = _finite(sums, f"the training loss of epoch {course.epoch}")
        seen = course.examples - before.examples
        return evolve(course, seconds=time.perf_counter() - began), Score(right / seen, loss / seen)

    def _batches(self) -> Tensor:
        """The indices of all images in a new order, but those that fill no batch: (batches, batch size)."""
        count = len(self._data.train)
        size = min(self._how.batch_size, count)
        order = torch.randperm(count, generator=self._order)[: count // size * size]
        return order.to(self._data.device).reshape(-1, size)

    def _step(self, batch: Tensor, learning_rate: float) -> Tensor:
        """The sum of the losses of one step and the number of right answers: (2,)."""
        self._optimizer.param_groups[0]["lr"] = learning_rate
        labels = self._data.train.labels[batch]
        images = augmented(self._data.normalised(self._data.train.images[batch]), self._how)
        images, other, share = mixed(images, self._how.mixup) if self._how.mixup else (images, None, 1.0)
        logits = forward(self._model, images)
        loss = self._loss(logits, labels)
        if other is not None:
            loss = share * loss + (1 - share) * self._loss(logits, labels[other])
        self._optimizer.zero_grad()
        loss.backward()
        self._optimizer.step()
        return torch.stack([loss.detach() * len(batch), (logits.argmax(1) == labels).sum()])

    def _loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        return functional.cross_entropy(logits, labels, label_smoothing=self._how.label_smoothing)


def optimizer(model: nn.Module, how: Recipe) -> optim.Optimizer:
    """The recipe's optimizer of the model's parameters."""
    common = {"lr": how.learning_rate, "weight_decay": how.weight_decay, "fused": True}
    match how.optimizer:
        case "adam":
            return optim.Adam(model.parameters(), **common)
        case "adamw":
            return optim.AdamW(model.parameters(), **common)
        case _:
            return optim.SGD(model.parameters(), momentum=how.momentum, nesterov=how.nesterov, **common)


def forward(model: nn.Module, images: Tensor) -> Tensor:
    """The logits, in float32; computed in bfloat16 on a GPU."""
    with torch.autocast("cuda", torch.bfloat16, enabled=images.is_cuda):
        return model(images).float()


@torch.inference_mode()
def score(model: nn.Module, data: DeviceData, split: Split) -> Score:
    """How well `model` does on a split; raises Diverged."""
    model.eval()
    sums = torch.zeros(2, device=data.device)
    for images, labels in zip(split.images.split(SCORED_AT_ONCE), split.labels.split(SCORED_AT_ONCE), strict=True):
        logits = forward(model, data.normalised(images))
        loss = functional.cross_entropy(logits, labels, reduction="sum")
        sums += torch.stack([loss, (logits.argmax(1) == labels).sum()])
    loss, right = _finite(sums, "the loss on images that were not trained on")
    return Score(right / len(split), loss / len(split))


def weights(model: nn.Module) -> dict[str, Tensor]:
    """A copy of the model's parameters and buffers."""
    return {name: value.clone() for name, value in model.state_dict().items()}


def parameters(model: nn.Module) -> int:
    """How many trainable parameters the model has."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def _finite(sums: Tensor, what: str) -> list[float]:
    """The sums as numbers; raises Diverged."""
    loss, right = sums.tolist()
    if not math.isfinite(loss):
        raise Diverged(f"{what} is {loss}")
    return [loss, right]


def _of_epoch(learned: Score, scored: Score, course: Course, learning_rate: float) -> Metrics:
    return {
        "train_loss": learned.loss,
        "train_accuracy": learned.accuracy,
        "loss": scored.loss,
        "accuracy": scored.accuracy,
        "learning_rate": learning_rate,
        "seconds": course.seconds,
    }


def _of_training(kept: Score, last: Score, tested: Score, course: Course) -> dict[str, float]:
    return {
        "accuracy": kept.accuracy,
        "loss": kept.loss,
        "test_accuracy": tested.accuracy,
        "last_accuracy": last.accuracy,
        "epochs": course.epoch,
        "best_epoch": course.best_epoch,
        "train_seconds": course.seconds,
        "examples_per_second": course.examples / max(course.seconds, 1e-9),
    }
