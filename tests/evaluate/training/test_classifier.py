"""What a job that trains a classifier gets to see, and which settings decide."""

import pytest
import torch

import archwright as aw
from archwright.core.budget import Budget
from archwright.evaluate.config import TrainingConfig
from archwright.evaluate.data.loading import load_dataset
from archwright.evaluate.training import task
from archwright.evaluate.verdict import Verdict
from tests.evaluate.jobs import job

NETWORK = aw.sequential(aw.settings(learning_rate=0.5, batch_size=64), aw.affine(units=10))


@pytest.fixture
def given(monkeypatch):
    """What `train` is called with, in place of training."""
    calls = []
    monkeypatch.setattr(task, "train", lambda *given, **_: calls.append(given) or Verdict("ok"))
    threads = torch.get_num_threads()
    yield calls
    torch.set_num_threads(threads)


def content(images, labels):
    return sorted((image.tobytes(), int(label)) for image, label in zip(images, labels, strict=True))


def test_a_final_training_sees_the_validation_images_and_no_test_image(given):
    parts = load_dataset("digits", seed=3)
    for train_on, seen in (("train", [parts.train]), ("train+validation", [parts.train, parts.validation])):
        config = TrainingConfig(device="cpu", split_seed=3, keep="last", train_on=train_on)
        task.prepare(config, 0, 1)(job(0, NETWORK, Budget(1, "epochs")), lambda *_: None)
        _, data, *_ = given.pop()
        expected = sorted(pair for part in seen for pair in content(part.images, part.labels))
        assert content(data.train.images.numpy(), data.train.labels) == expected
        assert content(data.test.images.numpy(), data.test.labels) == content(parts.test.images, parts.test.labels)


def test_overrides_come_before_the_architecture_and_that_before_the_usual_settings(given):
    usual, overrides = {"batch_size": 16, "learning_rate": 0.1, "optimizer": "sgd"}, {"lr_init": 0.25}
    config = TrainingConfig(device="cpu", settings=usual, overrides=overrides)
    task.prepare(config, 0, 1)(job(0, NETWORK), lambda *_: None)
    _, _, how, *_ = given.pop()
    assert (how.learning_rate, how.batch_size, how.optimizer) == (0.25, 64, "sgd")
