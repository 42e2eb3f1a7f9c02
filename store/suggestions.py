"""What a person may type next about a log or a run: a command, and a call in Python.

Paths are written as they can be typed now, and the log that both use by default is not named. Where a log does not hold
all of a run, as of a function of a notebook, no command goes on with it: the call gives that again.
"""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from attrs import frozen

from archwright.core.ends import EndName
from archwright.core.json import JSON
from archwright.store.needed import (
    CLASS_CODE_KEY,
    DATA_CODE_KEY,
    has_code,
    is_told,
    name_needed,
)
from archwright.store.parts import format_arguments, format_configured, list_evaluation_parts, list_parts
from archwright.store.written_paths import DEFAULT_LOG, shorten

NOTHING_NEEDED: Mapping[str, str] = {}
TRAINING_KIND, FUNCTION_KIND = "training", "function"  # of evaluations


@frozen
class Suggestion:
    """What a person may type next; as a text, it has both ways."""

    command: str | None  # None where no command does it
    call: str  # in Python

    def __str__(self) -> str:
        return self.call if self.command is None else f"{self.command} ({self.call} in Python)"

    @property
    def for_shell(self) -> str:
        """The command; the call where there is none."""
        return self.call if self.command is None else self.command


def suggest_continuation(log: Path, run: str, evaluator: JSON, searcher: JSON, stopping: JSON) -> Suggestion:
    """How to go on with a run whose log has these: it is resumed, or it is a study, whose trials a person tells."""
    if is_told(evaluator):
        return Suggestion(None, format_study_call(log, run, searcher))
    if arguments := format_arguments(list_parts(evaluator, searcher, stopping)):
        return Suggestion(None, format_resumption_call(log, run, {}, arguments))
    return suggest_resumption(log, run)


def suggest_resumption(log: Path | None, run: str | None = None) -> Suggestion:
    """How to go on with a run, or with the one that was started last."""
    names = [] if run is None else [run]
    return Suggestion(format_command(log, "resume", *names), format_call("resume", [*map(repr, names)], {}, log))


def suggest_fork(log: Path | None, run: str, at: int) -> Suggestion:
    """How to go on differently from a run's event number `at`."""
    return Suggestion(
        format_command(log, "fork", run, "--at", str(at)), format_call("fork", [repr(run)], {"at": str(at)}, log)
    )


def suggest_retraining(log: Path, run: str, trial: int, data: str | None = None) -> Suggestion:
    """How to train a trial for good, on `data` where the search does not say it."""
    option, argument = ([], {}) if data is None else (["--data", data], {"data": repr(data)})
    return Suggestion(
        format_command(log, "retrain", run, str(trial), *option),
        format_call("retrain", [repr(run), str(trial)], argument, log),
    )


def suggest_listing(log: Path) -> Suggestion:
    """How to see the runs of a log, for which one that is gone or refused is made anew from its journal."""
    return Suggestion(format_command(log, "runs"), f"{_format_log(log)}.runs()")


def suggest_view(log: Path, run: str) -> Suggestion:
    """How to look at a run."""
    return Suggestion(format_command(log, "show", run), _format_run(log, run))


def suggest_replay(log: Path, run: str) -> Suggestion:
    """How to see what a run's searcher would propose now."""
    return Suggestion(format_command(log, "replay", run, "--verify"), format_replay_call(log, run))


def suggest_verification(log: Path | None) -> Suggestion:
    """How to see what of a log is as it was written."""
    return Suggestion(format_command(log, "verify"), f"{_format_log(log)}.verify()")


def suggest_rescue(log: Path) -> Suggestion:
    """How to make a log anew with what its damaged journal still proves."""
    return Suggestion(format_command(log, "verify", "--rescue"), f"{_format_log(log)}.verify(rescue=True)")


def format_command(log: Path | None, verb: str, *words: str) -> str:
    """A command about a log, quoted for a shell; None is the log that is used by default."""
    written = _write_log(log)
    return shlex.join(["archwright", verb, *words, *([] if written is None else ["--log", str(written)])])


def format_call(function: str, words: Sequence[str], arguments: Mapping[str, str], log: Path | None) -> str:
    """A call of a function of the package; its `words` and named `arguments` are Python expressions."""
    written = _write_log(log)
    place = {} if written is None else {"log": repr(str(written))}
    return f"aw.{function}({_format_arguments(words, {**arguments, **place})})"


def format_resumption_call(
    log: Path, run: str, moves: Mapping[EndName, str], needed: Mapping[str, str] = NOTHING_NEEDED
) -> str:
    """The call that goes on with a run, and moves its ends; `needed` is what `format_arguments` gives."""
    arguments: dict[str, str] = {name: repr(value) for name, value in moves.items()}
    return format_call("resume", [repr(run)], {**arguments, **needed}, log)


def format_study_call(log: Path, run: str, searcher: JSON) -> str:
    """The call that goes on with a study of that searcher."""
    given = {"searcher": format_configured(searcher)} if has_code(searcher) else {}
    return format_call("study", [], {"name": repr(run), **given}, log)


def format_retraining_call(log: Path, run: str, trial: int, evaluator: JSON, data: str | None = None) -> str:
    """The call that trains a trial for good, and gives again what the log does not hold of its evaluation.

    On other `data`, a Python expression, that is the class of the evaluation alone.
    """
    arguments = format_needed_to_retrain(evaluator)
    if data is not None:
        arguments = {"evaluation": name_needed(evaluator["kind"]), "data": data}
    return format_call("retrain", [repr(run), str(trial)], arguments, log)


def format_replay_call(log: Path, run: str, needed: Mapping[str, str] = NOTHING_NEEDED) -> str:
    """The call that says whether a run's searcher would make its proposals again."""
    return f"{_format_run(log, run)}.verify({_format_arguments([], needed)})"


def format_export_call(log: Path, run: str, trial: int, needed: Mapping[str, str]) -> str:
    """The call that exports the model of a trial."""
    return f"{_format_run(log, run)}[{trial}].export({_format_arguments([repr('model')], needed)})"


def format_comparison_call(name: str | None) -> str:
    """What goes on with a comparison: the same call, with its name where it would have another one."""
    return "the same aw.compare(...)" if name is None else f"the same aw.compare(..., name={name!r})"


def _format_log(log: Path | None) -> str:
    return f"aw.Log({str(_write_log(log) or DEFAULT_LOG)!r})"


def _format_run(log: Path, run: str) -> str:
    return f"{_format_log(log)}[{run!r}]"


def _format_arguments(words: Sequence[str], arguments: Mapping[str, str]) -> str:
    return ", ".join([*words, *(f"{name}={text}" for name, text in arguments.items())])


def _write_log(log: Path | None) -> Path | None:
    """The path as a person may type it now; None for the log that is used by default."""
    written = None if log is None else shorten(log)
    return None if written == DEFAULT_LOG else written


def format_needed_to_retrain(evaluator: JSON) -> Mapping[str, str]:
    """The arguments that give an evaluation again to train a trial, where `data` stands for that of a training.

    Any other evaluation is given with the function that is its data.
    """
    needed, kind = format_arguments(list_evaluation_parts(evaluator)), evaluator["kind"]
    if "data" not in needed or kind == TRAINING_KIND:
        return needed
    if kind == FUNCTION_KIND:
        return {"evaluation": f"aw.function({name_needed(evaluator['source'])}, data={needed['data']})"}
    unsaid = ("kind", "data", CLASS_CODE_KEY, DATA_CODE_KEY)
    settings = {key: repr(value) for key, value in evaluator.items() if key not in unsaid}
    return {"evaluation": f"{name_needed(kind)}({_format_arguments([], settings | {'data': needed['data']})})"}
