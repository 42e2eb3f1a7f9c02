"""How a person goes on with a run: by a command, or in Python with a study, whose trials nothing but they evaluates."""

from pathlib import Path

from archwright.core.errors import suggest_command
from archwright.core.json import JSON

TOLD_KIND = "told"  # in the log of a study, the kind of its evaluation


def is_told(evaluator: JSON) -> bool:
    """Whether an evaluation, as a log has it, is that of a study: a person tells the outcomes."""
    return evaluator.get("kind") == TOLD_KIND


def suggest_continuation(evaluator: JSON, log: Path | None, run: str) -> str:
    """What goes on with a run of that evaluation; `log` is None for the log that is used by default."""
    return suggest_study_call(log, run) if is_told(evaluator) else suggest_command(log, "resume", run)


def suggest_study_call(log: Path | None, run: str) -> str:
    """What a person types in Python to go on with a study."""
    place = "" if log is None else f", log={str(log)!r}"
    return f"aw.study(name={run!r}{place})"
