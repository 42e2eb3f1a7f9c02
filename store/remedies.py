"""What a person may do about a log or a run: as a command, and as a call in Python.

The log is None where it is the one that both use by default.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from archwright.core.errors import suggest_command

_DEFAULT_LOG = "archwright.duckdb"


def suggest_resumption(log: Path | None, run: str | None = None) -> str:
    """How to go on with a run, or with the one that was started last."""
    names = [] if run is None else [run]
    return _suggest(suggest_command(log, "resume", *names), format_call("resume", [*map(repr, names)], {}, log))


def suggest_fork(log: Path | None, run: str, at: int) -> str:
    """How to go on differently from a run's event number `at`."""
    return _suggest(
        suggest_command(log, "fork", run, "--at", str(at)), format_call("fork", [repr(run)], {"at": str(at)}, log)
    )


def suggest_retraining(log: Path | None, run: str, trial: int, data: str | None = None) -> str:
    """How to train a trial for good, on `data` where the search does not say it."""
    option, argument = ([], {}) if data is None else (["--data", data], {"data": repr(data)})
    return _suggest(
        suggest_command(log, "retrain", run, str(trial), *option),
        format_call("retrain", [repr(run), str(trial)], argument, log),
    )


def suggest_listing(log: Path | None) -> str:
    """How to see the runs of a log, for which one that is gone or refused is made anew from its journal."""
    return _suggest(suggest_command(log, "runs"), f"{_format_log(log)}.runs()")


def suggest_view(log: Path | None, run: str) -> str:
    """How to look at a run."""
    return _suggest(suggest_command(log, "show", run), f"{_format_log(log)}[{run!r}]")


def suggest_replay(log: Path | None, run: str) -> str:
    """How to see what a run's searcher would propose now."""
    return _suggest(suggest_command(log, "replay", run, "--verify"), f"{_format_log(log)}[{run!r}].verify()")


def suggest_verification(log: Path | None) -> str:
    """How to see what of a log is as it was written."""
    return _suggest(suggest_command(log, "verify"), f"{_format_log(log)}.verify()")


def suggest_rescue(log: Path | None) -> str:
    """How to make a log anew with what its damaged journal still proves."""
    return _suggest(suggest_command(log, "verify", "--rescue"), f"{_format_log(log)}.verify(rescue=True)")


def _suggest(command: str, call: str) -> str:
    return f"{command} ({call} in Python)"


def _format_log(log: Path | None) -> str:
    return f"aw.Log({str(log or _DEFAULT_LOG)!r})"


def format_call(function: str, words: Sequence[str], arguments: Mapping[str, str], log: Path | None) -> str:
    """What a person types in Python to call a function of the package; the arguments are Python expressions."""
    place = {} if log is None else {"log": repr(str(log))}
    named = (f"{name}={text}" for name, text in {**arguments, **place}.items())
    return f"aw.{function}({', '.join([*words, *named])})"
