"""archwright: neural architecture search as a persistent tree.

What `__all__` lists is public, and so is what is in its modules `callbacks`, `errors`, `events` and `searchers`; every
other name, and every other module, may change with any release.

Names in lower case build: `conv2d(...)` a module, `search(...)` a run. Names in CamelCase are the classes of what is
built: for `isinstance(term, Conv2d)`, and to derive one's own from. Every kind of module has both.
"""

from collections.abc import Mapping
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

import archwright.search
from archwright.core.budget import Budget, BudgetList, BudgetRange
from archwright.core.domain import Domain, values
from archwright.core.errors import ArchwrightError
from archwright.core.expression import larger, pick, shared, smaller, when
from archwright.core.hyperparameter import Hyperparameter, hyperparameter, integer, number, one_of
from archwright.core.input import Input, features, image, signal, tokens
from archwright.core.kind import child, children, module
from archwright.core.late_names import import_when_read
from archwright.core.modules.basic import (
    Activation,
    Affine,
    AvgPool2d,
    BatchNorm,
    Conv2d,
    Dropout,
    Flatten,
    GlobalAvgPool,
    Identity,
    MaxPool2d,
    ReluConvBn,
    Select,
    Settings,
    Zero,
    activation,
    relu,
    settings,
)
from archwright.core.modules.choices import Either, Repeat, either, maybe_swap, optional
from archwright.core.modules.composite import (
    Branches,
    RepeatTied,
    Residual,
    Sequential,
    Wired,
    branches,
    sequential,
    wired,
)
from archwright.core.modules.graphs import Cell, Topology, cell, topology
from archwright.core.modules.nonterminal import Nonterminal
from archwright.core.modules.places import Let, Place, let
from archwright.core.names import drop_names
from archwright.core.objective import Objective, maximize, minimize, score
from archwright.core.shape import Misfit, Shape, TupleShape
from archwright.core.taken_input import takes
from archwright.core.term import Basic, Composite, Rewriting, Term
from archwright.core.wiring import Joint, Wiring

if TYPE_CHECKING:
    from archwright import callbacks, errors, events, searchers
    from archwright.core.analysis.counting import count, dead_ends
    from archwright.core.analysis.derivations import count_derivations
    from archwright.core.architecture import layers, settings_of
    from archwright.core.check import check
    from archwright.core.json import from_json, to_json
    from archwright.core.membership.path_of import path_of
    from archwright.core.modules.asking import Ask, ask
    from archwright.core.modules.grammar import Grammar, grammar, weighted
    from archwright.core.modules.grammar_text import grammar_from_text, grammar_to_text
    from archwright.core.modules.multibranch import (
        MultiBranchStage,
        ShakeDrop,
        Shortcut,
        multi_branch_stage,
        shake_drop,
        shortcut,
    )
    from archwright.core.node import Node, replay, root
    from archwright.core.priors import prior
    from archwright.core.protocols import Outcome, Problem, Proposal
    from archwright.core.ranges import integers, reals
    from archwright.core.setting import choice_setting, flag_setting, number_setting, whole_setting
    from archwright.core.spaces.named import named_space
    from archwright.core.traversal import enumerate_leaves, sample
    from archwright.core.variation.crossover import crossover
    from archwright.core.variation.derivation import Derivation, DerivationNode, derivation
    from archwright.core.variation.mutation import mutated
    from archwright.evaluate.evaluation import Evaluation
    from archwright.evaluate.functions.checkpoint import FunctionCheckpoint
    from archwright.evaluate.functions.evaluation import Function
    from archwright.evaluate.tables.fcnet import Fcnet
    from archwright.evaluate.tables.lcbench import LCBench
    from archwright.evaluate.tables.nasbench201 import Nasbench201
    from archwright.evaluate.tables.table import Table
    from archwright.evaluate.tables.tabular import NotInTable, TableEntry
    from archwright.evaluate.tables.taskset import TaskSet
    from archwright.evaluate.training.evaluation import Training
    from archwright.execution.options import WorkOptions
    from archwright.execution.session import RunInterrupted
    from archwright.results.comparison import Comparison
    from archwright.results.correlation import Correlation
    from archwright.results.importance import Importance
    from archwright.results.log import Log
    from archwright.results.rows import Rows
    from archwright.results.run import Run
    from archwright.results.trial import Trial
    from archwright.search.rules.halving import HalvingRule
    from archwright.search.rules.median import MedianRule
    from archwright.search.searcher import PromotingSearcher, Searcher, searcher_setting
    from archwright.search.stopping_rule import StoppingRule, TrialBegun, TrialFinished, ValueReported
    from archwright.studies.ask_tell import AskedTrial, Study
    from archwright.studies.comparing import compare
    from archwright.studies.drawing import draw
    from archwright.studies.functions import function
    from archwright.studies.models import compile  # noqa: A004  (aw.compile)
    from archwright.studies.runs import export, fork, resume, retrain
    from archwright.studies.searching import search as search
    from archwright.studies.spaces import describe_space, list_spaces
    from archwright.studies.studying import study

# Modules whose builders take what their classes take.
affine = Affine
avg_pool2d = AvgPool2d
batch_norm = BatchNorm
conv2d = Conv2d
dropout = Dropout
flatten = Flatten
global_avg_pool = GlobalAvgPool
identity = Identity
max_pool2d = MaxPool2d
nonterminal = Nonterminal
place = Place
relu_conv_bn = ReluConvBn
repeat = Repeat
repeat_tied = RepeatTied
residual = Residual
select = Select
zero = Zero

__version__ = "0.1.0"

# What takes time to import, and is imported when it is first read: public names by the modules that define them.
_NAMES: Mapping[str, str] = {
    "archwright.callbacks": "callbacks",
    "archwright.core.analysis.counting": "count dead_ends",
    "archwright.core.analysis.derivations": "count_derivations",
    "archwright.core.architecture": "layers settings_of",
    "archwright.core.check": "check",
    "archwright.core.json": "from_json to_json",
    "archwright.core.membership.path_of": "path_of",
    "archwright.core.modules.asking": "Ask ask",
    "archwright.core.modules.grammar": "Grammar grammar weighted",
    "archwright.core.modules.grammar_text": "grammar_from_text grammar_to_text",
    "archwright.core.modules.multibranch": "MultiBranchStage ShakeDrop Shortcut multi_branch_stage shake_drop shortcut",
    "archwright.core.node": "Node replay root",
    "archwright.core.priors": "prior",
    "archwright.core.protocols": "Outcome Problem Proposal",
    "archwright.core.ranges": "integers reals",
    "archwright.core.setting": "choice_setting flag_setting number_setting whole_setting",
    "archwright.core.spaces.named": "named_space",
    "archwright.core.traversal": "enumerate_leaves sample",
    "archwright.core.variation.crossover": "crossover",
    "archwright.core.variation.derivation": "Derivation DerivationNode derivation",
    "archwright.core.variation.mutation": "mutated",
    "archwright.errors": "errors",
    "archwright.evaluate.evaluation": "Evaluation",
    "archwright.evaluate.functions.checkpoint": "FunctionCheckpoint",
    "archwright.evaluate.functions.evaluation": "Function",
    "archwright.evaluate.tables.fcnet": "Fcnet",
    "archwright.evaluate.tables.lcbench": "LCBench",
    "archwright.evaluate.tables.nasbench201": "Nasbench201",
    "archwright.evaluate.tables.table": "Table",
    "archwright.evaluate.tables.tabular": "NotInTable TableEntry",
    "archwright.evaluate.tables.taskset": "TaskSet",
    "archwright.evaluate.training.evaluation": "Training",
    "archwright.events": "events",
    "archwright.execution.options": "WorkOptions",
    "archwright.execution.session": "RunInterrupted",
    "archwright.results.comparison": "Comparison",
    "archwright.results.correlation": "Correlation",
    "archwright.results.importance": "Importance",
    "archwright.results.log": "Log",
    "archwright.results.rows": "Rows",
    "archwright.results.run": "Run",
    "archwright.results.trial": "Trial",
    "archwright.search.rules.halving": "HalvingRule",
    "archwright.search.rules.median": "MedianRule",
    "archwright.search.searcher": "PromotingSearcher Searcher searcher_setting",
    "archwright.search.stopping_rule": "StoppingRule TrialBegun TrialFinished ValueReported",
    "archwright.searchers": "searchers",
    "archwright.studies.ask_tell": "AskedTrial Study",
    "archwright.studies.comparing": "compare",
    "archwright.studies.drawing": "draw",
    "archwright.studies.functions": "function",
    "archwright.studies.models": "compile",
    "archwright.studies.runs": "export fork resume retrain",
    "archwright.studies.spaces": "describe_space list_spaces",
    "archwright.studies.studying": "study",
}


def _find_elsewhere(name: str) -> str:
    """What has that name in one of the public modules, or where it is given in a text, and how it is written."""
    for path in ("archwright.callbacks", "archwright.errors", "archwright.events", "archwright.searchers"):
        public = import_module(path)
        if name in (vars(public).get("__all__") or dir(public)):
            return f"it is {path}.{name}"
    if name in import_module("archwright.core.spaces.named").SPACES:
        return f"the space of that name is archwright.named_space({name!r})"
    searchers, written = import_module("archwright.search.named"), name.replace("_", "-")
    if written in searchers.SEARCHERS.keys() - searchers.UNLISTED_SEARCHERS:
        return f"the searcher of that name is given as searcher={written!r}"
    return ""


__getattr__ = import_when_read(globals(), _NAMES, _find_elsewhere)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _CallablePackage(ModuleType):
    """The folder of searchers, which shares its name with the function that begins a search: called, it is that one."""

    def __call__(self, *args: Any, **options: Any) -> Any:
        return self._function(*args, **options)

    @property
    def _function(self) -> Any:
        return import_module("archwright.studies.searching").search

    @property
    def __signature__(self) -> Any:
        return import_module("inspect").signature(self._function)

    @property
    def __doc__(self) -> str | None:  # pyright: ignore[reportIncompatibleVariableOverride]
        # What `help` shows of a module before its contents, so that it is the help of the function.
        options = import_module("archwright.execution.call_options")
        return f"{options.format_signature('search', self._function)}\n\n{self._function.__doc__}"


archwright.search.__class__ = _CallablePackage  # pyright: ignore[reportAttributeAccessIssue]  (of any module)

__all__ = [
    "Activation",
    "Affine",
    "ArchwrightError",
    "Ask",
    "AskedTrial",
    "AvgPool2d",
    "Basic",
    "BatchNorm",
    "Branches",
    "Budget",
    "BudgetList",
    "BudgetRange",
    "Cell",
    "Comparison",
    "Composite",
    "Conv2d",
    "Correlation",
    "Derivation",
    "DerivationNode",
    "Domain",
    "Dropout",
    "Either",
    "Evaluation",
    "Fcnet",
    "Flatten",
    "Function",
    "FunctionCheckpoint",
    "GlobalAvgPool",
    "Grammar",
    "HalvingRule",
    "Hyperparameter",
    "Identity",
    "Importance",
    "Input",
    "Joint",
    "LCBench",
    "Let",
    "Log",
    "MaxPool2d",
    "MedianRule",
    "Misfit",
    "MultiBranchStage",
    "Nasbench201",
    "Node",
    "Nonterminal",
    "NotInTable",
    "Objective",
    "Outcome",
    "Place",
    "Problem",
    "PromotingSearcher",
    "Proposal",
    "ReluConvBn",
    "Repeat",
    "RepeatTied",
    "Residual",
    "Rewriting",
    "Rows",
    "Run",
    "RunInterrupted",
    "Searcher",
    "Select",
    "Sequential",
    "Settings",
    "ShakeDrop",
    "Shape",
    "Shortcut",
    "StoppingRule",
    "Study",
    "Table",
    "TableEntry",
    "TaskSet",
    "Term",
    "Topology",
    "Training",
    "Trial",
    "TrialBegun",
    "TrialFinished",
    "TupleShape",
    "ValueReported",
    "Wired",
    "Wiring",
    "WorkOptions",
    "Zero",
    "activation",
    "affine",
    "ask",
    "avg_pool2d",
    "batch_norm",
    "branches",
    "callbacks",
    "cell",
    "check",
    "child",
    "children",
    "choice_setting",
    "compare",
    "compile",
    "conv2d",
    "count",
    "count_derivations",
    "crossover",
    "dead_ends",
    "derivation",
    "describe_space",
    "draw",
    "drop_names",
    "dropout",
    "either",
    "enumerate_leaves",
    "errors",
    "events",
    "export",
    "features",
    "flag_setting",
    "flatten",
    "fork",
    "from_json",
    "function",
    "global_avg_pool",
    "grammar",
    "grammar_from_text",
    "grammar_to_text",
    "hyperparameter",
    "identity",
    "image",
    "integer",
    "integers",
    "larger",
    "layers",
    "let",
    "list_spaces",
    "max_pool2d",
    "maximize",
    "maybe_swap",
    "minimize",
    "module",
    "multi_branch_stage",
    "mutated",
    "named_space",
    "nonterminal",
    "number",
    "number_setting",
    "one_of",
    "optional",
    "path_of",
    "pick",
    "place",
    "prior",
    "reals",
    "relu",
    "relu_conv_bn",
    "repeat",
    "repeat_tied",
    "replay",
    "residual",
    "resume",
    "retrain",
    "root",
    "sample",
    "score",
    "search",
    "searcher_setting",
    "searchers",
    "select",
    "sequential",
    "settings",
    "settings_of",
    "shake_drop",
    "shared",
    "shortcut",
    "signal",
    "smaller",
    "study",
    "takes",
    "to_json",
    "tokens",
    "topology",
    "values",
    "weighted",
    "when",
    "whole_setting",
    "wired",
    "zero",
]
