"""A function's worker says which metric is its score."""

import pytest

from archwright.core.objective import Objective
from archwright.evaluate.functions.evaluation import Function
from archwright.evaluate.workers.pool import NoWorker, WorkerPool
from tests.own_scores import OWN


@pytest.fixture
def own(tmp_path):
    (tmp_path / "own.py").write_text(OWN)
    return tmp_path


@pytest.mark.parametrize(
    ("source", "objective"),
    [
        ("own.py:train", Objective("f1")),
        ("own.py:bare", Objective("loss", "minimize")),
        ("own.py:computed", Objective("loss", "minimize")),
        ("own.py:cached", Objective("f1")),
        ("own.py:twice", Objective("last")),
        ("own.py:silent", None),
        ("own:another", Objective("f1")),
    ],
)
def test_what_it_says_is_found_however_it_is_written(own, monkeypatch, source, objective):
    monkeypatch.chdir(own)
    with WorkerPool(Function(source)) as pool:
        pool.warm_up()
        assert pool.description is not None
        assert pool.description.objective == objective


def test_what_an_import_raises_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.py").write_text("train = lambda a, b: 1\nraise ValueError('no such fold')\n")
    with WorkerPool(Function("bad.py:train")) as pool, pytest.raises(NoWorker, match="ValueError: no such fold"):
        pool.warm_up()


def test_files_of_the_current_folder_stand_for_nothing_that_is_installed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "attrs.py").write_text("raise ValueError('not the one that archwright means')\n")
    (tmp_path / "own.py").write_text("train = lambda a, b: 1\n")
    with WorkerPool(Function("own.py:train")) as pool:
        pool.warm_up()
        assert pool.description is not None
        assert pool.description.arguments == ("architecture", "budget")
