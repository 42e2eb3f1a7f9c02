"""Evaluations found by their kinds, and built of their settings."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from attrs import frozen

from archwright.core.tracebacks import guard_user_code
from archwright.evaluate.evaluation import Evaluation, NotAnEvaluation
from archwright.evaluate.evaluation_kinds import EVALUATION_CLASSES, UnknownEvaluation, import_builtin_class
from archwright.store.configured import ConfiguredKind, ExtensionFailed
from archwright.store.needed import CLASS_CODE_KEY
from archwright.store.origins import name_class


@frozen(kw_only=True)
class _EvaluationKind(ConfiguredKind[Any]):
    def load(self, text: str) -> Any:
        """A built-in class too is imported when it is asked for, since tables need numpy."""
        found = super().load(text)
        return import_builtin_class(text) if text in self.builtin else found


EVALUATION_KIND = _EvaluationKind(
    noun="evaluation",
    builtin=EVALUATION_CLASSES,
    unknown=UnknownEvaluation,
    unlisted=frozenset({"function", "told"}),
    example="function",
    hint="; a training says its data, as in training,data=digits, or aw.Training('digits')",
    protocol=Evaluation,
    shape="that inherits from Evaluation, or from Table",
    misfit=NotAnEvaluation,
    argument="evaluation",
    naming_command="archwright search SPACE --evaluator",
    name_key="kind",
    revision_key="",
    code_key=CLASS_CODE_KEY,
)


def guard_evaluation(evaluation: object) -> AbstractContextManager[None]:
    """Turns what the methods of a person's own evaluation raise in the block into ExtensionFailed, with the traceback.

    Errors of archwright pass, and all of an evaluation that is built in.
    """
    cls = type(evaluation)
    if cls.__module__.partition(".")[0] == "archwright":
        return nullcontext()
    return guard_user_code(ExtensionFailed, f"the evaluation {name_class(cls)} failed")
