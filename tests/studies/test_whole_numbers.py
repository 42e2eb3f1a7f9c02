"""Whole numbers are numpy's as well as Python's, through every door, and nothing else is one."""

from typing import Any

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

import archwright as aw
from archwright.core.setting import BadSetting
from archwright.core.value import as_integer
from archwright.evaluate.data_settings import DataSettings
from archwright.evaluate.training.evaluation import Training
from archwright.execution.checks import BadArgument
from archwright.execution.options import RunOptions
from archwright.execution.resuming import Resumption
from archwright.execution.retraining import Retraining

SPACE = aw.settings(width=[1, 2, 3])
HERE: dict[str, Any] = {"workers": np.int64(0), "progress": False}
NO_WHOLE = (2.0, np.float64(2), True, np.True_, "2", [2])
FIELDS = [
    (RunOptions, "workers", BadArgument),
    (RunOptions, "retries", BadArgument),
    (Resumption, "keep_models", BadArgument),
    (Retraining, "seeds", BadArgument),
    (Training, "threads", BadSetting),
    (Training, "split_seed", BadSetting),
    (lambda **given: DataSettings("digits", **given), "split_seed", BadSetting),
    (aw.searchers.Mcts, "parts", BadSetting),
    (aw.searchers.Smbo, "initial", BadSetting),
]


def evaluate(settings):
    return float(settings["width"])


@pytest.mark.parametrize(("make", "name", "error"), FIELDS, ids=[f"{number}" for number in range(len(FIELDS))])
def test_fields_take_them_and_hold_python_s(make, name, error):
    for given_number in (np.int64(2), np.uint8(2), 2):
        made = make(**{name: given_number})
        assert type(getattr(made, name)) is int
        assert getattr(evolve(made, **{name: given_number}), name) == 2
    for bad in NO_WHOLE:
        with pytest.raises(error, match=name):
            make(**{name: bad})


def test_sizes_take_them():
    assert aw.Training("folder:x", image_size=(np.int64(8), np.int32(9))).image_size == (8, 9)
    with pytest.raises(BadSetting, match="image_size"):
        aw.Training("folder:x", image_size=(8.0, 9))


def test_calls_take_them(tmp_path):
    """And the log holds plain numbers of them."""
    log = tmp_path / "log.duckdb"
    wholes: dict[str, Any] = {
        "seed": np.int64(3),
        "trials": np.int64(3),
        "retries": np.uint8(0),
        "keep_models": np.int8(1),
    }
    run = aw.search(SPACE, evaluate, log=log, name="mine", **wholes, **HERE)
    assert (run.seed, len(run)) == (3, 3)
    assert run.resume(trials=np.int64(4), keep_models=np.int64(2), **HERE).view.run.state.keep_models == 2
    assert len(aw.Log(log).sql("from trials", limit=np.int64(2))) == 2
    assert (run[np.int64(-1)], run.best(np.int64(1))) == (run[2], [run.best()])
    result = aw.compare(SPACE, evaluate, ["random"], seeds=np.int64(2), trials=np.int64(2), log=log, name="two", **HERE)
    assert result[0]["seeds"] == 2


@pytest.mark.parametrize("bad", NO_WHOLE, ids=repr)
def test_calls_refuse_what_is_none(bad, tmp_path):
    with pytest.raises(BadArgument, match="limit is"):
        aw.Log(tmp_path / "x.duckdb").sql("from trials", limit=bad)
    with pytest.raises(BadArgument, match="seeds is"):
        aw.compare(SPACE, evaluate, ["random"], seeds=bad, log=tmp_path / "x.duckdb")
    assert not list(tmp_path.iterdir())


@given(st.integers(-(2**63), 2**63 - 1))
def test_numpy_s_is_python_s(number):
    read = as_integer(np.int64(number))
    assert (type(read), read) == (int, number)
