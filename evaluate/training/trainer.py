"""The optimizers of trainings: torch's own, which import torch's compiler only where something is compiled.

Torch keeps their methods from being compiled with decorators that import the compiler at the first call: two seconds
and 100 MB of every worker. Their steps are never compiled here, so these have the methods that were decorated.
"""

import math
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from copy import deepcopy
from inspect import unwrap
from typing import Any, TypeVar

import torch
from attrs import evolve, frozen
from torch import Tensor, nn, optim
from torch.nn import functional

from archwright.core.budget import Budget
from archwright.core.errors import ArchwrightError
from archwright.evaluate.data.tensors import DeviceData, DeviceSplit
from archwright.evaluate.training.augment import augmented, mixed
from archwright.evaluate.training.device import for_steps, random_state, restore_random_state
from archwright.evaluate.training.ema import Average
from archwright.evaluate.training.progress import Course
from archwright.evaluate.training.recipe import Recipe

Kind = TypeVar("Kind", bound=optim.Optimizer)
METHODS = ("add_param_group", "load_state_dict", "state_dict", "zero_grad")


def optimizer(model: nn.Module, how: Recipe) -> optim.Optimizer:
    """The recipe's optimizer of the model's parameters."""
    common = {"lr": how.learning_rate, "weight_decay": how.weight_decay, "fused": True}
    match how.optimizer:
        case "adam":
            return ADAM(model.parameters(), **common)
        case "adamw":
            return ADAMW(model.parameters(), **common)
        case _:
            return SGD(model.parameters(), momentum=how.momentum, nesterov=how.nesterov, **common)


def _undecorated(kind: type[Kind]) -> type[Kind]:
    """The same optimizer; its step computes no gradients, as the decorated one does not."""
    methods: dict[str, Any] = {name: unwrap(getattr(kind, name)) for name in METHODS}
    made: Any = type(kind.__name__, (kind,), methods | {"step": torch.no_grad()(unwrap(kind.step))})
    return made


ADAM, ADAMW, SGD = _undecorated(optim.Adam), _undecorated(optim.AdamW), _undecorated(optim.SGD)


SCORED_AT_ONCE = 512  # images
GLANCE = 16  # steps between looks at the clock on a GPU, for budgets in seconds


class BatchTooSmall(ArchwrightError, ValueError):
    """A batch of one image for a model that normalises over the batch."""


class Diverged(Exception):
    """A loss is no longer a finite number; `epoch` is the one in which that was, None if it was after the last."""

    def __init__(self, what: str, epoch: int | None = None) -> None:
        super().__init__(what)
        self.epoch = epoch


@contextmanager
def _norm_explained(images: int) -> Generator[None]:
    """What torch says of batch normalisation over a batch of one image, with the setting that it is about."""
    try:
        yield
    except ValueError as error:
        if images > 1 or "more than 1 value per channel" not in str(error):
            raise
        raise BatchTooSmall(
            "a batch has 1 image, and batch normalisation learns from how the images of a batch differ; set "
            "batch_size to 2 or more, with --train batch_size=2 or in the space"
        ) from error


@frozen
class Score:
    """How well a model does on some images."""

    accuracy: float  # fraction in [0, 1]
    loss: float  # mean cross-entropy


class Learner:
    """A model, its optimizer, and the order in which it sees the images: all that changes while it learns.

    `state_dict` holds everything of that which decides what comes after; the rest is made of the arguments.
    """

    def __init__(self, model: nn.Module, data: DeviceData, how: Recipe, budget: Budget, seed: int) -> None:
        self._model, self._data, self._how, self._budget = model, data, how, budget
        self._horizon = Budget(how.horizon or budget.amount, budget.unit)
        self._optimizer = optimizer(model, how)
        self._average = Average(model, how.ema_decay) if how.ema_decay else None
        self._order = torch.Generator().manual_seed(seed)
        # Of the epoch under way: indices of images (batches, batch size).
        self._batches = torch.empty(0, 0, dtype=torch.int64)
        self._done = 0  # how many of them were learned from
        self._sums = torch.zeros(2)  # over those: of the losses, and of right answers
        self._run = for_steps(model, how.compile)
        self._glance = looks(data.device, budget)

    @property
    def learning_rate(self) -> float:
        """That of the last step."""
        return self._optimizer.param_groups[0]["lr"]

    def epoch(self, course: Course) -> tuple[Course, Score]:
        """The course after one more epoch, or as much of one as the budget allows but at least a step, and its score.

        An epoch that is under way goes on where it was. The score is of the images as they were trained on, while the
        model changed. Raises Diverged.
        """
        self._model.train()
        began = time.perf_counter() - course.seconds
        if course.through == 1:
            self._batches, self._done = self._next_batches(), 0
            self._sums = torch.zeros(2, device=self._data.device)
            course = evolve(course, epoch=course.epoch + 1, through=0.0)
        while self._done < len(self._batches) and (self._done == 0 or course.spent(self._budget) < 1):
            batch = self._batches[self._done]
            with _norm_explained(len(batch)):
                self._step(batch, course.learning_rate(self._how, course.spent(self._horizon)))
            self._done += 1
            if self._glance and (self._done - 1) % self._glance == 0:
                self._learned(course.epoch)
            course = evolve(
                course,
                through=self._done / len(self._batches),
                examples=course.examples + len(batch),
                seconds=time.perf_counter() - began,
            )
        loss, right = self._learned(course.epoch)
        seen = self._done * self._batches.shape[1]
        return evolve(course, seconds=time.perf_counter() - began), Score(right / seen, loss / seen)

    def scored(self) -> AbstractContextManager[None]:
        """Within it the model has the weights that count: those of the last step, or their average."""
        return self._average.in_place() if self._average else nullcontext()

    def _learned(self, epoch: int) -> list[float]:
        """The sums so far as numbers; raises Diverged."""
        loss, right = self._sums.tolist()
        if not math.isfinite(loss):
            by = f"step {self._done} of {len(self._batches)}"
            raise Diverged(f"the training loss of epoch {epoch} is {loss} by {by}", epoch)
        return [loss, right]

    def state_dict(self) -> dict[str, Any]:
        """Plain values and tensors, none of which changes when the model is trained on."""
        return {
            "model": weights(self._model),
            "optimizer": deepcopy(self._optimizer.state_dict()),
            "average": self._average.state_dict() if self._average else None,
            "order": self._order.get_state(),
            "batches": self._batches.cpu(),
            "done": self._done,
            "sums": self._sums.clone(),
            "random": random_state(self._data.device),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on as the learner did whose state it was; also puts the global random generators where they were."""
        self._model.load_state_dict(state["model"])
        self._optimizer.load_state_dict(state["optimizer"])
        if self._average:
            self._average.load_state_dict(state["average"])
        self._order.set_state(state["order"])
        self._batches, self._done = state["batches"].to(self._data.device), state["done"]
        self._sums = state["sums"].to(self._data.device, copy=True)
        restore_random_state(state["random"], self._data.device)

    def _next_batches(self) -> Tensor:
        """The indices of all images in a new order, but those that fill no batch: (batches, batch size)."""
        count = len(self._data.train)
        size = min(self._how.batch_size, count)
        order = torch.randperm(count, generator=self._order)[: count // size * size]
        if self._data.device.type == "cuda":
            order = order.pin_memory()  # or else the copy would be waited for
        return order.to(self._data.device, non_blocking=True).reshape(-1, size)

    def _step(self, batch: Tensor, learning_rate: float) -> None:
        """Learns from one batch, and adds its losses and right answers to the sums."""
        self._optimizer.param_groups[0]["lr"] = learning_rate
        labels = self._data.train.labels[batch]
        images = augmented(self._data.normalised(self._data.train.images[batch]), self._how)
        images, other, share = mixed(images, self._how.mixup) if self._how.mixup else (images, None, 1.0)
        logits = forward(self._run, images)
        loss = self._loss(logits, labels)
        if other is not None:
            loss = share * loss + (1 - share) * self._loss(logits, labels[other])
        self._optimizer.zero_grad()
        loss.backward()
        if self._how.gradient_clip:
            nn.utils.clip_grad_norm_(self._model.parameters(), self._how.gradient_clip)
        self._optimizer.step()
        if self._average:
            self._average.update()
        losses, right = self._sums
        losses.add_(loss.detach(), alpha=len(batch))
        right.add_((logits.argmax(1) == labels).sum())

    def _loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        return functional.cross_entropy(logits, labels, label_smoothing=self._how.label_smoothing)


def looks(device: torch.device, budget: Budget) -> int:
    """Steps between looks at the loss within an epoch; 0: only at its end.

    A GPU has to finish its work for each look, and only after that the clock says how long the work took.
    """
    if device.type == "cpu":
        return 1
    return GLANCE if budget.unit == "seconds" else 0


def forward(model: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
    """The logits, in float32; computed in bfloat16 on a GPU."""
    with torch.autocast("cuda", torch.bfloat16, enabled=images.is_cuda):
        return model(images).float()


@torch.inference_mode()
def score(model: nn.Module, data: DeviceData, split: DeviceSplit) -> Score:
    """How well `model` does on a split; raises Diverged."""
    model.eval()
    sums = torch.zeros(2, device=data.device)
    for images, labels in zip(split.images.split(SCORED_AT_ONCE), split.labels.split(SCORED_AT_ONCE), strict=True):
        logits = forward(model, data.normalised(images))
        loss = functional.cross_entropy(logits, labels, reduction="sum")
        sums += torch.stack([loss, (logits.argmax(1) == labels).sum()])
    loss, right = sums.tolist()
    if not math.isfinite(loss):
        raise Diverged(f"the loss on images that were not trained on is {loss}")
    return Score(right / len(split), loss / len(split))


def weights(model: nn.Module) -> dict[str, Tensor]:
    """A copy of the model's parameters and buffers."""
    return {name: value.clone() for name, value in model.state_dict().items()}
