"""With what a trial is trained anew."""

import pytest
from attrs import evolve

from archwright.core.budget import Budget
from archwright.core.json import to_json
from archwright.core.node import root
from archwright.core.objective import Objective
from archwright.core.spaces.named import SPACES
from archwright.core.traversal import sample
from archwright.evaluate.functions.evaluation import Function
from archwright.evaluate.logged_evaluations import evaluation_to_json as to_json_config
from archwright.evaluate.settings import LATEST_READER
from archwright.evaluate.training.evaluation import Training
from archwright.execution import retraining
from archwright.execution.options import RunOptions
from archwright.search.running.run_view import rebuild_leaf, view_run
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import Proposed, RunStarted, Scored
from archwright.store.log import START
from archwright.store.permission import NotTrusted


def log_search(folder, evaluator, space="nasbench201", shape=(3, 32, 32), rung=None):
    """A search with one trial in a log."""
    term = SPACES[space].build(10)
    leaf = sample(root(term, shape), lambda: 0.5)
    begun = RunStarted(
        space=to_json(term),
        space_source=space,
        input_shape=shape,
        searcher={"name": "random"},
        evaluator=evaluator,
        objective=Objective(),
        budget=Budget(200, "epochs"),
        seed=0,
        trials=1,
        versions={},
    )
    log = folder / "log.duckdb"
    events = [begun, Proposed(0, leaf.path, begun.budget, rung=rung), Scored(0, "crashed", None)]
    DuckDBLog(log).append("cells", events, START)
    return view_run(log, "cells")


def configure(view, trial, settings, data, data_dir, device, image_size=None):
    asked = retraining.Retraining(data=data, data_dir=data_dir, device=device, image_size=image_size, settings=settings)
    state = view.get_trial(trial)
    architecture, options = rebuild_leaf(view, state).architecture, RunOptions(trusted=view.trusted)
    return retraining.configure_retraining(view, architecture, state.rung, asked, options)


def check_data(view, evaluation):
    data = evaluation.describe_data()
    evaluation.check_space(rebuild_leaf(view, view.get_trial(0)).architecture, view.model_input, data)
    return data


def test_a_cell_that_was_looked_up_is_trained_where_data_is_named(tmp_path):
    """The space of the benchmark compiles to its real network."""
    view = log_search(tmp_path, {"kind": "nasbench201", "table": "nb201.npz"})
    with pytest.raises(ValueError, match=r"evaluated by the table nb201.npz.*--data cifar10"):
        configure(view, 0, {}, None, None, None)
    with pytest.raises(ValueError, match=r"cifar100 has images of 3x32x32 in 100 classes"):
        check_data(view, configure(view, 0, {}, "cifar100", None, None))
    assert configure(view, 0, {"flip": True}, "cifar10", "there", "cpu") == Training(
        "cifar10", "there", "cpu", keep="last", overrides={"flip": True}, train_on="train+validation"
    )
    assert check_data(view, configure(view, 0, {}, "cifar10", None, None)).class_names[0] == "airplane"


def test_a_setting_takes_the_place_of_its_namesake_of_an_earlier_retraining(tmp_path):
    """Under the other of its names, too."""
    config = Training("digits", keep="last", overrides={"learning_rate": 0.5}, train_on="train+validation")
    view = log_search(tmp_path, to_json_config(config), "digits", (1, 8, 8))
    assert configure(view, 0, {"lr_init": 0.25}, None, None, None).overrides == {"learning_rate": 0.25}


def test_the_data_of_a_function_lies_where_it_lay_and_is_split_as_it_was(tmp_path, monkeypatch):
    """If it is named; other data is as usual. Where none is named, the function is called again."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text("def train(architecture, data, settings): ...\n")
    config = Function("own.py:train", data="digits", data_dir="there", validation=0.5, split_seed=3, reader=1)
    view = log_search(tmp_path, to_json_config(config), "digits", (1, 8, 8))
    with pytest.raises(NotTrusted, match=r"own.py, which no command of yours has named"):
        configure(view, 0, {"depth": 3}, None, None, None)
    again = configure(evolve(view, trusted=True), 0, {"depth": 3}, None, None, "cpu")
    assert again == evolve(config, settings={"depth": 3}, device="cpu")
    with pytest.raises(ValueError, match=r"learning_rate does nothing: the architecture sets it itself"):
        configure(evolve(view, trusted=True), 0, {"learning_rate": 3}, None, None, "cpu")
    found = configure(view, 0, {}, "digits", None, None)
    assert (found.data_dir, found.validation, found.split_seed, found.reader) == ("there", 0.5, 3, 1)
    assert configure(view, 0, {}, "mnist", None, None).reader == LATEST_READER


def test_a_retraining_splits_the_images_as_the_search_did_unless_it_has_others(tmp_path):
    """So that no test image was searched by."""
    config = Training("folder:there", image_size=(8, 8), reader=1)
    view = log_search(tmp_path, to_json_config(config), "digits", (1, 8, 8))
    found = configure(view, 0, {}, None, None, None)
    assert (found.image_size, found.reader) == ((8, 8), 1)
    other = configure(view, 0, {}, "folder:elsewhere", None, None, (4, 6))
    assert (other.image_size, other.reader) == ((4, 6), LATEST_READER)


def test_a_trial_of_a_ladder_keeps_its_warm_restarts(tmp_path):
    """On the third rung it had three cycles; what a person says of them counts more."""
    cases = [
        ({"recipe": "joint"}, 2, {}, {"cycles": 3}),
        ({"recipe": "joint"}, 0, {}, {}),
        ({"recipe": "joint"}, None, {}, {}),
        ({"recipe": "joint"}, 2, {"cycles": 2}, {"cycles": 2}),
        ({"recipe": "joint"}, 2, {"schedule": "cosine"}, {"schedule": "cosine"}),
        ({"recipe": "joint", "cycles": 4}, 2, {}, {}),
        ({"schedule": "cosine"}, 2, {}, {}),
    ]
    for i, (trained, rung, given, wanted) in enumerate(cases):
        folder = tmp_path / str(i)
        folder.mkdir()
        view = log_search(folder, to_json_config(Training("digits", settings=trained)), "digits", (1, 8, 8), rung)
        assert configure(view, 0, given, None, None, None).overrides == wanted
