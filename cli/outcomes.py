"""A command that runs trials: what it prints of a run once it has stopped, and how the user goes on with it."""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
from attrs import frozen
from rich.console import Console

from archwright.cli.options import WorkingOptions
from archwright.cli.reports.show import OPEN_STATUSES, show_trials
from archwright.cli.reports.show_trial import show_winner
from archwright.cli.values import BadOption
from archwright.core.ends import EndName
from archwright.display.narration import Narration
from archwright.errors import (
    BadArgument,
    InvalidEnd,
    NoSuchMetric,
    NothingScored,
    RunInterrupted,
    UnusedHyperparameter,
    UnusedSetting,
)
from archwright.results.run import Run
from archwright.store.suggestions import format_command

SETTING_OPTIONS = {"settings": "train"}  # the options of settings that have another name


@frozen
class RunCommand:
    """A command that runs the trials of one run."""

    log: Path
    console: Console
    resume_words: Sequence[str]  # the options with which `archwright resume` works on the run as this command does

    def run(self, call: Callable[[Any], Run]) -> Run:
        """Call a function that runs trials, with a Narration as its `progress`; print what came of it; return the run.

        Raises typer.Exit where a signal stopped it, BadOption, and what the function raises.
        """
        begun: list[str] = []
        narration = Narration(self.console, self._format_resumption, begun.append)
        try:
            with name_options():
                run = call(narration)
        except RunInterrupted as error:
            self._print_end(begun)
            raise typer.Exit(error.exit_code) from None
        except NothingScored:
            self._print_end(begun)
            raise
        except BaseException as error:
            if begun and not isinstance(error, NoSuchMetric):  # it may go on
                _print_commands(self.console, {"go on": self._format_resumption(self.log, begun[0], {})})
                error.__dict__.pop("__notes__", None)  # which a traceback would print: the same again
            raise
        self._print_end(begun)
        return run

    def _format_resumption(self, log: Path, run: str, moves: Mapping[EndName, str]) -> str:
        """The command that goes on with a run, with `moves` of its ends."""
        return format_command(log, "resume", run, *self.resume_words, *_list_option_words(moves))

    def _print_end(self, begun: Sequence[str]) -> None:
        """What came of the run, if it has begun, and the commands that the user may want next."""
        for run in begun:
            stopped = Run.read(self.log, run)
            suggestions = show_outcome(stopped, self.console)
            go_on = {"go on": self._format_resumption(self.log, run, stopped.suggest_moves())}
            _print_commands(self.console, suggestions if stopped.status == "exhausted" else {**suggestions, **go_on})


def list_resume_words(working: WorkingOptions, *, trusted: bool = False) -> Sequence[str]:
    """The options of `archwright resume` that are not as usual."""
    usual = WorkingOptions().work
    changed = {name: value for name, value in working.work.items() if value != usual[name]}
    return [*_list_option_words(changed), *(["--trust"] if trusted else [])]


def _list_option_words(values: Mapping[Any, object]) -> list[str]:
    return [word for name, value in values.items() for word in (f"--{name.replace('_', '-')}", str(value))]


@contextmanager
def name_options() -> Generator[None]:
    """Errors that begin with the name of what a user gave begin with the option by which they gave it."""
    try:
        yield
    except UnusedHyperparameter:  # which has no option of its own
        raise
    except (InvalidEnd, BadArgument, UnusedSetting) as error:
        name, _, rest = str(error).partition(" ")
        option = SETTING_OPTIONS.get(name, name).replace("_", "-")
        raise BadOption(f"--{option} {rest.replace('do nothing', 'does nothing', 1)}") from error


def show_outcome(run: Run, console: Console) -> dict[str, str]:
    """Print the outcome of a run so far; what the user may want to look at next, and the command for it."""
    if run.repeats is not None:
        details = run.details()
        console.print()
        show_trials(details["trials"], details, console)
        return {"each training": format_command(run.log, "show", run.name)}
    scored = [trial for trial in run if trial.status not in OPEN_STATUSES]
    failed = [trial.number for trial in scored if trial.status != "ok"]
    if len(failed) == len(scored):
        show = format_command(run.log, "show", run.name, *map(str, failed[:1]))
        return {"why none has a score": show} if failed else {}
    best = run.best()
    show_winner(best, run.objective.metric, len(scored), len(failed))
    return {
        "how it learned": format_command(run.log, "show", run.name, str(best.number)),
        "how it compares": format_command(run.log, "best", run.name),
    }


def _print_commands(console: Console, commands: Mapping[str, str]) -> None:
    console.print()
    width = max(17, *(len(title) + 2 for title in commands))
    for title, command in commands.items():
        console.print(f"{title + ':':<{width}}{command}", soft_wrap=True)
    console.file.flush()
