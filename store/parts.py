"""The parts of a run that must be given again to go on with it in another process, as its log has them.

These are its evaluation, its data, its searcher and its stopping rule, as far as they are functions and classes that no
other process can import.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen

from archwright.core.json import JSON
from archwright.core.words import NAME_KEY
from archwright.store.needed import (
    BY_VALUE_KEY,
    CLASS_CODE_KEY,
    CODE_KEY,
    DATA_CODE_KEY,
    IN_MAIN_KEY,
    REVISION_KEY,
    DataNeeded,
    DefinitionNeeded,
    EvaluationNeeded,
    ExtensionNeeded,
    FunctionNeeded,
    explain_needed,
    get_code_hash,
    has_code,
    is_configured,
    list_code,
    list_nested,
    name_needed,
)

# What a person calls the classes of the built-in searchers and rules, by the names that a log has of them.
BUILTIN_CLASSES: Mapping[str, str] = {
    "random": "aw.searchers.RandomSearch",
    "mcts": "aw.searchers.Mcts",
    "mcts-bisection": "aw.searchers.Mcts",
    "evolution": "aw.searchers.Evolution",
    "local-search": "aw.searchers.LocalSearch",
    "kde": "aw.searchers.Kde",
    "smbo": "aw.searchers.Smbo",
    "smbo-paper": "aw.searchers.SmboPaper",
    "prior-guided": "aw.searchers.PriorGuided",
    **dict.fromkeys(("successive-halving", "hyperband", "bohb", "priorband"), "aw.searchers.Hyperband"),
    "asha": "aw.searchers.Asha",
    "pasha": "aw.searchers.Pasha",
    "halving": "aw.HalvingRule",
    "median": "aw.MedianRule",
}


@frozen
class LoggedCode:
    """A function or a class that no other process can import, as a log has it."""

    source: str  # its name in the log
    words: str  # what it is called in warnings, as in: the function __main__:evaluate
    sha256: str | None  # of its source text; None: it has none
    is_in_main: bool = True  # whether it may be looked for in `__main__` by its name


@frozen
class NeededPart:
    """A part of a run that no log holds whole."""

    argument: str  # of a call in Python that gives it again
    words: str  # what it is, as in: the evaluation is the function __main__:evaluate
    expression: str  # in Python, for what is given; a class gets the settings of the log
    code: Sequence[LoggedCode]
    error: type[DefinitionNeeded]  # where it is missing

    def make_error(self) -> DefinitionNeeded:
        """The error that says how it is given again."""
        return self.error(explain_needed([self.words], f"{self.argument}={self.expression}"))


def describe_needed_function(source: str, sha256: str | None = None, *, is_in_main: bool = False) -> NeededPart:
    """The evaluation by a function of that name."""
    code = LoggedCode(source, f"the function {source}", sha256, is_in_main)
    words = f"the evaluation is the function {source}"
    return NeededPart("evaluation", words, name_needed(source), [code], FunctionNeeded)


def describe_needed_class(kind: str, sha256: str | None = None) -> NeededPart:
    """The evaluation of a class of that name."""
    code = LoggedCode(kind, f"the evaluation {kind}", sha256)
    words = f"the evaluation is of the class {kind}"
    return NeededPart("evaluation", words, name_needed(kind), [code], EvaluationNeeded)


def describe_needed_data(source: str, sha256: str | None = None, *, is_in_main: bool = False) -> NeededPart:
    """The data that is a function of that name."""
    code = LoggedCode(source, f"the data function {source}", sha256, is_in_main)
    return NeededPart("data", f"the data is the function {source}", name_needed(source), [code], DataNeeded)


def describe_needed_extension(noun: str, argument: str, data: JSON) -> NeededPart:
    """The searcher or the rule, as a log has it."""
    code = [LoggedCode(source, f"the {noun} {source}", sha256) for source, sha256 in list_code(data).items()]
    words = f"the {noun} is {' with '.join(each.source for each in code)}"
    return NeededPart(argument, words, format_definition(data), code, ExtensionNeeded)


def list_parts(evaluator: JSON, searcher: JSON, stopping: JSON = None) -> Sequence[NeededPart]:
    """What another process must be given to go on with a run, as its log has these."""
    parts = list_evaluation_parts(evaluator)
    for noun, argument, data in (("searcher", "searcher", searcher), ("stopping rule", "stopping", stopping)):
        if data and has_code(data):
            parts.append(describe_needed_extension(noun, argument, data))
    return parts


def list_evaluation_parts(evaluator: JSON) -> list[NeededPart]:
    """What must be given again of an evaluation and its data."""
    parts = list[NeededPart]()
    if evaluator.get(BY_VALUE_KEY):
        source, in_main = str(evaluator.get("source")), bool(evaluator.get(IN_MAIN_KEY))
        parts.append(describe_needed_function(source, evaluator.get("source_hash"), is_in_main=in_main))
    elif CLASS_CODE_KEY in evaluator:
        parts.append(describe_needed_class(str(evaluator.get("kind")), get_code_hash(evaluator[CLASS_CODE_KEY])))
    if DATA_CODE_KEY in evaluator:
        code: Mapping[str, JSON] = evaluator[DATA_CODE_KEY] or {}
        source, in_main = str(evaluator.get("data")), bool(code.get(IN_MAIN_KEY))
        parts.append(describe_needed_data(source, code.get("sha256"), is_in_main=in_main))
    return parts


def format_arguments(parts: Sequence[NeededPart]) -> Mapping[str, str]:
    """The arguments of a call in Python that gives the parts again."""
    return {part.argument: part.expression for part in parts}


def find_changed(logged: Sequence[NeededPart], current: Sequence[NeededPart]) -> Sequence[str]:
    """The functions and classes, in words, that have other texts in `current` parts than in those of the log."""
    texts = {code.words: code.sha256 for part in logged for code in part.code}
    pairs = [(code.words, texts.get(code.words), code.sha256) for part in current for code in part.code]
    return [words for words, old, new in pairs if None not in (old, new) and old != new]


def format_definition(data: JSON) -> str:
    """The class of a searcher or a rule of a log; a value of it, where it holds another one that is given again."""
    return format_configured(data) if any(map(has_code, list_nested(data))) else name_needed(data[NAME_KEY])


def format_configured(data: JSON) -> str:
    """A Python expression for a searcher or a rule of a log: its class, called with all its settings."""
    name, unsaid = data[NAME_KEY], (NAME_KEY, REVISION_KEY, CODE_KEY)
    settings = ", ".join(f"{key}={_format_setting(value)}" for key, value in data.items() if key not in unsaid)
    return f"{BUILTIN_CLASSES.get(name) or name_needed(name)}({settings})"


def _format_setting(value: Any) -> str:
    return format_configured(value) if is_configured(value) else repr(value)
