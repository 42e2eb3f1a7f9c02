"""What no log holds whole: functions and classes that no other process can import, to be given again to go on.

The log has their names, their source texts and the hashes of these.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from archwright.core.errors import ArchwrightError
from archwright.core.json import JSON
from archwright.core.words import NAME_KEY

CODE_KEY = "code"  # {"text": ..., "sha256": ...} of the class of a searcher or a stopping rule
BY_VALUE_KEY = "by_value"  # of an evaluation: whether its function must be given again
IN_MAIN_KEY = "in_main"  # of an evaluation, or its data: whether `__main__` had its function itself by that name
CLASS_CODE_KEY = "class_code"  # the same as CODE_KEY, of the class of an evaluation
DATA_CODE_KEY = "data_code"  # the same, of the function that an evaluation's data is
REVISION_KEY = "revision"
TOLD_KIND = "told"  # of the evaluation of a study


class DefinitionNeeded(ArchwrightError, LookupError):
    """A function or a class that no other process can import, and that this process was not given again."""


class FunctionNeeded(DefinitionNeeded):
    """The function that is a run's evaluation."""


class EvaluationNeeded(DefinitionNeeded):
    """The class of a run's evaluation."""


class DataNeeded(DefinitionNeeded):
    """The function that is a run's data."""


class ExtensionNeeded(DefinitionNeeded):
    """The class of a run's searcher or stopping rule."""


def explain_needed(parts: Sequence[str], given: str, changed: Sequence[str] = ()) -> str:
    """The message of a DefinitionNeeded, with what a person types to give the `parts`, which are said in words.

    `changed` names those that this process has by the names in the log, with other texts.
    """
    pronoun = "it" if len(parts) == 1 else "them"
    remedy = f"define {pronoun} again in Python and give {pronoun}"
    if changed:
        remedy = (
            f"what this process has as {' and '.join(changed)} has another text than the run was begun with; put back "
            f"what it was, or give {pronoun} on purpose"
        )
    return f"{' and '.join(parts)}, which no other process can import; {remedy}: {given}"


def explain_same(parts: Sequence[str]) -> str:
    """A line on `parts`, said in words, that were given again: by their texts they are what they were."""
    return f"{' and '.join(parts)}, with the same text{'' if len(parts) == 1 else 's'} as in the log"


def explain_changed(name: str, run: str) -> str:
    """A sentence on a function or a class, as `LoggedCode` calls it, that goes on with a run and has another text."""
    return f"{name} is another one than {run} was begun with: its text has changed"


def explain_other(name: str, run: str, before: str) -> str:
    """The same for one of another name than the one `before` it."""
    return f"{name} is another one than {run} was begun with, which is {before}"


def explain_unknown(name: str, run: str) -> str:
    """The same for one that has no text, or had none."""
    return f"whether {name} is the one that {run} was begun with is not known"


def has_code(data: JSON) -> bool:
    """Whether the class of a searcher or a rule, as a log has it, or of one in its settings, must be given again."""
    return next(_iterate_coded(data), None) is not None


def is_told(evaluator: JSON) -> bool:
    """Whether an evaluation, as a log has it, is that of a study, whose trials a person evaluates."""
    return evaluator.get("kind") == TOLD_KIND


def get_code_hash(code: Mapping[str, Any] | None) -> str | None:
    """The hash of a source text, as a log has it under one of the keys of code; None: it has none."""
    return None if code is None else code.get("sha256")


def list_code(data: JSON) -> Mapping[str, str | None]:
    """The classes that must be given again of a searcher or a rule, as a log has it, with the hashes of their texts."""
    return {str(coded[NAME_KEY]): get_code_hash(coded[CODE_KEY]) for coded in _iterate_coded(data)}


def leave_out(data: JSON, name: str) -> JSON:
    """A searcher or a rule, as a log has it, without CODE_KEY or REVISION_KEY; None of none."""
    if data is None:
        return None
    plain = {key: leave_out(value, name) if is_configured(value) else value for key, value in data.items()}
    return {key: value for key, value in plain.items() if key != name}


def name_needed(source: str) -> str:
    """The name that a person has given to a function or a class, without its place; `function` for one without name."""
    name = source.rpartition(":")[2].rpartition(".")[2]
    return name if name.isidentifier() else "function"


def is_configured(value: Any) -> bool:
    """Whether a setting is a searcher or a rule itself, as a log has it."""
    match value:
        case {"name": str()}:
            return True
        case _:
            return False


def _iterate_coded(data: JSON) -> Iterator[JSON]:
    """The searchers or rules whose classes must be given again: the one that a log has, and those in its settings."""
    if CODE_KEY in data:
        yield data
    for value in list_nested(data):
        yield from _iterate_coded(value)


def list_nested(data: JSON) -> Sequence[JSON]:
    """The searchers or rules in the settings of one, as a log has it."""
    return [value for value in data.values() if is_configured(value)]
