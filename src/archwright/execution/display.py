"""What the user sees while a search runs: a few live lines on a terminal or in a notebook, else a line an event."""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from attrs import Factory, define, field, frozen
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from archwright.core.budget import Budget
from archwright.core.errors import to_one_line
from archwright.display.console import make_console
from archwright.display.ends import list_progress
from archwright.display.text import format_duration, format_score
from archwright.execution.interrupts import Interrupts
from archwright.execution.progress import RunningAttempt, RunProgress, describe_event
from archwright.execution.surfaces import Redraw, Surface, choose_surface
from archwright.search.running.callbacks import StopRequest
from archwright.store.events import Event, Scored

MIN_BAR_COLUMNS = 4  # of a bar that is drawn
SEPARATOR = "  "
MAX_RECENT_TRIALS = 5  # whose ends are shown where they are not printed
TRIAL_WORDS = ("trials", "the run is resumed")  # the noun and the condition of `Interrupts.describe`


@define
class ProgressDisplay:
    """Keeps the progress of a run up to date and prints what happens."""

    run: str
    progress: RunProgress
    console: Console = field(factory=make_console)
    announced: StopRequest = StopRequest.NONE  # the most urgent request that was printed
    surface: Surface = field(init=False, default=Factory(lambda self: choose_surface(self.console), takes_self=True))
    recent: Sequence[str] = ()  # lines of the trials that ended last, where these are not printed
    redraw: Redraw | None = None  # while live lines are drawn

    def show_event(self, event: Event) -> None:
        """Apply one more event and print it; where there are live lines, at most the ends of trials are printed."""
        before, self.progress = self.progress, self.progress.apply(event, time.monotonic())
        text = describe_event(event, before, self.progress)
        if text is not None:
            self._show_line(text, is_end=isinstance(event, Scored))
        self._redraw()

    def _show_line(self, text: str, *, is_end: bool) -> None:
        if not self.surface.is_live or (is_end and self.surface.prints_ends):
            self.print_line(text)
        elif is_end:
            self.recent = [*self.recent, text][-MAX_RECENT_TRIALS:]

    def get_stop_request(self, interrupts: Interrupts) -> StopRequest:
        """How urgently the run is to stop; printed when it is new."""
        urgency = interrupts.urgency
        if urgency > self.announced:
            self.announced = urgency
            self.print_line(interrupts.describe(*TRIAL_WORDS))
        self._redraw()
        return urgency

    def _redraw(self) -> None:
        if self.redraw is not None:
            self.redraw()

    def print_line(self, text: str) -> None:
        """Print a line, whole; it arrives at once also through a pipe."""
        self.console.print(Text(to_one_line(text)), soft_wrap=not self.console.is_terminal)
        self.console.file.flush()

    def render(self) -> Group:
        """The live lines."""
        now, progress = time.monotonic(), self.progress
        header = _WidthDependent(partial(_render_header, self.run, progress, self.announced, now))
        attempts = _WidthDependent(partial(_render_attempts, progress, now))
        return Group(header, *([Text(to_one_line(line)) for line in self.recent]), attempts)


@frozen
class _WidthDependent:
    """What is laid out for the columns that there are."""

    render: Callable[[int], RenderableType]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        del console
        yield self.render(options.max_width)


@contextmanager
def refresh_display(display: ProgressDisplay) -> Generator[None]:
    """Keep the live lines up to date for as long as the block lasts, where there is something to draw them on."""
    with display.surface.hold(display.render) as display.redraw:
        yield


def _render_header(
    run: str, progress: RunProgress, stop_request: StopRequest, now: float, width: int
) -> RenderableType:
    """How far the run is, with a bar where there is room for one; broken into lines where there is none at all."""
    seconds_left = progress.estimate_seconds_left(now)
    counts = f"{_format_counts(progress, now)}{_format_failures(progress)}"
    left = "stopping" if stop_request else f"{format_duration(seconds_left)} left" if seconds_left else ""
    texts = [text for text in (counts, _format_best(progress), left) if text]
    if _measure_line([run, *texts]) > width - MIN_BAR_COLUMNS:
        header = Text("\n".join(_break_line([run, *texts], width)), no_wrap=True, overflow="ellipsis")
        header.stylize("bold", 0, len(run))
        return header
    grid = Table.grid(padding=(0, 2, 0, 0), expand=True)
    grid.add_column(no_wrap=True)
    grid.add_column(ratio=1)
    grid.add_column(no_wrap=True, justify="right")
    grid.add_column(no_wrap=True, justify="right")
    bar = ProgressBar(1.0, progress.estimate_done(now))
    grid.add_row(Text(run, style="bold"), bar, f"{counts}{SEPARATOR}{_format_best(progress)}", left)
    return grid


def _measure_line(cells: Sequence[str]) -> int:
    """The columns of cells in one line."""
    return cell_len(SEPARATOR.join(cells)) + len(SEPARATOR)


def _break_line(cells: Sequence[str], width: int) -> Sequence[str]:
    """Cells in lines of at most `width` columns, where each of them fits."""
    lines = [cells[0]]
    for cell in cells[1:]:
        longer = f"{lines[-1]}{SEPARATOR}{cell}"
        lines = [*lines[:-1], longer] if cell_len(longer) <= width else [*lines, cell]
    return lines


def _format_counts(progress: RunProgress, now: float) -> str:
    seconds = progress.measure_seconds(now)
    return ", ".join(list_progress(progress.ends, progress.scored, seconds, progress.scored_since_best, "/"))


def _format_failures(progress: RunProgress) -> str:
    return f", {progress.failed} failed" if progress.failed else ""


def _format_best(progress: RunProgress) -> str:
    return "" if progress.best is None else f"best {format_score(progress.best[0])} (trial {progress.best[1]})"


def _render_attempts(progress: RunProgress, now: float, width: int) -> RenderableType:
    """A line for each attempt, in columns where there is room for them; else with what there is room for."""
    rows = [
        (
            f"trial {trial}",
            *_describe_attempt(attempt, progress.budgets.get(trial), progress, now),
            format_duration(now - attempt.start_time),
        )
        for trial, attempt in sorted(progress.running.items())
    ]
    if any(_measure_line(row) > width for row in rows):
        lines = [_break_line([cell for cell in row if cell], width)[0] for row in rows]
        return Text("\n".join(lines), no_wrap=True, overflow="ellipsis")
    grid = Table.grid(padding=(0, len(SEPARATOR), 0, 0))
    for justify in ("right", "left", "left", "right"):
        grid.add_column(no_wrap=True, justify=justify)
    for row in rows:
        grid.add_row(*row)
    return grid


def _describe_attempt(
    attempt: RunningAttempt, budget: Budget | None, progress: RunProgress, now: float
) -> tuple[str, str]:
    value = attempt.metrics.get(progress.objective.metric)
    metric = "" if value is None else f"{progress.objective.metric} {format_score(value)}"
    return _format_spent_budget(attempt, budget, now), metric


def _format_spent_budget(attempt: RunningAttempt, budget: Budget | None, now: float) -> str:
    if not attempt.epoch:
        return "starting"
    if budget is not None and budget.unit == "epochs":
        return f"epoch {attempt.epoch}/{budget.amount:g}"
    if budget is not None and budget.unit == "seconds":
        return f"epoch {attempt.epoch}, {min(now - attempt.start_time, budget.amount):.0f}/{budget.amount:g} s"
    return f"epoch {attempt.epoch}"
