"""The steps of a training: a model, its optimizer and its batches, an epoch at a time, and the model's evaluation."""

import math
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from copy import deepcopy
from typing import Any

import torch
from attrs import evolve
from torch import Tensor, nn
from torch.nn import functional

from archwright.core.budget import Budget
from archwright.core.errors import ArchwrightError
from archwright.evaluate.data.tensors import DeviceData, DeviceSplit
from archwright.evaluate.training.augment import augment, mixup
from archwright.evaluate.training.device import compile_for_training, get_rng_state, set_rng_state
from archwright.evaluate.training.ema import ExponentialMovingAverage
from archwright.evaluate.training.optimizer import compute_learning_rate, make_optimizer
from archwright.evaluate.training.progress import ClassificationMetrics, TrainingProgress
from archwright.evaluate.training.recipe import Recipe

EVALUATION_BATCH_SIZE = 512  # images
STEPS_BETWEEN_LOSS_READS = 16  # on a GPU, for budgets in seconds


class BatchTooSmall(ArchwrightError, ValueError):
    """A batch of one image for a model that normalises over the batch."""


class Diverged(Exception):
    """The loss is no longer a finite number, in or after `epoch`."""

    def __init__(self, message: str, epoch: int) -> None:
        super().__init__(message)
        self.epoch = epoch


class Trainer:
    """Trains a model, an epoch at a time; holds the model, its optimizer, its EMA and the order of the images.

    `state_dict` is everything that the next steps depend on and that does not follow from the constructor's arguments,
    the state of the global random number generators included.
    """

    def __init__(
        self,
        model: nn.Module,
        data: DeviceData,
        recipe: Recipe,
        budget: Budget,
        seed: int,
        horizon: Budget | None = None,
    ) -> None:
        self.model, self.data, self.recipe, self.budget = model, data, recipe, budget
        # Of the learning rate schedule: what the recipe says goes before what the search does.
        self._horizon = Budget(recipe.horizon, budget.unit) if recipe.horizon else horizon or budget
        self._optimizer = make_optimizer(model, recipe)
        self._ema = ExponentialMovingAverage(model, recipe.ema_decay) if recipe.ema_decay else None
        self._generator = torch.Generator().manual_seed(seed)  # shuffles the images
        # Of the current epoch:
        self._batches = torch.empty(0, 0, dtype=torch.int64)  # indices of images, (batches, batch size)
        self._batches_done = 0
        self._loss_and_correct_sums = torch.zeros(2)  # over the images of the batches done
        self._forward = compile_for_training(model) if recipe.compile else model
        self._steps_between_loss_reads = choose_steps_between_loss_reads(data.device, budget)

    @property
    def learning_rate(self) -> float:
        """The learning rate of the last step."""
        return self._optimizer.param_groups[0]["lr"]

    def train_epoch(self, progress: TrainingProgress) -> tuple[TrainingProgress, ClassificationMetrics]:
        """Trains for an epoch, or for as much of it as the budget allows, but at least for one step.

        An epoch that is unfinished in `progress` is continued instead, if the budget allows. Returns the progress at
        the end, and the metrics on the augmented training images while the model changed. Raises Diverged.
        """
        self.model.train()
        start = time.perf_counter() - progress.seconds
        if progress.epoch_fraction == 1:
            self._batches, self._batches_done = self._shuffle_batches(), 0
            self._loss_and_correct_sums = torch.zeros(2, device=self.data.device)
            progress = evolve(progress, epoch=progress.epoch + 1, epoch_fraction=0.0)
        interval = self._steps_between_loss_reads
        while self._batches_done < len(self._batches) and (
            self._batches_done == 0 or not progress.has_spent(self.budget)
        ):
            indices = self._batches[self._batches_done]
            with _explain_batch_norm_error(len(indices)):
                self._step(indices, self._schedule_learning_rate(progress))
            self._batches_done += 1
            if interval and (self._batches_done - 1) % interval == 0:
                self._read_sums(progress.epoch)
            progress = evolve(
                progress,
                epoch_fraction=self._batches_done / len(self._batches),
                examples=progress.examples + len(indices),
                seconds=time.perf_counter() - start,
            )
        loss, correct = self._read_sums(progress.epoch)
        examples = self._batches_done * self._batches.shape[1]
        progress = evolve(progress, seconds=time.perf_counter() - start)
        return progress, ClassificationMetrics(correct / examples, loss / examples)

    def swap_in_ema(self) -> AbstractContextManager[None]:
        """In the block the model has the weights to evaluate and keep: the EMA if the recipe has one."""
        return self._ema.swap_in() if self._ema else nullcontext()

    def state_dict(self) -> dict[str, Any]:
        """Plain values and copies of tensors, which later steps do not change.

        The keys are those in the checkpoints of earlier releases, and so never change.
        """
        return {
            "model": copy_weights(self.model),
            "optimizer": deepcopy(self._optimizer.state_dict()),
            "average": self._ema.state_dict() if self._ema else None,
            "order": self._generator.get_state(),
            "batches": self._batches.cpu(),
            "done": self._batches_done,
            "sums": self._loss_and_correct_sums.clone(),
            "random": get_rng_state(self.data.device),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continues from the state of another trainer; also restores the global random generators."""
        self.model.load_state_dict(state["model"])
        self._optimizer.load_state_dict(state["optimizer"])
        if self._ema:
            self._ema.load_state_dict(state["average"])
        self._generator.set_state(state["order"])
        self._batches, self._batches_done = state["batches"].to(self.data.device), state["done"]
        self._loss_and_correct_sums = state["sums"].to(self.data.device, copy=True)
        set_rng_state(state["random"], self.data.device)

    def _shuffle_batches(self) -> Tensor:
        """The indices of the images in a random order, (batches, batch size), without those that fill no batch."""
        count = len(self.data.train)
        size = min(self.recipe.batch_size, count)
        order = torch.randperm(count, generator=self._generator)[: count // size * size]
        if self.data.device.type == "cuda":
            order = order.pin_memory()  # or else the CPU would wait for the copy
        return order.to(self.data.device, non_blocking=True).reshape(-1, size)

    def _schedule_learning_rate(self, progress: TrainingProgress) -> float:
        """The learning rate of the next step."""
        fraction = progress.compute_spent_fraction(self._horizon)
        return compute_learning_rate(self.recipe, fraction, progress.plateau_factor)

    def _step(self, indices: Tensor, learning_rate: float) -> None:
        """One optimizer step on a batch of images; adds their losses and correct predictions to the sums."""
        self._optimizer.param_groups[0]["lr"] = learning_rate
        labels = self.data.train.labels[indices]
        images = augment(self.data.normalised(self.data.train.images[indices]), self.recipe)
        permutation, mixup_weight = None, 1.0
        if self.recipe.mixup:
            images, permutation, mixup_weight = mixup(images, self.recipe.mixup)
        logits = compute_logits(self._forward, images)
        loss = self._compute_loss(logits, labels)
        if permutation is not None:
            loss = mixup_weight * loss + (1 - mixup_weight) * self._compute_loss(logits, labels[permutation])
        self._optimizer.zero_grad()
        loss.backward()
        if self.recipe.gradient_clip:
            nn.utils.clip_grad_norm_(self.model.parameters(), self.recipe.gradient_clip)
        self._optimizer.step()
        if self._ema:
            self._ema.update()
        loss_sum, correct_sum = self._loss_and_correct_sums
        loss_sum.add_(loss.detach(), alpha=len(indices))
        correct_sum.add_((logits.argmax(1) == labels).sum())

    def _compute_loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        return functional.cross_entropy(logits, labels, label_smoothing=self.recipe.label_smoothing)

    def _read_sums(self, epoch: int) -> list[float]:
        """The sums of losses and correct predictions, as read from the device; raises Diverged."""
        loss, correct = self._loss_and_correct_sums.tolist()
        if not math.isfinite(loss):
            place = f"step {self._batches_done} of {len(self._batches)}"
            raise Diverged(f"the training loss of epoch {epoch} is {loss} by {place}", epoch)
        return [loss, correct]


def choose_steps_between_loss_reads(device: torch.device, budget: Budget) -> int:
    """After how many steps of an epoch the loss is read; 0 for only at the epoch's end.

    To read it the CPU waits until a GPU has done all steps, and only then does the clock show how long they took.
    """
    if device.type == "cpu":
        return 1
    return STEPS_BETWEEN_LOSS_READS if budget.unit == "seconds" else 0


@contextmanager
def _explain_batch_norm_error(images: int) -> Generator[None]:
    """Raises BatchTooSmall, which names the setting, where torch refuses batch normalisation over one image."""
    try:
        yield
    except ValueError as error:
        if images > 1 or "more than 1 value per channel" not in str(error):
            raise
        raise BatchTooSmall(
            "a batch has 1 example, and batch normalisation learns from how the examples of a batch differ; set "
            "batch_size to 2 or more, with --train batch_size=2 (aw.Training(batch_size=2) in Python) or in the space"
        ) from error


def compute_logits(model: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
    """The logits in float32, (n, classes); on a GPU the model computes in bfloat16."""
    with torch.autocast("cuda", torch.bfloat16, enabled=images.is_cuda):
        return model(images).float()


@torch.inference_mode()
def evaluate_model(model: nn.Module, data: DeviceData, split: DeviceSplit) -> ClassificationMetrics:
    """The metrics of the model on a split, in eval mode; the loss may be infinite or NaN."""
    model.eval()
    sums = torch.zeros(2, device=data.device)
    batches = zip(split.images.split(EVALUATION_BATCH_SIZE), split.labels.split(EVALUATION_BATCH_SIZE), strict=True)
    for images, labels in batches:
        logits = compute_logits(model, data.normalised(images))
        loss = functional.cross_entropy(logits, labels, reduction="sum")
        sums += torch.stack([loss, (logits.argmax(1) == labels).sum()])
    loss, correct = sums.tolist()
    return ClassificationMetrics(correct / len(split), loss / len(split))


def copy_weights(model: nn.Module) -> dict[str, Tensor]:
    """A copy of the model's parameters and buffers."""
    return {name: value.clone() for name, value in model.state_dict().items()}
