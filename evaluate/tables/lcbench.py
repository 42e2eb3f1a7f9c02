"""LCBench as an evaluator: its surrogate, which says the learning curves of any configuration."""

import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from attrs import field, frozen

from archwright.core.architecture import settings_of
from archwright.core.budget import Budget
from archwright.core.builders import name_wrong_fields
from archwright.core.errors import suggest_names
from archwright.core.extra_packages import import_extra
from archwright.core.spaces.lcbench import LCBENCH_DOMAINS
from archwright.core.term import Term
from archwright.evaluate.tables.table import Table
from archwright.evaluate.tables.tabular import BadTable, NotInTable, TableEntry
from archwright.store.named_paths import explain_relative_path

MODEL_FILE, ENCODING_FILE = "model.onnx", "encoding.json"
TASK_COLUMN, MISSING_TASK = "OpenML_task_id", "#na#"
OUTPUT_DIGITS = 6  # of an output: a float32 has seven, of which processors may round the last otherwise


@name_wrong_fields
@frozen
class LCBench(Table):
    """Asks the surrogate of LCBench that YAHPO Gym has for the accuracy of a configuration after 1 to 52 epochs.

    `table` is the folder of its model, `task` the number of a data set at OpenML. The score `accuracy` is a fraction of
    the validation examples; balanced accuracies and cross entropies are there beside it, and the seconds of the
    training up to that epoch. It needs the package onnxruntime (Pfisterer et al. 2022).
    """

    kind: ClassVar[str] = "lcbench"
    benchmark: ClassVar[str] = "LCBench"
    budgets: ClassVar[str] = "1epochs..52epochs"

    task: str = field(default="3945", converter=str)

    @property
    def can_continue(self) -> bool:
        """True: a curve is one training."""
        return True

    @cached_property
    def _surrogate(self) -> tuple[Any, int]:
        """What runs the model, and the code of the task."""
        folder = Path(self.table).expanduser()
        for name in (MODEL_FILE, ENCODING_FILE):
            if not (folder / name).is_file():
                raise BadTable(
                    f"there is no file {folder / name}; give the folder of YAHPO Gym's surrogate of LCBench, as in "
                    f"lcbench:FOLDER{explain_relative_path(self.table)}"
                )
        try:
            codes = json.loads((folder / ENCODING_FILE).read_text())[TASK_COLUMN]
        except (ValueError, LookupError, TypeError) as error:
            raise BadTable(f"{folder / ENCODING_FILE} has no codes of tasks: {error!r}") from error
        if self.task not in codes or self.task == MISSING_TASK:
            raise BadTable(f"task is {self.task!r}; {suggest_names(self.task, codes.keys() - {MISSING_TASK})}")
        return _open_model(folder / MODEL_FILE), codes[self.task]

    def load(self) -> None:
        """Read its files, once; raises BadTable if they are not there, and MissingPackage without onnxruntime."""
        len(self._surrogate)

    def require_architecture(self, architecture: Term) -> None:
        """Raises NotInTable unless it has the seven settings of the benchmark, each in its range."""
        _list_settings(architecture)

    def look_up(self, architecture: Term, budget: Budget, seed: int) -> TableEntry:
        """What the surrogate says of the end of so many epochs."""
        self.require_budget(budget)
        model, task = self._surrogate
        numbers = [budget.amount, *_list_settings(architecture)]
        inputs = {"x_cat": np.array([[task]], np.int32), "x_cont": np.array([numbers], np.float32)}
        seconds, accuracy, *rest = [
            float(f"{each:.{OUTPUT_DIGITS}g}") for each in model.run(None, inputs)[0][0].tolist()
        ]
        names = ("cross_entropy", "balanced_accuracy", "test_cross_entropy", "test_balanced_accuracy")
        metrics = {"accuracy": round(accuracy / 100, OUTPUT_DIGITS + 2), **dict(zip(names, rest, strict=True))}
        return TableEntry(metrics, max(0.0, seconds))


def _open_model(file: Path) -> Any:
    runtime = import_extra("onnxruntime", "lcbench", "the surrogate of LCBench")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # each search of a comparison has a core
    try:
        return runtime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise BadTable(f"{file} cannot be read as the surrogate of LCBench: {error}") from error


def _list_settings(architecture: Term) -> list[float]:
    """The numbers of the hyperparameters, in the order of the benchmark; raises NotInTable."""
    settings: Mapping[str, Any] = settings_of(architecture) if architecture.plan.is_specified else {}
    for name, domain in LCBENCH_DOMAINS.items():
        if name not in settings or settings[name] not in domain:
            said = f"{name}={settings[name]!r}, not of {domain}" if name in settings else f"no {name}"
            raise NotInTable(f"{architecture.kind} has {said}; search the space lcbench")
    return [float(settings[name]) for name in LCBENCH_DOMAINS]
