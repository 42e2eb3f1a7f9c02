"""Settings of an architecture make a recipe, under our names and the paper's."""

import pytest

from archwright.core.trial import Budget
from archwright.evaluate.course import Course
from archwright.evaluate.recipe import BadTrainingSetting, Recipe, UnknownTrainingSetting, recipe


def test_without_settings_the_defaults_hold():
    assert recipe() == recipe({}) == Recipe()


def test_a_later_mapping_overrules_an_earlier_one():
    assert recipe({"batch_size": 8, "flip": True}, {"batch_size": 16}) == Recipe(batch_size=16, flip=True)
    assert recipe({"learning_rate": 1.0}, {"lr_init": 0.5}).learning_rate == 0.5


def test_the_paper_s_names_are_understood():
    paper = {
        "optimizer": "sgd_mom",
        "lr_init": 1e-3,
        "rate_mult": 0.5,
        "rate_patience": 4,
        "stop_patience": 64,
        "lr_min": 1e-9,
    }
    made = recipe(paper)
    assert (made.learning_rate, made.momentum, made.rate_patience, made.stop_patience) == (1e-3, 0.99, 4, 64)


def test_defaults_depend_on_the_optimizer():
    assert recipe({"optimizer": "sgd"}) == Recipe(optimizer="sgd", learning_rate=0.05, momentum=0.9)
    assert recipe({"optimizer": "sgd_mom", "momentum": 0.5}).momentum == 0.5


@pytest.mark.parametrize(
    ("settings", "error", "told"),
    [
        ({"learning_rte": 0.1}, UnknownTrainingSetting, "no setting 'learning_rte'; did you mean learning_rate"),
        ({"xyz": 0.1}, UnknownTrainingSetting, "there are: batch_size, crop"),
        ({"lr_init": 0.1, "learning_rate": 0.1}, UnknownTrainingSetting, "learning_rate under two names"),
        ({"optimizer": "lion"}, BadTrainingSetting, "optimizer is 'lion'; it must be one of adam, adamw, sgd"),
        ({"learning_rate": -1}, BadTrainingSetting, "learning_rate is -1; it must be a number of 0 or more"),
        ({"learning_rate": "fast"}, BadTrainingSetting, "learning_rate is 'fast'"),
        ({"label_smoothing": 1.5}, BadTrainingSetting, "it must be a number from 0 to 1"),
        ({"batch_size": 0}, BadTrainingSetting, "it must be 1 or more images"),
        ({"batch_size": 2.5}, BadTrainingSetting, "batch_size is 2.5"),
        ({"batch_size": True}, BadTrainingSetting, "batch_size is True"),
        ({"flip": 1}, BadTrainingSetting, "flip is 1; it must be true or false"),
    ],
)
def test_a_bad_setting_is_named_with_what_it_may_be(settings, error, told):
    with pytest.raises(error) as caught:
        recipe(settings)
    assert told in str(caught.value)


def rates(how: Recipe, accuracies: list[float]) -> list[float]:
    """The learning rate of each epoch after the first, given the accuracy of the one before."""
    course, found = Course(), []
    for epoch, accuracy in enumerate(accuracies, start=1):
        course = Course(
            epoch=epoch,
            best_accuracy=course.best_accuracy,
            best_epoch=course.best_epoch,
            decay=course.decay,
            waited=course.waited,
        ).after(accuracy, how)
        found.append(course.learning_rate(how, spent=0.0))
    return found


def test_the_learning_rate_falls_after_so_many_epochs_without_a_new_best_and_the_count_begins_again():
    how = recipe({"lr_init": 1.0, "rate_mult": 0.5, "rate_patience": 2, "lr_min": 0.2})
    assert rates(how, [0.5, 0.5, 0.5, 0.6, 0.6, 0.6, 0.1, 0.1]) == [1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.2]


def test_training_stops_after_so_many_epochs_without_a_new_best():
    how = recipe({"stop_patience": 3})
    assert not Course(epoch=6, best_epoch=4).is_stuck(how)
    assert Course(epoch=7, best_epoch=4).is_stuck(how)
    assert not Course(epoch=1000, best_epoch=1).is_stuck(recipe())


def test_the_cosine_ends_with_the_budget():
    how = recipe({"learning_rate": 1.0, "schedule": "cosine"})
    assert [round(Course().learning_rate(how, spent), 3) for spent in (0, 0.5, 1, 2)] == [1, 0.5, 0, 0]


def test_what_is_spent_is_counted_in_the_budget_s_unit():
    course = Course(epoch=3, examples=600, seconds=5.0)
    assert course.spent(Budget(4, "epochs"), through=0.5) == pytest.approx(2.5 / 4)
    assert course.spent(Budget(10, "seconds")) == pytest.approx(0.5)
    assert course.spent(Budget(600, "examples")) == 1
    assert Course().spent(Budget(1, "epochs")) == 0
