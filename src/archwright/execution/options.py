"""How this process works on a run. No log holds it: it may be another with each resumption."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Self, TypedDict

from attrs import evolve, field, frozen
from attrs.validators import optional
from rich.console import Console

from archwright.callbacks.protocol import AnyCallback, EventFunction, make_callback
from archwright.core.budget import read_seconds
from archwright.core.defaults import DEFAULT_GRACE, DEFAULT_RETRIES, DEFAULT_WORKERS
from archwright.core.ends import EndName
from archwright.core.errors import show
from archwright.core.value import as_integer
from archwright.display.narration import Narration
from archwright.execution.call_options import Option, describe_options
from archwright.execution.checks import BadArgument, check_flag, list_values, require_count, require_trust
from archwright.store.events import RunStarted
from archwright.store.fold import RunState
from archwright.store.parts import format_arguments
from archwright.store.suggestions import format_resumption_call

NO_MOVES: Mapping[EndName, str] = {}
ZERO_TIME = re.compile(r"0+(\.0*)?(s|seconds|m|min|h)?")


def read_trial_timeout(given: float | str | None) -> float | None:
    """The seconds of a number of them, or of a text such as 90s, 10min or 1h; None of None. Else BadArgument."""
    if given is None:
        return None
    if (seconds := read_seconds(given)) is None:
        raise BadArgument(f"trial_timeout is {show(given)}; write a time of more than 0, as in 90s, 10min or 1h")
    return seconds


def read_grace(given: float | str) -> float:
    """The seconds of a number of them, or of a text such as 10s, 2min or 0s. Else BadArgument."""
    is_text = isinstance(given, str)
    is_none = ZERO_TIME.fullmatch(given.strip()) is not None if is_text else given == 0 and given is not False
    seconds = 0.0 if is_none else read_seconds(given)
    if seconds is None:
        raise BadArgument(f"grace is {show(given)}; write a time, as in 10s, 2min or 0s")
    return seconds


def choose_narration(progress: Any) -> Narration:
    """The usual narration, or none; that of a command as it is. Raises BadArgument."""
    if isinstance(progress, Narration):
        return progress
    return Narration() if check_flag("progress", progress) else Narration(Console(quiet=True))


@frozen(kw_only=True)
class RunOptions:
    """What a process needs to work on a run, beside what the log holds."""

    # Processes; 0: this one runs trials. Over a table, for how many it stands. None: as usual.
    workers: int | None = field(default=None, converter=as_integer, validator=optional(require_count))
    trial_timeout: float | None = field(default=None, converter=read_trial_timeout)  # seconds that an attempt may take
    # Further attempts after transient failures.
    retries: int = field(default=DEFAULT_RETRIES, converter=as_integer, validator=require_count)
    grace: float = field(default=read_grace(DEFAULT_GRACE), converter=read_grace)  # seconds, after SIGTERM
    callbacks: Sequence[Any] = ()  # as `follow_run` takes them
    narration: Narration = field(factory=Narration, converter=choose_narration)
    # Whether this person lets the code run that the log names: what is called `trust` where it is given.
    trusted: bool = field(default=False, validator=require_trust)

    @property
    def worker_count(self) -> int:
        """How many workers there are, where nobody says it too."""
        return DEFAULT_WORKERS if self.workers is None else self.workers

    def go_on_with(self, state: RunState) -> Self:
        """The same for a run that goes on: a table stands for as many workers as before, if nobody says otherwise.

        What is found depends on their number, as it does not where trials take their own time.
        """
        is_known = self.workers is not None or not state.simulates_time
        return self if is_known else evolve(self, workers=state.simulated_workers)

    @property
    def console(self) -> Console:
        """Where progress is printed."""
        return self.narration.console

    def format_resumption(
        self, log: Path, run: str, started: RunStarted, moves: Mapping[EndName, str] = NO_MOVES
    ) -> str:
        """How a person goes on with a run, with `moves` of its ends: in Python where the log does not hold it whole."""
        if needed := format_arguments(started.needed_parts):
            return format_resumption_call(log, run, moves, needed)
        return self.narration.format_resumption(log, run, moves)


@describe_options
class WorkOptions(TypedDict, total=False):
    """How a run is worked on in this process: what every function takes that runs trials. Each may be left out."""

    workers: Annotated[
        int | None,
        Option(
            None,
            "processes that evaluate trials, 1 if not given; with 0 this one does, where a debugger reaches; over a "
            "table, for how many it stands, as many as before if not given",
        ),
    ]
    trial_timeout: Annotated[float | str | None, Option(None, "kills an attempt: after seconds, or as in '10min'")]
    retries: Annotated[int, Option(DEFAULT_RETRIES, "further attempts at a trial whose failure may pass")]
    grace: Annotated[float | str, Option(DEFAULT_GRACE, "what running trials have to end after SIGTERM or SIGHUP")]
    callbacks: Annotated[Sequence[AnyCallback], Option((), "who is called with each event; see docs/callbacks.md")]
    on_event: Annotated[EventFunction | None, Option(None, "called with each event, once it is logged")]
    # Of people, True or False; a command gives a Narration, which `choose_narration` takes as it is.
    progress: Annotated[bool, Option(True, "whether it is shown how far the run is")]


def list_callbacks(callbacks: Any, on_event: Any) -> Sequence[Any]:
    """The callbacks of a run, and the function of its events, if it is given one; raises BadArgument, BadCallback."""
    listed = list_values("callbacks", callbacks, ", also of a single one, as in [callback]")
    listed += [] if on_event is None else [on_event]
    for callback in listed:
        make_callback(callback)  # raises what is wrong with it before a run begins
    return listed


def make_run_options(work: WorkOptions, *, trusted: bool = False) -> RunOptions:
    """The options of a run; raises BadArgument and BadCallback."""
    options: dict[str, Any] = dict(work)
    callbacks = list_callbacks(options.pop("callbacks", ()), options.pop("on_event", None))
    narration = {"narration": options.pop("progress")} if "progress" in options else {}
    return RunOptions(**options, **narration, callbacks=callbacks, trusted=trusted)
