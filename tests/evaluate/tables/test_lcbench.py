"""LCBench's surrogate: where it and what runs it are at hand."""

import importlib.util

import pytest

import archwright as aw
from archwright.core.budget import Budget
from archwright.core.extra_packages import MissingPackage
from archwright.core.protocols import Job
from archwright.core.spaces.lcbench import LCBENCH_DOMAINS
from archwright.evaluate.tables import lcbench
from archwright.evaluate.tables.lcbench import LCBench
from archwright.evaluate.tables.tabular import BadTable, NotInTable
from tests.evaluate.tables.test_tabular import TABLES

FOLDER = TABLES / "yahpo_lcbench"
CHOSEN = {
    "batch_size": 64,
    "learning_rate": 1e-2,
    "momentum": 0.9,
    "weight_decay": 1e-3,
    "num_layers": 3,
    "max_units": 256,
    "max_dropout": 0.2,
}
needs_surrogate = pytest.mark.skipif(
    not FOLDER.exists() or importlib.util.find_spec("onnxruntime") is None,
    reason=f"there is no surrogate in {FOLDER}, or no package onnxruntime",
)


@needs_surrogate
def test_a_curve_is_one_training():
    """Its seconds add up, and its accuracy is a fraction."""
    table = LCBench(str(FOLDER), task="3945")
    entries = [table.look_up(aw.settings(**CHOSEN), Budget(epochs, "epochs"), 0) for epochs in (1, 6, 52)]
    assert [entry.seconds for entry in entries] == pytest.approx([20.78, 35.39, 155.77], abs=0.01)
    assert [entry.metrics["accuracy"] for entry in entries] == pytest.approx([0.4041, 0.8857, 0.9065], abs=1e-4)
    assert entries[-1].metrics["test_balanced_accuracy"] == pytest.approx(0.6897, abs=1e-4)
    evaluator = table.open()
    job = Job(1, 1, aw.settings(**CHOSEN), Budget(52, "epochs"), 0, 0, continued_budget=Budget(6, "epochs"))
    evaluator.submit(job)
    assert evaluator.collect(0.0)[0].seconds == pytest.approx(entries[2].seconds - entries[1].seconds)


@needs_surrogate
def test_a_comparison_over_the_surrogate_runs_in_processes(tmp_path):
    """Each opens the model anew; with several simulated workers."""
    options = {"log": tmp_path / "log.duckdb", "progress": False, "budget": "3epochs"}
    table = f"lcbench:{FOLDER},task=189862"
    aw.compare("lcbench", table, ["random", "random,replacement=false"], seeds=1, trials=4, workers=2, **options)
    runs = aw.Log(tmp_path / "log.duckdb")
    scores = [[trial.score for trial in runs[row["run"]].trials] for row in runs.runs()]
    assert scores[0] == scores[1]
    assert all(0 < score < 1 for score in scores[0])


def test_what_is_missing_is_said(tmp_path, monkeypatch):
    with pytest.raises(BadTable, match=r"there is no file .*model\.onnx; give the folder of YAHPO Gym's surrogate"):
        LCBench(str(tmp_path)).load()
    (tmp_path / "model.onnx").write_text("no model")
    (tmp_path / "encoding.json").write_text('{"OpenML_task_id": {"#na#": 0, "3945": 34}}')
    with pytest.raises(BadTable, match=r"task is '394'; .*3945"):
        LCBench(str(tmp_path), task="394").load()
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(MissingPackage, match=r"the surrogate of LCBench needs .*pip install 'archwright\[lcbench\]'"):
        LCBench(str(tmp_path)).load()
    (tmp_path / "encoding.json").write_text("[]")
    with pytest.raises(BadTable, match=r"encoding\.json has no codes of tasks"):
        LCBench(str(tmp_path)).load()


@needs_surrogate
def test_a_file_that_is_no_model_is_refused(tmp_path):
    (tmp_path / "model.onnx").write_text("no model")
    (tmp_path / "encoding.json").write_text('{"OpenML_task_id": {"3945": 34}}')
    with pytest.raises(BadTable, match=r"model\.onnx cannot be read as the surrogate of LCBench"):
        LCBench(str(tmp_path)).load()


def test_a_configuration_has_the_settings_of_the_benchmark():
    """Every leaf of the named space has; what is missing or out of range is named."""
    table = LCBench("nowhere")
    leaf = aw.sample(aw.root(aw.named_space("lcbench"), (1,)), iter([0.3] * 7).__next__)
    table.require_architecture(leaf.architecture)
    with pytest.raises(NotInTable, match=r"settings has momentum=1.5, not of .*; search the space lcbench"):
        table.require_architecture(aw.settings(**{**CHOSEN, "momentum": 1.5}))
    with pytest.raises(NotInTable, match="affine has no batch_size; search the space lcbench"):
        table.require_architecture(aw.affine(3))
    assert list(LCBENCH_DOMAINS) == list(CHOSEN)
    assert lcbench.OUTPUT_DIGITS < 7
