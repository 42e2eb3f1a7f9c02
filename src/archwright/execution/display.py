"""What a person sees of a run, or of a comparison: what it is about, and how far it is meanwhile."""

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from attrs import define, field, frozen
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from archwright.core.budget import Budget
from archwright.core.ends import RunEnds
from archwright.core.errors import to_one_line
from archwright.core.objective import Objective
from archwright.display.ends import format_ends, list_progress
from archwright.display.text import describe_origin, format_budget, format_budgets, format_duration, format_score
from archwright.display.warning import warn
from archwright.evaluate.data.dataset import DataInfo, summarize_dataset, warn_of_absent_classes
from archwright.evaluate.evaluation import Evaluation
from archwright.evaluate.settings import LATEST_READER
from archwright.execution.progress import RunningAttempt, RunProgress, describe_event, start_progress
from archwright.execution.surfaces import Screen
from archwright.search.running.callbacks import StopRequest
from archwright.search.running.run_view import is_repeated
from archwright.store.events import Event, RunStarted, Scored
from archwright.store.fold import RunState
from archwright.store.written_paths import shorten

MIN_BAR_COLUMNS = 4  # of a bar that is drawn
SEPARATOR = "  "
MAX_RECENT_TRIALS = 5  # whose ends are shown where they are not printed


def announce_new_run(console: Console, log: Path, name: str, started: RunStarted) -> None:
    """Print what a run is about, and how far it goes."""
    search = f"{started.searcher['name']} search of {started.space_name}"
    is_retraining, objective = is_repeated(started), started.objective
    title = f"training {describe_origin(started.searcher)}" if is_retraining else search
    goal = "" if is_retraining or objective.is_evident else f", {objective}"
    extent = _describe_extent(started)
    console.print(
        f"{name}: {title}, seed {started.seed}{goal}\n{extent}, logged in {shorten(log)}",
        soft_wrap=True,
    )


def _describe_extent(started: RunStarted) -> str:
    """What ends the run, and what a trial may spend, where its evaluation reads that."""
    budgets = started.budget_choice
    each = f"{format_budget(started.budget)} each" if budgets is None else format_budgets(budgets)
    budget = f" of {each}" if started.reads_budget else ""
    ends = format_ends(started.ends, started.objective.metric)
    is_number = started.trials is not None and started.ends == RunEnds(trials=started.trials)
    return f"{ends}{budget}" if is_number else f"trials{budget} until {ends}"


def announce_resumption(console: Console, log: Path, name: str, progress: RunProgress, ends: RunEnds) -> None:
    """Print how far a run is that goes on until it reaches one of `ends`."""
    done = list_progress(ends, progress.measure_extent(progress.start_time))
    console.print(f"{name}: {', '.join(done)} done, logged in {shorten(log)}", soft_wrap=True)


def announce_data(console: Console, data: DataInfo | None, evaluation: Evaluation) -> None:
    """Print the data in a line, and warn of what is odd about it."""
    if data is None:
        return
    settings = evaluation.data_settings
    is_old_reader = settings is not None and settings.reader < LATEST_READER
    reader_note = "; read and split as reader 1 does" if is_old_reader else ""
    console.print(to_one_line(summarize_dataset(data) + reader_note), soft_wrap=True)
    warn(warn_of_absent_classes(data))


@define
class ProgressDisplay:
    """Keeps the progress of a run up to date and prints what happens."""

    run: str
    progress: RunProgress
    screen: Screen = field(factory=Screen)
    recent: Sequence[str] = ()  # lines of the trials that ended last, where these are not printed

    def show_event(self, event: Event) -> None:
        """Apply one more event and print it; where there are live lines, at most the ends of trials are printed."""
        text = self.apply(event)
        if text is not None:
            self._show_line(text, is_end=isinstance(event, Scored))
        self.screen.redraw()

    def apply(self, event: Event) -> str | None:
        """Apply one more event; a line on it, if it is worth one."""
        before, self.progress = self.progress, self.progress.apply(event, time.monotonic())
        return describe_event(event, before, self.progress)

    def _show_line(self, text: str, *, is_end: bool) -> None:
        surface = self.screen.surface
        if not surface.is_live or (is_end and surface.prints_ends):
            self.screen.print_line(text)
        elif is_end:
            self.recent = [*self.recent, text][-MAX_RECENT_TRIALS:]

    def render(self) -> Group:
        """The live lines."""
        now, progress = time.monotonic(), self.progress
        header = _WidthDependent(partial(_render_header, self.run, progress, self.screen.announced, now))
        attempts = _WidthDependent(partial(_render_attempts, progress, now))
        return Group(header, *([Text(to_one_line(line)) for line in self.recent]), attempts)


def _make_progress_bar() -> Progress:
    return Progress(TextColumn("{task.completed}/{task.total} searches"), BarColumn(), TimeRemainingColumn())


@define
class ComparisonDisplay:
    """Which searches are done, and how far the one is whose trials are trained."""

    total: int  # searches
    done_before: int  # of them were done before
    screen: Screen = field(factory=Screen)
    progress_bar: Progress = field(factory=_make_progress_bar)
    search_display: ProgressDisplay | None = None  # of the search that is under way
    task: TaskID = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.task = self.progress_bar.add_task("", total=self.total, completed=self.done_before)

    def begin_search(self, run: str, state: RunState, objective: Objective) -> None:
        """A search goes on from `state`."""
        self.search_display = ProgressDisplay(run, start_progress(state, objective, time.monotonic()), self.screen)

    def show_event(self, event: Event) -> None:
        """Apply one more event of the search under way, and print the end of a trial."""
        assert self.search_display is not None
        text = self.search_display.apply(event)
        if isinstance(event, Scored) and text is not None and self.screen.surface.prints_ends:
            self.screen.print_line(f"{self.search_display.run}  {text}")
        self.screen.redraw()

    def end_search(self, text: str) -> None:
        """A search is done, of which a line is printed where nothing is drawn of it."""
        self.search_display = None
        self.progress_bar.advance(self.task)
        if not self.screen.surface.is_live:
            self.screen.print_line(f"{text} ({self.progress_bar.tasks[self.task].completed:.0f} of {self.total})")

    def render(self) -> Group:
        """The live lines."""
        return Group(self.progress_bar, *([] if self.search_display is None else [self.search_display.render()]))


@frozen
class _WidthDependent:
    """What is laid out for the columns that there are."""

    render: Callable[[int], RenderableType]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        del console
        yield self.render(options.max_width)


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
    return ", ".join(list_progress(progress.state.ends, progress.measure_extent(now), "/"))


def _format_failures(progress: RunProgress) -> str:
    return f", {progress.failed} failed" if progress.failed else ""


def _format_best(progress: RunProgress) -> str:
    return "" if progress.best is None else f"best {format_score(progress.best.score)} ({progress.name_best()})"


def _render_attempts(progress: RunProgress, now: float, width: int) -> RenderableType:
    """A line for each attempt, in columns where there is room for them; else with what there is room for."""
    rows = [
        (
            f"trial {trial}",
            *_describe_attempt(attempt, progress.get_budget(trial), progress, now),
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
