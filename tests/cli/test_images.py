"""What is found of images is said and logged, and other images are refused."""

import numpy as np
import pytest
from attrs import evolve

from archwright.cli.values import BadOption, parse_image_size
from archwright.evaluate.logged_evaluations import evaluation_to_json
from archwright.evaluate.training.evaluation import Training
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.log import START
from tests.search.instant import make_started


def test_a_search_says_what_it_found_and_logs_the_classes(trained):
    folder, done = trained
    assert "\ndigits: 1x8x8, 10 classes (0, 1, 2 ... 9): train 1,150 (111 to 117 a class), validation 288" in done.out
    begun = DuckDBLog(folder / "archwright.duckdb").read("digits-1")[0].event
    assert begun.data == {"classes": list("0123456789"), "train": 1150, "validation": 288, "test": 359}
    assert begun.evaluator["reader"] == 2


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
