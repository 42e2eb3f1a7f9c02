"""The images that a run goes on with are held against those that it was begun with."""

import pytest
from attrs import evolve

from archwright.evaluate.data.loading import describe_dataset
from archwright.evaluate.data.logged_images import DataChanged, images_to_json, require_same_images
from archwright.store.errors import UnreadableEvent
from tests.search.instant import make_started

DIGITS = describe_dataset("digits")


BEGUN = evolve(make_started(8), data=images_to_json(DIGITS))  # of images of 1x8x8


def test_images_that_a_run_goes_on_with_are_those_that_it_was_begun_with():
    """What has other classes is refused, what has other numbers is said; a run that logged neither may go on."""
    assert require_same_images("run-1", BEGUN, DIGITS) == []
    assert require_same_images("run-1", evolve(BEGUN, data=None), evolve(DIGITS, class_names=("a", "b"))) == []
    assert require_same_images("run-1", BEGUN, None) == []
    with pytest.raises(DataChanged, match=r"the classes of digits are a, b now, and run-1 was begun with 0, 1, 2"):
        require_same_images("run-1", BEGUN, evolve(DIGITS, class_names=("a", "b")))
    with pytest.raises(DataChanged, match=r"are of shape \(3, 8, 8\) now, and run-1 was begun with \(1, 8, 8\)"):
        require_same_images("run-1", BEGUN, evolve(DIGITS, input=(3, 8, 8)))
    assert require_same_images("run-1", BEGUN, evolve(DIGITS, train=1200, test=300)) == [
        "warning: digits has changed since run-1 was begun (1150 train images, now 1200, 359 test images, now 300); "
        "scores from here on are not of the same images"
    ]


@pytest.mark.parametrize(
    "data", [{"classes": [0, 1]}, {"classes": None}, {"classes": ["0"], "train": "many"}, [], "\x1b[2J"]
)
def test_images_that_a_stranger_s_log_does_not_tell_are_refused(data):
    """By what it has there, which steers no terminal."""
    with pytest.raises(UnreadableEvent, match=r"what run-1 has for its images is .* ask whoever made it") as raised:
        require_same_images("run-1", evolve(BEGUN, data=data), DIGITS)
    assert "\x1b" not in str(raised.value)
