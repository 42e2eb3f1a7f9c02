"""The training of a classifier, from its first epoch or a later one to the verdict on it."""

from collections.abc import Callable

import cattrs
from attrs import evolve, field, frozen
from torch import nn

from archwright.core.budget import Budget
from archwright.core.protocols import Stopped
from archwright.evaluate.config import KeptEpoch
from archwright.evaluate.data.tensors import DeviceData
from archwright.evaluate.training.checkpointing import State
from archwright.evaluate.training.progress import Course
from archwright.evaluate.training.recipe import Recipe
from archwright.evaluate.training.trainer import Diverged, Learner, Score, score, weights
from archwright.evaluate.verdict import ReportEpoch, Verdict


@frozen
class Epoch:
    """How well a model did in an epoch."""

    learned: Score  # on the training images as they were trained on, while the model changed
    scored: Score | None = None  # on the validation images after it, if there are any

    @property
    def watched(self) -> Score:
        """What patience watches, and the best epoch is chosen by."""
        return self.scored or self.learned

    @property
    def metrics(self) -> dict[str, float]:
        """What the epoch's report says of it."""
        learned = {"train_loss": self.learned.loss, "train_accuracy": self.learned.accuracy}
        return learned | ({"loss": self.scored.loss, "accuracy": self.scored.accuracy} if self.scored else {})


@frozen
class Progress:
    """How far a training has come."""

    course: Course = field(factory=Course)
    best: Epoch = Epoch(Score(0.0, 0.0))  # of the epoch whose weights are kept
    last: Epoch = Epoch(Score(0.0, 0.0))


def train(
    model: nn.Module,
    data: DeviceData,
    how: Recipe,
    budget: Budget,
    seed: int,
    tell: ReportEpoch,
    keep: KeptEpoch = "best",
    *,
    past: State | None = None,
    save: Callable[[State], None] | None = None,
) -> Verdict:
    """The verdict on `model`, which is left with the weights of its best epoch, or with keep="last" of its last one.

    Tells the metrics of every epoch. Draws the order of the images from `seed`, and dropout and augmentation from
    torch's global generator. The same seeds give the same result on a CPU, with as many threads. Where no images are
    left to validate on, the accuracy on the training images, as they were trained on, stands for that.

    Goes on from the state `past` as if it had never stopped there, which for a budget in the middle of an epoch means
    in the middle of that epoch. `save` gets the state from which a later training may go on.
    """
    data = as_trained_on(data, how)
    now, kept, learner = Progress(), {}, Learner(model, data, how, budget, seed)
    if past is not None:
        now, kept = cattrs.structure(past["progress"], Progress), past["kept"]
        learner.load_state_dict(past["learner"])

    def state() -> State:
        return {"progress": cattrs.unstructure(now), "kept": kept, "learner": learner.state_dict()}

    stopped = _patience(now.course, how, data)
    left, cut = {}, now.course.through < 1  # an epoch that was cut is scored now, also if there is no time for its rest
    try:
        while cut or (now.course.spent(budget) < 1 and stopped is None):
            course, learned = learner.epoch(now.course)
            now, cut = evolve(now, course=course), False
            if save is not None and course.through < 1:  # the score of a part of an epoch changes nothing later
                left = state()
            with learner.scored():
                last = Epoch(learned, score(model, data, data.validation) if len(data.validation) else None)
                rate = learner.learning_rate
                hopeless = tell(course.epoch, last.metrics | {"learning_rate": rate, "seconds": course.seconds})
                now = evolve(now, course=course.after(last.watched.accuracy, how), last=last)
                if keep == "last" or now.course.best_epoch == course.epoch:
                    now, kept = evolve(now, best=last), weights(model)
            stopped = Stopped("hopeless", course.epoch, hopeless) if hopeless else _patience(now.course, how, data)
        if save is not None:
            save(left or state())
        model.load_state_dict(kept)
        tested = score(model, data, data.test)
    except Diverged as error:
        stopped = Stopped("divergence", now.course.epoch if error.epoch is None else error.epoch, str(error))
        return Verdict("diverged", error=str(error), stopped=stopped)
    metrics = _of_training(now.best, now.last, tested, now.course)
    return Verdict("ok", metrics, stopped=stopped if now.course.spent(budget) < 1 else None)


def as_trained_on(data: DeviceData, how: Recipe) -> DeviceData:
    """The data as a recipe normalises its images."""
    return data.by_pixel if how.normalisation == "pixel" else data


def _patience(course: Course, how: Recipe, data: DeviceData) -> Stopped | None:
    """That the recipe gives up here, if it does."""
    if not course.is_stuck(how):
        return None
    images, best = "validation" if len(data.validation) else "training", course.best_epoch
    why = f"no better accuracy on the {images} images than in epoch {best} (stop_patience {how.stop_patience})"
    return Stopped("patience", course.epoch, why)


def _of_training(kept: Epoch, last: Epoch, tested: Score, course: Course) -> dict[str, float]:
    chosen = {"last_accuracy": last.scored.accuracy, "best_epoch": course.best_epoch} if last.scored else {}
    return {
        **kept.metrics,
        "test_accuracy": tested.accuracy,
        "test_loss": tested.loss,
        **chosen,
        "epochs": course.epoch,
        "train_seconds": course.seconds,
        "examples_per_second": course.examples / max(course.seconds, 1e-9),
    }
