"""Settings of an architecture make a recipe, under our names and the paper's."""

import random

import attrs
import pytest

import archwright as aw
from archwright.core.setting import BadSetting, UnknownSetting
from archwright.core.spaces.named import SPACES
from archwright.evaluate.training.recipe import (
    RECIPES,
    Recipe,
    check_settings,
    find_effective_settings,
    make_recipe,
    override_settings,
)


def test_without_settings_the_defaults_hold():
    assert make_recipe() == make_recipe({}) == Recipe()


RATE = aw.shared("rate", [0.1, -0.2])


@pytest.mark.parametrize(
    ("space", "error", "message"),
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
def test_settings_that_no_training_can_have_are_told_of_the_space(space, error, message):
    """Wherever they are in it, and before anything is trained."""
    inside = aw.sequential(aw.optional(aw.repeat(aw.sequential(aw.relu(), space), [1, 2])), aw.affine(10))
    with pytest.raises(error, match=message):
        check_settings(inside)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("digits", {"optimizer", "learning_rate", "batch_size"}),
        ("deeparchitect", {"optimizer", "learning_rate", "rate_mult", "rate_patience", "lr_min", "stop_patience"}),
        ("tfref", set()),
        ("resnet", set()),
    ],
)
def test_the_settings_of_the_spaces_that_come_along_are_known(name, settings):
    """A training has all of them, under its own names."""
    space = aw.named_space(name)
    check_settings(space)
    architecture = aw.sample(aw.root(space, SPACES[name].input_shape), random.Random(0).random).architecture
    effective = find_effective_settings(aw.settings_of(architecture))
    assert effective.keys() - {"momentum"} == settings, "the optimizer alone brings the momentum"


def test_a_later_mapping_overrules_an_earlier_one():
    assert make_recipe({"batch_size": 8, "flip": True}, {"batch_size": 16}) == Recipe(batch_size=16, flip=True)
    assert make_recipe({"learning_rate": 1.0}, {"lr_init": 0.5}).learning_rate == 0.5


def test_what_is_in_effect_is_what_was_given_last_and_what_follows_from_it():
    """Under our names; the defaults of the optimizer and of the schedule are not those of Recipe."""
    space, overrides = {"lr_init": 0.25, "batch_size": 128}, {"schedule": "one_cycle"}
    settings = find_effective_settings({"learning_rate": 0.5, "optimizer": "sgd_mom"}, space, overrides)
    rest = {"momentum": 0.99, "warmup": 0.3}
    assert (
        settings == {"optimizer": "sgd_mom", "learning_rate": 0.25, "batch_size": 128, "schedule": "one_cycle"} | rest
    )
    assert find_effective_settings({}) == {}
    named = find_effective_settings({"recipe": "modern"})
    assert named == {"recipe": "modern", **RECIPES["modern"], "warmup": 0.3}


def test_a_setting_takes_the_place_of_its_namesake():
    """Whichever of its names it goes by."""
    assert override_settings({"lr_init": 0.5, "flip": True}, {"learning_rate": 0.25}) == {
        "learning_rate": 0.25,
        "flip": True,
    }
    assert override_settings({"learning_rate": 0.5}, {"lr_init": 0.25}) == {"learning_rate": 0.25}


def test_the_paper_s_names_are_understood():
    paper = {
        "optimizer": "sgd_mom",
        "lr_init": 1e-3,
        "rate_mult": 0.5,
        "rate_patience": 4,
        "stop_patience": 64,
        "lr_min": 1e-9,
    }
    recipe = make_recipe(paper)
    assert (recipe.learning_rate, recipe.momentum, recipe.rate_patience, recipe.stop_patience) == (1e-3, 0.99, 4, 64)


def test_defaults_depend_on_the_optimizer():
    assert make_recipe({"optimizer": "sgd"}) == Recipe(optimizer="sgd", learning_rate=0.05, momentum=0.9)
    assert make_recipe({"optimizer": "sgd_mom", "momentum": 0.5}).momentum == 0.5


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"learning_rte": 0.1}, UnknownSetting, "no setting 'learning_rte'; did you mean learning_rate"),
        ({"lr": 0.1}, UnknownSetting, "no setting 'lr'; did you mean learning_rate"),
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
@pytest.mark.parametrize("make", [make_recipe, lambda settings: aw.Training(settings=settings)])
def test_a_bad_setting_is_named_with_what_it_may_be(make, settings, error, message):
    """When a training is made, too."""
    with pytest.raises(error) as caught:
        make(settings)
    assert message in str(caught.value)


def test_a_named_recipe_is_overruled_by_settings_and_spaces():
    paper = make_recipe({"recipe": "paper", "batch_size": 32}, {"rate_patience": 4, "optimizer": "sgd_mom"})
    assert (paper.batch_size, paper.rate_patience, paper.stop_patience, paper.momentum) == (32, 4, 64, 0.99)
    assert (paper.normalisation, paper.crop, paper.flip, paper.lr_min) == ("pixel", 4, True, 1e-9)
    assert make_recipe({"recipe": "paper"}, {"recipe": "plain"}) == make_recipe()


def test_what_is_for_the_optimizer_of_a_recipe_is_not_for_another_one():
    modern = make_recipe({"recipe": "modern"})
    assert (modern.optimizer, modern.schedule, modern.warmup, modern.weight_decay) == ("adamw", "one_cycle", 0.3, 0.05)
    sgd = make_recipe({"recipe": "modern"}, {"optimizer": "sgd", "nesterov": True})
    assert (sgd.learning_rate, sgd.weight_decay, sgd.label_smoothing) == (0.05, 0.0, modern.label_smoothing)


@pytest.mark.parametrize("name", RECIPES)
def test_every_setting_of_every_named_recipe_may_be_searched(name):
    """A space that has it as a hyperparameter overrules the recipe, whatever the setting."""
    for field in attrs.fields(Recipe):
        other = {"optimizer": "sgd", "schedule": "cosine", "normalisation": "pixel", "initialization": "he"}
        value = other.get(field.name, not field.default if isinstance(field.default, bool) else 1)
        assert getattr(make_recipe({"recipe": name}, {field.name: value}), field.name) == value
