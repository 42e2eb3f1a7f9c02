"""How a person goes on with a run: by resuming it, or with a study, whose trials nothing but they evaluates.

Where the log does not hold all of the run, as of a function of a notebook, they go on in Python as well, which they
give it again.
"""

from collections.abc import Mapping
from pathlib import Path

from archwright.core.json import JSON
from archwright.store.needed import format_configured, has_code, list_needed
from archwright.store.remedies import format_call, suggest_resumption

TOLD_KIND = "told"  # in the log of a study, the kind of its evaluation


def is_told(evaluator: JSON) -> bool:
    """Whether an evaluation, as a log has it, is that of a study: a person tells the outcomes."""
    return evaluator.get("kind") == TOLD_KIND


def suggest_continuation(log: Path | None, run: str, evaluator: JSON, searcher: JSON, stopping: JSON) -> str:
    """What goes on with a run whose log has these; `log` is None for the log that is used by default."""
    needed = list_needed(evaluator, searcher, stopping)
    if is_told(evaluator):
        return suggest_study_call(log, run, searcher)
    return suggest_call("resume", log, run, needed) if needed else suggest_resumption(log, run)


def suggest_study_call(log: Path | None, run: str, searcher: JSON) -> str:
    """What a person types in Python to go on with a study of that searcher."""
    given = {"searcher": format_configured(searcher)} if has_code(searcher) else {}
    return format_call("study", [], {"name": repr(run), **given}, log)


def suggest_call(
    function: str, log: Path | None, run: str, arguments: Mapping[str, str], trial: int | None = None
) -> str:
    """What a person types in Python to go on with a run, or with its `trial`; the arguments are Python expressions."""
    return format_call(function, [repr(run), *([] if trial is None else [str(trial)])], arguments, log)
