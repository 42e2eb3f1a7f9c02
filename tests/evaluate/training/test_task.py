"""What a job that trains a classifier gets to see, and which settings decide."""

import pytest
import torch

import archwright as aw
from archwright.core.budget import Budget
from archwright.evaluate.data.loading import load_dataset
from archwright.evaluate.training import task
from archwright.evaluate.training.evaluation import Training
from archwright.evaluate.verdict import Verdict
from tests.evaluate.jobs import make_job

NETWORK = aw.sequential(aw.settings(learning_rate=0.5, batch_size=64), aw.affine(units=10))


@pytest.fixture
def train_calls(monkeypatch):
    """What `train` is called with, in place of training."""
    calls = []
    monkeypatch.setattr(task, "train", lambda *arguments, **_: calls.append(arguments) or Verdict("ok"))
    threads = torch.get_num_threads()
    yield calls
    torch.set_num_threads(threads)


def sort_images(images, labels):
    return sorted((image.tobytes(), int(label)) for image, label in zip(images, labels, strict=True))


def test_a_final_training_sees_the_validation_images_and_no_test_image(train_calls):
    splits = load_dataset("digits", seed=3)
    for train_on, splits_trained_on in (
        ("train", [splits.train]),
        ("train+validation", [splits.train, splits.validation]),
    ):
        config = Training(device="cpu", split_seed=3, keep="last", train_on=train_on)
        task.prepare_training(config, 0, 1)(make_job(0, NETWORK, Budget(1, "epochs")), lambda *_: None)
        _, data, *_ = train_calls.pop()
        expected = sorted(pair for split in splits_trained_on for pair in sort_images(split.images, split.labels))
        assert sort_images(data.train.images.numpy(), data.train.labels) == expected
        assert sort_images(data.test.images.numpy(), data.test.labels) == sort_images(
            splits.test.images, splits.test.labels
        )


def test_overrides_come_before_the_architecture_and_that_before_the_usual_settings(train_calls):
    settings, overrides = {"batch_size": 16, "learning_rate": 0.1, "optimizer": "sgd"}, {"lr_init": 0.25}
    config = Training(device="cpu", settings=settings, overrides=overrides)
    task.prepare_training(config, 0, 1)(make_job(0, NETWORK), lambda *_: None)
    _, _, recipe, *_ = train_calls.pop()
    assert (recipe.learning_rate, recipe.batch_size, recipe.optimizer) == (0.25, 64, "sgd")
