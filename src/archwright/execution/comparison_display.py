"""What the user sees of a comparison while it goes on."""

import time
from collections.abc import Generator
from contextlib import contextmanager

from attrs import Factory, define, field
from rich.console import Console, Group
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from archwright.core.errors import to_one_line
from archwright.core.objective import Objective
from archwright.display.console import make_console
from archwright.execution.display import TRIAL_WORDS, ProgressDisplay
from archwright.execution.interrupts import Interrupts
from archwright.execution.progress import describe_event, start_progress
from archwright.execution.surfaces import Redraw, Surface, choose_surface
from archwright.search.running.callbacks import StopRequest
from archwright.store.events import Event, Scored
from archwright.store.fold import RunState

SEARCH_WORDS = ("searches", "the comparison goes on")  # the noun and the condition of `Interrupts.describe`


def _make_progress_bar() -> Progress:
    return Progress(TextColumn("{task.completed}/{task.total} searches"), BarColumn(), TimeRemainingColumn())


@define
class ComparisonDisplay:
    """Which searches are done, and how far the one is whose trials are trained."""

    total: int  # searches
    done_before: int  # of them were done before
    trains: bool  # whether trials are trained, one search after the other
    console: Console = field(factory=make_console)
    progress_bar: Progress = field(factory=_make_progress_bar)
    search_display: ProgressDisplay | None = None  # of the search that is under way
    announced: StopRequest = StopRequest.NONE  # the most urgent request that was printed
    surface: Surface = field(init=False, default=Factory(lambda self: choose_surface(self.console), takes_self=True))
    redraw: Redraw | None = None  # while live lines are drawn
    task: TaskID = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.task = self.progress_bar.add_task("", total=self.total, completed=self.done_before)

    def begin_search(self, run: str, state: RunState, objective: Objective) -> None:
        """A search goes on from `state`."""
        progress = start_progress(state, objective, time.monotonic())
        self.search_display = ProgressDisplay(run, progress, self.console, self.announced)

    def show_event(self, event: Event) -> None:
        """Apply one more event of the search under way, and print the end of a trial."""
        assert self.search_display is not None
        before = self.search_display.progress
        after = before.apply(event, time.monotonic())
        self.search_display.progress = after
        text = describe_event(event, before, after)
        if isinstance(event, Scored) and text is not None and self.surface.prints_ends:
            self.print_line(f"{self.search_display.run}  {text}")
        self._redraw()

    def end_search(self, text: str) -> None:
        """A search is done, of which a line is printed where nothing is drawn of it."""
        self.search_display = None
        self.progress_bar.advance(self.task)
        if not self.surface.is_live:
            self.print_line(f"{text} ({self.progress_bar.tasks[self.task].completed:.0f} of {self.total})")

    def get_stop_request(self, interrupts: Interrupts) -> StopRequest:
        """How urgently the comparison is to stop; printed when it is new."""
        urgency = interrupts.urgency
        if urgency > self.announced:
            self.announced = urgency
            self.print_line(interrupts.describe(*(TRIAL_WORDS if self.trains else SEARCH_WORDS)))
            if self.search_display is not None:
                self.search_display.announced = urgency
        self._redraw()
        return urgency

    def _redraw(self) -> None:
        if self.redraw is not None:
            self.redraw()

    def print_line(self, text: str) -> None:
        """Print a line."""
        self.console.print(to_one_line(text), soft_wrap=not self.console.is_terminal)
        self.console.file.flush()  # it arrives at once also through a pipe

    def render(self) -> Group:
        """The live lines."""
        return Group(self.progress_bar, *([] if self.search_display is None else [self.search_display.render()]))

    @contextmanager
    def refresh(self) -> Generator[None]:
        """Keep the live lines up to date for as long as the block lasts, where there is something to draw them on."""
        with self.surface.hold(self.render) as self.redraw:
            yield
