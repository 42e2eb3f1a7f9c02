"""The form of evaluations in a log, each with its kind, and whose code the trials of one run."""

from collections.abc import Mapping
from typing import Any

import attrs
import cattrs

from archwright.core.input import Input
from archwright.core.json import JSON
from archwright.core.setting import settings_by_name
from archwright.evaluate.building import EVALUATION_KIND
from archwright.evaluate.data_settings import DataFunction
from archwright.evaluate.evaluation import Evaluation
from archwright.evaluate.evaluation_kinds import EVALUATION_CLASSES, find_kind, is_class_named
from archwright.store.events import RunStarted
from archwright.store.needed import CLASS_CODE_KEY, DATA_CODE_KEY
from archwright.store.origins import describe_code
from archwright.store.parts import describe_needed_class
from archwright.store.permission import require_trusted

OPTIONAL: Mapping[str, bool] = {"optional": True}  # metadata of a field that JSON leaves out where it has its default


def evaluation_to_json(evaluation: Evaluation) -> JSON:
    """The JSON of an evaluation, with its kind; of code that no other process can import, it has the text.

    Fields with the metadata UNLOGGED are left out; those with OPTIONAL, where they have their default. BadSetting where
    a person's class would not take a setting back.
    """
    cls = type(evaluation)
    settings = {name: getattr(evaluation, name) for name in settings_by_name(cls)}
    for field in attrs.fields(cls):
        if "optional" in field.metadata and settings.get(field.name) == field.default:
            del settings[field.name]
    code: JSON = {} if is_class_named(cls) else {CLASS_CODE_KEY: describe_code(cls)}
    if isinstance(data := settings.get("data"), DataFunction):
        settings["data"], code[DATA_CODE_KEY] = data.source, data.code
    kind, written = find_kind(cls), cattrs.unstructure(settings)
    if kind not in EVALUATION_CLASSES:
        by_text = {key: value for key, value in written.items() if key != "data" or DATA_CODE_KEY not in code}
        EVALUATION_KIND.require_readable(kind, evaluation, by_text)
    return {"kind": kind, **written, **code}


def evaluation_from_json(data: JSON, model_input: Input | None = None, cls: type[Any] | None = None) -> Evaluation:
    """The evaluation that `evaluation_to_json` wrote; `model_input` is that of the run whose log has it, if any.

    It is of the class `cls`, if that is given, as for one that no other process can import. Raises EvaluationNeeded,
    what `EVALUATION_KIND` does to find and build one; it is run, so a log's needs the person's permission first.
    """
    kind, _, settings = EVALUATION_KIND.parse(data)
    if CLASS_CODE_KEY in data and cls is None:
        raise describe_needed_class(kind).make_error()
    if (code := settings.pop(DATA_CODE_KEY, None)) is not None:
        settings["data"] = DataFunction.from_json(settings["data"], code)
    cls = cls or EVALUATION_KIND.find_class(kind)
    return EVALUATION_KIND.build(kind, cls, cls.complete_settings(settings, model_input))


def read_evaluation(started: RunStarted, *, trusted: bool = False) -> Evaluation:
    """The evaluation that a run was begun with, as its log has it.

    Raises NotTrusted where its class is code that this user does not let run, unless they say that it is `trusted`, and
    what `evaluation_from_json` does. What it runs in its trials, its `user_sources`, needs permission of its own.
    """
    if CLASS_CODE_KEY not in started.evaluator:  # else nothing is there to be run
        kind = str(started.evaluator.get("kind", ""))
        require_trusted(kind, trusted=trusted, named_by=EVALUATION_KIND.naming_command)
    return evaluation_from_json(started.evaluator, started.model_input)


def require_permission(evaluation: Evaluation, *, trusted: bool) -> None:
    """NotTrusted where trials of the evaluation, which is of a log, run code that this user does not let run."""
    for source, named_by in find_user_code(evaluation).items():
        require_trusted(source, trusted=trusted, named_by=named_by)


def find_user_code(evaluation: Evaluation) -> Mapping[str, str]:
    """The sources of a person's code that trials of the evaluation run, each with a command that names it."""
    code = dict.fromkeys(evaluation.user_sources, EVALUATION_KIND.naming_command)
    if (settings := evaluation.data_settings) is None or settings.function is not None:
        return code
    from archwright.evaluate.data.loading import is_user_data  # only here, since it needs numpy

    return code | ({settings.name: "archwright search SPACE --data"} if is_user_data(settings.name) else {})
