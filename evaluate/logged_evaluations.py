"""The form of evaluations in a log, each with its kind, and whose code the trials of one run."""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import cattrs

from archwright.core.input import Input
from archwright.core.json import JSON
from archwright.evaluate.building import build_evaluation
from archwright.evaluate.data_settings import DataFunction
from archwright.evaluate.evaluation import Evaluation, require_evaluation_class
from archwright.evaluate.evaluation_kinds import (
    EVALUATION_CLASSES,
    EVALUATION_KIND,
    find_kind,
    import_builtin_class,
    is_class_named,
)
from archwright.store.events import RunStarted
from archwright.store.needed import CLASS_CODE_KEY, DATA_CODE_KEY, EvaluationNeeded, explain_needed, name_needed
from archwright.store.origins import describe_code
from archwright.store.permission import require_trusted

OPTIONAL: Mapping[str, bool] = {"optional": True}  # metadata of a field that JSON leaves out where it has its default
NAMING_COMMAND = "archwright search SPACE --evaluator"  # with which a user names code that a log may name, too


def find_evaluation_class(kind: str) -> type[Any]:
    """The class of the evaluations of a kind: a name in EVALUATION_CLASSES, or the source of a person's own class.

    That source is run: a log's needs the person's permission first. Raises UnknownEvaluation, NotAnEvaluation, and
    what `load_object` does.
    """
    cls = EVALUATION_KIND.load(kind)
    if kind in EVALUATION_CLASSES:
        return import_builtin_class(kind)
    return require_evaluation_class(kind, cls)


def evaluation_to_json(evaluation: Evaluation) -> JSON:
    """The JSON of an evaluation, with its kind; of code that no other process can import, it has the text.

    Fields with the metadata UNLOGGED are left out; those with OPTIONAL, where they have their default.
    """
    cls = type(evaluation)
    fields: Sequence[attrs.Attribute[Any]] = attrs.fields(cls)
    settings = {field.name: getattr(evaluation, field.name) for field in fields if "unlogged" not in field.metadata}
    for field in fields:
        if "optional" in field.metadata and settings.get(field.name) == field.default:
            del settings[field.name]
    code: JSON = {} if is_class_named(cls) else {CLASS_CODE_KEY: describe_code(cls)}
    if isinstance(data := settings.get("data"), DataFunction):
        settings["data"], code[DATA_CODE_KEY] = data.source, data.code
    return {"kind": find_kind(cls), **cattrs.Converter().unstructure(settings), **code}


def evaluation_from_json(data: JSON, model_input: Input | None = None, cls: type[Any] | None = None) -> Evaluation:
    """The evaluation that `evaluation_to_json` wrote; `model_input` is that of the run whose log has it, if any.

    It is of the class `cls`, if that is given, as for one that no other process can import. Raises EvaluationNeeded,
    what `find_evaluation_class` and `build_evaluation` do, and errors of settings.
    """
    settings: dict[str, Any] = dict(data)
    kind = settings.pop("kind", "")
    if settings.pop(CLASS_CODE_KEY, None) is not None and cls is None:
        raise EvaluationNeeded(
            explain_needed([f"the evaluation is of the class {kind}"], f"evaluation={name_needed(kind)}")
        )
    if (code := settings.pop(DATA_CODE_KEY, None)) is not None:
        settings["data"] = DataFunction.from_json(settings["data"], code)
    cls = cls or find_evaluation_class(kind)
    return build_evaluation(kind, cls, cls.complete_settings(settings, model_input))


def read_evaluation(started: RunStarted, *, trusted: bool = False) -> Evaluation:
    """The evaluation that a run was begun with, as its log has it.

    Raises NotTrusted where its class is code that this user does not let run, unless they say that it is `trusted`, and
    what `evaluation_from_json` does. What it runs in its trials, its `user_sources`, needs permission of its own.
    """
    if CLASS_CODE_KEY not in started.evaluator:  # else nothing is there to be run
        kind = str(started.evaluator.get("kind", ""))
        require_trusted(kind, trusted=trusted, named_by=NAMING_COMMAND)
    return evaluation_from_json(started.evaluator, started.model_input)


def require_permission(evaluation: Evaluation, *, trusted: bool) -> None:
    """NotTrusted where trials of the evaluation, which is of a log, run code that this user does not let run."""
    for source, named_by in find_user_code(evaluation).items():
        require_trusted(source, trusted=trusted, named_by=named_by)


def find_user_code(evaluation: Evaluation) -> Mapping[str, str]:
    """The sources of a person's code that trials of the evaluation run, each with a command that names it."""
    code = dict.fromkeys(evaluation.user_sources, NAMING_COMMAND)
    if (settings := evaluation.data_settings) is None or settings.function is not None:
        return code
    from archwright.evaluate.data.loading import is_user_data  # only here, since it needs numpy

    return code | ({settings.name: "archwright search SPACE --data"} if is_user_data(settings.name) else {})
