"""An evaluation from its class and its settings, by name: what is wrong with those is said in their words."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar

import attrs

from archwright.core.errors import suggest_names
from archwright.core.json import JSON
from archwright.core.setting import BadSetting, UnknownSetting
from archwright.core.tracebacks import guard_user_code
from archwright.store.configured import ExtensionFailed
from archwright.store.origins import name_class

UNLOGGED: Mapping[str, bool] = {"unlogged": True}  # metadata of a field that JSON never has, and no text sets
Built = TypeVar("Built")


def build_evaluation(kind: str, cls: type[Built], settings: Mapping[str, JSON]) -> Built:
    """The evaluation of an attrs class, which is called `kind` in messages, with the settings.

    Raises UnknownSetting; BadSetting where one without a default is missing; ExtensionFailed.
    """
    fields = _require_settings(kind, cls, settings)
    missing = [name for name, field in fields.items() if field.default is attrs.NOTHING and name not in settings]
    if missing:
        raise BadSetting(
            f"{missing[0]} of the evaluation {kind} is not given, and has no default; write {kind},{missing[0]}=VALUE"
        )
    with _guard_class(kind):
        return cls(**settings)


def change_evaluation(kind: str, evaluation: Built, settings: Mapping[str, JSON]) -> Built:
    """The same evaluation with the settings, the rest as it has them; raises as `build_evaluation`."""
    _require_settings(kind, type(evaluation), settings)
    with _guard_class(kind):
        return attrs.evolve(evaluation, **settings) if settings else evaluation  # pyright: ignore[reportArgumentType, reportGeneralTypeIssues]


def guard_evaluation(evaluation: object) -> AbstractContextManager[None]:
    """Turns what the methods of a person's own evaluation raise in the block into ExtensionFailed, with the traceback.

    Errors of archwright pass, and all of an evaluation that is built in.
    """
    cls = type(evaluation)
    if cls.__module__.partition(".")[0] == "archwright":
        return nullcontext()
    return guard_user_code(ExtensionFailed, f"the evaluation {name_class(cls)} failed")


def _require_settings(kind: str, cls: type[Any], settings: Mapping[str, JSON]) -> Mapping[str, Any]:
    """The fields that may be set, by name; UnknownSetting where one that is set is none of them."""
    fields = {field.name: field for field in attrs.fields(cls) if field.init and "unlogged" not in field.metadata}
    for name in settings:
        if name not in fields:
            raise UnknownSetting(f"the evaluation {kind} has no setting {name!r}; {suggest_names(name, fields)}")
    return fields


def _guard_class(kind: str) -> AbstractContextManager[None]:
    return guard_user_code(ExtensionFailed, f"the evaluation {kind} failed at its settings")
