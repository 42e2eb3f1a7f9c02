"""What is found of images is said, logged, and held against what was begun with."""

import io

import numpy as np
import pytest
from attrs import evolve
from rich.console import Console

from archwright.cli.values import BadOption, parse_image_size
from archwright.evaluate.data.dataset import DataInfo
from archwright.evaluate.data.loading import describe_dataset
from archwright.evaluate.data.logged_images import DataChanged, images_to_json, require_same_images
from archwright.evaluate.evaluation import evaluation_to_json
from archwright.evaluate.functions.evaluation import Function
from archwright.evaluate.tables.fcnet import Fcnet
from archwright.evaluate.training.evaluation import Training
from archwright.execution.announcing import describe_data
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.errors import UnreadableEvent
from archwright.store.log import START
from tests.search.instant import make_started

DIGITS = describe_dataset("digits")
BEGUN = evolve(make_started(8), data=images_to_json(DIGITS))  # of images of 1x8x8


def test_a_search_says_what_it_found_and_logs_the_classes(trained):
    folder, done = trained
    assert "\ndigits: 1x8x8, 10 classes (0, 1, 2 ... 9): train 1,150 (111 to 117 a class), validation 288" in done.out
    begun = DuckDBLog(folder / "archwright.duckdb").read("digits-1")[0].event
    assert begun.data == {"classes": list("0123456789"), "train": 1150, "validation": 288, "test": 359}
    assert begun.evaluator["reader"] == 2


def test_what_has_no_data_says_nothing():
    for config in (Fcnet("a.npz"), Function("a.py:b")):
        assert config.describe_data() is None
        said = io.StringIO()
        out = Console(file=said)
        describe_data(out, None, config)
        assert said.getvalue() == ""
    assert images_to_json(None) is None
    assert Function("a.py:b", data="digits").describe_data() == DIGITS


def test_an_older_run_is_said_to_be_read_as_it_was(caplog):
    """On one line, whatever the names of its classes are; and warned of on stderr."""
    info = DataInfo("npz:a", (1, 2, 2), ("a\nb", "\x1b[2J"), 8, 1, 1, {"train": (8, 0), "validation": (1, 0)})
    said = io.StringIO()
    out = Console(file=said, width=200, markup=False, emoji=False, highlight=False)
    describe_data(out, info, Training("npz:a", reader=1))
    assert said.getvalue() == (
        r"npz:a: 1x2x2, 2 classes (a\nb, \x1b[2J): train 8 (a\nb 8, \x1b[2J 0), "
        r"validation 1 (a\nb 1, \x1b[2J 0), test 1; read and split as reader 1 does"
        "\n"
    )
    assert caplog.messages[0].startswith(r"warning: no train image of npz:a is of \x1b[2J; for each split")


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


def test_a_run_whose_classes_are_others_now_does_not_go_on(cli, tmp_path):
    """Nothing is logged of the attempt."""
    shades = np.arange(20, dtype=np.uint8) % 2
    np.savez(tmp_path / "mine.npz", images=np.full((20, 8, 8), 7, np.uint8), labels=shades + 1)
    config = evaluation_to_json(Training("npz:mine.npz"))
    begun = evolve(
        make_started(8), evaluator=config, data={"classes": ["0", "1"], "train": 13, "validation": 3, "test": 4}
    )
    log = DuckDBLog(tmp_path / "archwright.duckdb")
    log.append("run-1", [begun], START)
    done = cli("resume", "run-1")
    assert (done.code, done.out) == (2, "")
    assert (
        "the classes of npz:mine.npz are 1, 2 now, and run-1 was begun with 0, 1; put back what was there" in done.err
    )
    assert len(log.read("run-1")) == 1


@pytest.mark.parametrize(("text", "size"), [("32", (32, 32)), ("24x48", (24, 48)), (" 8X9 ", (8, 9)), (None, None)])
def test_a_size_is_height_and_width(text, size):
    assert parse_image_size(text) == size


@pytest.mark.parametrize("text", ["", "0", "3x", "3x4x5", "-3", "3.5", "wide"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(BadOption, match="write height and width in pixels, as in 32x48, or 32 for both"):
        parse_image_size(text)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--image-size", "8"], "an image size of 8x8 is for folder:PATH; the images of digits keep theirs"),
        (["--reader", "3"], "reader is 3; this archwright reads images as 1 or 2 do"),
        (["--evaluator", "nasbench201:a.npz", "--image-size", "8"], "--image-size is for training"),
        (["--evaluator", "nasbench201:a.npz", "--reader", "1"], "--reader is for training"),
        (
            ["--evaluator", "score.py:score", "--image-size", "8"],
            "image_size is for the images of a folder, and there is no data",
        ),
        (
            ["--evaluator", "data.py:score", "--image-size", "8"],
            "image_size is for the images of a folder, and there is no data",
        ),
        (["--evaluator", "data.py:Score", "--image-size", "8"], "image_size is for the images of a folder"),
    ],
)
def test_options_that_would_do_nothing_are_refused(cli, tmp_path, words, told):
    (tmp_path / "data.py").write_text("def score(data): ...\nclass Score: ...\n")
    done = cli("search", "digits", "--trials", "1", *words)
    assert (done.code, done.out) == (2, "")
    assert told in done.err
    assert not (tmp_path / "archwright.duckdb").exists()
