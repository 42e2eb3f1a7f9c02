"""What a function says its score is, and what it does not have to say."""

import pytest

import archwright as aw
from archwright.core.objective import BadScore, Objective, declared


@pytest.mark.parametrize(("minimize", "direction"), [(False, "maximize"), (True, "minimize")])
def test_a_function_that_says_its_score_is_the_function_that_it_was(minimize, direction):
    def train(model):
        return model

    assert aw.score("f1", minimize=minimize)(train) is train
    assert declared(train) == Objective("f1", direction)


def test_nothing_is_said_by_a_function_without_the_decorator():
    def train(model):
        return model

    train.score = "f1"  # an attribute of their own
    assert declared(train) is None
    assert declared(print) is None


@pytest.mark.parametrize("wrong", [None, 3, "", print, "a\nb", "a\x1b[2J"])
def test_a_score_that_is_no_name_is_told_with_how_to_write_it(wrong):
    with pytest.raises(BadScore, match=r"write the name of a metric: @aw\.score\(\"accuracy\"\)"):
        aw.score(wrong)
