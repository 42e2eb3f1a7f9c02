"""What a run says of its data before its first trial."""

import io

from rich.console import Console

from archwright.evaluate.data.dataset import DataInfo
from archwright.evaluate.data.loading import describe_dataset
from archwright.evaluate.data.logged_images import images_to_json
from archwright.evaluate.functions.evaluation import Function
from archwright.evaluate.tables.fcnet import Fcnet
from archwright.evaluate.training.evaluation import Training
from archwright.execution.announcing import describe_data

DIGITS = describe_dataset("digits")


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
