"""Settings of an architecture make a recipe, under our names and the paper's."""

import itertools

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import archwright as aw
from archwright.core.budget import Budget
from archwright.core.setting import BadSetting, UnknownSetting
from archwright.evaluate.training.progress import Course
from archwright.evaluate.training.recipe import (
    RECIPES,
    Recipe,
    check_settings,
    in_effect,
    overruled,
    recipe,
)


def test_without_settings_the_defaults_hold():
    assert recipe() == recipe({}) == Recipe()


RATE = aw.shared("rate", [0.1, -0.2])


@pytest.mark.parametrize(
    ("space", "error", "told"),
    [
        (aw.settings(lerning_rate=[0.1, 0.2]), UnknownSetting, "no setting 'lerning_rate'; did you mean"),
        (
            aw.settings(learning_rate=[0.1, -0.2]),
            BadSetting,
            "learning_rate of the training is -0.2; it may be a number",
        ),
        (
            aw.settings(lr_init=aw.reals(-1, 1)),
            BadSetting,
            "learning_rate of the training is -1.0; it may be a number",
        ),
        (aw.settings(mixup=0.1, momentum=aw.reals(0, 2)), BadSetting, "momentum of the training is 2.0; it may be"),
        (aw.settings(batch_size=aw.integers(0, 9)), BadSetting, "batch_size of the training is 0; it may be 1 or more"),
        (
            aw.settings(recipe=["paper", "modrn"]),
            BadSetting,
            "recipe of the training is 'modrn'; it may be plain",
        ),
        (aw.settings(learning_rate=RATE), BadSetting, "learning_rate of the training is -0.2"),
        (aw.settings(lerning_rate=RATE * 2), UnknownSetting, "no setting 'lerning_rate'"),
    ],
)
def test_settings_that_no_training_can_have_are_told_of_the_space(space, error, told):
    """Wherever they are in it, and before anything is trained."""
    inside = aw.sequential(aw.optional(aw.repeat(aw.sequential(aw.relu(), space), [1, 2])), aw.affine(10))
    with pytest.raises(error, match=told):
        check_settings(inside)


@pytest.mark.parametrize("name", ["digits", "deeparchitect", "tfref", "resnet"])
def test_the_settings_of_the_spaces_that_come_along_are_known(name):
    check_settings(aw.named_space(name))


def test_a_later_mapping_overrules_an_earlier_one():
    assert recipe({"batch_size": 8, "flip": True}, {"batch_size": 16}) == Recipe(batch_size=16, flip=True)
    assert recipe({"learning_rate": 1.0}, {"lr_init": 0.5}).learning_rate == 0.5


def test_what_is_in_effect_is_what_was_given_last_and_what_follows_from_it():
    """Under our names; the defaults of the optimizer and of the schedule are not those of Recipe."""
    space, after = {"lr_init": 0.25, "batch_size": 128}, {"schedule": "one_cycle"}
    found = in_effect({"learning_rate": 0.5, "optimizer": "sgd_mom"}, space, after)
    rest = {"momentum": 0.99, "warmup": 0.3}
    assert found == {"optimizer": "sgd_mom", "learning_rate": 0.25, "batch_size": 128, "schedule": "one_cycle"} | rest
    assert in_effect({}) == {}
    named = in_effect({"recipe": "modern"})
    assert named == {"recipe": "modern", **RECIPES["modern"], "warmup": 0.3}


def test_a_setting_takes_the_place_of_its_namesake():
    """Whichever of its names it goes by."""
    assert overruled({"lr_init": 0.5, "flip": True}, {"learning_rate": 0.25}) == {"learning_rate": 0.25, "flip": True}
    assert overruled({"learning_rate": 0.5}, {"lr_init": 0.25}) == {"learning_rate": 0.25}


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
        ({"learning_rte": 0.1}, UnknownSetting, "no setting 'learning_rte'; did you mean learning_rate"),
        ({"xyz": 0.1}, UnknownSetting, "there are: batch_size, compile, crop"),
        ({"lr_init": 0.1, "learning_rate": 0.1}, BadSetting, "learning_rate under two names"),
        ({"optimizer": "lion"}, BadSetting, "optimizer of the training is 'lion'; it may be adam, adamw, sgd"),
        ({"learning_rate": -1}, BadSetting, "learning_rate of the training is -1; it may be a number of 0 or more"),
        ({"learning_rate": "fast"}, BadSetting, "learning_rate of the training is 'fast'"),
        ({"label_smoothing": 1.5}, BadSetting, "it may be a number from 0 to 1"),
        ({"batch_size": 0}, BadSetting, "it may be 1 or more images"),
        ({"batch_size": 2.5}, BadSetting, "batch_size of the training is 2.5"),
        ({"batch_size": True}, BadSetting, "batch_size of the training is True"),
        (
            {"recipe": "papr"},
            BadSetting,
            "recipe of the training is 'papr'; it may be plain, paper, modern",
        ),
        ({"recipe": 3}, BadSetting, "recipe of the training is 3"),
        ({"normalisation": "none"}, BadSetting, "it may be channel or pixel"),
        ({"warmup": 1.5}, BadSetting, "warmup of the training is 1.5; it may be a number from 0 to 1"),
        (
            {"optimizer": "sgd", "momentum": 0, "nesterov": True},
            BadSetting,
            "its momentum is 0; it must be more",
        ),
        ({"flip": 1}, BadSetting, "flip of the training is 1; it may be true or false"),
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


RISE = {"learning_rate": 2.0, "warmup": 0.25, "warmup_from": 0.1, "rate_end": 0.5}


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        # The rise from 0.2: after half of it 0.2 + 1.8 / 2. Then from 2 down to 1 in the other three quarters.
        ("constant", {0: 0.2, 0.125: 1.1, 0.25: 2, 0.625: 2, 1: 2}),
        ("one_cycle", {0: 0.2, 0.125: 1.1, 0.25: 2, 0.4375: 1.75, 0.625: 1.5, 1: 1, 3: 1}),
        ("cosine", {0: 0.2, 0.125: 1.1, 0.25: 2, 0.4375: 1.5 + 0.5**1.5, 0.625: 1.5, 1: 1, 3: 1}),
    ],
)
def test_a_schedule_rises_and_then_goes_down_to_its_end(schedule, rates):
    how = recipe({**RISE, "schedule": schedule})
    assert {spent: Course().learning_rate(how, spent) for spent in rates} == pytest.approx(rates)


def test_one_cycle_has_a_warm_up_of_its_own_which_may_be_taken_from_it():
    how = recipe({"schedule": "one_cycle", "learning_rate": 1.0})
    assert (how.warmup, Course().learning_rate(how, 0.0), Course().learning_rate(how, 0.3)) == (0.3, 0.04, 1.0)
    straight = recipe({"schedule": "one_cycle", "learning_rate": 1.0, "warmup": 0})
    assert [Course().learning_rate(straight, spent) for spent in (0, 0.25, 1)] == [1, 0.75, 0]


@given(
    how=st.fixed_dictionaries(
        {
            "schedule": st.sampled_from(["constant", "cosine", "one_cycle"]),
            "learning_rate": st.floats(0, 10),
            "warmup": st.floats(0, 1),
            "warmup_from": st.floats(0, 1),
            "rate_end": st.floats(0, 1),
        }
    ),
    spent=st.lists(st.floats(0, 2), min_size=2).map(sorted),
)
def test_a_learning_rate_is_between_nothing_and_what_it_is_called(how, spent):
    """And once it is warm it never rises."""
    made = recipe(how)
    rates = [Course().learning_rate(made, s) for s in spent]
    assert all(0 <= rate <= made.learning_rate * (1 + 1e-12) for rate in rates)
    warm = [rate for rate, s in zip(rates, spent, strict=True) if s >= made.warmup]
    assert all(a >= b - 1e-12 * a for a, b in itertools.pairwise(warm))


def test_a_named_recipe_is_overruled_by_settings_and_spaces():
    paper = recipe({"recipe": "paper", "batch_size": 32}, {"rate_patience": 4, "optimizer": "sgd_mom"})
    assert (paper.batch_size, paper.rate_patience, paper.stop_patience, paper.momentum) == (32, 4, 64, 0.99)
    assert (paper.normalisation, paper.crop, paper.flip, paper.lr_min) == ("pixel", 4, True, 1e-9)
    assert recipe({"recipe": "paper"}, {"recipe": "plain"}) == recipe()


def test_what_is_for_the_optimizer_of_a_recipe_is_not_for_another_one():
    modern = recipe({"recipe": "modern"})
    assert (modern.optimizer, modern.schedule, modern.warmup, modern.weight_decay) == ("adamw", "one_cycle", 0.3, 0.05)
    sgd = recipe({"recipe": "modern"}, {"optimizer": "sgd", "nesterov": True})
    assert (sgd.learning_rate, sgd.weight_decay, sgd.label_smoothing) == (0.05, 0.0, modern.label_smoothing)


@pytest.mark.parametrize("name", RECIPES)
def test_every_setting_of_every_named_recipe_may_be_searched(name):
    """A space that has it as a hyperparameter overrules the recipe, whatever the setting."""
    for field in attrs.fields(Recipe):
        other = {"optimizer": "sgd", "schedule": "cosine", "normalisation": "pixel", "initialization": "he"}
        value = other.get(field.name, not field.default if isinstance(field.default, bool) else 1)
        assert getattr(recipe({"recipe": name}, {field.name: value}), field.name) == value


def test_what_is_spent_is_counted_in_the_budget_s_unit():
    course = Course(epoch=3, through=0.5, examples=600, seconds=5.0)
    assert course.spent(Budget(4, "epochs")) == pytest.approx(2.5 / 4)
    assert course.spent(Budget(10, "seconds")) == pytest.approx(0.5)
    assert course.spent(Budget(600, "examples")) == 1
    assert Course().spent(Budget(1, "epochs")) == 0
