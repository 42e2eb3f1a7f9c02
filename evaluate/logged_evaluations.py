"""The form of evaluations in a log, each with its kind, and whose code the trials of one run."""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import cattrs

from archwright.core.input import Input
from archwright.core.json import JSON
from archwright.evaluate.building import build_evaluation
from archwright.evaluate.evaluation import Evaluation, require_evaluation_class
from archwright.evaluate.evaluation_kinds import EVALUATION_CLASSES, EVALUATION_KIND, find_kind, import_builtin_class
from archwright.store.events import RunStarted
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
    """The JSON of an evaluation, with its kind; raises UnnamedEvaluation.

    Fields with the metadata UNLOGGED are left out; those with OPTIONAL, where they have their default.
    """
    fields: Sequence[attrs.Attribute[Any]] = attrs.fields(type(evaluation))
    settings = {field.name: getattr(evaluation, field.name) for field in fields if "unlogged" not in field.metadata}
    for field in fields:
        if "optional" in field.metadata and settings.get(field.name) == field.default:
            del settings[field.name]
    return {"kind": find_kind(type(evaluation)), **cattrs.Converter().unstructure(settings)}


def evaluation_from_json(data: JSON, model_input: Input | None = None) -> Evaluation:
    """The evaluation that `evaluation_to_json` wrote; `model_input` is that of the run whose log has it, if any.

    Raises what `find_evaluation_class` and `build_evaluation` do, and errors of settings.
    """
    settings: dict[str, Any] = dict(data)
    kind = settings.pop("kind", "")
    cls = find_evaluation_class(kind)
    return build_evaluation(kind, cls, cls.complete_settings(settings, model_input))


def read_evaluation(started: RunStarted, *, trusted: bool = False) -> Evaluation:
    """The evaluation that a run was begun with, as its log has it.

    Raises NotTrusted where its class is code that this user does not let run, unless they say that it is `trusted`, and
    what `evaluation_from_json` does. What it runs in its trials, its `user_sources`, needs permission of its own.
    """
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
    if (settings := evaluation.data_settings) is None:
        return code
    from archwright.evaluate.data.loading import is_user_data  # only here, since it needs numpy

    return code | ({settings.data: "archwright search SPACE --data"} if is_user_data(settings.data) else {})
