"""What a person sees of a comparison while it goes on."""

import shlex
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager

from attrs import define, field
from rich.console import Console as Screen
from rich.console import Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from archwright.cli.output import make_console
from archwright.cli.runs.display import REFRESHES_PER_SECOND, TRIAL_WORDS, ProgressDisplay
from archwright.cli.runs.interrupts import Interrupts
from archwright.cli.runs.progress import describe_event, start_progress
from archwright.core.errors import to_one_line
from archwright.core.objective import Objective
from archwright.search.running.loop import StopRequest
from archwright.store.events import Event, Scored
from archwright.store.fold import RunState

SEARCHES_STOPPING = ("searches", "the comparison goes on")  # what runs, and when it runs again where it is stopped


def _make_progress_bar() -> Progress:
    return Progress(TextColumn("{task.completed}/{task.total} searches"), BarColumn(), TimeRemainingColumn())


@define
class ComparisonProgress:
    """Which searches are done, and how far the one is whose trials are trained: on stderr, as stdout is for the end."""

    total: int  # searches
    before: int  # of them were done before
    trains: bool  # whether trials are trained, one search after the other
    out: Screen = field(factory=lambda: make_console(beside_json=True))
    progress: Progress = field(factory=_make_progress_bar)
    watcher: ProgressDisplay | None = None  # of the search that is under way
    told: StopRequest = StopRequest.NONE
    task: TaskID = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.task = self.progress.add_task("", total=self.total, completed=self.before)

    def begin(self, run: str, state: RunState, objective: Objective) -> None:
        """A search goes on from `state`."""
        self.watcher = ProgressDisplay(run, start_progress(state, objective, time.monotonic()), self.out, self.told)

    def watch(self, event: Event) -> None:
        """Take in one more event of the search under way."""
        assert self.watcher is not None
        before, after = self.watcher.progress, self.watcher.progress.apply(event, time.monotonic())
        self.watcher.progress = after
        text = describe_event(event, before, after)
        if isinstance(event, Scored) and text is not None:
            self.say(f"{self.watcher.run}  {text}")

    def end(self, said: str) -> None:
        """A search is done, of which a line is said where there is no picture of it."""
        self.watcher = None
        self.progress.advance(self.task)
        if not self.out.is_terminal:
            self.say(f"{said} ({self.progress.tasks[self.task].completed:.0f} of {self.total})")

    def stop(self, interrupts: Interrupts) -> StopRequest:
        """How urgently the comparison is to stop, which is said when it is new."""
        urgency = interrupts.urgency
        if urgency > self.told:
            self.told = urgency
            self.say(interrupts.describe(*(TRIAL_WORDS if self.trains else SEARCHES_STOPPING)))
            if self.watcher is not None:
                self.watcher.announced = urgency
        return urgency

    def say(self, text: str) -> None:
        """Print a line."""
        self.out.print(to_one_line(text), soft_wrap=True)

    def picture(self) -> Group:
        """What stands at the bottom of a terminal."""
        return Group(self.progress, *([] if self.watcher is None else [self.watcher.render()]))

    @contextmanager
    def shown(self) -> Generator[None]:
        """Keep the picture up to date for as long as the block lasts, where there is a terminal to draw it on."""
        if not self.out.is_terminal or self.out.is_dumb_terminal:
            yield
            return
        with Live(
            get_renderable=self.picture, console=self.out, refresh_per_second=REFRESHES_PER_SECOND, transient=True
        ):
            yield


def format_own_command(*more: str) -> str:
    """The command that this process was started with, to be typed again, with `more` words."""
    return shlex.join(["archwright", *sys.argv[1:], *more])
